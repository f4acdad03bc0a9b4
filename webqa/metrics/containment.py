"""Containment: does an accepted answer stand in a long answer, or in what it quotes?

Not exact match, and never called so: a long answer that names several candidates contains the
right one as well. Reads answers without their citation marks. Knows no data set.
"""

from __future__ import annotations

from collections.abc import Sequence

from env.answers import stands_in
from env.citations import strip_citations
from env.records import Answer
from webqa.metrics.short_answers import squad_normalise


def accepted_in_answer(answer: Answer, accepted: Sequence[str]) -> float:
    """Return 1 where an accepted answer stands in the answer as whole words, else 0."""
    return float(stands_in(accepted, strip_citations(answer.text)))


def accepted_in_quotes(answer: Answer, accepted: Sequence[str]) -> float:
    """Return 1 where an accepted answer stands in one of the quotes that the answer cites."""
    return float(any(stands_in(accepted, quote.text) for quote in answer.quotes))


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
    right = [one for one in accepted if stands_in([one], strip_citations(answer.text))]
    plain = [one for one in wrong if not any(stands_in([one], told) for told in right)]
    return float(stands_in(plain, strip_citations(answer.text)))
