"""Loading: a good folder works, and each bad one is told in one line."""

import asyncio
import json

import pytest
import torch
from safetensors.torch import load_file, save_file

from policies.models.base import ModelError, Prompt, Request
from policies.models.local.config import LocalConfig
from policies.models.local.loading import load
from policies.models.local.reading import read_model
from tests.policies.models.small import make_tokenizer, save_model

torch.set_num_threads(1)


@pytest.fixture
def folder(tmp_path):
    return save_model(tmp_path / "model")


def change(path, **entries):
    path.write_text(json.dumps({**json.loads(path.read_text()), **entries}))


def fault(folder, **settings):
    with pytest.raises(ModelError) as caught:
        read_model(folder, LocalConfig(device="cpu", **settings))
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_folder_becomes_a_model_that_completes(folder):
    model = load(folder, LocalConfig(device="cpu"))
    (one,) = asyncio.run(model.complete(Request(Prompt("Why?"), max_tokens=5)))
    asyncio.run(model.aclose())
    assert one.completion_tokens
    assert (model.name, model.context, model.chat) == (str(folder), 512, False)
    assert model.count(Prompt("Why?")) == one.prompt_tokens


def test_settings_are_kept(tmp_path):
    folder = save_model(tmp_path, "gpt_neox", chat=True)
    change(folder / "config.json", attention_dropout=0.5, hidden_dropout=0.5)
    loaded = read_model(folder, LocalConfig(device="cpu", dtype="bf16", context=100))
    assert (loaded.model.dtype, loaded.context, loaded.tokens.chat) == (torch.bfloat16, 100, True)
    assert loaded.model.config.attention_dropout == loaded.model.config.hidden_dropout == 0.0
    assert not loaded.model.training
    assert read_model(folder, LocalConfig(device="cpu")).model.dtype == torch.float32


def test_all_tokens_that_the_model_ends_with_are_known(folder):
    (folder / "generation_config.json").write_text(json.dumps({"eos_token_id": [0, 9]}))
    assert read_model(folder, LocalConfig(device="cpu")).tokens.ends == {0, 9}


def test_a_model_without_a_tokenizer_is_refused(folder):
    """Fails when transformers tells, or makes an empty tokenizer and tells nothing."""
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (folder / name).unlink()
        assert "holds a model without a tokenizer (config.json" in fault(folder)


def test_weights_of_other_kinds_are_refused(folder):
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    assert "no *.safetensors but pytorch_model.bin" in fault(folder)


@pytest.mark.parametrize("part", ["pytorch_model.bin", "../elsewhere/model.safetensors"])
def test_a_list_of_parts_that_leads_to_other_weights_is_refused(folder, part):
    weights = load_file(folder / "model.safetensors")
    (folder.parent / "elsewhere").mkdir()
    (folder / "model.safetensors").rename(folder / "other.safetensors")
    if part.endswith(".bin"):
        torch.save(weights, folder / part)
    else:
        save_file(weights, folder / part, metadata={"format": "pt"})
    index = {"metadata": {}, "weight_map": dict.fromkeys(weights, part)}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    assert f"names {part!r}" in fault(folder)


def test_foreign_code_is_refused(folder):
    change(folder / "config.json", auto_map={"AutoModelForCausalLM": "evil.Model"})
    (folder / "evil.py").write_text("raise SystemExit('ran')")
    assert "auto_map" in fault(folder)


def test_foreign_code_of_a_tokenizer_is_refused(folder):
    change(folder / "tokenizer_config.json", auto_map={"AutoTokenizer": ["evil.Tokens", None]})
    assert "tokenizer_config.json asks for code" in fault(folder)


@pytest.mark.parametrize(
    ("entries", "told"),
    [
        ({"model_type": "t5"}, "no causal language model"),
        ({"model_type": "nonsense"}, "no causal language model"),
        ({"architectures": ["LlamaForSequenceClassification"]}, "use a LlamaForCausalLM"),
        ({"num_hidden_layers": 3}, "lacks 9 of the model's weights"),
        ({"hidden_size": 64}, "cannot be loaded"),
        ({"hidden_size": "wide"}, "cannot be loaded"),
        ({"max_position_embeddings": 4}, "too short"),
    ],
)
def test_a_configuration_that_does_not_fit_is_refused(folder, entries, told):
    change(folder / "config.json", **entries)
    assert told in fault(folder)


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "model.safetensors"])
def test_a_broken_file_is_told(folder, name):
    (folder / name).write_text("{")
    assert str(folder) in fault(folder)


def test_a_tokenizer_of_another_model_is_refused(folder):
    make_tokenizer(added=[f"extra{n}" for n in range(50)]).save_pretrained(folder)
    assert "do not belong together" in fault(folder)


def test_a_folder_that_is_not_there_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    assert "is no folder" in fault(tmp_path / "nothing")
    assert "is no folder" in fault(tmp_path / "file")


def test_an_empty_folder_is_told(tmp_path):
    assert "it is empty" in fault(tmp_path)


def test_a_name_that_is_not_in_the_cache_says_how_to_get_it():
    told = fault("nobody/no-such-model", offline=True)
    assert "neither a folder nobody/no-such-model nor a model" in told
    assert "hf download nobody/no-such-model" in told
    assert "in the hub's cache (never downloaded): give a folder" in told


def test_settings_that_cannot_be_are_refused(folder):
    assert "made for 512 tokens" in fault(folder, context=1000)
    with pytest.raises(ModelError, match="batch"):
        load(folder, LocalConfig(device="cpu", batch=0))


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is one")
def test_a_device_that_is_not_there_is_told(folder):
    with pytest.raises(ModelError, match="no CUDA device"):
        read_model(folder, LocalConfig(device="cuda"))
