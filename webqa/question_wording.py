"""Words a question from a sentence and what is asked for in it, roughly as people write them.

A sentence shares nearly all its words with what is made of it by leaving the answer out; people ask
in fewer and other words. So parts are dropped, words replaced by others of a like meaning, and the
topic is named, which the sentence itself often does not do. Made for English.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random

from policies.extractive.words import STOP, plain, stem, stems, synonyms, weight, words
from webqa.question_answers import Definition, Kind, Span

_AUXILIARY = re.compile(r"\b(is|are|was|were|has|have|had|can|could|will)\b")
_PAST = re.compile(r"\b([a-z]+[^e]ed)\b")
_LAST_PREPOSITION = re.compile(
    r"\s(?:in|on|at|by|of|to|from|for|since|until|near|with|about|around|the|a|an|into)$"
)
_BRACKETS = re.compile(r"\s*[(\[][^)\]]*[)\]]")
_ASKING = frozenset("who what which where when how".split())
_PRONOUNS = frozenset("he she it they this these we his her its their there".split())
_ARTICLES = frozenset("a an the".split())
_OPENING = re.compile(r"^[^,]{1,60},\s+")
_CLAUSE = re.compile(r"[;:]|,\s+(?:and|but|which|who|where|while|although|as|with)\b|\s[–—-]\s")
_IN_PLACE = 0.3
"""Share of the sentences without a known verb in which the asking words stand for the answer."""
_LONGEST = 14
"""Words of a sentence that go into a question, before it is shortened."""
_FEWEST = 3
"""Telling words of a question."""


@dataclass(frozen=True, slots=True)
class Wording:
    """How far questions are from the sentences that they are made of."""

    dropped: float = 0.3
    """Share of the telling words, names left aside, that are dropped."""
    replaced: float = 0.3
    """Share of the telling words that are replaced by others of a like meaning, if there are."""
    context: float = 0.7
    """How often a word of the sentence before is added; half as often two are."""
    shortest: int = 5
    """Words that are taken from the sentence at the least, as far as it has so many."""
    longest: int = 11
    """Words that are taken from it at the most."""
    lower: float = 0.6
    """Share of the questions in lower case."""


@dataclass(frozen=True, slots=True)
class Told:
    """A sentence and where it stands."""

    sentence: str
    before: str = ""
    """The sentence before it in its paragraph."""
    topic: Definition | None = None
    """What the page is about, if it says so."""


def ask(told: Told, answer: Span, draw: Random, wording: Wording) -> str:
    """Return a question for what stands at `answer`; empty when none can be made.

    Args:
        told: the sentence, and where it stands.
        answer: where in it the answer stands.
        draw: what varies the wording.
        wording: how far from the sentence it may go.
    """
    before, after = _clause(told.sentence, answer)
    asked = _of_subject(before, after, answer, draw) or _of_object(before, after, answer, draw)
    if not asked:
        return ""
    asked = " ".join(asked.split()[: draw.randint(wording.shortest, wording.longest)])
    if _ASKING.isdisjoint(asked.lower().split()):
        return ""
    asked = _blurred(asked, draw, wording)
    asked = _with_topic(asked, told.topic, told.sentence[answer.start : answer.end])
    asked = " ".join([asked, *_context(told, asked, draw, wording)])
    if len([word for word in words(asked) if plain(word) not in STOP]) < _FEWEST:
        return ""
    return finished(asked, draw, wording)


def _context(told: Told, asked: str, draw: Random, wording: Wording) -> list[str]:
    """Return telling words of the sentence before that stand neither in it nor in the question."""
    wanted = (draw.random() < wording.context) + (draw.random() < wording.context / 2)
    known = {*stems(told.sentence), *stems(asked)}
    others = [
        word
        for word in words(told.before)
        if word.isalpha() and plain(word) not in STOP and stem(plain(word)) not in known
    ]
    return draw.sample(others, min(wanted, len(others)))


def finished(asked: str, draw: Random, wording: Wording) -> str:
    """Return a question as it is written down: its case, its question mark."""
    asked = re.sub(r"\s+([,'’])", r"\1", " ".join(asked.split())).strip(" ,;:()-–—")
    if draw.random() < wording.lower:
        return asked.lower()
    mark = "?" if draw.random() < 0.8 else ""
    return f"{asked[:1].upper()}{asked[1:]}{mark}"


def _clause(sentence: str, answer: Span) -> tuple[str, str]:
    """Return what stands before and behind the answer in its part of the sentence."""
    before = _BRACKETS.sub("", sentence[: answer.start])
    after = _BRACKETS.sub("", sentence[answer.end :]).rstrip(" .!?\"'")
    cut = [found.end() for found in _CLAUSE.finditer(before)]
    if cut and len(words(before[cut[-1] :])) >= _FEWEST:
        before = before[cut[-1] :]
    opening = _OPENING.match(before)
    if opening and len(words(before[opening.end() :])) >= _FEWEST:
        before = before[opening.end() :]
    if end := _CLAUSE.search(after):
        after = after[: end.start()]
    return before.replace('"', "").strip(), after.replace('"', "").strip()


def _of_subject(before: str, after: str, answer: Span, draw: Random) -> str:
    """Ask for what does something: who landed on the moon."""
    if len(words(before)) > 1 or answer.kind == "time" or len(words(after)) < _FEWEST:
        return ""
    if answer.kind == "number":
        return f"how many {after}"
    first = after.split()[0]
    if not (_AUXILIARY.fullmatch(first) or re.fullmatch(r"[a-z]+(?:ed|s)|\w+", first)):
        return ""
    return f"{_wh(answer, draw)} {_cut(after)}"


def _of_object(before: str, after: str, answer: Span, draw: Random) -> str:
    """Ask for what something is done to, or for when and where: when was it built."""
    wh = _wh(answer, draw, _last(before))
    rest = after.removeprefix(answer.noun).strip() if answer.kind == "number" else after
    found = _AUXILIARY.search(before)
    if found and _is_subject(before[: found.start()], 8):
        subject, verb = before[: found.start()], str(found[1])
        done = before[found.end() :]
    elif (found := _PAST.search(before)) and _is_subject(before[: found.start()], 6):
        subject, verb = before[: found.start()], "did"
        done = f"{_present(found[1])} {before[found.end() :]}"
    else:
        kept = before.split()[-5:]
        if len(kept) < _FEWEST or draw.random() > _IN_PLACE:
            return ""
        return _cut(" ".join([*kept, wh, *rest.split()[:5]]))
    done = _LAST_PREPOSITION.sub("", f" {done.strip()}")
    return _cut(f"{wh} {verb} {_lowered(subject)} {done} {' '.join(rest.split()[:6])}")


def _is_subject(text: str, longest: int) -> bool:
    """Tell whether something could be named by a text: it begins and ends as a name does."""
    said = text.split()
    if not 1 <= len(said) <= longest:
        return False
    first, last = plain(said[0]), plain(said[-1])
    begins = first in _PRONOUNS or first in _ARTICLES or any(word[0].isupper() for word in said[1:])
    alone = len(said) == 1 and said[0][0].isupper()
    return (begins or alone) and (last in _PRONOUNS or last not in STOP)


def _last(before: str) -> str:
    found = before.removesuffix(" the").split()
    return found[-1].lower() if found else ""


def _wh(answer: Span, draw: Random, preposition: str = "") -> str:
    """Return the words that ask for something of this kind."""
    which = draw.choice(("which", "what"))
    kind: Kind = answer.kind
    if kind == "number":
        return f"how many {answer.noun}"
    if kind == "time":
        year = answer.end - answer.start == 4  # digits
        return draw.choice(("when", "when", "what year", "in which year")[: 4 if year else 2])
    if kind == "person":
        return "who" if not answer.noun or draw.random() < 0.7 else f"{which} {answer.noun}"
    if kind == "place" and preposition in ("in", "at", "near", "from", "to", "into"):
        return "where" if draw.random() < 0.7 else f"in {which} {answer.noun or 'place'}"
    if answer.noun and draw.random() < 0.7:
        return f"{which} {answer.noun}"
    return f"{which} place" if kind == "place" else "what"


def _present(verb: str) -> str:
    """Return the plain form of a regular past tense: of the forms it may have the commonest."""
    bare = verb.removesuffix("ed")
    return min((bare + "e", bare, f"{bare.removesuffix('i')}y"), key=weight)


def _lowered(subject: str) -> str:
    """Return a subject as it stands inside a question: The city, the city."""
    first, space, rest = subject.strip().partition(" ")
    return (first.lower() if plain(first) in STOP else first) + space + rest


def _cut(text: str) -> str:
    return " ".join(text.split()[:_LONGEST])


def _blurred(asked: str, draw: Random, wording: Wording) -> str:
    """Drop some words and replace others; what asks, names and numbers stay."""
    said: list[str] = []
    for place, word in enumerate(asked.split()):
        bare = plain(word.strip(",.;:"))
        if place < 3 or bare in STOP or not bare.isalpha() or not word.islower():
            said.append(word)
            continue
        chance = draw.random()
        others = synonyms(stem(bare))
        if chance < wording.dropped:
            continue
        if chance < wording.dropped + wording.replaced and others:
            said.append(draw.choice(others))
        else:
            said.append(word)
    return " ".join(_without_loose(said))


def _without_loose(said: list[str]) -> list[str]:
    """Leave out articles and the like that have lost the word behind them."""
    kept: list[str] = []
    for word in reversed(said):
        bare = plain(word.strip(","))
        loose = word in _ARTICLES if kept else bare in STOP and bare not in _ASKING
        if not loose or (kept and plain(kept[-1]) not in STOP):
            kept.append(word)
    return kept[::-1]


def _with_topic(asked: str, topic: Definition | None, answer: str) -> str:
    """Name what the page is about: in the place of a pronoun, or at the end."""
    if topic is None or set(stems(topic.title)) & {*stems(asked), *stems(answer)}:
        return asked
    said = asked.split()
    for place, word in enumerate(said):
        if place and word.lower() in _PRONOUNS:
            owner = "'s" if word.lower() in ("his", "its", "their") else ""
            return " ".join([*said[:place], topic.title + owner, *said[place + 1 :]])
    return f"{asked} {'of' if topic.kind == 'person' else 'in'} {topic.title}"


def ask_definition(topic: Definition, draw: Random, wording: Wording) -> str:
    """Ask for the topic by what is said of it; empty when too little is said."""
    end = _CLAUSE.search(rest := _BRACKETS.sub("", topic.rest).rstrip(" ."))
    rest = _blurred(_cut(rest[: end.start()] if end else rest), draw, replace(wording, dropped=0))
    if len([word for word in words(rest) if plain(word) not in STOP]) < _FEWEST:
        return ""
    if topic.kind == "person":
        return finished(f"who {topic.verb} {rest}", draw, wording)
    _, article, described = rest.partition(f"{topic.noun} ")
    which = draw.choice(("which", "what"))
    if article and draw.random() < 0.5:
        return finished(f"{which} {topic.noun} {topic.verb} {described}", draw, wording)
    return finished(f"what {topic.verb} {rest}", draw, wording)


def ask_what_is(topic: Definition, draw: Random, wording: Wording) -> str:
    """Ask what the topic is."""
    asks = "who" if topic.kind == "person" else "what"
    forms: Sequence[str] = (f"{asks} {topic.verb} {topic.title}",)
    if topic.kind == "thing":
        forms = (*forms, f"what kind of thing {topic.verb} {topic.title}")
    return finished(draw.choice(forms), draw, wording)
