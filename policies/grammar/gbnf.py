"""The legal lines as a grammar for llama.cpp, in its GBNF. Knows no server.

GBNF has no rule for runs of words: each word becomes a rule that may end or go on with the next.
"""

from __future__ import annotations

from policies.grammar.expression import (
    ROOT,
    SPACES,
    Either,
    Expression,
    Free,
    Joined,
    Maybe,
    Name,
    Repeated,
    Run,
    to_rules,
)
from policies.grammar.legal import CONTROLS, Legal

_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def to_gbnf(legal: Legal) -> str:
    """Return the grammar's text; its first rule is `root`."""
    rules = to_rules(legal)
    more: dict[str, str] = {}
    lines = [
        f"{'root' if name == ROOT else name} ::= {_write(rule, more)}"
        for name, rule in rules.items()
    ]
    return "\n".join([*lines, *(f"{name} ::= {rule}" for name, rule in more.items()), ""])


def _write(part: Expression, more: dict[str, str]) -> str:
    match part:
        case str():
            return _literal(part)
        case Name():
            return part.rule
        case Either():
            return "(" + " | ".join(_write(each, more) for each in part.parts) + ")"
        case Joined():
            return " ".join(_write(each, more) for each in part.parts)
        case Maybe():
            return f"({_write(part.part, more)})?"
        case Repeated():
            return f"({_write(part.part, more)})+"
        case Run():
            return "(" + " | ".join(_run(part.words, more)) + ")"
        case Free():
            return _FREE[part.kind]


def _run(words: tuple[str, ...], more: dict[str, str]) -> list[str]:
    """Add a rule for each word, and return their names: a run may begin with any of them."""
    names = [f"word{len(more) + place}" for place in range(len(words))]
    for place, (name, word) in enumerate(zip(names, words, strict=True)):
        ahead = f" {names[place + 1]}?" if place + 1 < len(words) else ""
        more[name] = _literal(f" {word}") + ahead
    return names


def _literal(text: str) -> str:
    return '"' + "".join(map(_character, text)) + '"'


def _character(one: str) -> str:
    return _ESCAPES.get(one) or (one if one.isprintable() else _code(ord(one)))


def _code(point: int) -> str:
    if point < 0x100:
        return f"\\x{point:02X}"
    return f"\\u{point:04X}" if point < 0x10000 else f"\\U{point:08X}"


def _ranges(ranges: tuple[tuple[int, int], ...]) -> str:
    return "".join(
        _code(first) if first == last else f"{_code(first)}-{_code(last)}" for first, last in ranges
    )


_ANSWER = ((0x00, 0x09), (0x0B, 0x1F), *CONTROLS[1:])
_FREE = {
    "line": f"[^{_ranges(SPACES + CONTROLS)}] [^{_ranges(CONTROLS)}]*",
    "opening": f"[^\\[{_ranges(SPACES + CONTROLS)}]",
    "answer": f"[^\\[{_ranges(_ANSWER)}]*",
}
