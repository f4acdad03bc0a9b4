"""Shared by all tests: the same examples in every run, unless new ones are asked for.

`EXPLORE=1 make test` draws other examples each time; what it finds becomes an `@example`.
"""

import os

from hypothesis import settings

settings.register_profile("repeatable", derandomize=True)
settings.register_profile("explore", derandomize=False)
settings.load_profile("explore" if os.environ.get("EXPLORE") else "repeatable")
