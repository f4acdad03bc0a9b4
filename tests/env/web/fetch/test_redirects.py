"""Redirects: any Location leads to a URL that was judged, or nowhere."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from env.errors import Blocked, WebError
from env.web.fetch.config import DEFAULT, LONGEST_URL, FetchConfig
from env.web.fetch.redirects import next_target
from env.web.fetch.targets import target
from tests.env.web.fetch.script import reply

HERE = "https://a.example/dir/page?q=1"


def lead(*locations, here=HERE, config=DEFAULT):
    return str(next_target(reply(here, 302, location=list(locations)).exchange, config))


@pytest.mark.parametrize(
    ("location", "there"),
    [
        ("https://b.example/x", "https://b.example/x"),
        ("//b.example/x", "https://b.example/x"),
        ("/x", "https://a.example/x"),
        ("x/../y", "https://a.example/dir/y"),
        ("?r=2", "https://a.example/dir/page?r=2"),
        ("HTTPS://A.EXAMPLE:443/x#part", "https://a.example/x"),
        ("\t /x ", "https://a.example/x"),
        ("/a b", "https://a.example/a%20b"),
        ("/caf\xc3\xa9", "https://a.example/caf%C3%A9"),
    ],
)
def test_where_it_leads(location, there):
    assert lead(location) == there


@pytest.mark.parametrize(
    ("locations", "reason"),
    [
        ((), "redirect"),
        (("",), "redirect"),
        (("   ",), "redirect"),
        (("/x", "/y"), "redirect"),
        (("/x", "/x"), "redirect"),
        (("/" + "x" * 1_000_000,), "redirect"),
        (("/" + "x" * LONGEST_URL,), "redirect"),
        (("//[::1",), "redirect"),
        (("http://[::1",), "url"),
        (("/a\tb",), "redirect"),
        (("https://good.example\\@127.0.0.1/",), "redirect"),
        (("http://a.example/dir/page",), "redirect"),
        (("file:///etc/passwd",), "url"),
        (("javascript:alert(1)",), "url"),
        (("data:text/html,x",), "url"),
        (("gopher://b.example/",), "url"),
        (("https://user:word@b.example/",), "url"),
        (("https://b.example:22/",), "url"),
        (("https://b.ex%61mple/",), "url"),
        (("https://b.\xc3\xa9xample/",), "url"),
        (("https:///x",), "url"),
        (("https:x",), "url"),
        (("//10.0.0.1/",), "address"),
        (("https://127.0.0.1/",), "address"),
        (("https://[::ffff:169.254.169.254]/",), "address"),
        (("https://localhost/",), "address"),
        (("https://2130706433/",), "url"),
    ],
)
def test_what_is_refused(locations, reason):
    with pytest.raises(WebError) as caught:
        lead(*locations)
    assert caught.value.reason == reason
    assert len(str(caught.value)) < 300
    assert str(caught.value).isprintable()


def test_lists_of_domains_hold_for_every_hop():
    with pytest.raises(Blocked) as caught:
        lead("https://b.example/", config=FetchConfig(deny_domain=("b.example",)))
    assert caught.value.reason == "filter"


def test_from_http_to_https_is_no_downgrade():
    assert lead("https://a.example/", here="http://a.example/") == "https://a.example/"
    assert lead("/x", here="http://a.example/") == "http://a.example/x"


HEADER = st.text(st.characters(max_codepoint=255, exclude_characters="\r\n\0"), max_size=40)
PARTS = st.lists(
    st.sampled_from(["http:", "https:", "//", "/", "\\", "@", "127.0.0.1", "10.1", "[::1]", "a.b",
                     "..", "%2e", "%", "#", "?", ":", "\xe3\x80\x82", "０", ";", " "]).map(
        lambda part: part.encode().decode("latin-1")),
    max_size=8,
).map("".join)  # fmt: skip


@given(HEADER | PARTS)
@example("//127.0.0.1\xe3\x80\x82")
def test_any_location_is_judged_or_refused(location):
    """Fails when a server's words get past the judge, or end a fetch with a parser's exception."""
    try:
        there = lead(location)
    except WebError:
        return
    assert str(target(there, DEFAULT)) == there
    assert there.startswith("https://")
