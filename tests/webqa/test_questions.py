"""Question files: every usual form is read, every fault is named with its line."""

import json

import pytest

from env.errors import ConfigError
from env.records import Question, to_json
from webqa.questions import read_questions


def written(folder, *rows):
    path = folder / "questions.jsonl"
    path.write_text("\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows))
    return path


def test_our_own_records_and_the_usual_keys_are_read(tmp_path):
    own = Question("q1", "Why?", "made", ("because",), ("Because it is so.",))
    usual = {"id": 7, "question": "Who?", "answers": ["Ann"], "support": ["https://a.example/"]}
    path = written(tmp_path, to_json(own).decode(), "", usual)
    assert read_questions(path) == [own, Question("7", "Who?", accepted=("Ann",))]


def test_a_question_without_an_id_always_gets_the_same(tmp_path):
    first, second = (read_questions(written(tmp_path, {"question": "Who?"})) for _ in range(2))
    assert first == second
    assert first[0].id


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        ("{", "line 2"),
        ("[1]", "an object is expected, not list"),
        ('{"question": " "}', "needs a text"),
        ('{"question": 3}', "needs a text"),
        ('{"question": "Who?", "answers": "Ann"}', "must be a list of texts"),
        ('{"id": "q1", "question": "Who?"}', "'q1' twice"),
        ("[" * 100_000, "line 2"),
    ],
)
def test_what_is_no_question_is_named(tmp_path, row, complaint):
    path = written(tmp_path, {"id": "q1", "question": "Why?"}, row)
    with pytest.raises(ConfigError, match=complaint):
        read_questions(path)


def test_a_file_that_is_empty_missing_or_no_text_is_refused(tmp_path):
    (tmp_path / "bytes").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="not UTF-8"):
        read_questions(tmp_path / "bytes")
    with pytest.raises(ConfigError, match="No such file"):
        read_questions(tmp_path / "missing")
    with pytest.raises(ConfigError, match="holds no question"):
        read_questions(written(tmp_path, ""))
