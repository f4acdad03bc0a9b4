"""Settings of a model behind a server. Knows no command line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from env.errors import ConfigError

Kind = Literal["openai", "vllm", "llama.cpp", "ollama"]

MOST_CONNECTIONS = 32
"""Per client; httpx becomes slow beyond."""
MOST_TRIES = 6


@dataclass(frozen=True, slots=True)
class EndpointConfig:
    """How a server is asked."""

    kind: Literal["auto", "openai", "vllm", "llama.cpp", "ollama"] = "auto"
    """What the server is: it decides how commands are constrained. `auto` finds out."""
    chat: Literal["auto", "yes", "no"] = "auto"
    """Whether to send messages or a text to go on from. `auto`: messages, if the server can."""
    context: int = 0
    """Tokens that prompt and completion may have together; 0 asks the server, else 8192."""
    seconds: float = 300.0
    """Seconds for one completion with all its tries; waiting for a free connection is extra."""
    tries: int = MOST_TRIES
    """How often a request is sent at most when the server is busy or the connection is lost."""
    corrections: int = 2
    """How often a chat model is asked again that wrote no command, where nothing constrains it."""
    thinking: int = 4096
    """Tokens granted beyond the completion's to a model that thinks before it writes."""
    connections: int = MOST_CONNECTIONS
    """Connections that each client keeps open at most."""
    clients: int = 4
    """HTTP clients per server that share the episodes between them."""
    key_variable: str = "OPENAI_API_KEY"
    """Environment variable that holds the key of the server; empty: send none."""
    trust_env: bool = False
    """Go through the proxy that the environment names (HTTPS_PROXY and so on)."""


DEFAULT = EndpointConfig()


def check(config: EndpointConfig) -> None:
    """Refuse numbers that make no sense.

    Raises:
        ConfigError: a number is too small or too large.
    """
    for name in ("context", "corrections", "thinking"):
        if getattr(config, name) < 0:
            raise ConfigError(f"--server.{name} must be 0 or more, not {getattr(config, name)}")
    for name in ("seconds", "tries", "connections", "clients"):
        # Written so that a NaN is refused, too.
        if not getattr(config, name) > 0:
            raise ConfigError(f"--server.{name} must be above 0, not {getattr(config, name)}")
    for name, most in (("connections", MOST_CONNECTIONS), ("tries", MOST_TRIES)):
        if getattr(config, name) > most:
            raise ConfigError(
                f"--server.{name} must be at most {most}, not {getattr(config, name)}"
            )
