"""`webqa rate serve`: whom it lets in, and how it ends."""

import math
import os
import re
import signal
import subprocess
import sys

import httpx
import pytest

from env.errors import ConfigError
from env.records import Question
from tests.webqa.rating.served_pages import Served, a_task
from webqa.cli import main
from webqa.cli.exits import Exit
from webqa.cli.rate_serve import check
from webqa.rating.config import ServeConfig
from webqa.rating.records import Demonstration
from webqa.rating.store.tables import Campaign


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"host": "0.0.0.0"}, "--served-as"),
        ({"host": "0.0.0.0", "accounts": True}, "--served-as"),
        ({"host": "0.0.0.0", "served_as": ("rate.example",)}, "--accounts"),
        ({"served_as": ("rate.example",)}, "--accounts"),
        ({"served_as": ("*",), "accounts": True}, "is no host"),
        ({"port": 1 << 16}, "--port"),
        ({"session_days": 0}, "--session-days"),
        ({"session_days": 1e9}, "--session-days"),
        ({"session_idle_days": 0}, "--session-idle-days"),
        ({"session_idle_days": math.inf}, "--session-idle-days"),
        ({"idle_seconds": math.inf}, "--idle-seconds"),
        ({"body_bytes": -1}, "--body-bytes"),
    ],
)
def test_settings_that_let_strangers_in_or_make_no_sense_are_refused(settings, told):
    with pytest.raises(ConfigError, match=told):
        check(ServeConfig(**settings))


def test_other_machines_come_in_with_accounts_and_a_name():
    check(ServeConfig(host="0.0.0.0", served_as=("rate.example",), accounts=True))


def test_a_database_that_is_not_there_is_refused(tmp_path, capsys):
    assert main(["rate", "serve", "-d", str(tmp_path / "none.db"), "--port", "0"]) == Exit.ERROR
    assert "none.db" in capsys.readouterr().err


@pytest.mark.slow
def test_it_serves_until_it_is_told_to_end(tmp_path):
    served = Served(tmp_path, [a_task()])
    served.add("Demos", [Demonstration(Question("q", "Why?"))], kind="demonstrate")
    with served.store as store, store.writing() as session:
        session.get_one(Campaign, 1).guideline = "an older edition"
    command = [sys.executable, "-m", "webqa", "rate", "serve", "--port", "0",
               "-d", str(tmp_path / "ratings.db")]  # fmt: skip
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=os.environ) as running:
        assert running.stderr.readline().startswith("Demos is not served, for people browse in it")
        assert running.stderr.readline().startswith("Rivers is shown with a new edition")
        said = running.stderr.readline()
        address = re.search(r"http://\S+", said)[0]
        assert "Not served here" in httpx.get(address, timeout=60).text
        assert httpx.get(address, headers={"host": "evil.example"}).status_code == 421
        running.send_signal(signal.SIGTERM)
        assert running.wait(60) == Exit.DONE
        assert running.stderr.read() == ""
    secret = tmp_path / "ratings.db.secret"
    assert secret.stat().st_mode & 0o777 == 0o600
