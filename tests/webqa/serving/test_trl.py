"""The tools in the real GRPOTrainer of TRL; skipped where trl is not installed.

The model is random and what it writes is scripted, so that a rollout holds real calls of tools.
"""

import json
import math

import pytest

from env.config import SMALL
from env.records import Question
from webqa.serving.tools import open_tools, rows

pytest.importorskip("trl")
pytestmark = [
    pytest.mark.slow,
    # Of trl and what it imports: experimental features, and settings that are to be renamed.
    pytest.mark.filterwarnings("ignore"),
]

SKY = Question("sky", "Why is the sky blue?", accepted=("scatter blue light",))
CALLS = [
    ("search", {"query": "sky blue"}),
    ("click", {"link": 0}),
    ("quote", {"text": "molecules of the air scatter blue light"}),
]
ANSWERS = ("They scatter blue light [1].", "I cannot tell [1].")
"""Of the two rollouts of a group, so that one is better than the other."""


@pytest.fixture(scope="module")
def tokenizer():
    from trl.chat_template_utils import qwen3_chat_template

    from tests.policies.models.small import make_tokenizer

    tokenizer = make_tokenizer(chat=True, template=qwen3_chat_template)
    tokenizer.pad_token = tokenizer.eos_token
    tokenizer.eos_token = "<|im_end|>"
    return tokenizer


def scripted(tokenizer):
    """Return a random model that writes the script: a line for every reply of a tool so far."""
    import torch
    from transformers import Qwen3Config, Qwen3ForCausalLM

    class Scripted(Qwen3ForCausalLM):
        def generate(self, input_ids, **_):
            written = [self.line(ids, number) for number, ids in enumerate(input_ids)]
            ended = torch.nn.utils.rnn.pad_sequence(
                [torch.tensor(tokenizer.encode(text)) for text in written],
                batch_first=True,
                padding_value=tokenizer.pad_token_id,
            )
            return torch.cat([input_ids, ended], dim=1)

        def line(self, ids, number):
            replies = tokenizer.decode(ids).count("<tool_response>")
            if replies > len(CALLS):
                return "Done.<|im_end|>"
            name, given = [*CALLS, ("answer", {"text": ANSWERS[number % 2]})][replies]
            call = json.dumps({"name": name, "arguments": given})
            return f"<tool_call>\n{call}\n</tool_call><|im_end|>"

    torch.manual_seed(0)
    torch.set_num_threads(1)
    config = Qwen3Config(
        vocab_size=len(tokenizer),
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        num_key_value_heads=1,
        head_dim=8,
        max_position_embeddings=16384,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    return Scripted(config)


def test_every_tool_has_a_schema(web):
    """Fails when a docstring or an annotation is not what the schemas are made from."""
    import inspect

    from transformers.utils import get_json_schema

    with open_tools(web, SMALL) as make:
        tools = make()
        for name, _ in inspect.getmembers(type(tools), inspect.isfunction):
            if name.startswith("_") or name in ("reset", "get_reward"):
                continue
            function = get_json_schema(getattr(tools, name))["function"]
            assert function["name"] == name
            assert function["description"]
            given = function["parameters"]["properties"]
            assert all(one["description"] for one in given.values())
            assert {one["type"] for one in given.values()} <= {"string", "integer"}
        required = get_json_schema(tools.scroll_down)["function"]["parameters"]
        assert "required" not in required or not required["required"]


def test_one_step_of_training(web, tokenizer, tmp_path):
    from datasets import Dataset
    from trl import GRPOConfig, GRPOTrainer

    model = scripted(tokenizer)
    before = {name: value.detach().clone() for name, value in model.named_parameters()}
    config = GRPOConfig(
        output_dir=str(tmp_path),
        num_generations=2,
        per_device_train_batch_size=2,
        max_steps=1,
        max_completion_length=8000,
        learning_rate=0.1,
        logging_steps=1,
        bf16=False,
        gradient_checkpointing=False,
        use_cpu=True,
        report_to=[],
        save_strategy="no",
    )
    with open_tools(web, SMALL) as make:
        trainer = GRPOTrainer(
            model=model,
            args=config,
            train_dataset=Dataset.from_list(rows([SKY])),
            processing_class=tokenizer,
            environment_factory=make,
        )
        trainer.train()
        rewards = [environment.get_reward() for environment in trainer.environments]
    logged = next(row for row in trainer.state.log_history if "reward" in row)
    assert sorted(rewards) == [0.0, 1.0]
    assert logged["rewards/BrowseTools/mean"] == logged["reward"] == 0.5
    assert logged["tools/call_frequency"] == len(CALLS) + 1
    assert logged["tools/failure_frequency"] == 0
    assert math.isfinite(logged["loss"])
    moved = [name for name, value in model.named_parameters() if not value.equal(before[name])]
    assert moved, "the step changed nothing"
