"""Asking again: short answers and choices out of an episode's answer, by a model or by words."""

import json
import math
from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from env.answers import NOTHING_FOUND
from env.records import Answer, Completion, Episode, Question, WebIdentity, from_json, to_json
from policies.asking import (
    LETTERS,
    SHORT_TOKENS,
    Asked,
    ModelAsker,
    OverlapAsker,
    TwoWay,
    make_asker,
    short_of,
    which,
)
from policies.grammar.json_schema import from_json as from_schema
from policies.grammar.json_schema import to_schema
from policies.grammar.legal import VERSION, Legal, Line, allows
from policies.models.base import ModelError, Prompt
from policies.models.endpoint.config import EndpointConfig
from policies.models.endpoint.model import EndpointModel
from policies.models.local.config import LocalConfig
from policies.models.local.loading import load
from policies.prompts import CHOICE, SHORT, choice_prompt, short_prompt
from tests.policies.models.endpoint.serving import KINDS, FakeServer
from tests.policies.models.small import save_model

QUESTION = Question("q1", "Why is the sky blue?")
TEXT = "Air scatters blue light more than red [1]. So it is the air [1, 2]."
OPTIONS = ("Because of the air", "Because of the sea")


def episode_of(text=TEXT, ended="answered", question=QUESTION):
    return Episode(
        "e1", question, "p", WebIdentity("none"), "", (),
        Answer(question.text, text), ended, "command",
    )  # fmt: skip


class Model:
    """Writes given replies one after the other; a pair is a text and its log-probability."""

    name = "a model"
    context = 4096

    def __init__(self, *replies, chat=False, grammar=VERSION, context=4096):
        self.requests = []
        self.chat = chat
        self.context = context
        self._replies = iter(replies)
        self._grammar = grammar

    async def start(self):
        pass

    def count(self, prompt):
        return len(prompt.text)

    async def complete(self, request):
        self.requests.append(request)
        reply = next(self._replies)
        if isinstance(reply, Exception):
            raise reply
        text, logprob = reply if isinstance(reply, tuple) else (reply, None)
        told = () if logprob is None else (logprob,)
        grammar = self._grammar if request.legal else ""
        return [Completion(text, (), told, grammar, prompt_tokens=10, completion_tokens=2)]


async def test_a_short_answer_is_asked_for_from_the_answer_alone():
    model = Model("The air", chat=True)
    asked = await ModelAsker(model).short(episode_of())
    assert (asked.said, asked.what, asked.asker) == ("The air", "short", "a model")
    assert asked.completion.prompt_tokens == 10
    (request,) = model.requests
    assert request.prompt.system == SHORT
    assert QUESTION.text in request.prompt.text
    assert "So it is the air.\n" in request.prompt.text
    assert "[1" not in request.prompt.text
    assert (request.temperature, request.max_tokens, request.legal) == (0.0, SHORT_TOKENS, None)
    assert from_json(to_json(asked), Asked) == asked


@pytest.mark.parametrize(
    ("written", "short"),
    [
        ("Paris", "Paris"),
        ("Short answer: Paris", "Paris"),
        ("**Answer:** Paris", "Paris"),
        ("The answer is: “Paris”", "Paris"),
        ('\n "Paris" \nbecause', "Paris"),
        ("O'Neill's", "O'Neill's"),
        ("U.S.", "U.S."),
        ("Answering: a study", "Answering: a study"),
        ("  \n ", ""),
        ("", ""),
    ],
)
def test_a_short_answer_is_read_without_what_stands_around_it(written, short):
    assert short_of(written) == short


@pytest.mark.parametrize(
    "episode",
    [
        episode_of(NOTHING_FOUND),
        episode_of("", "unanswered"),
        episode_of(ended="failed"),
        episode_of("[1]"),
        replace(episode_of(), answer=None),
    ],
)
async def test_nobody_is_asked_about_no_answer(episode):
    model = Model()
    asker = ModelAsker(model)
    one = await asker.short(episode)
    both = await asker.choose(episode, OPTIONS)
    assert [asked.said for asked in (one, *both)] == [""] * 3
    assert not model.requests
    assert [asked.said for asked in await OverlapAsker().choose(episode, OPTIONS)] == [""] * 2


async def test_a_model_that_fails_leaves_its_reason_and_no_answer():
    asker = ModelAsker(Model(*[ModelError("the server is down")] * 3))
    asked = await asker.short(episode_of())
    assert (asked.said, asked.completion.error) == ("", "the server is down")
    for one in await asker.choose(episode_of(), OPTIONS):
        assert (one.said, one.probability) == ("", None)
        assert one.completion.error == "the server is down"


async def test_an_answer_longer_than_the_context_loses_its_end():
    model = Model("The air", ("A", -0.1), ("B", -0.1), context=300)
    asker = ModelAsker(model)
    episode = episode_of("Air scatters blue light. " + "More of it is said here. " * 100)
    await asker.short(episode)
    await asker.choose(episode, OPTIONS)
    for request in model.requests:
        assert len(request.prompt.text) + request.max_tokens <= 300
        assert "Air scatters blue" in request.prompt.text
    assert model.requests[0].prompt.text.endswith("♦Short answer\n")
    assert model.requests[1].prompt.text.endswith("♦The answer says, A or B\n")


async def test_a_question_longer_than_the_context_is_told():
    asked = await ModelAsker(Model(context=40)).short(episode_of())
    assert "use a model with a longer context" in asked.completion.error


async def test_a_choice_is_asked_in_both_orders_and_decided_by_probability():
    """The word that was drawn does not matter where its probability is told."""
    model = Model(("B", math.log(0.3)), ("B", math.log(0.9)), chat=True)
    first, second = await ModelAsker(model).choose(episode_of(), OPTIONS)
    assert (first.said, first.options) == ("A", OPTIONS)
    assert first.probability == pytest.approx(0.7)
    assert (second.said, second.options) == ("B", OPTIONS[::-1])
    assert second.probability == pytest.approx(0.1)
    shown = [request.prompt.text for request in model.requests]
    assert "(A) Because of the air\n(B) Because of the sea\n" in shown[0]
    assert "(A) Because of the sea\n(B) Because of the air\n" in shown[1]
    assert {request.prompt.system for request in model.requests} == {CHOICE}
    assert all(allows(request.legal, letter) for request in model.requests for letter in LETTERS)


async def test_without_log_probabilities_the_letter_written_at_temperature_0_counts():
    model = Model("A", "(B)", "A", "well")
    asker = ModelAsker(model)
    first, second = await asker.choose(episode_of(), OPTIONS)
    assert [first.said, second.said] == ["B", "A"]
    assert [request.temperature for request in model.requests] == [1.0, 0.0, 0.0]
    assert (first.probability, first.completion.prompt_tokens) == (None, 20)
    assert second.completion.prompt_tokens == 10


async def test_log_probabilities_over_all_words_are_not_those_of_two():
    first, _ = await ModelAsker(Model(("A", -5.0), "A", "A", grammar="")).choose(
        episode_of(), OPTIONS
    )
    assert (first.said, first.probability) == ("A", None)


async def test_a_reply_that_is_neither_is_recorded_as_none():
    first, second = await ModelAsker(Model("C", "Neither", "A or B")).choose(episode_of(), OPTIONS)
    assert (first.said, second.said) == ("", "")
    assert second.completion.text == "A or B"


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("A", 0), ("b", 1), ("(B)", 1), (" **A**", 0), ("A) the air", 0), ("B. The sea", 1),
        ("A\nas it says", 0), ("A good one", None), ("AB", None), ("A or B", None), ("", None),
        ("C", None), ("Both", None), ("A, not B", None), ("The answer is A", None),
    ],
)  # fmt: skip
def test_what_is_read_as_one_of_two_letters(text, place):
    assert which(text, LETTERS) == place


@pytest.mark.parametrize(
    ("text", "place"),
    [("Yes.", 0), ("no", 1), ("Yes, it does", 0), ("No doubt it does", None), ("Not", None),
     ("yes and no", None), ("Yesterday", None), ("maybe", None)],
)  # fmt: skip
def test_what_is_read_as_yes_or_no(text, place):
    assert which(text, ("yes", "no")) == place


@given(st.text(max_size=60), st.text(max_size=30), st.text(max_size=30))
def test_no_text_of_strangers_adds_a_part_to_a_prompt(answer, first, second):
    """Fails when an answer or an option can write `♦The answer says` and a letter itself."""
    plain = choice_prompt("Why?", "Because.", ("one", "two"))
    made = choice_prompt("Why?", answer, (first, second))
    assert made.text.count("♦") == plain.text.count("♦")
    assert made.text.rpartition("♦")[2] == plain.text.rpartition("♦")[2]
    options = made.text.rpartition("♦Options\n")[2].split("\n\n")[0]
    assert [line[:3] for line in options.split("\n")] == ["(A)", "(B)"]
    assert short_prompt("Why?", answer).text.count("♦") == 3


# Without a model.


@pytest.mark.parametrize(
    ("text", "options", "said"),
    [
        (TEXT, OPTIONS, "A"),
        (TEXT, OPTIONS[::-1], "B"),
        ("It does not change [1].", ("It changes", "It does not change"), "B"),
        ("Nobody knows it.", OPTIONS, ""),
        (TEXT, ("the air", "the air"), ""),
        (TEXT, ("The sky", "Why is the sky"), ""),
    ],
)
async def test_the_option_whose_own_words_stand_in_the_answer_is_chosen(text, options, said):
    first, second = await OverlapAsker().choose(episode_of(text), options)
    assert (first.said, first.options, first.completion) == (said, options, None)
    assert second.options == options[::-1]
    assert second.said == {"A": "B", "B": "A", "": ""}[said]


@given(st.text(max_size=80), st.text(max_size=40), st.text(max_size=40))
async def test_words_in_common_know_no_position(text, first, second):
    asker = OverlapAsker()
    given_order = await asker.choose(episode_of(text), (first, second))
    reversed_order = await asker.choose(episode_of(text), (second, first))
    assert given_order == reversed_order[::-1]


async def test_without_a_model_there_is_no_short_answer():
    assert await make_asker(None).short(episode_of()) is None
    assert isinstance(make_asker(Model()), ModelAsker)


# Real engines.


@pytest.mark.parametrize("chat", [False, True])
async def test_a_local_model_tells_the_probabilities_of_the_two_letters(tmp_path, chat):
    """Fails when what is told is not the model's own distribution over A and B."""
    torch.set_num_threads(1)
    model = load(save_model(tmp_path / "m", chat=chat, context=2048), LocalConfig(batch=2))
    try:
        asked = await ModelAsker(model).choose(episode_of(), OPTIONS)
        for one in asked:
            prompt = choice_prompt(QUESTION.text, TEXT, one.options, model.chat)
            ids = model.tokens.encode_prompt(prompt)
            with torch.inference_mode():
                scores = model.engine.loaded.model(torch.tensor([ids])).logits[0, -1].float()
            letters = [model.tokens.encode_text(letter)[0] for letter in LETTERS]
            expected = scores[letters].softmax(-1)[0].item()
            assert one.probability == pytest.approx(expected, abs=1e-4)
            assert one.said == ("A" if expected >= 0.5 else "B")
        short = await ModelAsker(model).short(episode_of())
        assert 0 < short.completion.completion_tokens <= SHORT_TOKENS
        assert short == replace(
            await ModelAsker(model).short(episode_of()), completion=short.completion
        )
    finally:
        await model.aclose()


def held_letter(kind):
    return json.dumps({"answer": "B"}) if kind in ("openai", "ollama") else "B"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("held", [True, False], ids=["constrained", "not constrained"])
async def test_a_server_of_each_kind_is_asked_for_a_letter(kind, held):
    """Fails when a letter is taken for a bad command and asked for again, or a form is given up."""
    server = FakeServer(kind, writes=lambda _body: "<think>hm</think>\n(B)")
    server.held = (lambda _body: held_letter(kind)) if held else server.writes
    async with server:
        model = EndpointModel("small", server.url, EndpointConfig(seconds=20.0))
        try:
            both = await ModelAsker(model).choose(episode_of(), OPTIONS)
        finally:
            await model.aclose()
    tells = kind == "vllm" and held
    # It tells -1.5 for the B that it wrote: A is likelier.
    assert [one.said for one in both] == (["A", "A"] if tells else ["B", "B"])
    assert len(server.calls) == (2 if tells else 3)
    assert [one.probability is not None for one in both] == [tells, tells]
    if kind in ("openai", "ollama"):
        schema = server.calls[0].body["response_format"]["json_schema"]["schema"]
        assert schema["properties"]["answer"]["enum"] == ["A", "B"]
    if held:
        assert all('JSON: {"action"' not in str(call.body) for call in server.calls)


async def test_a_short_answer_of_a_server_is_its_first_line():
    async with FakeServer("openai", writes=lambda _body: "Answer: the air\nSure?") as server:
        model = EndpointModel("small", server.url, EndpointConfig(seconds=20.0))
        try:
            asked = await ModelAsker(model).short(episode_of())
        finally:
            await model.aclose()
    assert asked.said == "the air"
    assert server.calls[0].body["max_tokens"] == SHORT_TOKENS


def test_lines_that_are_no_commands_have_a_schema_and_a_way_back():
    legal = Legal((Line("word", "yes", "nothing"), Line("of", "no ", "choice", ("1", "2"))))
    schema = to_schema(legal)
    assert schema["properties"] == {"answer": {"type": "string", "enum": ["yes", "no 1", "no 2"]}}
    assert from_schema('{"answer": "no 2"}') == "no 2"
    free = to_schema(Legal((Line("word", "so: ", "text"),)))
    assert free["properties"] == {"answer": {"type": "string"}}


async def test_two_ways_are_asked_apart():
    """What one pair of words learnt of a model is not forgotten by the next question."""
    model = Model("yes", "yes", "no")
    two_way = TwoWay(model, ("yes", "no"))
    assert [(await two_way.ask(Prompt("?"))).yes for _ in range(2)] == [1.0, 0.0]
