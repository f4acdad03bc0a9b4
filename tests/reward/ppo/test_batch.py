"""Trajectories become one batch, and what is worked out over episodes goes back to its rows."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from env.errors import ConfigError
from policies.cloning.config import ANSWERING
from policies.cloning.records import FORCED, Example
from reward.ppo.batch import compared, join, minibatches, of_like_length
from reward.ppo.rollout import Trajectory, Turn


def turn(sets, kind="click", reward=0.0):
    free = sum(number != FORCED for number in sets)
    example = Example(
        "q", kind, 1.0, np.array([5, 6]), np.arange(len(sets)), np.array(sets, np.int32)
    )
    return Turn(example, tuple([-0.5] * free), reward)


def trajectory(turns, score=0.0, browse=0, group=0, parent=""):
    return Trajectory(SimpleNamespace(parent=parent), tuple(turns), score, browse, group)


def test_forced_tokens_are_not_in_the_batch_and_forced_rows_neither():
    batch = join(
        [
            trajectory([turn([FORCED, 3]), turn([FORCED]), turn([1, FORCED, 2], ANSWERING)], 4.0),
            trajectory([turn([FORCED])], 9.0),
            trajectory([turn([1, 1], ANSWERING)], 5.0, browse=1),
        ]
    )
    assert batch.tokens == 5
    assert batch.row_starts.tolist() == [0, 1, 3, 5]
    assert batch.starts.tolist() == [0, 3, 5]
    assert batch.scores.tolist() == [4, 5]
    assert batch.answering.tolist() == [False, True, True, True, True]
    assert batch.places([2, 0]).tolist() == [3, 4, 0]
    assert batch.of_kind("click").tolist() == [True, False, False, False, False]


def test_what_a_forced_command_is_worth_is_not_lost():
    turns = [
        turn([1, 2], reward=0.5),
        turn([FORCED], reward=2.0),
        turn([1]),
        turn([FORCED], reward=3),
    ]
    assert join([trajectory(turns)]).step_rewards.tolist() == [0.0, 0.5, 5.0]


def test_a_batch_without_any_choice_is_refused():
    with pytest.raises(ConfigError, match="never had a choice"):
        join([trajectory([turn([FORCED])])])


def test_minibatches_hold_each_row_once_and_are_drawn_anew():
    parts = minibatches(range(11), 4, "a")
    assert sorted(row for part in parts for row in part) == list(range(11))
    assert max(map(len, parts)) - min(map(len, parts)) <= 1
    assert parts == minibatches(range(11), 4, "a") != minibatches(range(11), 4, "b")


def test_rows_that_are_just_alike_come_together_and_are_known():
    one, other = turn([1, 2]), turn([1, 3])
    batch = join([trajectory([one, other]), trajectory([one]), trajectory([other, one])])
    assert batch.same == (0, 1, 0, 1, 0)
    assert sorted(minibatches(batch.same, 2, "a")) == [[0, 2, 4], [1, 3]]


@given(st.lists(st.integers(1, 900), min_size=1, max_size=60), st.integers(1, 3000))
def test_batches_of_like_length_have_little_padding(lengths, tokens):
    made = of_like_length(lengths, tokens)
    assert sorted(place for batch in made for place in batch) == list(range(len(lengths)))
    for batch in made:
        longest = max(lengths[place] for place in batch)
        area = longest * len(batch)
        assert area <= tokens or len(batch) == 1
        assert area - sum(lengths[place] for place in batch) <= 0.08 * area


def test_answers_are_compared_with_answers_to_the_same_browse():
    """Two browses of one question, two answers each; divergence is free."""
    browsing, answer = turn([1]), turn([1], ANSWERING)
    batch = join(
        [
            trajectory([browsing, answer], 1.0),
            trajectory([answer], 3.0, parent="x"),
            trajectory([browsing, answer], 6.0, browse=1),
            trajectory([answer], 10.0, browse=1, parent="y"),
        ]
    )
    made = compared(batch, torch.zeros(batch.tokens))
    assert made.tolist() == pytest.approx([2 - 8, 1 - 3, 3 - 1, 8 - 2, 6 - 10, 10 - 6])


def test_a_single_answer_is_compared_as_its_browse_is():
    both = [turn([1]), turn([1], ANSWERING)]
    batch = join([trajectory(both, 1.0), trajectory(both, 5.0, browse=1)])
    assert compared(batch, torch.zeros(4)).tolist() == [-4, -4, 4, 4]


def test_divergence_is_paid_for_where_it_was_made():
    both = [turn([1]), turn([1], ANSWERING)]
    again = [turn([1], ANSWERING)]
    batch = join(
        [
            trajectory(both, 0.0),
            trajectory(again, 0.0, parent="x"),
            trajectory(both, 0.0, browse=1),
            trajectory(again, 0.0, browse=1, parent="y"),
        ]
    )
    # A browse that costs 1, and an answer to the other one that costs 2.
    made = compared(batch, torch.tensor([-1.0, 0, 0, 0, -2.0, 0]))
    assert made.tolist() == pytest.approx([0.0, 0, 0, 0, -2, 2])
    made = compared(batch, torch.tensor([-1.0, 0, 0, 0, 0, 0]))
    assert made.tolist() == pytest.approx([-1.0, 0, 0, 1, 0, 0])
