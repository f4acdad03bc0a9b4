"""Sets are read once to be checked and again as a stream, with little in memory."""

import os
import subprocess
import sys
import tracemalloc
from hashlib import sha256

import pytest

from env.errors import ConfigError
from env.records import Question
from webqa.questions import named_by_content, read_questions, write_questions
from webqa.sets.opening import open_questions


def many(number, dataset="made"):
    return (Question(f"q{n}", f"Who keeps the gate {n}?", dataset, ("Ann",)) for n in range(number))


def test_its_figures(tmp_path):
    path = tmp_path / "set.jsonl"
    write_questions(path, many(30))
    opened = open_questions(str(path))
    digest = sha256(path.read_bytes()).hexdigest()
    assert (opened.name, opened.sha256) == (f"set.jsonl {digest}", digest)
    assert opened.name == named_by_content(path)
    assert len(opened) == opened.figures.count == opened.figures.rows == 30
    assert (opened.figures.accepted, opened.figures.written) == (30, 0)
    assert list(opened) == list(opened) == list(many(30)) == read_questions(path)


def test_the_sample_has_questions_unless_a_file_is_called_so(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert {one.dataset for one in open_questions("sample")} == {"sample"}
    write_questions(tmp_path / "sample", many(2))
    assert len(open_questions("sample")) == 2


def test_what_is_wrong_at_the_end_is_told_at_the_start(tmp_path):
    path = tmp_path / "set.jsonl"
    write_questions(path, [*many(30), next(many(1))])
    with pytest.raises(ConfigError, match="line 31, has the question id 'q0' twice"):
        open_questions(path)


def test_a_file_that_changes_is_noticed(tmp_path):
    path = tmp_path / "set.jsonl"
    write_questions(path, many(30))
    opened = open_questions(path)
    questions = iter(opened)
    next(questions)
    write_questions(path, many(31))
    with pytest.raises(ConfigError, match="has changed since it was opened"):
        list(questions)
    with pytest.raises(ConfigError, match="has changed since it was opened"):
        next(iter(opened))
    path.unlink()
    with pytest.raises(ConfigError, match="cannot read"):
        list(opened)
    with pytest.raises(ConfigError, match="cannot read"):
        open_questions(path)


def test_a_pipe_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for read in (open_questions, read_questions, named_by_content):
        with pytest.raises(ConfigError, match="is no file"):
            read(tmp_path / "pipe")


@pytest.mark.parametrize("form", ["lines", "document"])
def test_memory_does_not_grow_with_the_set(tmp_path, form):
    """Fails when rows, questions or ids as texts are kept."""

    def peak(number):
        path = tmp_path / f"{form}{number}"
        write_questions(path, many(number))
        if form == "document":
            lines = path.read_text().splitlines()
            path.write_text("[" + ",\n".join(lines) + "]")
            del lines
        tracemalloc.start()
        assert len(open_questions(path)) == number
        used = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return used

    # Beside the marks of the ids, 16 bytes each at most, twice while they grow.
    assert peak(15_000) - peak(5_000) < 15_000 * 40


@pytest.mark.slow
def test_a_million_lines(tmp_path):
    """Fails when a large set needs more than the marks of its ids, 16 MB and half of it to grow."""
    write_questions(tmp_path / "set", many(1_000_000))
    code = (
        "import resource, sys; from webqa.sets.opening import open_questions\n"
        "used = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "before, count = used(), len(open_questions(sys.argv[1]))\n"
        "print(count, (used() - before) // 1024)"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "set")]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)
    count, megabytes = map(int, ran.stdout.split())
    assert count == 1_000_000
    assert megabytes < 40


def test_a_set_that_cannot_be_written_leaves_nothing(tmp_path):
    def broken():
        yield from many(3)
        raise ConfigError("no more")

    write_questions(tmp_path / "out", many(2))
    with pytest.raises(ConfigError, match="no more"):
        write_questions(tmp_path / "out", broken())
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    assert read_questions(tmp_path / "out") == list(many(2))
    with pytest.raises(ConfigError, match="cannot write"):
        write_questions(tmp_path / "out" / "below", many(1))


def test_a_set_may_become_its_own_lines_in_place(tmp_path):
    path = tmp_path / "set"
    path.write_text("problem,answer\nWho keeps the gate?,Ann\n")
    write_questions(path, open_questions(path))
    assert read_questions(path)[0].dataset == "simpleqa"


def test_nothing_heavy_is_loaded():
    code = (
        "import sys, webqa.sets.opening;"
        "print([n for n in ('torch', 'numpy', 'datasets', 'huggingface_hub') if n in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
