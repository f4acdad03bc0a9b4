"""WARC files: whatever is damaged, everything else is still read and the damage is told."""

import gzip
from io import BytesIO

import pytest

from env.web.sources import Item, Limits, Skip
from env.web.sources.records import records
from env.web.sources.warc import read_warc

PAGES = 6
HTML = (("Content-Type", "text/html"),)
DEFAULT = Limits()


def lines(first, headers):
    return "\r\n".join([first, *(f"{name}: {value}" for name, value in headers), "", ""]).encode()


def record(name, block, kind="response", declared="application/http; msgtype=response"):
    headers = [
        ("WARC-Type", kind),
        ("WARC-Target-URI", f"https://a.example/{name}"),
        ("WARC-Date", "2024-05-01T00:00:00Z"),
        ("Content-Type", declared),
        ("Content-Length", len(block)),
    ]
    return lines("WARC/1.1", headers) + block + b"\r\n\r\n"


def replies(bodies, compress=True, status="200 OK", headers=HTML):
    made = [record(n, lines(f"HTTP/1.1 {status}", headers) + body) for n, body in enumerate(bodies)]
    return b"".join(gzip.compress(one) if compress else one for one in made)


def make(compress=True, **more):
    bodies = [f"<p>Page number {n} {n * 7919}</p>".encode() for n in range(PAGES)]
    return replies(bodies, compress, **more)


def read(tmp_path, data, limits=DEFAULT):
    path = tmp_path / "some.warc"
    path.write_bytes(data)
    found = list(read_warc(path, limits))
    items = [item for item in found if isinstance(item, Item)]
    return items, [skip.reason for skip in found if isinstance(skip, Skip)]


def starts(data, mark):
    places, at = [], data.find(mark)
    while at >= 0:
        places.append(at)
        at = data.find(mark, at + 1)
    return places


@pytest.mark.parametrize("compress", [True, False])
def test_a_whole_file_is_read_whole(tmp_path, compress):
    items, skips = read(tmp_path, make(compress))
    assert [item.url for item in items] == [f"https://a.example/{n}" for n in range(PAGES)]
    assert items[3].data == b"<p>Page number 3 23757</p>"
    assert items[3].at == "2024-05-01T00:00:00Z"
    assert items[3].content_type == "text/html"
    assert skips == []


def test_one_gzip_member_around_everything_is_read_too(tmp_path):
    items, skips = read(tmp_path, gzip.compress(make(compress=False)))
    assert (len(items), skips) == (PAGES, [])


def test_a_damaged_gzip_member_costs_one_page(tmp_path):
    data = bytearray(make())
    at = starts(data, b"\x1f\x8b\x08")[2]
    data[at + 40 : at + 60] = bytes(20)
    items, skips = read(tmp_path, bytes(data))
    assert (len(items), skips) == (PAGES - 1, ["broken WARC record"])


def test_a_damaged_gzip_header_costs_one_page(tmp_path):
    data = bytearray(make())
    at = starts(data, b"\x1f\x8b\x08")[2]
    data[at : at + 3] = b"xxx"
    items, skips = read(tmp_path, bytes(data))
    assert (len(items), skips) == (PAGES - 1, ["broken WARC record"])


@pytest.mark.parametrize("compress", [True, False])
def test_a_file_that_is_cut_short_tells_so(tmp_path, compress):
    items, skips = read(tmp_path, make(compress)[:-30])
    assert (len(items), skips) == (PAGES - 1, ["broken WARC record"])


@pytest.mark.parametrize("length", [b"99999", b"3", b"x"])
def test_a_wrong_length_costs_one_page(tmp_path, length):
    data = make(compress=False)
    at = starts(data, b"WARC/1.")[2]
    at = data.find(b"Content-Length: ", at) + len(b"Content-Length: ")
    end = data.find(b"\r\n", at)
    items, skips = read(tmp_path, data[:at] + length + data[end:])
    assert (len(items), skips) == (PAGES - 1, ["broken WARC record"])


def test_what_is_no_page_is_told_by_status_and_type(tmp_path):
    assert read(tmp_path, make(status="404 Not Found"))[1] == ["HTTP status 404"] * PAGES
    image = make(headers=[("Content-Type", "image/png")])
    assert read(tmp_path, image)[1] == ["not a document"] * PAGES


def test_transfer_and_content_encodings_are_undone_within_the_limit(tmp_path):
    body = gzip.compress(b"<p>packed</p>" * 10_000)
    chunked = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
    headers = [*HTML, ("Content-Encoding", "gzip"), ("Transfer-Encoding", "chunked")]
    data = replies([chunked], headers=headers)
    assert len(read(tmp_path, data)[0][0].data) == 130_000
    assert read(tmp_path, data, Limits(document=100_000)) == ([], ["too large"])


def test_a_record_over_the_limit_is_passed_over(tmp_path):
    data = replies([b"<p>small</p>", b"x" * 400_000, b"<p>small</p>"], compress=False)
    items, skips = read(tmp_path, data, Limits(document=10_000))
    assert (len(items), skips) == (2, ["too large"])


def test_resource_records_are_pages_and_metadata_is_not(tmp_path):
    data = b"".join(
        record(kind, b"<p>There</p>", kind, "text/html") for kind in ("resource", "metadata")
    )
    items, skips = read(tmp_path, data)
    assert ([item.url for item in items], skips) == (["https://a.example/resource"], [])


def test_garbage_is_no_record():
    assert list(records(BytesIO(b"WARC/1.0 but nothing else " * 9), 1000)) == ["broken WARC record"]
    assert list(records(BytesIO(b""), 1000)) == []


def test_a_file_that_was_cut_short_says_so(tmp_path):
    """Fails when a download that broke off is reported without telling what is wrong with it."""
    path = tmp_path / "short.warc"
    path.write_bytes(b"WARC/1.0\r\nWARC-Type: response\r\nContent-Length: 99999\r\n\r\nfoo")
    assert list(read_warc(path, Limits())) == [
        Skip("broken WARC record", "short.warc, record 1", "cut short, or not as long as it says")
    ]
