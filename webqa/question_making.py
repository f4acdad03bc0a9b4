"""Questions made from the pages of an offline web, so that there are thousands to learn from.

Cloze questions ask for something in a sentence; definitions ask for what a page is about, by its
first sentence, or the other way round. The same web, number and seed give the same questions.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from math import ceil
from random import Random

from env.answers import normalise, stands_in
from env.records import Question
from env.web.store import Stored
from webqa.question_answers import Kind, Known, answers, define, paragraphs
from webqa.question_wording import Told, Wording, ask, ask_definition, ask_what_is

CLOZE = "web-cloze"
DEFINITION = "web-definition"
ID_LENGTH = 16
MOST_TOPICS = 300_000
"""Pages whose topics are remembered, so that a web of millions does not fill the memory."""
WEIGHTS: dict[Kind, float] = {"time": 3, "person": 4, "place": 3, "number": 2, "thing": 1}
"""How much rather what is of this kind is asked for, where a sentence has several."""
SPARE = 12
"""Questions tried on each page for one that is wanted."""
SHORTEST, LONGEST = 40, 300
"""Characters of a sentence that is asked about: longer ones cannot be quoted."""
MOST_WORDS = 4
"""Of an answer."""


@dataclass(frozen=True, slots=True)
class QuestionsConfig:
    """How many questions are made, and how."""

    count: int = 5000
    """Questions wanted."""
    seed: int = 0
    """Another one gives other questions."""
    definitions: float = 0.15
    """Share of the questions that ask for definitions, as far as there are enough."""


Meter = Callable[[str, int], None]
"""Is told what is being done, and with how many pages it was done."""
Pages = Callable[[], Iterable[Stored]]
"""Gives all pages anew each time."""


def make_questions(
    pages: Pages, config: QuestionsConfig, wording: Wording, meter: Meter
) -> list[Question]:
    """Make questions from all pages, in an order that mixes them.

    The pages are gone through twice, one at a time: to learn what each is about, and to ask.

    Args:
        pages: gives the pages.
        config: how many, and of what kind.
        wording: how far from the pages' own words they are.
        meter: is told how far it is.
    """
    known, total = Known(), 0
    for total, page in enumerate(pages(), start=1):
        meter("Reading", total)
        if len(known.topics) < MOST_TOPICS and (topic := define(page.title, page.text)):
            known.add(topic)
    each = SPARE * ceil(config.count / max(1, total))
    cloze, definitions = (_Sample(config.count, config.seed) for _ in range(2))
    for number, page in enumerate(pages(), start=1):
        meter("Asking", number)
        draw = Random(f"{config.seed} {page.id} {page.title}")
        for question in _of_page(page, known, each, draw, wording):
            (cloze if question.dataset == CLOZE else definitions).add(question)
    wanted = min(round(config.count * config.definitions), len(definitions.kept))
    joined = _Sample(config.count, config.seed)
    for question in (*definitions.best(wanted), *cloze.best(config.count - wanted)):
        joined.add(question)
    return joined.best(config.count)


class _Sample:
    """A random part of a stream, chosen by a hash: its memory does not grow with the stream."""

    def __init__(self, size: int, seed: int) -> None:
        self._size, self._seed = size, seed
        self.kept: dict[str, tuple[int, Question]] = {}
        self._heap: list[tuple[int, str]] = []

    def add(self, question: Question) -> None:
        """Keep a question, if its hash is among the smallest so far."""
        if question.id in self.kept:
            return
        value = int.from_bytes(sha256(f"{self._seed}\0{question.id}".encode()).digest()[:8])
        self.kept[question.id] = (value, question)
        heapq.heappush(self._heap, (-value, question.id))
        if len(self._heap) > self._size:
            _, largest = heapq.heappop(self._heap)
            del self.kept[largest]

    def best(self, count: int) -> list[Question]:
        """Return so many questions, in the order of their hashes."""
        ordered = sorted(self.kept.values(), key=lambda pair: pair[0])
        return [question for _, question in ordered[:count]]


def _of_page(
    page: Stored, known: Known, count: int, draw: Random, wording: Wording
) -> Iterator[Question]:
    topic = known.topics.get(page.title.split(" (")[0])
    if topic:
        yield from _question(DEFINITION, ask_what_is(topic, draw, wording), topic.phrase)
        yield from _question(DEFINITION, ask_definition(topic, draw, wording), topic.title)
    told = [
        (sentence, paragraph[place - 1] if place else "")
        for paragraph in paragraphs(page.text)
        for place, sentence in enumerate(paragraph)
        if SHORTEST <= len(sentence) <= LONGEST and "//" not in sentence
    ]
    for sentence, before in draw.sample(told, min(count, len(told))):
        if spans := list(answers(sentence, known, topic)):
            (span,) = draw.choices(spans, [WEIGHTS[one.kind] for one in spans])
            asked = ask(Told(sentence, before, topic), span, draw, wording)
            yield from _question(CLOZE, asked, sentence[span.start : span.end])


def _question(dataset: str, asked: str, answer: str) -> Iterator[Question]:
    """Yield a question, if it is one and does not hold its answer."""
    plain = normalise(answer)
    if not asked or not plain or len(plain.split()) > MOST_WORDS or stands_in([answer], asked):
        return
    identifier = sha256(f"{dataset}\0{asked}\0{answer}".encode()).hexdigest()[:ID_LENGTH]
    yield Question(identifier, asked, dataset, (answer,))
