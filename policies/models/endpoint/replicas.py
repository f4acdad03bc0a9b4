"""Which of several equal servers is asked: the same for the same key, another when one is down.

Knows no HTTP and no model.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import sha256

from policies.models.endpoint.transport import Transport

FAILURES = 3
"""In a row, after which a server rests."""
FIRST_REST = 5.0
LONGEST_REST = 60.0
"""Seconds; each further failure doubles the rest up to this."""


class Replica:
    """A server, and how it is doing."""

    def __init__(self, transport: Transport, clock: Callable[[], float]) -> None:
        self.transport = transport
        self._clock = clock
        self._failures = 0
        self._rests_until = float("-inf")

    @property
    def resting(self) -> float:
        """For how many seconds it is better left alone; 0 when it is well."""
        return max(0.0, self._rests_until - self._clock())

    def failed(self) -> None:
        """Remember that a request failed."""
        self._failures += 1
        if self._failures >= FAILURES:
            rest = FIRST_REST * 2.0 ** min(self._failures - FAILURES, 10)
            self._rests_until = self._clock() + min(rest, LONGEST_REST)

    def worked(self) -> None:
        """Remember that a request got its reply."""
        self._failures = 0
        self._rests_until = float("-inf")


class Replicas:
    """Equal servers."""

    def __init__(self, replicas: Sequence[Replica]) -> None:
        self.all = tuple(replicas)
        self._next = 0

    def choose(self, key: str, failed: set[Replica]) -> Replica:
        """Return whom to ask: of those who are well, always the same for a key.

        Args:
            key: an episode's; empty: each in turn.
            failed: those who failed this very request; asked again only when all have.
        """
        if not key:
            self._next += 1
            key = str(self._next)

        def rank(replica: Replica) -> tuple[bool, float, bytes]:
            # By a hash of key and server together: if one is down, only its keys move.
            name = f"{key}\0{replica.transport.address.api}"
            return (replica in failed, replica.resting, sha256(name.encode()).digest())

        return min(self.all, key=rank)
