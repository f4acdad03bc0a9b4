"""Run folders: what is stored, in which order, and what they refuse."""

import json
from dataclasses import replace

import pytest

from env.config import SMALL
from env.errors import ConfigError
from env.records import Question, WebIdentity, make_page
from env.web.memory import MemoryWeb
from policies.base import Limits, Setup, run_episode
from policies.scripted import ScriptedPolicy
from webqa.run import (
    EPISODES,
    PAGES,
    Run,
    Settings,
    configuration,
    read_config,
    read_episodes,
    read_pages,
)

SETTINGS = Settings("typed", "scripted", WebIdentity("memory", "abc"))
PAGE = make_page("https://a.example/", "A", "The sky is blue.", domain="a.example")
WEB = MemoryWeb([PAGE])


async def rollout(name="q", attempt=0):
    policy = ScriptedPolicy(["Search sky", "Clicked on link 0"])
    return await run_episode(policy, Question(name, "Why?"), Setup(WEB, run="r"), attempt=attempt)


async def test_what_was_added_is_read_back(tmp_path):
    """Fails when an episode or its pages come back changed, or a page is stored twice."""
    first, second = await rollout("one"), await rollout("two")
    with Run(tmp_path / "r", SETTINGS, web_name="memory") as run:
        run.add(first)
        run.add(second)
    assert list(read_episodes(tmp_path / "r")) == [first.episode, second.episode]
    assert read_pages(tmp_path / "r") == {PAGE.sha256: PAGE}
    assert len((tmp_path / "r" / PAGES).read_text().splitlines()) == 1


async def test_a_run_knows_what_is_finished(tmp_path):
    """Fails when a resumed run would repeat an episode or store a page again."""
    made = await rollout()
    with Run(tmp_path / "r", SETTINGS) as run:
        assert (run.finished, run.attempts("q")) == (set(), 0)
        run.add(made)
        assert run.finished == {made.episode.id}
    with Run(tmp_path / "r", SETTINGS) as run:
        assert run.finished == {made.episode.id}
        assert (run.attempts("q"), run.attempts("other")) == (1, 0)
        run.add(await rollout(attempt=1))
    assert len((tmp_path / "r" / PAGES).read_text().splitlines()) == 1


async def test_a_torn_last_line_costs_only_itself(tmp_path):
    """Fails when a crash while writing makes the whole run unreadable."""
    made = await rollout()
    with Run(tmp_path / "r", SETTINGS) as run:
        run.add(made)
    with (tmp_path / "r" / EPISODES).open("ab") as file:
        file.write(b'{"id": "torn')
    with Run(tmp_path / "r", SETTINGS) as run:
        assert run.finished == {made.episode.id}
        run.add(await rollout("two"))
    assert len(list(read_episodes(tmp_path / "r"))) == 2


def test_the_resolved_settings_are_saved(tmp_path):
    """Fails when a run cannot be made again from its own folder."""
    settings = replace(SETTINGS, browser=SMALL, limits=Limits(seconds=5), seed=7)
    with Run(tmp_path / "r", settings, web_name="sample") as run:
        assert run.configuration == configuration(settings)
    found = read_config(tmp_path / "r")
    assert (found.settings, found.web_name) == (settings, "sample")
    assert found.configuration == configuration(settings)
    assert json.loads((tmp_path / "r" / "config.json").read_text())["version"]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"policy": "human"}, "policy is 'scripted' there and 'human' here"),
        ({"seed": 1}, "seed is 0 there and 1 here"),
        ({"web": WebIdentity("memory", "def")}, "web.sha256 is 'abc' there and 'def' here"),
        ({"browser": SMALL}, "browser.actions is 100 there and 12 here"),
        ({"limits": Limits(seconds=1)}, "limits.seconds is None there and 1 here"),
    ],
)
def test_other_settings_are_refused_by_name(changed, said, tmp_path):
    """Fails when episodes of two configurations can be mixed, or the difference is not told."""
    with Run(tmp_path / "r", SETTINGS):
        pass
    with pytest.raises(ConfigError, match=said):
        Run(tmp_path / "r", replace(SETTINGS, **changed))


def test_the_hash_tells_settings_apart():
    """Fails when two configurations share a hash, or one has two."""
    assert configuration(SETTINGS) == configuration(replace(SETTINGS, seed=0))
    assert configuration(SETTINGS) != configuration(replace(SETTINGS, seed=1))


def test_one_writer_at_a_time(tmp_path):
    """Fails when two processes can write into one run, or the lock outlives its holder."""
    with Run(tmp_path / "r", SETTINGS), pytest.raises(ConfigError, match="another process"):
        Run(tmp_path / "r", SETTINGS)
    with Run(tmp_path / "r", SETTINGS):
        pass


def test_what_is_no_run_folder_is_refused(tmp_path):
    """Fails when reading a foreign folder ends in a traceback, or in nothing read."""
    with pytest.raises(ConfigError, match="is not a run folder"):
        list(read_episodes(tmp_path))
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(ConfigError, match="not a run's configuration"):
        list(read_episodes(tmp_path))
    (tmp_path / "r").mkdir()
    (tmp_path / "r" / EPISODES).touch()
    with pytest.raises(ConfigError, match="holds episodes but no"):
        Run(tmp_path / "r", SETTINGS)


def test_a_folder_with_other_files_is_no_place_for_a_run(tmp_path):
    """Fails when a run is mixed into an index, which the next `webqa index` would replace."""
    (tmp_path / "index.json").touch()
    with pytest.raises(ConfigError, match="holds other files: name a new folder"):
        Run(tmp_path, SETTINGS)
    (tmp_path / "index.json").rename(tmp_path / ".hidden")
    (tmp_path / "config.json.tmp").touch()  # what a crash at the very beginning leaves
    with Run(tmp_path, SETTINGS):
        assert (tmp_path / "config.json").exists()
