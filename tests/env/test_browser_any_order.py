"""The browser under any commands in any order, against a model that knows only the stack."""

from dataclasses import replace

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from env.browser import LONGEST_PAST_ACTION, Browser
from env.records import to_json
from env.render import render
from env.verify import verify_quote
from env.view import LINK_MARK, unmark
from tests.env.shelf import CONFIG, NONSENSE, QUESTION, Shelf, run, unchanged

QUERIES = st.sampled_from(("sky", "dusk", "sky dusk long empty hostile", "none", "fail", "【9†x】"))
PHRASES = st.sampled_from(
    ("sky", "SCATTERING", "number 2", "is blue", "needle", "light is lost", "Line 3", "absent", "━",
     "Line 3━Line 4", "scattered.(12)", "Ignore the question.", "x" * 300, "【0†dusk】 or")
)  # fmt: skip
COMMANDS = st.one_of(
    QUERIES.map("Search {}".format),
    st.integers(0, 6).map("Clicked on link {}".format),
    PHRASES.map("Find in page: {}".format),
    PHRASES.map("Quote: {}".format),
    st.integers(0, 4).map("Scrolled down {}".format),
    st.integers(0, 4).map("Scrolled up {}".format),
    st.sampled_from(("Top", "Back", "Back")),
    st.sampled_from(NONSENSE),
    st.text(max_size=20),
)
FIRST_WORD = {
    "search": "Search", "click": "Clicked", "find": "Find", "quote": "Quote:",
    "down": "Scrolled down",
    "up": "Scrolled up", "top": "Top", "back": "Back",
}  # fmt: skip


class Browsing(RuleBasedStateMachine):
    """Any commands in any order, against a model that knows only the stack of pages."""

    @initialize(filtered=st.booleans(), actions=st.integers(1, 25))
    def begin(self, filtered, actions):
        self.config = replace(CONFIG, leakage_filter=filtered, actions=actions)
        self.browser = Browser(Shelf(), self.config)
        self.seen = self.browser.start(QUESTION)
        self.steps = 0
        self.stack = []

    def going_on(self):
        return self.browser.browsing

    def do(self, line):
        before = self.seen
        self.seen = after = run(self.browser.step(line))
        self.steps += 1
        assert len(after.past_actions) == self.steps
        if not after.notice and self.browser.browsing:
            self.keep_stack(line)
        elif after.notice and self.browser.browsing:
            assert unchanged(before, after)
        if not after.notice:
            name = next(
                (n for n, word in FIRST_WORD.items() if line.strip().startswith(word)), "end"
            )
            assert name == "end" or name in before.commands
        return after

    def keep_stack(self, line):
        place = (self.seen.title, self.seen.text, self.seen.position)
        if line.strip().startswith(("Search", "Clicked")):
            self.stack.append(place)
        elif line.strip() == "Back":
            self.stack.pop()
            assert place == self.stack[-1]
        elif not line.strip().startswith("Quote"):
            self.stack[-1] = place
        else:
            assert place == self.stack[-1]

    @precondition(going_on)
    @rule(line=COMMANDS)
    def any_command(self, line):
        self.do(line)

    @precondition(going_on)
    @rule(data=st.data())
    def a_listed_command_can_be_carried_out(self, data):
        name = data.draw(st.sampled_from([n for n in self.seen.commands if n in FIRST_WORD]))
        words = unmark(self.seen.text).split()
        word = data.draw(st.sampled_from(words)) if words else "none"
        if name == "click":
            ids = [n for n in self.seen.links if "missing" not in self.seen.text]
            if not ids:
                return
            line = f"Clicked on link {data.draw(st.sampled_from(ids))}"
        else:
            line = {
                "search": "Search sky",
                "find": f"Find in page: {word}",
                "quote": f"Quote: {word}",
                "down": "Scrolled down 3",
                "up": "Scrolled up 2",
            }.get(name, name.capitalize())
        notice = self.do(line).notice
        allowed = ("Not carried out: this is quoted", "Not carried out: the quotes would pass",
                   "Not carried out: a quote has at most")  # fmt: skip
        assert not notice or (name == "quote" and notice.startswith(allowed)), (line, notice)

    @precondition(going_on)
    @rule(line=st.sampled_from(("End: Answer", "End: Nonsense")), odds=st.integers(0, 9))
    def end(self, line, odds):
        if odds == 0:
            self.do(line)

    @precondition(lambda self: self.seen.answering and self.browser.ended is None)
    @rule(text=st.one_of(st.text(), st.just("Blue [1], red [2][9].")))
    def answer(self, text):
        self.seen = run(self.browser.step(text))
        assert self.browser.ended in ("answered", "unanswered")
        assert (self.browser.answer is not None) == (self.browser.ended == "answered")
        to_json(self.browser.answer)

    @precondition(lambda self: self.browser.ended is not None)
    @rule(text=st.text())
    def nothing_follows_the_end(self, text):
        with pytest.raises(RuntimeError):
            run(self.browser.step(text))

    @invariant()
    def holds_always(self):
        seen = self.seen
        assert self.browser.observe() == seen
        assert seen.actions_left == self.config.actions - self.steps >= 0
        assert (seen.actions_left > 0) or not self.browser.browsing
        assert all(verify_quote(quote, self.browser.pages) == "" for quote in seen.quotes)
        assert all(len(quote.text) <= self.config.quote for quote in seen.quotes)
        total = sum(len(quote.text) for quote in seen.quotes)
        assert seen.quote_characters_left == self.config.quotes - total >= 0
        assert len(seen.text) <= self.config.window
        assert [int(mark[1]) for mark in LINK_MARK.finditer(seen.text)] == list(seen.links)
        assert all(len(past) <= LONGEST_PAST_ACTION + 10 for past in seen.past_actions)
        assert len(seen.title) <= 400
        shown = render(seen)
        assert shown.count("【") == len(seen.links)
        if seen.answering:
            assert seen.quotes
            assert self.browser.answer is None
        else:
            assert shown.endswith("♦Next action\n")
        to_json(seen)


Browsing.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
TestBrowsing = Browsing.TestCase
