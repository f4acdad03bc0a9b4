"""The text of a web as examples of language: stretches of pages that a model learns to foretell."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from random import Random

import numpy as np

from policies.cloning.records import Example

KIND = "text"
STRETCH = 512
"""Tokens of an example."""
SHORTEST = 32
_CHARACTERS = 5 * STRETCH
"""Read for a stretch: English has about four to a token."""

Encode = Callable[[str], list[int]]


def passages(
    pages: Iterable[tuple[str, str]], count: int, encode: Encode, most: int, seed: int
) -> Iterator[Example]:
    """Yield stretches from all over a web.

    Args:
        pages: title and text.
        count: how many pages there are.
        encode: text to token ids.
        most: tokens wanted; of each page the same share is taken, at places that are drawn.
        seed: of the draws.
    """
    draw = Random(seed)
    share = most / STRETCH / max(count, 1)
    for number, (title, text) in enumerate(pages):
        whole = f"{title}\n{text}"
        places = range(0, len(whole), _CHARACTERS)
        wanted = min(len(places), int(share + draw.random()))
        for place in draw.sample(places, wanted):
            ids = encode(whole[place : place + _CHARACTERS])[: STRETCH + 1]
            if len(ids) >= SHORTEST:
                yield _example(str(number), ids)


def _example(page: str, ids: list[int]) -> Example:
    """Return a stretch as an example: every token but the first is foretold, without a mask."""
    whole = np.asarray(ids, np.int32)
    return Example(page, KIND, 1.0, whole[:1], whole[1:], np.empty(0, np.int32))
