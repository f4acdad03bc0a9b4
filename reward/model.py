"""The reward model: how much people would like an answer, as a calibrated number.

A folder with one sequence classifier, or with several in folders of their own (an ensemble), and
`reward.json`, which says how their outputs become a score. Scores are in nats of log-odds: an
answer that scores 1 more is preferred with probability 0.73. WebGPT, section 3.2; ensembles after
Coste et al. 2023. Knows no comparisons and no training.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

import msgspec

from env.records import Answer
from policies.checkpoints import write_whole
from policies.models.base import ModelError
from reward.scorers import Score
from reward.text import Reading, length_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from policies.models.local.config import LocalConfig
    from reward.running import Classifier

SETTINGS = "reward.json"
BEGUN = "train.json"
"""Settings of a training; without `reward.json` beside it, it is not finished."""
SCHEMA = 1


@dataclass(frozen=True, slots=True)
class Member:
    """One classifier of a reward model."""

    folder: str
    """Below the reward model's; `.` is that folder itself."""
    tokenizer: str
    """Hash of the tokenizer it was trained with."""
    centre: float = 0.0
    """What it says of a middling answer: the mean over answers that were held out."""
    temperature: float = 1.0
    """What the rest is divided by, so that differences are log-odds."""


@dataclass(frozen=True, slots=True)
class RewardSettings:
    """What `reward.json` holds: how outputs of members become a score."""

    members: tuple[Member, ...]
    temperature: float = 1.0
    """Of the members' mean."""
    length: float = 0.0
    """Log-odds for a hundred words more, fitted on comparisons that were held out."""
    disagreement: float = 0.0
    """What the members' variance is multiplied by before it is taken away: lambda."""
    version: str = ""
    """Hash of the weights, recorded with every score."""
    aids: bool = False
    """Whether they read the question's words marked (policies.aids)."""
    schema: int = SCHEMA


class RewardModel:
    """A Scorer: the members' mean, less their disagreement, and the length term."""

    def __init__(self, name: str, members: Sequence[Classifier], settings: RewardSettings) -> None:
        self.name = name
        self.settings = settings
        self._members = tuple(members)
        self._lock = Lock()  # engines run in threads, and a model's hooks are its own

    async def score(self, answers: Sequence[Answer]) -> list[Score]:
        """Score answers in a thread; those to one question and the same quotes share work.

        The parts are `reward` (the calibrated mean), `variance`, `length`, `member_1` and so on,
        and `quotes_left_out`, which had no room in the model.

        Raises:
            ModelError: an answer does not fit the model, or a score is no number.
        """
        return await asyncio.to_thread(self.score_now, answers)

    def score_now(self, answers: Sequence[Answer]) -> list[Score]:
        """Score answers in this thread."""
        if not answers:
            return []
        with self._lock:
            read = [[one.reader.read(answer) for answer in answers] for one in self._members]
            outputs = self._outputs(read)
        left_out = [max(one[place].left_out for one in read) for place in range(len(answers))]
        return [
            self._score(answer, outputs[:, place].tolist(), left_out[place])
            for place, answer in enumerate(answers)
        ]

    def _outputs(self, read: Sequence[Sequence[Reading]]) -> NDArray[np.float64]:
        """Return the calibrated outputs, (members, answers)."""
        import numpy as np

        from reward.running import score_readings

        found = [
            (score_readings(classifier, readings).double().numpy() - member.centre)
            / member.temperature
            for classifier, member, readings in zip(
                self._members, self.settings.members, read, strict=True
            )
        ]
        return np.stack(found)

    def _score(self, answer: Answer, outputs: Sequence[float], left_out: int) -> Score:
        settings, count = self.settings, len(outputs)
        mean = sum(outputs) / count
        variance = sum((one - mean) ** 2 for one in outputs) / count
        parts = {
            "reward": mean / settings.temperature,
            "variance": variance / settings.temperature**2,
            "length": settings.length * length_of(answer),
        }
        value = parts["reward"] - settings.disagreement * parts["variance"] + parts["length"]
        if not math.isfinite(value):
            raise ModelError(
                f"the reward model {self.name} gives a score that is no number: train it again"
            )
        if count > 1:
            parts |= {f"member_{number}": one for number, one in enumerate(outputs, start=1)}
        parts["quotes_left_out"] = float(left_out)
        return Score(value, parts, self.name, settings.version)


def open_reward(folder: str | Path, config: LocalConfig | None = None) -> RewardModel:
    """Open a reward model that `webqa train-reward` made, or any classifier with one output.

    Args:
        folder: with `reward.json`; without it, one of `AutoModelForSequenceClassification`, whose
            output is taken as it is.
        config: device, dtype, context.

    Raises:
        ModelError: there is none, it is damaged, or its tokenizer is not the one it was trained
            with; says what to do.
    """
    from reward.classifier import open_classifier

    folder = Path(folder)
    settings = read_settings(folder)
    members = [
        open_classifier(folder / member.folder, config, aids=settings.aids)
        for member in settings.members
    ]
    for classifier, member in zip(members, settings.members, strict=True):
        if member.tokenizer and tokenizer_hash(classifier) != member.tokenizer:
            raise ModelError(
                f"{classifier.name} has another tokenizer than the one it was trained with: "
                "copy the whole folder again, or train it again"
            )
    return RewardModel(folder.resolve().name, members, settings)


def read_settings(folder: Path) -> RewardSettings:
    """Read `reward.json`; without one, the settings of a plain classifier.

    Raises:
        ModelError: the file is damaged, of a later version, or not there yet.
    """
    path = folder / SETTINGS
    try:
        settings = msgspec.json.decode(path.read_bytes(), type=RewardSettings)
    except FileNotFoundError as error:
        if (folder / BEGUN).exists():
            raise ModelError(
                f"{folder} holds a reward model whose training is not finished: give the same "
                "`webqa train-reward` again"
            ) from error
        return RewardSettings((Member(".", ""),))
    except (OSError, msgspec.MsgspecError) as error:
        raise ModelError(f"{path} cannot be read ({error}): train the model again") from error
    if settings.schema > SCHEMA:
        raise ModelError(
            f"{path} is of schema {settings.schema}, this version reads up to {SCHEMA}: "
            "update webqa"
        )
    sound = settings.temperature > 0 and math.isfinite(settings.length)
    if not (settings.members and sound and all(_is_sound(one) for one in settings.members)):
        raise ModelError(f"{path} holds settings that cannot be used: train the model again")
    return settings


def _is_sound(member: Member) -> bool:
    inside = Path(member.folder).name == member.folder or member.folder == "."
    return inside and math.isfinite(member.centre) and member.temperature > 0


def write_settings(folder: Path, settings: RewardSettings) -> None:
    """Write `reward.json` whole or not at all."""
    text = msgspec.json.format(msgspec.json.encode(settings), indent=2).decode()
    write_whole(folder / SETTINGS, text + "\n")


def tokenizer_hash(classifier: Classifier) -> str:
    """Return a hash of the tokens and merges that a classifier reads with."""
    core = classifier.tokens.tokenizer.backend_tokenizer.to_str()
    found = msgspec.json.decode(core)
    model = {name: found[name] for name in ("model", "normalizer", "pre_tokenizer")}
    return sha256(msgspec.json.encode(model, order="sorted")).hexdigest()
