"""`webqa best-of`: a run with all answers, their scores, the curves, and going on after a stop."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from cyclopts import App, Parameter

from env.errors import ConfigError, Error
from env.records import Answer
from reward.abstention import Judged, coverage_curve
from reward.best_of_n import best_of_n
from reward.sampling import Cost, SampleConfig
from reward.scorers import Score
from tests.policies.models.small import save_model
from webqa.best_of import SCORES, EpisodeScore, Sample, read, read_samples, score_into
from webqa.cli.best_of import best_of
from webqa.cli.exits import Exit
from webqa.cli.flags import fill_from_preset
from webqa.curves import select
from webqa.run import read_episodes

ASKED = [
    {"id": "a", "question": "Why is the sky blue?", "accepted": ["scatter blue light"]},
    {"id": "b", "question": "Why does salt keep meat?", "accepted": ["draws water"]},
    {"id": "c", "question": "Zorblax quimby?", "accepted": ["nobody at all"]},
]
SMALL = ("--preset", "small", "--browses", "2", "--answers", "2")


@pytest.fixture
def asked(tmp_path):
    file = tmp_path / "asked.jsonl"
    file.write_text("\n".join(map(json.dumps, ASKED)))
    return file


@pytest.fixture
def run(tmp_path, web, asked):
    """Run the command in this process."""
    app = App(default_parameter=Parameter(negative=()), config=fill_from_preset)
    app.command(best_of)

    def call(*words, web=web):
        line = ["best-of", "--questions", asked, "--web", web, "-o", tmp_path / "run", *words]
        line = list(map(str, line))
        return app(line, result_action="return_value", exit_on_error=False, print_error=False)

    return call


def test_everything_is_recorded_and_told(run, tmp_path, capsys):
    """Fails when an episode, a score or a figure is missing."""
    assert run(*SMALL, "--held-out", "verbatim") == Exit.DONE
    out, _ = capsys.readouterr()
    folder = tmp_path / "run"
    episodes = list(read_episodes(folder))
    by_question = {one["id"]: [e for e in episodes if e.question.id == one["id"]] for one in ASKED}
    assert {key: len(found) for key, found in by_question.items()} == {"a": 4, "b": 4, "c": 2}
    scores = list(read(folder / SCORES, EpisodeScore))
    assert len(scores) == 3 * len(episodes)
    assert {one.scorer for one in scores} == {"rules", "verbatim", "gold"}
    assert {one.episode for one in scores} == {one.id for one in episodes}
    figures = json.loads((folder / "best_of.json").read_text())
    assert figures["questions"] == 3
    assert [curve["name"] for curve in figures["curves"]] == [
        "rules", "verbatim", "gold", "right", "answered"
    ]  # fmt: skip
    assert all(len(curve["points"]) == 4 for curve in figures["curves"])
    assert figures["ended"] == {"answered": 8, "unanswered": 2}
    assert set(figures["best"]) == {"a", "b", "c"}
    report = (folder / "report.html").read_text()
    for words in ("Why is the sky blue?", "Abstention", "The best of several browses", "by n"):
        assert words in report
    assert out.splitlines()[-1].startswith(f"The run is in {folder}. Next: webqa ask --web ")
    assert " --best-of 4 --answers 2 --scorer rules" in out.splitlines()[-1]
    assert "right: 0.667 for one answer, 0.667 for the best of 4" in out


def test_the_same_command_does_nothing_again_and_another_scorer_only_scores(run, tmp_path):
    run(*SMALL)
    folder = tmp_path / "run"
    episodes = (folder / "episodes.jsonl").read_bytes()
    scores = (folder / SCORES).read_bytes()
    figures = (folder / "best_of.json").read_bytes()
    assert run(*SMALL) == Exit.DONE
    assert (folder / SCORES).read_bytes() == scores
    assert (folder / "best_of.json").read_bytes() == figures
    assert run(*SMALL, "--scorer", "length") == Exit.DONE
    assert (folder / SCORES).read_bytes().startswith(scores)
    assert (folder / SCORES).read_bytes() != scores
    assert (folder / "episodes.jsonl").read_bytes() == episodes


def test_more_browses_may_be_added_but_not_more_answers(run, tmp_path):
    run(*SMALL)
    before = (tmp_path / "run" / "episodes.jsonl").read_bytes()
    assert run("--preset", "small", "--browses", "3", "--answers", "2") == Exit.DONE
    after = (tmp_path / "run" / "episodes.jsonl").read_bytes()
    assert after.startswith(before)
    assert len(after.splitlines()) == 15
    with pytest.raises(ConfigError, match=r"other settings: .*answers is 2 there and 3 here"):
        run("--preset", "small", "--browses", "3", "--answers", "3")


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("--browses", "0"), "--browses must be at least 1"),
        (("--answers", "0"), "--answers must be at least 1"),
        (("--concurrency", "0"), "--concurrency must be at least 1"),
        (("--scorer", "nonsense"), "the scorer nonsense is neither"),
        (("--scorer", ""), "has an empty part"),
        (("--accuracy", "nan"), "--accuracy must be above 0"),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_is_made(run, tmp_path, words, complaint):
    with pytest.raises(ConfigError, match=complaint):
        run(*words)
    assert not (tmp_path / "run").exists()


def test_a_web_on_the_net_is_refused(run):
    with pytest.raises(ConfigError, match="on the net"):
        run(web="wikipedia")


PROGRAM = (
    "import sys, torch; torch.set_num_threads(1); import webqa.cli as c;"
    "c.COMMANDS = tuple(dict.fromkeys((*c.COMMANDS, 'best-of'))); sys.exit(c.main())"
)


@pytest.mark.slow
def test_a_run_with_a_model_that_was_killed_ends_like_one_that_was_not(tmp_path, web, asked):
    """Fails when what is drawn after a kill differs, or an episode is there twice."""
    model = save_model(tmp_path / "model", context=2048)
    (model / "webqa.json").write_text('{"command_tokens": 40, "answer_tokens": 12}')

    def line(out):
        words = ["best-of", "--questions", asked, "--web", web, "--model", model, "-o", out]
        words += ["--browses", "3", "--answers", "3", "--actions", "4", "--concurrency", "2"]
        return [sys.executable, "-c", PROGRAM, *map(str, words)]

    options = {"cwd": Path(__file__).parents[2], "env": os.environ, "text": True}
    whole = subprocess.run(line(tmp_path / "a"), capture_output=True, check=False, **options)
    assert whole.returncode == 0, whole.stderr
    file = tmp_path / "b" / "episodes.jsonl"
    for lines in (1, 4):
        process = subprocess.Popen(line(tmp_path / "b"), stderr=subprocess.DEVNULL, **options)
        until = time.monotonic() + 50
        while time.monotonic() < until and process.poll() is None:
            if file.exists() and file.read_bytes().count(b"\n") >= lines:
                break
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        process.wait()
    done = subprocess.run(line(tmp_path / "b"), capture_output=True, check=False, **options)
    assert done.returncode == 0, done.stderr

    def written(folder):
        return sorted(
            (one.question.id, one.attempt, [step.completion.text for step in one.steps])
            for one in read_episodes(folder)
        )

    assert written(tmp_path / "b") == written(tmp_path / "a")


class Versioned:
    """Scores by length; says which version it is, and what it was asked."""

    name = "versioned"

    def __init__(self, version):
        self._version = version
        self.asked = []

    async def score(self, answers):
        """Return a score for each answer."""
        self.asked.append([one.text for one in answers])
        return [Score(float(len(one.text)), {}, self.name, self._version) for one in answers]


def made(question, attempt, text="", parent="", right=False):
    return Sample(
        f"{question}{attempt}",
        question,
        attempt,
        parent,
        Answer(question, text),
        "answered" if text else "unanswered",
        right,
        Cost(answers=1, answering_written=len(text)),
    )


async def test_a_model_trained_again_scores_again(tmp_path):
    """Fails when the scores of another model under the same name are taken for its own."""
    samples = [made("a", 0, "one"), made("a", 1, "three"), made("b", 0, "x")]
    first, again, other = Versioned("1"), Versioned("1"), Versioned("2")
    scores = await score_into(tmp_path, samples, first, "name")
    assert scores == {"a0": 3.0, "a1": 5.0, "b0": 1.0}
    assert first.asked[1:] == [["one", "three"], ["x"]]  # those of a question together
    assert await score_into(tmp_path, samples, again, "name") == scores
    assert again.asked == [["one"]]
    assert await score_into(tmp_path, samples, other, "name") == scores
    assert other.asked[1:] == first.asked[1:]
    assert await score_into(tmp_path, [], other, "name") == {}


def test_curves_are_those_of_the_estimator():
    """Fails when browses are mixed up, or one without an answer counts less than the others."""
    samples = [
        made("a", 0, "xx", right=True),
        made("a", 1, "x", "a0"),
        made("a", 2),
        made("b", 0, "xxx"),
        made("b", 1, "xxxx", "b0", right=True),
        made("b", 2, "x"),
        made("b", 3, "x", "b2"),
    ]
    lengths = {one.id: float(len(one.answer.text)) for one in samples}
    likes_silence = {one.id: 9.0 if not one.answered else lengths[one.id] for one in samples}
    found = select(
        samples,
        SampleConfig(2, 2),
        "length",
        {"length": likes_silence, "other": {"b0": 1.0, "b1": 0.0, "b2": 0.0, "b3": 0.0}},
        frozenset({"a", "b"}),
    )
    curves = {curve.name: curve for curve in found.curves}
    last = float("-inf")
    wanted = [
        best_of_n([2.0, 1.0, 9.0, 9.0], [2.0, 1.0, last, last]),
        best_of_n([3.0, 4.0, 1.0, 1.0]),
    ]
    assert [point.mean for point in curves["length"].points] == pytest.approx(
        [(one + two) / 2 for one, two in zip(*wanted, strict=True)]
    )
    assert curves["right"].points[-1].mean == 1.0
    assert curves["answered"].points[0].mean == pytest.approx(0.75)
    assert curves["other"].points[0].questions == 1  # nothing is told of the other question
    assert [point.mean for point in curves["right"].browses] == pytest.approx([0.5, 1.0])
    assert found.best == {"a": "a0", "b": "b1"}
    judged = [Judged(2.0, True), Judged(4.0, True)]
    assert list(found.abstention) == coverage_curve(judged)
    assert found.cost.answers == 7
    # Browses that began: 2, 0, 3, 1 written; more answers: 1, 4, 1.
    # Two of four answers are of one browse in two draws of six, of two in four.
    assert found.tokens == pytest.approx((1.5, (2 * 3.5 + 4 * 3.0) / 6, 5.0, 7.0))


def test_a_question_that_is_not_whole_is_refused():
    with pytest.raises(Error, match="not sampled to its end"):
        select([made("a", 0, "x")], SampleConfig(2, 1), "s", {"s": {"a0": 1.0}})
    with pytest.raises(Error, match="no answer to choose from"):
        select([], SampleConfig(), "s", {"s": {}})


def test_the_episodes_of_a_run_are_read_in_order(run, tmp_path):
    run(*SMALL)
    samples = read_samples(tmp_path / "run")
    places = [(one.question, one.attempt) for one in samples]
    assert sorted(places) == sorted(set(places))
    for question in "abc":
        assert [at for name, at in places if name == question] == sorted(
            at for name, at in places if name == question
        )
    assert {one.right for one in samples if one.question == "a"} == {True}
