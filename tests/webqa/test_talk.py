"""Asking again and again: follow-ups, starting afresh, leaving."""

import asyncio
import os
import pty
import subprocess
import sys
import time

from env.records import make_page
from env.web.memory import MemoryWeb
from policies.base import Setup
from policies.scripted import ScriptedPolicy
from webqa.asking import Conversation
from webqa.cli.exits import Exit
from webqa.cli.loop import Loop
from webqa.cli.session import Output, Session, talk

PAGE = make_page("https://a.example/", "Page", "Blue light scatters. Red less.", domain="a.example")
LINES = ["Search blue", "Clicked on link 0", "Quote: Blue light scatters."]


class Watched(ScriptedPolicy):
    """Remembers what it was shown first."""

    def __init__(self, seen):
        super().__init__(LINES, "It scatters [1].")
        self._seen = seen

    async def act(self, observation):
        if not observation.past_actions and not observation.answering:
            self._seen.append((observation.question, [one.text for one in observation.quotes]))
        return await super().act(observation)


def converse(*typed):
    seen, lines = [], iter(typed)

    def read():
        line = next(lines, None)
        if line is None:
            raise EOFError
        if line == "^C":
            raise KeyboardInterrupt
        return line

    conversation = Conversation(lambda _seed: Watched(seen), Setup(MemoryWeb([PAGE])))
    with Loop() as loop:
        return talk(Session(conversation, Output(), loop), read), seen


def test_a_follow_up_keeps_the_questions_and_the_quotes(capsys):
    """Fails when a follow-up begins without what was asked and quoted before."""
    code, seen = converse("Why blue?", "", "And red?")
    assert code == Exit.DONE
    quotes = ["Blue light scatters."]
    assert seen == [("Why blue?", []), ("Why blue?\n\nAnd red?", quotes)]
    assert capsys.readouterr().out.count("It scatters [1].") == 2


def test_new_forgets_and_quit_leaves(capsys):
    """Fails when /new keeps something, /quit goes on, or Ctrl-C ends the conversation."""
    _, seen = converse("Why blue?", "/new", "^C", "/help", "And red?", "/quit", "Never asked")
    assert seen == [("Why blue?", []), ("And red?", [])]
    assert "Known: /new, /quit" in capsys.readouterr().err


def test_earlier_quotes_leave_room_for_new_ones():
    """Fails when a long conversation has spent all quote characters before it begins."""
    text = "\n".join(f"Blue {number}. {'word ' * 200}" for number in range(20))
    page = make_page("https://a.example/", "Page", text, domain="a.example")
    lines = iter(text.split("\n"))

    def make(_seed):
        return ScriptedPolicy([*LINES[:2], f"Quote: {next(lines).strip()}"], "A [1][2][3][4].")

    conversation = Conversation(make, Setup(MemoryWeb([page])))
    for _ in range(8):
        rollout = asyncio.run(conversation.ask("More?"))
        first = rollout.episode.steps[0].observation
        assert first.quote_characters_left >= 3000
    assert len(first.quotes) == 2


def test_a_terminal_gets_a_prompt(web):
    """Fails when `webqa ask` alone does not ask for questions on a terminal."""
    person, terminal = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "webqa", "ask", "--web", str(web)],
        stdin=terminal,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"TERM": "dumb"},
    )
    os.close(terminal)
    os.write(person, b"Why is the sky blue?\n/quit\n")
    time.sleep(0.1)
    out, err = process.communicate(timeout=30)
    os.close(person)
    assert process.returncode == Exit.DONE
    assert "Sources" in out
    assert "/new starts afresh" in err
