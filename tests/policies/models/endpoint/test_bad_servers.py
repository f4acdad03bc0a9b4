"""Whatever a server does ends in one clear line, in time, and without the key."""

import asyncio
import json
import logging
import pickle
import re
from dataclasses import replace

import pytest

from policies.models.base import ModelError
from tests.policies.models.endpoint.asking import ANSWER, COMMAND, SECRET, Waits, one
from tests.policies.models.endpoint.serving import (
    FakeServer,
    body,
    endless,
    raw,
    reply,
    silence,
    status,
)

NOTHING = reply(None, "length")
BAD = {
    "HTML": (body(b"<html><h1>Welcome</h1></html>", b"content-type: text/html\r\n"), "a web page"),
    "nothing": (body(b""), "found nothing"),
    "half of it": (body(b'{"choices": [{"mess'), "breaks off"),
    "no UTF-8": (body(b'{"choices": "\xff\xfe"}'), "broken"),
    "a list": (body(b"[]"), "JSON list"),
    "a number": (body(b"12"), "JSON int"),
    "no choices": (body(b"{}"), "without them"),
    "empty choices": (body(b'{"choices": []}'), "without a choice"),
    "choices of a wrong type": (body(b'{"choices": {"0": 1}}'), "without them"),
    "a choice of a wrong type": (body(b'{"choices": ["x"]}'), "JSON str"),
    "a choice without a text": (body(b'{"choices": [{"text": 3}]}'), "neither"),
    "content of a wrong type": (reply({"a": "b"}), "JSON dict"),
    "nested without end": (body(b"[" * 100_000), "something else"),
    "a stream": (body(b'data: {"choices": []}\n\n'), "a stream"),
    "a redirect": (status(307, headers=b"location: http://127.0.0.1:1/\r\n"), "sends elsewhere"),
    "status 204": (status(204), "status 204"),
    "status 418": (status(418, {"error": "I am a teapot"}), "status 418.*teapot"),
    "status 500 for ever": (status(500, "oh no"), "status 500.*asked 6 times"),
    "a refusal": (reply(None, refusal="I will not."), "refused: I will not"),
    "a filter": (reply(None, "content_filter"), "content_filter"),
    "only thoughts": (NOTHING, "used all its 4400 tokens"),
    "a closed thought": (reply("<think>so, let me see", "length"), "used all its 4400 tokens"),
    "no HTTP": (raw(b"220 mail ready\r\n"), "not HTTP"),
    "an old HTTP": (raw(b"HTTP/0.9 abc\r\n\r\n"), "not HTTP"),
    "a packed reply": (body(b"x", b"content-encoding: gzip\r\n"), "packed"),
    "a head without end": (endless(b"x" * 10), "within 0.4 seconds"),
    "a huge reply": (endless(b"x" * 1_000_000), "more than 32,000,000 bytes"),
    "one byte now and then": (endless(b" ", 0.05), "within 0.4 seconds"),
    "silence": (silence, "within 0.4 seconds"),
    "no such model": (status(404, {"error": {"message": "model 'x' not found"}}), "name right"),
    "a wrong key": (status(401, {"error": {"message": f"Bad key {SECRET}"}}), "OPENAI_API_KEY"),
    "no access": (status(403, {"detail": "no"}), "OPENAI_API_KEY"),
    "a quota": (status(429, {"error": {"message": "quota"}}, b"retry-after: 99999\r\n"), "99999"),
    "another reason": (status(400, {"error": {"message": "No.\n\x1b[2JAnd \u202eno."}}), "No. And"),
    "an endless complaint": (status(400, {"error": {"message": "no " * 50_000}}), "no no"),
    "a complaint that names all": (
        status(400, {"detail": [{"loc": ["body", name]} for name in
                                ("seed", "stop", "n", "temperature", "max_tokens", "messages",
                                 "model", "response_format", "max_completion_tokens")]}),
        "refused the request",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
async def test_one_clear_line(make, name, caplog):
    """Fails when a bad server ends in a traceback, a hang, a riddle, or a leak of the key."""
    caplog.set_level(logging.DEBUG)
    play, expected = BAD[name]
    async with FakeServer("openai", always=play) as server:
        seconds = 0.4 if "within" in expected else 60.0
        model = make(server.url, key=SECRET, seconds=seconds)
        with pytest.raises(ModelError) as raised:
            await asyncio.wait_for(one(model, max_tokens=256), 20)
        text = str(raised.value)
        assert re.search(expected, text), text
        assert "\n" not in text
        assert "\x1b" not in text
        assert "\u202e" not in text
        assert len(text) < 500
        assert SECRET not in text + repr(model) + repr(raised.value) + caplog.text
        assert raised.value.__cause__ is None, "a cause from httpx holds the request and the key"
        assert server.calls[0].headers["authorization"] == f"Bearer {SECRET}"


async def test_an_account_with_nothing_left_is_not_asked_again(make):
    """Fails when a question waits minutes for money."""
    told = {"message": "You exceeded your current quota", "type": "insufficient_quota"}
    async with FakeServer("openai", always=status(429, {"error": told})) as server:
        with pytest.raises(ModelError, match="current quota"):
            await one(make(server.url, key=SECRET))
        assert len(server.calls) == 1


@pytest.mark.parametrize(
    "echo",
    [SECRET, f"x{SECRET}y", "\u200b".join(SECRET), " ".join(SECRET), SECRET * 3],
    ids=["plain", "inside", "with invisible characters", "spaced", "thrice"],
)
async def test_a_server_that_echoes_the_key(make, echo):
    """Fails when the key stands in an error or in what the model wrote."""
    async with FakeServer(always=status(400, {"error": {"message": f"no: {echo}"}})) as server:
        model = make(server.url, key=SECRET)
        with pytest.raises(ModelError) as raised:
            await one(model)
        assert SECRET not in str(raised.value).replace(" ", "")
        server.always = reply(f"Search {SECRET}")
        assert (await one(model)).text == "Search [key]"
        assert SECRET.encode() not in pickle.dumps(str(raised.value))


async def test_nobody_there(make):
    """Fails when a server that is not running is not told so."""
    async with FakeServer() as server:
        url = server.url
    waits = Waits()
    model = make(url, waits)
    with pytest.raises(ModelError, match=r"no server answers at .*: is it running\?"):
        await one(model)
    assert len(waits.slept) == 5
    with pytest.raises(ModelError, match="is it running"):
        await one(model)
    assert len(waits.slept) == 10, "the next request looks again"


@pytest.mark.parametrize(
    "play", [silence, status(500), status(404), body(b"<p>"), body(b"[]"), body(b'{"data": [1]}')]
)
async def test_an_odd_list_of_models(make, play):
    """Fails when what a server lists has to make sense for it to be used."""
    async with FakeServer(models=play) as server:
        model = make(server.url, seconds=0.5)
        if play is silence:
            with pytest.raises(ModelError, match="did not answer"):
                await one(model)
        else:
            assert (await one(model)).text == "Search the moon"


async def test_many_wait_for_one_start(make):
    """Fails when each of many episodes finds out by itself that the server is down."""
    async with FakeServer(models=status(503)) as server:
        model = make(server.url)
        faults = await asyncio.gather(*(one(model) for _ in range(20)), return_exceptions=True)
        assert all(isinstance(fault, ModelError) for fault in faults)
        assert len(server.asked) == 6


async def test_a_cancelled_episode_does_not_take_others_with_it(make):
    """Fails when one that is cancelled while the server is found out cancels the finding out."""
    async with FakeServer() as server:
        model = make(server.url)
        first, second = (asyncio.create_task(one(model)) for _ in range(2))
        await asyncio.sleep(0)
        first.cancel()
        assert (await second).text == "Search the moon"


async def test_nothing_goes_on_behind_a_fault(make):
    """Fails when the other samples of a request go on after one has failed."""
    async with FakeServer("ollama", always=silence) as server:
        server.plays = [status(400, "no")]
        model = make(server.url)
        with pytest.raises(ModelError, match="refused"):
            await asyncio.wait_for(model.complete(replace(COMMAND, legal=None, samples=8)), 5)
        await asyncio.sleep(0.1)
        assert len(asyncio.all_tasks()) <= 2 + server.open


async def test_an_empty_answer(make):
    """Fails when nothing passes for an answer."""
    async with FakeServer(always=reply("  \n ")) as server:
        with pytest.raises(ModelError, match="wrote nothing"):
            await one(make(server.url), ANSWER)


async def test_a_schema_that_is_not_heeded(make):
    """Fails when a server that ignores `response_format` is sent it for ever."""
    async with FakeServer(held=lambda _body: "Well.\nSearch the moon\n") as server:
        model = make(server.url)
        for _ in range(4):
            completion = await one(model)
            assert (completion.text, completion.grammar) == ("Search the moon", "")
        sent = ["response_format" in call.body for call in server.calls]
        assert sent[0]
        assert not sent[-1]


async def test_numbers_that_lie(make):
    """Fails when token counts of a wrong kind or size get into an episode."""
    usage = {"prompt_tokens": -5, "completion_tokens": 10**30, "prompt_tokens_details": [1]}
    document = {"choices": [{"message": {"content": "Search x"}}], "usage": usage}
    async with FakeServer(always=body(json.dumps(document).encode())) as server:
        model = make(server.url)
        completion = await one(model)
        assert completion.prompt_tokens == model.count(COMMAND.prompt)
        assert completion.cached_tokens == 0
        assert 0 < completion.completion_tokens < 10
