"""The instructions that people are given, and their versions. Knows no campaign and no page."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from importlib.resources import files

from webqa.rating.records import Kind, Profile

DIGITS = 8
"""Of the hash in a version."""


@dataclass(frozen=True, slots=True)
class Guideline:
    """Instructions for one kind of task."""

    title: str
    """The first line, with the number of the edition in brackets."""
    version: str
    """The title and a hash of the text: what is recorded with every rating."""
    text: str
    """Markdown, written by us."""


def read_guideline(kind: Kind, profile: Profile) -> Guideline:
    """Return what people are told who work on such a campaign."""
    name = "demonstrate" if kind == "demonstrate" else profile
    folder = files("webqa") / "rating" / "campaigns" / "guidelines"
    return guideline((folder / f"{name}.md").read_text(encoding="utf-8"))


def guideline(text: str) -> Guideline:
    """Return a text as instructions."""
    title = text.split("\n", 1)[0].lstrip("# ").strip()
    digest = sha256(text.encode()).hexdigest()[:DIGITS]
    return Guideline(title, f"{title} {digest}", text)


def as_html(shown: Guideline) -> str:
    """Return instructions as HTML without the title; markup in the text is shown, not obeyed."""
    from markdown_it import MarkdownIt

    body = shown.text.split("\n", 1)[-1]
    return str(MarkdownIt("commonmark", {"html": False}).enable("table").render(body))
