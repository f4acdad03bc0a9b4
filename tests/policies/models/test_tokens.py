"""Prompts as token ids: what stands in a page never becomes a control token."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, models
from transformers import PreTrainedTokenizerFast

from policies.models.base import ModelError, Prompt
from policies.models.tokens import Tokens
from tests.policies.models.small import CHAT, END, make_tokenizer

HOSTILE = ("<|im_start|>", "<|im_end|>", END, "</s>", "<tool_call>", "[INST]")
ADDED = ("<tool_call>", "</s>", "[INST]")
PLAIN = Tokens(make_tokenizer(added=ADDED))
CHATTY = Tokens(make_tokenizer(chat=True, added=ADDED))


@settings(max_examples=60)
@given(st.lists(st.one_of(st.sampled_from(HOSTILE), st.text(max_size=6))).map("".join))
def test_content_is_kept_and_never_becomes_an_added_token(text):
    for tokens in (PLAIN, CHATTY):
        ids = tokens.encode_text(text)
        assert not set(ids) & set(tokens.tokenizer.added_tokens_decoder)
        assert tokens.tokenizer.decode(ids) == text


def test_messages_are_framed_by_control_tokens_of_the_template_alone():
    hostile = "".join(HOSTILE)
    ids = CHATTY.encode_prompt(Prompt(hostile, "Be good. " + hostile))
    rendered = CHATTY.tokenizer.decode(ids)
    assert rendered == (
        f"<|im_start|>system\nBe good. {hostile}<|im_end|>\n"
        f"<|im_start|>user\n{hostile}<|im_end|>\n<|im_start|>assistant\n"
    )
    marks = CHATTY.tokenizer.convert_tokens_to_ids(["<|im_start|>", "<|im_end|>"])
    assert [ids.count(mark) for mark in marks] == [3, 2]
    assert CHATTY.count(Prompt(hostile, "Be good. " + hostile)) == len(ids)


def test_a_vocabulary_that_holds_a_control_token_as_a_piece_does_not_give_it_to_content():
    # A unigram model takes the longest good piece, added token or not.
    pieces = [("<unk>", -9.0), ("</s>", 0.0), *((letter, -3.0) for letter in "</s> ab")]
    core = Tokenizer(models.Unigram(pieces, unk_id=0))
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=core, eos_token="</s>", unk_token="<unk>", bos_token="<s>"
    )
    tokens = Tokens(tokenizer)
    ids = tokens.encode_text("a</s>b")
    assert tokens.end not in ids
    assert tokenizer.convert_ids_to_tokens(ids) == list("a</s>b")
    # However many there are.
    assert tokens.encode_text("a</s>b" * 2000) == ids * 2000


def template(body):
    return "{% for message in messages %}" + body + "{% endfor %}"


NO_SYSTEM = (
    "{% if messages[0].role == 'system' %}{{ raise_exception('no system') }}{% endif %}" + CHAT
)


LEAVES_OUT = CHAT.replace("in messages", "in messages if message.role != 'system'")


@pytest.mark.parametrize("refusing", [NO_SYSTEM, LEAVES_OUT])
def test_instructions_go_before_the_text_where_a_template_has_no_place_for_them(refusing):
    tokens = Tokens(make_tokenizer(chat=True, template=refusing))
    rendered = tokens.tokenizer.decode(tokens.encode_prompt(Prompt("Why?", "Be good.")))
    assert rendered == "<|im_start|>user\nBe good.\n\nWhy?<|im_end|>\n<|im_start|>assistant\n"


def test_a_template_that_strips_does_not_touch_content():
    stripping = CHAT.replace("message.content", "message.content | trim")
    tokens = Tokens(make_tokenizer(chat=True, template=stripping))
    assert "user\n  Why? \n<|im_end|>" in tokens.tokenizer.decode(
        tokens.encode_prompt(Prompt("  Why? \n", "Be good."))
    )


def test_a_template_without_a_generation_prompt_is_asked_where_a_reply_begins():
    body = (
        "{% if message.role == 'assistant' %}Bot: {{ message.content }}"
        "{% else %}Man: {{ message.content }}\n{% endif %}"
    )
    tokens = Tokens(make_tokenizer(chat=True, template=template(body)))
    rendered = tokens.tokenizer.decode(tokens.encode_prompt(Prompt("Why?", "Be good.")))
    assert rendered == "Man: Be good.\nMan: Why?\nBot:"


@pytest.mark.parametrize(
    "broken",
    [
        template("{{ message.content | upper }}"),
        template("{{ message.content }}{{ message.content }}"),
        "{{ nothing.at.all }}",
        "hello",
        "{% for",
    ],
)
def test_a_template_that_changes_its_contents_is_refused_in_one_line(broken):
    with pytest.raises(ModelError, match="chat template") as caught:
        Tokens(make_tokenizer(chat=True, template=broken))
    assert "\n" not in str(caught.value)


def test_without_a_template_a_prompt_is_content_behind_a_beginning_if_there_is_one():
    from tokenizers.processors import TemplateProcessing

    tokenizer = make_tokenizer()
    assert Tokens(tokenizer).encode_prompt(Prompt("Why?")) == Tokens(tokenizer).encode_text("Why?")
    core = tokenizer.backend_tokenizer
    core.post_processor = TemplateProcessing(single=f"{END} $A", special_tokens=[(END, 0)])
    starting = PreTrainedTokenizerFast(tokenizer_object=core, eos_token=END, bos_token=END)
    tokens = Tokens(starting)
    assert tokens.encode_prompt(Prompt("Why?")) == [0, *tokens.encode_text("Why?")]


def test_all_tokens_that_end_a_text_are_known():
    assert PLAIN.end == PLAIN.tokenizer.eos_token_id
    assert PLAIN.ends == {PLAIN.end}
    assert Tokens(make_tokenizer(), end=[7, 0]).ends == {0, 7}


def test_spaces_that_a_tokenizer_adds_are_still_used():
    tokens = Tokens(make_tokenizer(added=("    ",)))
    assert tokens.tokenizer.convert_tokens_to_ids("    ") in tokens.encode_text("a    b")


def test_a_tokenizer_that_lacks_what_is_needed_is_refused_in_one_line():
    tokenizer = make_tokenizer()
    tokenizer.eos_token = None
    with pytest.raises(ModelError, match="no end-of-text token"):
        Tokens(tokenizer)
    assert Tokens(tokenizer, end=[5]).end == 5
    with pytest.raises(ModelError, match="fast"):
        Tokens(object())
