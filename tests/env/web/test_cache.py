"""The page cache: hours, size, many processes, and every way in which its file can be bad."""

import os
import sqlite3
import subprocess
import sys
import zlib
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from env.records import Link, make_page, to_json
from env.web.cache import FILE, PageCache
from env.web.results import Result, results_page

ROOT = Path(__file__).parents[3]
URL = "https://water.example/a%20b"
PAGE = make_page(
    URL,
    "Water",
    "Water is wet. 天空\nIt flows.",
    domain="water.example",
    links=[Link(0, 0, 5, "https://a.example/wet", "a.example")],
    at="2026-01-01T00:00:00+00:00",
)


class Clock:
    """A clock that is set by hand."""

    now = 1_000_000.0

    def __call__(self):
        return self.now


@pytest.fixture
def open_cache(tmp_path):
    """Open caches over one folder, and close them at the end."""
    opened = []

    def start(path=tmp_path / "cache", **more):
        opened.append(PageCache(path, **more))
        return opened[-1]

    yield start
    for cache in opened:
        cache.close()


def numbered(number, size=1000):
    # Digits of a hash do not compress well: the size stays about what it says.
    text = "".join(f"{hash((number, n)) & 0xFFFFFFFF:08x}" for n in range(size // 4))
    return make_page(f"https://n.example/{number}", "N", text, domain="n.example")


def test_a_page_is_found_again_however_its_url_is_written(open_cache):
    """Fails when a page changes in the cache, or one page is fetched under two names."""
    cache = open_cache()
    assert cache.get(URL) is None
    cache.put(URL, PAGE)
    for url in (URL, "http://water.example:80/a b/", "HTTPS://Water.example/a%20b#part"):
        assert cache.get(url) == PAGE
    assert cache.get(URL + "?x=1") is None
    assert open_cache().get(URL) == PAGE  # another process, or another day
    assert cache.notes == ()
    newer = replace(PAGE, title="Newer")
    cache.put("http://water.example/a b", newer)
    assert open_cache().get(URL) == newer


def test_a_page_is_kept_for_some_hours(open_cache):
    """Fails when an old page is shown as if it were today's, or a clock put back keeps it."""
    clock = Clock()
    cache = open_cache(hours=2, clock=clock)
    cache.put(URL, PAGE)
    for passed, found in ((7199, PAGE), (7200, None), (-7200, None), (-60, PAGE)):
        clock.now = Clock.now + passed
        assert cache.get(URL) == found
    clock.now = Clock.now + 7200
    cache.put(URL, PAGE)
    assert cache.get(URL) == PAGE


def test_the_oldest_go_first_when_it_is_full(open_cache, tmp_path):
    """Fails when the cache grows without bound, or drops what was just read."""
    clock = Clock()
    cache = open_cache(megabytes=1, clock=clock)
    for number in range(300):
        clock.now += 1
        cache.put(f"https://n.example/{number}", numbered(number, 20_000))
    kept = [n for n in range(300) if cache.get(f"https://n.example/{n}")]
    assert kept == list(range(kept[0], 300))
    assert 40 < len(kept) < 150
    cache.close()
    assert sum(one.stat().st_size for one in (tmp_path / "cache").iterdir()) < 1_300_000


def test_old_pages_make_room_first(open_cache):
    """Fails when what nobody may see any more stays on the disk."""
    clock = Clock()
    cache = open_cache(hours=1, clock=clock)
    cache.put(URL, PAGE)
    clock.now += 3601
    again = open_cache(hours=1, clock=clock)
    again.put("https://n.example/1", numbered(1))
    again.close()
    file = sqlite3.connect(cache.path)
    assert file.execute("SELECT count(*) FROM pages").fetchone() == (1,)
    file.close()


def test_a_page_larger_than_the_cache_is_not_kept(open_cache):
    """Fails when one page throws out all the others."""
    cache = open_cache(megabytes=1)
    cache.put(URL, PAGE)
    cache.put("https://n.example/1", numbered(1, 4_000_000))
    assert cache.get("https://n.example/1") is None
    assert cache.get(URL) == PAGE
    nothing = open_cache(megabytes=0)
    nothing.put(URL, PAGE)


def test_nobody_else_may_read_it(open_cache):
    """Fails when what one user reads can be seen by others on the machine."""
    cache = open_cache()
    cache.put(URL, PAGE)
    modes = {one.name: one.stat().st_mode & 0o777 for one in cache.path.parent.iterdir()}
    assert set(modes.values()) == {0o600}
    assert f"{FILE}-wal" in modes
    assert cache.path.parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("tampered", ["text", "packed", "json", "kind"])
def test_a_row_that_was_tampered_with_is_dropped(open_cache, tampered):
    """Fails when a text is shown that does not have the hash it claims."""
    cache = open_cache()
    cache.put(URL, PAGE)
    forged = {
        "text": zlib.compress(to_json(replace(PAGE, text="Water is dry."))),
        "packed": b"xyz",
        "json": zlib.compress(b"[1]"),
        "kind": b"",
    }[tampered]
    file = sqlite3.connect(cache.path)
    file.execute("UPDATE pages SET page = ?", (forged,))
    file.commit()
    assert cache.get(URL) is None
    assert file.execute("SELECT count(*) FROM pages").fetchone() == (0,)
    file.close()
    cache.put(URL, PAGE)
    assert cache.get(URL) == PAGE


def filled(open_cache):
    cache = open_cache()
    for number in range(60):
        cache.put(f"https://n.example/{number}", numbered(number, 2000))
    cache.put(URL, PAGE)
    cache.close()
    return cache.path


def test_a_damaged_file_is_begun_anew_with_one_note(open_cache):
    """Fails when damage is an error for the user, or for ever."""
    path = filled(open_cache)
    data = bytearray(path.read_bytes())
    data[100:] = os.urandom(len(data) - 100)
    path.write_bytes(data)
    cache = open_cache()
    assert cache.get(URL) is None
    cache.put(URL, PAGE)
    assert cache.get(URL) == PAGE
    assert len(cache.notes) == 1
    assert "damaged" in cache.notes[0]
    assert open_cache().get(URL) == PAGE


def test_a_damaged_file_that_another_uses_is_left_alone(open_cache):
    """Fails when a file is taken away from under another process."""
    path = filled(open_cache)
    other = open_cache()
    data = path.read_bytes()
    path.write_bytes(data[:100] + b"\xff" * (len(data) - 100))
    cache = open_cache()
    assert cache.get(URL) is None
    cache.put(URL, PAGE)
    assert "is not used" in cache.notes[0]
    assert path.stat().st_size == len(data)
    other.get(URL)
    other.put(URL, PAGE)


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_any_change_of_the_file_is_survived(tmp_path_factory, data):
    """Fails when a bad file raises anything, or gives a page that nobody put in."""
    folder = tmp_path_factory.mktemp("cache")
    cache = PageCache(folder)
    for number in range(8):
        cache.put(f"https://n.example/{number}", numbered(number, 3000))
    cache.close()
    raw = bytearray(cache.path.read_bytes())
    if data.draw(st.booleans()):
        del raw[data.draw(st.integers(0, len(raw))) :]
    for _ in range(data.draw(st.integers(0, 20))):
        if raw:
            raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    cache.path.write_bytes(raw)
    cache = PageCache(folder)
    pages = [numbered(number, 3000) for number in range(8)]
    for page in pages:
        assert cache.get(page.url) in (None, *pages)
    cache.put(URL, PAGE)
    assert cache.get(URL) in (None, PAGE)
    assert len(cache.notes) <= 1
    cache.close()


@pytest.mark.parametrize("content", [b"some text\n" * 500, b"SQLite format 3\0" + bytes(500)])
def test_a_file_of_somebody_else_is_never_touched(open_cache, tmp_path, content):
    """Fails when a wrong name costs a user a file."""
    path = tmp_path / "notes.sqlite"
    path.write_bytes(content)
    cache = open_cache(path)
    cache.put(URL, PAGE)
    assert cache.get(URL) is None
    assert len(cache.notes) == 1
    assert "\n" not in cache.notes[0]
    cache.close()
    assert path.read_bytes() == content


def test_another_database_is_never_touched(open_cache, tmp_path):
    """Fails when tables of ours appear in a database of somebody else."""
    path = tmp_path / "other.sqlite"
    file = sqlite3.connect(path)
    file.execute("CREATE TABLE pages (id)")
    file.commit()
    file.close()
    before = path.read_bytes()
    cache = open_cache(path)
    cache.put(URL, PAGE)
    assert (cache.get(URL), len(cache.notes)) == (None, 1)
    assert path.read_bytes() == before


def test_a_place_that_cannot_be_written_is_one_note(open_cache, tmp_path):
    """Fails when a bad folder ends a run."""
    (tmp_path / "file").write_text("x")
    (tmp_path / "folder.sqlite").mkdir()
    for path in (tmp_path / "file" / "below", tmp_path / "file" / "x" / "y.sqlite", "/dev/null/x"):
        cache = open_cache(path)
        cache.put(URL, PAGE)
        assert cache.get(URL) is None
        assert len(cache.notes) == 1
        assert "is not used" in cache.notes[0]


def test_a_file_that_another_holds_is_passed_over_and_used_again(open_cache):
    """Fails when a locked file raises, blocks for long, or is given up for good."""
    cache = open_cache()
    cache.put(URL, PAGE)
    other = sqlite3.connect(cache.path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    cache.put(URL, replace(PAGE, title="Newer"))
    assert cache.get(URL) in (None, PAGE)
    other.execute("ROLLBACK")
    other.close()
    cache.put(URL, replace(PAGE, title="Newer"))
    assert cache.get(URL).title == "Newer"
    assert cache.notes == ()


def test_a_cache_of_another_format_is_begun_anew(open_cache):
    """Fails when an old cache raises, or is read wrongly."""
    path = filled(open_cache)
    file = sqlite3.connect(path)
    file.execute("PRAGMA user_version = 99")
    file.close()
    cache = open_cache()
    assert cache.get(URL) is None
    assert "another version" in cache.notes[0]
    cache.put(URL, PAGE)
    assert cache.get(URL) == PAGE


def test_what_no_file_can_hold_is_not_kept(open_cache):
    """Fails when half a surrogate pair raises."""
    cache = open_cache()
    cache.put(URL, replace(PAGE, title="\ud800"))
    cache.put("https://a.example/\ud800", PAGE)
    assert cache.get("https://a.example/\ud800") == PAGE
    assert cache.get(URL) is None
    found = results_page("water", [Result(URL, "Water", "water.example", "Wet.")])
    cache.put(found.url, found)
    assert cache.get(found.url) == found


def test_after_closing_there_is_nothing(open_cache):
    """Fails when a late writer meets a closed file and raises."""
    cache = open_cache()
    cache.put(URL, PAGE)
    cache.close()
    cache.close()
    cache.put(URL, PAGE)
    assert cache.get(URL) is None
    assert cache.notes == ()


MANY = """
import sys
from env.web.cache import PageCache
from env.records import make_page

cache = PageCache(sys.argv[1])
for n in range(150):
    url = f"https://n.example/{n}"
    page = make_page(url, "N", f"Text {n}. " * (n + 1), domain="n.example")
    found = cache.get(url)
    assert found in (None, page)
    cache.put(url, page)
cache.close()
print(*cache.notes)
"""


def test_several_processes_use_it_at_once(tmp_path):
    """Fails when one of them gets an error, a note or a wrong page."""
    children = [
        subprocess.Popen([sys.executable, "-W", "error", "-c", MANY, str(tmp_path / "cache")],
                         cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        for _ in range(4)
    ]  # fmt: skip
    assert [child.communicate(timeout=60)[0].strip() for child in children] == [""] * 4
    cache = PageCache(tmp_path / "cache")
    found = [n for n in range(150) if cache.get(f"https://n.example/{n}")]
    cache.close()
    assert len(found) > 140
