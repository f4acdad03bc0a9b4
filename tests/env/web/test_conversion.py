"""Fetched documents become pages; what one does to its worker costs that document alone."""

import asyncio
import importlib
import sys
import threading
import time
import zlib
from dataclasses import replace
from pathlib import Path

import pytest

from env.documents import convert as convert_here
from env.errors import TimedOut, TooLarge, WebError
from env.web.conversion import Converters, _Ticket
from env.web.fetch.exchange import Fetched
from env.web.workers.frames import Limits

AT = "2026-01-01T00:00:00+00:00"
SMALL = Limits(memory=600_000_000, cpu_seconds=0.5, seconds=60.0, reply=1_000_000)


def fetched(data, kind="text/html", url="https://a.example/page"):
    return Fetched(url, kind, data if isinstance(data, bytes) else data.encode(), AT, keep=True)


@pytest.fixture
async def real():
    """Converters of real documents."""
    before = threading.active_count()
    made = Converters(1)
    yield made
    await made.aclose()
    assert threading.active_count() == before


@pytest.fixture
def odd_of(monkeypatch):
    """A maker of converters that do what the document says."""
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    sys.modules.pop("converters", None)
    importlib.import_module("converters")
    yield lambda limits: Converters(2, limits, convert="converters:convert")
    sys.modules.pop("converters", None)


@pytest.fixture
async def odd(odd_of):
    """Converters that do what the document says, within small limits."""
    made = odd_of(SMALL)
    yield made
    await made.aclose()


async def fault_of(converters, data):
    with pytest.raises(WebError) as fault:
        await converters.convert(fetched(data))
    return fault.value


async def test_a_page_is_what_this_process_would_make_of_it(real):
    html = b"<title>T</title><p>Some <a href='/b'>words</a> \xe9.</p>"
    some = fetched(html, "text/html; charset=latin-1")
    here = convert_here(html, url=some.url, content_type=some.content_type, at=AT)
    assert await real.convert(some) == here
    assert here.retrieved_at == AT


def entity_bomb():
    lines = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
    return f'<?xml version="1.0"?><!DOCTYPE html [<!ENTITY e0 "ha">{lines}]><html><p>&e11; end</p>'


def pdf_bomb():
    """A page whose content is 80 MB of spaces."""
    packed = zlib.compress(b" " * 80_000_000)
    stream = b"<</Length %d/Filter/FlateDecode>>stream\n" % len(packed) + packed + b"\nendstream"
    bodies = [b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
              b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Contents 4 0 R>>", stream]  # fmt: skip
    parts, places = [b"%PDF-1.4\n"], []
    for number, body in enumerate(bodies, start=1):
        places.append(sum(map(len, parts)))
        parts.append(b"%d 0 obj" % number + body + b"endobj\n")
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    start = sum(map(len, parts))
    end = b"trailer<</Size 5/Root 1 0 R>>startxref\n%d\n%%%%EOF" % start
    return b"".join([*parts, b"xref\n0 5\n0000000000 65535 f \n", table, end])


HOSTILE = {
    "nested": "<div>" * 100_000 + "deep",
    "attributes": "<p " + "a=1 " * 100_000 + ">text",
    "columns": "<table><tr><td colspan=9007199254740991>text</table>",
    "entities": entity_bomb(),
    "broken PDF": b"%PDF-1.7\n" + b"\x00\xff obj" * 1000,
    "PDF of spaces": pdf_bomb(),
    "links": "<a href=x>y</a> " * 100_000,
    "unclosed": "<table><tr><td><ul><li>" * 5_000,
    "NULs": b"<p>a\x00b</p>" + b"\x00" * 1_000_000,
}


@pytest.mark.parametrize("name", HOSTILE)
async def test_a_hostile_document_is_converted_or_refused_in_time(real, name):
    begin = time.monotonic()
    (found,) = await asyncio.gather(
        real.convert(fetched(HOSTILE[name], "")), return_exceptions=True
    )
    if isinstance(found, WebError):
        assert found.reason in ("type", "conversion")
        assert "\n" not in str(found)
    else:
        assert found.url == "https://a.example/page"
    assert time.monotonic() - begin < 60  # its limit is 15 s; this machine may be busy
    assert (await real.convert(fetched("<p>next</p>"))).text == "next"


async def test_a_text_of_20_mb_is_too_large(real):
    fault = await fault_of(real, b"<p>" + b"word " * 4_000_000)
    assert isinstance(fault, TooLarge)
    assert fault.reason == "conversion"


@pytest.mark.parametrize(
    ("text", "kind", "line"),
    [
        ("refuse", WebError, "cannot be read: no text in 6 bytes"),
        ("fail", WebError, "could not be converted: KeyError: 'a bug in a parser'"),
        ("die", WebError, "could not be converted: the converter died"),
        ("burn", TimedOut, "could not be converted: it took more than 0.5 seconds of processor"),
        pytest.param(
            "eat",
            TooLarge,
            "too large to be converted: not enough memory",
            marks=pytest.mark.skipif(sys.platform == "darwin", reason="macOS has no such limit"),
        ),
        ("much", TooLarge, "too large to be converted: it makes 3000"),
        ("garbage", WebError, "could not be converted: the converter replied with nonsense"),
    ],
)
async def test_each_accident_is_told_by_kind_and_in_a_line(odd, text, kind, line):
    fault = await fault_of(odd, text)
    assert type(fault) is kind
    assert str(fault).startswith(line)
    assert fault.reason == ("type" if text == "refuse" else "conversion")
    assert (await odd.convert(fetched("after"))).text == "after"


async def test_one_that_hangs_is_ended(odd_of):
    hasty = odd_of(replace(SMALL, seconds=0.5))
    fault = await fault_of(hasty, "hang")
    assert (type(fault), fault.reason) == (TimedOut, "conversion")
    assert str(fault) == "could not be converted: it took longer than 0.5 seconds"
    await hasty.aclose()


@pytest.mark.parametrize(
    "lie",
    ["other url", "other time", "other hash", "raw text", "link outside", "link domain",
     "link scheme", "no page"],
)  # fmt: skip
async def test_a_worker_that_was_taken_over_cannot_pass_on_a_false_page(odd, lie):
    fault = await fault_of(odd, lie)
    assert fault.reason == "conversion"
    assert (await odd.convert(fetched("after"))).text == "after"


async def test_what_a_parser_says_is_shown_clean_and_short(odd):
    line = str(await fault_of(odd, "escape"))
    assert "\x1b" not in line
    assert "<|" not in line
    assert len(line) < 300


async def test_a_conversion_given_up_gives_its_place_back_at_once(odd_of):
    patient = odd_of(replace(SMALL, seconds=300.0))
    tasks = [asyncio.create_task(patient.convert(fetched("hang"))) for _ in range(6)]
    await asyncio.sleep(0.5)
    begin = time.monotonic()
    for task in tasks:
        task.cancel()
    assert all(
        isinstance(one, asyncio.CancelledError)
        for one in await asyncio.gather(*tasks, return_exceptions=True)
    )
    assert (await patient.convert(fetched("after"))).text == "after"
    assert time.monotonic() - begin < 100  # before the limit of 300 s could have helped
    await patient.aclose()


class GivenUpLate(_Ticket):
    """A ticket of one who gives up when the page is there and not yet handed over."""

    def release(self):
        self.cancel()
        return super().release()


async def test_one_given_up_in_the_last_moment_costs_the_next_document_nothing(odd):
    """Fails when the next document gets a process that was ended for the one before."""
    for number in range(4):
        odd._run(GivenUpLate(), fetched("late"))
        assert (await odd.convert(fetched(f"after {number}"))).text == f"after {number}"


async def test_no_more_than_the_workers_are_busy_and_all_are_served(odd):
    pages = await asyncio.gather(*(odd.convert(fetched(f"text {n}")) for n in range(200)))
    assert [page.text for page in pages] == [f"text {n}" for n in range(200)]
    assert sum(worker._process is not None for worker in odd._workers) <= 2


async def test_closing_ends_what_is_under_way_with_an_error_of_ours(odd):
    tasks = [asyncio.create_task(odd.convert(fetched("hang"))) for _ in range(5)]
    await asyncio.sleep(0.5)
    await odd.aclose()
    for found in await asyncio.gather(*tasks, return_exceptions=True):
        assert isinstance(found, WebError)
    assert (await fault_of(odd, "after")).reason == "conversion"


async def test_nothing_is_started_before_it_is_needed():
    converters = Converters(4)
    assert not any(worker._process for worker in converters._workers)
    await converters.aclose()
