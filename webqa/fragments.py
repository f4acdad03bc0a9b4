"""Addresses that make a web browser open a page at the quote: text fragments.

The form is `URL#:~:text=start,end` (the WICG's text fragments). A browser matches the start and the
end each within one block of the page, so both are taken from within one line of the quote.
"""

from __future__ import annotations

import re
from urllib.parse import quote as percent_encode

from env.records import Quote

WHOLE = 8
"""Words up to which a quote of one line is given whole."""
EDGE = 5
"""Words of the start and of the end otherwise."""

# What the page's text has and the page itself has not: headings, bullets, table bars, images.
_NOT_ON_PAGE = re.compile(r"^\s*(?:[#>*•-]+\s+|\d{1,3}\.\s+)+|\[Image:[^\]]*\]|`")
_SAFE = ":/?#[]@!$&'()*+,;=%"


def quote_url(quote: Quote) -> str:
    """Return the address of a quote; empty for one without a URL."""
    if not quote.url:
        return ""
    url = percent_encode(quote.url, safe=_SAFE).split(":~:")[0]
    fragment = _fragment(quote.text)
    if not fragment:
        return url
    return f"{url}{'' if '#' in url else '#'}:~:text={fragment}"


def _fragment(text: str) -> str:
    lines = [words for line in text.split("\n") if (words := _words(line))]
    if not lines:
        return ""
    if len(lines) == 1 and len(lines[0]) <= WHOLE:
        return _encode(lines[0])
    return f"{_encode(lines[0][:EDGE])},{_encode(lines[-1][-EDGE:])}"


def _words(line: str) -> list[str]:
    """Return the words of a line that stand in one block of the page: of a table, one cell."""
    cells = [words for cell in line.split("|") if (words := _NOT_ON_PAGE.sub("", cell).split())]
    return max(cells, key=len, default=[])


def _encode(words: list[str]) -> str:
    # A hyphen separates a prefix or suffix from the text, so it may not stand in the text.
    return percent_encode(" ".join(words), safe="").replace("-", "%2D")
