"""Which ids were seen, in 16 bytes for each at the most: a set of texts would need ten times that.

Knows nothing of questions.
"""

from __future__ import annotations

from array import array
from hashlib import blake2b

_SMALLEST = 1 << 10


class Seen:
    """A set of texts that can be added to.

    It holds 64 bits of a hash of each: among a million texts, the chance that any two that differ
    are taken for one is 3 in 100 million.
    """

    def __init__(self) -> None:
        self._count, self._slots = 0, _empty(_SMALLEST)

    def __len__(self) -> int:
        """Return how many there are."""
        return self._count

    def add(self, text: str) -> bool:
        """Add a text and tell whether it is new."""
        # 0 marks a free slot.
        mark = int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "little") or 1
        place = self._place(mark)
        if self._slots[place]:
            return False
        self._slots[place] = mark
        self._count += 1
        if 4 * self._count > 3 * len(self._slots):
            self._grow()
        return True

    def _place(self, mark: int) -> int:
        """Return where a mark stands, or the free slot where it belongs."""
        last = len(self._slots) - 1
        place = mark & last
        while self._slots[place] not in (0, mark):
            place = (place + 1) & last
        return place

    def _grow(self) -> None:
        marks, self._slots = self._slots, _empty(2 * len(self._slots))
        for mark in marks:
            if mark:
                self._slots[self._place(mark)] = mark


def _empty(size: int) -> array[int]:
    return array("Q", bytes(8 * size))
