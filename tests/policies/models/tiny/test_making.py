"""A tiny model at its start: the size it is said to have, and a place among other models."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from env.errors import ConfigError
from policies.models.tiny.config import SHAPES, TinyConfig, check
from policies.models.tiny.making import make_model
from policies.models.tiny.passages import SHORTEST, STRETCH, passages


class Tokenizer(SimpleNamespace):
    def __len__(self):
        return self.size


@pytest.mark.parametrize(("name", "millions"), [("tiny", (4, 5)), ("small", (13, 15))])
def test_the_sizes_are_what_is_said(name, millions):
    shape = SHAPES[name]
    tokenizer = Tokenizer(size=shape.vocabulary, eos_token_id=0, pad_token_id=1)
    model = make_model(shape, tokenizer, 0)
    assert millions[0] < model.num_parameters() / 1e6 < millions[1]
    assert model.config.pad_token_id == 1


def test_the_seed_decides_the_weights_and_nothing_else_is_drawn():
    tokenizer = Tokenizer(size=64, eos_token_id=0, pad_token_id=1)
    before = torch.random.get_rng_state()
    first, again, other = (
        make_model(SHAPES["tiny"], tokenizer, seed).get_input_embeddings().weight
        for seed in (1, 1, 2)
    )
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert torch.equal(before, torch.random.get_rng_state())


def encode(text):
    return [ord(character) for character in text]


def test_stretches_come_from_all_over_the_web_and_are_the_same_each_time():
    pages = [(f"Page {number}", chr(97 + number) * 20_000) for number in range(20)]
    made = list(passages(pages, 20, encode, 20 * 2 * STRETCH, 0))
    assert len({one.question for one in made}) == 20
    assert 0.8 < sum(one.length for one in made) / (20 * 2 * STRETCH) < 1.2
    again = passages(pages, 20, encode, 20 * 2 * STRETCH, 0)
    assert all(np.array_equal(a.completion, b.completion) for a, b in zip(made, again, strict=True))
    for one in made:
        assert len(one.completion) <= STRETCH
        assert len(one.prompt) == 1
        assert not len(one.sets)


def test_of_short_pages_and_small_shares_there_is_less_but_never_nothing_forever():
    pages = [("P", "x" * 100)] * 400
    made = list(passages(pages, 400, encode, 40 * STRETCH, 0))
    assert 20 < len(made) < 60
    assert all(one.length >= SHORTEST - 1 for one in made)
    assert list(passages([("", "short")], 1, encode, 10_000, 0)) == []


@pytest.mark.parametrize("wrong", [{"text": 0}, {"passes": -1}, {"learning_rate": float("nan")}])
def test_settings_that_make_no_sense_are_named(wrong):
    with pytest.raises(ConfigError, match=f"--{next(iter(wrong))}".replace("_", "-")):
        check(TinyConfig(**wrong))
