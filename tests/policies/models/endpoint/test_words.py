"""What servers say when they refuse, and what is learnt from it."""

import json

import pytest

from policies.models.endpoint.learning import Learned, told_context
from policies.models.endpoint.words import field_named, no_chat, too_long, words_of
from tests.policies.models.endpoint.serving import refusal

SENT = {"seed", "stop", "n", "temperature", "max_tokens", "response_format", "structured_outputs"}
NAMED = {
    "of OpenAI": (refusal("stop"), "stop"),
    "by its path": ({"error": {"message": "?", "param": "response_format.json_schema"}},
                    "response_format"),
    "of pydantic": ({"detail": [{"loc": ["body", "seed"], "msg": "Extra inputs"}]}, "seed"),
    "in quotes": ({"message": "property 'n' is unsupported"}, "n"),
    "in backticks": ({"error": "`temperature` is not taken"}, "temperature"),
    "of a set": ({"detail": "Unexpected fields: {'structured_outputs', 'x'}"},
                 "structured_outputs"),
    "bare with an underscore": ({"error": {"message": "max_tokens is not known"}}, "max_tokens"),
    "bare words are words": ({"message": "no, stop it: the seed of n evils"}, None),
    "not sent": ({"error": {"message": "'logit_bias'?", "param": "logit_bias"}}, None),
    "inside another name": ({"message": "my_max_tokens_x"}, None),
    "of a wrong type": ({"error": {"message": 3, "param": ["stop"]}}, None),
    "deep": ({"error": {"error": {"error": {"error": {"message": "'stop'"}}}}}, None),
}  # fmt: skip


@pytest.mark.parametrize("name", NAMED)
def test_the_field_that_is_named(name):
    """Fails when the wrong field is left out, or none where one is named."""
    document, field = NAMED[name]
    assert field_named(words_of(json.dumps(document).encode()), SENT) == field


LONG = {
    "This model's maximum context length is 8,192 tokens. However, you requested 9000": 8192,
    "the request exceeds the available context size (4096 tokens), try increasing it": 4096,
    "prompt is too long: 210000 tokens > 200000 maximum": 0,
    "Please reduce the length of the messages": 0,
}


@pytest.mark.parametrize("text", LONG)
def test_a_prompt_that_is_too_long(text):
    """Fails when the commonest refusal is not understood."""
    words = words_of(json.dumps({"error": {"message": text}}).encode())
    assert too_long(words)
    assert told_context(words) == LONG[text]
    assert not no_chat(words)


@pytest.mark.parametrize(
    "body", [b"", b"null", b"3", b'"x"', b"[" * 9999, b"\xff", b'{"error":[]}']
)
def test_words_of_anything(body):
    """Fails when an odd refusal raises."""
    assert field_named(words_of(body), SENT) is None


def test_a_form_that_fails_twice_in_a_row_is_given_up():
    """Fails when one odd reply turns a grammar off, or a useless one is sent for ever."""
    learned = Learned("vllm", True, True)
    learned.strike("lark")
    assert learned.form() == "lark"
    learned.kept("lark")
    learned.strike("lark")
    assert learned.form() == "lark"
    learned.strike("lark")
    assert learned.form() == "schema"
    learned.kept("lark")
    assert learned.form() == "schema"


def test_chat_is_doubted_only_after_a_fault_of_the_server():
    """Fails when a lost connection turns a model that continues texts into a chat model."""
    learned = Learned("llama.cpp", False, True)
    assert not learned.doubts_chat(0)
    assert not learned.doubts_chat(500)
    assert not learned.chat
    learned = Learned("openai", True, True)
    assert learned.doubts_chat(500)
    assert not learned.doubts_chat(500)
    assert learned.chat
    learned.answered = True
    assert not learned.doubts_chat(500)
