"""A page as it is seen: windows with link marks, and phrases found in it.

A link is shown as `【id†anchor†domain】`, or `【id†anchor】` when it stays on the page's own domain
(WebGPT, appendix A). Knows no budgets and no history.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from itertools import accumulate

from env.records import Link, Page
from env.text import SearchForm, Span, cut_down, cut_up, line_start

LINK_MARK = re.compile(r"【(\d{1,7})†([^【】†]*)(?:†([^【】†]*))?】")
_PAGE_CITATION = re.compile(r"\[(\d{1,4}(?:\s*,\s*\d{1,4})*)\]")


def unmark(text: str) -> str:
    """Take link marks out of a text and leave the anchors."""
    return LINK_MARK.sub(lambda mark: mark[2], text)


def plain_citations(text: str) -> str:
    """Write a `[12]` that stands in a page as `(12)`: only a policy's own marks are citations."""
    return _PAGE_CITATION.sub(r"(\1)", text)


class PageView:
    """One page with what is needed to move about in it quickly."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self._ends = [link.end for link in page.links]
        self._starts = [link.start for link in page.links]
        self._overhead = [0, *accumulate(len(self._mark(link, "")) for link in page.links)]
        self.form = SearchForm(page.text)

    def link(self, number: int) -> Link | None:
        """Return the link with this id."""
        links = self.page.links
        return links[number] if 0 <= number < len(links) else None

    def window_from(self, start: int, size: int, keep: int = 0) -> Span:
        """Return the window that begins at `start` and shows at most `size` characters.

        It reaches up to `keep` if that fits, even if it then ends within a line.
        """
        text = self.page.text
        reach = self._reach(start, size)
        end = cut_down(text, start, reach)
        if end < keep <= reach:
            end = reach if keep == reach else cut_down(text, keep, reach)
        link = bisect_right(self._starts, end - 1) - 1
        inside = link >= 0 and max(start, keep - 1) < self._starts[link] < end < self._ends[link]
        if inside and text[end - 1] != "\n" and text[start : self._starts[link]].strip():
            end = self._starts[link]  # rather than cut the link in two
        return Span(start, end)

    def window_before(self, end: int, size: int) -> Span:
        """Return the window that ends at `end` and shows at most `size` characters."""
        low, high = 0, end
        while low < high:  # the smallest start from which everything up to `end` fits
            middle = (low + high) // 2
            if self._shown(middle, end) <= size:
                high = middle
            else:
                low = middle + 1
        return Span(cut_up(self.page.text, end, low), end)

    def window_at(self, found: Span, size: int) -> Span:
        """Return the window with the line of a phrase at its top, the phrase in sight."""
        top = line_start(self.page.text, found.start)
        window = self.window_from(top, size, found.end)
        return window if found.end <= window.end else self.window_from(found.start, size, found.end)

    def show(self, window: Span) -> str:
        """Return the text of a window with its links marked."""
        text, parts, offset = self.page.text, [], window.start
        for link in self.links_in(window):
            start, end = max(link.start, window.start), min(link.end, window.end)
            parts.append(plain_citations(text[offset:start]))
            parts.append(self._mark(link, plain_citations(text[start:end])))
            offset = end
        parts.append(plain_citations(text[offset : window.end]))
        return "".join(parts)

    def links_in(self, window: Span) -> tuple[Link, ...]:
        """Return the links of which something is in the window."""
        first = bisect_right(self._ends, window.start)
        return self.page.links[first : bisect_left(self._starts, window.end)]

    def percent(self, window: Span) -> tuple[int, int]:
        """Return where a window begins and ends, in percent of the page."""
        length = len(self.page.text) or 1
        return 100 * window.start // length, -(-100 * window.end // length)

    def _mark(self, link: Link, anchor: str) -> str:
        domain = f"†{link.domain}" if link.domain != self.page.domain else ""
        return f"【{link.id}†{anchor}{domain}】"

    def _reach(self, start: int, size: int) -> int:
        low, high = start, min(start + size, len(self.page.text))
        while low < high:  # the largest end up to which everything from `start` fits
            middle = (low + high + 1) // 2
            if self._shown(start, middle) <= size:
                low = middle
            else:
                high = middle - 1
        return low

    def _shown(self, start: int, end: int) -> int:
        """Return how many characters a window takes, the marks of its links included."""
        first = bisect_right(self._ends, start)
        last = bisect_left(self._starts, end)
        return end - start + self._overhead[max(first, last)] - self._overhead[first]
