"""A made-up web of a few pages, questions about it, and a random policy that can browse it."""

from env.records import Question
from env.web.indexing import IndexConfig, build_index
from policies.grammar.config import NUMBERED
from policies.language_model import LanguageModelConfig, write_config
from policies.prompts import PromptConfig
from tests.policies.models.small import save_model

THINGS = (
    ("sky", "blue", "air scatters light"),
    ("sea", "salty", "rivers carry minerals"),
    ("leaf", "green", "chlorophyll takes red light"),
    ("snow", "white", "crystals reflect everything"),
    ("bread", "soft", "yeast makes bubbles"),
    ("moon", "bright", "it mirrors the sun"),
    ("iron", "red", "water turns it to rust"),
    ("night", "dark", "the earth turns away"),
)


def make_web(folder):
    """Write a page for each thing, index them, and return the index's folder."""
    for thing, quality, reason in THINGS:
        path = folder / "pages" / f"{thing}.example" / "why.html"
        path.parent.mkdir(parents=True)
        path.write_text(
            f"<html><head><title>The {thing}</title></head><body><main><h1>The {thing}</h1>"
            f"<p>The {thing} is {quality} because {reason}.</p><p>Many people ask about the "
            f"{thing}.</p><p>Nobody knows who first said that the {thing} is {quality}.</p>"
            "</main></body></html>",
            encoding="utf-8",
        )
    build_index([folder / "pages"], folder / "web", IndexConfig(url_prefix="https://"))
    return folder / "web"


def make_questions():
    """Return a few questions about each thing."""
    forms = ("Why is the {} {}?", "How come the {} is {}?", "What makes the {} {}?")
    return [
        Question(f"{thing}-{number}", form.format(thing, quality), "made", (reason,))
        for thing, quality, reason in THINGS
        for number, form in enumerate(forms)
    ]


def make_policy(folder):
    """Save a random model that is asked as tiny models are; return its folder."""
    save_model(folder, context=1400, spread=0.05)
    asked = LanguageModelConfig(PromptConfig("page-first", aids=True), NUMBERED, preset="small")
    write_config(folder, asked)
    return folder
