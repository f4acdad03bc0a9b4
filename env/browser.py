"""The text browser: what each command does to what is seen, and when browsing ends.

`start` gives the first observation, `step` takes one line of a policy and gives the next. Any text
may be passed to `step`: what is no command, or cannot be carried out, costs an action and changes
nothing but the notice. Knows no policy and no model.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from env import actions
from env.actions import JOINER, Action
from env.answers import says_nothing_found
from env.citations import make_answer, strip_citations
from env.config import DEFAULT, BrowserConfig
from env.errors import InvalidAction, WebError
from env.leakage import LeakageFilter
from env.records import Answer, Ended, Observation, Page, Question, Quote, StoppedBy
from env.sanitise import sanitise, sanitise_line
from env.text import Span
from env.view import PageView, unmark
from env.web.base import Web
from env.web.results import is_results, snippet_of

LONGEST_QUESTION = 10_000
LONGEST_ANSWER = 20_000
LONGEST_PAST_ACTION = 200
LONGEST_NOTICE = 300
"""Characters; what is longer is cut, so that an observation stays bounded."""


@dataclass(frozen=True, slots=True)
class _Place:
    """A page on the stack and where one is in it."""

    view: PageView
    window: Span
    found: Span | None = None
    """The phrase last found here, so that the same search goes on behind it."""


class Browser:
    """One episode's browser over a web."""

    def __init__(self, web: Web, config: BrowserConfig = DEFAULT) -> None:
        self.config = config
        self.ended: Ended | None = None
        """How the episode ended; None while it goes on."""
        self.stopped_by: StoppedBy = "command"
        self.answer: Answer | None = None
        self.pages: dict[str, Page] = {}
        """Every page that was opened, by its hash."""
        self._web = web

    def start(self, question: Question, quotes: tuple[Quote, ...] = ()) -> Observation:
        """Begin an episode, with quotes kept from an earlier one if there are any."""
        self._question = sanitise(question.text)[:LONGEST_QUESTION]
        self._filter: LeakageFilter | None = None
        if self.config.leakage_filter:
            texts = (self._question, *question.accepted, *question.written)
            self._filter = LeakageFilter(texts, self.config.blocked_domains)
        self._quotes = list(quotes)
        self._stack: list[_Place] = []
        self._past: list[str] = []
        self._notice = ""
        self._answering = False
        return self.observe()

    async def step(self, text: str) -> Observation:
        """Carry out what a policy wrote: a command, or the answer once browsing is over."""
        if self.ended is not None:
            raise RuntimeError("the episode is over: start another")
        if self._answering:
            self._take_answer(text)
            return self.observe()
        self._notice = ""
        # Half a surrogate pair is no Unicode: no URL and no web could take it.
        await self._carry_out(text.encode(errors="replace").decode())
        if len(self._past) >= self.config.actions and self.browsing:
            self.stop("actions")
        return self.observe()

    def stop(self, reason: StoppedBy) -> None:
        """End browsing: the answer is next if there is a quote, otherwise there is none."""
        self.stopped_by = reason
        if self._quotes:
            self._answering = True
        else:
            self.ended = "unanswered"

    def observe(self) -> Observation:
        """Return what a policy may see now."""
        seen = Observation(
            question=self._question,
            quotes=tuple(self._quotes),
            past_actions=tuple(self._past),
            actions_left=self.config.actions - len(self._past),
            quote_characters_left=self._characters_left(),
            notice=self._notice,
            answering=self._answering,
            quote_limit=self.config.quote,
        )
        if not self.browsing:
            return seen
        seen = replace(seen, commands=self._commands())
        if not self._stack:
            return seen
        view, window = self._place.view, self._place.window
        return replace(
            seen,
            title=view.page.title,
            domain=view.page.domain,
            text=view.show(window),
            links=tuple(link.id for link in view.links_in(window)),
            position=view.percent(window),
        )

    @property
    def browsing(self) -> bool:
        """Whether commands are still taken: false in the answering phase and at the end."""
        return not self._answering and self.ended is None

    @property
    def _place(self) -> _Place:
        return self._stack[-1]

    def _characters_left(self) -> int:
        return max(0, self.config.quotes - sum(len(quote.text) for quote in self._quotes))

    def _commands(self) -> tuple[str, ...]:
        """Return the names of the commands that can be carried out, in the table's order."""
        possible = {"search", "answer", "nonsense", "controversial"}
        if self._stack:
            place = self._place
            page = place.view.page
            below = place.window.end < len(page.text)
            above = place.window.start > 0
            can_quote = not is_results(page) and self._characters_left() > 0
            possible.update(
                name
                for name, can in {
                    "click": bool(page.links),
                    "find": bool(page.text),
                    "quote": can_quote and bool(page.text),
                    "down": below,
                    "up": above,
                    "top": above,
                    "back": len(self._stack) > 1,
                }.items()
                if can
            )
        return tuple(command.name for command in actions.COMMANDS if command.name in possible)

    async def _carry_out(self, text: str) -> None:
        """Do one command and note it among the past actions, with what became of it."""
        past = "Invalid action"
        try:
            action = actions.parse(text)
            past = self._describe(action)
            await self._do(action)
        except (InvalidAction, WebError) as error:
            past += " (failed)"
            # A web's message may carry text of a page or of a server.
            self._notice = sanitise_line(f"Not carried out: {error}.", LONGEST_NOTICE)
        self._past.append(past)

    def _describe(self, action: Action) -> str:
        """Return the terse form that stands among the past actions (WebGPT, Figure 1b)."""
        link = self._place.view.link(action.number) if self._stack else None
        match action.name:
            case "search":
                shown = f"Search {action.text}"
            case "click" if link:
                anchor = self._place.view.page.text[link.start : link.end]
                shown = f"Click {anchor} {link.domain}"
            case "click":
                shown = f"Click {action.number}"
            case "find":
                shown = f"Find {action.text}"
            case "quote":
                shown = "Quote"
            case "down" | "up":
                shown = f"Scroll {action.name} {action.number}"
            case _:
                shown = actions.format_action(action)
        return sanitise_line(shown, LONGEST_PAST_ACTION)

    async def _do(self, action: Action) -> None:
        match action.name:
            case "search":
                self._show(await self._web.search(action.text))
            case "click":
                await self._click(action.number)
            case "find":
                self._find(action.text)
            case "quote":
                self._quote(action.text)
            case "down" | "up" | "top":
                self._scroll(action)
            case "back":
                self._back()
            case "answer":
                self.stop("command")
            case "nonsense" | "controversial" as ended:
                self.ended = ended

    def _show(self, page: Page, snippet: str = "") -> None:
        """Put a page on the stack, seen from its top or from where the snippet stands in it."""
        if self._filter:
            page = self._filter.apply(page)
        view, size = PageView(page), self.config.window
        found = view.form.find(snippet) if snippet else None
        window = view.window_at(found, size) if found else view.window_from(0, size)
        self._stack.append(_Place(view, window))
        if not is_results(page):
            self.pages[page.sha256] = page

    async def _click(self, number: int) -> None:
        view = self._here("open a link of").view
        link = view.link(number)
        if link is None:
            raise InvalidAction(f"there is no link {number} on this page")
        at_snippet = self.config.open_at_snippet and is_results(view.page)
        snippet = snippet_of(view.page, link) if at_snippet else ""
        self._show(await self._web.open(link.url), snippet)

    def _find(self, phrase: str) -> None:
        place = self._here("find something on")
        phrase = unmark(phrase)
        begin = place.window.start
        if place.found and place.window.start <= place.found.start < place.window.end:
            begin = place.found.end
        form = place.view.form
        found = form.find(phrase, begin) or form.find(phrase)
        if found is None:
            raise InvalidAction("the text to find is not on this page")
        self._stack[-1] = _Place(place.view, place.view.window_at(found, self.config.window), found)

    def _quote(self, phrase: str) -> None:
        place = self._here("quote from")
        page = place.view.page
        if is_results(page):
            raise InvalidAction("nothing can be quoted from search results: open one first")
        span = self._find_quote(place, unmark(phrase))
        if span is None:
            raise InvalidAction("the text to quote is not on this page")
        if span.end - span.start > self.config.quote:
            raise InvalidAction(f"a quote has at most {self.config.quote} characters")
        quote = Quote(
            text=page.text[span.start : span.end],
            title=page.title,
            domain=page.domain,
            url=page.url,
            start=span.start,
            end=span.end,
            page_sha256=page.sha256,
            retrieved_at=page.retrieved_at,
        )
        if quote in self._quotes:
            raise InvalidAction(f"this is quoted already, as {self._quotes.index(quote) + 1}")
        if len(quote.text) > self._characters_left():
            self.stop("quotes")
            raise InvalidAction(f"the quotes would pass {self.config.quotes} characters in all")
        self._quotes.append(quote)

    def _find_quote(self, place: _Place, phrase: str) -> Span | None:
        """Find the span to quote: what is on the screen or below comes before what is above."""
        form, here = place.view.form, place.window.start
        first, joined, last = phrase.partition(JOINER)
        if joined:
            return form.find_span(first, last, here) or form.find_span(first, last)
        return form.find(phrase, here) or form.find(phrase)

    def _scroll(self, action: Action) -> None:
        place = self._here("scroll on")
        view, window, size = place.view, place.window, self.config.window
        if action.name == "down":
            if window.end >= len(view.page.text):
                raise InvalidAction("this is the end of the page")
            for _ in range(action.number):
                if window.end < len(view.page.text):
                    window = view.window_from(window.end, size)
        elif window.start == 0:
            raise InvalidAction("this is the top of the page")
        elif action.name == "top":
            window = view.window_from(0, size)
        else:
            for _ in range(action.number):
                if window.start > 0:
                    window = view.window_before(window.start, size)
        self._stack[-1] = _Place(view, window)

    def _back(self) -> None:
        if len(self._stack) < 2:
            raise InvalidAction("there is no page to go back to")
        self._stack.pop()

    def _here(self, wish: str) -> _Place:
        if not self._stack:
            raise InvalidAction(f"there is no page to {wish} yet: search first")
        return self._place

    def _take_answer(self, text: str) -> None:
        answer = make_answer(self._question, sanitise(text)[:LONGEST_ANSWER], tuple(self._quotes))
        self._answering = False
        if says_nothing_found(strip_citations(answer.text)):
            self.ended = "unanswered"
        else:
            self.ended = "answered"
            self.answer = answer
