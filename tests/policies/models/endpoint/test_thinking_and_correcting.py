"""Models that think, and models that write no command where nothing constrains them."""

import pytest

from policies.models.base import ModelError
from tests.policies.models.endpoint.asking import COMMAND, one
from tests.policies.models.endpoint.serving import FakeServer, refusal, reply

PLAIN = {"model", "messages", "prompt", "max_tokens", "temperature", "seed", "stop"}


async def test_asked_again_with_what_was_wrong(make):
    """Fails when a model is not told why what it wrote is no command."""
    async with FakeServer(fields=PLAIN) as server:
        server.plays = [server.complete, reply("I would click.")]
        model = make(server.url)
        assert (await one(model)).text == "Search the moon"
        assert "response_format" in server.calls[0].body
        messages = server.calls[-1].body["messages"]
        assert [message["role"] for message in messages] == [
            "system", "user", "assistant", "user",
        ]  # fmt: skip
        assert messages[2]["content"] == "I would click."
        assert "no such command" in messages[3]["content"]


async def test_in_the_end_what_it_wrote_is_returned(make):
    """Fails when a model that never writes a command is asked for ever, or its words get lost."""
    async with FakeServer(fields=PLAIN, writes=lambda _body: "\nI will not.\nNo.") as server:
        model = make(server.url)
        completion = await one(model)
        assert completion.text == "I will not."
        assert completion.prompt_tokens == 300, "each time is counted"
        assert len(server.calls) == 4  # the first was refused a field
        server.calls.clear()
        assert (await one(make(server.url, corrections=0))).text == "I will not."
        assert len(server.calls) == 2


async def test_a_text_is_not_continued_again_the_same_way(make):
    """Fails when a base model at temperature 0 is asked what it just answered."""
    async with FakeServer(fields=PLAIN, writes=lambda _body: "Dear diary,") as server:
        model = make(server.url, chat="no")
        assert (await one(model)).text == "Dear diary,"
        assert len(server.calls) == 1
        assert server.calls[0].body["stop"] == ["\n"]
        await one(model, temperature=1.0)
        assert len({call.body["seed"] for call in server.calls[1:]}) == 3


async def test_without_legal_lines_nothing_is_asked_again(make):
    """Fails when a model that may write anything is corrected."""
    async with FakeServer(writes=lambda _body: "anything\nat all") as server:
        assert (await one(make(server.url), legal=None)).text == "anything"
        assert len(server.calls) == 1


async def test_a_model_that_thinks_is_given_more_tokens(make):
    """Fails when a model that thinks cannot be used, or is cut off at each step anew."""

    def write(body):
        return "Search x" if body["max_tokens"] > 400 else "<think>Let me see"

    async def play(call):
        text = write(call.body)
        await reply(text, "length" if text.startswith("<") else "stop")(call)

    async with FakeServer(always=play) as server:
        model = make(server.url, context=2000)
        assert (await one(model)).text == "Search x"
        assert (await one(model)).text == "Search x"
        tokens = [call.body["max_tokens"] for call in server.calls]
        assert tokens[0] == COMMAND.max_tokens + 48
        assert tokens[1] == tokens[2] <= 2000, "never more than the context holds"


async def test_a_reasoning_model_of_openai(make):
    """Fails when a model cannot be used that takes no stop, temperature or max_tokens."""
    taken = {"model", "messages", "max_completion_tokens", "response_format", "n"}
    async with FakeServer(
        fields=taken, held=lambda _body: '{"action": {"command": "top"}}'
    ) as server:
        model = make(server.url)
        assert (await one(model)).text == "Top"
        asked = len(server.calls)
        assert (await one(model)).text == "Top"
        assert len(server.calls) == asked + 1
        assert server.calls[-1].body["max_completion_tokens"] > COMMAND.max_tokens


async def test_a_field_that_is_not_known_at_all(make):
    """Fails when a refusal that names no field of ours is asked about for ever."""
    document = refusal("logit_bias")

    async def refuse(call):
        await call.json(document, 400)

    async with FakeServer(always=refuse) as server:
        model = make(server.url)
        for legal in (COMMAND.legal, None):
            server.calls.clear()
            with pytest.raises(ModelError, match="logit_bias"):
                await one(model, legal=legal)
            assert len(server.calls) <= 2
