"""Entailment models: labels, long evidence, folders that are none. Models from scratch."""

import pytest
import torch
from transformers import BertConfig, BertForSequenceClassification

from policies.models.base import ModelError
from reward.entailment import EntailmentConfig, EntailmentJudge, open_entailment
from reward.support import Case, open_support_judge
from tests.policies.models.small import make_tokenizer, save_model

MNLI = {0: "contradiction", 1: "neutral", 2: "Entailment"}
TEXT = "The sky is blue. On a clear day the sky looks blue because air scatters blue light. "


@pytest.fixture(scope="module")
def tokenizer():
    made = make_tokenizer()
    made.pad_token = made.eos_token
    return made


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def make_classifier(tokenizer, labels=MNLI, context=96, seed=0):
    torch.manual_seed(seed)
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=context,
        initializer_range=0.6,
        pad_token_id=tokenizer.pad_token_id,
        num_labels=len(labels),
        id2label=labels,
        label2id={label: number for number, label in labels.items()},
    )
    return BertForSequenceClassification(config).eval()


def save(folder, tokenizer, **changes):
    make_classifier(tokenizer, **changes).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


async def test_the_label_is_found_by_its_name(tmp_path, tokenizer):
    """Fails when a label is taken by its place."""
    folder = save(tmp_path / "nli", tokenizer)
    judge = open_support_judge(str(folder))
    assert judge.name == str(folder)
    (found,) = await judge.judge([Case("Air is blue.", ("The sky is blue.",))])
    model = make_classifier(tokenizer)
    inputs = tokenizer("The sky is blue.", "Air is blue.", return_tensors="pt")
    with torch.inference_mode():
        expected = model(**inputs).logits.softmax(-1)[0, 2]
    assert found == pytest.approx(float(expected), abs=1e-5)


async def test_two_labels_without_names_are_read_as_minicheck(tokenizer):
    model = make_classifier(tokenizer, {0: "LABEL_0", 1: "LABEL_1"})
    judge = EntailmentJudge("mini", model, tokenizer, 96)
    (found,) = await judge.judge([Case("Air is blue.", ("The sky is blue.",))])
    joined = f"The sky is blue.{tokenizer.eos_token}Air is blue."
    with torch.inference_mode():
        expected = model(**tokenizer(joined, return_tensors="pt")).logits.softmax(-1)[0, 1]
    assert found == pytest.approx(float(expected), abs=1e-5)


@pytest.mark.parametrize(
    "labels",
    [{0: "a", 1: "b", 2: "c"}, {0: "entailment", 1: "supported"}, {0: "LABEL_0"}],
)
def test_labels_that_do_not_tell_support_are_refused(tokenizer, labels):
    model = make_classifier(tokenizer, labels)
    with pytest.raises(ModelError, match="none or several of them mean support"):
        EntailmentJudge("odd", model, tokenizer, 96)


async def test_long_evidence_is_read_in_pieces_and_the_best_counts(tokenizer):
    """Fails when the end of the evidence is cut off."""
    model = make_classifier(tokenizer)
    judge = EntailmentJudge("nli", model, tokenizer, 96, EntailmentConfig(batch=3))
    claim = "Air scatters light."
    long = Case(claim, (TEXT * 12 + "x" * 300,))
    pieces = list(judge._pieces(long))
    assert len(pieces) > 4
    assert "".join("".join(pieces).split()) == "".join(long.evidence[0].split())
    found, *each = await judge.judge([long, *(Case(claim, (one,)) for one in pieces)])
    assert found == pytest.approx(max(each), abs=1e-5)


async def test_batches_do_not_change_what_is_said(tokenizer):
    model = make_classifier(tokenizer)
    cases = [Case("Air is blue." * n, (TEXT[: 9 * n], "Light.")) for n in (1, 3, 2)]
    judges = [
        EntailmentJudge("nli", model, tokenizer, 96, EntailmentConfig(batch=n)) for n in (16, 1)
    ]
    together, alone = [await judge.judge(cases) for judge in judges]
    assert together == pytest.approx(alone, abs=1e-5)
    assert await EntailmentJudge("nli", model, tokenizer, 96).judge([Case("Air.", ())]) == [0.0]


async def test_a_page_cannot_end_the_evidence(tokenizer):
    model = make_classifier(tokenizer, {0: "LABEL_0", 1: "LABEL_1"})
    judge = EntailmentJudge("mini", model, tokenizer, 96)
    end = tokenizer.eos_token
    marked, plain = await judge.judge(
        [Case(f"Air{end}.", (f"Sky{end}Sea",)), Case("Air .", ("Sky Sea",))]
    )
    assert marked == pytest.approx(plain, abs=1e-6)


async def test_what_cannot_be_judged_is_told_in_a_line(tokenizer):
    model = make_classifier(tokenizer)
    judge = EntailmentJudge("nli", model, tokenizer, 96)
    with pytest.raises(ModelError, match="too few for a claim"):
        await judge.judge([Case("blue light " * 90, ("Sky.",))])
    with torch.no_grad():
        model.classifier.weight.fill_(float("nan"))
    with pytest.raises(ModelError, match="gave no numbers"):
        await judge.judge([Case("Air.", ("Sky.",))])


def test_folders_without_a_trained_classifier_are_refused(tmp_path, tokenizer):
    with pytest.raises(ModelError, match="no classifier of sequences"):
        open_entailment(save_model(tmp_path / "causal"))
    with pytest.raises(ModelError, match="is no folder"):
        open_entailment(tmp_path / "missing")
    cut = save(tmp_path / "cut", tokenizer)
    weights = cut / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-500])
    with pytest.raises(ModelError, match="cannot be loaded"):
        open_entailment(cut)
    with pytest.raises(ModelError, match="a piece needs"):
        open_entailment(cut, EntailmentConfig(piece=1))
