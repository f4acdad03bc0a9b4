"""The agent: a language model that reads each observation and writes a command, then the answer.

Knows prompts, what is legal, and a `TextModel`; not where the model runs nor how it was trained.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

import msgspec

from env.answers import is_empty, says_nothing_found
from env.citations import cited_numbers, strip_citations
from env.errors import ConfigError
from env.records import Completion, Observation
from env.sanitise import sanitise
from policies.base import quoted_answer
from policies.grammar.config import FREE, NUMBERED, GrammarConfig
from policies.grammar.legal import shortened, spelled
from policies.grammar.observing import legal_lines
from policies.models.base import ModelError, Request, TextModel
from policies.prompts import PromptConfig, fit

CONFIG = "webqa.json"
"""In a model's folder: how the model was trained to be used."""


@dataclass(frozen=True, slots=True)
class LanguageModelConfig:
    """How a language model is asked. A cloned model carries it in its folder."""

    prompt: PromptConfig = field(default_factory=PromptConfig)
    grammar: GrammarConfig | None = FREE
    """What may be written; None: anything, and what is no command costs an action."""
    temperature: float = 0.0
    """0 always takes the likeliest token."""
    command_tokens: int = 160
    """Tokens of the longest command."""
    answer_tokens: int = 512
    """Tokens of the longest answer."""
    preset: str = "default"
    """Preset of the browser's settings that the model was made for."""


class LanguageModelPolicy:
    """One episode of a language model; the model behind it is shared by all."""

    def __init__(
        self, model: TextModel, config: LanguageModelConfig | None = None, seed: int = 0
    ) -> None:
        self.name = model.name
        self.config = config or LanguageModelConfig()
        self._model = model
        self._seed = seed
        self._acts = 0

    async def act(self, observation: Observation) -> Completion:
        """Write the next command, or the answer.

        What has been quoted is not lost to a model that fails: browsing ends then, and the answer
        is made of the quotes, without tokens. So it is when an answer cites nothing although the
        grammar wants it: a server need not keep one, and a model may never come to a mark. With
        no quote the fault is raised.

        Raises:
            ModelError: the model failed, and there is no quote to answer with.
        """
        self._acts += 1
        try:
            await self._model.start()
            request, seen = self._asked(observation)
            written = (await self._model.complete(request))[0]
            text = spelled_out(seen, self.config, written.text)
            if request.legal and observation.answering and not _cites(text, observation):
                return replace(
                    written, text=quoted_answer(observation.quotes), token_ids=(), logprobs=()
                )
            return replace(written, text=text)
        except ModelError as error:
            if not observation.quotes:
                raise
            text = quoted_answer(observation.quotes) if observation.answering else "End: Answer"
            return Completion(text, error=str(error))

    def _asked(self, observation: Observation) -> Asked:
        """Return what the model is asked; each act of each episode draws with its own seed."""
        digest = sha256(f"{self._seed}\0{self._acts}".encode()).digest()
        request, seen = make_request(observation, self._model, self.config)
        seed = int.from_bytes(digest[:4])
        return Asked(replace(request, seed=seed, key=str(self._seed)), seen)


def _cites(answer: str, observation: Observation) -> bool:
    """Tell whether an answer cites a quote that is there, or says that nothing was found."""
    cited = any(1 <= number <= len(observation.quotes) for number in cited_numbers(answer))
    said = strip_citations(sanitise(answer))
    return not is_empty(said) and (cited or says_nothing_found(said))


class Asked(NamedTuple):
    """What a model is asked at an observation."""

    request: Request
    seen: Observation
    """The observation as the prompt shows it: without what was cut."""


def make_request(observation: Observation, model: TextModel, config: LanguageModelConfig) -> Asked:
    """Return what a model is asked at an observation: the prompt, cut to fit, and what is legal.

    Only what the cut prompt still shows may be clicked, quoted or cited.

    Raises:
        ModelError: the prompt does not fit the model's context.
    """
    tokens = config.answer_tokens if observation.answering else config.command_tokens
    fitted = fit(observation, config.prompt, model.count, model.context - tokens, model.chat)
    request = Request(
        fitted.prompt,
        legal_lines(fitted.observation, config.grammar) if config.grammar else None,
        temperature=config.temperature,
        max_tokens=tokens,
        line=not observation.answering,
    )
    return Asked(request, fitted.observation)


def spelled_out(seen: Observation, config: LanguageModelConfig, text: str) -> str:
    """Return the command or the answer for what a model wrote: numbers become what they stand for.

    Args:
        seen: what the prompt showed; in the whole observation a number may be another sentence's.
        config: how the model was asked.
        text: what it wrote.
    """
    return spelled(legal_lines(seen, NUMBERED), text) if _by_number(seen, config) else text


def written_for(seen: Observation, config: LanguageModelConfig, meant: str) -> str:
    """Return what a model is to write for a command or answer: the opposite of `spelled_out`."""
    return shortened(legal_lines(seen, NUMBERED), meant) if _by_number(seen, config) else meant


def _by_number(seen: Observation, config: LanguageModelConfig) -> bool:
    """Tell whether numbers stand for sentences, or while answering for quotes."""
    grammar = config.grammar or (NUMBERED if config.prompt.aids else FREE)
    return grammar.answers == "marks" if seen.answering else grammar.quotes == "numbered"


def write_config(folder: Path, config: LanguageModelConfig) -> None:
    """Write the settings into a model's folder."""
    text = msgspec.json.format(msgspec.json.encode(config), indent=2)
    (folder / CONFIG).write_bytes(text + b"\n")


def read_config(folder: Path) -> LanguageModelConfig | None:
    """Read the settings from a model's folder; None when it has none.

    Raises:
        ConfigError: the file cannot be read.
    """
    path = folder / CONFIG
    try:
        return msgspec.json.decode(path.read_bytes(), type=LanguageModelConfig)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.MsgspecError) as error:
        raise ConfigError(f"{path} cannot be read ({error}): clone the model again") from error
