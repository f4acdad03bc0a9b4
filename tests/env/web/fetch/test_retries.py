"""Retries: what a server asks for is understood or passed over, and every wait is bounded."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from env.web.fetch.config import LONGEST_RETRY_WAIT
from env.web.fetch.retries import FIRST_WAIT, pause, retry_after

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def asked(*values):
    return retry_after(tuple(("retry-after", value) for value in values), NOW.timestamp())


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0),
        ("120", 120),
        (" 7 ", 7),
        ("1000000000", float("inf")),
        ("9" * 6000, float("inf")),
        ("Thu, 01 Jan 2026 00:00:09 GMT", 9),
        ("Thu, 01 Jan 2026 00:00:09 -0000", 9),
        ("Thursday, 01-Jan-26 00:00:09 GMT", 9),
        ("Thu Jan  1 00:00:09 2026", 9),
        ("Wed, 31 Dec 2025 00:00:00 GMT", 0),
        ("-1", None),
        ("1e9", None),
        ("1.5", None),
        ("٣", None),
        ("", None),
        ("soon", None),
        ("Thu, 99 Jan 2026 00:00:09 GMT", None),
        ("Thu, 01 Jan 99999999999999999999 00:00:09 GMT", None),
        ("Thu, 01 Jan 2026 00:00:09 GMT" + " " * 90 + ".", None),
    ],
)
def test_both_forms_are_understood_and_nothing_else(value, seconds):
    assert asked(value) == seconds


def test_the_first_that_is_understood_counts():
    assert asked("soon", "3", "9") == 3
    assert retry_after((("date", "3"),), 0.0) is None


@given(st.text() | st.from_regex(r"[A-Z][a-z]{2}, \d+ [A-Z][a-z]{2} \d+ \d+:\d+:\d+ \S+"))
def test_any_text_is_understood_or_passed_over(value):
    """Fails when a server's words end a fetch with an exception of the date parser."""
    seconds = asked(value)
    assert seconds is None or seconds >= 0


@given(st.integers(0, 10**6))
def test_a_date_says_the_same_as_seconds(seconds):
    at = format_datetime(NOW + timedelta(seconds=seconds), usegmt=True)
    assert asked(at) == asked(str(seconds)) == seconds


@given(st.integers(1, 2000), st.none() | st.floats(0), st.floats(0, 100), st.integers())
def test_a_wait_is_never_longer_than_what_is_left(tries, wanted, left, seed):
    wait = pause(tries, wanted, left, Random(seed))
    if wait is not None:
        assert (wanted or 0) <= wait < left
        assert wait <= 2 * LONGEST_RETRY_WAIT


def test_the_wait_is_drawn_from_the_whole_range_which_doubles():
    """Fails for equal or half jitter, with which clients come back in step."""
    for tries, longest in ((1, FIRST_WAIT), (2, 2 * FIRST_WAIT), (3, 4 * FIRST_WAIT)):
        waits = [pause(tries, None, 100, Random(seed)) for seed in range(200)]
        assert min(waits) < 0.05 * longest
        assert 0.95 * longest < max(waits) <= longest


def test_who_asks_for_too_long_is_not_asked_again():
    assert pause(1, LONGEST_RETRY_WAIT + 1, 100, Random(0)) is None
    assert pause(1, 5.0, 5.0, Random(0)) is None
    assert pause(1, 5.0, 100, Random(0)) >= 5
