"""Behaviour cloning on `transformers.Trainer`: examples in, better weights out.

Ours are the batches, the loss, what is measured, and when to stop; the Trainer's are the optimiser,
accumulation, precision, several processes (`accelerate launch`) and checkpoints. The order of all
batches is known before the first, so that a training which was killed goes on exactly. Leaves out:
packing of several examples into one row. Knows no web and no command line.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch.utils.data import DataLoader, Dataset
from transformers import Trainer, TrainerCallback, TrainingArguments, set_seed
from transformers.trainer_callback import PrinterCallback, TrainerControl, TrainerState

from policies.checkpoints import add_metrics, cut_metrics, newest, remove_torn, seal, step_of
from policies.cloning.averaging import Average
from policies.cloning.collator import Collator, epochs, in_order
from policies.cloning.config import CloneConfig
from policies.cloning.keeping import (
    Standing,
    load_best,
    read_standing,
    save_best,
    take,
    write_standing,
)
from policies.cloning.loss import Scored, output_layer, score, weighted_loss
from policies.cloning.metrics import measure
from policies.cloning.records import Example, Ids
from policies.models.base import ModelError

CHECKPOINTS = "checkpoints"
LOGGED = 10
"""Steps between two lines of the training loss, or the nearest number that divides `every`."""

Play = Callable[[Any], Awaitable[float]]
"""Plays held-out questions with the model as it is; the share that went well, 0 to 1."""


class Data(NamedTuple):
    """What is learnt and what is measured."""

    train: Sequence[Example]
    validation: Sequence[Example]
    sets: Sequence[Ids]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a training is."""

    step: int
    steps: int
    loss: float | None = None
    """In nats a token, of the last steps."""
    tokens_per_second: float = 0.0
    seconds_left: float | None = None
    measured: Mapping[str, float] | None = None
    """At a measurement, what it found."""


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
    if config.threads:
        torch.set_num_threads(config.threads)
    checkpoints = folder / CHECKPOINTS
    remove_torn(checkpoints)
    found = newest(checkpoints)
    standing = read_standing(found)
    resumed = step_of(found) if found else 0
    if not standing.finished:
        cut_metrics(folder, resumed if found else -1)
        work = _Work(model, data, folder, config, standing, play, watch)
        trainer = _CloningTrainer(work, fresh=found is None)
        if work.average and found:
            work.average.load(found)
        trainer.train(resume_from_checkpoint=str(found) if found else None)
    load_best(checkpoints, model)
    return Outcome(standing.step, standing.measured, resumed)


class _Work:
    """What a training has beside the Trainer."""

    def __init__(
        self,
        model: Any,  # noqa: ANN401
        data: Data,
        folder: Path,
        config: CloneConfig,
        standing: Standing,
        play: Play | None,
        watch: Callable[[Progress], None] | None,
    ) -> None:
        self.model, self.data, self.folder, self.config = model, data, folder, config
        self.standing, self.play, self.watch = standing, play, watch
        self.head = output_layer(model)
        self.average = Average(model, config.ema) if config.ema else None
        self.collate = Collator(data.sets, model.config.get_text_config().vocab_size, _pad(model))
        lengths = [example.length for example in data.validation]
        self.held_out = [
            [data.validation[place] for place in batch]
            for batch in in_order(lengths, config.batch_tokens)
        ]

    def measured(self) -> dict[str, float]:
        """Measure the model as it is on the held-out examples."""
        device = next(self.model.parameters()).device

        def score_batch(batch: Mapping[str, torch.Tensor]) -> Scored:
            moved = {name: one.to(device) for name, one in batch.items()}
            scored = score(self.model, self.head, moved)
            return Scored(scored.logprobs.cpu(), scored.best.cpu())

        with torch.no_grad():
            return measure(self.held_out, self.collate, score_batch)

    def measure_and_keep(self, step: int, *, writes: bool) -> dict[str, float]:
        """Measure the weights and their average, and keep the better one if it is the best yet.

        Nothing that is drawn here changes what the training draws.
        """
        was_training = self.model.training
        self.model.eval()
        with torch.random.fork_rng():
            plain = self.measured()
            found, averaged = plain, False
            if self.average:
                with self.average.applied():
                    found = self.measured()
                averaged = found["loss"] <= plain["loss"]
                both = {"loss/weights": plain["loss"], "loss/average": found["loss"]}
                found = {**(found if averaged else plain), **both}
            with self.average.applied() if self.average and averaged else nullcontext():
                if self.play:
                    found["played"] = asyncio.run(_played(self.play, self.model))
                value = (-found["played"], found["loss"]) if self.play else (found["loss"],)
                if take(self.standing, step, value, found) and writes:
                    save_best(self.folder / CHECKPOINTS, self.model)
        self.model.train(was_training)
        return found


async def _played(play: Play, model: Any) -> float:  # noqa: ANN401
    return float(await play(model))


class _Batches(Dataset):  # type: ignore[misc]  # torch is untyped here
    """The batches of the whole training, each a list of examples."""

    def __init__(self, examples: Sequence[Example], batches: Sequence[Sequence[int]]) -> None:
        self._examples, self._batches = examples, batches

    def __len__(self) -> int:
        return len(self._batches)

    def __getitem__(self, number: int) -> list[Example]:
        return [self._examples[place] for place in self._batches[number]]


class _CloningTrainer(Trainer):  # type: ignore[misc]  # transformers is untyped here
    """The Trainer with our batches, loss and measurements."""

    def __init__(self, work: _Work, *, fresh: bool) -> None:
        arguments = _arguments(work, fresh)
        config, examples = work.config, work.data.train
        lengths = [example.length for example in examples]
        wanted = config.steps * config.accumulate * arguments.world_size
        batches = epochs(lengths, config.batch_tokens, config.seed, config.epochs, wanted)
        updates = -(-len(batches) // (config.accumulate * arguments.world_size))
        arguments.warmup_steps = round(config.warmup * updates)
        super().__init__(
            model=work.model,
            args=arguments,
            train_dataset=_Batches(examples, batches),
            eval_dataset=work.held_out,
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
        scored = score(model, self.work.head, inputs)
        total = inputs["weights"].sum() if num_items_in_batch is None else num_items_in_batch
        # The gradients of several processes are averaged, but the loss is a sum over all of them.
        return self.accelerator.num_processes * weighted_loss(
            scored.logprobs, inputs["weights"], total
        )

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

    def __init__(self, trainer: _CloningTrainer, work: _Work) -> None:
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


def _arguments(work: _Work, fresh: bool) -> TrainingArguments:
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


def _pad(model: Any) -> int:  # noqa: ANN401
    """Return the token that fills up short rows: any that is in the vocabulary."""
    pad = model.config.get_text_config().pad_token_id
    return pad if pad is not None and pad >= 0 else 0


__all__ = ["CHECKPOINTS", "Data", "Outcome", "Play", "Progress", "clone", "set_seed"]
