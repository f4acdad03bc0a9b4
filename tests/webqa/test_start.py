"""Starting the program: what it imports, how it ends, where the sample web's index lies."""

import json
import os
import subprocess
import sys

import pytest

from env.records import WebIdentity
from webqa.cli.exits import Exit
from webqa.run import Run, Settings, read_episodes

HEAVY = ("torch", "transformers", "faiss", "numpy", "trafilatura", "jinja2", "rich.markdown")


def test_asking_imports_nothing_heavy(program, web):
    """Fails when a start of `webqa ask` pays for what it does not need."""
    code = (
        "from webqa.cli import main; code = main(); "
        f"print([name for name in {HEAVY} if name in sys.modules], file=sys.stderr)"
    )
    done = program("ask", "Why is the sky blue?", "--web", web, code=code)
    assert done.stderr.strip() == "[]"


def test_importing_webqa_imports_nothing_else(program):
    """Fails when `import webqa` does work."""
    code = "import webqa; print('env.records' in sys.modules, webqa.ask.__name__)"
    assert program(code=code).stdout.split() == ["False", "ask"]


def test_the_sample_web_is_indexed_once(program, tmp_path):
    """Fails when the cache is not used, or its making is not said on standard error."""
    first = program("ask", "Why is the sky blue?", "--json")
    assert first.returncode == Exit.DONE
    assert first.stderr.count("\n") == 1
    assert "Indexing the sample web" in first.stderr
    again = program("ask", "Why is the sky blue?", "--json")
    assert (again.stdout, again.stderr) == (first.stdout, "")
    assert [path.name[:7] for path in (tmp_path / "cache" / "webqa").iterdir()] == ["sample-"]


def test_a_cache_that_cannot_be_written_does_not_matter(program, tmp_path):
    """Fails when a read-only home keeps the sample web from being asked."""
    (tmp_path / "file").touch()
    (tmp_path / "scratch").mkdir()
    done = program(
        "ask",
        "Why is the sky blue?",
        XDG_CACHE_HOME=str(tmp_path / "file"),
        TMPDIR=str(tmp_path / "scratch"),
    )
    assert done.returncode == Exit.DONE
    assert "cannot be written" in done.stderr
    assert not list((tmp_path / "scratch").iterdir())


def test_a_question_is_read_from_standard_input(program, web):
    """Fails when a pipe is taken for a person, or only its first line is read."""
    done = program("ask", "--web", web, "--json", stdin="Why is\nthe sky blue?\n")
    assert json.loads(done.stdout)["question"] == "Why is\nthe sky blue?"
    assert program("ask", "--web", web, stdin="").returncode == Exit.ERROR


def test_a_closed_pipe_is_quiet(web):
    """Fails when `webqa ... | head` ends in a traceback."""
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-m", "webqa", "ask", "Why is the sky blue?", "--web", str(web)],
        stdout=writing,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(writing)
    assert done.stderr == b""
    assert done.returncode == Exit.BROKEN_PIPE


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")  # noqa: PTH110
def test_a_full_disk_is_one_line(web):
    """Fails when output that cannot be written ends in a traceback or in success."""
    with open("/dev/full", "w") as full:  # noqa: PTH123
        done = subprocess.run(
            [sys.executable, "-m", "webqa", "ask", "Why is the sky blue?", "--web", str(web)],
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
            text=True,
        )
    assert done.returncode == Exit.ERROR
    assert done.stderr.count("\n") == 1
    assert "No space left" in done.stderr


def test_the_version_is_told(program):
    """Fails when `--version` is missing."""
    assert program("--version").stdout.startswith("webqa 0.")


def test_help_explains_the_exit_codes(program):
    """Fails when a code is not explained where people look."""
    out = program("--help").stdout
    for code in Exit:
        assert f"{code.value}:" in out


def test_help_whose_reader_went_away_is_a_broken_pipe(tmp_path):
    """Fails when `webqa --help | true` ends as an error without a word."""
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as gone:
        done = subprocess.run(
            [sys.executable, "-m", "webqa", "--help"],
            stdout=gone, stderr=subprocess.PIPE, check=False, timeout=60,
        )  # fmt: skip
    assert (done.returncode, done.stderr) == (Exit.BROKEN_PIPE, b"")


def test_an_episode_is_recorded_when_the_reader_of_the_answer_went_away(web, tmp_path):
    """Fails when `webqa ask --save RUN | head -1` loses the record."""
    reading, writing = os.pipe()
    os.close(reading)
    run = tmp_path / "run"
    arguments = ["ask", "Why is the sky blue?", "--web", str(web), "--save", str(run)]
    with os.fdopen(writing, "w") as gone:
        done = subprocess.run(
            [sys.executable, "-m", "webqa", *arguments],
            stdout=gone, stderr=subprocess.PIPE, check=False, timeout=60,
        )  # fmt: skip
    assert done.returncode == Exit.BROKEN_PIPE
    assert len(list(read_episodes(run))) == 1


def test_a_run_without_an_episode_is_not_called_verified(program, tmp_path):
    """Fails when `verify` says that all is well where there was nothing to check."""
    settings = Settings("typed", "scripted", WebIdentity("memory"))
    with Run(tmp_path / "run", settings, web_name="none"):
        pass
    done = program("verify", tmp_path / "run")
    assert done.returncode == Exit.ERROR
    assert done.stderr.endswith("holds no episode, so there is nothing to check\n")
