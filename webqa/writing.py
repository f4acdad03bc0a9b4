"""Answers as JSON and as Markdown, for other programs. Pure functions; knows no terminal."""

from __future__ import annotations

import re

from env.records import Answer, Quote
from policies.base import Rollout
from webqa.asking import given_answer
from webqa.fragments import quote_url

QUOTE_FIELDS = ("text", "title", "url", "domain", "start", "end", "page_sha256")
_SPECIAL = re.compile(r"([\\`*_\[\]<>#|~$])")
_MARK = re.compile(r"\\\[(\d{1,4}(?:\s*,\s*\d{1,4})*)\\\](?![(:])")
_LINE_START = re.compile(r"^(\s*\d{0,9})([-+=.)])", re.MULTILINE)


def as_object(rollout: Rollout) -> dict[str, object]:
    """Return what `--json` writes for an episode."""
    episode, answer = rollout.episode, given_answer(rollout)
    quotes = [{name: getattr(quote, name) for name in QUOTE_FIELDS} for quote in answer.quotes]
    return {
        "question": episode.question.text,
        "answer": {"text": answer.text, "quotes": quotes},
        "ended": episode.ended,
        "episode": episode.id,
    }


def as_markdown(answer: Answer) -> str:
    """Return an answer as Markdown: the text, then its sources as a numbered list."""
    # Citations keep plain brackets: without a definition Markdown shows them as they are.
    text = _MARK.sub(r"[\1]", escape(answer.text))
    if not answer.quotes:
        return text
    sources = "\n".join(_source(number, quote) for number, quote in enumerate(answer.quotes, 1))
    return f"{text}\n\n**Sources**\n\n{sources}"


def escape(text: str) -> str:
    """Write plain text so that Markdown shows it as it is."""
    text = _SPECIAL.sub(r"\\\1", text.replace("&", "&amp;"))
    return _LINE_START.sub(r"\1\\\2", text)


def _source(number: int, quote: Quote) -> str:
    indent = " " * (len(str(number)) + 2)
    title = escape(" ".join(quote.title.split())) or "Untitled"
    url = quote_url(quote)
    head = f"[{title}](<{url}>)" if url else title
    lines = [line.strip() for line in escape(quote.text).split("\n")]
    shown = "\n".join(f"{indent}> {line}".rstrip() for line in lines)
    return f"{number}. {head} ({escape(quote.domain)})\n\n{shown}\n"
