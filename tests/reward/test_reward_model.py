"""The reward model: what it reads, that sharing changes no score, and what it refuses."""

import asyncio
import json
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForSequenceClassification

from env.records import Answer
from policies.language_model import LanguageModelConfig, make_request
from policies.models.base import ModelError
from policies.models.local.loading import load
from reward.classifier import open_classifier
from reward.model import SETTINGS, Member, RewardSettings, open_reward, write_settings
from reward.running import score_readings
from tests.policies.models.small import save_model
from tests.reward.preferring import QUOTES, make_answer, save_encoder

FAMILIES = ("llama", "qwen3", "gpt_neox", "gpt2")
ANSWERS = [make_answer("the sky", number % 2, number) for number in range(6)]


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Sequence classifiers of several families, saved as other tools would."""
    top = tmp_path_factory.mktemp("families")
    made = {}
    for family in (*FAMILIES, "mistral", "bert"):
        base = top / f"{family}-base"
        save_encoder(base) if family == "bert" else save_model(base, family)
        classifier = open_classifier(base, seed=0)
        made[family] = top / family
        classifier.model.save_pretrained(made[family])
        classifier.tokens.tokenizer.save_pretrained(made[family])
    return made


def values(model, answers):
    return [score.value for score in asyncio.run(model.score(answers))]


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("quotes", ["the same", "others"])
def test_sharing_beginnings_changes_no_score(folders, family, quotes):
    """With the same quotes by the cache of their beginning, else by trees."""
    classifier = open_classifier(folders[family])
    answers = ANSWERS
    if quotes == "others":
        answers = [replace(one, quotes=QUOTES[n % 3 :]) for n, one in enumerate(ANSWERS)]
    readings = [classifier.reader.read(answer) for answer in answers]
    assert classifier.trees
    shared = score_readings(classifier, readings)
    alone = torch.cat([score_readings(classifier, [one]) for one in readings])
    classifier.trees = False
    plain = score_readings(classifier, readings)
    assert torch.allclose(shared, alone, atol=1e-4)
    assert torch.allclose(shared, plain, atol=1e-4)
    assert len({round(one, 4) for one in shared.tolist()}) == len(ANSWERS)


@pytest.mark.parametrize("family", [*FAMILIES, "mistral", "bert"])
def test_other_tools_give_the_same_score(folders, family):
    """Of the saved folder alone, without any of our code but the tokens."""
    classifier = open_classifier(folders[family])
    model = AutoModelForSequenceClassification.from_pretrained(folders[family]).eval()
    typed = {}
    for answer, ours in zip(ANSWERS, values(open_reward(folders[family]), ANSWERS), strict=True):
        reading = classifier.reader.read(answer)
        ids = torch.tensor([reading.ids])
        if family == "bert":
            typed = {"token_type_ids": (torch.arange(len(reading.ids)) >= reading.begin)[None] + 0}
        with torch.no_grad():
            assert model(ids, **typed).logits.item() == pytest.approx(ours, abs=1e-4)


def test_a_sliding_window_is_not_made_a_tree(folders):
    assert not open_classifier(folders["mistral"]).trees


def test_it_reads_the_prompt_that_the_policy_answered(folders, tmp_path):
    """Token for token, and behind it the answer and the end."""
    model = load(save_model(tmp_path / "policy", "llama"))
    classifier = open_classifier(folders["llama"])
    from env.records import Observation

    asked = Observation(ANSWERS[0].question, quotes=QUOTES, answering=True)
    config = LanguageModelConfig(grammar=None, answer_tokens=64)
    prompt = classifier.tokens.encode_prompt(make_request(asked, model, config).request.prompt)
    reading = classifier.reader.read(ANSWERS[0])
    assert list(reading.ids[: reading.begin]) == prompt
    assert classifier.tokens.decode(reading.ids[reading.begin :]) == ANSWERS[0].text
    asyncio.run(model.aclose())


def test_page_text_never_becomes_a_control_token(folders):
    reader = open_classifier(folders["llama"]).reader
    bad = replace(QUOTES[0], text="so it ends <|end|> here")
    end = open_classifier(folders["llama"]).tokens.end
    ids = reader.read(Answer("Why <|end|>?", "No <|end|>.", (bad,))).ids
    assert [place for place, one in enumerate(ids) if one == end] in ([], [len(ids) - 1])


def test_quotes_without_room_go_from_the_last_and_are_told(tmp_path):
    folder = save_encoder(tmp_path / "base", context=64)
    reader = open_classifier(folder, seed=0).reader
    answer = Answer("Why?", "Blue light is scattered [1].", QUOTES)
    reading = reader.read(answer)
    assert 0 < reading.left_out <= 3
    assert len(reading.ids) <= 64
    whole = reader.read(replace(answer, quotes=QUOTES[: 3 - reading.left_out]))
    assert whole.ids == reading.ids
    with pytest.raises(ModelError, match="longer context"):
        reader.read(Answer("Why?", "blue " * 100))


def test_an_answer_without_text_is_scored(folders):
    for family in ("llama", "bert"):
        assert len(values(open_reward(folders[family]), [Answer("Why?", ""), ANSWERS[0]])) == 2


def test_an_ensemble_loses_by_disagreement(folders, tmp_path):
    out = tmp_path / "ensemble"
    for number in (1, 2):
        base = open_classifier(save_model(tmp_path / f"b{number}", seed=number), seed=number)
        base.model.save_pretrained(out / f"member-{number}")
        base.tokens.tokenizer.save_pretrained(out / f"member-{number}")
    members = tuple(Member(f"member-{number}", "", 0.5, 2.0) for number in (1, 2))
    write_settings(out, RewardSettings(members, 1.5, 0.3, 0.7))
    for score in asyncio.run(open_reward(out).score(ANSWERS)):
        first, second = score.parts["member_1"], score.parts["member_2"]
        assert score.parts["reward"] == pytest.approx((first + second) / 2 / 1.5)
        assert score.parts["variance"] == pytest.approx(((first - second) / 2 / 1.5) ** 2)
        assert score.parts["length"] == pytest.approx(0.3 * 9 / 100)
        parts = score.parts
        assert score.value == pytest.approx(
            parts["reward"] - 0.7 * parts["variance"] + parts["length"]
        )
    plain = values(open_reward(out / "member-1"), ANSWERS[:1])[0]
    assert (plain - 0.5) / 2 == pytest.approx(
        asyncio.run(open_reward(out).score(ANSWERS))[0].parts["member_1"], abs=1e-5
    )


def test_answers_to_one_browse_are_scored_from_few_tokens(tmp_path):
    """Fails when their prompt is read again for each; benchmarks.scoring says how quick it is."""
    folder = save_model(tmp_path / "base", context=4096)
    classifier = open_classifier(folder, seed=0)
    long = tuple(replace(quote, text=quote.text * 4) for quote in QUOTES)
    readings = [
        classifier.reader.read(make_answer("the sky", 0, number, long)) for number in range(16)
    ]
    read = []
    classifier.model.get_input_embeddings().register_forward_hook(
        lambda _layer, inputs, _output: read.append(inputs[0].numel())
    )
    shared = score_readings(classifier, readings)
    together = sum(read)
    alone = torch.cat([score_readings(classifier, [one]) for one in readings])
    apart = sum(read) - together
    assert apart == sum(len(one.ids) for one in readings)
    assert together <= len(readings[0].ids) + sum(len(one.ids) - one.begin + 8 for one in readings)
    assert 3 * together < apart
    assert torch.allclose(shared, alone, atol=1e-4)


def test_another_tokenizer_is_refused(folders, tmp_path):
    write_settings(folders["llama"], RewardSettings((Member(".", "0" * 64),)))
    try:
        with pytest.raises(ModelError, match="another tokenizer"):
            open_reward(folders["llama"])
    finally:
        (folders["llama"] / SETTINGS).unlink()


@pytest.mark.parametrize("damage", ["torn", "pickled", "two", "policy", "nothing", "json", "part"])
def test_what_is_wrong_with_a_folder_is_told_in_one_line(folders, tmp_path, damage):
    folder = tmp_path / "model"
    classifier = open_classifier(folders["llama"])
    classifier.model.save_pretrained(folder)
    classifier.tokens.tokenizer.save_pretrained(folder)
    weights = folder / "model.safetensors"
    if damage == "torn":
        weights.write_bytes(weights.read_bytes()[:-1000])
    elif damage == "pickled":
        weights.rename(folder / "pytorch_model.bin")
    elif damage == "two":
        settings = json.loads((folder / "config.json").read_text())
        settings["id2label"] = {"0": "yes", "1": "no"}
        (folder / "config.json").write_text(json.dumps(settings))
    elif damage == "policy":
        folder = save_model(tmp_path / "policy")
    elif damage == "nothing":
        folder = tmp_path / "none"
    elif damage == "json":
        (folder / SETTINGS).write_text('{"members": [')
    elif damage == "part":
        kept = load_file(weights)
        kept.pop("model.layers.0.mlp.up_proj.weight")
        save_file(kept, weights)
    with pytest.raises(ModelError) as error:
        open_reward(folder)
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 500


@pytest.mark.parametrize(
    "settings",
    [
        RewardSettings(()),
        RewardSettings((Member("../other", ""),)),
        RewardSettings((Member(".", "", temperature=0.0),)),
        RewardSettings((Member(".", ""),), temperature=0.0),
        RewardSettings((Member(".", ""),), schema=99),
    ],
)
def test_settings_that_cannot_be_used_are_refused(tmp_path, settings):
    write_settings(tmp_path, settings)
    with pytest.raises(ModelError, match=r"cannot be used|update webqa"):
        open_reward(tmp_path)


def test_a_score_that_is_no_number_is_refused(folders, tmp_path):
    classifier = open_classifier(folders["llama"])
    with torch.no_grad():
        classifier.model.score.weight.fill_(float("nan"))
    classifier.model.save_pretrained(tmp_path / "bad")
    classifier.tokens.tokenizer.save_pretrained(tmp_path / "bad")
    with pytest.raises(ModelError, match="no number"):
        values(open_reward(tmp_path / "bad"), ANSWERS)


def test_a_new_head_is_drawn_by_its_seed(tmp_path):
    folder = save_model(tmp_path / "base", width=64)
    heads = [open_classifier(folder, seed=seed).model.score.weight for seed in (1, 1, 2)]
    assert torch.equal(heads[0], heads[1])
    assert not torch.equal(heads[0], heads[2])
    assert heads[0].std().item() == pytest.approx(65**-0.5, rel=0.3)


def test_a_training_that_was_stopped_is_no_reward_model(tmp_path):
    """Fails when a model without its calibration scores as if it were finished."""
    (tmp_path / "train.json").write_text("{}")
    with pytest.raises(ModelError, match="training is not finished"):
        open_reward(tmp_path)
