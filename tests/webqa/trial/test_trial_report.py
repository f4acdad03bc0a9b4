"""What a trial found: known figures, both clusters counted, known effects found again, and told."""

import json
import math
import re
from dataclasses import replace

import pytest

from env.errors import ConfigError
from env.records import Answer, to_json
from reward.critiques import Critique
from reward.scorers import Score
from reward.statistics import wilson
from webqa.cli import main
from webqa.rating.records import Judgement, Mark
from webqa.rating.results.lines import RatingLine, comparison
from webqa.trial.analysing import analyse
from webqa.trial.clustering import Clusters, interval, mean, probit, share_interval, variance
from webqa.trial.config import SimulationConfig
from webqa.trial.critics import gap_of, named_of
from webqa.trial.reading import is_simulated, read_ratings, tasks_of
from webqa.trial.simulating import expected, made_up, simulate
from webqa.trial.turns import Turn, turns_of


def turn(rater, question, kind, assisted, found, seconds=60.0):
    return Turn(rater, question, kind, assisted, found, False, None, None, seconds)


def test_turns_that_share_nothing_have_the_plain_standard_error():
    values = {0: 0.0, 1: 1.0, 2: 4.0, 3: 3.0}
    clusters = Clusters("abcd", "wxyz")
    plain = sum((one - 2) ** 2 for one in values.values()) / 3 / 4
    assert variance(mean(values), clusters) == pytest.approx(plain)


def test_turns_of_one_rater_count_together():
    values = {place: float(place < 4) for place in range(8)}
    alike = Clusters("aaaabbbb", "12345678")
    apart = Clusters("abababab", "12345678")
    assert variance(mean(values), alike) > 2 * variance(mean(values), apart)
    assert share_interval(mean(values), alike).count == 2


def test_a_share_of_all_still_has_an_interval():
    found = share_interval(mean(dict.fromkeys(range(6), 1.0)), Clusters("abcdef", "123456"))
    assert found.high == 1
    assert 0.3 < found.low < wilson(6, 6)[0]


def test_the_quantile_of_a_share_has_the_slope_that_it_says():
    low, high = (mean({place: float(place < hits) for place in range(200)}) for hits in (99, 101))
    middle = mean({place: float(place < 100) for place in range(200)})
    slope = (probit(high).value - probit(low).value) / (high.value - low.value)
    found = probit(middle)
    assert found.value == pytest.approx(0)
    assert found.influence[0] / middle.influence[0] == pytest.approx(slope, rel=1e-3)
    assert math.isfinite(probit(mean({0: 1.0, 1: 1.0})).value)


def test_the_arms_are_compared():
    turns = [
        turn(f"r{place % 4}", f"q{place % 6}", "number" if place % 2 else "", place % 4 > 1,
             place % 8 in (3, 5, 7), 60.0 * (1 + (place % 4 > 1)))
        for place in range(48)
    ]  # fmt: skip
    found = analyse(turns)
    flaws, alarms = found.measures[:2]
    assert (flaws.alone.mean, flaws.assisted.mean) == (0.5, 1.0)
    assert flaws.difference.mean == 0.5
    assert (alarms.alone.mean, alarms.assisted.mean, alarms.difference.mean) == (0, 0, 0)
    assert alarms.difference.low < 0 < alarms.difference.high
    times = next(one for one in found.measures if one.name == "seconds")
    assert times.difference.mean == pytest.approx(1.0)
    assert (found.turns, found.raters, found.questions) == (48, 4, 6)


def test_without_turns_nothing_is_reported():
    with pytest.raises(ConfigError):
        analyse([])


def test_one_arm_alone_is_told_without_a_difference():
    found = analyse([turn("a", "q", "name", False, True), turn("b", "r", "", False, False)])
    assert found.measures[0].alone.mean == 1
    assert found.measures[0].assisted is found.measures[0].difference is None


def line(task, judgement):
    return RatingLine("c", task.pair, judgement, "r", "detailed", "g", "", "a",
                      active_ms=5000, planted=task.planted)  # fmt: skip


def test_what_a_rater_did_not_say_is_neither_found_nor_missed():
    task = made_up(1, controls=0)[0]
    own = task.planted.answer
    other = "second" if own == "first" else "first"
    marks = (Mark(own, 5, 7, "none"),)
    said = Judgement(-1 if own == "first" else 1, flawed=(own,), sound=(other,), marks=marks)
    found = turns_of(
        [line(task, said), line(task, Judgement(1)), replace(line(task, said), planted=None)]
    )
    (one,) = found.turns
    assert (one.found, one.marked, one.lost, one.beside, one.seconds) == (True, True, 1, False, 5)
    assert sorted(found.left_out.values()) == [1, 1]


def test_what_a_reviewer_settled_is_no_turn_of_a_rater():
    task = made_up(1, controls=0)[0]
    found = turns_of([replace(line(task, Judgement(1, flawed=("first", "second"))), settled=True)])
    assert found.turns == ()
    assert sum(found.left_out.values()) == 1


@pytest.mark.parametrize("arms", ["by-item", "by-rater"])
def test_a_known_effect_is_found_again(arms):
    inside = []
    for seed in range(12):
        config = SimulationConfig(seed=seed, arms=arms, helped=1.5)
        tasks = made_up(60, seed=seed)
        found = analyse(turns_of(simulate(tasks, config)).turns).measures
        for one, truth in zip(found[:2], expected(tasks, config), strict=True):
            inside.append(one.difference.low <= truth <= one.difference.high)
    assert sum(inside) >= 20  # of 24; 95 % each


def test_simulated_raters_are_never_twice_at_one_task_and_always_marked():
    lines = list(simulate(made_up(30), SimulationConfig(raters=5, each=4)))
    assert len({(one.rater, one.pair.id) for one in lines}) == len(lines) == 120
    assert {one.campaign for one in lines} == {"simulated"}
    assert all(one.rater.startswith("simulated-") for one in lines)
    assert all(one.simulated and comparison(one).simulated for one in lines)
    people = [replace(one, simulated=False) for one in lines]
    assert is_simulated(people) is False
    assert is_simulated([*people, lines[0]]) is True  # be it one of many
    assert lines == list(simulate(made_up(30), SimulationConfig(raters=5, each=4)))


class Longer:
    """Scores by length."""

    name = "longer"

    async def score(self, answers):
        return [Score(float(len(one.text))) for one in answers]


async def test_the_gap_is_what_the_scorer_knows_and_no_critique_names():
    tasks = []
    for number, (longer, named) in enumerate([(0, 1), (0, 0), (1, 1), (0, 0)]):
        task = made_up(1, controls=0, named=named, seed=number)[0]
        flawed = getattr(task.pair, task.planted.answer)
        text = flawed.text[:-2] if longer else flawed.text + "xx"
        tasks.append(replace(task, planted=replace(task.planted, original=text)))
    gap = await gap_of(tasks, Longer())
    assert (gap.below.mean, gap.unnamed.mean, gap.silent.mean) == (0.75, 0.5, 0.25)
    assert await gap_of(made_up(3, controls=1), Longer()) is None


def test_any_critique_of_a_control_is_a_false_alarm():
    task = replace(made_up(1, controls=1, named=0)[0], first_critiques=(), second_critiques=())
    assert [one.named.mean for one in named_of([task])] == [0]
    beside = (Critique(0, 3, "other", "x"),)
    both = replace(task, first_critiques=beside, second_critiques=beside)
    assert [one.named.mean for one in named_of([both])] == [1]


def test_a_simulated_trial_from_the_command_line(tmp_path, capsys):
    ratings, page = tmp_path / "ratings.jsonl", tmp_path / "report.html"
    assert main(["trial", "simulate", "-o", str(ratings), "--made-up", "40"]) == 0
    assert main(["trial", "report", str(ratings), "-o", str(page), "--scorer", "rules"]) == 0
    told = capsys.readouterr().out
    assert "Programs judged here, not people" in told
    assert "flaws found" in told
    flaws = sum(bool(one.planted.kind) for one in tasks_of(read_ratings(str(ratings))))
    gap = told[told.index(f"of {flaws} flaws %") :].splitlines()
    assert re.match(r"ranked below the original by rules +\d", gap[1])
    assert re.match(r"ranked below, and no critique names it \(the gap\) +\d", gap[2])
    assert "Programs judged here" in page.read_text()
    assert "<script" not in page.read_text()


@pytest.mark.parametrize(
    "arguments",
    [
        ["make", "-o", "x.jsonl"],
        ["make", "nowhere", "-o", "x.jsonl"],
        ["report", "nowhere.db"],
        ["simulate", "-o", "x.jsonl", "--each", "0"],
        ["simulate", "-o", "x.jsonl", "--made-up", "0"],
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(arguments, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["trial", *arguments]) == 1
    told = capsys.readouterr().err.strip()
    assert told
    assert "\n" not in told
    assert not list(tmp_path.iterdir())


def test_demonstrations_are_no_trial(tmp_path, capsys):
    questions, path = tmp_path / "q.jsonl", str(tmp_path / "ratings.db")
    questions.write_text('{"question": "Why is the sky blue?"}\n', encoding="utf-8")
    assert main(["rate", "create", "demos", "--questions", str(questions), "-d", path]) == 0
    assert main(["trial", "report", path]) == 1
    assert "demos holds demonstrations" in capsys.readouterr().err


def test_a_file_of_other_lines_is_refused(tmp_path, capsys):
    path = tmp_path / "x.jsonl"
    path.write_bytes(to_json(Answer("q", "a")) + b"\n")
    assert main(["trial", "report", str(path)]) == 1
    assert "line 1: a file of ratings was expected" in capsys.readouterr().err


def record(kind, **fields):
    return json.dumps(dict.fromkeys(kind, "") | fields)


@pytest.mark.parametrize(
    ("line", "found"),
    [
        (record(["id", "question", "policy", "web", "steps"]), "one of episodes"),
        (record(["id", "question", "first", "second"]), "one of pairs"),
        (record(["id", "question", "first", "second", "preference"]), "one of comparisons"),
        (record(["pair", "judgement"]), "one of ratings"),
        (record(["id", "question", "answers"]), "one of questions"),
        ('{"a', "it is no JSON"),
        ("[1]", "it is of another kind"),
    ],
)
def test_a_wrong_file_is_told_by_what_it_seems_to_be(line, found, tmp_path, capsys):
    path, out = tmp_path / "x.jsonl", str(tmp_path / "out")
    path.write_text(f"{line}\n", encoding="utf-8")
    wrong = [["rate", "create", "c", "--tasks", str(path), "-d", out],
             ["trial", "simulate", str(path), "-o", out]]  # fmt: skip
    for arguments in wrong:
        assert main(arguments) == 1
        told = capsys.readouterr().err
        assert "line 1: a file of tasks was expected, as `webqa trial make` writes it" in told
        assert found in told
        assert "kind Task" not in told


def test_what_is_not_there_is_told(tmp_path, capsys):
    ratings, empty = tmp_path / "ratings.jsonl", tmp_path / "empty.jsonl"
    assert main(["trial", "simulate", "-o", str(ratings), "--made-up", "5"]) == 0
    assert main(["trial", "report", str(ratings), "--campaign", "other"]) == 1
    assert "no rating of the campaign other, but of: simulated" in capsys.readouterr().err
    empty.touch()
    assert main(["trial", "simulate", str(empty), "-o", str(tmp_path / "out")]) == 1
    assert "holds no task" in capsys.readouterr().err


def test_the_interval_of_a_difference_is_that_of_students_distribution():
    clusters = Clusters("abcd", "wxyz")
    found = interval(mean({0: 1.0, 1: 0.0}) - mean({2: 1.0, 3: 1.0}), clusters)
    assert found.mean == -0.5
    assert found.high - found.mean == pytest.approx(found.mean - found.low)
