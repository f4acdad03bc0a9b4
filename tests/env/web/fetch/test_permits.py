"""Settings that permit and forbid hosts are read strictly, and say in a line what is wrong."""

import httpx
import pytest

from env.documents.urls import absolute
from env.errors import Blocked, ConfigError
from env.web.fetch.config import FetchConfig
from env.web.fetch.permits import is_within, plain_host, rules_of
from env.web.fetch.targets import target


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ("localhost", {("localhost", 80), ("localhost", 443)}),
        ("LocalHost.:8080", {("localhost", 8080)}),
        ("[::1]:8080", {("::1", 8080)}),
        ("::1", {("::1", 80), ("::1", 443)}),
        ("[0:0:0:0:0:0:0:1]:81", {("::1", 81)}),
        ("127.0.0.1:65535", {("127.0.0.1", 65535)}),
        (" search.home_net.example:8888 ", {("search.home_net.example", 8888)}),
        ("bücher.example:81", {("xn--bcher-kva.example", 81)}),
        ("Straße.example:81", {("xn--strae-oqa.example", 81)}),
    ],
)
def test_entries(entry, expected):
    assert rules_of(FetchConfig(allow_host=(entry,))).permits == expected
    assert rules_of(FetchConfig(), frozenset({entry})).trusted == expected


@pytest.mark.parametrize(
    "entry",
    [
        "", ":", ":80", "a b", "http://localhost", "localhost/", "localhost:", "localhost:0",
        "localhost:65536", "localhost:http", "a..b", "[::1", "[localhost]", "user@host", "*",
        "x" * 300, "host:80:80", "*.example",
    ],
)  # fmt: skip
def test_bad_entries_are_refused_in_one_line(entry):
    with pytest.raises(ConfigError, match="--allow-host: expected a host") as caught:
        rules_of(FetchConfig(allow_host=(entry,)))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("entry", ["", "http://a.example", "a/b", "a b", "a:80", "a..b", "*.*"])
def test_bad_domains_are_refused(entry):
    with pytest.raises(ConfigError, match="--deny-domain"):
        rules_of(FetchConfig(deny_domain=(entry,)))
    with pytest.raises(ConfigError, match="--allow-domain"):
        rules_of(FetchConfig(allow_domain=(entry,)))


@pytest.mark.parametrize("domain", ["straße.example", "faß.example", "βόλος.example"])
def test_a_domain_is_denied_under_the_name_that_is_asked_for(domain):
    """Fails when the settings read a name by other rules than a URL, or a link, is read by."""
    config = FetchConfig(deny_domain=(domain,))
    name = domain.encode("idna").decode()
    assert rules_of(config).denied == (httpx.URL(f"http://{domain}").raw_host.decode(),)
    assert name not in rules_of(config).denied  # by the rules of 2003 that is another host
    with pytest.raises(Blocked, match="--deny-domain"):
        target(f"http://{domain}/", config)
    with pytest.raises(Blocked, match="--deny-domain"):
        target(absolute("", f"http://{domain}/"), config)


def test_domains_take_in_what_is_below_them():
    rules = rules_of(FetchConfig(deny_domain=("*.Example.org", ".other.example.")))
    assert rules.denied == ("example.org", "other.example")
    assert is_within("www.example.org", rules.denied)
    assert is_within("example.org", rules.denied)
    assert not is_within("notexample.org", rules.denied)
    assert plain_host("EXAMPLE.org.") == "example.org"
