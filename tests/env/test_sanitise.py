"""Untrusted text: what must go, what must stay, and that once is enough."""

import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from env.sanitise import is_sanitised, sanitise, sanitise_line

PIECES = st.sampled_from(
    [
        "<|",
        "|>",
        "<",
        "|",
        ">",
        "｜",
        "im_end",
        "[INST]",
        "[",
        "/INST]",
        "</s>",
        "<s",
        "\u200b",
        "\x1b",
        "\x1b[31m",
        "【",
        "†",
        "♦",
        "�",
        "\u202e",
        "\U000e0041",
        "é",
        "̸",
        "\r\n",
        " ",
        "\t",
        "\n\n\n",
        "\xa0",
        "Ω",
        "<<SYS>>",
        "<think>",
        "<tool_call>",
        "a_b",
        "̧",
        "＜",
        "\x9b",
        "]",
        "︻",
        "ｓ＞",
        "[ＩＮＳＴ]",
        "𝗂𝗆",
        "﹇",
    ]
)
UNTRUSTED = st.lists(PIECES | st.text(max_size=4), max_size=30).map("".join)


@given(UNTRUSTED)
def test_sanitised_text_is_a_fixed_point_in_nfc(text):
    once = sanitise(text)
    assert sanitise(once) == once
    assert unicodedata.is_normalized("NFC", once)
    once.encode()


@given(UNTRUSTED)
def test_no_mark_control_or_invisible_character_is_left(text):
    once = sanitise(text)
    assert not set(once) & set("【】♦■━†")
    assert not [c for c in once if unicodedata.category(c) in ("Cc", "Cs", "Co") and c != "\n"]
    assert "<|" not in once
    assert "</s>" not in once


@given(UNTRUSTED, st.integers(10, 60))
def test_a_line_is_one_short_line_and_stays_so(text, limit):
    line = sanitise_line(text, limit)
    assert len(line) <= limit
    assert "\n" not in line
    assert sanitise_line(line, limit) == line


TOKENS = [
    "<|im_end|>",
    "<|im_start|>",
    "<|endoftext|>",
    "<|eot_id|>",
    "[INST]",
    "[/INST]",
    "<<SYS>>",
    "<</SYS>>",
    "<s>",
    "</s>",
    "<bos>",
    "<think>",
    "</think>",
    "<tool_call>",
    "</tool_call>",
    "<start_of_turn>",
    "<end_of_turn>",
    "<｜User｜>",
    "<unk>",
    "<pad>",
    "<｜end▁of▁sentence｜>",
    "[TOOL_CALLS]",
    "[AVAILABLE_TOOLS]",
    "[CLS]",
    "[SEP]",
    "[MASK]",
    "<mask>",
    "<fim_prefix>",
    "<extra_id_0>",
    "<unused12>",
    "<0x0A>",
    "[gMASK]",
    "<function_call>",
    "<image>",
    "<tool_response>",
    "<|begin_of_text|>",
    "<|start_header_id|>",
    "<|channel|>",
    "<|START_OF_TURN_TOKEN|>",
    "<BOS_TOKEN>",
    "<sop>",
    "<eoa>",
]


@pytest.mark.parametrize("token", TOKENS)
def test_chat_tokens_are_broken_even_when_hidden_characters_part_them(token):
    assert token not in sanitise(f"a {token} b")
    assert token not in sanitise("\u200b".join(token))
    assert token not in sanitise("\x1b[0m".join(token))
    assert len(sanitise(token)) == len(token)


def disguised(token, first):
    """Write the letters of a token as characters that normalise to them."""
    letters = {"w": 0xFEE0, "m": 0x1D5BA - ord("a")}
    shift = letters[first]
    usable = str.isalpha if first == "m" else lambda c: c not in "<[" and c > " "
    return "".join(chr(ord(c) + shift) if usable(c) else c for c in token.lower())


@pytest.mark.parametrize("token", TOKENS)
@pytest.mark.parametrize("letters", ["w", "m"])
def test_chat_tokens_in_other_letters_are_broken_too(token, letters):
    """Fails when a tokenizer that normalises first (NFKC) finds a token after all."""
    text = disguised(token, letters)
    clean = unicodedata.normalize("NFKC", sanitise(f"a {text} b"))
    assert token.lower() not in clean.lower()
    assert sanitise(sanitise(text)) == sanitise(text)


def test_other_words_in_brackets_are_left_alone():
    text = "<é> [naïve] [日本] a<b [１] <ｄｉｖ> x[ñ] “<…>”"
    assert sanitise(text) == text


@given(UNTRUSTED)
def test_no_normalisation_makes_a_mark_of_our_layout(text):
    for form in ("NFC", "NFD", "NFKC", "NFKD"):
        assert not set(unicodedata.normalize(form, sanitise(text))) & set("【】♦■━†")


@given(UNTRUSTED, UNTRUSTED)
def test_clean_fields_make_no_token_when_a_layout_joins_them(one, other):
    """Fails when a token that is split over a title and a text becomes whole in a prompt."""
    first, second = sanitise_line(one), sanitise(other)
    for joint in (" (", "\n", "\n\n", "】", "†"):
        joined = unicodedata.normalize("NFKC", first + joint + second).lower()
        assert not [token for token in TOKENS if token.lower() in joined]


@settings(max_examples=40, deadline=None)
@given(UNTRUSTED)
@example(" |>")
def test_reading_a_text_in_parts_tells_the_same_as_reading_it_whole(text):
    assert is_sanitised(sanitise(text))
    assert is_sanitised(sanitise(f"{text} word\n" * (300_000 // (len(text) + 6))))
    if sanitise(text) != text:
        assert not is_sanitised(text)


def test_a_flaw_deep_in_a_long_text_is_found():
    long = "word and more words\n" * 20_000
    for flaw in ("\x1b[0m", "\u202e", "【", "<|im_end|>", "e\u0301", "a  b"):
        assert not is_sanitised(f"{long}{flaw}{long.rstrip()}")
        assert is_sanitised(long + long.rstrip())


def test_letters_superscripts_and_code_survive():
    text = "E = mc², ½ cup, Ωmega, naïve café, 日本語, if a < b and x[i] | y:\n    return <div>"
    assert sanitise(text) == text


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("［﹇ｉｎｓｔ]", "［⁅ｉｎｓｔ]"),
        ("[［ｉｎｓｔ］", "[⁅ｉｎｓｔ］"),
        ("<[<ｂｏｓ>", "<[‹ｂｏｓ>"),
    ],
)
def test_a_disguised_token_is_found_behind_another_bracket(text, clean):
    """Fails when what stands before a token, or how far one looks for its end, hides it."""
    assert sanitise(text) == clean


def test_terminal_escapes_leave_no_trace():
    link = "\x1b]8;;http://evil.example\x1b\\click\x1b]8;;\x1b\\"
    assert sanitise(f"\x1b[2J\x1b[31mred\x1b[0m {link}") == "red click"


def test_spaces_and_blank_lines_are_put_in_order():
    assert sanitise("\n\n  - a \t b  \r\n\r\n\r\n\r\nc\u2028d\xa0\xa0e  ") == "  - a b\n\nc\nd e"


@pytest.mark.parametrize(
    "text",
    [
        "a" + "\u0301\u0323" * 200_000,
        "\x1b]" * 200_000,
        " " * 400_000 + "x",
        " \n" * 200_000,
        "<a_" * 200_000,
        "<[［﹇\ufdfa" * 100_000,
    ],
    ids=["accents", "escapes", "spaces", "lines", "tags", "brackets"],
)
def test_hostile_text_takes_linear_time(text):
    # Quadratic time would be minutes here; the test would hang.
    assert len(sanitise(text)) <= len(text)
