"""Scorers that need no model: each looks at one quality of an answer, from 0 (bad) to 1 (good).

They hold for an answer alone: nothing is known of accepted answers, nor of the pages (but see
`verbatim_in`). An answer that says nothing, or that nothing was found, is 0 for every rule: it must
not win by breaking none. The known ways to please a citation reward (decorative and repeated
citations, single words, repetition, the question said back) each have a rule that falls.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from env.answers import normalise, says_nothing_found, stands_in
from env.citations import cited_numbers, strip_citations
from env.records import Answer, Page, Quote
from env.verify import is_verifiable, verify_quote
from env.words import is_symbols
from policies.extractive.question import analyse
from policies.extractive.words import STOP, compared, count_words, plain, stem, stems, weight
from reward.claims import Claim, claims_of
from reward.scorers import Score

VERSION = "2"
"""Raised when the same answer gets another score."""

MOST_MARKS = 3
"""Quotes that one sentence may cite; each more is for show."""
DECORATIVE = 0.15
"""Share of a sentence's telling words below which a quote has nothing to do with it."""
RUN = 5
"""Words in a row that make a copy."""
SHORTEST, LONG, LONGEST = 4, 120, 400
"""Words of an answer: fewer, or more than the last, are worth nothing; from the first to the second
is right."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One quality of an answer, as a scorer."""

    name: str
    told: str
    """What it looks at, in a line."""
    judge: Callable[[Answer], float]
    """From 0 to 1; is not asked about an answer that says nothing."""

    async def score(self, answers: Sequence[Answer]) -> list[Score]:
        """Return a score for each answer, in order."""
        return [Score(self.value(answer), {}, self.name, VERSION) for answer in answers]

    def value(self, answer: Answer) -> float:
        """Return how well an answer keeps the rule, from 0 to 1."""
        return 0.0 if says_nothing(answer) else min(1.0, max(0.0, self.judge(answer)))


def says_nothing(answer: Answer) -> bool:
    """Tell whether an answer is empty, or says that nothing was found."""
    return says_nothing_found(strip_citations(answer.text))


def telling(text: str) -> dict[str, float]:
    """Return the telling stems of a text and how much each tells."""
    lowered = (plain(word) for word in compared(text))
    return {stem(word): weight(word) for word in lowered if word not in STOP}


def overlap(claim: str, quotes: Sequence[Quote]) -> float:
    """Return the share of a claim's telling words, by weight, that stand in quotes or their titles.

    A claim without telling words says nothing, and nothing of it is supported: 0. One of symbols
    alone stands in them or does not.
    """
    if is_symbols(claim):
        return float(any(stands_in([claim], f"{one.title} {one.text}") for one in quotes))
    wanted = telling(claim)
    known = {one for quote in quotes for one in telling(f"{quote.title} {quote.text}")}
    return share_of(wanted, known)


def share_of(wanted: Mapping[str, float], known: set[str]) -> float:
    """Return the share of the weight of wanted stems that is known; 0 where nothing is wanted."""
    total = sum(wanted.values())
    return sum(value for one, value in wanted.items() if one in known) / total if total else 0.0


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def _said(answer: Answer) -> list[Claim]:
    return [claim for claim in claims_of(answer) if claim.text]


def _existing(answer: Answer) -> float:
    cited = cited_numbers(answer.text)
    there = sum(1 <= number <= len(answer.quotes) for number in cited)
    written = len(cited) + len(answer.removed)
    return there / written if written else 0.0


def _verbatim(answer: Answer) -> float:
    return _mean([float(_has_form(quote)) for quote in answer.quotes])


def _has_form(quote: Quote) -> bool:
    placed = bool(quote.url and quote.page_sha256) and quote.start >= 0
    return placed and is_verifiable(quote) and quote.end - quote.start == len(quote.text) > 0


def verbatim_in(pages: Mapping[str, Page]) -> Rule:
    """Return the rule `verbatim` that looks every quote up in stored pages, by their hash."""

    def judge(answer: Answer) -> float:
        return _mean([float(not verify_quote(quote, pages)) for quote in answer.quotes])

    return Rule("verbatim", "share of the quotes that are the text of a stored page", judge)


def _cited(answer: Answer) -> float:
    return _mean([float(bool(claim.cited)) for claim in _said(answer)])


def _supported(answer: Answer) -> float:
    return _mean([overlap(claim.text, claim.quotes) for claim in _said(answer)])


def _fitting(answer: Answer) -> float:
    """Every citation counts as one; those past MOST_MARKS in a sentence count as unfitting."""
    values: list[bool] = []
    for claim in claims_of(answer):
        for place, quote in enumerate(claim.quotes):
            values.append(place < MOST_MARKS and overlap(claim.text, [quote]) >= DECORATIVE)
    return _mean(list(map(float, values)))


def _unrepeated(answer: Answer) -> float:
    """Marks that are repeated in one sentence, and quotes that say what another one says, count."""
    claims = claims_of(answer)
    marks = sum(claim.marks for claim in claims)
    repeated = sum(max(0, claim.marks - len(claim.cited)) for claim in claims)
    texts = [f" {normalise(quote.text)} " for quote in answer.quotes]
    same = {b if len(texts[b]) <= len(texts[a]) else a
            for a, b in combinations(range(len(texts)), 2)
            if texts[a] in texts[b] or texts[b] in texts[a]}  # fmt: skip
    return 1.0 - max(repeated / (marks or 1), len(same) / (len(texts) or 1))


def _length(answer: Answer) -> float:
    count = count_words(strip_citations(answer.text))
    if count < SHORTEST:
        return 0.0
    return (LONGEST - count) / (LONGEST - LONG) if count > LONG else 1.0


def _own(answer: Answer) -> float:
    """Words in runs of the question's, and answers of nothing but its words, count as copied."""
    asked, told = (stems(text) for text in (answer.question, strip_citations(answer.text)))
    new = set(telling(strip_citations(answer.text))) - set(asked)
    if not new:
        return 0.0
    runs = {tuple(asked[at : at + RUN]) for at in range(len(asked) - RUN + 1)}
    copied = {
        place
        for at in range(len(told) - RUN + 1)
        if tuple(told[at : at + RUN]) in runs
        for place in range(at, at + RUN)
    }
    return 1.0 - len(copied) / len(told)


def _distinct(answer: Answer) -> float:
    said = [normalise(claim.text) for claim in _said(answer)]
    return len(set(said)) / len(said) if said else 0.0


def _relevant(answer: Answer) -> float:
    titles = " ".join(quote.title for quote in answer.quotes)
    return share_of(analyse(answer.question).weights, set(telling(f"{answer.text} {titles}")))


ALL = (
    Rule("existing", "share of the marks that name a quote", _existing),
    Rule("verbatim", "share of the quotes that say where on which page they stand", _verbatim),
    Rule("cited", "share of the sentences that cite a quote", _cited),
    Rule("supported", "share of the sentences' words in the quotes that they cite", _supported),
    Rule("fitting", "share of the citations that have to do with their sentence", _fitting),
    Rule("unrepeated", "no mark twice in a sentence, no quote inside another", _unrepeated),
    Rule("length", "long enough to tell something, and not too long", _length),
    Rule("own", "share of the words that are not the question said back", _own),
    Rule("distinct", "share of the sentences that are not said before", _distinct),
    Rule("relevant", "share of the question's words in the answer or its titles", _relevant),
)
RULES = {rule.name: rule for rule in ALL}
