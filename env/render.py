"""Observations as the text that a person or a model reads; the layouts of WebGPT.

Browsing: Figure 1(b); answering: appendix A, tables 2 and 11. Rendered afresh at every step, the
volatile fields last, so that a prefix cache still helps. Knows no model; prompts are made from
this text elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence

from env.records import Observation, Quote
from env.view import plain_citations


def render(observation: Observation) -> str:
    """Return the text of an observation, in the layout of its phase."""
    return render_answering(observation) if observation.answering else render_browsing(observation)


def render_browsing(observation: Observation, page_first: bool = False) -> str:
    """Return the browsing layout, ending where the next command is to be written.

    With `page_first` the page comes before what the policy is after: a small model then reads the
    question knowing the page, and several commands on one window share the longer prefix.
    """
    first, last = observation.position
    asked = [
        f"♦Question\n{plain_citations(observation.question)}",
        "\n".join(["♦Quotes", *_quotes(observation.quotes)]),
        "\n".join(["♦Past actions", *map(plain_citations, observation.past_actions)]),
    ]
    page = [
        f"♦Title\n{_title(observation.title, observation.domain)}",
        f"♦Scrollbar: {first} - {last}\n♦Text\n{observation.text}",
    ]
    blocks = [*page, *asked[1:], asked[0]] if page_first else [*asked, *page]
    if observation.notice:
        blocks.append(f"♦Notice\n{plain_citations(observation.notice)}")
    blocks.append(f"♦Actions left: {observation.actions_left}\n♦Next action\n")
    return "\n\n".join(blocks)


def render_answering(observation: Observation) -> str:
    """Return the answering prefix: `question■[1] title (domain)`, the quote, `■`, and so on."""
    parts = [plain_citations(observation.question)]
    for number, quote in enumerate(observation.quotes, start=1):
        title = _title(quote.title, quote.domain)
        parts.append(f"[{number}] {title}\n\n{plain_citations(quote.text)}")
    return "■".join([*parts, ""])


def _quotes(quotes: Sequence[Quote]) -> list[str]:
    blocks = [
        f"From {_title(quote.title, quote.domain)}\n> {plain_citations(quote.text)}"
        for quote in quotes
    ]
    return ["\n\n".join(blocks)] if blocks else []


def _title(title: str, domain: str) -> str:
    title = plain_citations(title)
    return f"{title} ({domain})" if domain else title
