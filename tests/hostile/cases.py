"""The one table of cases, for the tests and for the fault runner; docs/faults.md lists it."""

from __future__ import annotations

from tests.hostile.case import Case
from tests.hostile.connecting import (
    ADDRESS_CASES,
    NAME_CASES,
    REDIRECT_CASES,
    TLS_CASES,
    URL_CASES,
)
from tests.hostile.replying import (
    BOMB_CASES,
    CHARACTER_CASES,
    DOCUMENT_CASES,
    ENCODING_CASES,
    ROBOTS_CASES,
    STATUS_CASES,
    TRANSFER_CASES,
)

CASES: tuple[Case, ...] = (
    *ADDRESS_CASES,
    *NAME_CASES,
    *REDIRECT_CASES,
    *URL_CASES,
    *TLS_CASES,
    *TRANSFER_CASES,
    *BOMB_CASES,
    *ENCODING_CASES,
    *STATUS_CASES,
    *ROBOTS_CASES,
    *CHARACTER_CASES,
    *DOCUMENT_CASES,
)
REFUSED = ("address", "name", "redirect", "url")
"""The groups of which no case may lead to an address that is not public."""
