"""Accepted answers and the sentence for finding nothing."""

import pytest

from env.answers import NOTHING_FOUND, normalise, says_nothing_found, stands_in


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("  The U.S.A.,\n\tin 1969! ", "the u s a in 1969"),
        ("“Blue–green”", "blue green"),
        ("£5 + 3°C", "5 3 c"),
        ("Ünïcode ÉTÉ", "ünïcode été"),
        ("a\u200bb\u00a0c", "a b c"),
        ("", ""),
        ("?!", ""),
    ],
)
def test_normalise(text, normal):
    assert normalise(text) == normal


@pytest.mark.parametrize(
    ("accepted", "text", "stands"),
    [
        (("blue",), "The sky is BLUE.", True),
        (("blue",), "a bluebell", False),
        (("red", "Rayleigh scattering"), "by rayleigh-scattering.", True),
        (("1.5",), "in 11.5 years", False),
        (("",), "anything", False),
        (("!?",), "what!? no", False),
        ((), "anything", False),
        (("blue",), "", False),
    ],
)
def test_an_accepted_answer_stands_in_a_text_as_whole_words(accepted, text, stands):
    assert stands_in(accepted, text) is stands


@pytest.mark.parametrize(
    "text",
    [
        NOTHING_FOUND,
        f"{NOTHING_FOUND} The quotes are of dogs.",
        "i found NOTHING that answers this",
        "",
        " \n",
        ".",
    ],
)
def test_saying_that_nothing_was_found(text):
    assert says_nothing_found(text)


def test_an_answer_is_not_nothing():
    assert not says_nothing_found("Because of scattering.")
    assert not says_nothing_found("I found nothing odd: it is blue.")
    assert not says_nothing_found(f"{NOTHING_FOUND[:-1]} in full, but the sky is blue.")
