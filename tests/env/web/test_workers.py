"""Workers: order is kept, and a document that kills or blocks one costs only itself."""

import importlib
import os
import resource
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from env.errors import ConfigError
from env.records import Link, Page
from env.web.sources import Item, Skip
from env.web.store import Row
from env.web.workers.batches import LIMITS, convert_all
from env.web.workers.frames import (
    BadFrame,
    Document,
    Job,
    Limits,
    LongFrame,
    Reply,
    frame_of,
    length_of,
    unpack,
)
from env.web.workers.process import Worker, WorkerFault
from env.web.workers.serving import load


@pytest.fixture
def convert(monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).parent))
    sys.modules.pop("converters", None)
    yield importlib.import_module("converters").convert
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


def test_the_same_rows_come_from_workers_as_from_this_process(convert):
    """Fails when something is lost or changed on the way through the pipes."""
    some = [replace(one, title="Given") for one in items("a", "b")]
    some += [Item("https://a.example/\udce9", b"surrogate", "\udce9", title="\udce9 x")]
    assert list(convert_all(convert, some, 2)) == list(convert_all(convert, some, 0))


@pytest.mark.parametrize("accident", ["die", "hang", "garbage", "endless"])
def test_an_accident_costs_one_document(convert, accident):
    limits = replace(LIMITS, seconds=1.0 if accident == "hang" else 60.0)
    outcomes = list(convert_all(convert, items("a", "b", accident, "c"), 1, limits))
    assert [isinstance(one, Row) for one in outcomes] == [True, True, False, True]
    assert outcomes[2].reason == "conversion failed"


def test_workers_end_when_nobody_reads_on(convert):
    stream = convert_all(convert, items(*["text"] * 500), 2)
    assert isinstance(next(stream), Row)
    stream.close()


def test_a_converter_that_cannot_be_imported_ends_the_build_with_one_line():
    """Fails when every document is blamed, or a process is started for each of them."""

    def convert(data, **more):
        return None

    with pytest.raises(ConfigError, match=r"cannot start with .*must be importable"):
        list(convert_all(convert, items("a", "b"), 1))


def test_a_system_that_starts_no_process_ends_the_build_with_one_line(convert):
    """Fails when each document of a build is skipped because of what has nothing to do with it."""
    usual = resource.getrlimit(resource.RLIMIT_NOFILE)
    found = convert_all(convert, items("a", "b"), 1)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, usual[1]))
    try:
        with pytest.raises(ConfigError, match=r"^a worker process cannot be started: [^\n]+$"):
            list(found)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, usual)


@pytest.fixture
def worker(convert):
    made = []

    def make(**limits):
        made.append(Worker(Job("converters:convert", Limits(**limits))))
        return made[-1]

    yield make
    for one in made:
        one.stop()
        one.discard()


def ask(worker, *texts):
    return list(
        worker.ask([Document(f"https://a.example/{text}", text.encode()) for text in texts])
    )


def test_what_a_library_prints_is_no_reply_and_reaches_no_terminal(worker, capfd):
    assert [one.page.text for one in ask(worker(), "print", "a")] == ["printed", "a"]
    assert capfd.readouterr() == ("", "")


def test_a_worker_has_no_secrets_few_files_and_writes_none(worker, monkeypatch, tmp_path):
    monkeypatch.setenv("BRAVE_API_KEY", "secret")
    monkeypatch.chdir(tmp_path)
    looked, wrote = ask(worker(), "look", "write")
    assert "KEY" not in looked.page.text
    assert "HOME" not in looked.page.text
    assert "(0, 0) False" in looked.page.text
    assert wrote.fault == "bug"
    assert not any(path.stat().st_size for path in tmp_path.iterdir())


@pytest.mark.parametrize(
    ("text", "limits", "accident"),
    [
        ("burn", {"cpu_seconds": 0.5, "seconds": 30.0}, "cpu"),
        ("hang", {"cpu_seconds": 0.5, "seconds": 0.5}, "time"),
        ("die", {}, "death"),
        ("garbage", {}, "nonsense"),
        ("endless", {"reply": 10_000}, "size"),
    ],
)
def test_what_broke_a_worker_is_told_and_the_next_document_has_a_new_one(
    worker, text, limits, accident
):
    broken = worker(**limits)
    with pytest.raises(WorkerFault) as fault:
        ask(broken, text)
    assert fault.value.accident == accident
    assert ask(broken, "a")[0].page.text == "a"


def test_every_document_has_processor_time_of_its_own(worker):
    """Fails when the limit is for the life of the process."""
    one = worker(cpu_seconds=0.5)
    assert len(ask(one, *["a"] * 50)) == 50
    with pytest.raises(WorkerFault) as fault:
        ask(one, "burn")
    assert fault.value.accident == "cpu"


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS keeps no address space limit")
def test_running_out_of_memory_is_told_as_such(worker):
    one = worker(memory=600_000_000)
    found = ask(one, "eat", "a")
    assert [reply.fault for reply in found] == ["memory"]
    assert ask(one, "a")[0].page.text == "a"


def test_too_much_text_is_refused_by_the_worker_itself(worker):
    one = worker(reply=1_000_000)
    assert [(reply.fault, reply.message[:13]) for reply in ask(one, "much", "a")] == [
        ("size", "it makes 3000"),
        ("", ""),
    ]


def test_interrupted_and_stopped_workers_leave_no_process(worker):
    one = worker()
    ask(one, "a")
    process = one._process.pid
    one.stop()
    one.discard()
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)
    with pytest.raises(WorkerFault) as fault:
        ask(one, "a")
    assert fault.value.accident == "stopped"


@given(st.binary(max_size=200))
def test_any_bytes_are_a_reply_or_refused(data):
    """Fails when what a worker sends can raise something else in its parent."""
    with suppress(BadFrame):
        assert isinstance(unpack(data, Reply), Reply)


def test_a_frame_is_read_back_and_one_too_long_is_not():
    page = Page("u", "t", "d", "text", (Link(0, 0, 1, "u", "d"),), "h", "at")
    head, body = frame_of(Reply(page=page))
    assert length_of(head, len(body)) == len(body)
    assert unpack(body, Reply) == Reply(page=page)
    with pytest.raises(LongFrame):
        length_of(head, len(body) - 1)
    with pytest.raises(BadFrame):
        unpack(body[:-1], Reply)
    with pytest.raises(BadFrame):
        unpack(frame_of({"page": {"url": 1}}).body, Reply)


def test_only_functions_are_loaded():
    assert load("env.documents:convert").__name__ == "convert"
    with pytest.raises(BadFrame):
        load("env.documents:LIMIT")
