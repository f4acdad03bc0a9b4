"""`webqa serve`: ask in the browser, watch the steps arrive, read the answer beside its quotes."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from env.config import DEFAULT
from env.errors import ConfigError
from webqa.asking import Conversation
from webqa.best_of import record_scores
from webqa.choosing import BestOf, ChooseConfig, Chosen, settings_of
from webqa.cli.ask import make_setup, sampling
from webqa.cli.exits import Exit
from webqa.cli.flags import (
    FETCH,
    LIVE,
    LOCAL,
    NO_LIMITS,
    NO_MODEL,
    SERVER,
    BrowserFlags,
    FetchFlags,
    LimitFlags,
    LiveFlags,
    LocalFlags,
    ModelFlags,
    Preset,
    RecordFlags,
    ServerFlags,
    check,
)
from webqa.cli.loop import Loop
from webqa.cli.needing import need_rating
from webqa.cli.opening import ModelSettings, opened_policy, opened_web
from webqa.cli.rate_serve import check as check_serving
from webqa.cli.rate_serve import run
from webqa.folders import expanded
from webqa.rating.config import ServeConfig
from webqa.rating.site.asked import AskConfig, Questions
from webqa.run import Run, Settings
from webqa.scoring import open_scorer
from webqa.serving.listening import announce, listening
from webqa.webs import NOT_RECORDED, WebConfig, services_of, web_settings

if TYPE_CHECKING:
    from policies.base import MakePolicy, Rollout, Setup

ONE = ChooseConfig()
SERVE = ServeConfig()
ASK = AskConfig()


def serve(
    *,
    web: str = "sample",
    policy: str = "extractive",
    database: Annotated[str, Parameter(name=["--database", "-d"])] = "ratings.db",
    save: Path | None = None,
    asking: Annotated[AskConfig, Parameter(name="*")] = ASK,
    serving: Annotated[ServeConfig, Parameter(name="*", group="Server")] = SERVE,
    choosing: Annotated[ChooseConfig, Parameter(name="*", group="Choosing")] = ONE,
    preset: Preset = "default",
    browser: BrowserFlags = DEFAULT,
    limits: LimitFlags = NO_LIMITS,
    model: ModelFlags = NO_MODEL,
    engine: LocalFlags = LOCAL,
    server: ServerFlags = SERVER,
    fetch: FetchFlags = FETCH,
    live: LiveFlags = LIVE,
    recording: RecordFlags = NOT_RECORDED,
) -> int:
    """Serve a page on which questions are asked, and answered with citations.

    The steps are shown as they come, then the answer with its quotes beside it; a thumb up or
    down, with a note, goes into the database of `webqa rate`. Ctrl-C ends it.

    Args:
        web: Where to look: as for `webqa ask`.
        policy: Who browses and answers: extractive.
        database: Where votes are kept: a file, or postgresql://USER@HOST/NAME.
        save: Record the episodes and their pages in this run folder.
        asking: How much is asked at once.
        serving: Where it is served, and to whom.
        choosing: How many answers are sampled, and which one is given.
        preset: Values of the browser's flags that are not given; small is for tiny models.
        browser: Settings of the text browser.
        limits: What one question may cost.
        model: A language model that browses and answers.
        engine: How a model on this machine is run.
        server: How a server is asked.
        fetch: How live pages are fetched.
        live: Settings of a live web.
        recording: Whether the web's replies are recorded.
    """
    _check(asking, serving)
    check(browser, limits)
    model, config = sampling(choosing, model), WebConfig(fetch, live, recording)
    with (
        Loop() as loop,
        opened_web(web, browser, config, loop) as (opened, visits),
        opened_policy(policy, opened, ModelSettings(model, engine, server), loop) as made,
    ):
        settings = Settings(
            "typed", made.name, opened.identity, browser, limits, model.seed,
            made.settings | settings_of(choosing), web_settings(web, config),
        )  # fmt: skip
        with Run(save, settings, web_name=web) if save else nullcontext() as run:
            visits.log = run.visited if run else None
            setup = make_setup(opened, settings, run)
            asked = _questions(made.make, setup, run, asking, choosing, model.seed)
            _serve(asked, _about(web), database, serving, loop)
    return Exit.DONE


def _questions(
    make: MakePolicy,
    setup: Setup,
    run: Run | None,
    asking: AskConfig,
    choosing: ChooseConfig,
    seed: int,
) -> Questions:
    best = BestOf(make, open_scorer(choosing.scorer), choosing) if choosing.wanted else None
    chosen: dict[str, Chosen] = {}

    async def play(*asked: Any, **how: Any) -> Rollout:  # noqa: ANN401 - as webqa.asking.Play
        assert best
        rollout = await best.play(*asked, **how)
        if run and best.last:
            chosen[rollout.episode.id] = best.last
        return rollout

    def record(rollout: Rollout) -> None:
        if not run:
            return
        of = chosen.pop(rollout.episode.id, None)
        for one in of.rollouts if of else (rollout,):
            run.add(one)
        if of:
            record_scores(run.folder, of, choosing.scorer)

    def converse() -> Conversation:
        return Conversation(make, setup, seed, play=play if best else None)

    attempts = run.attempts if run else lambda _id: 0
    return Questions(converse, asking, record, attempts, each=choosing.best_of)


def _about(web: str) -> str:
    """Return in a few words what is searched."""
    named = services_of(web)
    return f"the web, by way of {' or '.join(named)}" if named else f"the offline web “{web}”"


def _serve(
    questions: Questions, about: str, database: str, serving: ServeConfig, loop: Loop
) -> None:
    from starlette.responses import RedirectResponse
    from starlette.routing import Route

    from webqa.rating.site.application import make_application
    from webqa.rating.site.asking import Asking
    from webqa.rating.store.database import open_store
    from webqa.rating.store.people import secret_of

    where = database if "://" in database else expanded(database)
    with open_store(where) as store, listening(serving.host, serving.port) as one:
        begin = Route("/", lambda _request: RedirectResponse("/ask"))
        application = make_application(
            store,
            serving,
            secret=secret_of(store, where),
            extra_routes=[begin, *Asking(questions, about).routes()],
        )
        announce("a page to ask questions", one, serving.served_as, https=serving.https)
        try:
            run(application, one, loop)
        finally:
            loop.complete(questions.close())  # before the web is closed


def _check(asking: AskConfig, serving: ServeConfig) -> None:
    """Refuse what makes no sense, or cannot be served."""
    need_rating()
    check_serving(serving)
    for name, value in (("concurrent", asking.concurrent), ("kept", asking.kept)):
        if value < 1:
            raise ConfigError(f"--{name} must be at least 1, not {value}")
