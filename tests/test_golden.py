"""Golden episodes, replayed byte for byte: see tests/golden/README.md."""

import pytest

from env.actions import COMMANDS, parse
from env.errors import InvalidAction
from tests.golden.renew import EPISODES, HERE, stored, tell


@pytest.mark.parametrize("name", EPISODES)
async def test_a_golden_episode_is_seen_as_it_was(name):
    assert await tell(EPISODES[name]) == stored(name).read_text(encoding="utf-8")


def test_no_stored_episode_is_left_over():
    assert {path.stem for path in HERE.glob("*.txt")} == set(EPISODES)


def test_the_golden_episodes_use_every_command():
    used = {"answer"}  # the scripted policy ends with it
    for golden in EPISODES.values():
        for line in golden.lines:
            try:
                used.add(parse(line).name)
            except InvalidAction:
                used.add("invalid")
    assert used >= {command.name for command in COMMANDS} - {"nonsense"}
    assert "invalid" in used
