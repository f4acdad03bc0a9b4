"""What a page of demonstrating shows besides how it stands. Knows no request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from webqa.rating.site.browsing import Browsing, check_answer
from webqa.replay import answer_pieces, seen_pieces


@dataclass(frozen=True, slots=True)
class Said:
    """What a page says besides how the browsing stands."""

    error: str = ""
    status: int = 200
    typed: str = ""
    """What was typed and not taken."""
    checked: bool = False
    """Whether what will become of the answer is shown."""


NOTHING = Said()


def shown(name: str, browsing: Browsing, said: Said) -> dict[str, Any]:
    """Return what one kind of page shows besides what all do."""
    seen = browsing.seen
    if name == "browse":
        return {"pieces": tuple(seen_pieces(seen, seen.quotes, browsing.pages))}
    if name == "over":
        return {}
    answer = said.typed if said.error and said.typed else browsing.progress.answer
    checked = check_answer(answer, seen) if said.checked else None
    pieces = tuple(answer_pieces(checked.answer.text)) if checked else ()
    return {"answer": answer, "checked": checked, "pieces": pieces}
