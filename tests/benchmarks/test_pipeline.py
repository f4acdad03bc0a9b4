"""The pipeline's stages join: from a policy to the report, and again without doing a thing.

The policy is random, so nothing is said of what it learns; `make pipeline` measures that.
"""

import contextlib
import io
import threading
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from benchmarks.pipeline import SIZES, Pipeline, cloned, halves_of
from env.errors import ConfigError
from env.records import Question
from reward.sampling import SampleConfig
from tests.benchmarks.small_web import make_policy, make_questions, make_web
from webqa.cli import main
from webqa.questions import read_questions
from webqa.sample_index import sample_index

ONE = replace(
    SIZES["short"],
    train=8,
    practice=8,
    held_out=6,
    samples=SampleConfig(2, 2),
    played=SampleConfig(1, 2),
    each=3,
    members=2,
    concurrency=8,
    reward="--learning-rate 1e-3 --validation 0.4",
    train_policy="--learning-rate 1e-3 --updates 2 --browses 4 --every 1 --most-actions 6",
    ppo="--warmup 1",
    rloo="--group 2",
)


class Here:
    """Runs the program in this process, one command at a time."""

    def __init__(self):
        self.commands = []
        self.said = io.StringIO()
        self._lock = threading.Lock()

    def __call__(self, arguments):
        with (
            self._lock,
            contextlib.redirect_stderr(self.said),
            contextlib.redirect_stdout(self.said),
        ):
            self.commands.append(arguments[0])
            code = main(arguments)
        assert code == 0, self.said.getvalue()
        return code


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pipeline")
    return make_web(folder), make_policy(folder / "policy"), folder / "out"


def test_the_stages_join(made):
    web, policy, out = made
    halves = halves_of(make_questions(), rehearse=False)
    here = Here()
    report = Pipeline(str(web), policy, out, ONE, here).run(halves)
    assert sorted(here.commands) == sorted(["best-of"] * 5 + ["train-reward", "ppo", "ppo"])
    page = report.read_text()
    for title in ("Best of n", "Training", "Over-optimisation", "Answers to read"):
        assert title in page
    assert page.count("<figure>") == 3
    found = msgspec.json.decode((out / "outcome.json").read_bytes())
    assert len(found["best_of_n"]["gold"]) == 4
    assert found["best_of_n"]["gold"][0]["mean"] == 0
    assert found["trainings"]["ppo"]["divergence"][0] < 1e-3
    assert set(found["seconds"]) >= {"ppo", "rloo", "1-answers", "1-reward", "ppo-played"}
    again = Here()
    Pipeline(str(web), policy, out, ONE, again).run(halves)
    assert again.commands == []
    with pytest.raises(ConfigError, match="members is 2 there and 3 here"):
        Pipeline(str(web), policy, out, replace(ONE, members=3), again).run(halves)


def test_the_halves_share_no_question():
    questions = [*make_questions(), Question("unknown", "Who knows?")]
    for rehearse in (False, True):
        halves = halves_of(questions, rehearse)
        train, held_out = ({one.id for one in half} for half in halves)
        assert not train & held_out
        assert "unknown" not in train | held_out
    measured = {one.id for one in halves_of(questions, rehearse=False).held_out}
    rehearsed = halves_of(questions, rehearse=True)
    assert not measured & {one.id for half in rehearsed for one in half}
    with pytest.raises(ConfigError, match="accepted answers"):
        halves_of(questions[-1:], rehearse=False)


@pytest.mark.slow
def test_from_the_sample_web_to_the_report(tmp_path):
    """The ten-minute form: a policy is made and cloned first, each stage in its own process."""
    web, size = str(sample_index(print)), SIZES["short"]
    file = Path("webqa/sample/questions.jsonl")
    policy = cloned(web, file, tmp_path / "policy", size)
    halves = halves_of(read_questions(file), rehearse=False)
    report = Pipeline(web, policy, tmp_path / "out", size).run(halves)
    assert report.read_text().count("<figure>") == 3
