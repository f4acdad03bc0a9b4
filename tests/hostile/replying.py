"""Cases that are about what a server replies: transfer, bombs, encodings, statuses, documents."""

from __future__ import annotations

from urllib.parse import quote

from tests.hostile.case import SITE, Case, cases, pages

TRANSFER_CASES = (
    *cases("transfer", "TimedOut", "time",
          ("one byte a second", "/drip"),
          ("one byte a second in the head", "/drip-head"),
          ("silence instead of a reply", "/silent"),
          ("silence in the middle of the head", "/head-half"),
          ("silence in the middle of the body", "/half"),
          ("a mail server", "http://loud.test/page")),
    *cases("transfer", "WebError", "protocol",
          ("Content-Length negative", "/length-negative"),
          ("Content-Length twice, different", "/length-two"),
          ("Content-Length a word", "/length-word"),
          ("a chunk of negative size", "/chunk-negative"),
          ("a chunk extension that never ends", "/chunk-extension"),
          ("trailers that never end", "/trailers-endless"),
          ("a switch to another protocol", "/switching"),
          ("bytes that are no HTTP", "/garbage"),
          ("a status that is no number", "/status-word"),
          ("a header line without a colon", "/header-bad"),
          ("a zero byte in a header", "/header-nul")),
    *cases("transfer", "WebError", "connection",
          ("a reply as in HTTP/0.9", "/old"),
          ("Content-Length too long", "/length-long"),
          ("chunks that break off", "/chunk-cut"),
          ("a reset in the middle of the body", "/reset"),
          ("a reset instead of a reply", "/reset-at-once"),
          ("the end instead of a reply", "/hang-up")),
    *cases("transfer", "TooLarge", "size",
          ("a head that never ends", "/headers-endless"),
          ("a header line that never ends", "/header-endless"),
          ("100,000 header lines", "/headers-many"),
          ("103 Early Hints without end", "/interim-flood"),
          ("bytes that are no HTTP, without end", "/garbage-endless"),
          ("Content-Length of 10^18", "/length-huge"),
          ("a chunk of 2^63 bytes", "/chunk-huge"),
          ("chunks of two bytes without end", "/chunk-tiny"),
          ("a body that never ends", "/endless"),
          ("a body of hundreds of megabytes", "/large")),
    *pages("transfer",
            ("Content-Length too short", "/length-short"),
            ("Content-Length twice, the same", "/length-twice"),
            ("Content-Length and chunks", "/length-and-chunks"),
            ("HTTP/9.9", "/version-9"),
            ("one 103 Early Hints", "/interim-one"),
            ("a folded header line", "/header-folded")),
)  # fmt: skip

BOMB_CASES = (
    *cases("bomb", "TooLarge", "size",
          ("gzip", "/bomb?gzip"),
          ("deflate", "/bomb?deflate"),
          ("deflate without a header", "/bomb?raw-deflate"),
          ("br", "/bomb?br"),
          ("zstd", "/bomb?zstd"),
          ("gzip, gzip", "/bomb?gzip%2C%20gzip"),
          ("br, gzip", "/bomb?br%2C%20gzip"),
          ("gzip in chunks of 100 bytes", "/bomb-chunks"),
          ("gzip inside a 404", "/bomb-fault")),
    *pages("bomb",
            ("gzip inside a redirect", "/bomb-redirect"),
            ("hundreds of megabytes inside a redirect", "/large-redirect")),
    *cases("bomb", "WebError", "encoding",
          ("40 encodings", "/chain"),
          ("40 encodings in lines of their own", "/chain-lines"),
          ("5000 encodings", "/chain-false")),
    *cases("bomb", "Blocked", "robots",
          ("gzip as robots.txt", "http://robots-bomb.test/page")),
)  # fmt: skip

ENCODING_CASES = (
    *pages("encoding",
            ("gzip", "/gzip"), ("br", "/br"), ("zstd", "/zstd"), ("deflate", "/deflate"),
            ("deflate without a header", "/deflate-raw"), ("gzip, gzip", "/gzip-gzip"),
            ("gzip in two members", "/gzip-members"), ("gzip and garbage", "/gzip-garbage")),
    *cases("encoding", "WebError", "encoding",
          ("called gzip, but is not", "/gzip-false"),
          ("called br, but is not", "/br-false"),
          ("called zstd, but is not", "/zstd-false"),
          ("gzip that breaks off", "/gzip-cut"),
          ("deflate that breaks off", "/deflate-cut"),
          ("br that breaks off", "/br-cut"),
          ("zstd that breaks off", "/zstd-cut"),
          ("an encoding nobody knows", "/encoding-unknown"),
          ("an encoding with a name of 5 kB", "/encoding-long")),
    *cases("encoding", "WebError", "type", ("gzip of nothing", "/gzip-empty")),
)  # fmt: skip

_NEVER = "/busy?" + quote("1000000000")
STATUS_CASES = (
    *cases("status", "NotFound", "missing", ("404", "/status/404"), ("410", "/status/410")),
    *cases("status", "Blocked", "status",
           ("401", "/status/401"), ("403", "/status/403"), ("451", "/status/451")),
    *cases("status", "WebError", "status", ("418", "/status/418"), ("500", "/status/500"),
           ("503", "/status/503"),
           ("304 though nothing is kept", "/status/304"), ("999", "/status/999"),
           ("429, Retry-After 0", "/busy?0"),
           ("429, Retry-After −1", "/busy?-1"),
           ("429, Retry-After 1000000000", _NEVER),
           ("429, Retry-After of 400 digits", "/busy?" + "9" * 400),
           ("429, Retry-After a date long ago",
            "/busy?" + quote("Wed, 21 Oct 2015 07:28:00 GMT")),
           ("429, Retry-After a date far away",
            "/busy?" + quote("Wed, 21 Oct 9999 07:28:00 GMT")),
           ("429, Retry-After garbage", "/busy?soon%ff"),
           ("429 without Retry-After", "/busy")),
    *pages("status", ("503 once", "/busy-once")),
    *cases("status", "WebError", "status", ("204", "/status/204"), ("206", "/status/206")),
    *cases("status", "WebError", "type", ("an empty body", "/empty")),
)  # fmt: skip


def _robots(name: str) -> str:
    return f"http://robots-{name}.test/page"


ROBOTS_CASES = (
    *pages("robots",
           ("404", _robots("404")), ("401", _robots("401")), ("403", _robots("403")),
           ("HTML", _robots("html")), ("binary", _robots("binary")), ("empty", _robots("empty")),
           ("an empty Disallow", _robots("nothing")), ("a rule for others", _robots("other")),
           ("the longer rule allows", _robots("longest")),
           ("two rules of one length", _robots("equal")),
           ("a redirect in a circle", _robots("loop")),
           ("a rule of 5000 stars", _robots("stars"))),
    *cases("robots", "Blocked", "robots",
           ("Disallow all", _robots("forbid")), ("Disallow all behind a byte order mark",
                                                 _robots("bom")),
           ("a rule for us", _robots("named")),
           ("500", _robots("500")), ("503", _robots("503")),
           ("4.9 MB, the rule in front", _robots("large")), ("6 MB", _robots("larger")),
           ("a redirect to 127.0.0.1", _robots("away"))),
    *cases("robots", "TimedOut", "time", ("silence", _robots("silent"))),
)  # fmt: skip

_SCRIPT = "<script"
CHARACTER_CASES = (
    *(
        Case(f"charset={label[:20]}", "characters",
             f"{SITE}/typed?{quote('text/html; charset=' + label)}", lacks=_SCRIPT)
        for label in (
            "hex", "base64", "rot13", "zip", "idna", "undefined", "unicode_escape", "utf-7",
            "utf-16", "utf-32", "x-user-defined", "replacement", "", "\"",
            "iso-2022-kr", "utf-8; charset=utf-7",
        )
    ),
    Case("charset of 5 kB", "characters", SITE + "/typed-long"),
    Case("charset with a zero byte", "characters",
         f"{SITE}/typed?{quote('text/html; charset=utf-8' + chr(0))}", "WebError", "protocol"),
    Case("UTF-16 without a byte order mark", "characters", SITE + "/wide", "WebError", "type"),
    Case("utf-7 by a meta element", "characters", SITE + "/document/meta-utf7", lacks=_SCRIPT),
)  # fmt: skip

DOCUMENT_CASES = (
    *pages("document",
           ("100,000 nested div", "/document/nested"),
           ("50,000 nested lists", "/document/nested-lists"),
           ("20,000 nested tables", "/document/nested-tables"),
           ("20,000 nested links", "/document/nested-links"),
           ("1,000,000 attributes", "/document/attributes"),
           ("colspan 9007199254740991", "/document/colspan"),
           ("a text node of 4.8 MB", "/document/text-node"),
           ("a word of 4.8 MB", "/document/one-word"),
           ("nothing closed", "/document/unclosed"),
           ("2,000,000 open angles", "/document/angles"),
           ("500,000 open comments", "/document/comments"),
           ("zero bytes", "/document/nul"),
           ("CDATA", "/document/cdata"),
           ("template, noscript, srcdoc", "/document/template"),
           ("entities within entities", "/document/entity-bomb?application%2Fxhtml%2Bxml"),
           ("a million accents on a letter", "/document/accents"),
           ("a base of 127.0.0.1", "/document/base"),
           ("a meta refresh to 127.0.0.1", "/document/refresh"),
           ("a PDF served as HTML", "/document/pdf")),
    *cases("document", "TooLarge", "size", ("a text node of 20 MB", "/text-20")),
    *cases("document", "TooLarge", "conversion", ("150,000 links", "/document/many-links")),
    *cases("document", "TimedOut", "conversion",
           ("a PDF of 10,000 pages of 10 MB", "/document/pdf-pages?application%2Fpdf")),
    *cases("document", "WebError", "type",
           ("a PDF that breaks off", "/document/pdf-broken?application%2Fpdf"),
           ("a PDF that unpacks to 300 MB", "/document/pdf-bomb?application%2Fpdf"),
           ("a PDF of 200,000 nested arrays", "/document/pdf-deep?application%2Fpdf"),
           ("an image served as HTML", "/document/png"),
           ("random bytes served as HTML", "/document/random"),
           ("HTML served as PDF", "/page-as-pdf"),
           ("HTML served as an image", "/page-as-image"),
           ("white space alone", "/document/spaces")),
)  # fmt: skip
