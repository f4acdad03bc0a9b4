"""The whole loop: it learns, keeps to its budget, and goes on exactly where it was killed."""

import asyncio
from dataclasses import replace
from statistics import fmean

import pytest
import torch

from env.jsonl import read
from policies.checkpoints import read_metrics
from reward.ppo.config import CollectConfig, LoopConfig
from reward.ppo.loop import CHECKPOINTS, train
from reward.ppo.played import READ, Played
from tests.reward.ppo.small import FAST, Counting, make_work

SHORT = LoopConfig(updates=3, warmup=1, warmup_epochs=1, every=1, kl_budget=0, read=2)
TIMES = ("time/",)
BY_CHANCE = ("engine/",)
"""What hangs on which rows the engine ran together, in the seventh digit."""


class Killed(BaseException):
    """Stands for a signal: nothing may catch it."""


def stop_at(update):
    def watch(progress):
        if progress.update >= update:
            raise Killed

    return watch


def run(work, local):
    async def whole():
        try:
            return await train(work)
        finally:
            await local.aclose()

    return asyncio.run(whole())


def weights(work):
    return {name: one.detach().clone() for name, one in work.learner.policy.named_parameters()}


def lines(folder):
    left_out = (*TIMES, *BY_CHANCE)
    return [
        {name: one[name] for name in one if not name.startswith(left_out)}
        for one in read_metrics(folder)
    ]


def same(first, second):
    return first.keys() == second.keys() and all(
        torch.equal(one, second[name]) for name, one in first.items()
    )


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The folder, the weights and the outcome of a training that nothing stopped."""
    folder = tmp_path_factory.mktemp("whole")
    work, local = make_work(folder, loop=SHORT)
    outcome = run(work, local)
    return folder, weights(work), outcome


def test_every_update_is_written_down_and_the_end_is_measured(whole):
    folder, _, outcome = whole
    found = read_metrics(folder)
    assert [one["step"] for one in found] == [0, 1, 2, 3, 4]
    assert outcome.update == 4
    assert outcome.measured["reward/score"] == found[-1]["reward/score"]
    assert not outcome.over_budget
    assert "policy/loss" in found[3]
    assert "policy/loss" not in found[4], "the last is only measured"
    wanted = {"kl/episode", "kl/root", "kl_of/find", "entropy_of/find", "reward/score",
              "reward_part/quotes", "critic/explained_variance", "policy/clip_fraction",
              "engine/largest_gap", "answers/characters", "episodes/repeated", "batch/padding",
              "time/rollout", "time/scoring", "time/measuring", "time/learning"}  # fmt: skip
    assert wanted <= set(found[3])
    assert all(one["engine/largest_gap"] < 1e-4 for one in found)
    assert all(one["policy/first_ratio_error"] < 1e-3 for one in found[:-1])


def test_the_warm_up_leaves_the_policy_where_it_was(whole):
    found = read_metrics(whole[0])
    assert found[0]["kl/episode"] == found[1]["kl/episode"] == 0
    assert found[2]["kl/episode"] != 0


def test_episodes_are_kept_to_be_read(whole):
    file = whole[0] / READ / "update-00002.jsonl"
    rows = list(read(file, Played))
    assert len(rows) == 2
    assert rows[0].episode.steps
    assert rows[0].update == 2


@pytest.mark.parametrize("killed", [0, 3])
def test_a_training_that_was_killed_ends_with_the_same_weights(whole, tmp_path, killed):
    with pytest.raises(Killed):
        run(*make_work(tmp_path, loop=SHORT, watch=stop_at(killed)))
    work, local = make_work(tmp_path, loop=SHORT)
    outcome = run(work, local)
    assert outcome.resumed == killed
    assert same(weights(work), whole[1])
    assert lines(tmp_path) == lines(whole[0])
    assert outcome.measured.keys() == whole[2].measured.keys()


def test_a_checkpoint_that_is_cut_short_is_passed_over(whole, tmp_path):
    with pytest.raises(Killed):
        run(*make_work(tmp_path, loop=SHORT, watch=stop_at(3)))
    cut = tmp_path / CHECKPOINTS / "checkpoint-3" / "policy.safetensors"
    cut.write_bytes(cut.read_bytes()[:-5])
    work, local = make_work(tmp_path, loop=SHORT)
    assert run(work, local).resumed == 2
    assert same(weights(work), whole[1])


def test_over_the_budget_the_weights_before_are_kept(tmp_path):
    learn = replace(FAST, learning_rate=1e-2)
    loop = replace(SHORT, updates=20, warmup=0, kl_budget=0.3)
    work, local = make_work(tmp_path, learn=learn, loop=loop)
    outcome = run(work, local)
    found = read_metrics(tmp_path)
    assert outcome.over_budget
    assert found[-1]["kl/episode"] > 0.3 >= found[-2]["kl/episode"]
    assert outcome.update == found[-2]["step"]


MANY = CollectConfig(browses=24, answers=3, least_actions=5, most_actions=6)
LONG = LoopConfig(updates=27, warmup=3, every=100, kl_budget=0)


def play(folder, loop=LONG, **changed):
    """Return what was measured in a training with a learning rate that is high."""
    learn = replace(FAST, **({"learning_rate": 3e-3, "kl": 0.0} | changed))
    folder.mkdir(exist_ok=True)
    run(*make_work(folder, Counting(), collect=MANY, learn=learn, loop=loop))
    return read_metrics(folder)


@pytest.mark.slow
@pytest.mark.parametrize("algorithm", ["ppo", "rloo"])
def test_a_synthetic_reward_rises_within_thirty_updates(tmp_path, algorithm):
    scores = [one["reward/score"] for one in play(tmp_path, algorithm=algorithm)]
    assert len(scores) <= 31
    assert fmean(scores[-5:]) - fmean(scores[:5]) > 0.4


@pytest.mark.slow
def test_a_high_price_keeps_the_policy_where_it_is(tmp_path):
    loop = replace(LONG, updates=12, warmup=0)
    free = play(tmp_path / "free", loop, algorithm="rloo")[-1]["kl/episode"]
    dear = play(tmp_path / "dear", loop, algorithm="rloo", kl=10.0)[-1]["kl/episode"]
    assert dear < 0.3 * free
