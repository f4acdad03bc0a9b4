"""`webqa compare`: differences by hand, what is paired with what, and what is refused."""

import json

import numpy as np
import pytest
from cyclopts import App, Parameter
from hypothesis import given, settings
from hypothesis import strategies as st

from env.errors import ConfigError, RecordError
from reward.statistics import win_rate
from tests.webqa.made_runs import add_episode, add_measures, asked, make_run
from webqa.cli.columns import in_columns
from webqa.cli.compare import compare as command
from webqa.cli.exits import Exit
from webqa.comparing import compare, read_run
from webqa.measured import MEASURES, MEASURING, run_names
from webqa.resampling import ResamplingConfig, bootstrap_mean, permutation_test

QUICK = ResamplingConfig(resamples=200)


def right(numbers):
    return {f"q{place}": {"right": float(one)} for place, one in enumerate(numbers)}


@pytest.fixture
def runs(tmp_path):
    """Two runs over ten questions: three are right in both, one in the first, four in the other."""
    one = add_measures(make_run(tmp_path / "one"), right([1, 1, 1, 1, 0, 0, 0, 0, 0, 0]))
    two = make_run(tmp_path / "two", policy="other", seed=3)
    return [one, add_measures(two, right([1, 1, 1, 0, 1, 1, 1, 1, 0, 0]))]


@pytest.fixture
def call(capsys):
    """Run the command; return its code, output and errors."""
    app = App(default_parameter=Parameter(negative=()))
    app.command(command, name="compare")

    def run(*words):
        code = app(["compare", *map(str, words)], result_action="return_value",
                   exit_on_error=False, print_error=False)  # fmt: skip
        return code, *capsys.readouterr()

    return run


def test_a_difference_by_hand(runs):
    (found,) = compare(runs, config=QUICK)
    (row,) = found.differences
    assert (found.base, found.other, found.questions) == ("one", "two", 10)
    assert (row.metric, row.base, row.other) == ("right", 0.4, 0.7)
    assert (row.higher, row.lower, row.same, row.left_out) == (4, 1, 5, 0)
    assert row.difference.mean == pytest.approx(0.3)
    assert row.difference.low < 0.3 < row.difference.high
    assert row.difference.count == 10
    assert row.win_rate.mean == pytest.approx((4 + 2.5) / 10)
    assert row.p == pytest.approx(12 / 32)  # of 32 choices of five signs, 12 reach three
    assert found.settings == {"policy": ("extractive", "other"), "seed": (0, 3)}


def test_the_interval_is_that_of_paired_questions(tmp_path):
    """Fails when the runs are resampled apart: a shift on every question has then a wide one."""
    noise = [(place * 37 % 101) / 10 for place in range(60)]
    one = add_measures(make_run(tmp_path / "one"), right(noise))
    two = add_measures(make_run(tmp_path / "two"), right([value + 0.25 for value in noise]))
    (row,) = compare([one, two], config=QUICK)[0].differences
    assert (row.difference.low, row.difference.high) == pytest.approx((0.25, 0.25))
    assert row.p == pytest.approx(1 / 201)


def test_several_attempts_at_a_question_are_their_mean(tmp_path):
    one = add_measures(make_run(tmp_path / "one"), right([0, 1]))
    two = make_run(tmp_path / "two")
    for attempt, numbers in enumerate(([1, 1], [0, 1], [0, 1], [1, 1])):
        add_measures(two, right(numbers), attempt=attempt)
    (row,) = compare([one, two], config=QUICK)[0].differences
    assert (row.difference.mean, row.higher, row.same) == (0.25, 1, 1)


def test_an_episode_measured_again_counts_once(runs):
    before = read_run(runs[0])
    add_measures(runs[0], right([0] * 10))
    assert read_run(runs[0]) == before


def test_another_judge_is_told(runs):
    """Fails when what two judges say is compared as if one had said it."""
    for run, judge in zip(runs, ("rules", "nli"), strict=True):
        (run / MEASURING).write_text(json.dumps({"judge": judge, "config": {"options": 2}}))
    (found,) = compare(runs, config=QUICK)
    assert next(iter(found.settings.items())) == ("measured.judge", ("rules", "nli"))
    (runs[0] / MEASURING).write_text("[]")
    with pytest.raises(ConfigError, match="measure the run anew"):
        compare(runs)


def test_swapping_the_runs_swaps_everything(runs):
    (row,), (back,) = (compare(given, config=QUICK)[0].differences for given in
                       (runs, runs[::-1]))  # fmt: skip
    assert back.difference.mean == -row.difference.mean
    assert (back.difference.low, back.difference.high) == (
        -row.difference.high, -row.difference.low
    )  # fmt: skip
    assert (back.higher, back.lower, back.p) == (row.lower, row.higher, row.p)
    assert back.win_rate.mean == pytest.approx(1 - row.win_rate.mean)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=12))
def test_what_is_told_is_what_the_statistics_say(tmp_path_factory, pairs):
    folder = tmp_path_factory.mktemp("runs")
    runs = [add_measures(make_run(folder / name), right(pair[side] for pair in pairs))
            for side, name in enumerate(("one", "two"))]  # fmt: skip
    (row,) = compare(runs, config=QUICK)[0].differences
    apart = np.array([float(two - one) for one, two in pairs])
    assert row.p == permutation_test(apart, QUICK)
    low, high = bootstrap_mean(apart, QUICK)
    assert row.difference.low == min(low, row.difference.mean)
    assert row.difference.high == max(high, row.difference.mean)
    assert row.win_rate == win_rate(apart.tolist())


def test_data_sets_are_told_apart_and_together(tmp_path):
    runs = [make_run(tmp_path / name) for name in ("one", "two")]
    for run, rate in zip(runs, (0.0, 1.0), strict=True):
        add_measures(run, {"a": {"f1": rate}, "b": {"f1": rate}}, dataset="trivia")
        add_measures(run, {"c": {"f1": 0.5, "rouge": 1.0}}, dataset="eli5")
    rows = compare(runs, config=QUICK)[0].differences
    told = [(one.metric, one.dataset, one.difference.count, one.difference.mean) for one in rows]
    assert told == [
        ("f1", "eli5", 1, 0.0),
        ("f1", "trivia", 2, 1.0),
        ("f1", "all", 3, pytest.approx(2 / 3)),
        ("rouge", "eli5", 1, 0.0),
        ("rouge", "all", 1, 0.0),
    ]
    assert rows[-1].left_out == 2


def test_what_one_run_alone_measured_is_said(runs):
    add_measures(runs[1], {"q0": {"right": 1.0, "seconds": 2.0}}, attempt=1)
    (found,) = compare(runs, config=QUICK)
    assert [one.metric for one in found.differences] == ["right"]
    assert found.only == {"two": ("seconds",)}
    assert compare(runs, ["right"], config=QUICK)[0].only == {}


def test_rounding_is_no_difference(tmp_path):
    """A third of three times 0.1 is not 0.1 in floating point."""
    one, two = (make_run(tmp_path / name) for name in ("one", "two"))
    for attempt in range(3):
        add_measures(one, {"q": {"f1": 0.1}}, attempt=attempt)
    add_measures(two, {"q": {"f1": 0.1}})
    (row,) = compare([one, two], config=QUICK)[0].differences
    assert (row.same, row.difference.mean) == (1, 0.0)


def test_different_questions_are_refused_unless_those_in_common_are_wanted(runs):
    add_measures(runs[1], {"new": {"right": 1.0}})
    with pytest.raises(ConfigError, match=r"one lacks 1 of the 11 questions of two, such as 'new'"):
        compare(runs)
    with pytest.raises(ConfigError, match="one lacks 1 of the 11 questions of two"):
        compare(runs[::-1])
    (found,) = compare(runs, common=True, config=QUICK)
    assert found.questions == 10


def test_the_questions_in_common_are_those_of_all_runs(runs, tmp_path):
    third = add_measures(make_run(tmp_path / "third"), right([1, 1]))
    found = compare([*runs, third], common=True, config=QUICK)
    assert [(one.base, one.other, one.questions) for one in found] == [
        ("one", "two", 2), ("one", "third", 2)
    ]  # fmt: skip


def test_nothing_in_common_is_refused(runs, tmp_path):
    third = add_measures(make_run(tmp_path / "third"), {"other": {"right": 1.0}})
    with pytest.raises(ConfigError, match="no question in common"):
        compare([*runs, third], common=True)
    with pytest.raises(ConfigError, match="no question in common"):
        compare([runs[0], third])


def test_one_id_of_two_questions_is_found_out(tmp_path):
    """Fails when questions of two files that only have ids in common are paired."""
    runs = []
    for name, text in (("one", "Why?"), ("two", "Why not?")):
        run = make_run(tmp_path / name, questions=f"{name}.jsonl 1")
        add_episode(run, asked("1", text=text), "Because.")
        runs.append(add_measures(run, {"1": {"right": 1.0}}))
    with pytest.raises(ConfigError, match="the id '1' stands for two questions in one and two"):
        compare(runs, common=True)


def test_a_question_of_two_data_sets_is_refused(runs):
    add_measures(runs[0], {"q0": {}}, attempt=1, dataset="another")
    with pytest.raises(RecordError, match=r"'q0' of .*one is of two data sets"):
        read_run(runs[0])


@pytest.mark.parametrize("count", [0, 1])
def test_two_runs_are_needed(runs, count):
    with pytest.raises(ConfigError, match="two run folders or more"):
        compare(runs[:count])
    with pytest.raises(ConfigError, match="two run folders or more"):
        compare([runs[0]] * 2)


def test_a_run_without_measures_is_refused(runs, tmp_path):
    empty = make_run(tmp_path / "empty")
    with pytest.raises(ConfigError, match="give a run of `webqa eval`"):
        compare([*runs, empty])
    (empty / MEASURES).write_text('{"episode":"e","ques')  # torn: nothing is there yet
    with pytest.raises(ConfigError, match="has no measure"):
        compare([*runs, empty])
    with pytest.raises(ConfigError, match="not a run folder"):
        compare([*runs, tmp_path])


def test_a_damaged_line_is_named(runs):
    with (runs[0] / MEASURES).open("a") as file:
        file.write("{}\n")
    with pytest.raises(RecordError, match="line 11"):
        compare(runs)


def test_a_mistyped_measure_is_named(runs):
    with pytest.raises(ConfigError, match=r"unknown metric 'rigth'\. Did you mean right"):
        compare(runs, ["rigth"])


def test_runs_named_alike_are_told_by_their_paths(tmp_path):
    folders = [tmp_path / "a" / "run", tmp_path / "b" / "run", tmp_path / "c"]
    assert run_names(folders) == [str(folders[0]), str(folders[1]), "c"]


def test_the_command_prints_a_table_and_writes_the_numbers(call, runs, tmp_path):
    out = tmp_path / "new" / "out.json"
    code, told, notes = call(*runs, "--resamples", "200", "--json", out)
    lines = told.splitlines()
    assert code == Exit.DONE
    assert lines[0] == "two compared with one, over 10 questions"
    assert lines[1].split() == ["measure", "better", "data", "set", "questions", "one", "two",
                                "difference", "95", "%", "interval", "p", "higher", "lower",
                                "same"]  # fmt: skip
    cells = ["right", "%", "higher", "-", "10", "40.0", "70.0", "+30.0"]
    assert lines[2].split()[: len(cells)] == cells
    assert lines[-1] == f"The numbers are in {out}"
    assert "policy: 'extractive' in one, 'other' in two" in notes
    (found,) = json.loads(out.read_text())
    assert found["differences"][0]["difference"]["mean"] == pytest.approx(0.3)


def test_not_more_settings_are_told_than_one_reads(call, tmp_path):
    runs = [add_measures(make_run(tmp_path / name), right([1])) for name in ("one", "two")]
    config = json.loads((runs[1] / "config.json").read_text())
    config["settings"]["policy_settings"] = {f"s{place}": place for place in range(11)}
    (runs[1] / "config.json").write_text(json.dumps(config))
    assert "3 more settings differ: --json FILE has them all" in call(*runs)[2]


def test_many_tests_are_a_caution(call, runs):
    for run in runs:
        values = {
            f"q{place}": {"right": 1.0, "f1": len(run.name + str(place)) / 9, "same": 1.0}
            for place in range(10)
        }
        values["q0"]["f1"] = float(run is runs[0])
        add_measures(run, values, attempt=1)
    _, told, notes = call(*runs)
    assert "2 differences: about 0.1 have p < 0.05 by chance alone" in notes
    assert told.splitlines()[-1] == "The same on every question: same"
    assert "by chance" not in call(*runs, "--metric", "f1")[2]


def test_one_question_has_no_interval(call, tmp_path):
    runs = [add_measures(make_run(tmp_path / name), right([1])) for name in ("one", "two")]
    assert call(*runs, "--metric", "right")[1].splitlines()[2].split() == [
        "right", "%", "higher", "-", "1", "100.0", "100.0", "+0.0", "-", "-", "0", "0", "1"
    ]  # fmt: skip


def test_runs_that_are_alike_everywhere_have_no_interval(call, tmp_path):
    """Fails when ten equal questions are shown as certainty."""
    runs = [add_measures(make_run(tmp_path / name), right([1] * 10)) for name in ("one", "two")]
    told = call(*runs, "--metric", "right")[1]
    assert told.splitlines()[2].split()[7:10] == ["+0.0", "-", "1.0000"]
    assert "The same on every question: right" in call(*runs)[1]


def test_a_folder_is_no_place_for_the_numbers(call, runs, tmp_path):
    with pytest.raises(ConfigError, match="is a folder: name a file"):
        call(*runs, "--json", tmp_path)


def test_columns_are_aligned_and_cannot_command_a_terminal():
    rows = [["name", "n"], ["a\x1b[2J", "1,000"]]
    assert in_columns(rows) == ["name       n", "a\ufffd[2J  1,000"]
