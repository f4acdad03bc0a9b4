"""Choosing pairs: where an ensemble disagrees, some at random, never one answer with itself."""

from collections import Counter
from dataclasses import fields, replace

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from env.errors import ConfigError
from env.records import Answer, to_json
from reward.comparisons import Comparison, check
from reward.pairs import Candidates, PairConfig, choose, disagreement, judged

ALL = PairConfig(pairs=1000, each=1000, random=0.0)


def candidates(number, scores=None, question="q", texts=None):
    answers = [Answer(question, text) for text in texts or map(str, range(number))]
    found = None if scores is None else np.array(scores, dtype=float)
    episodes = [f"{question}-{place}" for place in range(len(answers))]
    return Candidates(question, answers, episodes, found, "made")


def places(pairs):
    return [tuple(sorted(int(answer.text) for answer in pair.answers)) for pair in pairs]


def test_disagreement_about_the_sign_comes_before_any_spread():
    found = disagreement(np.array([[0.0, 0.1, 9.0], [0.0, -0.1, 1.0], [0.0, 0.2, 5.0]]))
    assert found[0, 1] > 1  # one member is outvoted
    assert 0 < found[0, 2] < 1  # all agree which is better, not by how much
    assert (np.diag(found) == 0).all()


@given(arrays(float, (3, 4), elements=st.floats(-1e6, 1e6)))
def test_disagreement_does_not_depend_on_order_or_on_a_member_s_offset(scores):
    found = disagreement(scores)
    assert np.array_equal(found, found.T)
    assert np.allclose(found, disagreement(scores[::-1]))
    assert (found >= 0).all()
    assert (found < len(scores)).all()


def test_one_member_cannot_disagree():
    assert not disagreement(np.array([[1.0, 2.0, 3.0]])).any()


@pytest.mark.parametrize("scores", [np.array([[np.nan, 1.0]]), np.array([1.0, 2.0])])
def test_scores_that_are_no_scores_are_refused(scores):
    with pytest.raises(ConfigError, match="finite scores"):
        disagreement(scores)


def test_the_most_doubtful_pairs_of_all_questions_are_chosen():
    sure = candidates(3, [[0, 1, 2], [0, 1, 2.1]], "sure")
    doubt = candidates(3, [[0, 1, 5], [1, 0, 5.1]], "doubt")
    pairs = choose([sure, doubt], PairConfig(pairs=1, random=0.0))
    assert [pair.question for pair in pairs] == ["doubt"]
    assert places(pairs) == [(0, 1)]
    assert pairs[0].notes == "disagreement"


def test_a_share_is_random():
    draw = np.random.default_rng(0)
    offered = [candidates(6, draw.normal(size=(3, 6)), f"q{number}") for number in range(50)]
    pairs = choose(offered, PairConfig(pairs=100, each=4, random=0.3))
    assert Counter(pair.notes for pair in pairs) == {"disagreement": 70, "random": 30}
    assert len({pair.id for pair in pairs}) == 100
    assert max(Counter(pair.question for pair in pairs).values()) <= 4


def test_the_random_share_is_of_all_pairs_and_not_of_those_left_over():
    """Fails when the most doubtful are taken first: the rest would say nothing of calibration."""
    doubted = candidates(2, [[0, 1], [1, 0]])
    sure = candidates(2, [[0, 1], [0, 1.1]])
    offered = [
        replace(one, question=f"{name} {number}")
        for number in range(40)
        for name, one in (("doubted", doubted), ("sure", sure))
    ]
    pairs = choose(offered, PairConfig(pairs=40, random=0.5))
    drawn = [pair.question.split()[0] for pair in pairs if pair.notes == "random"]
    assert len(drawn) == 20
    assert 5 <= drawn.count("doubted") <= 15
    others = [pair.question.split()[0] for pair in pairs if pair.notes == "disagreement"]
    assert set(others) == {"doubted"}


def test_without_scores_all_are_drawn_and_another_seed_draws_others():
    offered = [candidates(5, None, f"q{number}") for number in range(30)]
    config = PairConfig(pairs=40, each=2)
    pairs = choose(offered, config)
    assert {pair.notes for pair in pairs} == {"random"}
    assert pairs == choose(offered, config)
    assert pairs != choose(offered, replace(config, seed=1))
    assert len(pairs) == 40
    first = sum(int(pair.first.text) < int(pair.second.text) for pair in pairs)
    assert 8 < first < 32  # which of the two stands first is drawn


def test_where_members_do_not_disagree_the_rest_is_drawn():
    pairs = choose([candidates(3, [[0, 1, 2]])], PairConfig(pairs=3, each=3, random=0.0))
    assert [pair.notes for pair in pairs] == ["random"] * 3


def test_an_answer_is_never_paired_with_one_that_says_the_same():
    pairs = choose([candidates(4, None, texts=["1", "1", "2", "1"])], ALL)
    assert places(pairs) == [(1, 2)]
    assert {pairs[0].first_episode, pairs[0].second_episode} == {"q-0", "q-2"}
    assert choose([candidates(2, None, texts=["1", "1"]), candidates(1), candidates(0)], ALL) == []


@given(st.lists(st.integers(0, 5), max_size=6), st.integers(1, 9), st.integers(1, 9))
def test_no_pair_twice_and_never_more_than_asked_for(sizes, pairs, each):
    offered = [candidates(size, None, f"q{place}") for place, size in enumerate(sizes)]
    chosen = choose(offered, PairConfig(pairs, each, 0.5))
    possible = sum(min(each, size * (size - 1) // 2) for size in sizes)
    assert len(chosen) == min(pairs, possible)
    assert len({(one.question, *sorted(map(str, one.answers))) for one in chosen}) == len(chosen)
    order = [int(one.question[1:]) for one in chosen]
    assert order == sorted(order)


@pytest.mark.parametrize(
    ("offered", "config", "complaint"),
    [
        (candidates(3, [[1, 2]]), ALL, "scores of 2 answers, but there are 3"),
        (replace(candidates(3), episodes=["a"]), ALL, "1 ids of episodes for 3"),
        (candidates(3), PairConfig(pairs=0), "pairs must be at least 1"),
        (candidates(3), PairConfig(random=1.5), "from 0 to 1, not 1.5"),
    ],
)
def test_what_does_not_fit_is_refused(offered, config, complaint):
    with pytest.raises(ConfigError, match=complaint):
        choose([offered], config)


def test_a_judged_pair_is_a_comparison_and_a_pair_lacks_only_the_preference():
    (pair,) = choose([candidates(2)], ALL)
    comparison = judged(pair, -0.5, rater="ann", simulated=False)
    check(comparison)
    assert comparison.created.endswith("+00:00")
    row = msgspec.json.decode(to_json(pair)) | {"preference": -0.5, "rater": "ann"}
    by_hand = msgspec.convert(row, Comparison)
    assert by_hand == replace(comparison, created="")
    assert {field.name for field in fields(pair)} < {field.name for field in fields(Comparison)}
