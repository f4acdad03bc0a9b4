"""Episodes played with a model that is being trained: how many held-out questions go well.

Knows webs and questions, and how a model in memory becomes a policy; not how it is trained.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from env.answers import shows_answer
from env.config import PRESETS
from env.errors import ConfigError
from env.records import Question
from policies.base import Setup, run_episodes
from policies.cloning.splitting import part_of
from policies.language_model import LanguageModelConfig, LanguageModelPolicy
from webqa.questions import read_questions

if TYPE_CHECKING:
    from policies.cloning.opening import Base

FIRST = 3
"""Quotes of an answer that are looked at."""


def player(
    web: Path, questions: Path, number: int, validation: float
) -> Callable[[Base, LanguageModelConfig], Callable[[Any], Awaitable[float]]]:
    """Return what makes, of an opened model, the function that plays with it.

    Args:
        web: an index folder.
        questions: a question set; of it those are played that this share holds out and whose
            accepted answers are known.
        number: how many of them are played, at most.
        validation: the share.

    Raises:
        ConfigError: no such question is there.
    """
    held_out = [
        question
        for question in read_questions(questions)
        if question.accepted and part_of(question.id, validation) == "validation"
    ][:number]
    if not held_out:
        raise ConfigError(
            f"{questions} has no held-out question with accepted answers to play: give more of "
            "them, or raise --validation"
        )

    def make(base: Base, asked: LanguageModelConfig) -> Callable[[Any], Awaitable[float]]:
        async def play(model: Any) -> float:  # noqa: ANN401 - of transformers or peft
            return await _play(model, base, asked, web, held_out)

        return play

    return make


async def _play(
    model: Any,  # noqa: ANN401
    base: Base,
    asked: LanguageModelConfig,
    web: Path,
    questions: list[Question],
) -> float:
    """Return the share of questions with an accepted answer in one of the first quotes."""
    from env.web.corpus import open_corpus
    from policies.models.local.model import LocalModel
    from policies.models.local.reading import Loaded

    browser = PRESETS[asked.preset]
    local = LocalModel(Loaded("cloning", model, base.tokens, base.context))
    setup = Setup(
        open_corpus(web, results=browser.results, snippet=browser.snippet), browser, run="cloning"
    )
    try:
        played = run_episodes(
            lambda seed: LanguageModelPolicy(local, asked, seed), questions, setup, concurrency=16
        )
        good = [shows_answer(rollout.episode, FIRST) async for rollout in played]
    finally:
        await local.aclose()
    return sum(good) / len(good)
