"""The tokenizer of a tiny model: the layout in single tokens, any text and back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from env.actions import COMMANDS
from policies.grammar.legal import Legal, Line
from policies.models.base import Prompt
from policies.models.tiny.tokenizer import END, HEADERS, NUMBERS, PAD, train_tokenizer
from policies.models.tokens import Tokens

TEXTS = ["The river Ax rises near Bly. Many rivers join it; it is 90 km long."] * 50


@pytest.fixture(scope="module")
def tokens():
    return Tokens(train_tokenizer(TEXTS, 1200, 2048, seen=300))


def test_the_same_text_gives_the_same_tokenizer(tokens):
    again = train_tokenizer(TEXTS, 1200, 2048, seen=300)
    assert again.get_vocab() == tokens.tokenizer.get_vocab()
    assert again.model_max_length == 2048


@pytest.mark.parametrize("piece", [*HEADERS, *NUMBERS, "★", "【", "】", "†", "Quote: ", "Search "])
def test_what_stands_in_every_prompt_is_one_token(tokens, piece):
    assert len(tokens.encode_text(piece)) == 1
    assert tokens.encode_text(f"{piece}The river")[0] == tokens.encode_text(piece)[0]


@given(st.text(max_size=60))
def test_any_text_comes_back(tokens, text):
    assert tokens.decode(tokens.encode_text(text)) == text


@pytest.mark.parametrize("text", [END, PAD, f"a{END}b"])
def test_no_text_becomes_a_control_token(tokens, text):
    controls = set(tokens.tokenizer.convert_tokens_to_ids([END, PAD]))
    assert not controls & set(tokens.encode_text(text))
    assert not controls & set(tokens.encode_prompt(Prompt(text)))


def test_a_mark_leaves_the_word_behind_it_as_it_is(tokens):
    """Fails when a marked word looks to the model like another word."""
    plain = tokens.encode_text("river ")
    assert tokens.encode_text("★river ")[1:] == plain
    assert tokens.encode_text("⟨3⟩river ")[1:] == plain


def test_every_command_can_be_written_under_a_grammar(tokens):
    lines = tuple(
        Line(one.name, one.prefix, "nothing" if one.argument == "none" else "choice", choices)
        for one in COMMANDS
        for choices in ([(), ("⟨1⟩", "⟨12⟩", "2", "river Ax")][one.argument != "none"],)
    )
    legal = Legal(lines)
    for line in lines:
        for rest in line.choices or ("",):
            path = tokens.masks.path(legal, line.prefix + rest)
            assert path is not None
            assert tokens.decode(path[:-1]) == line.prefix + rest
