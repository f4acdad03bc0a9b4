"""Comparisons of answers by several runs, people and raters: ratings, win rates and agreement.

A side of a comparison is called by the run whose episode it is, or `people`. Reads files; knows no
terminal.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from math import fsum
from pathlib import Path

import msgspec

from env.errors import ConfigError, RecordError
from env.jsonl import read
from env.records import Answer, from_json, to_json
from reward.comparisons import Comparison, check, is_torn
from reward.formats.reading import form_of, load
from reward.statistics import Interval, win_rate
from webqa.agreement import Alpha, agreement, krippendorff
from webqa.bradley_terry import Match, RatingConfig, Ratings, rate
from webqa.measured import run_names
from webqa.pairing import PEOPLE
from webqa.run import EPISODES, read_config

RATINGS = RatingConfig()


@dataclass(frozen=True, slots=True)
class RaterSummary:
    """What one rater judged."""

    name: str
    comparisons: int
    ties: int
    first: Interval
    """Share of comparisons in which the first was preferred, ties as half: about a half where sides
    are drawn, and not the answers but their places were judged where it is far from that."""
    agreement: Interval | None
    """With the other raters of the same pairs, ties as a third judgement; None: with nobody."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far raters agree about which of two answers is better."""

    pairs: int
    """Pairs of answers that two raters or more have judged."""
    with_ties: Interval | None
    """Share of equal judgements of two raters: the first, the second, or neither."""
    half_ties: Interval | None
    """The same, a tie and a preference being half equal, as WebGPT tells it."""
    without_ties: Interval | None
    """The same of those judgements that are no ties."""
    nominal: Alpha | None
    """Krippendorff's alpha of which one was preferred; None where it is not defined."""
    ordinal: Alpha | None
    """Of the order of preferences, so that much better and slightly better are near."""
    interval: Alpha | None
    """Of the preferences as numbers."""


@dataclass(frozen=True, slots=True)
class Ranking:
    """What comparisons say of runs and of who compared."""

    comparisons: int
    questions: int
    simulated: int
    """Judged by a program."""
    ratings: Ratings | None
    """None where no comparison is of two known sides."""
    raters: tuple[RaterSummary, ...]
    agreement: Agreement
    left_out: dict[str, int] = field(default_factory=dict)
    """Comparisons that say nothing of ratings, by the reason."""
    skipped: dict[str, int] = field(default_factory=dict)
    """Rows of files that are no usable comparison, by the reason."""


def rank(
    files: Sequence[Path], runs: Sequence[Path] = (), config: RatingConfig = RATINGS
) -> Ranking:
    """Rate the runs that comparisons are of, and tell how far their raters agree.

    Args:
        files: comparisons in any form that `reward.formats` knows; the same one in two files is
            taken once.
        runs: the folders whose episodes were compared; the folders of the files are looked into
            as well.
        config: how ratings are made; its samples and seed serve the agreement, too.

    Raises:
        ConfigError: a file or a run cannot be read, or there is no comparison.
        RecordError: a line of ours is no usable comparison.
    """
    skipped: dict[str, int] = defaultdict(int)
    comparisons = _read_all(files, skipped)
    beside = {file.parent.resolve() for file in files if (file.parent / EPISODES).exists()}
    folders = list(dict.fromkeys([*(run.resolve() for run in runs), *sorted(beside)]))
    matches, left_out = _matches(comparisons, _owners(folders))
    return Ranking(
        len(comparisons),
        len({one.question for one in comparisons}),
        sum(one.simulated for one in comparisons),
        rate(matches, config) if matches else None,
        _raters(comparisons),
        _agreement(comparisons, config),
        left_out,
        dict(skipped),
    )


def _read_all(files: Sequence[Path], skipped: dict[str, int]) -> list[Comparison]:
    """Read files; one after the other, for in each a pair may be judged by another rater."""
    if not files:
        raise ConfigError("no file to read: webqa rank COMPARISONS... --run RUN")
    found: dict[bytes, Comparison] = {}
    for file in files:
        if file.is_dir():
            raise ConfigError(f"{file} is a folder: name a file of comparisons (runs: --run)")
        for one in _read(file, skipped):
            found.setdefault(to_json(one), one)
    return list(found.values())


def _read(file: Path, skipped: dict[str, int]) -> Iterable[Comparison]:
    """Read a file; in our own form, several raters' judgements of one pair may have one id."""
    if _is_ours(file):
        return _own(file)
    reading = load([file])
    for reason, number in reading.reasons().items():
        skipped[reason] += number
    return reading.comparisons


def _is_ours(file: Path) -> bool:
    """Tell whether the first line of a file is a comparison in our own form."""
    try:
        with file.open("rb") as lines:
            first = next((line for line in lines if line.strip()), b"")
        return form_of(msgspec.json.decode(first)) == "webqa"
    except OSError as error:
        raise ConfigError(f"cannot read {file}: {error.strerror}") from error
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return False


def _own(file: Path) -> Iterator[Comparison]:
    """Read comparisons in our own form; a last line that a crash cut short is passed over.

    Raises:
        RecordError: a line is no usable comparison, by its number.
    """
    with file.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                one = from_json(line, Comparison)
                check(one)
            except RecordError as error:
                if is_torn(line):
                    return
                raise RecordError(f"{file}, line {number}: {error}") from error
            yield one


@dataclass(frozen=True, slots=True)
class _Head:
    id: str


def _owners(folders: Sequence[Path]) -> dict[str, str]:
    """Return the name of the run that each episode belongs to.

    Raises:
        ConfigError: a folder is no run folder, or two hold an episode of the same id.
    """
    found: dict[str, str] = {}
    for folder, name in zip(folders, run_names(folders), strict=True):
        read_config(folder)
        path = folder / EPISODES
        for one in read(path, _Head) if path.exists() else ():
            if found.setdefault(one.id, name) != name:
                raise ConfigError(
                    f"{found[one.id]} and {name} both have the episode {one.id}, so that nobody "
                    "can tell whose answer was judged: give one of them, or make one anew with "
                    "another seed"
                )
    return found


def _matches(
    comparisons: Iterable[Comparison], owners: Mapping[str, str]
) -> tuple[list[Match], dict[str, int]]:
    """Return the comparisons of two known sides, and why the others are none."""
    found, left_out = [], defaultdict[str, int](int)
    for one in comparisons:
        people = PEOPLE if one.notes == PEOPLE else ""
        sides = [
            owners.get(episode, "") if episode else people
            for episode in (one.first_episode, one.second_episode)
        ]
        if not all(sides):
            left_out["an answer of no known run"] += 1
        elif sides[0] == sides[1]:
            left_out["both answers of one run"] += 1
        else:
            found.append(Match(sides[0], sides[1], one.preference, one.question))
    return found, dict(left_out)


@dataclass(slots=True)
class _Unit:
    """A pair of answers, whichever of the two stood first, with what raters said of it."""

    question: str
    ratings: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    """By rater; above 0 where the answer that sorts first is better."""

    @property
    def values(self) -> list[float]:
        """One rating for each rater: of one who judged it twice, as in both orders, the mean."""
        return [fsum(own) / len(own) for own in self.ratings.values()]


def _units(comparisons: Iterable[Comparison]) -> list[_Unit]:
    found: dict[tuple[str, bytes, bytes], _Unit] = {}
    for place, one in enumerate(comparisons):
        swapped = is_turned(one.first, one.second)
        low, high = (one.second, one.first) if swapped else (one.first, one.second)
        key = (one.question, _key(low), _key(high))
        unit = found.setdefault(key, _Unit(one.question))
        # Who is not named may be anybody: each such judgement counts as another rater's.
        rater = one.rater or f"\0{place}"
        unit.ratings[rater].append(-one.preference if swapped else one.preference)
    return list(found.values())


def is_turned(first: Answer, second: Answer) -> bool:
    """Tell whether a preference changes its sign where raters of two answers are compared.

    Alpha depends on how often each rating was given, and so on which answer is called the first:
    wherever it is told, that is the same one.
    """
    return _key(first) > _key(second)


def _key(answer: Answer) -> bytes:
    return sha256(to_json((answer.text, answer.quotes))).digest()


def _agreement(comparisons: Sequence[Comparison], config: RatingConfig) -> Agreement:
    units = [unit for unit in _units(comparisons) if len(unit.ratings) > 1]
    values, questions = [unit.values for unit in units], [unit.question for unit in units]
    signs = [[float((one > 0) - (one < 0)) for one in own] for own in values]
    drawn = {"resamples": config.resamples, "seed": config.seed}
    return Agreement(
        len(units),
        agreement(values, questions),
        agreement(values, questions, ties="half"),
        agreement(values, questions, ties="left out"),
        krippendorff(signs, "nominal", questions, **drawn),
        krippendorff(values, "ordinal", questions, **drawn),
        krippendorff(values, "interval", questions, **drawn),
    )


def _raters(comparisons: Sequence[Comparison]) -> tuple[RaterSummary, ...]:
    judged: dict[str, list[Comparison]] = defaultdict(list)
    for one in comparisons:
        judged[one.rater].append(one)
    units = _units(comparisons)
    return tuple(
        RaterSummary(
            name,
            len(own),
            sum(one.preference == 0 for one in own),
            win_rate([one.preference for one in own], [one.question for one in own]),
            _with_others(name, units) if name else None,
        )
        for name, own in sorted(judged.items())
    )


def _with_others(name: str, units: Iterable[_Unit]) -> Interval | None:
    """Return how often a rater agrees with another one about a pair."""
    pairs, questions = [], []
    for unit in units:
        if name not in unit.ratings:
            continue
        own = fsum(unit.ratings[name]) / len(unit.ratings[name])
        for other, given in unit.ratings.items():
            if other != name:
                pairs.append((own, fsum(given) / len(given)))
                questions.append(unit.question)
    return agreement(pairs, questions)
