"""What an episode cost: actions, tokens, seconds, money. Knows no provider and no price list."""

from __future__ import annotations

from dataclasses import dataclass

from env.errors import ConfigError
from env.records import Episode

MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Prices:
    """What a model's provider asks for a million tokens, in any currency."""

    read: float = 0.0
    """Tokens of prompts."""
    written: float = 0.0
    """Tokens of completions."""
    cached: float | None = None
    """Tokens of prompts that were known from before; none: they cost what the others cost."""

    def check(self) -> None:
        """Refuse prices that make no sense.

        Raises:
            ConfigError: one is negative or no number.
        """
        for price in (self.read, self.written, self.cached or 0.0):
            if not 0 <= price < float("inf"):
                raise ConfigError(f"a price per million tokens must be 0 or more, not {price}")


@dataclass(frozen=True, slots=True)
class Spent:
    """What one episode took."""

    actions: int
    """Commands given, those that failed included; the answer is none."""
    tokens_read: int
    """Of prompts, those known from before included."""
    tokens_cached: int
    """Of these, known from before."""
    tokens_written: int
    seconds: float
    """By the clock, as the episode's record has it."""

    def cost(self, prices: Prices) -> float:
        """Return what the tokens cost, in the currency of the prices."""
        cached = prices.read if prices.cached is None else prices.cached
        return (
            (self.tokens_read - self.tokens_cached) * prices.read
            + self.tokens_cached * cached
            + self.tokens_written * prices.written
        ) / MILLION


def spent_on(episode: Episode) -> Spent:
    """Return what an episode took.

    One that answers to the browsing of another one (`parent`) has the actions of that, and tokens
    and seconds of its own answer alone.
    """
    steps = episode.steps
    own = [step for step in steps if step.observation.answering] if episode.parent else steps
    cached = sum(step.completion.cached_tokens for step in own)
    return Spent(
        sum(not step.observation.answering for step in steps),
        episode.prompt_tokens,
        min(cached, episode.prompt_tokens),
        episode.completion_tokens,
        episode.seconds,
    )
