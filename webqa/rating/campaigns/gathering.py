"""All that a campaign is to be made from, read and put together. Knows no database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from env.errors import ConfigError
from webqa.folders import expanded
from webqa.rating.campaigns.gold import read_gold
from webqa.rating.campaigns.pairs_of_runs import pairs_of
from webqa.rating.campaigns.sources import Collected, collect, read_pairs, read_tasks
from webqa.rating.config import CampaignConfig, PairingConfig, SourceConfig
from webqa.rating.results.demonstrations import read_authors
from webqa.sets.opening import open_questions


class Gathered(NamedTuple):
    """What a campaign can be created with."""

    config: CampaignConfig
    collected: Collected
    authors: Mapping[str, str]
    """Names of those who wrote episodes, by the episode's id."""


def gather(sources: SourceConfig, pairing: PairingConfig, config: CampaignConfig) -> Gathered:
    """Read the sources of a campaign.

    Raises:
        ConfigError: they do not go together, or one of them cannot be read.
        RecordError: a line is not what it should be.
    """
    compared = bool(sources.run or sources.pairs or sources.tasks)
    if sources.questions:
        return _to_demonstrate(sources, config, compared)
    if config.kind == "demonstrate":
        raise ConfigError("a demonstrating campaign needs --questions: a file of them")
    if not compared:
        raise ConfigError(
            "nothing to be compared: give --run, --pairs or --tasks; or --questions, to be answered"
        )
    if pairing.written and (config.profile != "minimal" or not sources.run):
        raise ConfigError(
            "answers by people have no sources: --written is for --run with --profile minimal"
        )
    if sources.tasks and config.profile == "minimal":
        raise ConfigError(
            "tasks point at places of their answers, so that nothing can be taken out of these: "
            "create the campaign with --profile detailed"
        )
    runs = list(map(expanded, sources.run))
    folders = [*runs, *map(expanded, sources.pages)]
    tasks = [task for path in sources.tasks for task in read_tasks(expanded(path))]
    if sources.gold and any(task.planted for task in tasks):
        raise ConfigError(
            "a trial asks of each answer whether it has a flaw, and gold items do not: raters "
            "would know them by that. Leave --gold out; what is planted checks them, too"
        )
    found = Collected(config.profile, without_leaks=sources.without_leaks)
    unpaired, unusable = found.questions_left_out, found.gold_left_out
    collect(
        [
            *(pairs_of(runs, pairing, config.seed, unpaired) if runs else ()),
            *(pair for path in sources.pairs for pair in read_pairs(expanded(path))),
        ],
        tasks,
        read_gold(list(map(expanded, sources.gold)), unusable),
        folders,
        found,
    )
    return Gathered(config, found, read_authors(folders))


def _to_demonstrate(sources: SourceConfig, config: CampaignConfig, compared: bool) -> Gathered:
    if compared or sources.gold:
        raise ConfigError("--questions are answered by people: leave --run, --pairs, --gold out")
    if config.profile == "minimal":
        raise ConfigError("--profile is of answers that are compared: --questions has none")
    found = Collected(config.profile)
    for question in open_questions(_opened(sources.questions)):
        found.question(question)
    return Gathered(replace(config, kind="demonstrate"), found, {})


def _opened(source: str) -> str | Path:
    return source if source.startswith("hub:") else expanded(source)
