"""Behaviour cloning on `transformers.Trainer`: examples in, better weights out.

Ours are the batches, the loss, what is measured, and when to stop; the Trainer's are the optimiser,
accumulation, precision, several processes (`accelerate launch`) and checkpoints. The order of all
batches is known before the first, so that a training which was killed goes on exactly. Leaves out:
packing of several examples into one row. Knows no web and no command line.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch.utils.data import DataLoader, Dataset
from transformers import Trainer, TrainerCallback, TrainingArguments
from transformers.trainer_callback import PrinterCallback, TrainerControl, TrainerState

from policies.checkpoints import add_metrics, cut_metrics, newest, remove_torn, seal, step_of
from policies.cloning.collator import epochs
from policies.cloning.config import CloneConfig
from policies.cloning.keeping import load_best, read_standing, write_standing
from policies.cloning.measuring import CHECKPOINTS, CloningWork, Data, Play, Progress, Work
from policies.cloning.output import is_main
from policies.models.base import ModelError

LOGGED = 10
"""Steps between two lines of the training loss, or the nearest number that divides `every`."""


class Outcome(NamedTuple):
    """What became of a training; the model then has the best weights."""

    step: int
    """After which the best weights were found."""
    measured: dict[str, float]
    resumed: int
    """The step from which an earlier training was gone on with; 0 if there was none."""


def clone(
    model: Any,  # noqa: ANN401 - a causal model of transformers or peft
    data: Data,
    folder: Path,
    config: CloneConfig,
    *,
    play: Play | None = None,
    watch: Callable[[Progress], None] | None = None,
) -> Outcome:
    """Train a model on examples, and leave in it the weights that were best on held-out ones.

    Best is the lowest validation loss, or with `play` the most episodes that went well, and among
    equals the lowest loss. Writes
    metrics.jsonl into the folder and checkpoints below it, and goes on from those that are there:
    killed at any moment and called again, it ends with the same weights.

    Args:
        model: all of its weights that want a gradient are trained.
        data: examples, split by question.
        folder: of the output.
        config: how to train.
        play: plays held-out questions at each measurement.
        watch: told of the progress.

    Raises:
        ModelError: the loss is no number any more, or the model has no output layer.
        ConfigError: the folder cannot be written.
    """
    return fit(CloningWork(model, data, folder, config, play=play, watch=watch))


def fit(work: Work) -> Outcome:
    """Do a training, or go on with one that was stopped; see `clone`."""
    if work.config.threads:
        torch.set_num_threads(work.config.threads)
    checkpoints = work.folder / CHECKPOINTS
    if is_main():
        remove_torn(checkpoints)
    found = newest(checkpoints)
    work.standing = read_standing(found)
    resumed = step_of(found) if found else 0
    if not work.standing.finished:
        if is_main():
            cut_metrics(work.folder, resumed if found else -1)
        trainer = _FittingTrainer(work, fresh=found is None)
        if work.average and found:
            work.average.load(found)
        trainer.train(resume_from_checkpoint=str(found) if found else None)
    load_best(checkpoints, work.model)
    return Outcome(work.standing.step, work.standing.measured, resumed)


class _Batches(Dataset):  # type: ignore[misc]  # torch is untyped here
    """The batches of the whole training, each a list of examples."""

    def __init__(self, examples: Sequence[Any], batches: Sequence[Sequence[int]]) -> None:
        self._examples, self._batches = examples, batches

    def __len__(self) -> int:
        return len(self._batches)

    def __getitem__(self, number: int) -> list[Any]:
        return [self._examples[place] for place in self._batches[number]]


class _FittingTrainer(Trainer):  # type: ignore[misc]  # transformers is untyped here
    """The Trainer with our batches, loss and measurements."""

    def __init__(self, work: Work, *, fresh: bool) -> None:
        arguments = _arguments(work, fresh)
        config, lengths = work.config, work.lengths
        wanted = config.steps * config.accumulate * arguments.world_size
        batches = epochs(lengths, config.batch_tokens, config.seed, config.epochs, wanted)
        updates = -(-len(batches) // (config.accumulate * arguments.world_size))
        arguments.warmup_steps = round(config.warmup * updates)
        super().__init__(
            model=work.model,
            args=arguments,
            train_dataset=_Batches(work.examples, batches),
            eval_dataset=[],  # what is held out is the work's to measure
            callbacks=[_Watching(self, work)],
        )
        self.remove_callback(PrinterCallback)
        self.loss_is_scaled_for_ga = True  # get_batch_samples weighs the accumulated batches
        self.work = work
        self.read = 0
        """Tokens read in training by this process."""

    def get_train_dataloader(self) -> DataLoader:
        """Return our batches in our order; each process takes its share of them."""
        loader = DataLoader(
            self.train_dataset, batch_size=1, collate_fn=lambda batches: self.work.collate(*batches)
        )
        return self.accelerator.prepare(loader)

    def get_batch_samples(
        self,
        epoch_iterator: Any,  # noqa: ANN401
        num_batches: int,
        device: torch.device,
    ) -> tuple[list[dict[str, torch.Tensor]], torch.Tensor | None]:
        """Return the batches of one update, and the sum of their weights in all processes."""
        batches, _ = super().get_batch_samples(epoch_iterator, num_batches, device)
        if not batches:
            return batches, None
        total = torch.stack([batch["weights"].sum() for batch in batches]).sum().to(device)
        return batches, self.accelerator.gather(total).sum()

    def compute_loss(
        self,
        model: Any,  # noqa: ANN401
        inputs: Mapping[str, torch.Tensor],
        return_outputs: bool = False,
        num_items_in_batch: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Return this batch's part of the update's loss."""
        self.read += int(inputs["attention_mask"].sum())
        total = inputs["weights"].sum() if num_items_in_batch is None else num_items_in_batch
        # The gradients of several processes are averaged, but the loss is a sum over all of them.
        return self.accelerator.num_processes * self.work.loss(model, inputs, total)

    def evaluate(self, *_ignored: object, **_more: object) -> dict[str, float]:
        """Measure on held-out examples, keep the best weights, and stop if nothing gets better."""
        main = self.is_world_process_zero()
        found = self.work.measure_and_keep(self.state.global_step, writes=main)
        if main:
            lines = {f"validation/{name}": value for name, value in found.items()}
            add_metrics(self.work.folder, self.state.global_step, lines)
        self.control: TrainerControl = self.callback_handler.on_evaluate(
            self.args, self.state, self.control, metrics=found
        )
        if 0 < self.work.config.patience <= self.work.standing.waited:
            self.control.should_training_stop = self.control.should_save = True
        return found


class _Watching(TrainerCallback):  # type: ignore[misc]
    """Averages the weights, completes and seals checkpoints, writes metrics, tells of progress."""

    def __init__(self, trainer: _FittingTrainer, work: Work) -> None:
        self._trainer, self._work = trainer, work
        self._last = (time.perf_counter(), 0, 0)

    def on_train_begin(self, _a: Any, state: TrainerState, _c: TrainerControl, **_: Any) -> None:  # noqa: ANN401
        """Begin to count the time."""
        self._last = (time.perf_counter(), 0, state.global_step)

    def on_step_end(self, _a: Any, state: TrainerState, _c: TrainerControl, **_: Any) -> None:  # noqa: ANN401
        """Take the new weights into the average."""
        if self._work.average:
            self._work.average.update(state.global_step)

    def on_save(
        self,
        arguments: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        **_: object,
    ) -> None:
        """Add to a checkpoint what is ours, and seal it."""
        self._trainer.accelerator.wait_for_everyone()
        if not state.is_world_process_zero:
            return
        checkpoint = Path(arguments.output_dir) / f"checkpoint-{state.global_step}"
        self._work.standing.finished = bool(control.should_training_stop)
        write_standing(checkpoint, self._work.standing)
        if self._work.average:
            self._work.average.save(checkpoint)
        seal(checkpoint)

    def on_evaluate(self, _a: Any, state: TrainerState, _c: TrainerControl, **more: Any) -> None:  # noqa: ANN401
        """Tell what was measured; the time it took does not count."""
        if self._work.watch and state.is_world_process_zero:
            measured = more["metrics"]
            self._work.watch(Progress(state.global_step, state.max_steps, measured=measured))
        self._last = (time.perf_counter(), self._trainer.read, state.global_step)

    def on_log(self, _a: Any, state: TrainerState, _c: TrainerControl, **more: Any) -> None:  # noqa: ANN401
        """Write the training loss of the last steps.

        Raises:
            ModelError: it is no number.
        """
        logs = more["logs"]
        if "loss" not in logs:
            return
        if not math.isfinite(logs["loss"]):
            raise ModelError(
                f"the loss is no number any more at step {state.global_step}: "
                "use a lower --learning-rate"
            )
        if state.is_world_process_zero:
            self._tell(state, logs)

    def _tell(self, state: TrainerState, logs: Mapping[str, float]) -> None:
        now, (then, read, step) = time.perf_counter(), self._last
        self._last = (now, self._trainer.read, state.global_step)
        passed, steps = max(now - then, 1e-9), max(1, state.global_step - step)
        speed = (self._trainer.read - read) * self._trainer.accelerator.num_processes / passed
        line = {
            "train/loss": logs["loss"],
            "train/learning_rate": logs["learning_rate"],
            "train/gradient_norm": logs.get("grad_norm", 0.0),
            "train/tokens_per_second": round(speed, 1),
        }
        add_metrics(self._work.folder, state.global_step, line)
        if self._work.watch:
            left = (state.max_steps - state.global_step) * passed / steps
            self._work.watch(
                Progress(state.global_step, state.max_steps, logs["loss"], speed, left)
            )


def _arguments(work: Work, fresh: bool) -> TrainingArguments:
    config = work.config
    logged = next(n for n in range(min(LOGGED, config.every), 0, -1) if config.every % n == 0)
    arguments = TrainingArguments(
        output_dir=str(work.folder / CHECKPOINTS),
        use_cpu=not torch.cuda.is_available(),
        bf16=config.bf16,
        seed=config.seed,
        num_train_epochs=1,  # of a plan that holds all passes
        per_device_train_batch_size=1,
        gradient_accumulation_steps=config.accumulate,
        learning_rate=config.learning_rate,
        lr_scheduler_type="cosine",
        weight_decay=config.weight_decay,
        eval_strategy="steps",
        eval_steps=config.every,
        eval_on_start=fresh,
        save_strategy="steps",
        save_steps=config.every,
        save_total_limit=2,  # one stays whole while the other is written
        logging_strategy="steps",
        logging_steps=logged,
        logging_nan_inf_filter=False,
        remove_unused_columns=False,
        disable_tqdm=True,
        report_to="none",
    )
    if arguments.n_gpu > 1:
        # One process drives one device; `accelerate launch` starts a process for each.
        arguments._n_gpu = 1
    return arguments


__all__ = ["CHECKPOINTS", "Data", "Outcome", "Play", "Progress", "clone", "fit"]
