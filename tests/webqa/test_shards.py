"""Parts of an evaluation: every question is in one, and which a folder holds is known."""

import pytest

from env.errors import ConfigError, RecordError
from webqa.evaluating import remaining
from webqa.shards import (
    PARTS,
    EvalConfig,
    is_in_shard,
    missing_shards,
    note_whole,
    part_of_shard,
    read_parts,
)


def test_each_question_is_in_one_shard_and_the_first_are_taken():
    names = [f"question {number}" for number in range(200)]
    for of in (1, 2, 3):
        parts = [
            [one for one in names if is_in_shard(one, number, of)] for number in range(1, of + 1)
        ]
        assert sorted(one for part in parts for one in part) == sorted(names)
        assert all(len(part) > 40 for part in parts)
    assert part_of_shard("2/3") == (2, 3)
    with pytest.raises(ConfigError):
        part_of_shard("2/1")
    assert list(remaining([], EvalConfig(), "run", ())) == []


def test_a_part_is_noted_once_and_the_last_note_of_a_shard_counts(tmp_path):
    assert read_parts(tmp_path) == {}
    assert missing_shards(tmp_path) == []
    few, more = EvalConfig(shard="2/3"), EvalConfig(attempts=2, shard="02/3")
    for part in (few, few, more):
        note_whole(tmp_path, part)
    assert (tmp_path / PARTS).read_text().count("\n") == 2
    assert read_parts(tmp_path) == {(2, 3): more}
    assert missing_shards(tmp_path) == ["1/3", "3/3"]


def test_a_line_that_is_no_part_is_told(tmp_path):
    (tmp_path / PARTS).write_text('{"shard": 1}\n')
    with pytest.raises(RecordError, match="line 1"):
        read_parts(tmp_path)
