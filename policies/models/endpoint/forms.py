"""The forms in which servers take what is legal, and the way back from what they wrote.

vLLM takes a Lark grammar, llama.cpp a GBNF grammar, Ollama and OpenAI a JSON schema; where none
works, nothing constrains and the line is looked for in the reply. Knows no HTTP.
"""

from __future__ import annotations

from typing import Literal

from env.citations import cited_numbers
from env.errors import Error
from policies.grammar.gbnf import to_gbnf
from policies.grammar.json_schema import from_json, to_schema
from policies.grammar.lark import to_lark
from policies.grammar.legal import Legal
from policies.models.endpoint.config import Kind
from policies.models.endpoint.lines import why_not

Form = Literal["lark", "gbnf", "schema"]

FORMS: dict[Kind, tuple[Form, ...]] = {
    "vllm": ("lark", "schema"),
    "llama.cpp": ("gbnf", "schema"),
    "ollama": ("schema",),
    "openai": ("schema",),
}
"""The best first."""
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
JSON_HINT = "Write it as JSON, in the form that is asked for."
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
    schema = {"name": "reply", "schema": to_schema(legal), "strict": True}
    return {"type": "json_schema", "json_schema": schema}


def read_form(form: Form, written: str, legal: Legal) -> str | None:
    """Return the line or the answer that was written, None if it is not in this form.

    A server that enforces a form never breaks it, except where it was cut off.
    """
    text = written.strip()
    if form == "schema":
        try:
            text = from_json(text).strip()
        except (Error, ValueError):
            return None
    return text if keeps(text, legal) else None


def keeps(text: str, legal: Legal) -> bool:
    """Tell whether a text can be what a server wrote that was held to what is legal."""
    if legal.answering:
        numbers = cited_numbers(text)
        return bool(text) and all(1 <= number <= legal.citations for number in numbers)
    if why_not(text) is not None:
        return False
    return any(
        text.startswith(line.prefix)
        and (line.kind != "choice" or text[len(line.prefix) :] in line.choices)
        for line in legal.lines
    )
