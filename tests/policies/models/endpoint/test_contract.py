"""What holds with each of the four kinds of server."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from policies.grammar.lark import to_lark
from policies.grammar.legal import VERSION
from policies.models.base import ModelError, Prompt
from tests.policies.models.endpoint.asking import ANSWER, COMMAND, LEGAL, Waits, one
from tests.policies.models.endpoint.serving import (
    FORMS,
    KINDS,
    FakeServer,
    body,
    endless,
    hang_up,
    refusal,
    reply,
    silence,
    status,
)

CONTEXTS = {"openai": 8192, "vllm": 5000, "llama.cpp": 6000, "ollama": 7000}
JSON_BACK = json.dumps({"action": {"command": "back", "argument": ""}})
HELD = {"openai": JSON_BACK, "vllm": "Back", "llama.cpp": "Back", "ollama": JSON_BACK}


@pytest.fixture(params=KINDS)
async def server(request) -> AsyncIterator[FakeServer]:
    kind = request.param
    async with FakeServer(kind, held=lambda _body: HELD[kind]) as server:
        yield server


async def test_finds_out_what_it_is_once(server, make):
    """Fails when a kind or its context is not recognised, or asked for again and again."""
    model = make(server.url)
    await model.start()
    asked = len(server.asked)
    await model.start()
    await one(model)
    assert (model.kind, model.context, model.chat) == (server.kind, CONTEXTS[server.kind], True)
    assert len(server.asked) == asked + 1


async def test_a_command_is_constrained(server, make):
    """Fails when the form of a kind is not sent, or what it wrote is not read back."""
    model = make(server.url)
    completion = await one(model)
    sent = server.calls[0].body
    assert completion.text == "Back"
    assert "stop" not in sent, "a thought or JSON may be written over several lines"
    assert completion.grammar == (VERSION if server.kind in ("vllm", "llama.cpp") else "")
    if server.kind == "vllm":
        assert sent["structured_outputs"] == {"grammar": to_lark(LEGAL)}
    elif server.kind == "llama.cpp":
        assert sent["grammar"].startswith("root ::=")
    else:
        assert sent["response_format"]["type"] == "json_schema"
        assert "JSON" in sent["messages"][0]["content"]


async def test_tokens_are_counted(server, make):
    """Fails when tokens, cached ones among them, get lost."""
    model = make(server.url)
    completion = await one(model)
    counts = (completion.prompt_tokens, completion.cached_tokens, completion.completion_tokens)
    assert counts == (100, 64, 3 if server.kind == "vllm" else 7)
    server.usage = False
    completion = await one(model)
    assert completion.prompt_tokens == model.count(COMMAND.prompt)
    assert completion.completion_tokens > 0


async def test_too_many_requests_then_success(server, make):
    """Fails when 429 ends a completion, or Retry-After is not waited for."""
    server.plays = [status(429, headers=b"retry-after: 7\r\n"), status(503)]
    waits = Waits()
    model = make(server.url, waits)
    assert (await one(model)).text == "Back"
    assert 7.0 <= waits.slept[0] <= 7.5
    assert 0.0 <= waits.slept[1] <= 1.0


async def test_a_dropped_connection_is_tried_again(server, make):
    """Fails when one lost connection ends an episode, or many are tried without end."""
    server.plays = [hang_up, hang_up]
    model = make(server.url)
    assert (await one(model)).text == "Back"
    server.always = hang_up
    server.calls.clear()
    with pytest.raises(ModelError, match=r"hung up|was lost"):
        await one(model)
    assert len(server.calls) == 6


@pytest.mark.parametrize("play", [endless(b" ", 0.01), silence], ids=["trickle", "silence"])
async def test_a_slow_server_is_given_up(server, play, make):
    """Fails when a server that trickles or says nothing holds an episode for ever."""
    server.always = play
    model = make(server.url, seconds=0.3)
    with pytest.raises(ModelError, match=r"did not answer within 0.3 seconds"):
        await one(model)


@pytest.mark.parametrize("code", [400, 422])
@pytest.mark.parametrize("field", ["seed", "temperature"])
async def test_a_refused_field_is_left_out_and_remembered(server, field, code, make):
    """Fails when a field that a server does not know ends an episode or is sent again."""

    async def refuse(call):
        if field in call.body:
            await call.json(refusal(field), code)
        else:
            await server.complete(call)

    server.always = refuse
    model = make(server.url)
    for _ in range(2):
        assert (await one(model)).text == "Back"
    assert sum(field in call.body for call in server.calls) <= 1


async def test_a_refused_form_gives_way_to_the_next(server, make):
    """Fails when a server without constraints cannot be used."""
    forms = {"structured_outputs", "grammar", "response_format"}

    async def refuse(call):
        unknown = forms & call.body.keys()
        if unknown:
            detail = f"Unexpected fields in the request: {unknown}"
            await call.json({"detail": detail}, 422)
        else:
            await server.complete(call)

    server.always = refuse
    server.writes = lambda _body: "<think>Hm.</think>\n```\nNext action: Back\n```"
    model = make(server.url)
    for _ in range(2):
        completion = await one(model)
        assert (completion.text, completion.grammar) == ("Back", "")
    assert not forms & server.calls[-1].body.keys()


async def test_missing_log_probabilities_are_no_error(server, make):
    """Fails when a server without log-probabilities cannot be used."""
    server.logprobs = False
    model = make(server.url)
    completion = await one(model, temperature=1.0)
    assert (completion.text, completion.logprobs) == ("Back", ())
    server.logprobs = True
    completion = await one(model, temperature=1.0)
    if server.kind == "vllm":
        assert completion.token_ids == (5, 6, 7)
        assert completion.logprobs == (-0.5, -0.5, -0.5)
    else:
        assert completion.logprobs == ()
    # Of another distribution than the one that was drawn from.
    assert (await one(model, temperature=0.7)).logprobs == ()


async def test_several_samples(server, make):
    """Fails when fewer come than were asked for, or all with one seed."""
    model = make(server.url)
    server.choices = 1  # a server that does not heed `n`
    for _ in range(2):
        server.calls.clear()
        completions = await model.complete(sampled(COMMAND, 4))
        assert [completion.text for completion in completions] == ["Back"] * 4
    assert len({call.body["seed"] for call in server.calls}) == 4
    assert not any("n" in call.body for call in server.calls), "asked again what was not heeded"


async def test_samples_of_one_request_share_its_prompt(make):
    """Fails when the prompt that was read once is counted as new for each sample."""
    async with FakeServer("vllm", held=lambda _body: "Back") as server:
        model = make(server.url)
        completions = await model.complete(sampled(COMMAND, 3))
        assert len(server.calls) == 1
        assert [completion.cached_tokens for completion in completions] == [64, 100, 100]


async def test_more_choices_than_asked_for(server, make):
    """Fails when a server decides how many completions there are."""
    server.choices = 5
    model = make(server.url)
    assert len(await model.complete(sampled(COMMAND, 2))) == 2


async def test_answers(server, make):
    """Fails when an answer is cut at a line end, or its form is not read back."""
    text = "Because [1].\nAnd so on [2]."
    server.held = lambda _body: (
        text if server.kind in ("vllm", "llama.cpp") else json.dumps({"answer": text})
    )
    model = make(server.url)
    assert (await one(model, ANSWER)).text == text
    assert "\n" not in server.calls[0].body.get("stop", ())


async def test_a_prompt_that_is_too_long(server, make):
    """Fails when the server's words are all that a person is told."""
    said = "This model's maximum context length is 2048 tokens. However, you requested 3000."
    server.always = status(400, {"error": {"message": said, "param": "messages"}})
    model = make(server.url)
    with pytest.raises(ModelError, match=r"is too long for small: set --server.context") as raised:
        await one(model)
    assert "2048" in str(raised.value)
    assert model.context == 2048, "the next prompt is cut to what fits"


async def test_a_model_that_continues_texts(server, make):
    """Fails when a model without a chat template cannot be used."""

    async def refuse(call):
        if "messages" in call.body:
            await call.json({"message": "default chat template is no longer allowed"}, 400)
        else:
            await server.complete(call)

    server.always = refuse
    server.writes = lambda _body: "Back\n"
    model = make(server.url)
    assert (await one(model)).text == "Back"
    assert not model.chat
    assert server.calls[-1].path == "/v1/completions"
    assert server.calls[-1].body["prompt"] == "You browse.\n\n♦Next action\n"


async def test_a_model_that_continues_texts_and_says_nothing_of_it(server, make):
    """Fails when `transformers serve`, which answers 500 to messages then, cannot be used."""

    async def fail(call):
        if "messages" in call.body:
            await call.json("Internal Server Error", 500)
        else:
            await server.complete(call)

    server.always = fail
    model = make(server.url)
    assert (await one(model)).text == ("Back" if server.kind in FORMS else "Search the moon")
    assert not model.chat
    server.always = status(500)
    other = make(server.url)
    with pytest.raises(ModelError, match="status 500"):
        await one(other)
    assert other.chat, "it is the server that fails"


async def test_a_lying_length(server, make):
    """Fails when a server makes a completion of a million characters."""
    server.always = reply("Search " + "x" * 1_000_000)
    model = make(server.url)
    assert len((await one(model)).text) < 50_000


async def test_surrogates_in_a_prompt(server, make):
    """Fails when half a surrogate pair, as in a file name, ends in a traceback."""
    model = make(server.url)
    assert (await one(model, prompt=Prompt("\ud800?", ""))).text == "Back"


async def test_garbage_as_json(server, make):
    """Fails when a reply that is no completion is not told as one line."""
    server.always = body(b'{"choices": [{"message": {"content": {"a": 1}}}]}')
    model = make(server.url)
    with pytest.raises(ModelError, match="found a JSON dict") as raised:
        await one(model)
    assert "\n" not in str(raised.value)


def sampled(request, samples):
    return replace(request, samples=samples, temperature=1.0)
