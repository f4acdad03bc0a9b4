"""What is learnt of a server from its replies, and remembered: fields, forms, chat, thinking.

Knows no HTTP but the number of a status.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping

from policies.models.endpoint.bodies import NEEDED
from policies.models.endpoint.config import Kind
from policies.models.endpoint.forms import FIELD, Form, usable
from policies.models.endpoint.words import Words, field_named, no_chat

REFUSALS = frozenset({400, 404, 405, 422, 500, 501})
"""Statuses of a request that may be welcome in another form."""
STRIKES = 2
"""How often a form may fail in a row before it is not tried again."""
_CONTEXT = re.compile(
    r"(?:context (?:length|size|window)(?: is| of|)|n_ctx\W{1,4}|max_model_len\W{1,4})"
    r"[^0-9]{0,12}([0-9][0-9,]{2,9})",
    re.IGNORECASE,
)


class Learned:
    """What one endpoint takes and does."""

    def __init__(self, kind: Kind, chat: bool, may_change: bool) -> None:
        self.kind = kind
        self.chat = chat
        self.dropped: set[str] = set()
        self.thinks = False
        """Whether the model was seen to think before it writes."""
        self.answered = False
        """Whether it ever completed anything."""
        self._may_change = may_change
        self._doubted = False
        self._strikes: Counter[Form] = Counter()

    @property
    def several(self) -> bool:
        """Whether one request may ask for several completions."""
        return self.kind in ("vllm", "openai") and "n" not in self.dropped

    def form(self, without: Collection[Form] = ()) -> Form | None:
        """Return the best form that the server takes, None when there is none."""
        for form in usable(self.kind, self.chat):
            fit = FIELD[form] not in self.dropped and self._strikes[form] < STRIKES
            if fit and form not in without:
                return form
        return None

    def drop(self, field: str) -> None:
        """Remember that the server does not take a field."""
        self.dropped.add(field)
        if field == "max_tokens":
            # Models that want max_completion_tokens count their thoughts in it.
            self.thinks = True

    def strike(self, form: Form) -> None:
        """Remember that a form failed."""
        self._strikes[form] += 1

    def kept(self, form: Form) -> None:
        """Remember that a form was kept."""
        if self._strikes[form] < STRIKES:
            del self._strikes[form]

    def no_chat(self, status: int, words: Words) -> bool:
        """Tell whether a refusal means that messages cannot be sent; then a text is, from now."""
        if not (self.chat and self._may_change):
            return False
        missing = status in (404, 405) and "model" not in words.text.lower()
        if missing or no_chat(words):
            self.chat = False
        return not self.chat

    def doubts_chat(self, status: int) -> bool:
        """Tell whether to try a text where messages always failed: some say no more than 500.

        When that fails as well, messages are sent again from then on.
        """
        if self.answered or not self._may_change:
            return False
        if self._doubted:
            self.chat, self._doubted = True, False
            return False
        self._doubted = self.chat and status == 500
        self.chat = self.chat and not self._doubted
        return self._doubted

    def refused_field(self, words: Words, body: Mapping[str, object]) -> str | None:
        """Return the field that a refusal is about, now dropped; None when it names none."""
        field = field_named(words, body.keys() - NEEDED - self.dropped)
        if field is not None:
            self.drop(field)
        return field


def told_context(words: Words) -> int:
    """Return the tokens of context that a refusal tells of; 0 when it tells none."""
    match = _CONTEXT.search(words.text)
    return int(match[1].replace(",", "")) if match else 0
