"""`webqa rate create`: a campaign from answers that are there, or from questions."""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import Annotated

from cyclopts import Parameter

from webqa.cli.exits import Exit
from webqa.cli.needing import need_rating
from webqa.cli.rate_database import (
    DATABASE,
    DatabaseFlag,
    is_there,
    now,
    opened_store,
    without_password,
)
from webqa.cli.rate_told import note, tell_collected, tell_created
from webqa.rating.config import CampaignConfig, PairingConfig, SourceConfig

RULES = CampaignConfig()
SOURCES = SourceConfig()
PAIRING = PairingConfig()


def create(
    name: str,
    /,
    *,
    database: DatabaseFlag = DATABASE,
    sources: Annotated[
        SourceConfig, Parameter(name="*", group="Items", consume_multiple=1)
    ] = SOURCES,
    pairing: Annotated[PairingConfig, Parameter(name="*", group="Items")] = PAIRING,
    config: Annotated[CampaignConfig, Parameter(name="*", group="Rules")] = RULES,
) -> int:
    """Create a campaign from answers to be compared, or from questions to be answered.

    Quotes are shown within the stored pages of the runs, and checked against them: nothing is
    fetched. Which items come first, and which are to be filled in wholly, is drawn.

    Args:
        name: What to call it; no other campaign of the database has this name.
        database: A file, made where there is none, or postgresql://USER@HOST/NAME.
        sources: What its items come from.
        pairing: Which answers of runs are compared.
        config: Its rules.
    """
    need_rating()
    from webqa.rating.campaigns.creating import check_items
    from webqa.rating.campaigns.creating import create as create_campaign
    from webqa.rating.campaigns.gathering import gather

    _check(name, database, config)
    gathered = gather(sources, pairing, config if config.seed else replace(config, seed=_drawn()))
    found = gathered.collected
    tell_collected(found)
    check_items(found.items, gathered.config)
    with opened_store(database, create=True) as store:
        created = store.write(
            lambda session: create_campaign(
                session, name, found.items, gathered.config, now(), authors=gathered.authors
            )
        )
    tell_created(created, gathered.config)
    if gathered.config.kind == "demonstrate":
        note("A server that runs without --web must be started again with it, to serve this one")
    flags = [*(["--web WEB"] if gathered.config.kind == "demonstrate" else ())]
    where = without_password(database)
    if database != DATABASE:
        flags.append(f"--database {where}")
    print(f"It is in {where}. Next: {' '.join(['webqa rate serve', *flags])}")
    return Exit.DONE


def _drawn() -> int:
    return 1 + secrets.randbelow(2**31 - 1)


def _check(name: str, database: str, config: CampaignConfig) -> None:
    """Refuse what can be refused before items are read, which may take minutes."""
    from webqa.rating.campaigns.creating import check_name, check_plan

    check_plan(name, config)
    if is_there(database):
        with opened_store(database) as store, store.reading() as session:
            check_name(session, name)
