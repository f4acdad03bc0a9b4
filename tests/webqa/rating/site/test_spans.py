"""Where claims and marks stand in an answer's text."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from webqa.rating.site.spans import Piece, Span, claim_spans, pieces


def claims(text):
    return [text[one.start : one.end] for one in claim_spans(text)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", []),
        ("One. Two.", ["One.", "Two."]),
        ("The sky. [1] It rains [2].", ["The sky. [1]", "It rains [2]."]),
        ("The sky. [1] [2]\nIt rains.", ["The sky. [1] [2]", "It rains."]),
        ("- one\n- two", ["- one", "- two"]),
        ("[1]", []),
        ("\n\n...", []),
        ("Dr. Who came \U0001f642. He left.", ["Dr. Who came \U0001f642.", "He left."]),
    ],
)
def test_claims_are_the_sentences_with_their_marks(text, found):
    assert claims(text) == found


@settings(deadline=None)
@given(st.text(alphabet="ab.! \n[1]2,\U0001f642\r\t", max_size=60))
def test_claims_stand_in_order_within_the_text(text):
    found = claim_spans(text)
    assert all(0 <= one.start < one.end <= len(text) for one in found)
    assert all(one.end <= other.start for one, other in pairwise(found))


@settings(deadline=None)
@given(
    st.text(alphabet="ab [1]2,\U0001f642", max_size=40),
    st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), max_size=3),
)
def test_pieces_are_the_text(text, spans):
    pointed = [Span(min(one), max(one)) for one in spans]
    assert "".join(one.text for one in pieces(text, 2, pointed)) == text


def test_marks_and_what_is_pointed_at_are_pieces_of_their_own():
    assert pieces("It is [1, 3].", 2, [Span(3, 5)]) == [
        Piece("It "),
        Piece("is", critiques=(0,)),
        Piece(" ["),
        Piece("1", cited=1),
        Piece(", 3]."),
    ]
