"""A player that writes anything that is legal, drawn at random, and pages to play on."""

import asyncio

from hypothesis import strategies as st

from env.actions import BY_NAME
from env.browser import Browser
from env.records import Link, Question, make_page
from env.sanitise import sanitise
from env.web.memory import MemoryWeb
from policies.grammar.legal import answer_items
from policies.grammar.observing import legal_lines

QUESTION = Question("q", "Who wrote “Emma”, and when did the author of Emma die?")
GOES_ON = 0.9
FREE_TEXTS = (
    "the",
    "Emma",
    "emma",
    "Emma the",
    "a b",
    'say "so" \\ [x',
    "é ",
    "天空",
    "{no} such? 'text'",
)
WORDS = (
    "the", "The", "king", "KING", "e", "é", "è", "e\u0301", "x\u0304", "a\u0323\u0302", "of", "a",
    "Mr.", "U.S.", "[12]", "[3,", "4]", "(3", "“so”", '"so"', "it’s", "…", "...", ".", "end.",
    "Why?", "No!", "ﬃ", "½", "天空は青い。", "海も", "مرحبا", "नमस्ते", "한국어", "—", "-", "¨", "´",
    "\u0301x", "ﾞ", "a|b", "|", "#", "##", "naïve", "Straße", "STRASSE", "İstanbul", "1871",
    "3.5", "x" * 45, "<b>", "\\n", "{}", "'", "━", "【1†a】", "†", "end.)", "\u200b", "\xad",
    "\xa0", "„Ja“",
)  # fmt: skip
SPACES = (*(" ",) * 20, "  ", "\n", "\n", "\n\n", "\n    ", " \n", "\t")


@st.composite
def pages(draw):
    """Draw a web of a few pages that link to each other; all are found by the word Emma."""
    made = []
    count = draw(st.integers(1, 3))
    for number in range(count):
        words = draw(st.lists(st.tuples(st.sampled_from(WORDS), st.sampled_from(SPACES)),
                              min_size=1, max_size=90))  # fmt: skip
        text = sanitise("Emma " + "".join(map("".join, words)))
        if draw(st.booleans()):
            text = sanitise(f"{text} {text}")
        links, at = [], 0
        for gap in draw(st.lists(st.integers(0, 30), max_size=5)):
            start, end = at + gap, at + gap + draw(st.integers(1, 12))
            if end > len(text) or not text[start:end].strip():
                break
            target = draw(st.integers(0, count))
            links.append(Link(len(links), start, end, f"https://p{target}.example/", "p.example"))
            at = end
        made.append(make_page(f"https://p{number}.example/", f"Page {number}", text,
                              domain=f"p{number}.example", links=links))  # fmt: skip
    return MemoryWeb(made, results=3, snippet=40)


def write(legal, random):
    """Write a legal line or answer: each kind of line equally likely, but for few ends."""
    if legal.answering:
        return _answer(legal, random)
    going = [line for line in legal.lines if not BY_NAME[line.command].ends]
    lines = going if going and random.random() < GOES_ON else legal.lines
    return write_line(random.choice(lines), random)


def write_line(line, random):
    """Write a line of one kind; a list of words is drawn again while it is forbidden."""
    while True:
        text = line.prefix + _argument(line, random)
        if text.removeprefix(line.prefix) not in line.without:
            return text


def _argument(line, random):
    if line.kind == "nothing":
        return ""
    if line.kind == "text":
        return random.choice(FREE_TEXTS)
    if line.kind == "choice":
        return random.choice(line.choices)
    if line.kind == "words":
        return " ".join(_some(line.choices, random))
    words = random.choice(line.choices).split(" ")
    first = random.randrange(len(words))
    last = random.choice((first, random.randrange(first, len(words)), len(words) - 1))
    return " ".join(words[first : last + 1])


def _some(items, random):
    chosen = {random.randrange(len(items))} | {
        place for place in range(len(items)) if random.random() < 0.3
    }
    return [items[place] for place in sorted(chosen)]


def _answer(legal, random):
    if legal.quoted:
        return " ".join(_some(answer_items(legal), random))
    marks = [f"[{random.randint(1, legal.citations)}]" for _ in range(random.randint(1, 3))]
    said = ("So", "It “is”, so", "é\n天")
    return " ".join(f"{random.choice(said)} {mark}" for mark in marks)


def plays(web, config, grammar, random, opening=(), likes=""):
    """Play an episode; return for each turn what was seen, legal, written, and came of it."""
    return run(_play(web, config, grammar, random, list(opening), likes))


async def _play(web, config, grammar, random, opening, likes):
    browser, turns = Browser(web, config), []
    seen = browser.start(QUESTION)
    while browser.ended is None:
        legal = legal_lines(seen, grammar)
        liked = [line for line in legal.lines if line.command == likes]
        if opening:
            text = opening.pop(0)
        elif liked and random.random() < 0.7:
            text = write_line(random.choice(liked), random)
        else:
            text = write(legal, random)
        before, seen = seen, await browser.step(text)
        turns.append((before, legal, text, seen, browser))
    return turns


def run(coroutine):
    """Run a coroutine to its end."""
    return asyncio.run(coroutine)
