"""Curves of the pipeline: clustered intervals, places in the frame, points of a training."""

import math

from benchmarks.curves import difference, of_questions
from benchmarks.outcomes import Scored, Training, _bins, curves_of, gains_of_best
from reward.best_of_n import Mean
from webqa.drawing import Point


def test_a_question_counts_once_however_many_answers_it_has():
    """Fails when answers are taken as independent: the interval would be too narrow."""
    few = of_questions({"a": [0.0], "b": [1.0], "c": [0.5]})
    many = of_questions({"a": [0.0] * 50, "b": [1.0] * 2, "c": [0.5]})
    assert (few.mean, few.low, few.high) == (many.mean, many.low, many.high)
    assert few.questions == 3


def test_policies_are_compared_question_by_question():
    ours = {"a": [2.0, 2.0], "b": [12.0], "only ours": [100.0]}
    found = difference(ours, {"a": [1.0], "b": [11.0, 11.0]})
    assert (found.mean, found.low, found.high, found.questions) == (1.0, 1.0, 1.0, 2)


def test_gains_of_best_are_chosen_by_the_learnt_score():
    """Fails when gold itself chooses: the best by the learnt score is worse in gold here."""
    found = Scored({"q": [0.0, 1.0]}, {"q": [3.0, 1.0]}, {"q": [0.0, 1.0]})
    gains = gains_of_best(found)
    assert [one.mean for one in gains.learnt] == [0.0, 0.5]
    assert [one.mean for one in gains.gold] == [0.0, -1.0]


def test_an_episode_without_an_answer_is_chosen_last():
    found = Scored({"q": [-1.0, -5.0]}, {"q": [0.0, 2.0]}, {"q": [-math.inf, -5.0]})
    assert gains_of_best(found).gold[1].mean == 1.0


def test_updates_are_put_together_in_order_the_warm_up_first():
    nats = {0: 0.0, 1: 1e-6, 2: 0.5, 3: -0.2, 4: 1.0, 5: 2.0, 6: 3.0}
    assert _bins(nats, 3) == [[0, 1], [2, 3], [4, 5], [6]]
    assert _bins({}, 3) == []


def test_a_training_begins_at_no_gain():
    """Fails when a gain is told as surely as the level: where it began was measured, too."""
    means = [Mean(2.0, 1.0, 3.0, 9), Mean(5.0, 4.0, 6.0, 9)]
    learnt, gold = curves_of("ppo", Training([-1e-9, 4.0], means, means[::-1]))
    half = math.sqrt(2)
    assert learnt.points == (Point(0.0, 0.0, 0.0, 0.0), Point(2.0, 3.0, 3 - half, 3 + half))
    assert gold.points[1].up == -3.0
