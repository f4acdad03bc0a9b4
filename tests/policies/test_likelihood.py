"""Masked log-probabilities: against a plain sum, without a gradient where there was no choice."""

import math

import numpy as np
import pytest
import torch

from policies.grammar.legal import Legal, Line
from policies.likelihood import (
    Written,
    completion_logprobs,
    entropy,
    log_distribution,
    make_batch,
    masked_logprobs,
    replay,
)
from policies.models.base import ModelError
from policies.models.tokens import Tokens
from tests.policies.models.small import make_model, make_tokenizer

torch.set_num_threads(1)
LEGAL = Legal(
    (
        Line("search", "Search ", "text"),
        Line("click", "Clicked on link ", "choice", ("1", "2", "13")),
        Line("back", "Back", "nothing"),
    )
)
TOKENS = Tokens(make_tokenizer())
PROMPT = tuple(TOKENS.encode_text("Why is the sky blue?"))


def test_masked_values_agree_with_a_sum_by_hand():
    logits = torch.tensor([[[1.0, 2.0, 3.0], [0.5, -1.0, 9.0]]])
    allowed = torch.tensor([[[True, True, False], [True, True, False]]])
    found = masked_logprobs(logits, torch.tensor([[1, 0]]), allowed, temperature=0.5)
    by_hand = [
        4.0 - math.log(math.exp(2.0) + math.exp(4.0)),
        1.0 - math.log(math.exp(1.0) + math.exp(-2.0)),
    ]
    assert found.tolist()[0] == pytest.approx(by_hand, abs=1e-6)
    p = torch.tensor(by_hand).exp()
    spread = -(p * p.log() + (1 - p) * (1 - p).log())
    assert entropy(logits, allowed, 0.5)[0].tolist() == pytest.approx(spread.tolist(), abs=1e-6)


def test_where_nothing_is_drawn_the_temperature_counts_as_one():
    logits = torch.randn(2, 5)
    assert torch.equal(log_distribution(logits, temperature=0.0), logits.log_softmax(-1))
    each = log_distribution(logits, temperature=torch.tensor([[0.0], [0.5]]))
    assert torch.equal(each[0], logits[0].log_softmax(-1))
    assert torch.equal(each[1], log_distribution(logits[1], temperature=0.5))


def test_the_maths_is_done_in_fp32_whatever_the_model_is():
    assert log_distribution(torch.zeros(1, 3, dtype=torch.bfloat16)).dtype == torch.float32


def test_a_forced_token_has_probability_one_and_no_gradient():
    logits = torch.randn(1, 2, 6, requires_grad=True)
    allowed = torch.zeros(1, 2, 6, dtype=torch.bool)
    allowed[0, 0, 3] = True
    allowed[0, 1, :4] = True
    logprobs = masked_logprobs(logits, torch.tensor([[3, 2]]), allowed)
    spread = entropy(logits, allowed)
    assert logprobs[0, 0] == 0.0
    assert spread[0, 0] == 0.0
    (logprobs.sum() + spread.sum()).backward()
    assert not logits.grad[0, 0].any()
    assert logits.grad[0, 1, :4].all()
    assert not logits.grad[0, 1, 4:].any()


def test_a_replay_finds_what_was_forced():
    ids = TOKENS.masks.path(LEGAL, "Clicked on link 13")
    found = replay(TOKENS, LEGAL, ids)
    assert [len(some) == 1 for some in found.ids] == found.forced.tolist()
    assert found.forced.any()
    assert not found.forced.all()
    assert all(token in some for token, some in zip(ids, found.ids, strict=True))
    assert replay(TOKENS, None, ids).ids == ()


def test_a_replay_refuses_what_the_grammar_cannot_have_written():
    with pytest.raises(ModelError):
        replay(TOKENS, LEGAL, TOKENS.encode_text("Top"))


@pytest.mark.parametrize("family", ["llama", "gpt_neox", "gpt2", "mistral", "bloom"])
def test_padding_changes_nothing_and_gradients_are_finite(family):
    model = make_model(TOKENS.tokenizer, family)
    written = []
    for text in ("Back", "Search why", "Clicked on link 2"):
        ids = TOKENS.masks.path(LEGAL, text)
        written.append(
            Written(PROMPT * (1 + len(written)), tuple(ids), replay(TOKENS, LEGAL, ids).ids)
        )
    written.append(Written(PROMPT[:2], (5, 6, 7, 8, 9, 10)))
    together = completion_logprobs(model, make_batch(written), 0.7)
    for row, one in enumerate(written):
        size = len(one.completion)
        alone = completion_logprobs(model, make_batch([one]), 0.7)
        for whole, single in zip(together, alone, strict=True):
            assert torch.allclose(whole[row, :size], single[0], atol=1e-5)
            assert not whole[row, size:].any()
    together.logprobs.sum().backward()
    assert all(torch.isfinite(one.grad).all() for one in model.parameters() if one.grad is not None)


def test_a_completion_of_forced_tokens_moves_no_weight():
    model = make_model(TOKENS.tokenizer)
    forced = Written(PROMPT, (5, 6), (np.array([5]), np.array([6])))
    completion_logprobs(model, make_batch([forced])).logprobs.sum().backward()
    assert not any(one.grad.any() for one in model.parameters() if one.grad is not None)


@pytest.mark.parametrize(
    "broken", [Written((), (1,)), Written((1,), ()), Written((1,), (2, 3), (np.array([2]),))]
)
def test_what_cannot_be_scored_is_refused(broken):
    with pytest.raises(ModelError, match="cannot score"):
        make_batch([broken])
