"""What the report of an evaluation tells: curves with intervals, episodes to read, its judge."""

import json
import math

import pytest

from env.jsonl import append
from env.records import Question
from tests.webqa.made_runs import add_episode, make_run
from webqa.eval_report import as_object, findings_of, render
from webqa.measured import MEASURES, MEASURING, Measured


def measured(folder, question, attempt, **values):
    one = Measured(f"{folder.name}-{question}-{attempt}", question, "d", attempt, values)
    append(folder / MEASURES, one, wait=False)


@pytest.fixture
def folder(tmp_path):
    """Four questions, three attempts at each; the first `number` of them are right."""
    found = make_run(tmp_path / "run")
    (found / MEASURING).write_text(json.dumps({"judge": "rules"}))
    for number in range(4):
        question = Question(f"q{number}", f"Why {number}?", "d", ("air",))
        for attempt in range(3):
            add_episode(found, question, "Because of the air.", attempt=attempt)
            right, sure = float(attempt < number), (0.9, 0.5, 0.1)[attempt]
            measured(found, question.id, attempt, right=right, confidence=sure, actions=2 + attempt)
    return found


def curves(folder):
    return {one.title: one for one in findings_of(folder).figures}


def test_right_answers_by_attempts_are_those_of_any_and_of_the_surest(folder):
    anyone, surest = curves(folder)["Right answers by the number of attempts"].curves
    # Of n attempts, one, two or all three of which are right: n = 1 is their mean.
    by_hand = [(0 + 1 / 3 + 2 / 3 + 1) / 4, (0 + 2 / 3 + 1 + 1) / 4, 3 / 4]
    assert [point.up for point in anyone.points] == pytest.approx(by_hand)
    assert [point.across for point in anyone.points] == [1, 2, 3]
    # The surest of all is the first attempt, and of two it is the earlier one.
    by_hand = [1 / 2, (0 + 2 / 3 + 1 + 1) / 4, 3 / 4]
    assert [point.up for point in surest.points] == pytest.approx(by_hand)
    assert all(0 <= one.low < one.up < one.high <= 1 for one in anyone.points)


def test_every_curve_of_shares_has_intervals_that_count_questions(folder):
    """Fails when three attempts at a question make an interval narrower."""
    (line,) = curves(folder)["Right answers by the number of commands"].curves
    assert [(one.across, one.up) for one in line.points] == [(2, 0.75), (3, 0.5), (4, 0.25)]
    # 4 of 12 episodes are as much as 4/3 of 4 questions.
    assert line.points[1].high - line.points[1].low > 0.8
    for title in ("Coverage", "Reliability"):
        points = curves(folder)[title].curves[0].points
        assert all(math.isfinite(one.low) and one.low <= one.up <= one.high for one in points)
    ideal = curves(folder)["Reliability"].curves[1].points
    assert [(one.across, one.up) for one in ideal] == [(0, 0), (1, 1)]


def test_one_attempt_at_each_question_makes_no_curve_of_attempts(tmp_path):
    found = make_run(tmp_path / "run")
    for number in range(3):
        measured(found, f"q{number}", 0, right=1.0, actions=2)
    assert curves(found) == {}


def test_each_question_is_once_among_the_worst_and_can_be_replayed(folder):
    found = findings_of(folder)
    assert [one.question for one in found.worst] == ["q0", "q1", "q2", "q3"]
    assert [one.values["right"] for one in found.worst] == [0, 0, 0, 1]
    page = render("Evaluation", found, folder)
    assert f"webqa show {folder} EPISODE" in page
    assert page.count("Why 0?") == 1 + sum(one.question == "q0" for one in found.drawn)


def test_the_page_and_json_name_the_judge_and_hold_the_same_curves(folder):
    found = findings_of(folder)
    told = as_object(found)
    assert told["settings"]["measured"] == {"judge": "rules"}
    assert [one.title for one in told["curves"]] == list(curves(folder))
    assert told["worst"] == [one.episode for one in found.worst]
    assert "support was judged by rules" in render("Evaluation", found, folder)
    (folder / MEASURING).unlink()
    assert findings_of(folder).judge == "support was not judged"


def test_a_run_without_episodes_has_no_report(tmp_path):
    assert findings_of(make_run(tmp_path / "run")) is None
