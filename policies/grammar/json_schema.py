"""The legal lines as a JSON schema, for servers that take no other grammar, and the way back.

In the form that strict modes take: one object at the top, every property required, no others. A
schema cannot say all that a grammar can: of words, runs of words and free text it says that they
are strings; whether they are legal is asked of `policies.grammar.legal.allows`. Knows no server.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from env.actions import BY_NAME
from policies.grammar.legal import Legal, Line, answer_items


def to_schema(legal: Legal) -> dict[str, Any]:
    """Return the schema of `{"action": {"command", "argument"}}`, or of `{"answer"}`.

    Lines of which none is a command, such as a verdict's, take the form of an answer, too.
    """
    if legal.answering:
        return _object(answer=_answer(legal))
    if legal.lines and not any(line.command in BY_NAME for line in legal.lines):
        return _object(answer=_words(legal.lines))
    plain = [line.command for line in legal.lines if line.kind == "nothing"]
    actions = [
        _object(command=_one_of([line.command]), argument=_argument(line))
        for line in legal.lines
        if line.kind != "nothing"
    ]
    if plain:
        actions.append(_object(command=_one_of(plain), argument=_one_of([""])))
    return _object(action={"anyOf": actions})


def from_json(text: str) -> str:
    """Return the line, or the answer, that a reply in the schema's form stands for.

    What is in no such form comes back as it is: whoever reads it says what is wrong with it.
    """
    try:
        reply = json.loads(text)
    except (ValueError, RecursionError):
        return text
    if not isinstance(reply, dict):
        return text
    if "answer" in reply:
        return _joined(reply["answer"]) or text
    action = reply.get("action", reply)
    command = BY_NAME.get(str(action.get("command"))) if isinstance(action, dict) else None
    if command is None:
        return text
    given = action.get("argument")
    argument = "" if given is None else " ".join(str(given).split())
    return command.prefix if command.argument == "none" else command.prefix + argument


def _joined(answer: object) -> str:
    """Return an answer's text; of one given in parts each once."""
    parts = answer if isinstance(answer, list) else [answer]
    return " ".join(dict.fromkeys(part for part in parts if isinstance(part, str)))


def _answer(legal: Legal) -> dict[str, Any]:
    if legal.quoted:
        return {"type": "array", "items": _one_of(list(answer_items(legal)))}
    return {"type": "string"}


def _words(lines: Sequence[Line]) -> dict[str, Any]:
    """Return the schema of lines that are no commands, such as a verdict."""
    if any(line.kind not in ("nothing", "choice") for line in lines):
        return {"type": "string"}
    return _one_of([line.prefix + one for line in lines for one in line.choices or ("",)])


def _argument(line: Line) -> dict[str, Any]:
    return _one_of(list(line.choices)) if line.kind == "choice" else {"type": "string"}


def _one_of(texts: list[str]) -> dict[str, Any]:
    return {"type": "string", "enum": texts}


def _object(**properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
