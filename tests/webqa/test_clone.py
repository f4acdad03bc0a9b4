"""`webqa clone`: run folders in, a model's folder out; what is wrong is said in one line."""

from dataclasses import replace

import pytest
import torch

from env.config import SMALL
from env.errors import ConfigError, Error
from policies.checkpoints import read_metrics
from policies.cloning.config import CloneConfig, ExampleConfig
from policies.grammar.config import TIGHT
from policies.language_model import LanguageModelConfig, read_config
from policies.models.local.reading import read_model
from policies.prompts import PromptConfig
from tests.policies.cloning.browsing import WEB, play
from tests.policies.models.small import save_model
from webqa.cli.clone import clone
from webqa.cloning import Job, Watch, clone_runs
from webqa.run import Run, Settings

TINY = LanguageModelConfig(PromptConfig("page-first"), TIGHT)
MASKED = ExampleConfig("masked", validation=0.3)
SHORT = CloneConfig(steps=6, every=3, batch_tokens=1500, threads=1, learning_rate=1e-3)
QUIET = Watch(lambda _text: None, lambda _done, _total: None, lambda _progress: None)


class Killed(BaseException):
    """Stands for a signal."""


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "demos"
    with Run(folder, Settings("typed", "scripted", WEB.identity, SMALL)) as opened:
        for number in range(10):
            opened.add(play(number))
    return folder


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return save_model(tmp_path_factory.mktemp("models") / "base", spread=0.02, context=1024)


@pytest.fixture
def job(run, model, tmp_path):
    return Job((run,), str(model), tmp_path / "out", TINY, MASKED, SHORT)


def test_the_folder_holds_a_model_that_is_asked_as_it_was_trained(job):
    done = clone_runs(job, QUIET)
    assert done.step in (3, 6)
    assert read_config(job.out) == replace(TINY, preset="small")
    names = {path.name for path in job.out.iterdir() if not path.name.startswith(".")}
    assert names >= {"model.safetensors", "tokenizer.json", "clone.json", "metrics.jsonl"}
    assert "checkpoints" not in names
    measured = [one["validation/loss"] for one in read_metrics(job.out) if "validation/loss" in one]
    assert min(measured) < measured[0]
    assert "written exactly" in (job.out / "report.html").read_text()
    loaded = read_model(job.out)
    assert not torch.equal(
        loaded.model.get_input_embeddings().weight,
        read_model(job.model).model.get_input_embeddings().weight,
    )
    assert clone_runs(job, QUIET).finished_before


def test_a_cloning_that_was_stopped_ends_with_the_same_model(job, tmp_path):
    whole = replace(job, out=tmp_path / "whole")
    clone_runs(whole, QUIET)

    def stop(progress):
        if progress.step > 3:  # the first checkpoint is written by then
            raise Killed

    with pytest.raises(Killed):
        clone_runs(job, QUIET._replace(trained=stop))
    notes = []
    clone_runs(job, QUIET._replace(note=notes.append))
    assert any("Going on after step 3" in note for note in notes)
    files = [(folder / "model.safetensors").read_bytes() for folder in (whole.out, job.out)]
    assert files[0] == files[1]


def test_low_rank_updates_end_as_a_plain_model(job):
    job = replace(job, training=replace(SHORT, lora=2), examples=ExampleConfig(validation=0.3))
    clone_runs(job, QUIET)
    assert not (job.out / "adapter_config.json").exists()
    assert type(read_model(job.out).model) is type(read_model(job.model).model)


def test_the_best_by_any_scorer_are_learnt_from(job):
    """Fails when rejection sampling knows only the two scorers of cloning itself."""
    notes = []
    best = replace(job.examples, best_by="rules")
    twice = replace(job, sources=(*job.sources, *job.sources), examples=best)
    clone_runs(twice, QUIET._replace(note=notes.append))
    assert any("not the best of its question" in note for note in notes)
    unknown = replace(job, out=job.out.with_name("other"), examples=replace(best, best_by="taste"))
    assert "neither a rule nor a folder" in complaint(unknown)


def complaint(job):
    with pytest.raises(Error) as caught:
        clone_runs(job, QUIET)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_other_settings_or_another_model_in_the_folder(job):
    job.out.mkdir()
    (job.out / "config.json").write_text("{}")
    assert "holds another model" in complaint(job)
    (job.out / "config.json").unlink()
    clone_runs(job, QUIET)
    changed = replace(job, training=replace(SHORT, seed=5))
    assert "training.seed is 0 there and 5 here" in complaint(changed)


def test_a_run_without_use(job, tmp_path):
    empty = tmp_path / "empty"
    settings = Settings("typed", "scripted", WEB.identity, SMALL)
    with Run(empty, settings) as opened:
        assert "holds no episode yet" in complaint(replace(job, sources=(empty,)))
        opened.add(play(lines=("Search sky",), answer=""))
    assert "episode that ended unanswered: 1" in complaint(replace(job, sources=(empty,)))
    other = tmp_path / "other"
    with Run(other, replace(settings, browser=replace(SMALL, window=500))) as opened:
        opened.add(play(3))
    assert "different browser settings" in complaint(replace(job, sources=(*job.sources, other)))


def test_nothing_to_measure_on(job):
    few = replace(job, examples=replace(MASKED, validation=1e-9))
    assert "none is left for validation: raise --validation" in complaint(few)
    all_held = replace(job, examples=replace(MASKED, validation=1 - 1e-9))
    assert "none is left for train: lower --validation" in complaint(all_held)


def test_a_model_that_cannot_be_trained(job, tmp_path):
    folder = save_model(tmp_path / "model")
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    assert "safetensors" in complaint(replace(job, model=str(folder)))


def test_the_command_says_how_it_goes_and_where_the_model_is(run, model, tmp_path, capsys):
    out = tmp_path / "out"
    code = clone(
        source=[run],
        model=str(model),
        out=out,
        grammar="tight",
        layout="page-first",
        examples=MASKED,
        training=SHORT,
    )
    said = capsys.readouterr()
    assert code == 0
    assert str(out) in said.out.splitlines()[-1]
    assert "Step 3 of 6: held-out loss" in said.err
    assert read_config(out).grammar == TIGHT


def test_playing_needs_both_a_web_and_questions(run, model, tmp_path):
    from webqa.cli.clone import PlayConfig

    with pytest.raises(ConfigError, match="belong together"):
        clone(source=[run], model=str(model), out=tmp_path / "o", play=PlayConfig(tmp_path))
