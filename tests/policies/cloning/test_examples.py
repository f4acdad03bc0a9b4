"""Examples hold what the policy will see and write when it plays, and nothing else."""

import asyncio
from dataclasses import replace

import numpy as np
import pytest

from env.config import SMALL
from env.errors import ConfigError
from policies.base import Setup, run_episode
from policies.cloning.config import ExampleConfig
from policies.cloning.examples import Reader, make_examples, unlearnt
from policies.grammar.config import FREE, TIGHT
from policies.language_model import LanguageModelConfig, LanguageModelPolicy, make_request
from policies.models.tokens import Tokens
from policies.prompts import PromptConfig
from tests.policies.cloning.browsing import ANSWER, GOOD, WEB, episode
from tests.policies.models.small import make_tokenizer

PLAIN = ExampleConfig("plain")
MASKED = ExampleConfig("masked")
TINY = LanguageModelConfig(PromptConfig("page-first"), TIGHT, preset="small")


@pytest.fixture(scope="module")
def tokens():
    return Tokens(make_tokenizer())


@pytest.fixture(scope="module")
def chat():
    return Tokens(make_tokenizer(chat=True))


class Repeating:
    """A model that writes what was written before, and remembers what it was asked."""

    name, chat = "repeating", False

    def __init__(self, tokens, context, lines):
        self.tokens, self.context, self.lines = tokens, context, iter(lines)
        self.prompts = []

    async def start(self):
        pass

    def count(self, prompt):
        return len(self.tokens.encode_prompt(prompt))

    async def complete(self, request):
        from env.records import Completion

        self.prompts.append(self.tokens.encode_prompt(request.prompt))
        return [Completion(next(self.lines))]


@pytest.mark.parametrize("context", [2000, 210])
def test_the_prompt_is_the_one_at_play_also_when_it_is_cut(tokens, context):
    config = replace(TINY, command_tokens=60, answer_tokens=100)
    recorded = episode()
    model = Repeating(tokens, context, [*GOOD, ANSWER])
    policy = LanguageModelPolicy(model, config)
    asyncio.run(run_episode(policy, recorded.question, Setup(WEB, SMALL)))
    made = make_examples([recorded], Reader(tokens, context), config, PLAIN)
    assert [one.prompt.tolist() for one in made.all] == model.prompts
    longest = max(map(len, model.prompts))
    assert longest <= context - 60
    if context == 210:
        whole = make_examples([recorded], Reader(tokens, 2000), config, PLAIN)
        assert longest < max(len(one.prompt) for one in whole.all), "nothing was cut"


def test_plain_labels_are_the_lines_and_the_end(tokens):
    made = make_examples([episode()], Reader(tokens, 2000), TINY, PLAIN)
    assert [one.kind for one in made.all] == [
        "search", "click", "quote", "back", "answer", "answering",
    ]  # fmt: skip
    for one, text in zip(made.all, [*GOOD, ANSWER], strict=True):
        assert tokens.decode(one.completion.tolist()) == text
        assert one.completion[-1] == tokens.end
        assert tokens.end not in one.completion[:-1]


def test_page_text_never_becomes_a_control_token(chat):
    recorded = episode(asked="why is the sky <|im_end|> blue")
    made = make_examples([recorded], Reader(chat, 2000), LanguageModelConfig(), PLAIN)
    end = chat.tokenizer.convert_tokens_to_ids("<|im_end|>")
    # The template's own two, of the system's and the user's message.
    assert {int((one.prompt == end).sum()) for one in made.all} == {2}


@pytest.mark.parametrize("grammar", [FREE, TIGHT])
def test_masked_labels_are_written_as_the_engine_would(tokens, grammar):
    config = replace(TINY, grammar=grammar)
    recorded = episode()
    reader = Reader(tokens, 2000)
    made = make_examples([recorded], reader, config, MASKED)
    kinds = ("search", "click", "quote", "back", "answer", "answering")
    steps = dict(zip(kinds, recorded.steps, strict=True))
    assert {"search", "click", "quote"} <= {one.kind for one in made.all}
    for one in made.all:
        step = steps[one.kind]
        assert tokens.decode(one.completion.tolist()) == step.completion.text
        legal = make_request(step.observation, reader, config).request.legal
        replayed = tokens.masks.allowed(legal, one.completion.tolist())
        for number, ids, token in zip(one.sets, replayed.ids, one.completion, strict=True):
            allowed = made.sets[number] if number >= 0 else [token]
            assert np.array_equal(allowed, ids)
            assert token in allowed


def test_what_the_grammar_does_not_allow_is_left_out_and_counted(tokens):
    lines = ("Search blue sky why", "Clicked on link 0", "Quote: blue because air", "End: Answer")
    recorded = episode(lines=lines)
    made = make_examples([recorded], Reader(tokens, 2000), TINY, MASKED)
    assert {"search", "quote"}.isdisjoint({one.kind for one in made.all})
    assert made.left_out["step that the grammar does not allow (search)"] == 1
    assert made.left_out["step that the grammar does not allow (quote)"] == 1
    assert {"search", "quote"} <= set(unlearnt(made))
    assert "click" not in unlearnt(made)


def test_what_failed_is_not_learnt(tokens):
    lines = ("Search sky blue", "Quote: nothing of a results page", "Scroll", *GOOD[1:])
    recorded = episode(lines=lines)
    made = make_examples([recorded], Reader(tokens, 2000), TINY, PLAIN)
    assert [one.kind for one in made.all].count("quote") == 1
    assert made.left_out["step that could not be carried out"] == 1
    assert made.left_out["step that is no command"] == 1


def test_a_label_is_never_cut(tokens):
    config = replace(TINY, answer_tokens=10)
    made = make_examples([episode()], Reader(tokens, 2000), config, PLAIN)
    assert "answering" not in {one.kind for one in made.all}
    assert made.left_out["step that is too long to be written (answering)"] == 1


def test_a_kind_of_weight_zero_is_left_out_and_others_carry_theirs(tokens):
    config = ExampleConfig("plain", {"search": 0.0, "quote": 2.5})
    made = make_examples([episode()], Reader(tokens, 2000), TINY, config)
    weights = {one.kind: one.weight for one in made.all}
    assert "search" not in weights
    assert (weights["quote"], weights["back"]) == (2.5, 1.0)


def test_nothing_to_learn_is_said_with_the_reasons(tokens):
    config = ExampleConfig("plain", dict.fromkeys(
        ("search", "click", "quote", "back", "answer", "answering"), 0.0))  # fmt: skip
    with pytest.raises(ConfigError, match=r"no example is left to learn from: .*\(quote\): 1"):
        make_examples([episode()], Reader(tokens, 2000), TINY, config)


def test_the_masked_loss_needs_a_grammar(tokens):
    with pytest.raises(ConfigError, match="needs a grammar"):
        make_examples([episode()], Reader(tokens, 2000), replace(TINY, grammar=None), MASKED)


def test_a_browse_that_is_answered_twice_is_learnt_once(tokens):
    """Fails when best-of runs teach each command as often as it was answered."""
    first = episode()
    second = replace(first, id="again", parent=first.id)
    made = make_examples([first, second], Reader(tokens, 2000), TINY, PLAIN)
    assert [one.kind for one in made.all].count("answering") == 2
    assert len(made.all) == len(first.steps) + 1
    (reason,) = [name for name in made.left_out if "browse" in name]
    assert made.left_out[reason] == len(first.steps) - 1
    alone = make_examples([second], Reader(tokens, 2000), TINY, PLAIN)
    assert len(alone.all) == len(first.steps), "its own browse was not learnt from"
