"""Raters who are programs: each signs in over HTTP, fills in the forms it finds, and submits.

They know the rating page as a browser does: by its forms and replies. What was acknowledged to them
is kept, so that it can be sought in the database afterwards.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

import httpx
from lxml import html

from webqa.rating.records import AXES

SCRIPT = {"accept": "application/json"}
PATIENCE = 60.0
"""Seconds in which a server that was killed has to be back."""


@dataclass(slots=True)
class Seen:
    """What the raters saw together."""

    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    """Of every request that was replied to, by kind."""
    acknowledged: dict[str, dict[str, str]] = field(default_factory=dict)
    """By assignment: the form that the server said it had taken."""
    retried: int = 0


class Rater:
    """One person at one browser."""

    def __init__(self, address: str, seen: Seen, number: int, pause: float) -> None:
        """Make a rater.

        Args:
            address: of the server.
            seen: where it notes what it saw.
            number: another one fills in other things.
            pause: seconds between two requests, on average.
        """
        self._seen, self._pause = seen, pause
        self._draw = random.Random(f"rater {number}")
        self._number = number
        self._client = httpx.AsyncClient(
            base_url=address, headers={"origin": address}, timeout=PATIENCE, trust_env=False
        )

    async def work(self, invitation: str) -> int:
        """Sign in, rate until nothing is left, and return how many items that were."""
        async with self._client:
            await self._join(invitation)
            done, place = 0, await self._begin()
            while place:
                place = await self._rate(place)
                done += 1
            return done

    async def _join(self, invitation: str) -> None:
        page = await self._ask("GET", invitation, "invitation")
        form = _form(page.text, "/join")
        fields = _filled(form, self._draw) | {"name": f"rater {self._number}"}
        await self._ask("POST", "/join", "joining", fields)

    async def _begin(self) -> str:
        reply = await self._ask("POST", "/campaign/1/next", "beginning")
        return _task(reply.headers.get("location", ""))

    async def _rate(self, place: str) -> str:
        """Rate a task and return the next one, which the server leases at once; or nothing."""
        page = await self._ask("GET", place, "task")
        form = _form(page.text, f"{place}/submit")
        fields = _filled(form, self._draw)
        await self._ask("POST", f"{place}/draft", "draft", fields, SCRIPT)
        reply = await self._ask("POST", f"{place}/submit", "submit", fields, SCRIPT)
        self._seen.acknowledged[place.rpartition("/")[2]] = fields
        return _task(reply.json()["location"])

    async def _ask(
        self, method: str, place: str, kind: str, fields: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:  # fmt: skip
        """Send a request; again with the same content while there is no server to reply."""
        await asyncio.sleep(self._draw.uniform(0, 2 * self._pause))
        until = time.monotonic() + PATIENCE
        while True:
            begin = time.perf_counter()
            try:
                reply = await self._client.request(method, place, data=fields, headers=headers)
                break
            except httpx.TransportError:
                if time.monotonic() > until:
                    raise
                self._seen.retried += 1
                await asyncio.sleep(0.1)
        self._seen.seconds[kind].append(time.perf_counter() - begin)
        if reply.status_code >= 400:
            raise SystemExit(f"{method} {place}: {reply.status_code} {reply.text[:300]}")
        return reply


def _task(place: str) -> str:
    """Return a place if a task is there; a campaign's own page says that nothing is left."""
    return place if place.startswith("/task/") else ""


def _form(page: str, action: str) -> html.FormElement:
    forms = html.fromstring(page).forms
    found = [one for one in forms if (one.action or "").endswith(action)]
    if not found:
        raise SystemExit(f"no form to {action} in a page of {len(page):,} characters")
    return found[0]


def _filled(form: html.FormElement, draw: random.Random) -> dict[str, str]:
    """Return a form's fields: every choice drawn, a sentence where text is asked for."""
    fields: dict[str, str] = {}
    choices: dict[str, list[str]] = defaultdict(list)
    for one in form.inputs:
        name, kind = one.name, getattr(one, "type", "")
        if not name or kind in ("checkbox", "submit", "button"):
            continue
        if kind == "radio":
            choices[name].append(one.get("value") or "")
        elif one.tag == "select":
            choices[name] += one.value_options
        elif kind == "hidden":
            fields[name] = one.value or ""
        else:
            fields[name] = f"Nothing to add, {draw.randrange(1000)}."
    wanted = {name: [value for value in values if value] for name, values in choices.items()}
    return fields | {name: draw.choice(values) for name, values in wanted.items() if values}


def axes_of(fields: Mapping[str, str]) -> dict[str, int]:
    """Return the comparative ratings in a form, of the left answer over the right one."""
    names = ("overall", *(f"axis-{name}" for name in AXES["detailed"]))
    return {name: int(fields[name]) for name in names if name in fields}
