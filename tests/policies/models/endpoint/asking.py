"""What the tests of the endpoint share: a model with a clock of its own, requests, legal lines."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from policies.grammar.legal import Legal, Line
from policies.models.base import Prompt, Request
from policies.models.endpoint.config import EndpointConfig
from policies.models.endpoint.model import EndpointModel
from policies.models.endpoint.outside import Outside

SECRET = "sk-this-must-never-be-seen-0123456789"
LEGAL = Legal(
    (
        Line("search", "Search ", "text"),
        Line("click", "Clicked on link ", "choice", ("1", "2")),
        Line("back", "Back", "nothing"),
    )
)
ANSWERING = Legal(answering=True, citations=2)
COMMAND = Request(Prompt("♦Next action\n", "You browse."), LEGAL, temperature=0.0, key="one")
ANSWER = Request(Prompt("Why?■", "You answer."), ANSWERING, line=False, key="one")


class Waits:
    """Sleeps in no time, and remembers for how long."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


def make(url, waits=None, *, now=0.0, key="", name="small", **settings):
    """Return a model that never really waits between tries."""
    outside = Outside(
        now=lambda: now,
        sleep=(waits or Waits()).sleep,
        random=Random(0),
        environment={"OPENAI_API_KEY": key} if key else {},
    )
    config = replace(EndpointConfig(seconds=60.0), **settings)
    return EndpointModel(name, url, config, outside)


async def one(model, request=COMMAND, **changes):
    """Return the one completion of a request."""
    (completion,) = await model.complete(replace(request, **changes))
    return completion
