"""`webqa train-reward`: files of comparisons in, a reward model's folder out."""

from dataclasses import replace

import pytest

from env.errors import ConfigError
from reward.comparisons import write_comparisons
from reward.model import open_reward
from reward.training.config import PreferenceConfig, RewardTraining
from reward.training.fitting import Watch
from tests.policies.models.small import save_model
from tests.reward.preferring import make_answer, make_comparisons
from webqa.cli.train_reward import train_reward
from webqa.rewarding import Job, lines_of, train_from_files

PREFERENCES = PreferenceConfig(validation=0.3)
SHORT = RewardTraining(learning_rate=1e-3, batch_tokens=900, accumulate=1, every=4, threads=1)


@pytest.fixture
def job(tmp_path):
    base = save_model(tmp_path / "base", spread=0.1)
    write_comparisons(tmp_path / "a.jsonl", make_comparisons(20))
    write_comparisons(tmp_path / "b.jsonl", make_comparisons(24)[60:])
    sources = (tmp_path / "a.jsonl", tmp_path / "b.jsonl")
    return Job(sources, str(base), tmp_path / "out", PREFERENCES, SHORT)


def test_a_command_makes_a_scorer_and_a_report(job, capsys):
    arguments = {"source": list(job.sources), "model": job.model, "out": job.out}
    assert train_reward(**arguments, preferences=PREFERENCES, training=SHORT) == 0
    shown = capsys.readouterr()
    assert "accuracy" in shown.out
    assert str(job.out) in shown.out.splitlines()[-1]
    assert "were judged by a program" in shown.err
    report = (job.out / "report.html").read_text()
    for words in ("Held-out accuracy", "both were about as long", "Judged by a program"):
        assert words in report
    assert "of command" not in report  # as the table of a cloned policy is called
    assert open_reward(job.out).score_now([make_answer("the sky", 1, 2)])[0].value
    assert train_reward(**arguments, preferences=PREFERENCES, training=SHORT) == 0
    assert "finished already" in capsys.readouterr().out


def test_the_report_has_a_curve_for_each_member(job):
    job = replace(job, preferences=replace(PREFERENCES, members=2))
    train_from_files(job, Watch())
    report = (job.out / "report.html").read_text()
    assert "member-1" in report
    assert "member-2" in report
    assert any("member-2/validation/loss" in line for line in lines_of(job.out))


def test_files_that_hold_nothing_are_refused(job, tmp_path):
    empty = tmp_path / "empty.jsonl"
    empty.write_text("")
    with pytest.raises(ConfigError, match="no usable comparison"):
        train_from_files(replace(job, sources=(empty,)), Watch())
    with pytest.raises(ConfigError, match=r"none\.jsonl"):
        train_from_files(replace(job, sources=(tmp_path / "none.jsonl",)), Watch())


def test_rows_that_cannot_be_used_are_told(job):
    with job.sources[0].open("a") as file:
        file.write('{"nothing": "known"}\n')
    notes = []
    train_from_files(job, Watch(notes.append))
    assert any(note.startswith("Skipped: ") and "a.jsonl" in note for note in notes)
