"""A `Legal` as rules over a handful of shapes, from which each grammar's text is written.

All rules are right-linear (a rule names only rules behind its own text), so the whole is one
regular expression. Knows no grammar's syntax.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

from env.answers import NOTHING_FOUND
from policies.grammar.legal import Legal, Line, answer_items


@dataclass(frozen=True, slots=True)
class Name:
    """Another rule."""

    rule: str


@dataclass(frozen=True, slots=True)
class Either:
    """One of these; with none of them nothing can be written."""

    parts: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Joined:
    """All of these, one behind the other."""

    parts: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Maybe:
    """This or nothing."""

    part: Expression


@dataclass(frozen=True, slots=True)
class Run:
    """A space and a run of at least one of these words, spaces between."""

    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Free:
    """Text: a line that does not begin with a space, an answer's first character, its text."""

    kind: Literal["line", "opening", "answer"]


@dataclass(frozen=True, slots=True)
class Repeated:
    """This, once or more."""

    part: Expression


Expression: TypeAlias = str | Name | Either | Joined | Maybe | Run | Free | Repeated

ROOT = "line"
"""The rule of all that may be written."""

SPACES = ((0x20, 0x20), (0xA0, 0xA0), (0x1680, 0x1680), (0x2000, 0x200A), (0x202F, 0x202F),
          (0x205F, 0x205F), (0x3000, 0x3000))  # fmt: skip
"""Ranges of code points: the white space that is no control character."""


class _State(NamedTuple):
    """In a list of items: those from `start` on may follow, `used` being written so far."""

    start: int
    used: tuple[int, ...] | None
    """None: nothing that begins with what is written is forbidden."""


def to_rules(legal: Legal) -> dict[str, Expression]:
    """Return the rules by name; `ROOT` stands for everything."""
    rules: dict[str, Expression] = {}
    rules[ROOT] = _answer(legal, rules) if legal.answering else _lines(legal, rules)
    return rules


def _lines(legal: Legal, rules: dict[str, Expression]) -> Expression:
    return Either(
        tuple(
            _line(line, f"{line.command}{place}", rules) for place, line in enumerate(legal.lines)
        )
    )


def _line(line: Line, name: str, rules: dict[str, Expression]) -> Expression:
    match line.kind:
        case "nothing":
            return line.prefix
        case "text":
            return Joined((line.prefix, Free("line")))
        case "choice":
            return Joined((line.prefix, Either(line.choices)))
        case "words":
            return Joined((line.prefix, subsets(line.choices, line.without, name, rules)))
        case "span":
            runs = tuple(Run(tuple(text.split(" "))) for text in line.choices)
            return Joined((line.prefix.rstrip(" "), Either(runs)))


def _answer(legal: Legal, rules: dict[str, Expression]) -> Expression:
    if legal.quoted:
        return subsets(answer_items(legal), (), "quoted", rules)
    if not legal.citations:
        return Joined((Free("opening"), Free("answer")))
    marks = Either(tuple(f"[{number}]" for number in range(1, legal.citations + 1)))
    text = Free("answer")
    return Either((NOTHING_FOUND, Joined((Free("opening"), text, Repeated(Joined((marks, text)))))))


def subsets(
    items: tuple[str, ...], without: tuple[str, ...], name: str, rules: dict[str, Expression]
) -> Expression:
    """Add rules for some of the items, at least one, in order, spaces between; return their name.

    One rule for each place in the list, and for each beginning of a forbidden text.
    """
    places = {item: place for place, item in enumerate(items)}
    split = [tuple(places.get(word, -1) for word in text.split(" ")) for text in without]
    forbidden = {used for used in split if -1 not in used and list(used) == sorted(set(used))}
    names: dict[_State, str] = {}

    def rule(state: _State) -> str:
        """Return the rule of what may follow; empty if nothing may."""
        if state not in names:
            names[state] = label = f"{name}x{len(names)}"
            parts = tuple(part for place in range(state.start, len(items))
                          if (part := item(place, state.used)))  # fmt: skip
            if parts:
                rules[label] = Either(parts)
            else:
                names[state] = ""
        return names[state]

    def item(place: int, used: tuple[int, ...] | None) -> Expression:
        now = None if used is None else (*used, place)
        ahead = now if any(one[: len(now or ())] == now for one in forbidden) else None
        more = rule(_State(place + 1, ahead))
        if now in forbidden:
            return Joined((items[place], " ", Name(more))) if more else ""
        return Joined((items[place], Maybe(Joined((" ", Name(more)))))) if more else items[place]

    top = rule(_State(0, ()))
    return Name(top) if top else Either(())
