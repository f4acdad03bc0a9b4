"""`python -m webqa`: the same program as `webqa`."""

import sys

from webqa.cli import main

if __name__ == "__main__":
    sys.exit(main())
