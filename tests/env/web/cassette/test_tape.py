"""The file of a cassette: damaged anywhere, cut anywhere, full disks, two writers."""

import errno
import os
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from env.errors import ConfigError, Error
from env.records import WebIdentity
from env.web.cassette.file import Disk
from env.web.cassette.lines import Header, Reply, keep_page, sealed
from env.web.cassette.tape import Given, Tape
from tests.env.web.cassette.tapes import FIRE, LONG, WATER, exchange

HEADER = Header(begun_at="2026-01-01T00:00:00+00:00", web=WebIdentity("live", "a" * 64))
QUICK = Disk(fsync=lambda file: None)
"""Thousands of files would be waited for otherwise."""
NEW = "https://new.example/"


def reply(page, asked=None):
    kept = keep_page(page)
    return Given(Reply("open", asked or page.url, kept.name.id), kept)


def fill(path, disk=QUICK, pages=(WATER, FIRE, LONG)):
    tape = Tape(path, HEADER, disk)
    for page in pages:
        tape.append([exchange(page.url, page.text.encode()[:60])], [reply(page)])
    tape.close()
    return path.read_bytes()


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """The bytes of a sound cassette."""
    return fill(tmp_path_factory.mktemp("sound") / "a.cassette")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "a.cassette"


def served(tape):
    """Return what a tape replies, page by page; each is checked against what was recorded."""
    pages = {page.url: page for page in (WATER, FIRE, LONG)}
    found = [one.asked for one in tape.replies if one.asked != NEW]
    for one in tape.replies:
        if one.asked != NEW:
            assert tape.page(one.page) == pages[one.asked]
    list(tape.exchanges())
    return found


def goes_on(path):
    """Record one more reply, and return what the file replies then."""
    tape = Tape(path, HEADER, QUICK)
    said = tape.notes
    tape.append([], [reply(FIRE, NEW)])
    tape.close()
    again = Tape(path)
    assert again.notes == ()
    assert again.page(again.reply("open", NEW).page) == FIRE
    found = served(again)
    again.close()
    return found, said


def test_what_is_recorded_is_read_back_and_stored_once(path):
    """Fails when a page, an exchange or its body changes on the way, or is stored twice."""
    body = bytes(range(256)) * 20
    odd = replace(exchange(WATER.url, body), request_body=b"\xff", headers=(("x-ü", "ÿ"),))
    tape = Tape(path, HEADER)
    tape.append([odd, exchange(FIRE.url, b""), odd], [reply(WATER)])
    size = path.stat().st_size
    tape.append([odd], [reply(FIRE, WATER.url)])
    tape.append([], [])
    assert path.stat().st_size == size
    tape.append([], [reply(WATER, NEW)])
    assert len(tape.pages) == 1
    for opened in (tape, Tape(path)):
        assert list(opened.exchanges()) == [odd, exchange(FIRE.url, b"")]
        assert served(opened)[0] == WATER.url
        assert opened.header == HEADER
        opened.close()


def test_two_pages_of_one_text_are_two_pages(path):
    """Fails when pages are told apart by their text alone."""
    twin = replace(WATER, url="https://www.water.example/", links=())
    tape = Tape(path, HEADER, QUICK)
    tape.append([], [reply(WATER), reply(twin)])
    assert tape.page(tape.reply("open", twin.url).page) == twin
    assert tape.page(tape.reply("open", WATER.url).page) == WATER
    assert tape.page(tape.texts[WATER.sha256]) == WATER
    tape.close()


def test_cut_anywhere_the_beginning_is_used(path, sound):
    """Fails when a crash or a broken copy costs more than the last line, or is not told."""
    starts = [number + 1 for number, byte in enumerate(sound) if byte == 10]
    asked = {path.url: sound.index(f'"reply":{{"call":"open","asked":"{path.url}'.encode())
             for path in (WATER, FIRE, LONG)}  # fmt: skip
    for size in range(len(sound)):
        path.write_bytes(sound[:size])
        if size < starts[0]:
            with pytest.raises(ConfigError, match=r"empty|damaged in its first|no cassette"):
                Tape(path)
            continue
        tape = Tape(path)
        whole = max(start for start in starts if start <= size)
        expected = [url for url, at in asked.items() if at < whole]
        assert served(tape) == expected
        assert bool(tape.notes) == (size != whole)
        tape.close()


def test_cut_anywhere_recording_goes_on(path, sound):
    """Fails when what is recorded after a crash cannot be read."""
    for size in range(len(sound)):
        path.write_bytes(sound[:size])
        found, said = goes_on(path)
        assert found == [url.url for url in (WATER, FIRE, LONG)][: len(found)]
        assert bool(said) == (size > 0 and sound[size - 1] != 10)
        for beside in path.parent.glob("*.lost-*"):
            assert beside.read_bytes() == sound[:size]  # a first line that was cut
            beside.unlink()


@settings(deadline=None)
@given(st.data())
def test_a_changed_byte_never_gives_a_wrong_page(tmp_path_factory, sound, data):
    """Fails when damage is served, or raises anything but an error of ours."""
    path = tmp_path_factory.getbasetemp() / "flipped.cassette"
    changed = bytearray(sound)
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(changed) - 1))
        changed[place] ^= 1 << data.draw(st.integers(0, 7))
    path.write_bytes(changed)
    try:
        tape = Tape(path)
    except Error:
        return
    served(tape)
    assert tape.notes or bytes(changed) == sound
    tape.close()
    goes_on(path)


@settings(deadline=None)
@given(st.data())
def test_a_file_that_changes_while_it_is_open_is_told(tmp_path_factory, sound, data):
    """Fails when a page is believed because its line was sound some time ago."""
    path = tmp_path_factory.getbasetemp() / "changing.cassette"
    path.write_bytes(sound)
    tape = Tape(path)
    start = data.draw(st.integers(0, len(sound) - 1))
    changed = bytearray(sound)
    changed[start : start + 200] = data.draw(st.binary(max_size=200))
    path.write_bytes(changed)
    try:
        served(tape)
    except ConfigError as error:
        assert "was changed while it was in use" in str(error)  # noqa: PT017
    tape.close()


def test_damage_in_the_middle_is_told_and_moved_aside(path, sound):
    """Fails when what stands behind the damage is lost for good, or the loss is not told."""
    lines = sound.splitlines(keepends=True)
    total = len(lines) - 1
    damaged = b"".join([*lines[:7], b"garbage\n", *lines[7:]])
    path.write_bytes(damaged)
    tape = Tape(path)
    lost = total - 6 + 1
    assert tape.notes == (f"{lost} of {total + 1} records of {path} are lost: line 8 is damaged",)
    assert served(tape) == [WATER.url]
    tape.close()
    assert path.read_bytes() == damaged  # reading mends nothing
    found, said = goes_on(path)
    assert found == [WATER.url]
    assert said[0].endswith("; from there on it was moved to a.cassette.lost-1")
    assert path.with_name("a.cassette.lost-1").read_bytes() == b"".join([b"garbage\n", *lines[7:]])
    path.write_bytes(damaged)
    assert goes_on(path)[1][0].endswith("lost-2")  # and never over an earlier one


@pytest.mark.parametrize("change", ["swapped", "left out", "doubled", "zeros", "another header"])
def test_lines_that_are_sound_alone_must_follow_one_another(path, sound, change):
    """Fails when a line that was lost or added goes unnoticed because the others are sound."""
    lines = sound.splitlines(keepends=True)
    made = {
        "swapped": [*lines[:3], lines[4], lines[3], *lines[5:]],
        "left out": lines[:3] + lines[4:],
        "doubled": [*lines[:3], lines[2], *lines[3:]],
        "zeros": [*lines[:3], b"\0" * 5000],
        "another header": [*lines[:3], *lines],
    }
    path.write_bytes(b"".join(made[change]))
    tape = Tape(path)
    assert len(tape.notes) == 1
    assert tape.replies == ()
    tape.close()
    goes_on(path)


def test_a_reply_without_its_page_is_damage(path):
    """Fails when a checksum alone makes a line believed."""
    lines, checksum = [], 0
    for json in (b'{"header":{"format":"webqa cassette","version":1,"web":{"kind":"x"}}}',
                 b'{"reply":{"call":"open","asked":"u","page":"0"}}'):  # fmt: skip
        line, checksum = sealed(json, checksum)
        lines.append(line)
    path.write_bytes(b"".join(lines))
    tape = Tape(path)
    assert (tape.replies, len(tape.notes)) == ((), 1)
    tape.close()


def test_line_ends_and_marks_of_an_editor_do_no_harm(path, sound):
    """Fails when a cassette that went through a Windows editor or git is lost."""
    path.write_bytes(b"\xef\xbb\xbf" + sound.replace(b"\n", b"\r\n") + b"\r\n\n")
    tape = Tape(path)
    assert (served(tape), tape.notes) == ([WATER.url, FIRE.url, LONG.url], ())
    tape.close()
    assert goes_on(path)[0] == [WATER.url, FIRE.url, LONG.url]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "is empty: record to it with --record first"),
        (b"<html>", "is no cassette"),
        (b"\n\n", "is no cassette"),
        (b"\0" * 3000, "is no cassette"),
        (b"x" * 3_000_000, "is no cassette"),
        (b'{"id": 1}\n{"id": 2}\n', "is no cassette"),
        (sealed(b'{"header":{"format":"webqa cassette","version":2,"web":{"kind":"x"}}}', 0)[0],
         "of format 2, this version reads up to 1: update webqa"),
        (sealed(b'{"header":{"format":"other","version":1,"web":{"kind":"x"}}}', 0)[0],
         "is no cassette"),
        (sealed(b'{"header":{"format":"webqa cassette","version":1}}', 0)[0], "in its first line"),
    ],
)  # fmt: skip
def test_what_is_no_cassette_is_refused_and_left_alone(path, content, told):
    """Fails when another file is taken for a cassette, or worse, written over."""
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=told):
        Tape(path)
    if content:
        with pytest.raises(ConfigError):
            Tape(path, HEADER)
    assert path.read_bytes() == content


def test_what_cannot_be_opened_is_told_in_a_line(tmp_path):
    """Fails when a wrong name gives a traceback, or a pipe hangs."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "file").write_text("x")
    for name in ("missing", "", "pipe", "file/below"):
        with pytest.raises(ConfigError) as told:
            Tape(tmp_path / name)
        assert "\n" not in str(told.value)
    for name in ("", "pipe", "no/folder", "file/below"):
        with pytest.raises(ConfigError) as told:
            Tape(tmp_path / name, HEADER)
        assert "\n" not in str(told.value)


def test_two_processes_do_not_record_at_once(path):
    """Fails when two writers mix their lines."""
    tape = Tape(path, HEADER)
    with pytest.raises(ConfigError, match="another process is recording to"):
        Tape(path, HEADER)
    Tape(path).close()  # reading is no harm
    tape.close()
    Tape(path, HEADER).close()


def test_another_web_is_not_recorded_to_the_same_file(path):
    """Fails when pages of two webs are mixed, of which the first would hide the other's."""
    fill(path)
    for other in (replace(HEADER, web=WebIdentity("corpus")), replace(HEADER, encoder="mini")):
        with pytest.raises(ConfigError, match="was recorded from another web"):
            Tape(path, other)
    Tape(path, replace(HEADER, begun_at="later", webqa="9.9", notes=("x",))).close()


def test_a_closed_tape_writes_into_no_other_file(path, tmp_path):
    """Fails when a late writer uses the number of a file that was closed and given away."""
    tape = Tape(path, HEADER)
    tape.close()
    with (tmp_path / "other").open("w+b") as other:
        with pytest.raises(ConfigError, match="is closed"):
            tape.append([], [reply(WATER)])
        assert other.read() == b""
    with pytest.raises(ConfigError):
        tape.page("0")


class Failing:
    """A disk on which one of the calls fails, and all that follow if it stays broken."""

    def __init__(self, at, code, *, stays):
        self.at, self.code, self.stays, self.calls = at, code, stays, 0

    def disk(self):
        return Disk(self.write, self.fsync, self.truncate)

    def step(self):
        self.calls += 1
        if self.calls == self.at or (self.stays and self.calls > self.at):
            raise OSError(self.code, os.strerror(self.code))

    def write(self, file, data):
        if self.calls + 1 == self.at:
            os.write(file, data[: len(data) // 2])  # a full disk takes what fits
        self.step()
        return os.write(file, data)

    def fsync(self, file):
        self.step()

    def truncate(self, file, size):
        self.step()
        os.ftruncate(file, size)


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO])
@pytest.mark.parametrize("stays", [False, True])
def test_whichever_call_of_the_disk_fails_the_file_stays_usable(path, code, stays):
    """Fails when a full disk leaves a file that cannot be read, or an error that is not ours."""
    counting = Failing(0, code, stays=False)
    fill(path, counting.disk())
    assert counting.calls == 8
    for at in range(1, counting.calls + 1):
        path.unlink()
        failing = Failing(at, code, stays=stays)
        with pytest.raises(ConfigError, match=r"cannot record to .*: make room"):
            fill(path, failing.disk())
        found, _ = goes_on(path)
        assert found == [WATER.url, FIRE.url, LONG.url][: len(found)]
        # At most what was being written is lost.
        assert len(found) >= (at - 1) // 2 - 1


def test_after_a_failed_write_nothing_more_is_recorded(path):
    """Fails when a recording goes on with a hole in it."""
    failing = Failing(3, errno.ENOSPC, stays=False)
    tape = Tape(path, HEADER, failing.disk())
    for _ in range(2):
        with pytest.raises(ConfigError, match="No space left"):
            tape.append([], [reply(WATER)])
    tape.close()
    again = Tape(path)
    assert (again.replies, again.notes) == ((), ())
    again.close()


def test_short_writes_are_completed(path):
    """Fails when the rest of a write that the system cut short is forgotten."""
    data = fill(path)
    path.unlink()
    slow = Disk(write=lambda file, data: os.write(file, data[:7]), fsync=lambda file: None)
    assert fill(path, slow) == data


def test_a_packed_bomb_is_no_page(path, sound):
    """Fails when a cassette from elsewhere can fill the memory."""
    import base64
    import zlib
    from hashlib import sha256

    # A whole megabyte of zeros behind the two bytes of a head, and the same again and again.
    packer = zlib.compressobj(9)
    first = packer.compress(bytes(1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    packed = first[:2] + 300 * first[2:]
    name = sha256(b"x").hexdigest()
    lines, checksum = [], 0
    for json in (b'{"header":{"format":"webqa cassette","version":1,"web":{"kind":"x"}}}',
                 b'{"page":{"id":"%b","text":"t","packed":"%b"}}'
                 % (name.encode(), base64.b64encode(packed))):  # fmt: skip
        line, checksum = sealed(json, checksum)
        lines.append(line)
    path.write_bytes(b"".join(lines))
    tape = Tape(path)
    with pytest.raises(ConfigError, match="far too large"):
        tape.page(name)
    tape.close()
