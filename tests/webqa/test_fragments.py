"""Addresses that open at the quote."""

from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from env.records import Quote
from webqa.fragments import quote_url


def url(text, page="https://a.example/page"):
    return quote_url(Quote(text, "T", "a.example", page))


@pytest.mark.parametrize(
    ("text", "fragment"),
    [
        ("Blue light scatters.", "Blue%20light%20scatters."),
        ("A well-known fact, R&D", "A%20well%2Dknown%20fact%2C%20R%26D"),
        (
            "On a clear day the sky looks blue because of air.",
            "On%20a%20clear%20day%20the,looks%20blue%20because%20of%20air.",
        ),
        ("# Why it rains\n\nClouds cool down.", "Why%20it%20rains,Clouds%20cool%20down."),
        ("- first\n- the last", "first,the%20last"),
        ("| Sun | 5,772 kelvin |\n| Moon | none |", "5%2C772%20kelvin,Moon"),
        ("[Image: A cat] Purrs", "Purrs"),
    ],
)
def test_the_fragment_finds_the_quote_on_the_page(text, fragment):
    """Fails when a browser would not find the text, for its marks or its encoding."""
    assert url(text) == f"https://a.example/page#:~:text={fragment}"


def test_what_the_address_has_already_is_kept():
    """Fails when a fragment or a query of the page's own address is lost or doubled."""
    assert url("Blue.", "https://a.example/?q=1#top") == "https://a.example/?q=1#top:~:text=Blue."
    assert url("Blue.", "https://a.example/#:~:text=red") == "https://a.example/#:~:text=Blue."
    assert url("Blue.", "") == ""
    assert url("| |") == "https://a.example/page"


def test_an_address_cannot_carry_a_terminal_code():
    """Fails when a control character of a page's address is written as it is."""
    assert url("Blue.", "https://a.example/\x1b[2J ü").startswith(
        "https://a.example/%1B[2J%20%C3%BC#"
    )


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=200))
def test_a_fragment_has_two_parts_of_plain_characters(text):
    """Fails when a character of a quote breaks the form of the fragment."""
    _, _, fragment = url(text).partition(":~:text=")
    parts = fragment.split(",")
    assert len(parts) <= 2
    assert all(part.isascii() and not set(part) & set("-& \"<>'") for part in parts)
    assert all(unquote(part).split() for part in parts if part)
