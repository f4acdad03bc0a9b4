"""What speaks for a candidate: a dozen plain numbers, each between about 0 and 1.

After the usual features of passage retrieval for questions: coverage of the question's words
weighted by how much they tell, the expected type of answer, nearness, and agreement with the
other good candidates (pseudo-relevance feedback).
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from policies.extractive.candidates import Candidate
from policies.extractive.question import Asked
from policies.extractive.words import STOP, plain, related, stem, stems, weight

NAMES = (
    "coverage",
    "coverage_with_context",
    "title_coverage",
    "related",
    "rarest",
    "pairs",
    "nearness",
    "typed",
    "typed_near",
    "new_names",
    "agreement",
    "rank",
    "in_snippet",
    "lead",
    "first",
    "length",
    "repeats",
    "title_asked",
    "defines",
    "opened",
    "context_only",
    "sentence",
    "sentence_typed",
    "focus",
    "votes",
    "snippet_rank",
    "rare_coverage",
    "names_covered",
    "typed_time", "typed_number", "typed_person", "typed_place", "typed_reason", "typed_manner", "person_pair", "near_person", "near_place", "near_time", "near_number",
)

_NUMBER_WORDS = frozenset(
    """one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen
    sixteen seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety
    hundred thousand million billion dozen half""".split()
)
_MONTHS = frozenset(
    """january february march april may june july august september october november
    december""".split()
)
_YEAR = re.compile(r"1[0-9]{3}|20[0-9]{2}|[1-9][0-9]{2}s?|1[0-9]{3}s|20[0-9]{2}s")
_REASONS = frozenset(
    """because due cause caused causes causing reason reasons since therefore thus hence result
    results resulting leads led explains explained responsible makes making so""".split()
)
_MANNERS = frozenset(
    """by through using use uses when then into process method works called which""".split()
)


@dataclass(frozen=True, slots=True)
class Pool:
    """What the candidates of a question have in common."""

    snippets: dict[str, frozenset[str]]
    """By page title: the stems of the search result's snippet."""
    shared: dict[str, float]
    """New stems that the good candidates share, and how much, from 0 to 1."""


def pool(asked: Asked, candidates: Iterable[Candidate], scores: Iterable[float]) -> Pool:
    """Gather what the best dozen candidates share beyond the question's own words."""
    every = list(candidates)
    ranked = sorted(zip(scores, range(len(every)), strict=True), key=lambda pair: (-pair[0], pair[1]))
    shared: dict[str, float] = defaultdict(float)
    seen: set[str] = set()
    for place, (_, index) in enumerate(ranked):
        candidate = every[index]
        if candidate.text in seen:
            continue
        seen.add(candidate.text)
        if len(seen) > 24:
            break
        for stemmed in set(candidate.stems) - asked.stems:
            if len(stemmed) > 2 or stemmed.isdigit():
                shared[stemmed] += 1.0 / (2.0 + place)
    top = max(shared.values(), default=1.0)
    snippets: dict[str, frozenset[str]] = {}
    for candidate in every:
        if not candidate.source.opened:
            before = snippets.get(candidate.source.title, frozenset())
            snippets[candidate.source.title] = before | frozenset(candidate.stems)
    return Pool(snippets, {stemmed: value / top for stemmed, value in shared.items()})


def features(asked: Asked, candidate: Candidate, pooled: Pool) -> list[float]:
    """Return the features of one candidate, in the order of `NAMES`."""
    weights, total = asked.weights, asked.total
    body = set(candidate.stems)
    title, context = _context(candidate.source.title, candidate.heading)
    matched = [stemmed for stemmed in weights if stemmed in body]
    covered = sum(weights[stemmed] for stemmed in matched)
    with_context = sum(value for stemmed, value in weights.items() if stemmed in body | context)
    in_title = sum(value for stemmed, value in weights.items() if stemmed in title)
    near = sum(
        value
        for stemmed, value in weights.items()
        if stemmed not in body and not related(stemmed).isdisjoint(body)
    )
    rarest = max(weights, key=weights.__getitem__)
    typed = _typed_places(asked, candidate)
    places = [place for place, one in enumerate(candidate.stems) if one in weights]
    snippet = pooled.snippets.get(candidate.source.title, frozenset())
    telling = [one for one in candidate.stems if len(one) > 3]
    return [
        covered / total,
        with_context / total,
        in_title / total,
        near / total,
        float(rarest in body) + 0.5 * float(rarest in title and rarest not in body),
        _pairs(asked, candidate.stems),
        _nearness(places, len(matched)),
        float(bool(typed)),
        _typed_near(typed, places),
        min(3, len(_new_names(asked, candidate))) / 3,
        _agreement(asked, body, pooled),
        1.0 / (1.0 + candidate.source.rank),
        len(body & snippet) / (len(body) or 1) if snippet else 0.0,
        float(candidate.lead),
        float(candidate.first),
        min(1.0, len(candidate.text) / 400),
        sum(one in weights for one in telling) / (len(telling) or 1),
        _title_asked(asked, candidate.source.title),
        _defines(candidate, title),
        float(candidate.source.opened),
        (with_context - covered) / total,
        *_sentence(asked, candidate, context, typed),
        float(asked.focus in body) if asked.focus else 0.0,
        _votes(asked, candidate, typed, pooled),
        (len(body & snippet) / (len(body) or 1) if snippet else 0.0) / (1.0 + candidate.source.rank),
        sum(v*v for one,v in weights.items() if one in body | context)/(sum(v*v for v in weights.values()) or 1.0),
        sum(one in body | context for one in asked.names) / (len(asked.names) or 1),
        *[float(bool(typed) and asked.kind == kind) for kind in ("time", "number", "person", "place", "reason", "manner")],
        float(asked.kind == "person" and any(b - a == 1 for a, b in zip(typed, typed[1:]))),
        *[_typed_near(typed, places) * (asked.kind == kind) for kind in ("person","place","time","number")],
    ]


def _sentence(asked, candidate, context, typed):
    """The best single sentence: how much of the question it covers, and whether it has the type."""
    best = bt = 0.0
    start = 0
    for length in candidate.lengths:
        own = set(candidate.stems[start:start+length])
        c = sum(v for one, v in asked.weights.items() if one in own) / asked.total
        t = any(start <= p < start+length for p in typed)
        best = max(best, c)
        if t: bt = max(bt, c + 0.5*sum(v for one, v in asked.weights.items() if one in context and one not in own) / asked.total)
        start += length
    return best, bt


def _votes(asked, candidate, typed, pooled):
    places = typed or _new_names(asked, candidate) 
    if asked.kind in ("reason", "manner", "thing"):
        places = [i for i, one in enumerate(candidate.stems) if one not in asked.stems and len(one) > 3]
    vals = sorted({candidate.stems[i]: pooled.shared.get(candidate.stems[i], 0.0)*min(1,weight(plain(candidate.words[i]))/5) for i in places}.values(), reverse=True)
    return sum(vals[:3]) / 3


@lru_cache(maxsize=2000)
def _context(title: str, heading: str) -> tuple[frozenset[str], frozenset[str]]:
    in_title = frozenset(stems(title))
    return in_title, in_title | frozenset(stems(heading))


def _pairs(asked: Asked, candidate: Sequence[str]) -> float:
    """Return the share of the question's adjacent telling words that are near each other here."""
    wanted = list(zip(asked.order, asked.order[1:], strict=False))
    if not wanted:
        return 0.0
    places: dict[str, list[int]] = defaultdict(list)
    for place, one in enumerate(candidate):
        places[one].append(place)
    near = sum(
        any(0 < b - a <= 3 for a in places.get(first, ()) for b in places.get(second, ()))
        for first, second in wanted
    )
    return near / len(wanted)


def _nearness(places: Sequence[int], matched: int) -> float:
    """Return how close together the matched words stand."""
    if matched < 2:
        return 0.0
    gaps = [b - a for a, b in zip(places, places[1:], strict=False)]
    return sum(1.0 / gap for gap in gaps) / len(gaps)


def _typed_places(asked: Asked, candidate: Candidate) -> list[int]:
    """Return where in the candidate something of the expected type stands."""
    test = _TESTS.get(asked.kind)
    if test is None:
        return []
    if test is _is_name:
        return _new_names(asked, candidate)
    return [
        place
        for place, word in enumerate(candidate.words)
        if test(word) and candidate.stems[place] not in asked.stems
    ]


def _is_time(word: str) -> bool:
    return bool(_YEAR.fullmatch(word)) or word.lower() in _MONTHS


def _is_number(word: str) -> bool:
    return word[0].isdigit() or word.lower() in _NUMBER_WORDS


def _is_reason(word: str) -> bool:
    return word.lower() in _REASONS


def _is_manner(word: str) -> bool:
    return word.lower() in _MANNERS


def _is_name(word: str) -> bool:
    return word[0].isupper()


_TESTS = {
    "time": _is_time,
    "number": _is_number,
    "reason": _is_reason,
    "manner": _is_manner,
    "person": _is_name,
    "place": _is_name,
}


def _new_names(asked: Asked, candidate: Candidate) -> list[int]:
    """Return the places of capitalised words that the question does not hold."""
    return [
        place
        for place, word in enumerate(candidate.words)
        if word[0].isupper()
        and candidate.stems[place] not in asked.stems
        and plain(word) not in STOP
        and (place > 0 or weight(plain(word)) > 3.5)
    ]


def _typed_near(typed: Sequence[int], places: Sequence[int]) -> float:
    if not typed or not places:
        return 0.0
    gap = min(abs(a - b) for a in typed for b in places)
    return 1.0 / (1.0 + gap / 5)


def _agreement(asked: Asked, body: set[str], pooled: Pool) -> float:
    """Return how much of what the good candidates share stands here, damped for length."""
    values = sorted((pooled.shared.get(one, 0.0) for one in body - asked.stems), reverse=True)
    return sum(values[:12]) / (4.0 + math.sqrt(len(body)))


def _title_asked(asked: Asked, title: str) -> float:
    telling = [one for one in stems(title) if one not in _STOP_STEMS]
    return sum(one in asked.stems for one in telling) / (len(telling) or 1)


_STOP_STEMS = frozenset(STOP)


def _defines(candidate: Candidate, title: frozenset[str]) -> float:
    """Tell whether the candidate opens like a definition of the page's subject."""
    head = candidate.stems[:12]
    verb = next((place for place, one in enumerate(head) if one in _IS), None)
    if verb is None or verb == 0:
        return 0.0
    return sum(one in title for one in head[:verb]) / (len(title) or 1)


_IS = frozenset(stem(word) for word in ("is", "are", "was", "were", "refers", "means"))
