"""JSON lines that survive a crash at any byte."""

from pathlib import Path

import pytest

from env import jsonl
from env.errors import ConfigError, RecordError
from env.records import Completion, to_json

RECORDS = [Completion("one"), Completion("zwei ü\n"), Completion("three", (1, 2), (-0.5, -1.0))]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "records.jsonl"


def texts(path):
    return list(jsonl.read(path, Completion))


def test_appended_records_are_read_back(path):
    for record in RECORDS:
        jsonl.append(path, record)
    assert texts(path) == RECORDS
    assert path.read_bytes().count(b"\n") == len(RECORDS)


def test_truncated_at_every_byte_only_the_torn_line_is_lost(path):
    lines = [to_json(record) + b"\n" for record in RECORDS]
    whole = b"".join(lines)
    for size in range(len(whole) + 1):
        path.write_bytes(whole[:size])
        complete = whole[:size].count(b"\n")
        assert texts(path) == RECORDS[:complete]
        if size < len(lines[0]) + len(lines[1]):
            continue  # each append waits for the disk
        jsonl.append(path, Completion("new"))
        assert texts(path) == [*RECORDS[:complete], Completion("new")]


def test_a_torn_line_longer_than_a_block_is_cut_off(path):
    jsonl.append(path, RECORDS[0])
    with path.open("ab") as file:
        file.write(b"x" * 200_000)
    jsonl.append(path, RECORDS[1])
    assert texts(path) == RECORDS[:2]


def test_a_bad_line_in_the_middle_is_named(path):
    path.write_bytes(b'{"text":"a"}\n\n{"text":1}\n{"text":"b"}\n')
    records = jsonl.read(path, Completion)
    assert next(records) == Completion("a")
    with pytest.raises(RecordError, match=r"records\.jsonl, line 3: "):
        next(records)


def test_a_byte_order_mark_is_refused_with_its_place(path):
    path.write_bytes(b'\xef\xbb\xbf{"text":"a"}\n')
    with pytest.raises(RecordError, match="line 1: not a record of kind Completion"):
        texts(path)


def test_line_ends_of_other_systems_and_blank_lines_are_read(path):
    path.write_bytes(b'{"text":"a"}\r\n\r\n{"text":"b"}\r\n')
    assert texts(path) == [Completion("a"), Completion("b")]


def test_a_file_that_is_not_there_or_not_writable_is_named(path, tmp_path):
    with pytest.raises(ConfigError, match=r"cannot read .*records\.jsonl"):
        texts(path)
    with pytest.raises(ConfigError, match="cannot write"):
        jsonl.append(tmp_path, Completion("a"))
    with pytest.raises(ConfigError, match="cannot write"):
        jsonl.append(tmp_path / "no" / "such.jsonl", Completion("a"))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_is_one_clear_line():
    with pytest.raises(ConfigError, match="No space left"):
        jsonl.append(Path("/dev/full"), Completion("a"))


def test_a_record_that_cannot_be_written_leaves_the_file_whole(path):
    jsonl.append(path, RECORDS[0])
    with pytest.raises(RecordError):
        jsonl.append(path, Completion("\ud800"))
    assert texts(path) == RECORDS[:1]
