"""`webqa rate`: campaigns in which people compare answers, or browse and answer themselves."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from env.errors import ConfigError
from webqa.cli.exits import Exit
from webqa.cli.needing import need_rating
from webqa.cli.rate_database import (
    DATABASE,
    DatabaseFlag,
    campaigns,
    located,
    now,
    opened_store,
    person_named,
)
from webqa.cli.rate_told import tell_invited, tell_progress
from webqa.folders import expanded
from webqa.rating.config import LEARNT, Form, WhichConfig
from webqa.rating.records import Role

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

WHICH = WhichConfig()
MOST_INVITES = 1_000
MOST_DAYS = 36_500

rate = App(
    name="rate",
    help="""Let people compare answers, or browse and answer questions themselves.

    `create` makes a campaign, `invite` links for the people who work on it, `serve` the page;
    `status` tells how far it is, `export` writes what people said, and `backup` copies all.""",
    help_epilogue="",
    default_parameter=Parameter(negative=()),
)
rate.command(
    "webqa.cli.rate_create:create",
    name="create",
    help="Create a campaign from answers to be compared, or from questions to be answered.",
)
rate.command(
    "webqa.cli.rate_backup:backup",
    name="backup",
    help="Copy a database as it is now, also while it is served, and its secret.",
)
rate.command(
    "webqa.cli.rate_serve:serve", name="serve", help="Serve the rating page. Ctrl-C ends it."
)


@rate.command
def invite(
    *,
    database: DatabaseFlag = DATABASE,
    role: Role = "rater",
    number: int = 1,
    days: float = 14.0,
    again: str = "",
    note: str = "",
    at: str = "http://127.0.0.1:8400",
) -> int:
    """Make links by which people sign in: each lets one person in, once.

    A link is shown now and never again: the database holds only a hash of it.

    Args:
        database: The file or address of the database.
        role: rater: works on campaigns; reviewer: sees the dashboard and settles disagreements;
            admin: also invites people, on the page too.
        number: How many links.
        days: After which they are no longer valid.
        again: Name of somebody who was invited before and is to sign in once more.
        note: What the links are for, kept beside them.
        at: Address at which the page is served.
    """
    need_rating()
    from webqa.rating.store.people import invite as invite_person
    from webqa.rating.store.people import secret_of

    if not 1 <= number <= MOST_INVITES:
        raise ConfigError(f"--number must be from 1 to {MOST_INVITES:,}, not {number}")
    if not 0 < days <= MOST_DAYS:
        raise ConfigError(f"--days must be above 0 and at most {MOST_DAYS:,}, not {days:g}")
    if again and number > 1:
        raise ConfigError("--again is for one person: leave --number out")
    with opened_store(database) as store:
        secret = secret_of(store, located(database))

        def make(session: Session) -> list[str]:
            person = person_named(session, again) if again else None
            return [
                invite_person(session, secret, role, now(), days=days, person=person, note=note)
                for _ in range(number)
            ]

        for token in store.write(make):
            print(f"{at.rstrip('/')}/join/{token}")
    tell_invited(number, role, days, at)
    return Exit.DONE


@rate.command
def status(
    campaign: str = "",
    /,
    *,
    database: DatabaseFlag = DATABASE,
    json: Path | None = None,
) -> int:
    """Tell how far campaigns are, how their raters work, and how far these agree.

    Args:
        campaign: Its name; without it, all of them.
        database: The file or address of the database.
        json: A file to write all numbers to.
    """
    need_rating()
    import msgspec

    from policies.checkpoints import write_whole
    from webqa.rating.results.agreeing import agreements, disagreements
    from webqa.rating.results.progress import progress

    out = _file(json) if json else None
    figures = []
    with opened_store(database) as store, store.reading() as session:
        for one in campaigns(session, campaign):
            found = progress(session, one, now())
            agreed, apart = agreements(session, one), disagreements(session, one)
            tell_progress(found, agreed, apart)
            figures.append({"progress": found, "agreement": agreed, "disagreements": apart})
    if out:
        write_whole(
            out, msgspec.json.format(msgspec.json.encode(figures), indent=1).decode() + "\n"
        )
        print(f"The numbers are in {out}")
    return Exit.DONE


@rate.command
def export(
    campaign: str = "",
    /,
    *,
    out: Annotated[Path, Parameter(name=["--out", "-o"])],
    database: DatabaseFlag = DATABASE,
    form: Form = "webqa",
    which: Annotated[WhichConfig, Parameter(name="*")] = WHICH,
    mean: bool = False,
    run: Path | None = None,
) -> int:
    """Write what people said: the latest revision of every rating, or their demonstrations.

    Ratings that say nothing of which answer is better, as those of nonsense, are left out of the
    forms to learn from, and so are gold items and a trial's.

    Args:
        campaign: Its name; without it, the only one.
        out: The file to write; with --form run, the folder.
        database: The file or address of the database.
        form: webqa: comparisons, for `webqa train-reward` and `webqa rank`; webgpt, hugging-face,
            trl: the same in forms of others; ratings: all that was said, as JSON lines; csv,
            parquet: as a table; inspect: mean ratings of the answers of --run, for inspect_ai; run:
            demonstrations, for `webqa clone`.
        which: Which ratings.
        mean: One comparison of each pair, the mean of its raters', instead of one of each rater.
        run: With --form inspect: a run folder whose answers were compared.
    """
    need_rating()
    from webqa.cli.rate_export import write_out
    from webqa.rating.store.database import note_event

    place = expanded(out) if form == "run" else _file(out)
    if (run is not None) != (form == "inspect"):
        raise ConfigError("--form inspect needs --run, and no other form takes it")
    if mean and form not in LEARNT:
        raise ConfigError(f"--mean is for comparisons, and not for --form {form}, which has all")
    with opened_store(database) as store:
        with store.reading() as session:
            (chosen,) = campaigns(session, campaign, only=True)
            name, folders = chosen.name, [expanded(run)] if run else []
            rows = write_out(session, chosen, form, place, which, mean=mean, runs=folders)
        store.write(
            lambda session: note_event(
                session, "exported", now(), campaign=name, form=form, rows=rows
            )
        )
    return Exit.DONE


@rate.command
def close(
    campaign: str,
    /,
    *,
    database: DatabaseFlag = DATABASE,
    reopen: bool = False,
) -> int:
    """Hand out nothing more of a campaign; what somebody has begun can still be submitted.

    Args:
        campaign: Its name.
        database: The file or address of the database.
        reopen: Go on with it instead.
    """
    need_rating()
    from webqa.rating.campaigns.creating import campaign_named
    from webqa.rating.campaigns.creating import close as close_campaign

    def change(session: Session) -> int:
        found = campaign_named(session, campaign)
        return close_campaign(session, found, now(), closed=not reopen)

    with opened_store(database) as store:
        busy = store.write(change)
    print(f"{campaign} is {'open again' if reopen else 'closed'}")
    if busy and not reopen:
        people = "1 person is" if busy == 1 else f"{busy:,} people are"
        print(f"{people} at work: what they have begun can still be submitted")
    return Exit.DONE


def _file(path: Path) -> Path:
    if (out := expanded(path)).is_dir():
        raise ConfigError(f"{out} is a folder: name a file to write")
    return out
