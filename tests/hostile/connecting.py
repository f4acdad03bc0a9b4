"""Cases about whom the fetcher talks to: addresses, names, redirects, URLs, certificates."""

from __future__ import annotations

from urllib.parse import quote

from env.errors import Reason
from tests.hostile.case import SITE, Case, cases, pages
from tests.hostile.vectors import ADDRESSES, HOMES, SPELLINGS, URLS


def _host(address: str) -> str:
    return f"[{address}]" if ":" in address else address


def _to(where: str, status: int = 302) -> str:
    return f"{SITE}/to/{status}?{quote(where, safe='')}"


def _shown(text: str) -> str:
    return text.encode("unicode_escape").decode() if not text.isprintable() else text


_SPELT: tuple[tuple[tuple[str, ...], Reason], ...] = ((SPELLINGS, "url"), (HOMES, "address"))
ADDRESS_CASES = (
    *(
        Case(f"{_host(address)} in the URL", "address", f"http://{_host(address)}/", "Blocked",
             "address")
        for address in ADDRESSES
    ),
    *(
        Case(f"{_shown(host)} in the URL", "address", f"http://{host}/", "Blocked", reason)
        for hosts, reason in _SPELT
        for host in hosts
    ),
    *(
        Case(f"{address} as the name's address", "address", f"http://answer-{n}.test/", "Blocked",
             "address")
        for n, address in enumerate(ADDRESSES)
    ),
)  # fmt: skip

_FLIP = "http://flip.test/page"
NAME_CASES = (
    Case("public, then 169.254.169.254 at the next look", "name", _FLIP),
    Case("the same, asked again on a new connection", "name", "http://flip.test/large-redirect",
         before=("http://flip.test/reset", "http://flip.test/hang-up")),
    Case("private first, public at the next look", "name", "http://flip-back.test/page",
         "Blocked", "address"),
    Case("public, then mixed", "name", "http://flip-mixed.test/page"),
    *cases("name", "Blocked", "address",
          ("a public and a private address", "http://mixed.test/page"),
          ("a private and a public address", "http://mixed-first.test/page"),
          ("250 public addresses and loopback", "http://mixed-many.test/page"),
          ("aliases that end inside", "http://alias.test/page"),
          ("an address with a zone", "http://zone.test/page")),
    *pages("name", ("300 public addresses", "http://many.test/page")),
    *cases("name", "NotFound", "name",
          ("no such name", "http://missing.test/page"),
          ("no address", "http://no-answer.test/page")),
    *cases("name", "WebError", "name",
          ("aliases in a circle", "http://alias-loop.test/page"),
          ("an answer that is no address", "http://strange.test/page")),
    Case("a silent name server", "name", "http://mute-name.test/page", "TimedOut", "name",
         hurried="time"),
    *cases("name", "TimedOut", "time",
          ("an address that does not answer", "http://silent.test/page")),
    *cases("name", "WebError", "connection",
          ("an address that refuses", "http://closed.test/page")),
)  # fmt: skip

REDIRECT_CASES = (
    *(Case(f"to {where}", "redirect", _to(where), "Blocked", "address") for where in (
        "http://127.0.0.1/", "http://[::1]/",
        "http://[::ffff:169.254.169.254]/", "//10.0.0.1", "//10.0.0.1:80/",
        "http://169.254.169.254/latest/meta-data/", "http://localhost/", "http://inside.test/",
        "http://mixed.test/", "http://answer-0.test/",
    )),
    *(Case(f"to {where}", "redirect", _to(where), "Blocked", "url") for where in (
        "http://127.1/", "http://2130706433/", "file:///etc/passwd",
        "gopher://127.0.0.1:6379/_INFO", "javascript:alert(1)",
        "data:text/html,x", "ftp://hostile.test/page", "http://hostile.test:22/",
        "http://user:word@hostile.test/", "http:///page",
    )),
    Case("from https to http", "redirect",
         "https://hostile.test/to/302?" + quote(SITE + "/page"), "WebError", "redirect"),
    *pages("redirect",
            ("relative", _to("../page")),
            ("absolute path", _to("/page", 301)),
            ("303", _to("/page", 303)),
            ("307", _to("/page", 307)),
            ("308", _to("/page", 308)),
            ("with a fragment", _to("/page#here")),
            ("to another host", _to("http://other.test/page")),
            ("from http to https", _to("https://hostile.test/page")),
            ("5 hops", "/hops/5"),
            ("a Refresh header to 127.0.0.1", "/refresh"),
            ("300", _to("/page", 300))),
    *cases("redirect", "WebError", "redirect",
          ("6 hops", "/hops/6"),
          ("100,000 hops", "/hops/100000"),
          ("A to B to A", "/loop-a"),
          ("to itself", "/loop-self"),
          ("no Location", "/location-missing"),
          ("an empty Location", "/location-empty"),
          ("two Location lines, the second to 127.0.0.1", "/location-two"),
          ("a Location of 8 kB", "/location-8k"),
          ("a backslash before @", _to("http://hostile.test\\@127.0.0.1/")),
          ("300 without a choice", "/status/300")),
    *cases("redirect", "TooLarge", "size",
          ("a Location of 1 MB", "/location-long")),
    *cases("redirect", "Blocked", "url",
          ("a Location of bytes that are no text", "/location-bytes")),
    Case("a cookie to bring along", "redirect", SITE + "/cookies", lacks="secret"),
)  # fmt: skip

URL_CASES = tuple(Case(name, "url", url, "Blocked", "url") for name, url in URLS)

TLS_CASES = (
    *pages("tls", ("the right certificate", "https://hostile.test/page")),
    Case("the second name on an address, the certificate only for the first", "tls",
         "https://second.test/page", "WebError", "tls", before=("https://hostile.test/page",)),
    *cases("tls", "WebError", "tls",
          ("a certificate for another name", "https://second.test/page"),
          ("an expired certificate", "https://expired.test/page"),
          ("an unknown authority", "https://stranger.test/page"),
          ("a certificate that signs itself", "https://self-signed.test/page"),
          ("a mail server", "https://loud.test/page")),
    *cases("tls", "TimedOut", "time", ("a silent handshake", "https://mute.test/page")),
)  # fmt: skip
