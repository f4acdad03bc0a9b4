"""Training of reward models: it learns, gives the same again, goes on exactly, refuses nonsense."""

import asyncio
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from env.errors import ConfigError
from env.records import Answer
from policies.checkpoints import newest, read_metrics
from policies.language_model import LanguageModelConfig, write_config
from policies.models.base import ModelError
from policies.prompts import PromptConfig
from reward.classifier import open_classifier
from reward.model import open_reward, read_settings
from reward.running import make_batch, run, score_readings
from reward.training.config import PreferenceConfig, RewardTraining, check, loop_of
from reward.training.fitting import Watch, train_reward
from reward.training.groups import count_pairs, make_groups
from reward.training.work import RewardWork
from tests.policies.models.small import save_model
from tests.reward.preferring import make_answer, make_comparisons, save_encoder

PREFERENCES = PreferenceConfig(validation=0.3)
SHORT = RewardTraining(
    learning_rate=3e-3, epochs=2, batch_tokens=900, accumulate=2, every=3, threads=1
)


class Killed(BaseException):
    """Stands for a signal: nothing may catch it."""


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    return save_model(tmp_path_factory.mktemp("models") / "base", spread=0.1)


@pytest.fixture(scope="module")
def trained(base, tmp_path_factory):
    out = tmp_path_factory.mktemp("trained") / "reward"
    return out, train_reward(make_comparisons(), str(base), out, PREFERENCES, SHORT)


def train(base, out, comparisons=None, preferences=PREFERENCES, training=SHORT, **watch):
    comparisons = make_comparisons() if comparisons is None else comparisons
    return train_reward(comparisons, str(base), out, preferences, training, Watch(**watch))


def test_it_learns_what_was_planted(trained):
    out, done = trained
    assert done.measured["accuracy"] > 0.95
    assert done.measured["log_loss"] < 0.4
    scores = asyncio.run(
        open_reward(out).score([make_answer("a new thing", good, 7) for good in (1, 0)])
    )
    assert scores[0].value > scores[1].value + 1
    assert scores[0].version == done.settings.version != ""


def test_what_is_held_out_scores_around_zero(trained):
    """So that rewards of different models can be compared and added."""
    out, _ = trained
    groups = make_groups(make_comparisons(), open_classifier(out).reader, PREFERENCES)
    answers = {
        one: None
        for pair in make_comparisons()
        if pair.question in {group.question for group in groups.validation}
        for one in (pair.first, pair.second)
    }
    values = [score.value for score in asyncio.run(open_reward(out).score(list(answers)))]
    assert sum(values) / len(values) == pytest.approx(0, abs=0.05)


def test_the_folder_is_whole_and_is_not_trained_again(trained, base):
    out, done = trained
    names = {path.name for path in out.iterdir()}
    assert names >= {"model.safetensors", "config.json", "tokenizer.json", "reward.json"}
    assert "checkpoints" not in names
    again = train(base, out)
    assert again.finished_before
    assert (again.measured, again.settings) == (done.measured, done.settings)
    with pytest.raises(ConfigError, match=r"centring is 0\.01 there and 0\.5 here"):
        train(base, out, preferences=replace(PREFERENCES, centring=0.5))


@pytest.mark.parametrize("step", [4, 6])
def test_a_training_that_was_stopped_ends_with_the_same_model(trained, base, tmp_path, step):
    whole, done = trained

    def stop(progress):
        if progress.step >= step and progress.measured is None:
            raise Killed

    out = tmp_path / "out"
    with pytest.raises(Killed):
        train(base, out, trained=stop)
    assert newest(out / "checkpoints") is not None
    again = train(base, out)
    assert again.measured == done.measured
    assert not again.finished_before
    ours, theirs = load_file(out / "model.safetensors"), load_file(whole / "model.safetensors")
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)


def test_members_differ_and_one_that_is_done_is_kept(base, tmp_path):
    out = tmp_path / "out"
    preferences = replace(PREFERENCES, members=2)
    short = replace(SHORT, epochs=0.5)
    notes = []

    def note(text):
        notes.append(text)
        if text == "Member 2 of 2":
            raise Killed

    with pytest.raises(Killed):
        train(base, out, preferences=preferences, training=short, note=note)
    first = (out / "member-1" / "model.safetensors").read_bytes()
    with pytest.raises(ConfigError, match="other settings"):
        train(base, out, preferences=preferences, training=replace(short, seed=5))
    done = train(base, out, preferences=preferences, training=short)
    assert (out / "member-1" / "model.safetensors").read_bytes() == first
    assert (out / "member-2" / "model.safetensors").read_bytes() != first
    assert len(done.settings.members) == 2
    score = asyncio.run(open_reward(out).score([make_answer("the sky", 1, 3)]))[0]
    assert score.parts["variance"] > 0
    assert score.value == pytest.approx(score.parts["reward"] - 0.5 * score.parts["variance"])


def test_an_encoder_learns_too(tmp_path):
    base = save_encoder(tmp_path / "base")
    few = replace(SHORT, epochs=1, batch_tokens=2000, learning_rate=1e-3)
    done = train(base, tmp_path / "out", training=few)
    assert done.measured["accuracy"] > 0.9 > done.measured["length_only"]
    asyncio.run(open_reward(tmp_path / "out").score([make_answer("the sky", 1, 3)]))


def work_of(base, trees=True, comparisons=None):
    classifier = open_classifier(base, seed=0)
    classifier.trees = trees
    groups = make_groups(
        make_comparisons() if comparisons is None else comparisons, classifier.reader, PREFERENCES
    )
    return RewardWork(classifier, groups, PREFERENCES, Path(), loop_of(SHORT))


def gradient(work, batches):
    work.model.zero_grad()
    total = sum(work.collate(batch)["weights"].sum() for batch in batches)
    for batch in batches:
        work.loss(work.model, work.collate(batch), total).backward()
    return torch.cat(
        [one.grad.flatten() for one in work.model.parameters() if one.grad is not None]
    )


def test_many_small_batches_give_the_gradient_of_one_large(base):
    work = work_of(base)
    examples = list(work.examples[:8])
    whole, parts = gradient(work, [examples]), gradient(work, [[one] for one in examples])
    assert torch.allclose(whole, parts, atol=1e-5, rtol=1e-4)


def test_shared_beginnings_give_the_gradient_of_rows_apart(base):
    examples = list(work_of(base).examples[:4])
    shared, apart = (gradient(work_of(base, trees), [examples]) for trees in (True, False))
    assert torch.allclose(shared, apart, atol=1e-5, rtol=1e-4)


def test_a_question_with_very_many_answers_takes_several_rows(tmp_path):
    """Each answer's score stays with it."""
    base = save_model(tmp_path / "base", context=1024)
    classifier = open_classifier(base, seed=0)
    texts = [" ".join(f"{number * place}" for place in range(80)) for number in range(60)]
    group = [classifier.reader.read(Answer("Why?", text)) for text in texts]
    batch = make_batch(classifier, [group[:1], group, group[5:7]])
    assert len(batch["input_ids"]) > 3
    with torch.no_grad():
        found = run(classifier.model, batch)
    expected = score_readings(classifier, [*group[:1], *group, *group[5:7]], 500)
    assert torch.allclose(found, expected, atol=1e-4)


def test_all_pairs_of_a_question_are_in_one_example_and_one_part(base):
    groups = work_of(base)._groups
    questions = [group.question for group in (*groups.train, *groups.validation)]
    assert len(questions) == len(set(questions)) == 40
    assert count_pairs(groups.train) + count_pairs(groups.validation) == len(make_comparisons())
    assert all(len(group.readings) <= 4 for group in groups.train)


def test_what_cannot_be_learnt_is_named_and_counted(base):
    good = make_comparisons()
    first = good[0]
    bad = [
        replace(first, preference=float("nan")),
        replace(first, preference=1.5),
        replace(first, second=first.first),
        replace(first, second=make_answer("something else", 1, 1)),
        replace(first, first=replace(first.first, text="blue " * 600)),
    ]
    reader = open_classifier(base, seed=0).reader
    groups = make_groups([*good, *bad], reader, PREFERENCES)
    assert sum(groups.left_out.values()) == len(bad)
    text = " ".join(groups.left_out)
    for words in ("-1 to 1", "the same", "different questions", "too long for the model"):
        assert words in text
    assert count_pairs((*groups.train, *groups.validation)) == len(good)


def test_what_weighs_nothing_is_left_out_and_told(base):
    some = make_comparisons()
    strengths = (1.0, -0.5, 0.0)
    made = [replace(one, preference=strengths[n % 3]) for n, one in enumerate(some)]
    reader = open_classifier(base, seed=0).reader
    groups = make_groups(made, reader, replace(PREFERENCES, ties=0.0, slight=0.0))
    kept = [
        pair.preference for group in (*groups.train, *groups.validation) for pair in group.pairs
    ]
    assert set(kept) == {1.0}
    assert len(kept) + sum(groups.left_out.values()) == len(made)
    told = [name for name, number in groups.left_out.items() if number]
    assert all("--ties 0" in name or "--slight 0" in name for name in told)
    with pytest.raises(ConfigError, match="no comparison is left to learn from"):
        train(base, base / "none", [made[1], made[2]], replace(PREFERENCES, ties=0.0, slight=0.0))


def test_the_questions_words_are_marked_where_the_policy_had_them_marked(base, tmp_path):
    """Fails when a reward model reads other marks where it scores than where it learnt."""
    policy = shutil.copytree(base, tmp_path / "policy")
    write_config(policy, LanguageModelConfig(PromptConfig(aids=True)))
    answer = make_answer("a new thing", 1, 7)
    for model, marked in ((policy, True), (base, False)):
        out = tmp_path / f"out-{marked}"
        train(model, out)
        settings = read_settings(out)
        assert settings.aids is marked
        classifier = open_classifier(out, aids=marked)
        reading = classifier.reader.read(answer)
        assert ("★blue" in classifier.tokens.decode(reading.ids)) is marked
        [member], raw = settings.members, score_readings(classifier, [reading]).item()
        wanted = (raw - member.centre) / member.temperature / settings.temperature
        assert asyncio.run(open_reward(out).score([answer]))[0].value == pytest.approx(wanted)


def test_ties_alone_and_empty_parts_are_refused(base, tmp_path):
    ties = [replace(one, preference=0.0) for one in make_comparisons()]
    with pytest.raises(ConfigError, match="are ties"):
        train(base, tmp_path / "ties", ties)
    with pytest.raises(ConfigError, match="none is left for validation: raise --validation"):
        train(base, tmp_path / "one", make_comparisons(1))
    with pytest.raises(ConfigError, match="none is left for"):
        train(base, tmp_path / "none", [])


def test_a_loss_that_is_no_number_ends_the_training(base, tmp_path):
    with pytest.raises(ModelError, match="no number any more"):
        train(base, tmp_path / "out", training=replace(SHORT, learning_rate=1e30))
    assert not (tmp_path / "out" / "reward.json").exists()


@pytest.mark.parametrize(
    ("preferences", "training"),
    [
        ({"validation": 1.0}, {}),
        ({"members": 0}, {}),
        ({"smoothing": 1.0}, {}),
        ({"centring": float("nan")}, {}),
        ({}, {"learning_rate": 0.0}),
        ({}, {"learning_rate": float("nan")}),
        ({}, {"every": 0}),
        ({}, {"warmup": 2.0}),
    ],
)
def test_settings_that_make_no_sense_are_refused(preferences, training):
    name = next(iter({**preferences, **training})).replace("_", "-")
    with pytest.raises(ConfigError, match=f"--{name} must be"):
        check(PreferenceConfig(**preferences), RewardTraining(**training))


def test_measurements_are_written_as_curves(trained):
    out, _ = trained
    lines = [line for line in read_metrics(out) if "validation/accuracy" in line]
    assert lines[0]["step"] == 0
    assert lines[-1]["validation/loss"] < lines[0]["validation/loss"]
