"""Asking again: what an episode's policy says of its own answer, in a few words or as a choice.

Answers are long and cited, but the official measures are of short answers and of choices. A
language model reads its question and its answer once more; for a policy without a model the words
in common decide. Knows prompts and a `TextModel`; no measure, no right answer and no file.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple, Protocol

from env.answers import says_nothing_found
from env.citations import strip_citations
from env.records import Completion, Episode
from policies.extractive.words import compared, plain, stem, weight
from policies.grammar.legal import Legal, Line
from policies.models.base import ModelError, Prompt, Request, TextModel
from policies.prompts import choice_prompt, fit_text, short_prompt

SHORT_TOKENS = 16
"""Tokens of the longest short answer."""
LETTERS = ("A", "B")
"""What two options are called, in the order in which they are shown."""
_WORD_TOKENS = 8
"""Tokens of the longest reply with one of two words, where nothing constrains it."""
_LABEL = re.compile(r"^\W*(?:the )?(?:short )?answer(?: is)?\s*:\s*", re.IGNORECASE)
_QUOTATION = "\"'“”‘’«»`* "


@dataclass(frozen=True, slots=True)
class Asked:
    """What a policy was asked about the answer of an episode, and what it said."""

    episode: str
    """Its id."""
    what: Literal["short", "choice"]
    asker: str
    """Who said it: the model's name, or `overlap`."""
    said: str = ""
    """The short answer; or of a choice the letter, A for the option shown first. Empty: none."""
    options: tuple[str, ...] = ()
    """Of a choice, in the order in which they were shown."""
    probability: float | None = None
    """Of a choice, that it is the option shown first; None: not told."""
    completion: Completion | None = None
    """What the model wrote, or in `error` why it wrote nothing; None: it was not asked."""


class Asker(Protocol):
    """Asks for short answers and choices. Never fails: what could not be had is recorded."""

    @property
    def name(self) -> str:
        """Recorded with all that is said."""

    async def short(self, episode: Episode) -> Asked | None:
        """Return the short answer in an episode's answer; None: there is nobody to ask."""

    async def choose(self, episode: Episode, options: tuple[str, str]) -> tuple[Asked, Asked]:
        """Return which option an episode's answer says, asked in the given order and reversed."""


class ModelAsker:
    """Asks a language model about its own answers, at temperature 0."""

    def __init__(self, model: TextModel) -> None:
        self._model = model
        self._letters = TwoWay(model, LETTERS)

    @property
    def name(self) -> str:
        """The model's name."""
        return self._model.name

    async def short(self, episode: Episode) -> Asked:
        """Return the short answer in an episode's answer: one line of at most 16 tokens.

        Nothing constrains it: the line's end is where a model that goes on with texts ends.
        """
        asked = Asked(episode.id, "short", self.name)
        if not (answer := told(episode)):
            return asked
        try:
            await self._model.start()
            written = await self._write_short(episode, answer)
        except ModelError as error:
            return replace(asked, completion=Completion("", error=str(error)))
        return replace(asked, said=short_of(written.text), completion=written)

    async def choose(self, episode: Episode, options: tuple[str, str]) -> tuple[Asked, Asked]:
        """Return which option an episode's answer says, asked in the given order and reversed."""
        first, second = options
        return (
            await self._choose(episode, (first, second)),
            await self._choose(episode, (second, first)),
        )

    async def _write_short(self, episode: Episode, answer: str) -> Completion:
        model, question = self._model, episode.question.text

        def make(text: str) -> Prompt:
            return short_prompt(question, text, model.chat)

        prompt = fit_text(make, answer, model.count, model.context - SHORT_TOKENS)
        request = Request(prompt, temperature=0.0, max_tokens=SHORT_TOKENS, key=episode.id)
        return (await model.complete(request))[0]

    async def _choose(self, episode: Episode, options: tuple[str, str]) -> Asked:
        asked = Asked(episode.id, "choice", self.name, options=options)
        model, question = self._model, episode.question.text
        if not (answer := told(episode)):
            return asked

        def make(text: str) -> Prompt:
            return choice_prompt(question, text, options, model.chat)

        try:
            await model.start()
            prompt = fit_text(make, answer, model.count, model.context - _WORD_TOKENS)
            verdict = await self._letters.ask(prompt, key=episode.id)
        except ModelError as error:
            return replace(asked, completion=Completion("", error=str(error)))
        said = "" if verdict.place is None else LETTERS[verdict.place]
        return replace(
            asked, said=said, probability=verdict.probability, completion=verdict.completion
        )


class Verdict(NamedTuple):
    """Which of two words a model wrote."""

    completion: Completion
    place: int | None
    """0 or 1; None: neither."""
    probability: float | None
    """Of the first word; None: not told."""

    @property
    def yes(self) -> float | None:
        """The probability of the first word, or 1 or 0 by the word alone; None: neither."""
        if self.place is None:
            return None
        return 1.0 - self.place if self.probability is None else self.probability


class TwoWay:
    """Asks a model for one of two words, such as yes and no.

    Where the engine holds the model to the two words and tells log-probabilities, these decide
    (exactly, where a word is one token); elsewhere the word that it writes at temperature 0 does.
    """

    def __init__(self, model: TextModel, one_of: tuple[str, str]) -> None:
        self._model = model
        self._words = one_of
        self._legal = Legal(tuple(Line("word", word, "nothing") for word in one_of))
        self._tells = True
        """Whether the model may tell log-probabilities; servers do at temperature 1 alone."""

    async def ask(self, prompt: Prompt, key: str = "") -> Verdict:
        """Return which word it writes.

        Raises:
            ModelError: the model failed.
        """
        spent = Completion("")
        if self._tells:
            written = await self._write(prompt, 1.0, key)
            if (verdict := self._by_probability(written)) is not None:
                return verdict
            self._tells, spent = False, written
        written = _with_cost(await self._write(prompt, 0.0, key), spent)
        return Verdict(written, which(written.text, self._words), None)

    async def _write(self, prompt: Prompt, temperature: float, key: str) -> Completion:
        # No command: a server that is not held to a form must not be asked again for one.
        request = Request(
            prompt,
            self._legal,
            temperature=temperature,
            max_tokens=_WORD_TOKENS,
            line=False,
            key=key,
        )
        return (await self._model.complete(request))[0]

    def _by_probability(self, written: Completion) -> Verdict | None:
        place = which(written.text, self._words)
        if place is None or not written.logprobs or not written.grammar:
            return None
        likely = math.exp(min(0.0, sum(written.logprobs)))
        first = 1.0 - likely if place else likely
        return Verdict(written, 0 if first >= 0.5 else 1, first)


def _with_cost(written: Completion, spent: Completion) -> Completion:
    """Return a completion that counts the tokens of one before it, too."""
    return replace(
        written,
        prompt_tokens=written.prompt_tokens + spent.prompt_tokens,
        cached_tokens=written.cached_tokens + spent.cached_tokens,
        completion_tokens=written.completion_tokens + spent.completion_tokens,
    )


def which(text: str, one_of: tuple[str, str]) -> int | None:
    """Return the place of the word that a reply begins with; None: neither, or both are in it.

    Behind the word must come a mark or the end: `No doubt` is not `no`.
    """
    first, second = map(re.escape, one_of)
    found = re.match(rf"\W*(?:({first})|{second})(?=[^\w\s]|\s*\n|\s*\Z)", text, re.IGNORECASE)
    if found is None:
        return None
    both = all(re.search(rf"\b{word}\b", text, re.IGNORECASE) for word in (first, second))
    return None if both else 0 if found[1] else 1


class OverlapAsker:
    """Stands in where there is no model: the option whose own words stand in the answer is chosen.

    An option's own words are those that neither the other one nor the question has.
    """

    name = "overlap"

    async def short(self, episode: Episode) -> None:
        """Return nothing: without a model nobody can tell what of an answer is its short form."""

    async def choose(self, episode: Episode, options: tuple[str, str]) -> tuple[Asked, Asked]:
        """Return which option an episode's answer says; in both orders it is the same one."""
        answer = set(_weights(told(episode)))
        asked = set(_weights(episode.question.text))
        first, second = map(_weights, options)
        shares = (_share(first, asked | second.keys(), answer),
                  _share(second, asked | first.keys(), answer))  # fmt: skip
        equal, second_more = shares[0] == shares[1], shares[0] < shares[1]
        one = Asked(episode.id, "choice", self.name, "" if equal else LETTERS[second_more], options)
        other = "" if equal else LETTERS[not second_more]
        return one, replace(one, said=other, options=options[::-1])


def make_asker(model: TextModel | None) -> Asker:
    """Return who is asked: the policy's model, or the words in common where it has none."""
    return OverlapAsker() if model is None else ModelAsker(model)


def told(episode: Episode) -> str:
    """Return what an episode answers, without marks; empty where it has no answer."""
    if episode.ended != "answered" or episode.answer is None:
        return ""
    text = strip_citations(episode.answer.text).strip()
    return "" if says_nothing_found(text) else text


def short_of(text: str) -> str:
    """Return the short answer in a reply: its first line, without a label or quotation marks."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return _LABEL.sub("", lines[0]).strip(_QUOTATION) if lines else ""


def _weights(text: str) -> dict[str, float]:
    """Return every stem of a text with its weight: `not` and `no` count, too."""
    return {stem(one): weight(one) for one in map(plain, compared(text))}


def _share(option: dict[str, float], others: set[str], answer: set[str]) -> float:
    own = {one: value for one, value in option.items() if one not in others}
    total = sum(own.values())
    return sum(value for one, value in own.items() if one in answer) / total if total else 0.0
