"""Training: it learns, gives the same again, goes on exactly, and says what is wrong."""

import math
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from policies.checkpoints import is_whole, newest, read_metrics
from policies.cloning.config import CloneConfig
from policies.cloning.lora import merged, with_lora
from policies.cloning.training import CHECKPOINTS, clone
from policies.models.base import ModelError
from tests.policies.cloning.small import make_data, make_model

ROOT = Path(__file__).parents[3]
FAST = CloneConfig(
    learning_rate=3e-3, steps=12, batch_tokens=80, every=4, ema=0.9, patience=0, accumulate=2
)


class Killed(BaseException):
    """Stands for a signal: nothing may catch it."""


def weights(model):
    return {name: one.detach().clone() for name, one in model.named_parameters()}


def same(first, second):
    return first.keys() == second.keys() and all(
        torch.equal(one, second[name]) for name, one in first.items()
    )


def lines(folder):
    """All metrics but the speed."""
    timed = "train/tokens_per_second"
    return [{name: one[name] for name in one if name != timed} for one in read_metrics(folder)]


def train(folder, config=FAST, model=None, **more):
    model = model or make_model(dropout=0.1)
    outcome = clone(model, make_data(), folder, config, **more)
    return model, outcome


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The folder and the weights of a training that nothing stopped."""
    folder = tmp_path_factory.mktemp("whole")
    model, _ = train(folder)
    return folder, weights(model)


def killed_at(step):
    def watch(progress):
        if progress.step >= step:
            raise Killed

    return watch


def test_four_examples_are_learnt_by_heart(tmp_path):
    data = make_data(4, 1)
    config = CloneConfig(learning_rate=1e-2, steps=80, every=80, patience=0)
    model = make_model()
    before = weights(model)
    clone(model, data._replace(validation=data.train), tmp_path, config)
    assert not same(before, weights(model))
    last = read_metrics(tmp_path)[-1]
    assert last["validation/loss"] < 0.05
    assert last["validation/click/line_accuracy"] == last["validation/quote/line_accuracy"] == 1


def test_the_best_weights_are_kept_not_the_last(tmp_path):
    found = []

    async def play(model):
        found.append(weights(model))
        return {0: 0.2, 4: 0.9, 8: 0.4, 12: 0.4}[4 * (len(found) - 1)]

    model, outcome = train(tmp_path, play=play)
    assert outcome.step == 4
    assert outcome.measured["played"] == 0.9
    assert same(weights(model), found[1])


def test_patience_ends_a_training_that_gets_no_better(tmp_path):
    shares = iter((0.5, 0.4, 0.3))

    async def play(_model):
        return next(shares)

    config = replace(FAST, steps=100, patience=2)
    _, outcome = train(tmp_path, config, play=play)
    assert outcome.step == 0
    assert read_metrics(tmp_path)[-1]["step"] == 8
    # Begun again, it is known to have ended.
    again, outcome = train(tmp_path, config)
    assert outcome.step == 0
    assert same(weights(again), weights(make_model()))
    assert read_metrics(tmp_path)[-1]["step"] == 8


@pytest.mark.parametrize("step", [2, 4, 11])
def test_a_training_that_was_killed_goes_on_to_the_same_weights(tmp_path, whole, step):
    # Dropout, the average, accumulation, the order of the batches: all must go on as they were.
    folder, wanted = whole
    with pytest.raises(Killed):
        train(tmp_path, watch=killed_at(step))
    again, outcome = train(tmp_path)
    assert outcome.resumed == 4 * (max(0, step - 1) // 4)
    assert same(wanted, weights(again))
    assert lines(folder) == lines(tmp_path)


def test_a_torn_checkpoint_is_passed_over(tmp_path, whole):
    with pytest.raises(Killed):
        train(tmp_path, watch=killed_at(10))
    last = newest(tmp_path / CHECKPOINTS)
    file = last / "optimizer.pt"
    file.write_bytes(file.read_bytes()[:-100])
    assert not is_whole(last)
    again, outcome = train(tmp_path)
    assert outcome.resumed == 4
    assert same(whole[1], weights(again))


def test_measuring_and_playing_change_nothing_of_the_training(tmp_path):
    async def play(_model):
        torch.rand(7)
        return 0.0

    rare = replace(FAST, ema=0.0, every=12)
    often = replace(rare, every=3)
    train(tmp_path / "rare", rare, play=play)
    train(tmp_path / "often", often, play=play)
    ends = [read_metrics(tmp_path / name)[-1]["validation/loss"] for name in ("rare", "often")]
    assert ends[0] == ends[1]


def test_accumulation_gives_what_one_great_batch_gives(tmp_path):
    # All examples in each update, in one batch or in some: the gradient must be the same mean,
    # though the batches have different numbers of tokens.
    data = make_data(12, 4)
    config = CloneConfig(learning_rate=3e-3, steps=3, every=3, patience=0, batch_tokens=10_000)
    parts = len(list(_parts(data, 40)))
    assert parts > 1
    found = []
    for name, tokens, accumulate in (("one", 10_000, 1), ("some", 40, parts)):
        model = make_model()
        chosen = replace(config, batch_tokens=tokens, accumulate=accumulate)
        clone(model, data, tmp_path / name, chosen)
        found.append(weights(model))
    for name, one in found[0].items():
        torch.testing.assert_close(one, found[1][name], rtol=1e-3, atol=1e-5)


def _parts(data, tokens):
    from policies.cloning.collator import plan

    return plan([one.length for one in data.train], tokens, 0)


def test_low_rank_updates_are_merged_into_the_weights(tmp_path):
    model = with_lora(make_model(), 2, seed=0)
    frozen = model.get_base_model().model.embed_tokens.weight.detach().clone()
    clone(model, make_data(), tmp_path, replace(FAST, learning_rate=1e-2))
    ids = torch.tensor([[3, 4, 5]])
    with torch.no_grad():
        trained = model(ids).logits
        plain = merged(model)
        assert type(plain) is type(make_model())
        torch.testing.assert_close(plain(ids).logits, trained, rtol=1e-4, atol=1e-5)
        assert not torch.allclose(make_model()(ids).logits, trained, atol=1e-4)
    assert torch.equal(plain.model.embed_tokens.weight, frozen)


def test_bfloat16_learns_too(tmp_path):
    _, outcome = train(tmp_path, replace(FAST, bf16=True, steps=40, every=20))
    measured = [one["validation/loss"] for one in lines(tmp_path) if "validation/loss" in one]
    assert outcome.measured["loss"] < measured[0] - 0.1


def test_a_loss_that_is_no_number_is_said(tmp_path):
    with pytest.raises(ModelError, match="lower --learning-rate"):
        train(tmp_path, replace(FAST, learning_rate=1e30, ema=0.0))


def test_the_metrics_name_each_kind(whole):
    first = lines(whole[0])[0]
    assert first["step"] == 0
    # Ten or eleven tokens are allowed: an untrained model is about as good as chance.
    assert math.isclose(first["validation/loss"], math.log(10.5), abs_tol=0.2)
    for kind in ("click", "quote"):
        for name in ("loss", "token_accuracy", "line_accuracy", "lines"):
            assert f"validation/{kind}/{name}" in first


SCRIPT = """
import sys
from pathlib import Path
import torch
torch.set_num_threads(1)
from tests.policies.cloning.test_training import FAST, make_model, train
from dataclasses import replace
from safetensors.torch import save_file
folder = Path(sys.argv[1])
print("ready", flush=True)
config = replace(FAST, steps=60, every=3, accumulate=1)
model, outcome = train(folder, config, make_model(dropout=DROPOUT))
weights = {name: one.detach().contiguous() for name, one in model.named_parameters()}
save_file(weights, folder / "last.safetensors")
"""


def started(folder):
    command = [sys.executable, "-c", SCRIPT.replace("DROPOUT", "0.1"), str(folder)]
    return subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )


@pytest.mark.slow
def test_killed_again_and_again_at_any_moment(tmp_path):
    for name in ("whole", "cut"):
        (tmp_path / name).mkdir()
    started(tmp_path / "whole").communicate(timeout=120)
    kills = 0
    for wait in (0.05, 0.13, 0.21, 0.34, 0.55):
        process = started(tmp_path / "cut")
        assert process.stdout.readline() == "ready\n"
        time.sleep(wait)
        os.kill(process.pid, signal.SIGKILL)
        process.communicate(timeout=60)
        kills += process.returncode == -signal.SIGKILL
    assert kills
    started(tmp_path / "cut").communicate(timeout=120)
    whole, cut = ((tmp_path / name / "last.safetensors").read_bytes() for name in ("whole", "cut"))
    assert whole == cut
    assert lines(tmp_path / "whole") == lines(tmp_path / "cut")


@pytest.mark.slow
def test_two_processes_learn_what_one_learns(tmp_path):
    # Each has half of the batches of an update: the sum of the gradients must be the same.
    found = []
    for processes, accumulate in ((1, 2), (2, 1)):
        folder = tmp_path / str(processes)
        code = SCRIPT.replace("accumulate=1", f"accumulate={accumulate}, ema=0.0")
        # No dropout: each process would draw its own.
        code = code.replace("DROPOUT", "0.0")
        script = tmp_path / f"{processes}.py"
        script.write_text(f"import sys; sys.path.insert(0, {str(ROOT)!r})\n{code}")
        command = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
        command += ["--nproc-per-node", str(processes), str(script), str(folder)]
        environment = os.environ | {"OMP_NUM_THREADS": "1"}
        subprocess.run(command, cwd=ROOT, check=True, capture_output=True, env=environment)
        found.append(lines(folder)[-1]["validation/loss"])
    assert math.isclose(*found, rel_tol=1e-4)
