"""Every metric by name: what it is, its unit, and which way is better; and what applies to what.

`measure_episode` applies to one episode all that it has the means for: accepted answers, people's
answers, false answers, a judge, and what was found out by asking the policy again. A measure that
does not apply is absent. What is known of the right answer counts against an episode that failed
or gave none; what is said of citations and of likeness is said of answers alone, so that a policy
which is silent where it is hard gains by it: look at `answered` beside. Knows no file and no table.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from env.answers import says_nothing_found
from env.citations import strip_citations
from env.records import Answer, Episode, Page, Question
from reward.support import SupportJudge
from webqa.metrics.citations import SupportConfig, alce, judge_statements, liu, statements_of
from webqa.metrics.containment import (
    accepted_in_answer,
    accepted_in_quotes,
    alce_presence,
    wrong_in_answer,
)
from webqa.metrics.costs import Prices, spent_on
from webqa.metrics.short_answers import CONVENTIONS, SQUAD2, convention_of
from webqa.metrics.sources import cited_share, fabricated_share, sources_of, verbatim_share
from webqa.metrics.truthful import FreeForm, Letter, binary, likeness
from webqa.metrics.written import rouge_l

Better = Literal["higher", "lower", "neither"]
Unit = Literal["share", "difference", "error", "count", "seconds", "price"]


@dataclass(frozen=True, slots=True)
class Measure:
    """What a number with this name says."""

    name: str
    told: str
    """In a line."""
    unit: Unit = "share"
    better: Better = "higher"


def _of_families() -> tuple[Measure, ...]:
    found = []
    for one in CONVENTIONS:
        found.append(Measure(f"{one.name}_em", f"short answer right, as {one.name} has it"))
        found.append(Measure(f"{one.name}_f1", f"F1 of the short answer, as {one.name} has it"))
    return tuple(found)


ALL = (
    Measure("answered", "the question was answered, be it right or wrong", better="neither"),
    Measure("failed", "the episode failed", better="lower"),
    Measure("right", "accepted answer in the answer and no false one; or rightly none given"),
    Measure("accepted_in_answer", "an accepted answer stands in the answer, as whole words"),
    Measure("accepted_in_quotes", "an accepted answer stands in a quote that is cited"),
    Measure("alce_presence", "an accepted answer is part of the answer, as ALCE's STR-EM has it"),
    Measure("wrong_in_answer", "an answer known to be false stands in the answer", better="lower"),
    *_of_families(),
    Measure("rouge_l", "ROUGE-L against the best of people's answers, ALCE's way"),
    Measure("alce_recall", "sentences that their citations support (ALCE)"),
    Measure("alce_precision", "citations that are needed for it, or do it alone"),
    Measure("alce_f1", "harmonic mean of both"),
    Measure("liu_recall", "sentences worth verifying that their citations support (Liu et al.)"),
    Measure("liu_precision", "citations that support fully, or in part where that is needed"),
    Measure("liu_f1", "harmonic mean of both"),
    Measure("unscored", "judgements that the judge could not give", "count", "lower"),
    Measure("citations_fabricated", "numbers cited that name no quote", better="lower"),
    Measure("quotes_verbatim", "quotes that are the text of a stored page"),
    Measure("sentences_cited", "sentences with a mark, or that the next mark quotes verbatim"),
    Measure("sources", "quotes that the answer cites", "count", "neither"),
    Measure("source_pages", "pages that they come from", "count", "neither"),
    Measure("source_domains", "domains of these pages", "count", "neither"),
    Measure("sources_independent", "sources of other pages, domains and words", "count"),
    Measure("truthful_binary", "true option taken, mean of both orders; chance is 0.5"),
    Measure("position_bias", "first option taken more often than the second", "difference",
            "neither"),
    Measure("binary_unclear", "orders in which no option was taken", "count", "lower"),
    Measure("truthful", "asserts nothing false, says the judge"),
    Measure("informative", "says something that helps, says the judge"),
    Measure("truthful_informative", "both, says the judge"),
    Measure("likeness_difference", "ROUGE-1 to the nearest true answer less to the nearest false",
            "difference"),
    Measure("likeness_truer", "more like a true than like a false answer"),
    Measure("confidence", "confidence in the answer", better="neither"),
    Measure("brier", "square of confidence less outcome", "error", "lower"),
    Measure("actions", "commands given", "count", "lower"),
    Measure("tokens_read", "tokens of prompts", "count", "lower"),
    Measure("tokens_written", "tokens written", "count", "lower"),
    Measure("seconds", "seconds by the clock", "seconds", "lower"),
    Measure("cost", "what the tokens cost", "price", "lower"),
)  # fmt: skip
MEASURES: Mapping[str, Measure] = {one.name: one for one in ALL}
"""By name, in the order in which tables show them."""


@dataclass(frozen=True, slots=True)
class MeasureConfig:
    """How episodes are measured."""

    support: SupportConfig = field(default_factory=SupportConfig)
    """From which probability on a quote supports a sentence."""
    prices: Prices | None = None
    """Of a million tokens; none: costs are not told."""
    rouge: bool = True
    """Whether answers are compared with people's, which takes its time where these are long."""


@dataclass(frozen=True, slots=True)
class Further:
    """What was found out of an answer by asking again. None: it was not asked in this run.

    Where it was asked but could not be told, as the episode failed, say so by an empty text: what
    is None is not measured at all, and so would not count against the policy.
    """

    short: str | None = None
    """The short answer that the policy gave."""
    options: tuple[Letter, Letter] | None = None
    """What it took with the true option first, and second."""
    free_form: FreeForm | None = None
    """What a judge thinks of its truth."""
    confidence: float | None = None
    """From 0 to 1, that the answer is right."""


NOTHING = Further()


async def measure_episode(
    episode: Episode,
    pages: Mapping[str, Page],
    judge: SupportJudge | None = None,
    further: Further = NOTHING,
    config: MeasureConfig | None = None,
) -> dict[str, float]:
    """Return every measure that applies to an episode, by name.

    Args:
        episode: as it was recorded, its question with all that is known of it.
        pages: those it opened, by the hash they are stored under.
        judge: of support; None: citations are counted and not judged.
        further: what was found out by asking again.
        config: how it is measured.

    Raises:
        Error: the judge is broken, or a package is missing.
    """
    config = config or MeasureConfig()
    answer = answer_of(episode)
    found = _known(episode, answer) | _asked(episode, answer, further)
    if answer is not None:
        found |= _cited(answer, pages)
    if config.rouge:
        found |= _likeness(episode.question, answer)
    unscored = further.free_form.unscored if further.free_form else 0
    if judge is not None and answer is not None:
        judged, open_ = await _supported(answer, judge, config.support)
        found |= judged
        unscored += open_
    if judge is not None or further.free_form is not None:
        found["unscored"] = unscored
    found |= _costs(episode, config.prices)
    return {name: float(found[name]) for name in MEASURES if name in found}


def answer_of(episode: Episode) -> Answer | None:
    """Return the answer of an episode; None where it gave none, or says that nothing was found."""
    answer = episode.answer if episode.ended == "answered" else None
    return None if answer is None or says_nothing_found(strip_citations(answer.text)) else answer


def is_right(episode: Episode) -> bool | None:
    """Tell whether an episode is right, as far as accepted answers tell; None: none are known.

    An accepted answer stands in its answer, and none that is known to be false; where there is
    nothing to be found, it gave no answer, and did not fail.
    """
    question, answer = episode.question, answer_of(episode)
    if question.unanswerable:
        return answer is None and episode.ended != "failed"
    if not question.accepted:
        return None
    if answer is None or not accepted_in_answer(answer, question.accepted):
        return False
    return not wrong_in_answer(answer, question.wrong, question.accepted)


def _known(episode: Episode, answer: Answer | None) -> dict[str, float]:
    """Measure by the answers that are known to be right and wrong."""
    found = {"answered": float(answer is not None), "failed": float(episode.ended == "failed")}
    question, said = episode.question, answer or Answer("", "")
    if (right := is_right(episode)) is not None:
        found["right"] = right
    if question.accepted:
        found["accepted_in_answer"] = accepted_in_answer(said, question.accepted)
        found["accepted_in_quotes"] = accepted_in_quotes(said, question.accepted)
        found["alce_presence"] = alce_presence(said, question.accepted)
    if question.wrong:
        found["wrong_in_answer"] = wrong_in_answer(said, question.wrong, question.accepted)
    return found


def _asked(episode: Episode, answer: Answer | None, further: Further) -> dict[str, float]:
    """Measure by what was found out by asking again."""
    found: dict[str, float] = {}
    if further.short is not None:
        found |= _short(episode, answer, further.short)
    if further.options is not None:
        taken = binary(*further.options)
        found["truthful_binary"], found["position_bias"] = taken.score, taken.position_bias
        found["binary_unclear"] = taken.unclear
    if (judged := further.free_form) is not None:
        told = {
            "truthful": judged.truthful,
            "informative": judged.informative,
            "truthful_informative": judged.both,
        }
        found |= {name: float(value) for name, value in told.items() if value is not None}
    # No confidence is asked for where nothing was answered, and none of an answer without a key.
    if further.confidence is not None and answer is not None:
        found["confidence"] = further.confidence
        if (right := is_right(episode)) is not None:
            found["brier"] = (further.confidence - right) ** 2
    return found


def _short(episode: Episode, answer: Answer | None, short: str) -> dict[str, float]:
    question = episode.question
    if not question.accepted and not question.unanswerable:
        return {}
    # That there is no answer only SQuAD 2.0 can say, whatever the set is called.
    official = SQUAD2 if question.unanswerable else convention_of(question.dataset)
    if episode.ended == "failed":
        # By SQuAD 2.0 an empty answer may be right, but not that of an episode which failed.
        return {f"{official.name}_em": 0.0, f"{official.name}_f1": 0.0}
    return official.measure(short if answer is not None else "", question.accepted)


def _cited(answer: Answer, pages: Mapping[str, Page]) -> dict[str, float]:
    """Count what an answer cites."""
    sources = sources_of(answer)
    told = {
        "citations_fabricated": fabricated_share(answer),
        "quotes_verbatim": verbatim_share(answer.quotes, pages),
        "sentences_cited": cited_share(answer),
        "sources": sources.quotes,
        "source_pages": sources.pages,
        "source_domains": sources.domains,
        "sources_independent": sources.independent,
    }
    return {name: value for name, value in told.items() if value is not None}


def _likeness(question: Question, answer: Answer | None) -> dict[str, float]:
    """Compare an answer with those that people wrote, and with those known to be false."""
    found: dict[str, float] = {}
    if question.written:
        found["rouge_l"] = rouge_l(answer.text, question.written) if answer else 0.0
    alike = likeness(answer.text, question.written, question.wrong) if answer else None
    if alike is not None:
        found["likeness_difference"], found["likeness_truer"] = alike.difference, alike.truer
    return found


async def _supported(
    answer: Answer, judge: SupportJudge, config: SupportConfig
) -> tuple[dict[str, float], int]:
    """Judge an answer's citations; return the figures, and how many judgements were not given."""
    statements = statements_of(answer)
    judged = await judge_statements(statements, judge, config)
    figures = {
        "alce": alce(statements, judged, config),
        "liu": liu(statements, judged, config),
    }
    found = {
        f"{name}_{part}": value
        for name, quality in figures.items()
        for part, value in zip(("recall", "precision", "f1"), quality[:3], strict=True)
        if value is not None
    }
    return found, sum(value is None for value in judged.values())


def _costs(episode: Episode, prices: Prices | None) -> dict[str, float]:
    spent = spent_on(episode)
    found = {
        "actions": float(spent.actions),
        "tokens_read": float(spent.tokens_read),
        "tokens_written": float(spent.tokens_written),
        "seconds": spent.seconds,
    }
    return found if prices is None else found | {"cost": spent.cost(prices)}
