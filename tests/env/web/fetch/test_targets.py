"""A URL is refused before any name is asked for, or is requested exactly as it was judged."""

from urllib.parse import urlsplit

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from env.errors import Blocked
from env.web.fetch.addresses import address_of, refusal
from env.web.fetch.config import LONGEST_URL, FetchConfig
from env.web.fetch.permits import HOST
from env.web.fetch.targets import host_and_port, target

REFUSED = [
    # Numbers that resolvers read as an address.
    "http://127.1/", "http://2130706433/", "http://0x7f.1/", "http://0x7f000001/", "http://0/",
    "http://0177.0.0.1/", "http://127.0.0.1.5/", "http://1.2.3/", "http://a.0x/", "http://127.1./",
    # Characters that another reader takes for digits, dots or something else.
    "http://①②⑦.⓪.⓪.①/", "http://127。0。0。1/", "http://１２７.0.0.1/", "http://example。org/",
    "http://ex\u00adample.org/", "http://exa\u200bmple.org/", "http://a%2eb/", "http://%6c/",
    "http://[::1%25lo]/", "http://[fe80::1%25eth0]/", "http://exam ple.org/", "http://a\tb.org/",
    "http://a.org/\r\nhost: b.org", "http://a.org/\x00", "http://a.org/\x7f", "http://a.org/\x85",
    "http://a.org/\ud800", " http://a.org/", "http://a.org/ ", "http://a.org/\u2028",
    # Parts that make two hosts of one.
    "http://good.com\\@127.0.0.1/", "http://good.com@evil.org/", "http://u:p@h.org/", "http://@h.org/",
    "http://a.org\\b", "http://a.org/\\b", "http://[::1]evil.org/", "http://[::1].org/",
    "http://[v1.a]/", "http://a[b].org/", "http://a.org:80:80/", "http://[a.org]/",
    # Ports.
    "http://a.org:0/", "http://a.org:22/", "http://a.org:443/", "https://a.org:80/",
    "http://a.org:8080/", "http://a.org:99999/", "http://a.org:-1/", "http://a.org:8_0/",
    "http://a.org:+80/", "http://a.org:８０/", "http://a.org:80a/", "http://a.org:" + "1" * 500,
    # Schemes, and no host.
    "", "a", "/a", "//a.org/", "http:", "http:/a.org", "http:///a", "http://", "http://:80/",
    "https:a.org", "ftp://a.org/", "file:///etc/passwd", "gopher://a.org/", "data:text/html,a",
    "javascript:alert(1)", "about:blank", "ws://a.org/", "HTTPS//a.org", "view-source:http://a.org",
    # Names that are none.
    "http://a..org/", "http://.a.org/", "http://-a.org/", "http://a-.org/", "http://exa$mple.org/",
    "http://" + "a" * 64 + ".org/", "http://" + "a." * 130 + "org/", "http://a,b/", "http://xn--/",
    "http://a.org/" + "a" * LONGEST_URL,
]  # fmt: skip

HOME = [
    "http://127.0.0.1/", "http://[::1]/", "http://169.254.169.254/latest/", "http://10.0.0.1/",
    "http://[::ffff:a9fe:a9fe]/", "http://[64:ff9b::a9fe:a9fe]/", "http://[::169.254.169.254]/",
    "http://[2002:a9fe:a9fe::1]/", "http://localhost/", "http://localhost./", "http://LOCALHOST/",
    "http://a.localhost/", "http://0.0.0.0/", "http://[::]/", "http://[::ffff:127.0.0.1]/",
    "https://168.63.129.16/", "http://[fec0::1]/",
]  # fmt: skip


@pytest.mark.parametrize("url", REFUSED, ids=ascii)
def test_refused_as_written(url):
    """Fails when a URL could be read differently by whoever asks and whoever answers."""
    with pytest.raises(Blocked) as caught:
        target(url)
    assert caught.value.reason == "url"
    assert len(str(caught.value)) < 300
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("url", HOME)
def test_home_is_refused_without_asking_a_resolver(url):
    with pytest.raises(Blocked) as caught:
        target(url)
    assert caught.value.reason == "address"


@pytest.mark.parametrize(
    ("url", "sent", "host", "port"),
    [
        ("http://a.org", "http://a.org", "a.org", 80),
        ("HTTPS://A.Org:443/B?c=d#e", "https://a.org/B?c=d", "a.org", 443),
        ("http://a.org:/x", "http://a.org/x", "a.org", 80),
        ("https://a.org./", "https://a.org./", "a.org.", 443),
        ("https://bücher.example/ü", "https://xn--bcher-kva.example/%C3%BC",
         "xn--bcher-kva.example", 443),
        ("http://8.8.8.8/", "http://8.8.8.8/", "8.8.8.8", 80),
        ("http://[2606:4700::1111]:80/", "http://[2606:4700::1111]/", "2606:4700::1111", 80),
        ("http://a_b.org/%7Ea/../b", "http://a_b.org/b", "a_b.org", 80),
        ("http://a.org?b", "http://a.org?b", "a.org", 80),
    ],
)  # fmt: skip
def test_what_is_sent(url, sent, host, port):
    found = target(url)
    assert str(found) == sent
    assert host_and_port(found) == (host, port)


def test_a_permit_opens_one_host_on_one_port():
    config = FetchConfig(allow_host=("localhost:8080", "[::1]:81", "10.0.0.1"))
    for url in ("http://localhost:8080/", "http://localhost.:8080/", "http://[0:0::1]:81/",
                "https://10.0.0.1/", "http://10.0.0.1/"):  # fmt: skip
        assert target(url, config)
    for url in ("http://localhost/", "http://localhost:8081/", "http://[::1]/",
                "http://10.0.0.1:8080/", "http://10.0.0.2/", "http://127.0.0.1:8080/"):  # fmt: skip
        with pytest.raises(Blocked, match="--allow-host"):
            target(url, config)


def test_lists_of_domains():
    config = FetchConfig(allow_domain=("a.org", "8.8.8.8"), deny_domain=("bad.a.org",))
    for url in ("http://a.org/", "http://www.a.org/", "https://A.ORG./", "http://8.8.8.8/"):
        assert target(url, config)
    for url in ("http://bad.a.org/", "http://x.bad.a.org/", "http://BAD.a.org./", "http://b.org/",
                "http://xa.org/", "http://a.org.evil.net/"):  # fmt: skip
        with pytest.raises(Blocked) as caught:
            target(url, config)
        assert caught.value.reason == "filter"


def test_no_list_of_domains_hides_a_service_of_the_user():
    config = FetchConfig(allow_domain=("a.org",), deny_domain=("localhost",))
    trusted = frozenset({"localhost:8888"})
    assert target("http://localhost:8888/search", config, trusted)
    with pytest.raises(Blocked):
        target("http://localhost:8889/search", config, trusted)


PARTS = st.sampled_from(
    [
        *"http:// https:// http: // / @ : . .. % %2e %00 # ? [ ] ::1 127.0.0.1 127.1 0x7f".split(),
        *"a.org xn-- localhost 80 443 8080 。 ① é ß user good.com 1 0 - _ [::1]".split(),
        *"\\\t\n\x00\u200b ",
    ]
)
URLS = st.one_of(
    st.text(max_size=40).map("http://".__add__),
    st.lists(PARTS, max_size=8).map("".join).map("http://".__add__),
    st.lists(PARTS, max_size=10).map("".join),
    st.text(max_size=60),
)


@given(URLS)
@example("http://a.org:80#@evil.org/")
@example("http://ß.example/")
def test_any_text_is_refused_or_obeys_the_rules(url):
    """Fails when some URL gets through with a host or port that was not judged."""
    try:
        found = target(url)
    except Blocked:
        return
    host, port = host_and_port(found)
    assert found.scheme in ("http", "https")
    assert port == {"http": 80, "https": 443}[found.scheme]
    assert not found.userinfo
    assert not found.fragment
    address = address_of(host)
    if address is None:
        assert HOST.fullmatch(host.removesuffix("."))
        assert not host.removesuffix(".").rpartition(".")[2].isdigit()
    else:
        assert not refusal(address)
    # Whoever parses what is sent once more finds the same host.
    assert httpx.URL(str(found)).raw_host == found.raw_host
    assert urlsplit(str(found)).hostname == host
    assert urlsplit(str(found)).netloc == found.netloc.decode()
