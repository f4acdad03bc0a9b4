"""Signs that a page talks to the machine that reads it instead of to people.

Whatever a page says, a policy of ours does not obey it; but a page that tries is a poor source.
Heuristics: they look for commands of the browser's language, for the usual words of such orders,
and for what env.sanitise leaves of our layout's marks and of the tokens of chat models.
"""

from __future__ import annotations

import re

_ORDERS = re.compile(
    r"\b(?:ignore|disregard|forget)\s+(?:all\s+|any\s+|the\s+|your\s+)*"
    r"(?:previous|prior|earlier|above|preceding)\s+(?:instructions?|prompts?|rules|orders)\b"
    r"|\byou are (?:now )?(?:an?|the) (?:ai|assistant|language model|chatbot)\b"
    r"|\b(?:ai|language) (?:models?|assistants?|agents?)\b[^.]{0,60}\b(?:must|should|have to)\b"
    r"|^\s*End: (?:Answer|Nonsense|Controversial)\s*$"
    r"|^\s*(?:Clicked on link \d+|Actions left: \d+)\s*$"
    r"|\bsystem prompt\b"
    r"|〔\d+✝|^\s*◆\s?(?:question|quotes|past actions|title|text|notice|next action)"
    r"|‹[|｜]|‹/?(?:s|think|tool_\w+|im_\w+|system|user|assistant)[\s=/>]|⁅/?inst",
    re.IGNORECASE | re.MULTILINE,
)


def gives_orders(text: str) -> bool:
    """Tell whether a text tries to command the machine that reads it."""
    return bool(_ORDERS.search(text))
