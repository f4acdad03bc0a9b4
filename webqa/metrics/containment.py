"""Containment: does an accepted answer stand in a long answer, or in what it quotes?

Not exact match, and never called so: a long answer that names several candidates contains the
right one as well. Reads answers without their citation marks. Knows no data set.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence

from env.answers import stands_in
from env.citations import strip_citations
from env.records import Answer
from webqa.metrics.short_answers import squad_normalise


def contains(text: str, wanted: Iterable[str]) -> bool:
    """Tell whether one of the texts stands in a text as whole words, whatever its Unicode form."""
    return stands_in(map(_composed, wanted), _composed(text))


def accepted_in_answer(answer: Answer, accepted: Sequence[str]) -> float:
    """Return 1 where an accepted answer stands in the answer as whole words, else 0."""
    return float(contains(strip_citations(answer.text), accepted))


def accepted_in_quotes(answer: Answer, accepted: Sequence[str]) -> float:
    """Return 1 where an accepted answer stands in one of the quotes that the answer cites."""
    return float(any(contains(quote.text, accepted) for quote in answer.quotes))


def alce_presence(answer: Answer, accepted: Sequence[str]) -> float:
    """Return 1 where an accepted answer is part of the answer, both in SQuAD's normalisation.

    Also parts of words, as ALCE (Gao et al. 2023) counts them in `STR-EM`; but an accepted answer
    that is nothing once normalised is not everywhere.
    """
    text = squad_normalise(strip_citations(answer.text))
    wanted = (squad_normalise(one) for one in accepted)
    return float(any(one in text for one in wanted if one))


def wrong_in_answer(answer: Answer, wrong: Sequence[str], accepted: Sequence[str] = ()) -> float:
    """Return 1 where an answer known to be false stands in the answer.

    False answers that stand in an accepted one are passed over: `the core` is in `the outer core`.
    """
    # Standing in an accepted answer is no fault; saying it where the accepted one is not said is.
    right = [one for one in accepted if contains(strip_citations(answer.text), [one])]
    plain = [one for one in wrong if not any(contains(told, [one]) for told in right)]
    return float(contains(strip_citations(answer.text), plain))


def _composed(text: str) -> str:
    return unicodedata.normalize("NFC", text)
