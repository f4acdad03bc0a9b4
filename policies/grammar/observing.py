"""From an observation to what may be written now. Knows no grammar library and no model."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence

from env.actions import BY_NAME, COMMANDS, Command
from env.records import Observation
from env.view import plain_citations
from policies.grammar.config import FREE, GrammarConfig
from policies.grammar.legal import NUMBER, Legal, Line, chooses
from policies.grammar.quotable import look, passage_forms, run_texts, sentence_forms

QUESTION_CHARACTERS = 190
"""Of the question's words together, so that past actions show every query whole."""


def legal_lines(observation: Observation, config: GrammarConfig = FREE) -> Legal:
    """Return what may be written now: what the browser can carry out, or an answer that cites.

    A link may lead nowhere and a text to find may not be on the page: that nobody knows who only
    sees the screen. All else that is legal is carried out.
    """
    if observation.answering:
        return _answers(observation, config)
    lines = [
        line
        for command in COMMANDS
        if command.name in observation.commands
        for line in _lines(command, observation, config)
    ]
    held = _held_back(observation, config) if any(_goes_on(line) for line in lines) else set()
    return Legal(tuple(line for line in lines if line.command not in held))


def question_words(question: str) -> tuple[str, ...]:
    """Return the distinct words of a question, in order, without the punctuation around them."""
    words: dict[str, str] = {}
    length = 0
    for part in question.split():
        word = _stripped(part)
        if word and word.casefold() not in words:
            length += len(word) + 1
            if length <= QUESTION_CHARACTERS:
                words[word.casefold()] = word
    return tuple(words.values())


def _goes_on(line: Line) -> bool:
    return not BY_NAME[line.command].ends


def _held_back(observation: Observation, config: GrammarConfig) -> set[str]:
    held = set() if config.refusals else {"nonsense", "controversial"}
    if len(observation.quotes) < config.least_quotes and observation.actions_left > 1:
        held.add("answer")
    return held


def _lines(command: Command, seen: Observation, config: GrammarConfig) -> Iterator[Line]:
    name, prefix = command.name, command.prefix
    if command.argument == "none":
        yield Line(name, prefix, "nothing")
    elif command.argument == "steps":
        yield Line(name, prefix, "choice", ("1", "2", "3"))
    elif command.argument == "link":
        if seen.links:
            yield Line(name, prefix, "choice", tuple(map(str, seen.links)))
    elif name == "quote":
        yield from _quotes(prefix, seen, config)
    elif config.queries == "free":
        yield Line(name, prefix, "text")
    else:
        yield from _queries(command, seen, config.queries == "whole" and name == "search")


def _queries(command: Command, seen: Observation, whole: bool) -> Iterator[Line]:
    words = question_words(seen.question)
    used = _used(command.name, seen.past_actions, words)
    if whole and words:
        if (text := " ".join(words)) not in used:
            yield Line(command.name, command.prefix, "choice", (text,))
    elif len(used) < 2 ** len(words) - 1:
        yield Line(command.name, command.prefix, "words", words, used)
    elif not words and command.name == "search":
        yield Line(command.name, command.prefix, "text")


def _used(name: str, past: Sequence[str], words: Sequence[str]) -> tuple[str, ...]:
    """Return the texts made of the words that were sought before; of finds, on this page."""
    used: dict[str, None] = {}
    verb = "Search " if name == "search" else "Find "
    for action in reversed(past):
        text = action.removeprefix(verb).removesuffix(" (failed)")
        if action.startswith(verb) and chooses(words, text):
            used[text] = None
        elif name == "find" and action.startswith(("Search ", "Click ", "Back")):
            break
    return tuple(used)


def _quotes(prefix: str, seen: Observation, config: GrammarConfig) -> Iterator[Line]:
    screen = look(seen)
    tight = config.quotes != "spans"
    forms = sentence_forms(screen) if tight else passage_forms(screen)
    if forms and config.quotes == "numbered":
        numbers = tuple(NUMBER.format(number) for number in range(1, len(forms) + 1))
        yield Line("quote", prefix, "choice", numbers, meanings=forms)
    elif forms:
        yield Line("quote", prefix, "choice", forms)
    if not tight and (texts := run_texts(screen)):
        yield Line("quote", prefix, "span", texts)


def _answers(observation: Observation, config: GrammarConfig) -> Legal:
    quoted: tuple[str, ...] = ()
    if config.answers != "free":
        texts = (" ".join(quote.text.split()) for quote in observation.quotes)
        quoted = tuple(map(plain_citations, texts))
    marks = config.answers == "marks" and bool(quoted)
    return Legal((), True, len(observation.quotes), quoted, marks)


def _stripped(word: str) -> str:
    start, end = 0, len(word)
    while start < end and unicodedata.category(word[start])[0] in "PSZC":
        start += 1
    while end > start and unicodedata.category(word[end - 1])[0] in "PSZC":
        end -= 1
    return word[start:end]
