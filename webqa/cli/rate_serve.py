"""`webqa rate serve`: the rating page, for people on this machine or with an invitation."""

from __future__ import annotations

import math
import socket
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from env.config import DEFAULT
from env.errors import ConfigError
from policies.human import HumanPolicy
from webqa.cli.exits import Exit
from webqa.cli.flags import (
    FETCH,
    LIVE,
    NO_LIMITS,
    BrowserFlags,
    FetchFlags,
    LiveFlags,
    Preset,
    RecordFlags,
)
from webqa.cli.flags import check as check_browser
from webqa.cli.loop import Loop
from webqa.cli.needing import need_rating
from webqa.cli.opening import opened_web
from webqa.folders import expanded
from webqa.rating.config import ServeConfig
from webqa.run import Settings
from webqa.serving.guard import Application, allowed_hosts, is_loopback
from webqa.serving.listening import announce, listening, until_told
from webqa.webs import NOT_RECORDED, WebConfig, web_settings

if TYPE_CHECKING:
    from uvicorn import Server

    from env.web.base import Web
    from webqa.rating.site.demonstrating import Demonstrating
    from webqa.rating.store.database import Store

SERVING = ServeConfig()
MOST_DAYS = 36_500
GRACE_SECONDS = 5
"""What is still being answered has so long once the server is told to end."""


def serve(
    *,
    database: Annotated[str, Parameter(name=["--database", "-d"])] = "ratings.db",
    serving: Annotated[ServeConfig, Parameter(name="*", group="Server")] = SERVING,
    web: str = "",
    preset: Preset = "default",
    browser: BrowserFlags = DEFAULT,
    fetch: FetchFlags = FETCH,
    live: LiveFlags = LIVE,
    recording: RecordFlags = NOT_RECORDED,
) -> int:
    """Serve the rating page. Ctrl-C ends it.

    Args:
        database: A file made by `webqa rate create`, or postgresql://USER@HOST/NAME.
        serving: Where it is served, and to whom.
        web: Where people look who answer questions themselves: as for `webqa ask`. Without it
            campaigns of that kind are listed and not served.
        preset: Values of the browser's flags that are not given; small is for tiny models.
        browser: Settings of the text browser.
        fetch: How live pages are fetched.
        live: Settings of a live web.
        recording: Whether the web's replies are recorded.
    """
    need_rating()
    check(serving)
    check_browser(browser, NO_LIMITS)
    config = WebConfig(fetch, live, recording)
    with Loop() as loop, ExitStack() as opened:
        demonstrating = None
        if web:
            found, _ = opened.enter_context(opened_web(web, browser, config, loop))
            settings = Settings(
                "of a campaign",
                HumanPolicy.name,
                found.identity,
                browser,
                web_settings=web_settings(web, config),
            )
            demonstrating = _demonstrating(found, settings)
        _serve(database, serving, demonstrating, loop)
    return Exit.DONE


def _demonstrating(web: Web, settings: Settings) -> Demonstrating:
    from webqa.rating.site.demonstrating import Demonstrating

    return Demonstrating(web, settings)


def _serve(
    database: str, serving: ServeConfig, demonstrating: Demonstrating | None, loop: Loop
) -> None:
    from webqa.rating.campaigns.creating import renew_guidelines
    from webqa.rating.site.application import make_application
    from webqa.rating.store.database import open_store
    from webqa.rating.store.people import secret_of

    where = database if "://" in database else expanded(database)
    with open_store(where, create=False) as store, listening(serving.host, serving.port) as one:
        for name in () if demonstrating else _browsed(store):
            print(
                f"{name} is not served, for people browse in it: say where with --web, as for "
                "webqa ask (--web sample)",
                file=sys.stderr,
            )
        for name in store.write(lambda session: renew_guidelines(session, datetime.now(UTC))):
            print(f"{name} is shown with a new edition of its guidelines", file=sys.stderr)
        secret = secret_of(store, where)
        application = make_application(store, serving, secret=secret, demonstrating=demonstrating)
        announce("the rating page", one, serving.served_as, https=serving.https)
        run(application, one, loop)


def _browsed(store: Store) -> Sequence[str]:
    """Return the names of the open campaigns in which people browse."""
    from sqlalchemy import select

    from webqa.rating.store.tables import Campaign

    with store.reading() as session:
        found = select(Campaign.name).where(
            Campaign.kind == "demonstrate", Campaign.closed.is_(False)
        )
        return session.scalars(found.order_by(Campaign.id)).all()


def check(serving: ServeConfig) -> None:
    """Refuse settings that make no sense, or let strangers in.

    Raises:
        ConfigError: they do.
    """
    if not 0 <= serving.port < 1 << 16:
        raise ConfigError(f"--port must be from 0 to {(1 << 16) - 1}, not {serving.port}")
    for name in ("session_days", "session_idle_days", "idle_seconds", "body_bytes"):
        if not 0 < getattr(serving, name) < math.inf:
            option = name.replace("_", "-")
            raise ConfigError(f"--{option} must be above 0, not {getattr(serving, name)}")
    if max(serving.session_days, serving.session_idle_days) > MOST_DAYS:
        raise ConfigError(f"--session-days and --session-idle-days are at most {MOST_DAYS:,}")
    allowed_hosts(serving.host, serving.served_as)
    if not serving.accounts and (not is_loopback(serving.host) or serving.served_as):
        raise ConfigError(
            "other machines can reach this page, and everybody would be its admin: give --accounts"
        )


def server(application: Application) -> Server:
    """Return a server that trusts no header of a proxy and tells nothing of itself."""
    import uvicorn

    return uvicorn.Server(
        uvicorn.Config(
            application,
            log_level="warning",
            access_log=False,  # addresses of invitations are as good as passwords
            lifespan="off",
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=GRACE_SECONDS,
        )
    )


def run(application: Application, listening: socket.socket, loop: Loop) -> None:
    """Serve until the process is told to stop; then what was begun is still answered."""
    with until_told():
        loop.complete(server(application).serve(sockets=[listening]))
