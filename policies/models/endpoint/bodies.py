"""What is sent to a server: the fields of a request, for each kind of server.

Only what the OpenAI API has goes to servers of an unknown kind. Knows no HTTP.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from policies.models.base import Prompt, Request
from policies.models.endpoint.config import Kind
from policies.models.endpoint.forms import (
    FIELD,
    JSON_ANSWER,
    JSON_COMMAND,
    Form,
    field_value,
)
from policies.models.lines import NEXT_STATE

NEEDED = frozenset({"model", "messages", "prompt"})
"""Fields that are never left out."""
_ALL_OF_IT: dict[Kind, dict[str, object]] = {
    # The servers' own defaults would cut the distribution that is sampled from.
    "vllm": {"top_p": 1.0, "top_k": 0, "min_p": 0.0, "repetition_penalty": 1.0},
    "llama.cpp": {"top_p": 1.0, "top_k": 0, "min_p": 0.0},
    "ollama": {"top_p": 1.0},
    "openai": {},
}
_MOST_SHOWN = 500
"""Characters of what was no command, when the model is told so."""


@dataclass(frozen=True, slots=True)
class Wrong:
    """What a model wrote that is no command, and why."""

    text: str
    why: str


@dataclass(frozen=True, slots=True)
class Asked:
    """One request to a server."""

    request: Request
    form: Form | None
    samples: int
    seed: int
    tokens: int
    """That the model may write, thoughts included."""
    wrong: tuple[Wrong, ...] = ()
    """What it wrote before to the same prompt."""


@dataclass(frozen=True, slots=True)
class Server:
    """What is known of whom is asked."""

    model: str
    kind: Kind
    chat: bool
    dropped: Collection[str]
    """Fields that it does not take."""


def make_body(asked: Asked, server: Server) -> dict[str, object]:
    """Return the fields of a request."""
    request = asked.request
    body: dict[str, object] = {"model": server.model}
    if server.chat:
        body["messages"] = _messages(request.prompt, asked)
    else:
        body["prompt"] = "\n\n".join(filter(None, (request.prompt.system, request.prompt.text)))
    body |= {
        "max_tokens": asked.tokens,
        "temperature": request.temperature,
        # Some servers keep a seed in 32 bits, with a sign.
        "seed": asked.seed & 0x7FFFFFFF,
        **_ALL_OF_IT[server.kind],
    }
    if asked.samples > 1:
        body["n"] = asked.samples
    if stop := _stop(asked, server.chat):
        body["stop"] = stop
    if server.kind == "vllm":
        body |= {"return_token_ids": True, "logprobs": True if server.chat else 1}
    if asked.form and request.legal:
        body[FIELD[asked.form]] = field_value(asked.form, request.legal)
    if server.chat and "max_tokens" in server.dropped:
        body["max_completion_tokens"] = body["max_tokens"]
    return {name: value for name, value in body.items() if name not in server.dropped}


def _messages(prompt: Prompt, asked: Asked) -> list[dict[str, str]]:
    system = prompt.system
    if asked.form == "schema":
        system = f"{system}\n\n{JSON_COMMAND if asked.request.line else JSON_ANSWER}".strip()
    messages = [{"role": "system", "content": system}] if system else []
    messages.append({"role": "user", "content": prompt.text})
    for wrong in asked.wrong:
        note = (
            f"That was no command: {wrong.why}. "
            "Reply with one command alone, on one line, exactly as the instructions write it."
        )
        messages.append({"role": "assistant", "content": wrong.text[:_MOST_SHOWN] or "(nothing)"})
        messages.append({"role": "user", "content": note})
    return messages


def _stop(asked: Asked, chat: bool) -> list[str]:
    """Return where the server should stop by itself; nowhere with a chat model.

    That may begin with an empty line, a thought or a fence, or write JSON over several lines; and
    vLLM would stop in the thoughts. It ends by itself, held by a form or not.
    """
    if chat or asked.form == "schema":
        return []
    return ["\n"] if asked.request.line else list(NEXT_STATE)
