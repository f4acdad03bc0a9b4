"""Whole episodes of the language-model policy over the network."""

import json
import re

import pytest

from env.config import DEFAULT
from env.records import Question, make_page
from env.web.memory import MemoryWeb
from policies.base import Setup, run_episode
from policies.grammar.legal import VERSION
from policies.language_model import LanguageModelConfig, LanguageModelPolicy
from tests.policies.models.endpoint.serving import KINDS, FakeServer, hang_up, status

TEXT = "The Moon is far.\nNeil Armstrong walked on it first, in 1969."
LINES = (
    "Search moon",
    "Clicked on link 0",
    "Quote: Neil Armstrong walked on it",
    "End: Answer",
)
"""What the model writes, one line after the other."""
COMMANDS = {"Search": "search", "Clicked": "click", "Quote:": "quote", "End:": "answer"}


def written(body):
    """Return what the model writes to a prompt: the line after as many as it has done."""
    prompt = body["messages"][-1]["content"]
    if prompt.endswith("■"):
        return "Neil Armstrong [1]."
    past = re.search(r"♦Past actions\n(.*?)\n♦", prompt, re.DOTALL)[1]
    return LINES[len(past.splitlines())]


def as_json(line):
    """Return a line as the schema wants it."""
    if line not in LINES:
        return json.dumps({"answer": line})
    verb = line.split()[0]
    argument = "" if verb == "End:" else line.split(" ")[-1] if verb == "Clicked" else line[7:]
    return json.dumps({"action": {"command": COMMANDS[verb], "argument": argument.strip()}})


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("held", [True, False], ids=["constrained", "not constrained"])
async def test_an_episode(make, kind, held):
    """Fails when any step from the first prompt to the cited answer does not fit another."""
    server = FakeServer(kind, writes=lambda body: f"<think>?</think>Next action: {written(body)}")
    schema = kind in ("openai", "ollama")
    server.held = (lambda body: as_json(written(body))) if schema else written
    if not held:
        server.held = server.writes
    page = make_page("https://moon.test/", "Moon", TEXT, domain="moon.test")
    async with server:
        model = make(server.url)
        await model.start()
        server.plays = [status(429), hang_up, status(502)]
        policy = LanguageModelPolicy(model, LanguageModelConfig(), seed=3)
        rollout = await run_episode(
            policy,
            Question("q", "Who walked on the Moon first?"),
            Setup(MemoryWeb([page]), DEFAULT),
        )
    episode = rollout.episode
    assert episode.error == ""
    assert [step.completion.text for step in episode.steps[:-1]] == list(LINES)
    assert episode.ended == "answered"
    assert "Neil Armstrong" in episode.answer.text
    assert [quote.text for quote in episode.answer.quotes] == [LINES[2].removeprefix("Quote: ")]
    assert episode.prompt_tokens >= 500
    masked = {step.completion.grammar for step in episode.steps}
    assert masked == ({VERSION} if held and not schema else {""})
