"""What a text model is: prompts in, completions out. Knows no browser and no particular model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from env.errors import Error
from env.records import Completion
from policies.grammar.legal import Legal


class ModelError(Error):
    """A model could not be loaded, or could not complete a prompt; says what to do next."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """What a model goes on from. Page text in it never becomes a control token."""

    text: str
    """All that is to be gone on from; for a chat model the user's message."""
    system: str = ""
    """The instructions, for a chat model; empty for one that continues a text."""


@dataclass(frozen=True, slots=True)
class Request:
    """One prompt to be completed."""

    prompt: Prompt
    legal: Legal | None = None
    """What may be written; None: anything."""
    samples: int = 1
    """Completions wanted; the prompt is read once for all of them."""
    temperature: float = 1.0
    """0 always takes the likeliest token."""
    max_tokens: int = 256
    """Tokens of each completion; a local model does not count those that the grammar forces."""
    line: bool = True
    """Whether the end of the line ends the completion, as it does for a command."""
    seed: int = 0
    """The same request with the same seed draws the same, whatever else is in the batch."""
    key: str = ""
    """Requests with the same key (an episode's) go to the same server, for its prefix cache."""


class TextModel(Protocol):
    """Completes prompts. Many episodes call one model at the same time."""

    @property
    def name(self) -> str:
        """Recorded with every episode."""

    @property
    def context(self) -> int:
        """Tokens that prompt and completion may have together."""

    @property
    def chat(self) -> bool:
        """Whether it takes messages; otherwise it continues a text."""

    async def start(self) -> None:
        """Find out what the properties tell; to be awaited before they are read, and cheap later.

        Raises:
            ModelError: the model cannot be reached.
        """

    def count(self, prompt: Prompt) -> int:
        """Return how many tokens the prompt has, at least; a remote model's is an estimate."""

    async def complete(self, request: Request) -> list[Completion]:
        """Return `request.samples` completions, without the line's end.

        Raises:
            ModelError: the model cannot be reached, lies, or did not end in time.
        """
