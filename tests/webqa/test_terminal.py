"""What people see: plain where there is no terminal, wrapped and coloured where there is one."""

import io

import pytest

from env.records import Answer, Completion, Observation, Quote, Step
from webqa.cli import terminal

QUOTE = Quote("word " * 60 + "end", "Title", "a.example", "https://a.example/" + "x" * 200, 0, 303)
ANSWER = Answer("q", "long " * 60 + "[1].", (QUOTE,))


class Screen(io.StringIO):
    """A stream that takes itself for a terminal."""

    def isatty(self):
        return True


@pytest.fixture
def screen(monkeypatch):
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "300")
    return Screen()


def shown(stream):
    terminal.show_answer(ANSWER, terminal.console(stream))
    return stream.getvalue()


def test_a_terminal_gets_short_lines_and_colours_but_whole_addresses(screen):
    """Fails when text runs over the screen, or an address is broken and cannot be clicked."""
    lines = shown(screen).splitlines()
    assert any("\x1b[36m[1]" in line for line in lines)
    assert [line for line in lines if len(line) > 120] == [
        line for line in lines if "https://a.example/" + "x" * 200 in line
    ]


def test_no_color_is_honoured(screen, monkeypatch):
    """Fails when NO_COLOR is set and colours are written all the same."""
    monkeypatch.setenv("NO_COLOR", "1")
    out = shown(screen)
    assert "\x1b[36m" not in out
    assert "\x1b[34m" not in out


def test_a_very_long_quote_is_cut_and_it_is_said():
    """Fails when a long quote is cut without a word."""
    stream = io.StringIO()
    quote = Quote("x" * 1150, "T", "a.example")
    terminal.show_source(1, quote, terminal.console(stream))
    assert "(1,150 characters in all)" in stream.getvalue()
    assert "x" * 600 in stream.getvalue()
    assert "x" * 601 not in stream.getvalue()


def test_a_step_is_shown_briefly_or_whole():
    """Fails when a trace floods the screen, or a full replay leaves something out."""
    seen = Observation("q", title="T", domain="a.example", text="\n".join("abcdefg"), notice="No.")
    step = Step(seen, Completion("Top"))
    brief, whole = io.StringIO(), io.StringIO()
    terminal.show_step(step, terminal.console(brief), number=3)
    terminal.show_step(step, terminal.console(whole), whole=True)
    assert brief.getvalue() == (
        "Step 3. T (a.example), 0 - 100 %\nNo.\n  a\n  b\n  c\n  … 4 more lines\n→ Top\n"
    )
    assert "a\nb\nc\nd\ne\nf\ng\n" in whole.getvalue()
