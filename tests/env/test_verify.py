"""Re-checking quotes and citations."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from env.records import (
    Answer,
    Completion,
    Episode,
    Observation,
    Question,
    Quote,
    Step,
    WebIdentity,
    make_page,
)
from env.verify import verify, verify_quote

PAGE = make_page("https://a.example/", "A", "The sky is blue. The sea too.", domain="a.example")
PAGES = {PAGE.sha256: PAGE}


def quote(**changes):
    made = Quote(PAGE.text[:16], "A", "a.example", PAGE.url, 0, 16, PAGE.sha256)
    return replace(made, **changes)


def episode(text, *quotes, seen=None):
    observed = Observation("q?", quotes=quotes if seen is None else seen)
    return Episode(
        id="e",
        question=Question("q", "q?"),
        policy="p",
        web=WebIdentity("memory"),
        configuration="",
        steps=(Step(observed, Completion(text)),),
        answer=Answer("q?", text, quotes),
        ended="answered",
        stopped_by="command",
    )


def test_a_true_quote_verifies():
    """Fails when a correct episode does not pass."""
    found = verify([episode("Blue [1].", quote())], PAGES)
    assert (found.episodes, found.quotes, found.verified, found.citations) == (1, 1, 1, 1)
    assert not found.failures


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"text": "The sky is green"}, "another text"),
        ({"start": 1}, "another text"),
        ({"end": 900}, "are not on the page"),
        ({"start": -1}, "are not on the page"),
        ({"start": 16}, "are not on the page"),
        ({"page_sha256": "0" * 64}, "not stored"),
        ({"page_sha256": ""}, "not stored"),
    ],
)
def test_a_false_quote_is_named_with_its_reason(changes, reason):
    """Fails when a quote that is not on its page passes."""
    found = verify([episode("Blue [1].", quote(**changes))], PAGES)
    assert found.verified == 0
    assert [failure.reason for failure in found.failures if reason in failure.reason]


def test_a_stored_page_that_was_changed_does_not_verify():
    """Fails when changing both the stored text and the quote goes unnoticed."""
    forged = replace(PAGE, text=PAGE.text.replace("blue", "pink"))
    told = quote(text="The sky is pink.")
    assert "hash" in verify_quote(told, {PAGE.sha256: forged})
    rehashed = make_page(forged.url, "A", forged.text, domain="a.example")
    assert "hash" in verify_quote(told, {PAGE.sha256: rehashed})


def test_quotes_that_were_only_observed_are_checked_too():
    """Fails when a false quote hides behind not being cited."""
    found = verify([episode("Blue.", seen=(quote(), quote(text="x")))], PAGES)
    assert (found.quotes, found.verified, len(found.failures)) == (2, 1, 1)


def test_a_mark_without_a_quote_is_a_failure():
    """Fails when an answer may cite what does not exist."""
    found = verify([episode("Blue [1][2].", quote())], PAGES)
    assert [failure.reason for failure in found.failures] == ["the answer cites [2] of 1 quotes"]


def test_a_quote_of_the_answer_must_have_been_taken():
    """Fails when a quote can be slipped into an answer after the episode."""
    found = verify([episode("Blue [1].", quote(), seen=())], PAGES)
    assert [failure.reason for failure in found.failures] == [
        "the answer has a quote that was not taken in the episode"
    ]


def test_imported_quotes_are_counted_apart():
    """Fails when a quote without offsets counts as verified or as false."""
    imported = Quote("The sky is blue.", "A", "a.example")
    found = verify([episode("Blue [1].", imported)], PAGES)
    assert (found.quotes, found.verified, found.unverifiable, found.failures) == (1, 0, 1, ())


@given(st.integers(-3, 40), st.integers(-3, 40), st.text(max_size=20))
def test_only_the_very_span_verifies(start, end, text):
    """Fails when anything but the page's own span passes."""
    said = Quote(text, "A", "a.example", PAGE.url, start, end, PAGE.sha256)
    right = 0 <= start < end <= len(PAGE.text) and PAGE.text[start:end] == text
    assert (verify_quote(said, PAGES) == "") == right
