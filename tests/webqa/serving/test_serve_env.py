"""`webqa serve-env` before it serves: what it refuses, each time in one line."""

import pytest
from cyclopts import App, Parameter

from env.errors import ConfigError
from webqa.cli.flags import fill_from_preset
from webqa.cli.serve_env import Serving, _check, need_packages, serve_env
from webqa.serving.listening import listening


def test_a_missing_extra_is_one_line():
    with pytest.raises(ConfigError, match=r"needs openenv, uvicorn: pip install .*\[serve-env\]"):
        need_packages(lambda name: None if name in ("openenv", "uvicorn") else name)
    need_packages(lambda name: name)


@pytest.mark.parametrize(
    ("serving", "message"),
    [
        (Serving(port=70000), "--port must be from 0 to 65535, not 70000"),
        (Serving(sessions=0), "--sessions must be at least 1, not 0"),
        (Serving(idle_hours=0), "--idle-hours must be above 0, not 0"),
    ],
)
def test_numbers_that_make_no_sense(serving, message):
    with pytest.raises(ConfigError, match=message):
        _check(serving)


def test_a_port_that_is_taken_is_one_line():
    with listening("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match=f"cannot listen at 127.0.0.1, port {port}"):
            listening("127.0.0.1", port)
    with pytest.raises(ConfigError, match=r"cannot listen at nowhere\.invalid"):
        listening("nowhere.invalid", 0)


def test_the_flags_of_the_server_are_no_others():
    """Fails when a flag means both who may ask and whom the fetcher may ask."""
    app = App(default_parameter=Parameter(negative=()), config=fill_from_preset)
    app.default(serve_env)
    named = (argument.names for argument in app.assemble_argument_collection())
    names = [name for one in named for name in one if name != "*"]
    assert len(names) == len(set(names))
    assert {"--host", "--port", "--served-as", "--sessions", "--questions", "--save"} <= set(names)
