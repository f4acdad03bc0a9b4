"""`webqa ppo`: a cloned policy in, a better one out; what is wrong is said in one line."""

import asyncio
from dataclasses import replace

import pytest
import torch

from env.errors import ConfigError
from policies.checkpoints import read_metrics
from policies.grammar.config import NUMBERED
from policies.language_model import LanguageModelConfig, read_config, write_config
from policies.models.base import ModelError
from policies.models.local.reading import read_model
from policies.prompts import PromptConfig
from reward.ppo.config import CollectConfig, LearnConfig, LoopConfig
from tests.policies.cloning.browsing import WEB
from tests.policies.models.small import save_model
from tests.reward.ppo.small import QUESTIONS, Counting
from webqa.cli.ppo import ppo
from webqa.ppo import Job, Watch, train_policy

ASKED = LanguageModelConfig(PromptConfig("page-first"), NUMBERED, preset="small")
FEW = CollectConfig(browses=4, answers=2, least_actions=3, most_actions=5)
RATES = LearnConfig(learning_rate=1e-3, critic_rate=1e-3, minibatches=2)
SHORT = LoopConfig(updates=2, warmup=1, warmup_epochs=1, every=1, threads=1, read=2)
SCORERS = {"scorer": "counting"}
QUIET = Watch(lambda _text: None, lambda _progress: None)


class Killed(BaseException):
    """Stands for a signal."""


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = save_model(tmp_path_factory.mktemp("models") / "base", spread=0.02, context=640)
    write_config(folder, ASKED)
    return folder


@pytest.fixture
def job(model, tmp_path):
    return Job(
        str(model), tmp_path / "out", ASKED, WEB, QUESTIONS, Counting(), SCORERS, FEW, RATES, SHORT,
        Counting(lambda _: 0.5), 0.1,
    )  # fmt: skip


def run(job, watch=QUIET):
    return asyncio.run(train_policy(job, watch))


def weights(folder):
    return dict(read_model(folder).model.named_parameters())


def same(first, second):
    return all(torch.equal(one, second[name]) for name, one in first.items())


def test_the_folder_holds_a_model_that_is_asked_as_the_cloned_one(job, model):
    done = run(job)
    assert done.update == 3
    assert read_config(job.out) == ASKED
    names = {path.name for path in job.out.iterdir() if not path.name.startswith(".")}
    assert names >= {"model.safetensors", "tokenizer.json", "ppo.json", "metrics.jsonl", "read"}
    assert "checkpoints" not in names
    assert not same(weights(job.out), weights(model))
    found = read_metrics(job.out)
    assert {"reward/score", "reward/held_out", "reward/of_steps"} <= set(found[0])
    page = (job.out / "report.html").read_text()
    assert "Score against divergence" in page
    assert "Episodes played before update 3" in page
    assert QUESTIONS[0].text in page
    assert run(job).finished_before


def test_a_training_that_was_killed_gives_the_same_model(job, tmp_path):
    def kill(progress):
        if progress.update == 2:
            raise Killed

    with pytest.raises(Killed):
        run(job, Watch(QUIET.note, kill))
    notes = []
    run(job, Watch(notes.append, QUIET.trained))
    assert notes == ["Going on after update 2"]
    other = replace(job, out=tmp_path / "whole")
    run(other)
    assert same(weights(job.out), weights(other.out))


def test_other_settings_are_refused(job):
    run(job)
    with pytest.raises(ConfigError, match=r"other settings: learn.kl is 0.02 there and 0.5 here"):
        run(replace(job, learn=replace(RATES, kl=0.5)))


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"questions": []}, "no question to train on"),
        ({"loop": replace(SHORT, updates=0)}, "--updates must be above 0, not 0"),
        ({"learn": replace(RATES, learning_rate=float("inf"))}, "--learning-rate must be above 0"),
        ({"collect": replace(FEW, unanswered=float("nan"))}, "--unanswered must be a number"),
        ({"overseer": float("nan")}, "--overseer must be 0 or more"),
        ({"learn": replace(RATES, gae=1.5)}, "--gae must be from 0 to 1, not 1.5"),
        ({"collect": replace(FEW, group=3)}, "--browses must be a multiple of --group, 3, not 4"),
        ({"collect": replace(FEW, least_actions=9)}, "--most-actions must be at least"),
        ({"learn": replace(RATES, algorithm="rloo"), "collect": replace(FEW, group=1)},
         "--group must be at least 2 for rloo"),
    ],
)  # fmt: skip
def test_settings_that_make_no_sense_are_refused_before_anything_is_made(job, changed, said):
    with pytest.raises(ConfigError, match=said):
        run(replace(job, **changed))
    assert not job.out.exists()


def test_a_score_that_is_no_number_ends_it_in_a_line(job):
    with pytest.raises(ModelError, match="the scorer counting gave inf"):
        run(replace(job, scorer=Counting(lambda _: float("inf"))))


def test_the_command_trains_and_tells_of_it(model, tmp_path, capsys):
    questions = tmp_path / "questions.jsonl"
    questions.write_text('{"question": "why is the sky blue"}\n{"question": "is the sea blue"}\n')
    code = ppo(
        model=model,
        web="sample",
        questions=questions,
        out=tmp_path / "out",
        collect=FEW,
        learn=replace(RATES, algorithm="rloo", minibatches=1),
        loop=SHORT,
    )
    assert code == 0
    told = capsys.readouterr()
    assert "Update 0 of 2: score" in told.err
    assert "Next: webqa ask --web sample --model" in told.out


def test_a_web_on_the_net_and_a_model_that_is_no_folder_are_refused(model, tmp_path):
    with pytest.raises(ConfigError, match="is on the net"):
        ppo(model=model, web="wikipedia", questions=tmp_path, out=tmp_path / "out")
    with pytest.raises(ConfigError, match="is no folder"):
        ppo(model=tmp_path / "none", web="sample", questions=tmp_path, out=tmp_path / "out")
