"""Asking until there is a reply: replicas, retries and the time for it. Knows no model."""

from __future__ import annotations

from collections.abc import Callable

from env.web.fetch.retries import retry_after
from policies.models.endpoint.address import Key
from policies.models.endpoint.faults import Fault, passes, pause
from policies.models.endpoint.outside import Budget, Outside
from policies.models.endpoint.replicas import Replica, Replicas
from policies.models.endpoint.transport import Reply
from policies.models.endpoint.words import spent, words_of


class Asker:
    """Sends requests to whichever replica answers."""

    def __init__(self, replicas: Replicas, key: Key, tries: int, outside: Outside) -> None:
        self._replicas = replicas
        self._key = key
        self._tries = tries
        self._outside = outside

    async def ask(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        *,
        key: str = "",
        budget: Budget,
        final: Callable[[Reply], bool] = lambda _reply: False,
    ) -> Reply:
        """Return the first reply whose status does not say "later".

        Args:
            method: of HTTP.
            path: behind the address's version, such as `/models`.
            body: JSON.
            key: requests with the same key go to the same server.
            budget: what it may take; tries and the waits between them are charged to it.
            final: tells that a reply is not worth asking again for, though its status is.

        Raises:
            Fault: nobody answered in so many tries, or in time.
        """
        failed: set[Replica] = set()
        tries = 0
        while True:
            replica = self._replicas.choose(key, failed)
            url = replica.transport.address.api + path
            tries += 1
            try:
                reply = await replica.transport.send(method, url, body, key=key, budget=budget)
                if not passes(reply.status) or final(reply):
                    replica.worked()
                    return reply
                fault = self._busy(replica, reply)
            except Fault as error:
                fault = error
            replica.failed()
            failed.add(replica)
            await self._wait(fault, tries, len(failed) < len(self._replicas.all), budget)

    async def _wait(self, fault: Fault, tries: int, others: bool, budget: Budget) -> None:
        """Wait until it is time to ask again; raise the fault where there is no sense in it."""
        if others and tries < self._tries:
            return
        wait = pause(tries, fault.asked, self._outside.random)
        if not fault.passing or tries >= self._tries or wait >= budget.left:
            raise _told(fault, tries) from None
        with budget.spending():
            await self._outside.sleep(wait)

    def _busy(self, replica: Replica, reply: Reply) -> Fault:
        asked = retry_after(reply.headers, self._outside.now())
        words = words_of(reply.body)
        said = self._key.said(words.text)
        rest = f", and asks to wait {asked:g} seconds" if asked else ""
        return Fault(
            f"{replica.transport.address.root} answered with status {reply.status}{rest}"
            + (f": {said}" if said else ""),
            passing=not spent(words),
            asked=asked,
            status=reply.status,
        )


def _told(fault: Fault, tries: int) -> Fault:
    if tries == 1:
        return fault
    words = f"{fault} (asked {tries} times)"
    return Fault(words, passing=fault.passing, asked=fault.asked, status=fault.status)
