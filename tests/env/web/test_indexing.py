"""Building an index: complete or not there, going on after a kill, telling what was left out."""

import gzip
import json
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from env.errors import ConfigError
from env.records import make_page
from env.web import indexing, inverted
from env.web.corpus import Corpus
from env.web.folder import building, describe, naming_full_disk, places
from env.web.indexing import IndexConfig, build_index
from env.web.store import Store, pack

ROOT = Path(__file__).parents[3]
MANY = 450
KILLED = """
import os, signal, sys
from pathlib import Path
from env.web.indexing import IndexConfig, build_index

def progress(at):
    if at.stage == sys.argv[3]:
        os.kill(os.getpid(), signal.SIGKILL)

if __name__ == "__main__":
    build_index([Path(sys.argv[1])], Path(sys.argv[2]), IndexConfig(workers=1), progress=progress)
"""


def lines(count, word="alpha"):
    return "".join(
        json.dumps({"url": f"https://a.example/{n}", "title": f"Page {n}", "text": f"{word} {n}."})
        + "\n"
        for n in range(count)
    )


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "pages.jsonl"
    path.write_text(lines(5))
    return path


def test_everything_is_counted_and_listed(tmp_path):
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / "a.html").write_text(
        "<title>Anna</title><h1>Anna</h1><p>Anna met <a href='b.html'>Bob</a> on a boat.</p>"
    )
    (folder / "empty.html").write_text("")
    (folder / "logo.png").write_bytes(b"\x89PNG\r\n\x1a\n\0\0")
    more = tmp_path / "more.jsonl"
    more.write_text(
        json.dumps({"url": "https://site.example/a.html#top", "title": "Again", "text": "Anna."})
        + "\n"
        + json.dumps({"url": "https://site.example/c", "title": "C", "text": "Carla sings."})
        + "\n"
        + '{"url": "torn'
    )
    out = tmp_path / "out"
    report = build_index([folder, more], out, IndexConfig(url_prefix="https://site.example/"))
    assert report.pages == 2
    assert report.links == 1
    assert report.skipped == {
        "broken line": 1,
        "duplicate URL": 1,
        "empty file": 1,
        "not a document": 1,
    }
    assert report.examples["duplicate URL"] == ("https://site.example/a.html#top",)
    listed = [json.loads(line) for line in (out / "skipped.jsonl").read_text().splitlines()]
    assert len(listed) == 4
    assert describe(out).skipped == report.skipped
    assert Corpus(out).find("Anna")[0].url == "https://site.example/a.html"


def test_the_same_pages_have_the_same_hash_in_any_order(tmp_path, source):
    backwards = tmp_path / "backwards.jsonl"
    backwards.write_text("".join(reversed(source.read_text().splitlines(keepends=True))))
    build_index([source], tmp_path / "one")
    build_index([backwards], tmp_path / "two")
    assert describe(tmp_path / "one").sha256 == describe(tmp_path / "two").sha256


@pytest.mark.parametrize("stage", ["convert", "index"])
def test_a_killed_build_goes_on_and_leaves_the_old_index_alone(tmp_path, source, stage):
    out = tmp_path / "out"
    build_index([source], out)
    old = describe(out)
    many = tmp_path / "many.jsonl"
    many.write_text(lines(MANY, "beta"))
    script = tmp_path / "killed.py"
    script.write_text(KILLED)
    command = [sys.executable, script, many, out, stage]
    killed = subprocess.run(command, cwd=ROOT, env={"PYTHONPATH": str(ROOT)}, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert describe(out) == old
    assert Corpus(out).find("alpha")
    assert building(out).exists()

    report = build_index([many], out)
    assert report.pages == MANY
    assert "went on" in report.notes[0]
    assert not building(out).exists()
    build_index([many], tmp_path / "fresh")
    assert describe(out) == describe(tmp_path / "fresh")
    assert len(Corpus(out).find("beta 7")) == 10


def test_converted_pages_are_not_converted_again(tmp_path, source):
    def fail(data, **_):
        raise AssertionError("converted again")

    class Interrupted(Exception):
        pass

    def interrupt(at):
        if at.stage == "convert":
            raise Interrupted

    out = tmp_path / "out"
    with pytest.raises(Interrupted):
        build_index([source], out, progress=interrupt)
    assert build_index([source], out, convert=fail).pages == 5


def test_an_interrupted_build_of_other_sources_is_replaced(tmp_path, source):
    out = tmp_path / "out"

    def interrupt(at):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build_index([source], out, progress=interrupt)
    assert building(out).exists()
    other = tmp_path / "other.jsonl"
    other.write_text(lines(2, "gamma"))
    report = build_index([other], out)
    assert report.pages == 2
    assert "other sources" in report.notes[0]


def test_indexing_goes_on_after_what_was_committed(tmp_path):
    store = Store(tmp_path, writable=True)

    def add(number):
        text = f"# Head\n\nThe word{number} stands here.\n\n## More\n\nAnd again word{number}."
        store.add(pack(make_page(f"https://a.example/{number}", "T", text, domain="a.example")))

    for number in range(3):
        add(number)
    inverted.write(tmp_path, store, 1, lambda done: None)
    for number in range(3, 5):
        add(number)
    inverted.write(tmp_path, store, 1, lambda done: None)
    passages = inverted.Inverted(tmp_path / inverted.PASSAGES)
    pages = inverted.Inverted(tmp_path / inverted.PAGES)
    assert (passages.size, pages.size) == (10, 5)
    assert [hit.page for hit in pages.search(["word4"], 9)] == [5]
    assert len(passages.search(["word1"], 9)) == 2
    store.close()


def test_a_folder_that_is_no_index_is_not_touched(tmp_path, source):
    out = tmp_path / "precious"
    out.mkdir()
    (out / "thesis.txt").write_text("years of work")
    with pytest.raises(ConfigError, match="not an index"):
        build_index([source], out)
    assert (out / "thesis.txt").read_text() == "years of work"


def test_an_exchange_that_was_interrupted_is_finished(tmp_path, source):
    out = tmp_path / "out"
    build_index([source], out)
    out.rename(tmp_path / "out.replaced")
    build_index([source], out)
    assert describe(out).pages == 5
    assert not (tmp_path / "out.replaced").exists()


def test_nothing_readable_is_an_error_that_says_why(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "empty.txt").write_text("")
    with pytest.raises(ConfigError, match="empty file: 1"):
        build_index([tmp_path / "in"], tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_truncated_archive_keeps_the_rest(tmp_path):
    path = tmp_path / "pages.jsonl.gz"
    path.write_bytes(gzip.compress(lines(400).encode(), mtime=0)[:-100])
    report = build_index([path], tmp_path / "out", IndexConfig(workers=1))
    assert report.pages > 100
    assert report.skipped["broken compression"] == 1


def test_a_full_disk_is_named(tmp_path):
    with pytest.raises(ConfigError, match="make room"), naming_full_disk(tmp_path / "out"):
        raise sqlite3.OperationalError("database or disk is full")
    with pytest.raises(ConfigError, match="make room"), naming_full_disk(tmp_path / "out"):
        raise OSError(28, "No space left on device")
    with pytest.raises(ValueError, match="else"), naming_full_disk(tmp_path / "out"):
        raise ValueError("something else")


def test_an_index_inside_its_source_is_no_part_of_it(tmp_path):
    """Fails when `webqa index . -o index` reads its own index, or never goes on after a stop."""
    (tmp_path / "a.md").write_text("# Zebras\n\nZebras run.\n")
    out = tmp_path / "index"
    first = build_index([tmp_path], out)
    again = build_index([tmp_path], out)
    assert (first.pages, first.skipped) == (again.pages, again.skipped) == (1, {})
    before = indexing._identity([tmp_path], places(out), IndexConfig(), None)
    building(out).mkdir()
    (building(out) / "pages.sqlite").write_bytes(b"grows")
    assert indexing._identity([tmp_path], places(out), IndexConfig(), None) == before


def test_nothing_is_left_where_no_page_was_read(tmp_path):
    """Fails when an index that cannot be made litters the place beside it."""
    source = tmp_path / "source"
    source.mkdir()
    (source / "empty.html").touch()
    with pytest.raises(ConfigError, match="name a folder or file that holds some"):
        build_index([source], tmp_path / "index")
    assert [path.name for path in tmp_path.iterdir()] == ["source"]


def test_progress_ends_at_the_whole(source, tmp_path):
    """Fails when the bar of a finished build stops short of its end."""
    seen = []
    build_index([source], tmp_path / "index", progress=seen.append)
    assert [(one.done, one.total) for one in seen if one.stage == "index"][-1] == (5, 5)
