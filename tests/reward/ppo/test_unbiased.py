"""Advantages give the true gradient: every outcome of a small episode, weighed by how likely it is.

A policy browses with one token and answers with another, which it draws by tables. What is wanted
is the mean score less the price of the divergence; its gradient is known exactly.
"""

from itertools import product

import pytest
import torch

from policies.cloning.config import ANSWERING
from reward.ppo.batch import compared, join
from reward.ppo.maths import gae, token_rewards
from tests.reward.ppo.test_batch import trajectory, turn

KL = 0.3
BROWSES, ANSWERS = range(2), range(3)
SCORES = torch.tensor([[1.0, -0.5, 0.3], [0.2, 2.0, -1.0]], dtype=torch.float64)
BROWSING, ANSWER = turn([1]), turn([1], ANSWERING)


@pytest.fixture
def tables():
    """Weights of the policy, of browsing and of answering after it, and those of the clone."""
    draw = torch.Generator().manual_seed(5)
    shapes = ((2,), (2, 3), (2,), (2, 3))
    made = [torch.randn(shape, generator=draw, dtype=torch.float64) for shape in shapes]
    return made[0].requires_grad_(), made[1].requires_grad_(), *made[2:]


def true_gradients(tables):
    browse, answer, old_browse, old_answer = (one.log_softmax(-1) for one in tables)
    gained = SCORES - KL * (answer - old_answer) - KL * (browse - old_browse)[:, None]
    wanted = (browse.exp()[:, None] * answer.exp() * gained).sum()
    return torch.autograd.grad(wanted, tables[:2])


def expected_gradients(tables, outcomes, advantages_of):
    """Return the mean over outcomes of the sum over tokens of advantage times gradient.

    An outcome is a list of browses, each a browsing token and the tokens of its answers.
    """
    browse, answer, old_browse, old_answer = (one.log_softmax(-1) for one in tables)
    total = torch.zeros((), dtype=torch.float64)
    for outcome in outcomes:
        likely = torch.ones((), dtype=torch.float64)
        played, new, old, states = [], [], [], []
        for number, (first, answers) in enumerate(outcome):
            for again, token in enumerate(answers):
                if not again:
                    new, old = [*new, browse[first]], [*old, old_browse[first]]
                    states.append(0)
                new, old = [*new, answer[first, token]], [*old, old_answer[first, token]]
                states.append(1 + first)
                played.append(
                    trajectory(
                        [ANSWER] if again else [BROWSING, ANSWER],
                        float(SCORES[first, token]),
                        browse=number,
                        parent="x" if again else "",
                    )
                )
            likely = likely * browse[first].exp() * answer[first, list(answers)].exp().prod()
        logprobs = torch.stack(new)
        advantages = advantages_of(
            join(played), logprobs.detach(), torch.stack(old), torch.tensor(states)
        )
        total = total + likely.detach() * (advantages * logprobs).sum()
    return torch.autograd.grad(total, tables[:2])


def test_ppo_follows_the_true_gradient_whatever_the_critic_says(tables):
    """Episodes that only answer add to the gradient of answers, and nothing to that of browsing."""
    values = torch.tensor([0.7, -2.0, 5.0], dtype=torch.float64)

    def advantages(batch, new, old, states):
        rewards = token_rewards(new, old, batch.scores, batch.starts, KL)
        return gae(rewards, values[states], batch.starts, 1.0).advantages

    outcomes = [[(first, answers)] for first in BROWSES for answers in product(ANSWERS, repeat=3)]
    found, wanted = expected_gradients(tables, outcomes, advantages), true_gradients(tables)
    assert torch.allclose(found[0], wanted[0], atol=1e-6)
    assert torch.allclose(found[1], 3 * wanted[1], atol=1e-6)


def test_rloo_follows_the_true_gradient(tables):
    def advantages(batch, new, old, _states):
        return compared(batch, -KL * (new - old))

    one = [(first, answers) for first in BROWSES for answers in product(ANSWERS, repeat=2)]
    found = expected_gradients(tables, product(one, repeat=2), advantages)
    wanted = true_gradients(tables)
    assert torch.allclose(found[0], 2 * wanted[0], atol=1e-6)
    assert torch.allclose(found[1], 4 * wanted[1], atol=1e-6)
