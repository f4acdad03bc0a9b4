"""What is told of an update, beside sums by hand."""

import pytest
import torch

from policies.cloning.config import ANSWERING
from reward.ppo.batch import join
from reward.ppo.diagnostics import of_batch
from reward.ppo.learner import Measured, Target
from tests.reward.ppo.test_batch import trajectory, turn


def test_an_episode_is_counted_once_however_often_it_is_answered():
    """Fails when an answer that was inserted counts as an episode, or browsing is shared out."""
    browsing, answer = turn([1], reward=-0.5), turn([1], ANSWERING)
    batch = join(
        [
            trajectory([browsing, answer], 1.0),
            trajectory([answer], 3.0, parent="x"),
            trajectory([browsing], -1.0, browse=1),  # ended without an answer
        ]
    )
    nats = torch.tensor([1.0, 2.0, 4.0, 3.0])
    zero = torch.zeros(4)
    measured = Measured(nats - 5, zero - 5, zero, zero, 0.0, 0.0)
    found = of_batch(batch, measured, Target(zero, zero, 0.0), 0.1)
    assert found["kl/episode"] == pytest.approx((1 + 3) / 2 + (3 + 0) / 2)
    assert found["kl/root"] == pytest.approx(3.5**0.5)
    assert found["reward/total"] == pytest.approx((2 - 1) / 2 - 0.1 * 3.5 - 0.5)
    assert found["kl_of/answering"] == pytest.approx(3)
