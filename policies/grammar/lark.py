"""The legal lines as a grammar for llguidance, whose Lark has a rule for runs of words.

For the local engine and for vLLM. One terminal holds everything: llguidance would take the longest
of several terminals that match, and so lose lines of which one begins with another. Knows no
tokenizer.
"""

from __future__ import annotations

import json

from policies.grammar.expression import (
    ROOT,
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

_CONTROLS = "".join(f"\\x{{{first:x}}}-\\x{{{last:x}}}" for first, last in CONTROLS)
_ANSWER = _CONTROLS.replace("\\x{0}-\\x{1f}", "\\x{0}-\\x{9}\\x{b}-\\x{1f}")
_FREE = {
    "line": rf"/[^\s{_CONTROLS}][^{_CONTROLS}]*/",
    "opening": rf"/[^\s\[{_CONTROLS}]/",
    "answer": rf"/[^\[{_ANSWER}]*/",
}


def to_lark(legal: Legal) -> str:
    """Return the grammar's text."""
    rules = to_rules(legal)
    lines = [f"{name.upper()}: {_write(rule)}" for name, rule in rules.items()]
    return "\n".join([f"start: {ROOT.upper()}", *lines, ""])


def _write(part: Expression) -> str:
    match part:
        case str():
            return _literal(part)
        case Name():
            return part.rule.upper()
        case Either():
            return "(" + " | ".join(map(_write, part.parts)) + ")"
        case Joined():
            return " ".join(map(_write, part.parts))
        case Maybe():
            return f"({_write(part.part)})?"
        case Repeated():
            return f"({_write(part.part)})+"
        case Run():
            # The rule matches nothing at all, too.
            words = ", ".join(_literal(f" {word}") for word in part.words)
            return f'(%regex {{"substring_chunks": [{words}]}} & /(?s:.)+/)'
        case Free():
            return _FREE[part.kind]


def _literal(text: str) -> str:
    # Of the control characters JSON leaves one plain, which Lark does not take.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
