"""A page as text: finding phrases in it and cutting windows out of it.

Finding compares a folded form, kept beside the text: no white space, no case, one Unicode form,
plain quotation marks and dashes. A fold of a text is the concatenation of the folds of its
clusters (a character with the combining marks behind it), so any phrase of the page is a substring
of the page's fold, however it was typed. Offsets are mapped back to the page's own text by folding
again the one block in which they fall. Knows no links and no layout.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from functools import lru_cache
from itertools import accumulate
from typing import NamedTuple

BLOCK = 256
"""Characters folded at a time; bounds the work of mapping one offset back."""

_PLAIN = str.maketrans(
    {
        **dict.fromkeys("‘’‚‛′`ʼ", "'"),
        **dict.fromkeys("“”„‟«»", '"'),
        **dict.fromkeys("‐‑‒–—―−─", "-"),
        # A [12] of a page is shown as (12), so that only a policy's own marks are citations.
        "[": "(",
        "]": ")",
    }
)
# Characters that nobody sees: soft hyphen, zero width, variation selectors, bidi controls.
_INVISIBLE = re.compile("[\u00ad\u034f\u061c\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f"
                        "\ufe00-\ufe0f\ufeff]")  # fmt: skip
_NOT_ASCII = re.compile(r"[^\x00-\x7f]")


class Span(NamedTuple):
    """A half-open range of code points."""

    start: int
    end: int


def fold(text: str) -> str:
    """Return the form in which texts are compared."""
    if text.isascii():
        folded = text.lower()
    else:
        folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFD", text).casefold())
        folded = unicodedata.normalize("NFKD", folded.casefold())
        # The acute accent that stands for an apostrophe has this compatibility form.
        folded = _INVISIBLE.sub("", folded.replace(" \u0301", "'"))
    # The double prime decomposes into two primes, so a double mark is two single ones.
    return "".join(folded.split()).translate(_PLAIN).replace('"', "''")


class SearchForm:
    """The folded form of one text, with the way back to its offsets. Linear to build."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._starts: list[int] = []
        self._folded_starts: list[int] = []
        self._known: dict[int, tuple[list[tuple[int, int]], list[int]]] = {}
        parts: list[str] = []
        length = 0
        for start, end in _blocks(text):
            self._starts.append(start)
            self._folded_starts.append(length)
            parts.append(fold(text[start:end]))
            length += len(parts[-1])
        self.folded = "".join(parts)

    def find(self, phrase: str, start: int = 0) -> Span | None:
        """Return the first occurrence that begins at or after an offset of the text."""
        wanted = fold(phrase)
        if not wanted:
            return None
        place = self.folded.find(wanted, self._fold_offset(start))
        return self._span(place, place + len(wanted)) if place >= 0 else None

    def find_span(self, first: str, last: str, start: int = 0) -> Span | None:
        """Return the span from the first occurrence of `first` to the nearest end of `last`."""
        head = self.find(first, start)
        tail = self.find(last, head.end) if head else None
        return Span(head.start, tail.end) if head and tail else None

    def _fold_offset(self, offset: int) -> int:
        """Map an offset of the text to the first fold position of it or of what follows."""
        block = bisect_right(self._starts, offset) - 1
        if block < 0:
            return 0
        clusters, ends = self._clusters_of(block)
        place = bisect_left(clusters, (offset, 0))
        return ends[place - 1] if place else self._folded_starts[block]

    def _span(self, first: int, last: int) -> Span:
        """Map fold positions [first, last) to the clusters that hold them."""
        return Span(self._cluster_at(first).start, self._cluster_at(last - 1).end)

    def _cluster_at(self, position: int) -> Span:
        block = bisect_right(self._folded_starts, position) - 1
        clusters, ends = self._clusters_of(block)
        return Span(*clusters[bisect_right(ends, position)])

    def _clusters_of(self, block: int) -> tuple[list[tuple[int, int]], list[int]]:
        """Return a block's clusters, and where the fold of each ends; kept for the next time."""
        if block not in self._known:
            clusters = list(_clusters(self.text, self._starts[block], self._end(block)))
            sizes = (len(_fold_cluster(self.text[start:end])) for start, end in clusters)
            ends = list(accumulate(sizes, initial=self._folded_starts[block]))[1:]
            self._known[block] = clusters, ends
        return self._known[block]

    def _end(self, block: int) -> int:
        return self._starts[block + 1] if block + 1 < len(self._starts) else len(self.text)


@lru_cache(maxsize=4096)
def _fold_cluster(cluster: str) -> str:
    return fold(cluster)


@lru_cache(maxsize=4096)
def _begins_cluster(character: str) -> bool:
    """Tell whether a character stays apart from the one before it in every Unicode form."""
    return unicodedata.combining(unicodedata.normalize("NFKD", character)[0]) == 0


def _blocks(text: str) -> Iterator[Span]:
    """Cut a text into blocks that begin at a cluster."""
    start = 0
    while start < len(text):
        end = min(start + BLOCK, len(text))
        while end < len(text) and not (text[end].isascii() or _begins_cluster(text[end])):
            end += 1
        yield Span(start, end)
        start = end


def _clusters(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield each character of a block with the combining marks behind it."""
    if not _NOT_ASCII.search(text, start, end):
        yield from zip(range(start, end), range(start + 1, end + 1), strict=True)
        return
    begin = start
    for place in range(start + 1, end):
        if text[place].isascii() or _begins_cluster(text[place]):
            yield begin, place
            begin = place
    if begin < end:
        yield begin, end


def line_start(text: str, offset: int) -> int:
    """Return where the line that holds an offset begins."""
    return text.rfind("\n", 0, offset) + 1


def cut_down(text: str, start: int, limit: int) -> int:
    """Return where a window from `start` that may reach `limit` ends.

    The last line end that fits; in a longer line the last space; failing that, the limit.
    """
    if limit >= len(text):
        return len(text)
    if (place := text.rfind("\n", start, limit)) > start and text[start:place].strip():
        return place + 1  # never a window of blank lines alone
    if (place := text.rfind(" ", start + 1, limit)) > start:
        return place + 1
    return max(limit, start + 1)


def cut_up(text: str, end: int, limit: int) -> int:
    """Return where a window that ends at `end` and may reach back to `limit` starts."""
    if limit <= 0:
        return 0
    if (place := text.find("\n", limit - 1, end - 1)) >= 0 and text[place:end].strip():
        return place + 1
    if (place := text.find(" ", limit, end - 1)) >= 0:
        return place + 1
    return min(limit, end - 1)
