"""Names of webs that nobody knows are told in a line, whatever else is asked for."""

from pathlib import Path

import pytest

from env.errors import ConfigError
from webqa.webs import LiveConfig, RecordConfig, WebConfig, open_web


@pytest.mark.parametrize("name", ["wikipedia,gogle", "wikipedia,", "wikipedia,,brave"])
@pytest.mark.parametrize(
    "config",
    [
        WebConfig(),
        WebConfig(live=LiveConfig(since="2026-01-01")),
        WebConfig(recording=RecordConfig(Path("never-made.cassette"))),
    ],
    ids=["plain", "dates", "recorded"],
)
def test_a_service_of_the_list_that_nobody_knows_is_told(name, config):
    """Fails when a slip behind a comma ends in a traceback."""
    with pytest.raises(ConfigError, match="expected one of wikipedia, searxng, brave, tavily"):
        open_web(name, web=config, say=lambda _line: None)
    assert not Path("never-made.cassette").exists()


@pytest.mark.parametrize("name", ["~no-such-user", "~no-such-user/sky.cassette"])
def test_the_home_of_nobody_is_told(name):
    """Fails when a slip in a path ends in a traceback."""
    with pytest.raises(ConfigError, match="no such home folder"):
        open_web(name)
