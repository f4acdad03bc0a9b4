"""What speaks for a candidate: plain numbers, most of them between 0 and 1.

After the usual features of passage retrieval for questions: coverage of the question's words
weighted by how much they tell, the expected type of answer, nearness, and what the good candidates
share beyond the question (pseudo-relevance feedback).
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise

from policies.extractive.candidates import Candidate
from policies.extractive.question import Asked, Kind
from policies.extractive.words import STOP, plain, related, stem, stems, weight

Shared = dict[str, float]
"""Stems that the good candidates share beyond the question's own, and how much, from 0 to 1."""

_GOOD = 24
"""Candidates that may vote on what is shared."""
_SNIPPET_WORDS = 3
_LONG = 400
_NEARLY = 0.7
"""What a word of nearly the same meaning counts."""

_NUMBER_WORDS = frozenset(
    """one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen
    sixteen seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty
    ninety hundred thousand million billion dozen half""".split()
)
_MONTHS = frozenset(
    """january february march april may june july august september october
    november december""".split()
)
_YEAR = re.compile(r"(?:1[0-9]{3}|20[0-9]{2}|[1-9][0-9]{2})s?")
_REASONS = frozenset(
    """because due cause caused causes causing reason reasons since therefore thus hence result
    results resulting leads led explains explained responsible makes making so""".split()
)
_MANNERS = frozenset(
    """by through using use uses when then into process method works called which""".split()
)


def features(
    asked: Asked, candidate: Candidate, snippets: dict[int, frozenset[str]]
) -> dict[str, float]:
    """Return what can be told of a candidate alone; `votes` is added once all are known.

    Args:
        asked: the question.
        candidate: what might be quoted.
        snippets: by rank of the page, the stems of the page's search result.
    """
    weights, total = asked.weights, asked.total
    body = frozenset(candidate.stems)
    title, context = _context(candidate.source.title, candidate.heading)
    known = body | context
    typed = typed_places(asked, candidate)
    places = [place for place, one in enumerate(candidate.stems) if one in weights]
    rarest = max(weights, key=weights.__getitem__, default="")
    squares = {one: value * value for one, value in weights.items()}
    explains = asked.kind in ("reason", "manner")
    snippet = snippets.get(candidate.source.rank, frozenset())
    shown = len(body & snippet) / (len(snippet) or 1)
    return {
        "coverage": sum(value for one, value in weights.items() if one in known) / total,
        "rare": sum(value for one, value in squares.items() if one in known)
        / (sum(squares.values()) or 1.0),
        "sentence": _best_sentence(asked, candidate) / total,
        "related": sum(
            value
            for one, value in weights.items()
            if one not in body and not related(one).isdisjoint(body)
        )
        / total,
        "rarest": 1.0 if rarest in body else 0.5 * (rarest in title),
        "pairs": _pairs(asked.order, candidate.stems),
        "typed": float(bool(typed)),
        "typed_near": _nearness(typed, places),
        "year": float(bool(typed) and asked.kind == "time"),
        "person": float(asked.kind == "person" and _adjacent(typed)),
        "names": min(3, len(_new_names(asked, candidate))) / 3,
        "rank": 1.0 / (1.0 + candidate.source.rank),
        "snippet": shown,
        "snippet_ranked": shown / (1.0 + candidate.source.rank),
        "lead": float(candidate.lead),
        "first": float(candidate.first),
        "length": min(1.0, len(candidate.text) / _LONG),
        "title": _title_asked(asked, candidate.source.title),
        "title_new": _share((title - asked.stems) - _STOP_STEMS, body),
        "focus": float(asked.focus in body),
        "suspect": float(candidate.source.suspect),
        "explains": float(explains)
        * (candidate.lead + _title_asked(asked, candidate.source.title)),
    }


def coverage(asked: Asked, candidate: Candidate) -> float:
    """Return the share of the question that a candidate covers with its title and heading.

    A word that means nearly the same counts for a part.
    """
    body = frozenset(candidate.stems)
    known = body | _context(candidate.source.title, candidate.heading)[1]
    covered = sum(
        value if one in known else _NEARLY * value * (not related(one).isdisjoint(known))
        for one, value in asked.weights.items()
    )
    return covered / asked.total


def shared_stems(asked: Asked, best_first: Sequence[Candidate]) -> Shared:
    """Return the stems that the best candidates share, the better ones counting more."""
    shared: Shared = defaultdict(float)
    seen: set[str] = set()
    for place, candidate in enumerate(best_first):
        if candidate.text in seen:
            continue
        seen.add(candidate.text)
        if len(seen) > _GOOD:
            break
        for one in set(candidate.stems) - asked.stems:
            if len(one) > 2 or one.isdigit():
                shared[one] += 1.0 / (2.0 + place)
    top = max(shared.values(), default=1.0)
    return {one: value / top for one, value in shared.items()}


def votes(asked: Asked, candidate: Candidate, shared: Shared) -> float:
    """Return how much the good candidates agree with what this one could answer."""
    if asked.kind in ("reason", "manner", "thing"):
        places = [
            place
            for place, one in enumerate(candidate.stems)
            if len(one) > _SNIPPET_WORDS and one not in asked.stems
        ]
    else:
        places = typed_places(asked, candidate) or _new_names(asked, candidate)
    values = {
        candidate.stems[place]: shared.get(candidate.stems[place], 0.0)
        * min(1.0, weight(plain(candidate.words[place])) / 5)
        for place in places
    }
    return sum(sorted(values.values(), reverse=True)[:3]) / 3


def typed_places(asked: Asked, candidate: Candidate) -> list[int]:
    """Return where in the candidate something of the expected type stands."""
    if asked.kind in ("person", "place"):
        return _new_names(asked, candidate)
    return [
        place
        for place, word in enumerate(candidate.words)
        if candidate.stems[place] not in asked.stems and _is_of_kind(asked.kind, word)
    ]


@lru_cache(maxsize=50_000)
def _is_of_kind(kind: Kind, word: str) -> bool:
    match kind:
        case "time":
            return bool(_YEAR.fullmatch(word)) or word.lower() in _MONTHS
        case "number":
            return word[0].isdigit() or word.lower() in _NUMBER_WORDS
        case "reason":
            return word.lower() in _REASONS
        case "manner":
            return word.lower() in _MANNERS
        case _:
            return False


def _new_names(asked: Asked, candidate: Candidate) -> list[int]:
    """Return the places of capitalised words that the question does not hold."""
    return [
        place
        for place, word in enumerate(candidate.words)
        if candidate.stems[place] not in asked.stems and _may_be_name(word, place > 0)
    ]


@lru_cache(maxsize=50_000)
def _may_be_name(word: str, inside: bool) -> bool:
    """Tell a capitalised word; at the start of a sentence only if it is no common word."""
    if not word[0].isupper() or plain(word) in STOP:
        return False
    return inside or weight(plain(word)) > 3.5


@lru_cache(maxsize=4_000)
def _context(title: str, heading: str) -> tuple[frozenset[str], frozenset[str]]:
    in_title = frozenset(stems(title))
    return in_title, in_title | frozenset(stems(heading))


def _best_sentence(asked: Asked, candidate: Candidate) -> float:
    """Return the weight of the question's words in the sentence that has most of them."""
    best, start = 0.0, 0
    for length in candidate.lengths:
        own = set(candidate.stems[start : start + length])
        best = max(best, sum(value for one, value in asked.weights.items() if one in own))
        start += length
    return best


def _pairs(order: Sequence[str], candidate: Sequence[str]) -> float:
    """Return the share of the question's adjacent telling words that are near each other here."""
    wanted = list(pairwise(order))
    places: dict[str, list[int]] = defaultdict(list)
    for place, one in enumerate(candidate):
        places[one].append(place)
    near = sum(
        any(0 < b - a <= 3 for a in places.get(first, ()) for b in places.get(second, ()))
        for first, second in wanted
    )
    return near / (len(wanted) or 1)


def _nearness(typed: Sequence[int], places: Sequence[int]) -> float:
    """Return how near something of the expected type stands to a word of the question."""
    if not typed or not places:
        return 0.0
    return 1.0 / (1.0 + min(abs(a - b) for a in typed for b in places) / 5)


def _share(wanted: frozenset[str], found: frozenset[str]) -> float:
    return len(wanted & found) / (len(wanted) or 1)


def _adjacent(places: Sequence[int]) -> bool:
    return any(b - a == 1 for a, b in pairwise(places))


def _title_asked(asked: Asked, title: str) -> float:
    telling = [one for one in stems(title) if one not in _STOP_STEMS]
    return sum(one in asked.stems for one in telling) / (len(telling) or 1)


_STOP_STEMS = frozenset(map(stem, STOP))
