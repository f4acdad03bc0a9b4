"""Reading tasks: made-up questions about real windows of a web, in the very form of a prompt.

A task is what a prompt says behind its page, and the line that is right there. Several are asked
of each page. Knows no tokenizer and no model; every draw comes from the generator passed in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random

from env.config import SMALL
from env.records import Observation, Page, Quote
from env.text import Span
from env.view import PageView
from policies.extractive.words import STOP, plain, words
from policies.grammar.quotable import look, whole_sentences, write_span
from policies.prompts import PromptConfig, make_prompt

PAGE_FIRST = PromptConfig(layout="page-first")
_BEHIND = "\n\n♦Quotes\n"
"""Where, with the page first, what is asked begins."""


@dataclass(frozen=True, slots=True)
class Task:
    """One thing asked of a page."""

    asked: str
    """The rest of the prompt."""
    line: str
    """What is right."""
    others: tuple[str, ...] = ()
    """Other lines of the same command that could be written here."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A page as prompts show it, and what is asked of it."""

    page: str
    tasks: tuple[Task, ...]


def split_prompt(observation: Observation) -> tuple[str, str]:
    """Return a prompt's page and what stands behind it; together they are the prompt."""
    text = make_prompt(observation, PAGE_FIRST).text
    place = text.rindex(_BEHIND)
    return text[:place], text[place:]


class Windows:
    """Draws windows of pages, and questions about their sentences."""

    def __init__(self, pages: Sequence[Page], draw: Random) -> None:
        self._pages = pages
        self._draw = draw

    def sheet(self, count: int) -> Sheet:
        """Return a window with questions about it."""
        while True:
            seen = self._window()
            screen = look(seen)
            spans = whole_sentences(screen)
            forms = [write_span(screen.form, span) for span in spans]
            known = {form: span for form, span in zip(forms, spans, strict=True) if form}
            if len(known) >= 3:
                break
        page, _ = split_prompt(seen)
        texts = {form: screen.form.text[span.start : span.end] for form, span in known.items()}
        tasks = tuple(self._task(seen, texts) for _ in range(count))
        return Sheet(page, tasks)

    def _window(self) -> Observation:
        page = self._draw.choice(self._pages)
        view = PageView(page)
        at = self._draw.randrange(max(1, len(page.text) - 400))
        window = view.window_at(Span(at, min(at + 1, len(page.text))), SMALL.window)
        first, last = view.percent(window)
        commands = ["search", "click", "quote", "back", "answer"]
        commands += ["up"] * (window.start > 0) + ["down"] * (window.end < len(page.text))
        return Observation(
            question="",
            title=page.title,
            domain=page.domain,
            text=view.show(window),
            links=tuple(link.id for link in view.links_in(window)),
            position=(first, last),
            commands=tuple(commands),
            actions_left=SMALL.actions,
            quote_characters_left=SMALL.quotes,
            quote_limit=SMALL.quote,
        )

    def _task(self, seen: Observation, texts: dict[str, str]) -> Task:
        forms = list(texts)
        form = self._draw.choice(forms)
        question = ask(texts[form], list(texts.values()), seen.title, self._draw)
        seen = self._history(replace(seen, question=question))
        others = tuple(f"Quote: {one}" for one in forms if one != form)
        return Task(split_prompt(seen)[1], f"Quote: {form}", others)

    def _history(self, seen: Observation) -> Observation:
        draw = self._draw
        past = [f"Search {' '.join(words(seen.question))}"]
        quotes: tuple[Quote, ...] = ()
        for _ in range(draw.choice((0, 0, 0, 0, 0, 1, 1, 2))):
            other = draw.choice(self._pages)
            past += [
                f"Click {other.title} {other.domain}",
                *["Quote"] * draw.choice((0, 1)),
                "Back",
            ]
            if draw.random() < 0.4:
                at = draw.randrange(max(1, len(other.text) - 100))
                piece = " ".join(other.text[at : at + draw.randrange(40, 150)].split()[1:-1])
                quotes += (Quote(piece, other.title, other.domain),)
        past.append(f"Click {seen.title} {seen.domain}")
        left = max(1, SMALL.actions - len(past))
        return replace(seen, past_actions=tuple(past), quotes=quotes, actions_left=left)


_OPENINGS = """what is|what was|what are|who was|who is|who|when did|when was|where is|where was
where did|which|what|how many|how|why did|why|in what year did|what kind of|what type of
what is the name of the|in which|what did|what does|how did|how much|what country""".replace(
    "\n", "|"
).split("|")


def ask(sentence: str, others: Sequence[str], title: str, draw: Random) -> str:
    """Make a question that a sentence answers: some of its words, some altered, and some noise."""
    found = words(sentence)
    telling = [word for word in found if plain(word) not in STOP]
    hidden = _hidden(telling, draw)
    usable = [word for word in telling if word not in hidden] or telling or found
    share = draw.uniform(0.25, 0.8)
    kept = [word for word in usable if draw.random() < share][:8] or [draw.choice(usable)]
    kept = [_altered(word, draw) for word in kept]
    if draw.random() < 0.6:
        names = [word for word in words(title) if plain(word) not in STOP]
        kept += [word for word in names if word not in kept][:3]
    if draw.random() < 0.4:
        kept += _noise(others, draw)
    if draw.random() < 0.5:
        draw.shuffle(kept)
    asked = []
    for word in kept:
        asked += [draw.choice(("the", "of", "in", "to", "a", "and", "for"))] * (draw.random() < 0.3)
        asked.append(word.lower() if draw.random() < 0.5 else word)
    return f"{draw.choice(_OPENINGS)} {' '.join(asked)}" + "?" * (draw.random() < 0.7)


def _hidden(telling: Sequence[str], draw: Random) -> set[str]:
    """Return the words that stand for the answer: a question does not have them."""
    special = [word for word in telling if word[0].isupper() or word[0].isdigit()]
    pool = special if special and draw.random() < 0.7 else list(telling)
    return {draw.choice(pool)} if pool else set()


def _noise(others: Sequence[str], draw: Random) -> list[str]:
    found = [word for word in words(draw.choice(others)) if plain(word) not in STOP]
    return draw.sample(found, min(len(found), draw.choice((1, 1, 2))))


_SUFFIXES = (("s", ""), ("ed", ""), ("ing", ""), ("es", ""), ("y", "ies"), ("ly", ""), ("er", ""))


def _altered(word: str, draw: Random) -> str:
    """Now and then change a word's ending, as another form of the word would."""
    if len(word) < 4 or not word.isalpha() or draw.random() > 0.25:
        return word
    for ending, instead in _SUFFIXES:
        if word.endswith(ending) and len(word) - len(ending) > 2:
            return word.removesuffix(ending) + instead
    return word + draw.choice(("s", "ed", "ing"))
