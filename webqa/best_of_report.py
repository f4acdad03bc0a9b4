"""The report of best-of-n: its curves, what they cost, and answers to read, as one HTML page."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from reward.abstention import Point as Covered
from reward.abstention import threshold_covering
from reward.best_of_n import Mean
from webqa.best_of import Sample
from webqa.curves import ANSWERED, RIGHT, Curve, Selection
from webqa.drawing import Curve as Drawn
from webqa.drawing import Figure, Point, shown
from webqa.report import Table, render_report

READ = 12
"""Questions whose best and worst answers are shown."""
LONGEST = 400
"""Characters of an answer that are shown."""
COVERAGES = (1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.3)


def render(
    title: str,
    found: Selection,
    samples: Sequence[Sample],
    scores: Mapping[str, float],
    settings: Mapping[str, object],
    texts: Mapping[str, str],
) -> str:
    """Return the page.

    Args:
        title: what was sampled.
        found: the figures.
        samples: all of them.
        scores: of the scorer that chose, by episode.
        settings: of the run.
        texts: the questions by their ids.
    """
    doubled = tuple(float(2**power) for power in range(len(found.kl).bit_length()))
    figures = [
        Figure(
            _title(curve),
            _note(curve, found),
            "n",
            (Drawn("mean", _points(curve)),),
            doubled,
            logarithmic=True,
        )
        for curve in found.curves
    ]
    right = tuple(Point(one.coverage, one.accuracy) for one in found.abstention)
    figures.append(
        Figure(
            "Abstention",
            "Share of right answers among those that score high enough, by the share of questions "
            "that are then answered.",
            "coverage",
            (Drawn("right", right),),
        )
    )
    return render_report(
        title,
        [],
        figures,
        _facts(found),
        settings,
        more=[table for table in _tables(found, samples, scores, texts) if len(table.rows) > 1],
    )


def told(mean: Mean) -> str:
    """Return a mean with its interval, if there is more than one question."""
    if mean.questions < 2:
        return shown(mean.mean)
    return f"{shown(mean.mean)} ({shown(mean.low)} to {shown(mean.high)})"


def _title(curve: Curve) -> str:
    names = {RIGHT: "Right answers", ANSWERED: "Answers at all"}
    return names.get(curve.name, f"Score by {curve.name}")


def _note(curve: Curve, found: Selection) -> str:
    chosen = f"Mean over {curve.points[0].questions:,} questions of the best of n answers"
    by = "" if curve.name == found.scorer else f", chosen by {found.scorer}"
    bends = ""
    if curve.fit and curve.fit.peak is not None and curve.fit.peak < 100:
        bends = f" The fitted curve is highest at {shown(curve.fit.peak)} nats."
    return f"{chosen}{by}; the interval is clustered by question.{bends}"


def _facts(found: Selection) -> dict[str, str]:
    total = len(found.kl)
    facts = {"Questions": f"{found.questions:,}", "Answers to each": str(total)}
    for curve in found.curves:
        if curve.name != ANSWERED and total > 1:
            facts[f"{_title(curve)}: best of {total} over one"] = told(curve.gain)
    cost = found.cost
    facts["Tokens"] = f"{cost.tokens:,}"
    read = cost.browsing_read + cost.answering_read
    facts["Prompt tokens shared"] = f"{cost.shared / ((cost.shared + read) or 1):.0%}"
    return facts


def _points(curve: Curve) -> tuple[Point, ...]:
    return tuple(
        Point(n, one.mean, one.low, one.high) for n, one in enumerate(curve.points, start=1)
    )


def _tables(
    found: Selection,
    samples: Sequence[Sample],
    scores: Mapping[str, float],
    texts: Mapping[str, str],
) -> Iterable[Table]:
    names = [_title(curve) for curve in found.curves]
    yield Table(
        "The best of n answers",
        "Divergence in nats, at most; tokens read and written for one question.",
        [["n", "divergence", "tokens", *names], *_rows(found)],
    )
    if found.samples.answers > 1 and found.samples.browses > 1:
        yield Table(
            "The best of several browses",
            f"Each with all of its {found.samples.answers} answers.",
            [
                ["browses", *names],
                *(
                    [str(number + 1), *(told(curve.browses[number]) for curve in found.curves)]
                    for number in range(found.samples.browses)
                ),
            ],
        )
    yield Table(
        "Abstention",
        "What is right among the best answers, when those that score lower are withheld.",
        [["answered", "lowest score", "right"], *_coverages(found.abstention)],
    )
    yield Table(
        "Answers to read",
        "The best and the worst answer to some questions, and what they score.",
        [["question", "best", "worst"], *_answers(samples, scores, texts)],
        words=True,
    )


def _rows(found: Selection) -> Iterable[list[str]]:
    total = len(found.kl)
    for n in sorted({2**power for power in range(total.bit_length())} | {total}):
        figures = [told(curve.points[n - 1]) for curve in found.curves]
        yield [str(n), f"{found.kl[n - 1]:.2f}", f"{found.tokens[n - 1]:,.0f}", *figures]


def _coverages(points: Sequence[Covered]) -> Iterable[list[str]]:
    wanted = (threshold_covering(points, coverage) for coverage in COVERAGES)
    for point in dict.fromkeys(point for point in wanted if point):
        yield [f"{point.coverage:.0%}", shown(point.threshold), f"{point.accuracy:.1%}"]


def _answers(
    samples: Sequence[Sample], scores: Mapping[str, float], texts: Mapping[str, str]
) -> Iterable[list[str]]:
    answered: dict[str, list[Sample]] = defaultdict(list)
    for sample in samples:
        if sample.answered:
            answered[sample.question].append(sample)
    for question, some in list(answered.items())[:READ]:
        ordered = sorted(some, key=lambda sample: -scores[sample.id])
        best, worst = (
            f"{shown(scores[one.id])}: {one.answer.text[:LONGEST]}"
            for one in (ordered[0], ordered[-1])
        )
        yield [texts.get(question, question), best, worst]
