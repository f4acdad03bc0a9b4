"""From a cloned policy to the paper's curves: comparisons, reward model, best-of-n, PPO and RLOO.

    python -m benchmarks.pipeline --web INDEX --questions FILE --policy CLONED -o DIR

Stages, each a command of webqa that runs once and goes on where it was killed; what needs nothing
of the other runs beside it, one on each of two cores:

1. `webqa iterate` for one round without training: answers of the cloned policy to training
   questions, pairs of them, judged by the simulated rater, and a reward model.
   Beside it: answers of the cloned policy to held-out questions.
2. `webqa ppo`, and beside it `webqa ppo --algorithm rloo`, each then played on the held-out
   questions; beside the slower one the reward model scores what the cloned policy played.
3. report.html and outcome.json: best-of-n against n, trained policies against the root of the
   divergence, gold and learnt score both, every interval clustered by question.

Everything is drawn with temperature 1, so that the divergence is that of the policy that is
measured. Questions are split by a hash of their ids: one half is trained on, answers to the other
are only measured; with --rehearse the second half stays untouched, and a part of the first one is
measured. Without --policy one is made first, as `benchmarks.cloning` does; without --web, from the
sample web. --size short takes about ten minutes. Figures and their reading: docs/log.md.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from benchmarks.cloning import Pipeline as Cloning
from benchmarks.questions import half_of, read_questions
from benchmarks.reporting import Found, write_report
from env.errors import ConfigError, Error
from env.records import Question
from policies.checkpoints import agree
from policies.cloning.splitting import part_of
from reward.sampling import SampleConfig
from webqa.iterating import IterateConfig, Job, StageFlags, iterate
from webqa.questions import write_questions
from webqa.sample_index import sample_index
from webqa.stages import Run, Stages, run_apart

SAMPLE = Path("webqa/sample")
HELD_OUT = 0.5
"""Share of the first half that is measured in a rehearsal."""
ADVICE = "name another folder with -o, or remove this one"


@dataclass(frozen=True, slots=True)
class Size:
    """How much of everything."""

    train: int = 400
    """Questions whose answers are compared."""
    practice: int = 600
    """Questions that policies are trained on, those that were compared among them."""
    held_out: int = 400
    """Questions that are measured on."""
    samples: SampleConfig = SampleConfig(4, 4)  # noqa: RUF009 - frozen
    """Answers to each question, for the comparisons and for best-of-n."""
    played: SampleConfig = SampleConfig(2, 2)  # noqa: RUF009 - frozen
    """Answers of a trained policy to each held-out question."""
    each: int = 60
    """Pairs that are judged, at most, of the answers to one question: more cost a model nothing,
    for it reads each answer once."""
    members: int = 3
    concurrency: int = 32
    reward: str = "--learning-rate 1e-3 --epochs 2 --every 8 --ties 0 --slight 0 --bf16"
    train_policy: str = (
        "--learning-rate 1e-4 --critic-rate 1e-3 --updates 18 --browses 24 --every 6 --bf16"
    )
    ppo: str = "--warmup 3 --warmup-epochs 1"
    rloo: str = ""
    text: int = 200_000
    """Where a policy is to be made: tokens of the web's text that it reads first."""
    reading: int = 6000
    """Questions about its sentences that it learns from."""
    made: int = 800
    """Questions made from the web and demonstrated."""


SIZES = {
    "full": Size(),
    "short": Size(
        train=20,
        practice=32,
        held_out=20,
        samples=SampleConfig(4, 2),
        each=6,
        members=2,
        train_policy=("--learning-rate 1e-4 --critic-rate 3e-4 --updates 4 --browses 8 --every 2"),
        reward="--learning-rate 3e-4 --epochs 2 --validation 0.3",
        ppo="--warmup 1",
        rloo="--group 2",
        text=20_000,
        reading=300,
        made=60,
    ),
}


class Halves(NamedTuple):
    """Questions with accepted answers: those to train on, and those to measure on."""

    train: list[Question]
    held_out: list[Question]


class Pipeline:
    """The stages in one folder."""

    def __init__(
        self, web: str, policy: Path, folder: Path, size: Size, run: Run = run_apart
    ) -> None:
        """Begin.

        Args:
            web: an index folder.
            policy: folder of the cloned one.
            folder: for everything that is made.
            size: how much of it.
            run: runs a command of webqa.
        """
        self.web = web
        self.policy = policy
        self.folder = folder
        self.size = size
        self.stages = Stages(folder, run, lambda text: print(f"--- {text}", flush=True))

    def run(self, halves: Halves) -> Path:
        """Run what is not done, write the report, and return its path.

        Raises:
            ConfigError: the folder is of another pipeline.
            Error: a stage failed.
        """
        agree(self.folder / "pipeline.json", self._settings(halves), ADVICE)
        for name, questions in self._questions(halves).items():
            write_questions(self.folder / f"{name}.jsonl", questions)
        policy = self.policy
        together(lambda: self._learn(policy), lambda: self._play("cloned", policy, "rules"))
        together(lambda: self._train(policy, "ppo"), lambda: self._control(policy))
        found = Found(self.folder, self.reward, self.size.samples, self.size.played)
        return write_report(found, self.stages.seconds)

    @property
    def reward(self) -> str:
        """The reward model's folder."""
        return str(self.folder / "round" / "round-1" / "reward")

    def _settings(self, halves: Halves) -> dict[str, object]:
        return {
            "web": self.web,
            "policy": str(self.policy),
            "size": self.size,
            "train": [one.id for one in halves.train],
            "held_out": [one.id for one in halves.held_out],
        }

    def _questions(self, halves: Halves) -> dict[str, list[Question]]:
        return {
            "train": halves.train[: self.size.train],
            "practice": halves.train[: self.size.practice],
            "held_out": halves.held_out[: self.size.held_out],
        }

    def _learn(self, policy: Path) -> None:
        size = self.size
        flags = StageFlags(
            best_of_flags=f"--temperature 1 --concurrency {size.concurrency}",
            train_reward_flags=f"--threads 1 {size.reward}",
        )
        config = IterateConfig(
            rounds=1,
            browses=size.samples.browses,
            answers=size.samples.answers,
            pairs=size.each * size.train,
            each=size.each,
            members=size.members,
            algorithm="none",
        )
        asked, out = self.folder / "train.jsonl", self.folder / "round"
        iterate(Job(str(policy), self.web, asked, out, config, flags), self._within(out))

    def _within(self, folder: Path) -> Stages:
        """Return the stages of a part, whose seconds are told with those of the whole."""
        return Stages(folder, self.stages.run, self.stages.say, self.stages.seconds)

    def _train(self, policy: Path, algorithm: str) -> None:
        """Train a policy and play it."""
        out = self.folder / algorithm
        self.stages.command(
            algorithm, "ppo", "--model", policy, "--web", self.web, "--questions",
            self.folder / "practice.jsonl", "--scorer", self.reward, "--algorithm", algorithm,
            "--read", 1000, "--threads", 1, "-o", out,
            *f"{self.size.train_policy} {getattr(self.size, algorithm)}".split(),
        )  # fmt: skip
        self._play(algorithm, out, self.reward, self.size.played)

    def _control(self, policy: Path) -> None:
        """Train without a critic, which is quicker; then score what the cloned policy played."""
        self._train(policy, "rloo")
        self._play("cloned", policy, self.reward)

    def _play(
        self, name: str, policy: Path, scorer: str, samples: SampleConfig | None = None
    ) -> None:
        """Play held-out questions; what was played is only scored once more by another scorer."""
        samples = samples or self.size.samples
        by = "played" if scorer == self.reward else "sampled"
        self.stages.command(
            f"{name}-{by}", "best-of", "--questions", self.folder / "held_out.jsonl",
            "--web", self.web, "--model", policy, "--scorer", scorer,
            "--browses", samples.browses, "--answers", samples.answers,
            "--temperature", 1, "--concurrency", self.size.concurrency, "--seed", 1000,
            "-o", self.folder / f"held-out-{name}",
        )  # fmt: skip


def together(*works: Callable[[], None]) -> None:
    """Do several things side by side; the first error of them is raised when all have ended."""
    with ThreadPoolExecutor(len(works)) as pool:
        for done in [pool.submit(work) for work in works]:
            done.result()


def cloned(web: str, questions: Path, folder: Path, size: Size) -> Path:
    """Make a policy from the web, demonstrated on the first half; return its folder."""
    made = Cloning(Path(web), questions, folder)
    return made.make(size.text, size.made, 1, "--reading", size.reading)


def halves_of(questions: Sequence[Question], rehearse: bool) -> Halves:
    """Split questions whose accepted answers are known.

    Raises:
        ConfigError: a half is empty.
    """
    known = [one for one in questions if one.accepted]
    train = [one for one in known if half_of(one.id) == "tune"]
    held_out = [one for one in known if half_of(one.id) == "report"]
    if rehearse:
        # Not the hash by which the reward model holds out questions: it would find none left.
        parts = {one.id: part_of(f"rehearsal {one.id}", HELD_OUT) for one in train}
        held_out = [one for one in train if parts[one.id] == "validation"]
        train = [one for one in train if parts[one.id] == "train"]
    if not train or not held_out:
        raise ConfigError("too few questions have accepted answers: the pipeline needs two halves")
    return Halves(train, held_out)


def main() -> None:
    """Run the stages and say where the report is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--web", default="", help="an index folder; none: the sample web")
    parser.add_argument("--questions", type=Path, default=SAMPLE / "questions.jsonl")
    parser.add_argument("--policy", type=Path, help="a cloned policy; none: one is made")
    parser.add_argument("-o", "--out", type=Path, required=True)
    parser.add_argument("--size", choices=SIZES, default="full")
    parser.add_argument("--rehearse", action="store_true", help="leave the second half untouched")
    options = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # two stages run side by side
    halves = halves_of(read_questions(options.questions), options.rehearse)
    web = options.web or str(sample_index(print))
    size = SIZES[options.size]
    policy = options.policy or cloned(web, options.questions, options.out / "policy", size)
    try:
        report = Pipeline(web, policy, options.out, size).run(halves)
    except Error as error:
        sys.exit(f"benchmarks.pipeline: {error}")
    except KeyboardInterrupt:
        sys.exit("\nbenchmarks.pipeline: stopped; the same command goes on from here")
    print(f"The report is in {report}")


if __name__ == "__main__":
    main()
