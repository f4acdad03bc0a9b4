"""Answers of a run beside the people's written answers to their questions, to be judged blindly.

As WebGPT compares its answers with those of ELI5 (section 4.2): without citations and quotes, so
that neither side is known by them. Gives pairs, which whoever judges turns into comparisons.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random

from env.citations import strip_citations
from env.errors import ConfigError
from env.records import Answer, Episode, Question, to_json
from policies.checkpoints import write_whole
from reward.comparisons import identifier
from reward.pairs import Pair
from webqa.run import read_episodes

PEOPLE = "people"
"""Notes of these pairs; also how the side without an episode is called in ratings."""


@dataclass(frozen=True, slots=True)
class PeopleConfig:
    """Which answers by people are paired."""

    each: int = 1
    """Written answers that an answer is paired with, at the most: the first ones, which are the
    best where the set says so."""
    seed: int = 0
    """Another one draws otherwise which answer stands first."""


def with_people(
    episodes: Iterable[Episode],
    config: PeopleConfig,
    questions: Mapping[str, Question] | None = None,
) -> Iterator[Pair]:
    """Pair the answer of each episode with people's.

    An episode without an answer, and one whose answer is word for word the person's, gives none.
    The sides are drawn from the seed and the episode's id: the same in every order.

    Args:
        episodes: of one run or several.
        config: how many, and the seed.
        questions: whose written answers are taken, by id; None: those recorded with the episode.

    Raises:
        ConfigError: not even one written answer is wanted.
    """
    if config.each < 1:
        raise ConfigError(f"each must be at least 1, not {config.each}")
    for episode in episodes:
        asked = episode.question if questions is None else questions.get(episode.question.id)
        if episode.answer is None or asked is None:
            continue
        own = _plain(asked, episode.answer.text)
        for place, written in enumerate(asked.written[: config.each]):
            other = _plain(asked, written)
            if own.text and other.text and own.text != other.text:
                yield _pair(
                    episode, asked, own, other, Random(f"{config.seed} {episode.id} {place}")
                )


def write_pairs_with_people(run: Path, out: Path, config: PeopleConfig) -> int:
    """Pair the answers of a run with people's and write them as JSON lines; return how many.

    Raises:
        ConfigError: no run folder, or none of its answers has a written one beside it.
    """
    pairs = list(with_people(read_episodes(run), config))
    if not pairs:
        raise ConfigError(
            f"no answer in {run} has a written answer to be paired with: such questions have "
            '"written", as those of ELI5'
        )
    write_whole(out, "".join(to_json(pair).decode() + "\n" for pair in pairs))
    return len(pairs)


def _plain(question: Question, text: str) -> Answer:
    """Return a text as an answer that shows nothing of where it comes from."""
    return Answer(question.text, strip_citations(text).strip())


def _pair(episode: Episode, asked: Question, own: Answer, other: Answer, draw: Random) -> Pair:
    swap = draw.random() < 0.5
    first, second = (other, own) if swap else (own, other)
    ids = ("", episode.id) if swap else (episode.id, "")
    return Pair(
        identifier(asked.id, first, second), asked.id, first, second, *ids, asked.dataset, PEOPLE
    )
