"""`webqa serve`: what it refuses, and that it answers, records and ends when told to."""

import re
import signal
import subprocess
import sys

import httpx
import pytest

from env.errors import ConfigError
from webqa.choosing import ChooseConfig
from webqa.cli.serve import serve
from webqa.rating.config import ServeConfig
from webqa.rating.site.asked import AskConfig
from webqa.run import read_episodes


@pytest.mark.parametrize(
    ("flags", "reason"),
    [
        ({"asking": AskConfig(concurrent=0)}, "--concurrent must be at least 1"),
        ({"asking": AskConfig(kept=0)}, "--kept must be at least 1"),
        ({"choosing": ChooseConfig(best_of=2)}, "needs --model"),
        ({"serving": ServeConfig(host="0.0.0.0")}, "--served-as"),
        ({"serving": ServeConfig(port=-1)}, "--port"),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_is_opened(tmp_path, flags, reason):
    database = tmp_path / "ratings.db"
    with pytest.raises(ConfigError, match=reason):
        serve(web=str(tmp_path / "nowhere"), database=str(database), **flags)
    assert not database.exists()


@pytest.mark.slow
def test_a_question_is_answered_and_recorded_and_it_ends_when_told(web, tmp_path):
    command = [
        sys.executable, "-m", "webqa", "serve", "--web", str(web), "--port", "0",
        "--database", str(tmp_path / "ratings.db"), "--save", str(tmp_path / "run"),
    ]  # fmt: skip
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
        address = re.search(r"http://\S+", server.stderr.readline())[0]
        with httpx.Client(base_url=address, follow_redirects=True, timeout=60) as client:
            page = client.post("/ask", data={"question": "Why is the sky blue?"})
            client.get(f"{page.url.path}/steps")
            assert "scatter blue light" in client.get(page.url.path).text
        server.send_signal(signal.SIGTERM)
        assert server.wait(60) == 0
        assert server.stderr.read() == ""
    assert [one.ended for one in read_episodes(tmp_path / "run")] == ["answered"]
