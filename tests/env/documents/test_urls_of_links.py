"""Which links can be followed, and what their domain is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from env.documents.urls import absolute, domain_of

BASE = "https://w.example/wiki/page?x=1"


@pytest.mark.parametrize(
    ("href", "expected"),
    [
        ("Ice", "https://w.example/wiki/Ice"),
        ("/a b/ü", "https://w.example/a%20b/%C3%BC"),
        ("../c?q=ä#frag", "https://w.example/c?q=%C3%A4"),
        ("//Other.Example:8080/x", "https://other.example:8080/x"),
        ("HTTP://bücher.example", "http://xn--bcher-kva.example/"),
        ("http://Straße.example", "http://xn--strae-oqa.example/"),
        ("http://☃.example", "http://xn--n3h.example/"),
        ("https://schools.example/wp/%C3%89ire.html", "https://schools.example/wp/%C3%89ire.html"),
        ("https://e.example/a/../b", "https://e.example/b"),
        ("?p=2", "https://w.example/wiki/page?p=2"),
    ],
)
def test_links_become_absolute_and_encoded(href, expected):
    assert absolute(BASE, href) == expected


REFUSED = [
    "javascript:alert(1)",
    "JavaScript:x",
    "mailto:a@b.c",
    "data:text/html,x",
    "#top",
    "ftp://h/x",
    "http://u@h.example/",
    "http://good.example\\@127.0.0.1/",
    "http://",
    "http://a\tb/",
    "http://[::1",
    "http://h:99999999/",
    "file:///etc/x",
    "http://a\u202eb.example/",
    "http://a b.example/",
]


@pytest.mark.parametrize("href", REFUSED)
def test_what_must_not_be_followed_is_refused(href):
    assert absolute(BASE, href) is None


def test_files_link_to_files_only_from_files():
    assert absolute("file:///a/b.html", "c d.html") == "file:///a/c%20d.html"
    assert absolute("file:///a/b.html", "file://host/x") is None


@pytest.mark.parametrize(
    ("url", "domain"),
    [
        ("https://www.A.example:80/x", "a.example"),
        ("https://www.a.example./x", "a.example"),
        ("file:///x", "local"),
        ("search:q", ""),
        ("http://[", ""),
    ],
)
def test_domain(url, domain):
    assert domain_of(url) == domain


@given(st.text(max_size=60))
def test_any_text_is_a_followable_ascii_url_or_none(href):
    target = absolute(BASE, href)
    assert target is None or (target.isascii() and target.startswith("http") and " " not in target)
