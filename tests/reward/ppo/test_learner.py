"""The exactness that learning rests on: ratios of one, pieces of batches, forced tokens."""

import asyncio
from dataclasses import replace

import numpy as np
import pytest
import torch

from policies.cloning.config import ANSWERING
from policies.cloning.records import FORCED, Example
from policies.likelihood import Written, completion_logprobs, make_batch
from policies.models.base import ModelError
from reward.ppo.batch import join
from reward.ppo.config import LearnConfig
from reward.ppo.learner import Measured
from reward.ppo.maths import gae, token_rewards
from reward.ppo.rollout import Asked, Turn
from reward.ppo.statistics import UpdateStatistics
from tests.reward.ppo.small import FAST, FEW, QUESTIONS, make_collector, make_learner, make_local
from tests.reward.ppo.test_batch import trajectory

ONE_STEP = replace(FAST, minibatches=1)


@pytest.fixture(scope="module")
def played():
    """What a random model played, and the model's seed."""
    local = make_local()
    collector = make_collector(local)
    asked = [Asked(one, number) for number, one in enumerate(QUESTIONS * 5)]
    collected = asyncio.run(collector.collect(asked, 0))
    asyncio.run(local.aclose())
    return collected, join(collected.trajectories)


def gradients(model):
    return {
        name: one.grad.clone() for name, one in model.named_parameters() if one.grad is not None
    }


def written(example, sets):
    """An example as the likelihood takes it."""
    allowed = tuple(
        np.array([token]) if number == FORCED else sets[number].astype(np.int64)
        for number, token in zip(example.sets.tolist(), example.completion.tolist(), strict=True)
    )
    return Written(tuple(example.prompt.tolist()), tuple(example.completion.tolist()), allowed)


def test_the_first_minibatch_has_ratios_of_one(played):
    collected, batch = played
    learner = make_learner(make_local())
    measured = learner.measure(batch, collected.sets)
    target = learner.target(batch, measured)
    seen = learner.learn(batch, collected.sets, measured, target, update=0, epochs=1)
    assert seen["policy/first_ratio_error"] < 1e-3
    assert seen["policy/first_clip_fraction"] == 0
    assert seen["policy/steps"] == 2


def test_the_trainer_says_of_tokens_what_the_engine_drew_them_with(played):
    collected, batch = played
    measured = make_learner(make_local()).measure(batch, collected.sets)
    assert batch.tokens > 50
    assert (measured.logprobs - batch.engine).abs().max() < 1e-4
    assert torch.equal(measured.logprobs, measured.reference)
    assert not measured.values.any(), "a new critic says 0"


def test_masked_logprobs_are_those_of_the_one_definition(played):
    collected, batch = played
    learner = make_learner(make_local())
    measured = learner.measure(batch, collected.sets)
    sets = collected.sets
    for row, one in enumerate(batch.examples[:8]):
        alone = make_batch([written(one, sets)])
        with torch.no_grad():
            scores = completion_logprobs(learner.policy, alone)
        free = ~alone.forced[0]
        places = batch.places([row])
        assert torch.allclose(scores.logprobs[0][free], measured.logprobs[places], atol=1e-4)
        assert torch.allclose(scores.entropies[0][free], measured.entropies[places], atol=1e-4)


def test_the_gradient_is_that_of_the_clipped_loss_written_plainly(played):
    """Row by row by the one definition of log-probabilities; rows written again count again."""
    batch, sets = played[1], played[0].sets
    assert len(set(batch.same)) < len(batch.examples)
    learner = make_learner(make_local(), tokens=700)
    measured = learner.measure(batch, sets)
    draw = torch.Generator().manual_seed(3)
    old = measured.logprobs + 0.3 * torch.randn(batch.tokens, generator=draw)
    advantages = torch.randn(batch.tokens, generator=draw)
    target = learner.target(batch, measured)._replace(advantages=advantages)
    rows = range(len(batch.examples))
    learner._gradients(
        batch, sets, measured._replace(logprobs=old), target, rows, False, UpdateStatistics()
    )
    found = gradients(learner.policy)
    learner.policy.zero_grad()
    loss = 0.0
    for number, one in enumerate(batch.examples):
        alone = make_batch([written(one, sets)])
        new = completion_logprobs(learner.policy, alone).logprobs[0][~alone.forced[0]]
        places = batch.places([number])
        ratio, worth = (new - old[places]).exp(), advantages[places]
        gained = torch.minimum(ratio * worth, ratio.clamp(0.8, 1.2) * worth)
        loss = loss - gained.sum() / batch.tokens
    loss.backward()
    assert found.keys() == gradients(learner.policy).keys()
    for name, one in gradients(learner.policy).items():
        assert torch.allclose(found[name], one, atol=1e-5, rtol=1e-3), name


@pytest.mark.parametrize("algorithm", ["ppo", "rloo"])
def test_pieces_of_a_batch_add_up_to_the_whole(played, algorithm):
    collected, batch = played
    kept = []
    for tokens in (100_000, 1):  # all rows at once; each alone
        learner = make_learner(make_local(), replace(ONE_STEP, algorithm=algorithm), tokens)
        measured = learner.measure(batch, collected.sets)
        target = learner.target(batch, measured)._replace(
            advantages=torch.arange(batch.tokens) % 7 - 3.0
        )
        learner.learn(batch, collected.sets, measured, target, update=0, epochs=1)
        kept.append({name: one.detach() for name, one in learner.policy.named_parameters()})
        assert (measured.padding == 0) == (tokens == 1)
    start = dict(make_local().engine.loaded.model.named_parameters())
    assert any(not torch.equal(start[name], one) for name, one in kept[0].items())
    for name, one in kept[0].items():
        assert torch.allclose(one, kept[1][name], atol=2e-5), name


def row(prompt, completion, sets, kind="click"):
    example = Example(
        "q", kind, 1.0, np.array(prompt), np.array(completion), np.array(sets, np.int32)
    )
    free = sum(number != FORCED for number in sets)
    return Turn(example, tuple([-1.0] * free))


SETS = (np.arange(0, 300, 2, dtype=np.int32), np.arange(0, 300, 3, dtype=np.int32))


def test_forced_tokens_have_no_gradient():
    """What stands only where it is forced changes nothing, whatever the weights say of it."""
    found = []
    for last in ([FORCED, FORCED], []):
        learner = make_learner(make_local(), ONE_STEP)
        completion = [6, *([12, 18] if last else [])]
        batch = join([trajectory([row([3, 4, 5], completion, [0, *last])], 1.0)])
        measured = learner.measure(batch, SETS)
        target = learner.target(batch, measured)._replace(advantages=torch.ones(1))
        learner.learn(batch, SETS, measured, target, update=0, epochs=1)
        found.append(dict(learner.policy.named_parameters()))
    for name, one in found[0].items():
        assert torch.allclose(one, found[1][name], atol=1e-6), name


def test_joined_advantages_are_those_of_one_sequence_where_prompts_are_prefixes():
    """Two commands and an answer as three rows, and as one row with the rest in between forced."""
    rows = [
        row([3, 4], [6, 12], [0, 1]),
        row([3, 4, 6, 12, 7, 8], [18], [1]),
        row([3, 4, 6, 12, 7, 8, 18, 9], [24, 30], [0, 0], ANSWERING),
    ]
    whole = row([3, 4], [6, 12, 7, 8, 18, 9, 24, 30], [0, 1, FORCED, FORCED, 1, FORCED, 0, 0])
    local = make_local()
    made = []
    for turns in (rows, [whole]):
        learner = make_learner(local)
        torch.manual_seed(1)
        torch.nn.init.normal_(learner.critic.head.weight)
        for one in learner.reference.parameters():
            one.add_(0.01 * torch.randn(one.shape, generator=torch.Generator().manual_seed(2)))
        batch = join([trajectory(turns, 2.0)])
        measured = learner.measure(batch, SETS)
        rewards = token_rewards(
            measured.logprobs, measured.reference, batch.scores, batch.starts, 0.5
        )
        assert measured.values.abs().min() > 0
        assert (measured.logprobs != measured.reference).any()
        made.append(gae(rewards, measured.values, batch.starts, 0.9))
    assert torch.allclose(made[0].advantages, made[1].advantages, atol=1e-4)
    assert torch.allclose(made[0].returns, made[1].returns, atol=1e-4)


def test_the_warm_up_moves_the_critic_alone(played):
    collected, batch = played
    learner = make_learner(make_local(), replace(FAST, critic_rate=1e-2))
    before = {name: one.detach().clone() for name, one in learner.policy.named_parameters()}
    measured = learner.measure(batch, collected.sets)
    target = learner.target(batch, measured)
    for update in range(3):
        seen = learner.learn(
            batch, collected.sets, measured, target, update=update, epochs=4, critic_only=True
        )
    assert all(torch.equal(before[name], one) for name, one in learner.policy.named_parameters())
    assert seen["policy/loss"] == 0
    after = learner.target(batch, learner.measure(batch, collected.sets))
    assert after.explained > 0.05 > target.explained
    assert (learner.target(batch, measured).returns == after.returns).all(), "not of the critic"


def test_an_update_is_broken_off_when_the_policy_moves_too_far(played):
    collected, batch = played
    learner = make_learner(make_local(), LearnConfig(learning_rate=0.05, stop_kl=0.01))
    measured = learner.measure(batch, collected.sets)
    target = learner.target(batch, measured)
    seen = learner.learn(batch, collected.sets, measured, target, update=0, epochs=4)
    assert seen["policy/stopped"] == 1
    assert 1 <= seen["policy/steps"] < 16


def test_what_was_drawn_hot_is_measured_hot():
    """Fails when engine and trainer divide by different temperatures, or mask before and after."""
    local = make_local()
    collector = make_collector(local, collect=replace(FEW, temperature=1.7))
    collected = asyncio.run(collector.collect([Asked(QUESTIONS[0], 0), Asked(QUESTIONS[1], 1)], 0))
    asyncio.run(local.aclose())
    batch = join(collected.trajectories)
    for temperature, near in ((1.7, True), (1.0, False)):
        measured = make_learner(make_local(), temperature=temperature).measure(
            batch, collected.sets
        )
        assert ((measured.logprobs - batch.engine).abs().max() < 1e-4) == near


def test_temperature_is_in_all_logprobs(played):
    collected, batch = played
    hot = make_learner(make_local(), temperature=2.0).measure(batch, collected.sets)
    cold = make_learner(make_local()).measure(batch, collected.sets)
    assert hot.entropies.sum() > cold.entropies.sum()
    assert not torch.allclose(hot.logprobs, cold.logprobs)


def test_weights_that_are_no_numbers_stop_the_training(played):
    collected, batch = played
    learner = make_learner(make_local())
    with torch.no_grad():
        next(iter(learner.policy.parameters())).fill_(float("nan"))
    with pytest.raises(ModelError, match="no numbers any more"):
        learner.measure(batch, collected.sets)


def test_returns_that_are_no_numbers_never_reach_the_weights(played):
    collected, batch = played
    learner = make_learner(make_local())
    measured = learner.measure(batch, collected.sets)
    target = learner.target(batch, measured)
    broken = target._replace(advantages=target.advantages * float("nan"))
    before = {name: one.detach().clone() for name, one in learner.policy.named_parameters()}
    with pytest.raises(ModelError, match="the gradient of the policy is no number at update 3"):
        learner.learn(batch, collected.sets, measured, broken, update=3, epochs=1)
    assert all(torch.equal(before[name], one) for name, one in learner.policy.named_parameters())


def test_measured_is_one_number_for_each_token(played):
    collected, batch = played
    measured = make_learner(make_local(), tokens=700).measure(batch, collected.sets)
    assert isinstance(measured, Measured)
    assert {len(one) for one in measured[:4]} == {batch.tokens}
    assert 0 <= measured.padding < 0.1


def test_what_was_written_twice_is_run_once_and_counts_twice(played):
    collected, batch = played
    assert len(set(batch.same)) < len(batch.examples), "some rows were written again"
    kept = []
    for same in (batch.same, tuple(range(len(batch.examples)))):
        learner = make_learner(make_local(), ONE_STEP)
        alike = replace(batch, same=same)
        measured = learner.measure(alike, collected.sets)
        target = learner.target(alike, measured)
        learner.learn(alike, collected.sets, measured, target, update=0, epochs=1)
        kept.append((measured, dict(learner.policy.named_parameters())))
    assert torch.allclose(kept[0][0].logprobs, kept[1][0].logprobs, atol=1e-5)
    assert torch.allclose(kept[0][0].entropies, kept[1][0].entropies, atol=1e-5)
    for name, one in kept[0][1].items():
        assert torch.allclose(one, kept[1][1][name], atol=2e-5), name
