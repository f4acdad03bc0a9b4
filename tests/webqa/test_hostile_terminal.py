"""Whatever pages and policies write, the terminal gets text and its own colours, no commands."""

import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from env.records import Answer, Completion, Observation, Quote, Step
from env.sanitise import sanitise, sanitise_line
from webqa.cli import terminal

COLOUR = re.compile(r"\x1b\[[\d;]*m")
COMMAND = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
HOSTILE = st.lists(
    st.sampled_from(
        [
            "\x1b]8;;http://evil.example\x1b\\click\x1b]8;;\x1b\\", "\x1b]0;owned\x07", "\x1b[2J",
            "\x1b", "\x9b31m", "\x9d0;x\x9c", "\x07", "\x08", "\r", "\x7f", "\u202e", "\u2066",
            "\x1b]52;c;ZXZpbA==\x07", "\x1bP1$r\x1b\\", "[bold]", "[/]", "[link=http://evil.example]",
            ":smile:", "word", " ", "\n", "[1]", "【0†x】",
        ]
    ) | st.text(st.characters(codec="utf-8"), max_size=4),
    max_size=12,
).map("".join)  # fmt: skip


class Screen(io.StringIO):
    """A stream that takes itself for a terminal."""

    def isatty(self):
        return True


@pytest.fixture(autouse=True)
def colours(monkeypatch):
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")


def harmless(text):
    return not COMMAND.search(COLOUR.sub("", text).replace("\n", ""))


@given(HOSTILE, HOSTILE, HOSTILE)
def test_raw_text_of_pages_and_policies_is_no_command(text, title, url):
    """Fails when a field is printed as it came, even one that was never sanitised."""
    quote = Quote(text, title, title, f"https://a.example/{url}", 0, 1)
    seen = Observation(text, title, title, text, notice=text, quotes=(quote,))
    screen = Screen()
    console = terminal.console(screen)
    terminal.show_answer(Answer(text, text, (quote,)), console)
    for answering in (False, True):
        step = Step(Observation(text, title, answering=answering) if answering else seen,
                    Completion(text))  # fmt: skip
        terminal.show_step(step, console, whole=True)
        terminal.show_step(step, console, number=1)
    assert harmless(screen.getvalue())


@given(HOSTILE)
def test_sanitised_text_needs_no_repair_at_the_terminal(text):
    """Fails when the sanitiser leaves something that the terminal has to replace."""
    assert terminal.printable(sanitise(text)) == sanitise(text)
    assert terminal.printable(sanitise_line(text)) == sanitise_line(text)


def test_complaints_are_one_clean_line(capsys):
    terminal.complain("\x1b]0;owned\x07first\nsecond \x9b2J")
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert harmless(said)
