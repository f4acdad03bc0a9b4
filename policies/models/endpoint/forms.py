"""The forms in which servers take what is legal, and the way back from what they wrote.

vLLM takes a Lark grammar, llama.cpp a GBNF grammar, Ollama and OpenAI a JSON schema; where none
works, nothing constrains and the line is looked for in the reply. Knows no HTTP.
"""

from __future__ import annotations

from typing import Literal

from env.actions import COMMANDS
from policies.grammar.gbnf import to_gbnf
from policies.grammar.json_schema import from_json, to_schema
from policies.grammar.lark import to_lark
from policies.grammar.legal import Legal, allows
from policies.models.endpoint.config import Kind

Form = Literal["lark", "gbnf", "schema"]

FORMS: dict[Kind, tuple[Form, ...]] = {
    "vllm": ("lark", "schema"),
    "llama.cpp": ("gbnf", "schema"),
    "ollama": ("schema",),
    "openai": ("schema",),
}
"""The best first."""
MASKS: frozenset[Form] = frozenset({"lark", "gbnf"})
"""Forms that allow what is legal and nothing else."""
FIELD: dict[Form, str] = {
    "lark": "structured_outputs",
    "gbnf": "grammar",
    "schema": "response_format",
}
"""The field of a request that carries each form."""
_ONLY_CHAT: frozenset[tuple[Kind, Form]] = frozenset(
    {("ollama", "schema"), ("openai", "schema"), ("llama.cpp", "schema")}
)
JSON_TOKENS = 48
"""Tokens that a command costs more as JSON."""
JSON_COMMAND = (
    'Write the command as JSON: {"action": {"command": NAME, "argument": TEXT}}, where NAME is '
    f"one of {', '.join(command.name for command in COMMANDS)} (in the order of the list above) "
    'and TEXT is what stands behind the command, "" where nothing does.'
)
JSON_ANSWER = 'Write the answer as JSON: {"answer": TEXT}.'
"""For models that are sent a schema, which some servers do not show them."""


def usable(kind: Kind, chat: bool) -> tuple[Form, ...]:
    """Return the forms that a server of this kind may take, the best first."""
    return tuple(form for form in FORMS[kind] if chat or (kind, form) not in _ONLY_CHAT)


def field_value(form: Form, legal: Legal) -> object:
    """Return what is sent in the field of a form."""
    if form == "lark":
        return {"grammar": to_lark(legal)}
    if form == "gbnf":
        return to_gbnf(legal)
    schema = {"name": "reply", "strict": True, "schema": to_schema(legal)}
    return {"type": "json_schema", "json_schema": schema}


def read_form(form: Form, written: str, legal: Legal) -> str | None:
    """Return the line or the answer that was written, None if it is not in this form.

    A server that enforces a form never breaks it, except where it was cut off. A schema says less
    than a grammar: what is in its form may still not be legal.
    """
    text = written.strip()
    if form != "schema":
        return text if allows(legal, text) else None
    told = from_json(text).strip()
    return None if told == text else told
