"""Steps of episodes as training examples: the prompt as the policy will see it, and the label.

The prompt is made by the very function that makes it at play, cuts included. The label is the
line (or the answer) and the end token; it is never cut. Knows tokens and grammars, no weights.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from env.actions import parse
from env.errors import ConfigError, InvalidAction
from env.records import Episode, Step
from policies.cloning.choosing import reasons
from policies.cloning.config import ANSWERING, KINDS, ExampleConfig
from policies.cloning.records import FORCED, Example, Examples, Ids
from policies.language_model import LanguageModelConfig, make_request, written_for
from policies.likelihood import replay
from policies.models.base import ModelError, Prompt, Request, TextModel

if TYPE_CHECKING:
    from policies.grammar.legal import Legal
    from policies.models.tokens import Tokens

NOT_ALLOWED = "step that the grammar does not allow ({})"
"""Why a step of a kind is left out."""
Watch = Callable[[int, int], None]
"""Told of how many episodes the examples are made, and of how many in all."""


class Reader:
    """What a prompt is fitted to: a tokenizer and the length of a model's context."""

    def __init__(self, tokens: Tokens, context: int) -> None:
        self.name = "reader"
        self.tokens = tokens
        self.context = context
        self.chat: bool = tokens.chat

    def count(self, prompt: Prompt) -> int:
        """Return how many tokens a prompt has."""
        return self.tokens.count(prompt)


def make_examples(
    episodes: Sequence[Episode],
    reader: Reader,
    model: LanguageModelConfig,
    config: ExampleConfig,
    watch: Watch | None = None,
) -> Examples:
    """Turn chosen episodes into examples, one for each step that did what it said.

    Args:
        episodes: answered ones; a person's are as good as a program's.
        reader: the tokenizer and context of the model that will be trained.
        model: how the model will be asked; for the masked loss it must have a grammar.
        config: the loss and the weights of the kinds.
        watch: told of the progress.

    Raises:
        ConfigError: the masked loss without a grammar, or no example is left.
    """
    if config.loss == "masked" and model.grammar is None:
        raise ConfigError("the masked loss needs a grammar: use --loss plain, or give a grammar")
    made, known, left_out = [], Sets(), Counter[str]()
    browses: set[str] = set()
    for done, episode in enumerate(episodes, start=1):
        browse = episode.parent or episode.id
        for step in _steps(episode, left_out, browsed=browse in browses):
            example = example_of(episode.question.id, step, reader, model, config, known)
            if isinstance(example, Example):
                made.append(example)
            else:
                left_out[example] += 1
        browses.add(browse)
        if watch:
            watch(done, len(episodes))
    if not made:
        raise ConfigError(f"no example is left to learn from: {reasons(left_out)}")
    return Examples(tuple(made), tuple(known.sets), dict(left_out))


def unlearnt(examples: Examples) -> list[str]:
    """Return the kinds of step that occur, and that the grammar allows none of."""
    learnt = {one.kind for one in examples.all}
    return [
        kind
        for kind in KINDS
        if kind not in learnt and examples.left_out.get(NOT_ALLOWED.format(kind))
    ]


def _steps(episode: Episode, left_out: Counter[str], *, browsed: bool) -> Iterable[Step]:
    """Yield the steps that were commands and could be carried out, and the answer.

    Several answers to one browse share its steps: with `browsed` they were learnt from already.
    """
    after = [*episode.steps[1:], None]
    for step, following in zip(episode.steps, after, strict=True):
        if step.observation.answering:
            yield step
        elif browsed:
            left_out["step of a browse that another answer was given to"] += 1
        elif _command(step) is None:
            left_out["step that is no command"] += 1
        elif following and following.observation.notice:
            left_out["step that could not be carried out"] += 1
        else:
            yield step


def _command(step: Step) -> str | None:
    try:
        return parse(step.completion.text).name
    except InvalidAction:
        return None


def example_of(
    question: str,
    step: Step,
    reader: Reader,
    model: LanguageModelConfig,
    config: ExampleConfig,
    known: Sets,
) -> Example | str:
    """Return the example of a step, or why there is none."""
    kind = ANSWERING if step.observation.answering else _command(step) or ""
    weight = config.weights.get(kind, 1.0)
    if weight == 0:
        return f"step of weight 0 ({kind})"
    # Without a mask what is legal need not be worked out.
    asked = model if config.loss == "masked" else replace(model, grammar=None)
    try:
        # Only what a prompt is fitted to is asked of the model here.
        request, seen = make_request(step.observation, cast(TextModel, reader), asked)
    except ModelError:
        return "step whose prompt does not fit"
    written = written_for(seen, model, step.completion.text.strip())
    label = _label(written, request, reader.tokens, known)
    if label is None:
        return NOT_ALLOWED.format(kind)
    completion, sets = label
    if ((len(sets) and int((sets != FORCED).sum())) or len(completion)) > request.max_tokens:
        return f"step that is too long to be written ({kind})"
    if len(sets) and (sets == FORCED).all():
        return f"step without a choice ({kind})"
    prompt = np.asarray(reader.tokens.encode_prompt(request.prompt), np.int32)
    return Example(question, kind, weight, prompt, completion, sets)


class _Label(NamedTuple):
    completion: Ids
    sets: Ids


def _label(text: str, request: Request, tokens: Tokens, known: Sets) -> _Label | None:
    """Return the tokens of a text, and with a grammar what else was allowed at each."""
    if request.legal is None:
        ids = [*tokens.encode_text(text), tokens.end]
        return _Label(np.asarray(ids, np.int32), np.empty(0, np.int32))
    return _masked(text, request.legal, tokens, known)


def _masked(text: str, legal: Legal, tokens: Tokens, known: Sets) -> _Label | None:
    path = tokens.masks.path(legal, text)
    if path is None:
        return None
    allowed = replay(tokens, legal, path)
    sets = [
        FORCED if forced else known.number(ids)
        for ids, forced in zip(allowed.ids, allowed.forced.tolist(), strict=True)
    ]
    return _Label(np.asarray(path, np.int32), np.asarray(sets, np.int32))


class Sets:
    """Sets of tokens, each kept once: most places share theirs with many others."""

    def __init__(self) -> None:
        self.sets: list[Ids] = []
        self._numbers: dict[bytes, int] = {}

    def number(self, ids: NDArray[np.int64]) -> int:
        """Return the number under which a set is kept; FORCED for a set of one."""
        array = ids.astype(np.int32)
        if len(array) == 1:
            return FORCED
        key = array.tobytes()
        if key not in self._numbers:
            self._numbers[key] = len(self.sets)
            self.sets.append(array)
        return self._numbers[key]
