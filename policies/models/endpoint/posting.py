"""Sending a request until the server takes it, in other words if need be. Knows no HTTP library.

A field or form that a server refuses is left out and remembered; what cannot be helped becomes a
sentence that says what to do.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import msgspec

from policies.models.base import Request
from policies.models.endpoint.address import Key
from policies.models.endpoint.asking import Asker
from policies.models.endpoint.bodies import Asked, Server, Wrong, make_body
from policies.models.endpoint.costs import Drawn, How, estimate_prompt, shares
from policies.models.endpoint.faults import Fault
from policies.models.endpoint.forms import JSON_TOKENS, Form
from policies.models.endpoint.learning import REFUSALS, Learned, told_context
from policies.models.endpoint.outside import Budget
from policies.models.endpoint.probing import refused_key
from policies.models.endpoint.reading import read_reply
from policies.models.endpoint.transport import Reply
from policies.models.endpoint.words import Words, no_chat, too_long, words_of

_MOST_CHANGES = 16
"""Fields and forms that one request may lose before we give up."""
_CHARACTERS = 40
"""Per token that was asked for; a server that writes more does not keep the limit."""
_SHORTEST_CONTEXT = 256
_SHOWN_MODELS = 5


@dataclass(slots=True)
class Endpoint:
    """The model that is asked, and what is known of it by now."""

    name: str
    where: str
    context: int
    fixed_context: bool
    """Whether the user told the context."""
    thinking: int
    """Tokens granted to thoughts."""
    learned: Learned
    models: tuple[str, ...] = field(default=())
    """Names that the server lists."""


class Poster:
    """Sends requests for completions."""

    def __init__(self, endpoint: Endpoint, asker: Asker, key: Key) -> None:
        self._endpoint = endpoint
        self._asker = asker
        self._key = key

    async def post(
        self,
        request: Request,
        budget: Budget,
        *,
        seed: int,
        samples: int = 1,
        wrong: tuple[Wrong, ...] = (),
    ) -> list[Drawn]:
        """Return what the server drew: at least one choice, perhaps fewer than `samples`.

        Args:
            request: what is to be completed.
            budget: the time for it.
            seed: sent in place of the request's.
            samples: choices wanted of this one request.
            wrong: what the model wrote before that was no command.

        Raises:
            Fault: no completion; says why.
        """
        learned = self._endpoint.learned
        without: set[Form] = set()
        for _ in range(_MOST_CHANGES):
            form = learned.form(without) if request.legal else None
            asked = Asked(request, form, samples, seed, self._room(request, form), wrong)
            granted = learned.thinks
            server = Server(self._endpoint.name, learned.kind, learned.chat, learned.dropped)
            body = make_body(asked, server)
            path = "/chat/completions" if server.chat else "/completions"
            data = msgspec.json.encode(body)
            try:
                reply = await self._asker.ask(
                    "POST", path, data, key=request.key, budget=budget, final=_telling
                )
            except Fault as fault:
                if not learned.doubts_chat(fault.status):
                    raise
                continue
            if reply.status == 200:
                learned.answered = True
                return self._read(reply, asked, granted)
            failed = self._adapt(reply, body, form, request)
            without |= {failed} if failed else set()
        raise Fault(f"{self._endpoint.where} refuses each form of the request")

    def _room(self, request: Request, form: Form | None) -> int:
        """Return the tokens that a completion may have, with those that go into thoughts."""
        needed = request.max_tokens + (JSON_TOKENS if form == "schema" else 0)
        if not self._endpoint.learned.thinks:
            return needed
        left = self._endpoint.context - estimate_prompt(request.prompt)
        return max(needed, min(needed + self._endpoint.thinking, left))

    def _read(self, reply: Reply, asked: Asked, granted: bool) -> list[Drawn]:
        try:
            read = read_reply(reply.body, _CHARACTERS * asked.tokens)
        except Fault as fault:
            where = self._endpoint.where
            raise Fault(f"{where} is no OpenAI-compatible server, or is broken: {fault}") from None
        how = How(asked.form, asked.tokens, granted)
        return shares(read, how, asked.request.prompt)

    def _adapt(
        self, reply: Reply, body: dict[str, object], form: Form | None, request: Request
    ) -> Form | None:
        """Learn from a refusal what to do without; return a form to do without this once.

        Raises:
            Fault: there is nothing to learn.
        """
        if reply.status in (401, 403):
            raise refused_key(reply, self._key)
        if reply.status not in REFUSALS:
            raise self._refused(reply)
        words, learned = words_of(reply.body), self._endpoint.learned
        if too_long(words):
            raise self._too_long(request, words)
        if "messages" in body and learned.no_chat(reply.status, words):
            return None
        if reply.status in (404, 405):
            raise self._refused(reply)
        if learned.refused_field(words, body) is not None:
            return None
        if form is None:
            raise self._refused(reply)
        learned.strike(form)
        return form

    def _too_long(self, request: Request, words: Words) -> Fault:
        endpoint, told = self._endpoint, told_context(words)
        if not endpoint.fixed_context and _SHORTEST_CONTEXT <= told < endpoint.context:
            endpoint.context = told
        return Fault(
            f"the prompt of about {estimate_prompt(request.prompt)} tokens is too long for "
            f"{endpoint.name}: set --server.context to what the server has, or use --preset small; "
            f"it says: {self._key.said(words.text)}"
        )

    def _refused(self, reply: Reply) -> Fault:
        endpoint, said = self._endpoint, self._key.said(words_of(reply.body).text)
        if 300 <= reply.status < 400:
            return Fault(
                f"{endpoint.where} sends elsewhere (status {reply.status}), which is not followed: "
                "give the address of the server itself"
            )
        words = f"{endpoint.where} refused the request (status {reply.status})"
        words += f": {said}" if said else ""
        if reply.status == 404 and endpoint.models and endpoint.name not in endpoint.models:
            offered = (self._key.said(name) for name in endpoint.models[:_SHOWN_MODELS])
            words += f"; its models are: {', '.join(offered)}"
        elif reply.status == 404:
            words += "; is the model's name right, and does the address end in /v1?"
        return Fault(words)


def _telling(reply: Reply) -> bool:
    """Tell whether a server's fault is the request's: some send 500 for what they cannot do."""
    if reply.status not in (500, 501):
        return False
    words = words_of(reply.body)
    return too_long(words) or no_chat(words)
