"""Two ways of writing one URL find the same page; two pages keep their own."""

import pytest

from env.web.urls import key_of

SAME = [
    ("http://Example.org/a", "https://example.org/a"),
    ("https://example.org/a/", "https://example.org/a#part"),
    ("https://example.org", "https://example.org:443/"),
    ("https://example.org/%C3%89t%c3%a9", "https://example.org/Été"),
    ("https://example.org/%7Eme", "https://example.org/~me"),
    ("https://example.org/Paris%2C_%28Texas%29", "https://example.org/Paris,_(Texas)"),
    ("https://example.org/Dad%27s", "https://example.org/Dad's"),
    ("https://example.org/a b", "https://example.org/a%20b"),
    ("https://user@example.org/a", "https://example.org/a"),
]
DIFFERENT = [
    ("https://example.org/a?b=1", "https://example.org/a?b=2"),
    ("https://example.org/a%2Fb", "https://example.org/a/b"),
    ("https://example.org/A", "https://example.org/a"),
    ("file:///a", "https://a"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_same(one, other):
    assert key_of(one) == key_of(other)


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_different(one, other):
    assert key_of(one) != key_of(other)


def test_what_is_no_url_is_left_as_it_is():
    assert key_of("http://[") == "http://["
