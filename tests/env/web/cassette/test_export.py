"""A cassette as a WARC file: read back by warcio and by our own reader, to the same pages."""

import asyncio
import gzip
import zlib
from dataclasses import replace
from io import BytesIO

import brotli
import pytest
import zstandard
from warcio.archiveiterator import ArchiveIterator

from env.documents import convert
from env.errors import ConfigError
from env.records import WebIdentity
from env.web.cassette.lines import Header
from env.web.cassette.recording import record
from env.web.cassette.tape import Tape
from env.web.cassette.warc import export_warc
from env.web.memory import MemoryWeb
from env.web.sources import Item, Limits
from env.web.sources.warc import read_warc
from tests.env.web.cassette.tapes import AT, PAGES, WATER, Live, exchange, make_cassette

HTML = "<html><title>Wasser – water</title><body><p>Wasser ist naß. 天空</p></body></html>"
PACKED = gzip.compress(HTML.encode(), mtime=0)
REDIRECT = replace(
    exchange("https://old.example/", b""),
    status=301,
    phrase="Moved Permanently",
    headers=(("location", "https://new.example/"), ("content-length", "512"),
             ("content-encoding", "gzip"), ("transfer-encoding", "chunked")),
)  # fmt: skip
PAGE = replace(
    exchange("https://new.example/?a=ü b", PACKED),
    headers=(("Content-Type", "text/html; charset=utf-8"), ("Content-Encoding", "gzip"),
             ("Transfer-Encoding", "chunked"), ("Content-Length", "1"), ("x-name", "caf\xe9"),
             ("x-evil", "a\r\nSet-Cookie: b")),
    request_headers=(("host", "new.example"), ("user-agent", "webqa")),
)  # fmt: skip


def page_of(one):
    return convert(zlib.decompress(one.body, 47), url=one.url, content_type="text/html", at=one.at)


class Fetched(MemoryWeb):
    """A web that tells of a redirect and of a packed page."""

    def __init__(self, heard):
        super().__init__(())
        self.heard = heard

    async def open(self, url):
        self.heard(REDIRECT)
        self.heard(PAGE)
        return page_of(PAGE)


@pytest.fixture
def cassette(tmp_path):
    path = tmp_path / "a.cassette"
    recording = record(path, Fetched)
    asyncio.run(recording.open(REDIRECT.url))
    recording.close()
    return path


def parsed(path):
    with path.open("rb") as file:
        return [
            (
                record.rec_type,
                record.rec_headers,
                record.http_headers,
                record.content_stream().read(),
            )
            for record in ArchiveIterator(file, check_digests="raise")
        ]


@pytest.mark.parametrize("name", ["out.warc", "out.warc.gz"])
def test_exchanges_become_requests_and_responses(cassette, tmp_path, name):
    """Fails when another tool cannot read a record, or a header lies about the stored bytes."""
    out = tmp_path / name
    counts = export_warc(cassette, out)
    assert (counts.exchanges, counts.pages, counts.searches) == (2, 0, 0)
    assert counts.bytes == out.stat().st_size
    assert out.read_bytes().startswith(b"\x1f\x8b" if name.endswith("gz") else b"WARC/1.1\r\n")
    records = parsed(out)
    kinds = [record[0] for record in records]
    assert kinds == ["warcinfo", "response", "request", "response", "request"]
    about, first, _, second, asked = records
    assert b"software: webqa/" in about[3]
    assert (first[2].get_statuscode(), first[3]) == ("301", b"")
    assert first[2].get_header("location") == "https://new.example/"
    assert second[3] == HTML.encode()
    assert second[2].get_header("transfer-encoding") is None
    assert second[2].get_header("x-archive-orig-Transfer-Encoding") == "chunked"
    assert second[2].get_header("content-length") == str(len(PACKED))
    assert second[2].get_header("set-cookie") is None
    assert second[1].get_header("WARC-Date") == "2026-01-01T00:00:00Z"
    assert second[1].get_header("WARC-IP-Address") == "192.0.2.1"
    assert second[1].get_header("WARC-Concurrent-To") == asked[1].get_header("WARC-Record-ID")
    assert asked[2].get_header("user-agent") == "webqa"
    assert [one[2].get_header("host") for one in (records[2], asked)] == [
        "old.example", "new.example",
    ]  # fmt: skip
    raw = gzip.decompress(out.read_bytes()) if name.endswith("gz") else out.read_bytes()
    assert b"x-name: caf\xe9\r\n" in raw
    assert b"GET /?a=%C3%BC%20b HTTP/1.1\r\n" in raw


def test_our_own_reader_makes_the_same_page(cassette, tmp_path):
    """Fails when a page differs after the way through a WARC file."""
    out = tmp_path / "out.warc.gz"
    export_warc(cassette, out)
    items = [item for item in read_warc(out, Limits()) if isinstance(item, Item)]
    assert len(items) == 1
    again = convert(
        items[0].data, url=items[0].url, content_type=items[0].content_type, at=items[0].at
    )
    first = page_of(PAGE)
    assert (again.text, again.title, again.sha256) == (first.text, first.title, first.sha256)
    assert items[0].at == "2026-01-01T00:00:00Z"


def test_pages_of_an_offline_web_are_exported_as_text(tmp_path):
    """Fails when a cassette without exchanges gives an empty archive."""
    make_cassette(tmp_path / "a.cassette", lambda heard: MemoryWeb(PAGES))
    counts = export_warc(tmp_path / "a.cassette", tmp_path / "out.warc")
    assert (counts.exchanges, counts.pages, counts.searches) == (0, 3, 3)
    items = list(read_warc(tmp_path / "out.warc", Limits()))
    assert {(item.url, item.data.decode()) for item in items} == {(p.url, p.text) for p in PAGES}
    for item in items:
        page = convert(item.data, url=item.url, content_type=item.content_type, at=item.at)
        assert page.sha256 in {one.sha256 for one in PAGES}


def test_the_same_cassette_gives_the_same_bytes(tmp_path):
    """Fails when a random id or the time of day gets into the file."""
    make_cassette(tmp_path / "a.cassette")
    for name in ("one.warc.gz", "two.warc.gz"):
        export_warc(tmp_path / "a.cassette", tmp_path / name)
    one = (tmp_path / "one.warc.gz").read_bytes()
    assert one == (tmp_path / "two.warc.gz").read_bytes()
    ids = [record[1].get_header("WARC-Record-ID") for record in parsed(tmp_path / "one.warc.gz")]
    assert len(ids) == len(set(ids)) > 10


def test_the_good_part_of_a_damaged_cassette_is_exported(tmp_path):
    """Fails when damage ends the export, or is not told."""
    path = tmp_path / "a.cassette"
    make_cassette(path)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 2 // 3])
    counts = export_warc(path, tmp_path / "out.warc")
    assert 0 < counts.exchanges < 6
    assert "is lost" in counts.notes[0]
    parsed(tmp_path / "out.warc")


def test_a_file_is_written_whole_or_not_at_all(tmp_path):
    """Fails when an export that could not be ended leaves something behind, or eats its source."""
    path = tmp_path / "a.cassette"
    make_cassette(path, Live)
    data = path.read_bytes()
    with pytest.raises(ConfigError, match="is the cassette itself"):
        export_warc(path, path)
    (tmp_path / "folder").mkdir()
    for out in (tmp_path / "folder", tmp_path / "no" / "such.warc"):
        with pytest.raises(ConfigError, match="cannot write"):
            export_warc(path, out)
    assert path.read_bytes() == data
    assert sorted(one.name for one in tmp_path.iterdir()) == ["a.cassette", "folder"]
    with pytest.raises(ConfigError, match="cannot read"):
        export_warc(tmp_path / "none", tmp_path / "out.warc")


def test_dates_without_a_zone_or_sense_do_no_harm(tmp_path):
    """Fails when an odd time in a page ends the export."""
    pages = [replace(WATER, url=f"https://water.example/{n}", retrieved_at=at)
             for n, at in enumerate(["2026-01-01T00:00:00", "yesterday", "", AT])]  # fmt: skip
    recording = record(tmp_path / "a.cassette", lambda heard: MemoryWeb(pages))

    async def ask():
        for page in pages:
            await recording.open(page.url)

    asyncio.run(ask())
    recording.close()
    assert export_warc(tmp_path / "a.cassette", tmp_path / "out.warc").pages == 4
    dates = [one[1].get_header("WARC-Date") for one in parsed(tmp_path / "out.warc")]
    assert dates[1] == dates[4] == "2026-01-01T00:00:00Z"
    assert BytesIO((tmp_path / "out.warc").read_bytes()).read(8) == b"WARC/1.1"


@pytest.mark.parametrize("coding", ["identity", "gzip", "deflate", "br", "zstd", "gzip, zstd"])
def test_every_coding_that_is_asked_for_is_read_back(tmp_path, coding):
    """Fails when a page that was received in some coding is lost on the way through a WARC file."""
    pack = {
        "identity": bytes,
        "gzip": gzip.compress,
        "deflate": zlib.compress,
        "br": brotli.compress,
        "zstd": zstandard.compress,
        "gzip, zstd": lambda data: zstandard.compress(gzip.compress(data)),
    }[coding]
    headers = (("content-type", "text/html; charset=utf-8"), ("content-encoding", coding))
    one = replace(PAGE, url="https://new.example/", body=pack(HTML.encode()), headers=headers)
    robots = replace(exchange("https://new.example/robots.txt", b"User-agent: *"),
                     headers=(("content-type", "text/plain"),))  # fmt: skip
    header = Header(web=WebIdentity("live"))
    tape = Tape(tmp_path / "a.cassette", header)
    tape.append([robots, one], [])
    tape.close()
    export_warc(tmp_path / "a.cassette", tmp_path / "out.warc.gz")
    skip, item = read_warc(tmp_path / "out.warc.gz", Limits())
    assert skip.reason == "robots.txt"
    assert item.data == HTML.encode()


def test_a_coding_that_is_broken_is_told(tmp_path):
    """Fails when packed bytes are taken for text, or end the reading."""
    for number, coding in enumerate(("zstd", "made-up", "gzip, zstd, gzip, br")):
        headers = (("content-type", "text/html"), ("content-encoding", coding))
        path = tmp_path / f"{number}.cassette"
        tape = Tape(path, Header(web=WebIdentity("live")))
        tape.append([replace(PAGE, body=b"not packed at all", headers=headers)], [])
        tape.close()
        export_warc(path, tmp_path / "out.warc")
        assert [one.reason for one in read_warc(tmp_path / "out.warc", Limits())] == [
            "broken WARC record"
        ]
