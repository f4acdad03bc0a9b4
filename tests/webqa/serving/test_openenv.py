"""The real server and the real client of OpenEnv; skipped where the extra is not installed."""

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from webqa.run import read_episodes, read_pages

pytest.importorskip("openenv")
pytestmark = pytest.mark.slow

ASKED = [
    {"id": "sky", "question": "Why is the sky blue?", "accepted": ["scatter blue light"]},
    {"id": "salt", "question": "What does salt do to meat?"},
]
LINES = [
    "Search sky blue",
    "Clicked on link 0",
    "Quote: molecules of the air scatter blue light",
    "End: Answer",
    "They scatter blue light [1].",
]


class Server:
    """The program, serving at a free port."""

    def __init__(self, *arguments):
        command = [sys.executable, "-m", "webqa", "serve-env", "--port", "0", *arguments]
        self.process = subprocess.Popen(
            list(map(str, command)),
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {"ENABLE_WEB_INTERFACE": "true"},
            cwd=Path(__file__).parents[3],
        )
        self.said = self.process.stderr.readline()
        self.url = re.search(r"http://\S+", self.said)[0]

    def end(self):
        """Tell it to end; return its code and what it said."""
        self.process.send_signal(signal.SIGTERM)
        said = self.process.communicate(timeout=20)[1]
        return self.process.returncode, said


@pytest.fixture(scope="module")
def asked(tmp_path_factory):
    file = tmp_path_factory.mktemp("asked") / "asked.jsonl"
    file.write_text("\n".join(map(json.dumps, ASKED)))
    return file


@pytest.fixture(scope="module")
def server(web, asked):
    server = Server("--web", web, "--questions", asked, "--preset", "small", "--sessions", "2")
    yield server
    if server.process.poll() is None:
        server.end()


def client(server):
    from openenv import GenericEnvClient

    return GenericEnvClient(base_url=server.url)


async def play(env, lines=LINES, **wish):
    results = [await env.reset(**wish)]
    return results + [await env.step({"command": line}) for line in lines]


async def test_an_episode(server):
    async with client(server) as env:
        results = await play(env, id="sky")
        state = await env.state()
    assert [result.reward for result in results] == [0.0] * 5 + [1.0]
    assert [result.done for result in results] == [False] * 5 + [True]
    first, last = results[0].observation, results[-1].observation
    assert first["rendered"].startswith("♦Question\nWhy is the sky blue?")
    assert (first["question"], first["actions_left"]) == ("Why is the sky blue?", 12)
    assert results[3].observation["quotes"][0]["url"] == "https://sky.example/blue.html"
    assert results[1].observation["links"][0] == 0
    assert results[4].observation["answering"]
    assert last["answer"]["text"] == "They scatter blue light [1]."
    assert (last["ended"], last["stopped_by"]) == ("answered", "command")
    assert (state["question_id"], state["step_count"], state["ended"]) == ("sky", 5, "answered")


async def test_a_seed_a_name_and_an_own_question(server):
    async with client(server) as env:
        texts = [(await env.reset(seed=7)).observation["question"] for _ in range(2)]
        assert texts[0] == texts[1]
        await env.reset(seed=7, episode_id="mine")
        assert (await env.state())["episode_id"] == "mine"
        results = await play(env, question="Why blue?", accepted=["scatter blue light"])
        assert results[-1].reward == 1.0
        results = await play(env, split="train", index=1)
        assert (results[-1].done, results[-1].reward) == (True, None)


async def test_a_session_survives_every_error(server):
    async with client(server) as env:
        for wish, message in [
            ({"qestion": "Why?"}, "reset knows no 'qestion': known are question, accepted, id"),
            ({"index": "one"}, "an argument of reset is of a wrong type"),
            ({"seed": -1}, "a seed is from 0"),
            ({"id": "earth"}, "no question with the id 'earth'"),
        ]:
            with pytest.raises(RuntimeError, match=message):
                await env.reset(**wish)
        with pytest.raises(RuntimeError, match="reset first"):
            await env.step({"command": "Top"})
        await env.reset()
        for action in ({}, {"command": 1}, {"command": "Top", "more": 1}):
            with pytest.raises(RuntimeError, match="Invalid message"):
                await env.step(action)
        seen = await env.step({"command": "\ud800"})
        assert seen.observation["notice"] == "Not carried out: no such command."


async def test_sessions_are_apart_and_bounded(server):
    async with client(server) as one, client(server) as other:
        await asyncio.gather(one.reset(id="sky"), other.reset(id="salt"))
        seen = await asyncio.gather(*(env.step({"command": "Search sky"}) for env in (one, other)))
        assert [each.observation["question"][:4] for each in seen] == ["Why ", "What"]
        with pytest.raises((RuntimeError, ConnectionError)):
            async with client(server) as third:
                await third.reset()
    await asyncio.sleep(0.5)
    async with client(server) as env:
        assert not (await env.reset()).done


@pytest.mark.parametrize(
    "headers",
    [{"Host": "evil.example"}, {"Origin": "http://evil.example"}, {"Origin": "null"}],
)
async def test_foreign_requests_are_refused(server, headers):
    import httpx
    from websockets.asyncio.client import connect
    from websockets.exceptions import InvalidStatus

    status = 421 if "Host" in headers else 403
    async with httpx.AsyncClient(trust_env=False) as http:
        reply = await http.post(f"{server.url}/reset", headers=headers, json={})
        assert reply.status_code == status
        assert (await http.get(f"{server.url}/health")).status_code == 200
    address = server.url.replace("http:", "ws:") + "/ws"
    if "Host" in headers:
        address, port = "ws://evil.example/ws", int(server.url.rsplit(":", 1)[1])
        connecting = connect(address, host="127.0.0.1", port=port, proxy=None)
    else:
        connecting = connect(address, additional_headers=headers, proxy=None)
    with pytest.raises(InvalidStatus, match="403"):
        async with connecting:
            pass


async def test_over_http(server):
    import httpx

    async with httpx.AsyncClient(base_url=server.url, trust_env=False) as http:
        schema = (await http.get("/schema")).json()
        assert schema["action"]["required"] == ["command"]
        assert "Clicked on link <link number>" in (await http.get("/metadata")).text
        splits = (await http.get("/webqa/splits")).json()
        assert [split["name"] for split in splits] == ["train"]
        task = await http.post("/webqa/task", json={"split": "train", "index": 0})
        assert task.json()["task"]["question"] == "Why is the sky blue?"
        assert "scatter" not in task.text
        tasks = await http.post("/webqa/tasks", json={"split": "train"})
        assert "scatter" not in tasks.text
        assert (await http.post("/reset", json={"id": "sky"})).json()["reward"] == 0.0
        step = await http.post("/step", json={"action": {"command": "Top"}})
        assert (step.status_code, step.json()["detail"]) == (
            409,
            "no episode is under way: reset first",
        )
        assert (await http.get("/web")).status_code == 404


async def test_an_idle_session_makes_room(web, asked):
    arguments = ("--web", web, "--questions", asked, "--sessions", "1", "--idle-hours", "0.0003")
    server = Server(*arguments)
    async with client(server) as idle, client(server) as other:
        await idle.reset()
        await asyncio.sleep(7)
        for call in (idle.step({"command": "Top"}), idle.reset()):
            with pytest.raises(RuntimeError, match=r"reset first|was ended: connect again"):
                await call
        assert not (await other.reset()).done
    server.end()


async def test_episodes_are_recorded_and_it_ends_when_told(web, asked, tmp_path):
    run = tmp_path / "run"
    server = Server("--web", web, "--questions", asked, "--preset", "small", "--save", run)
    assert server.said.startswith("Serving 2 questions at http://127.0.0.1:")
    async with client(server) as env:
        await play(env, id="sky")
        await env.reset()
        assert server.end() == (0, "")
    (episode,) = read_episodes(run)
    assert (episode.question.id, episode.policy, episode.ended) == ("sky", "remote", "answered")
    assert [step.completion.text for step in episode.steps] == LINES
    assert len(read_pages(run)) == 1


def test_it_is_not_served_to_others_unless_they_are_named(web):
    command = [sys.executable, "-m", "webqa", "serve-env", "--host", "0.0.0.0", "--web", str(web)]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=60, check=False, cwd=Path.cwd()
    )
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "webqa: --host 0.0.0.0 lets other machines in" in done.stderr
