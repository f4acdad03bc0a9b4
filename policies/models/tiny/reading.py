"""Reading tasks: a question made of one sentence on the screen, and the quote of that sentence.

An inverse cloze task (Lee et al. 2019, section 4) in the browser: pages are met through a search
whose results are drawn, each opened where its drawn snippet stands, so that what is asked for is
equally often at every place of a screen. Nobody's answers are needed. Knows no tokenizer and no
model; every draw comes from the generator passed in.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from random import Random

from env.actions import Action, format_action
from env.browser import Browser
from env.config import SMALL, BrowserConfig
from env.errors import NotFound
from env.records import Completion, Observation, Page, Question, Step, WebIdentity
from env.web.results import Result, results_page
from policies.extractive.words import STOP, plain, words
from policies.grammar.observing import question_words
from policies.grammar.quotable import look, quotable_sentences

RESULTS = 4
"""On a results page."""
SCREENS = 2
"""Sentences, at the least, of a screen that something is asked about."""
VISITS = (0, 0, 0, 0, 0, 1, 1, 2)
"""How many pages were read before: one of these."""
OPENINGS = (
    "what is|what was|what are|who was|who is|who|when did|when was|where is|where was|where did|"
    "which|what|how many|how|why did|why|in what year did|what kind of|what type of|"
    "what is the name of the|in which|what did|what does|how did|how much|what country"
).split("|")
BETWEEN = ("the", "of", "in", "to", "a", "and", "for")
ENDINGS = ("s", "ed", "ing")


class DrawnWeb:
    """A web in which every search gives a few pages, drawn at random (see env.web.base.Web)."""

    identity = WebIdentity("drawn", "")

    def __init__(self, pages: Sequence[Page], draw: Random, snippet: int) -> None:
        self._pages = {page.url: page for page in pages}
        self._urls = list(self._pages)
        self._draw = draw
        self._snippet = snippet

    async def search(self, query: str) -> Page:
        """Return drawn pages, the snippet of each from a drawn place."""
        urls = self._draw.sample(self._urls, min(RESULTS, len(self._urls)))
        return results_page(query, [self._result(self._pages[url]) for url in urls])

    async def open(self, url: str) -> Page:
        """Return a page.

        Raises:
            NotFound: it is none of those that results show.
        """
        if url not in self._pages:
            raise NotFound(f"{url} is not among the drawn pages", "missing")
        return self._pages[url]

    def _result(self, page: Page) -> Result:
        start = self._draw.randrange(max(1, len(page.text) - self._snippet))
        # A whole word on one line, so that it is found in the page.
        line = page.text[start : start + self._snippet].partition(" ")[2].partition("\n")[0]
        return Result(page.url, page.title, page.domain, line.strip())


async def reading_steps(
    pages: Sequence[Page], count: int, draw: Random, browser: BrowserConfig = SMALL
) -> list[Step]:
    """Return screens of drawn pages with a question each, and the quote that answers it.

    Args:
        pages: of a web; with none of which a sentence may be quoted there are no tasks.
        count: tasks wanted; fewer are made when most screens have nothing to quote.
        draw: of everything.
        browser: how pages are shown.
    """
    web = DrawnWeb([page for page in pages if page.text], draw, browser.snippet)
    made: list[Step] = []
    for _ in range(4 * count if pages else 0):
        if len(made) == count:
            break
        made += _asked(await _screen(web, browser, draw), draw)
    return made


async def _screen(web: DrawnWeb, config: BrowserConfig, draw: Random) -> Observation:
    """Search and open a page, perhaps after others were read; return what is then seen."""
    browser = Browser(web, config)
    seen = browser.start(Question("", ""))
    seen = await browser.step(format_action(Action("search", "anything")))
    for _ in range(draw.choice(VISITS)):
        seen = await _open(browser, seen, draw)
        if draw.random() < 0.5 and (quote := _quote(seen, draw)):
            await browser.step(quote)
        seen = await browser.step(format_action(Action("back")))
    return await _open(browser, seen, draw)


async def _open(browser: Browser, seen: Observation, draw: Random) -> Observation:
    number = draw.choice(seen.links) if seen.links else 0
    return await browser.step(format_action(Action("click", number=number)))


def _quote(seen: Observation, draw: Random) -> str:
    """Return the quote of a drawn sentence; empty when none may be quoted."""
    if "quote" not in seen.commands or not (found := quotable_sentences(look(seen))):
        return ""
    return format_action(Action("quote", draw.choice(found).form))


def _asked(seen: Observation, draw: Random) -> Iterator[Step]:
    """Yield a question about the screen, if it has sentences enough, with the quote."""
    if "quote" not in seen.commands or len(seen.past_actions) < 2:
        return
    screen = look(seen)
    found = quotable_sentences(screen)
    if len(found) < SCREENS:
        return
    texts = [screen.form.text[one.span.start : one.span.end] for one in found]
    place = draw.randrange(len(found))
    question = make_question(texts[place], texts, seen.title, draw)
    past = (f"Search {' '.join(question_words(question))}", *seen.past_actions[1:])
    asked = replace(seen, question=question, past_actions=past)
    yield Step(asked, Completion(format_action(Action("quote", found[place].form))))


def make_question(sentence: str, others: Sequence[str], title: str, draw: Random) -> str:
    """Return a question that a sentence answers: some of its words, some altered, and some noise.

    Args:
        sentence: what answers it; one of its telling words, a name or number mostly, is left out.
        others: the sentences around it, of which a word or two come in.
        title: of the page, often named in the question.
        draw: of everything.
    """
    told = _telling(sentence)
    hidden = _hidden(told, draw)
    usable = [word for word in told if word not in hidden] or told or words(sentence)
    share = draw.uniform(0.25, 0.8)
    kept = [word for word in usable if draw.random() < share][:8] or [draw.choice(usable or ["it"])]
    kept = [_altered(word, draw) for word in kept]
    if draw.random() < 0.6:
        kept += [word for word in _telling(title) if word not in kept][:3]
    if draw.random() < 0.4:
        noise = _telling(draw.choice(others))
        kept += draw.sample(noise, min(len(noise), draw.choice((1, 1, 2))))
    if draw.random() < 0.5:
        draw.shuffle(kept)
    asked = []
    for word in kept:
        asked += [draw.choice(BETWEEN)] * (draw.random() < 0.3)
        asked.append(word.lower() if draw.random() < 0.5 else word)
    return f"{draw.choice(OPENINGS)} {' '.join(asked)}" + "?" * (draw.random() < 0.7)


def _telling(text: str) -> list[str]:
    return [word for word in words(text) if plain(word) not in STOP]


def _hidden(told: Sequence[str], draw: Random) -> set[str]:
    """Return the word that stands for the answer: a question does not have it."""
    special = [word for word in told if word[0].isupper() or word[0].isdigit()]
    pool = special if special and draw.random() < 0.7 else list(told)
    return {draw.choice(pool)} if pool else set()


def _altered(word: str, draw: Random) -> str:
    """Now and then change a word's ending, as another form of the word would."""
    if len(word) < 4 or not word.isalpha() or draw.random() > 0.25:
        return word
    for ending in ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) > 2:
            return word.removesuffix(ending)
    return word + draw.choice(ENDINGS)
