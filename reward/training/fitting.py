"""Training a reward model: its members one after the other, then their calibration.

Killed at any moment and called again, it goes on and ends with the same model. `reward.json` comes
last: a folder that has it is finished.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
from accelerate import PartialState

from policies.checkpoints import METRICS, add_metrics, write_whole
from policies.cloning.measuring import Progress
from policies.cloning.opening import identity
from policies.cloning.output import LAST, begin, finish, held, is_main
from policies.cloning.training import CHECKPOINTS, fit
from policies.language_model import read_config
from policies.models.local.config import LocalConfig
from policies.models.local.reading import find_folder
from reward.classifier import open_classifier
from reward.comparisons import Comparison
from reward.model import BEGUN, SETTINGS, Member, RewardSettings, tokenizer_hash, write_settings
from reward.running import Classifier
from reward.training.calibration import calibrate, calibrated, crossed
from reward.training.config import PreferenceConfig, RewardTraining, check, loop_of
from reward.training.groups import Group, Groups, make_groups
from reward.training.metrics import Floats, measure_pairs
from reward.training.work import RewardWork, outputs_of, scored_pairs

TRAIN = BEGUN
EVALUATION = "evaluation.json"
FULL = LocalConfig(dtype="fp32")


class Watch(NamedTuple):
    """Who is told of what."""

    note: Callable[[str], None] = lambda _text: None
    """A line that is worth reading."""
    trained: Callable[[Progress], None] | None = None


class Trained(NamedTuple):
    """What became of a training."""

    measured: dict[str, float]
    """On held-out questions: see `measure_pairs`. The same ones choose the checkpoint, and centre
    and temperature are fitted on them, which flatters a little: foretell others to be sure."""
    settings: RewardSettings
    left_out: Counter[str]
    finished_before: bool


def train_reward(
    comparisons: Sequence[Comparison],
    model: str,
    out: Path,
    preferences: PreferenceConfig | None = None,
    training: RewardTraining | None = None,
    watch: Watch = Watch(),  # noqa: B008 - immutable
) -> Trained:
    """Train a reward model, or go on with a training that was stopped.

    Args:
        comparisons: of answers; a part of their questions is held out.
        model: folder or hub name of a causal model or an encoder to begin with.
        out: the folder to write into.
        preferences: what is learnt.
        training: how.
        watch: who is told of the progress.

    Raises:
        ConfigError: settings, comparisons or the folder cannot be used.
        ModelError: the model cannot, or the loss is no number any more.
    """
    preferences, training = preferences or PreferenceConfig(), training or RewardTraining()
    check(preferences, training)
    preferences = resolved(preferences, model)
    main = is_main()
    with held(out) if main else nullcontext():
        settings = settings_of(comparisons, model, preferences, training)
        if begin(out, settings, TRAIN, SETTINGS) if main else (out / SETTINGS).exists():
            _clear(out)
            return _finished(out)
        classifier = _open(model, preferences, training.seed)
        groups = make_groups(comparisons, classifier.reader, preferences)
        _tell(groups, watch)
        if main and preferences.members > 1 and not (out / METRICS).exists():
            add_metrics(out, 0, {"members": preferences.members})  # a sign that it has begun
        members = []
        for number in range(preferences.members):
            folder = _folder(out, number, preferences.members)
            _train_member(model, folder, number, groups, (preferences, training), watch)
            members.append(folder)
        return _finish(out, members, groups, preferences, main)


def settings_of(
    comparisons: Sequence[Comparison],
    model: str,
    preferences: PreferenceConfig,
    training: RewardTraining,
) -> dict[str, object]:
    """Return all that decides what the reward model becomes."""
    digest = sha256()
    for one in comparisons:
        digest.update(msgspec.json.encode(one))
    return {
        "model": identity(model),
        "comparisons": {
            "number": len(comparisons),
            "simulated": sum(one.simulated for one in comparisons),
            "sha256": digest.hexdigest(),
        },
        "preferences": preferences,
        "training": training,
    }


def resolved(preferences: PreferenceConfig, model: str) -> PreferenceConfig:
    """Return the preferences with what depends on the model that is begun with.

    Raises:
        ConfigError: the model's own settings cannot be read.
        ModelError: there is no such model.
    """
    if preferences.aids != "as-policy":
        return preferences
    policy = read_config(find_folder(model, FULL.offline))
    return replace(preferences, aids="on" if policy and policy.prompt.aids else "off")


def _open(model: str | Path, preferences: PreferenceConfig, seed: int | None = None) -> Classifier:
    return open_classifier(model, FULL, seed=seed, aids=preferences.aids == "on")


def _folder(out: Path, number: int, members: int) -> Path:
    return out if members == 1 else out / f"member-{number + 1}"


def _tell(groups: Groups, watch: Watch) -> None:
    for name, part in (("Learning from", groups.train), ("measuring on", groups.validation)):
        pairs = [pair for group in part for pair in group.pairs]
        ties = sum(pair.preference == 0 for pair in pairs)
        watch.note(f"{name} comparisons: {len(pairs):,} (questions: {len(part):,}, ties: {ties:,})")
    for reason, number in sorted(groups.left_out.items()):
        if number:
            watch.note(f"Left out: {number:,} × {reason}")


def _train_member(
    model: str,
    folder: Path,
    number: int,
    groups: Groups,
    settings: tuple[PreferenceConfig, RewardTraining],
    watch: Watch,
) -> None:
    """Train one classifier into its folder, if it is not there yet."""
    if (folder / LAST).exists():
        return
    preferences, training = settings
    loop = loop_of(training, number)
    folder.mkdir(parents=True, exist_ok=True)
    if preferences.members > 1:
        watch.note(f"Member {number + 1} of {preferences.members}")
    classifier = _open(model, preferences, loop.seed)
    classifier.model.train()
    work = RewardWork(classifier, groups, preferences, folder, loop, watch.trained)
    fit(work)
    if is_main():
        stored = classifier.model.to(classifier.dtype)

        def write(building: Path) -> None:
            stored.save_pretrained(building)
            classifier.tokens.tokenizer.save_pretrained(building)

        finish(folder, write)
    PartialState().wait_for_everyone()  # the other processes read what the main one wrote


def _finish(
    out: Path,
    folders: Sequence[Path],
    groups: Groups,
    preferences: PreferenceConfig,
    main: bool,
) -> Trained:
    """Calibrate the members and their mean, measure, and write `reward.json`."""
    held_out = groups.validation
    members: list[Member] = []
    outputs: list[list[Floats]] = []
    measured: dict[str, float] = {}
    for number, folder in enumerate(folders, start=1):
        classifier = _open(folder, preferences)
        raw = outputs_of(classifier, held_out)
        member, scaled = _calibrated_member(out, folder, classifier, held_out, raw)
        members.append(member)
        outputs.append(scaled)
        measured |= {
            f"member_{number}/{name}": value
            for name, value in measure_pairs(scored_pairs(held_out, scaled)).items()
            if name in ("accuracy", "log_loss", "ece")
        }
    joint = scored_pairs(held_out, [np.mean(of, axis=0) for of in zip(*outputs, strict=True)])
    fitted = calibrate(joint, length_term=preferences.length_term)
    honest = measure_pairs(crossed(joint, length_term=preferences.length_term))
    fond = measure_pairs(calibrated(joint, fitted))
    known = {f"calibrated_on_these/{name}": fond[name] for name in ("log_loss", "ece")}
    measured = {**honest, **known, **measured}
    settings = RewardSettings(
        tuple(members),
        fitted.temperature,
        fitted.length,
        preferences.disagreement if len(members) > 1 else 0.0,
        identity_of(folders),
        preferences.aids == "on",
    )
    if main:
        found = msgspec.json.encode({"measured": measured, "left_out": groups.left_out})
        write_whole(out / EVALUATION, msgspec.json.format(found).decode() + "\n")
        write_settings(out, settings)
        _clear(out)
    return Trained(measured, settings, groups.left_out, finished_before=False)


def _calibrated_member(
    out: Path,
    folder: Path,
    classifier: Classifier,
    groups: Sequence[Group],
    raw: Sequence[Floats],
) -> tuple[Member, list[Floats]]:
    """Return a member's settings, and its outputs by them."""
    centre = float(np.concatenate(raw).mean())
    temperature = calibrate(scored_pairs(groups, raw)).temperature
    name = "." if folder == out else folder.name
    member = Member(name, tokenizer_hash(classifier), centre, temperature)
    return member, [(one - centre) / temperature for one in raw]


def identity_of(folders: Sequence[Path]) -> str:
    """Return a short hash of the members' weights."""
    return sha256("".join(identity(str(one)) for one in folders).encode()).hexdigest()[:16]


def _finished(out: Path) -> Trained:
    from reward.model import read_settings

    found: dict[str, Any] = msgspec.json.decode((out / EVALUATION).read_bytes())
    return Trained(
        found["measured"], read_settings(out), Counter(found["left_out"]), finished_before=True
    )


def _clear(out: Path) -> None:
    for folder in (out, *out.glob("member-*")):
        shutil.rmtree(folder / CHECKPOINTS, ignore_errors=True)
