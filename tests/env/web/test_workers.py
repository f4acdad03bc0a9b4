"""Workers: order is kept, and a document that kills or blocks one costs only itself."""

import sys
from pathlib import Path

import pytest

from env.web.sources import Item, Skip
from env.web.store import Row
from env.web.workers import convert_all


@pytest.fixture
def convert(monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    sys.modules.pop("converters", None)
    import converters

    yield converters.convert
    sys.modules.pop("converters", None)


def items(*texts):
    return [Item(f"https://a.example/{n}", text.encode()) for n, text in enumerate(texts)]


@pytest.mark.parametrize("workers", [0, 2])
def test_order_is_kept_and_refusals_are_told(convert, workers):
    texts = [f"text {n}" for n in range(100)]
    texts[7], texts[50] = "refuse", "fail"
    before = Skip("earlier", "somewhere")
    found = list(convert_all(convert, [before, *items(*texts)], workers))
    assert found[0] == before
    assert [one.url if isinstance(one, Row) else one.reason for one in found[6:10]] == [
        "https://a.example/5",
        "https://a.example/6",
        "no text in N bytes",
        "https://a.example/8",
    ]
    assert found[51] == Skip(
        "conversion failed", "https://a.example/50", "KeyError: 'a bug in a parser'"
    )


@pytest.mark.parametrize("accident", ["die", "hang"])
def test_an_accident_costs_one_document(convert, accident):
    outcomes = list(convert_all(convert, items("a", "b", accident, "c"), 1, patience=1.0))
    assert [isinstance(one, Row) for one in outcomes] == [True, True, False, True]
    assert outcomes[2].reason == "conversion failed"


def test_workers_end_when_nobody_reads_on(convert):
    stream = convert_all(convert, items(*["text"] * 500), 2)
    assert isinstance(next(stream), Row)
    stream.close()
