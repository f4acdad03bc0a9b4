"""What can be played and what it is worth: shared by all sessions of a server or a trainer.

The next question is drawn here, episodes are numbered, rewarded and recorded. Knows no protocol.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import TYPE_CHECKING, NamedTuple

from env.answers import stands_in
from env.citations import strip_citations
from env.errors import Error
from env.records import Question
from policies.base import Rollout, Setup, episode_id
from webqa.asking import make_question

if TYPE_CHECKING:
    from webqa.run import Run

SPLIT = "train"
"""The one part of a question set that is served, under the name that trainers ask for first."""

Reward = Callable[[Rollout], float | None]
"""What a finished episode is worth; None where nobody knows."""


def by_accepted(rollout: Rollout) -> float | None:
    """Return 1 for an answer that is right and shown to be right, otherwise 0.

    It is where an accepted answer stands both in the answer and in a quote that it cites. None
    for a question without accepted answers, and for an episode that failed.
    """
    episode = rollout.episode
    accepted = episode.question.accepted
    if not accepted or episode.ended == "failed":
        return None
    if episode.answer is None:
        return 0.0
    texts = (quote.text for quote in episode.answer.quotes)
    said = stands_in(accepted, strip_citations(episode.answer.text))
    return float(said and any(stands_in(accepted, text) for text in texts))


@dataclass(frozen=True, slots=True)
class Wish:
    """Which question is to be played next. Nothing set: the next one in the server's order."""

    question: str | None = None
    """Its text, for one that is not on the list."""
    accepted: Sequence[str] = ()
    """Short answers that are right; only with a text."""
    id: str | None = None
    """Of a question on the list."""
    index: int | None = None
    """Place of a question on the list, from 0."""
    split: str | None = None
    """Must be `train` where it is given."""
    seed: int | None = None
    """The same seed gives the same question, whatever was played before."""


class Chosen(NamedTuple):
    """An episode that is about to be played."""

    question: Question
    seed: int
    attempt: int
    id: str


class Tasks:
    """The questions, the web they are asked of, and what becomes of the episodes."""

    def __init__(
        self,
        setup: Setup,
        questions: Sequence[Question] = (),
        *,
        reward: Reward = by_accepted,
        run: Run | None = None,
        seed: int = 0,
    ) -> None:
        """Hold what all sessions share.

        Args:
            setup: the web and the settings of the browser.
            questions: may be empty where every reset names its own.
            reward: what a finished episode is worth.
            run: records the episodes that came to an end.
            seed: decides the order of the questions.
        """
        self.setup = setup
        self.questions = tuple(questions)
        self.reward = reward
        self._run = run
        self._order = list(range(len(self.questions)))
        Random(seed).shuffle(self._order)
        self._drawn = 0
        self._places = {question.id: place for place, question in enumerate(self.questions)}
        self._attempts: dict[str, int] = {}

    def choose(self, wish: Wish) -> Chosen:
        """Return the episode to play.

        Raises:
            Error: there is no such question, or the wish contradicts itself.
        """
        seed = wish.seed
        if wish.split not in (None, SPLIT):
            raise Error(f"there is no split {wish.split!r}: the only one is {SPLIT!r}")
        named = [name for name in ("question", "id", "index") if getattr(wish, name) is not None]
        if len(named) > 1:
            raise Error(f"{' and '.join(named)} are given: name a question in one way only")
        if wish.accepted and named != ["question"]:
            raise Error("accepted answers are only taken with a question of your own")
        if not named and seed is None:
            seed = self._drawn
            self._drawn += 1
        question = self._named(wish) if named else self._drawn_by(seed or 0)
        attempt = self._next_attempt(question.id)
        identifier = episode_id(self.setup.run, question.id, attempt)
        return Chosen(question, seed or 0, attempt, identifier)

    def finish(self, rollout: Rollout) -> float | None:
        """Record a finished episode, and return what it is worth.

        Raises:
            ConfigError: it cannot be recorded.
        """
        if self._run:
            self._run.add(rollout)
        return self.reward(rollout)

    def unfinished(self, question: Question) -> float | None:
        """Return what an episode is worth that was left before its end."""
        return 0.0 if question.accepted or self.reward is not by_accepted else None

    def at(self, index: int) -> Question:
        """Return the question at a place of the list.

        Raises:
            IndexError: there is none.
        """
        if not 0 <= index < len(self.questions):
            raise IndexError(f"there is no question {index}: there are {len(self.questions)}")
        return self.questions[index]

    def _named(self, wish: Wish) -> Question:
        if wish.question is not None:
            return replace(make_question(wish.question), accepted=tuple(wish.accepted))
        if wish.id is not None and wish.id not in self._places:
            raise Error(f"there is no question with the id {wish.id!r}")
        try:
            return self.at(self._places[wish.id] if wish.id is not None else wish.index or 0)
        except IndexError as error:
            raise Error(str(error)) from error

    def _drawn_by(self, seed: int) -> Question:
        if not self.questions:
            raise Error('no questions are served: reset with one, such as question="Why ...?"')
        return self.questions[self._order[seed % len(self._order)]]

    def _next_attempt(self, question: str) -> int:
        """Number the episodes of a question, so that two at the same time differ too."""
        known = self._run.attempts(question) if self._run else 0
        attempt = self._attempts.get(question, known)
        self._attempts[question] = attempt + 1
        return attempt
