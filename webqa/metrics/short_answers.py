"""Exact match and F1 of short answers, as the official scripts of the data sets compute them.

Each family has its own normalisation, and the name of a metric tells which; figures of different
families must not be compared. They are for a *short answer*, never for a long one with citations:
see `containment` for these. All run from 0 to 1, and the best of the accepted answers counts.
Knows no episode.

An answer that is missing counts 0 in all of them, so it must be measured as an empty text and not
be left out. Nothing here treats Unicode forms: the official scripts do not.
"""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

Metric = Callable[[str, Sequence[str]], float]
"""From a short answer and the accepted ones to a figure from 0 to 1."""

_ARTICLES = re.compile(r"\b(?:a|an|the)\b")
_SPACED = str.maketrans(dict.fromkeys(string.punctuation + "‘’´", " "))
_DELETED = str.maketrans("", "", string.punctuation)
_VERDICTS = frozenset(("yes", "no", "noanswer"))


def triviaqa_normalise(text: str) -> str:
    """Lower-case; turn punctuation, curly quotes and articles into spaces; collapse white space."""
    return _without_articles(text.lower().translate(_SPACED))


def squad_normalise(text: str) -> str:
    """Lower-case; delete ASCII punctuation; drop articles; collapse white space."""
    return _without_articles(text.lower().translate(_DELETED))


def _without_articles(text: str) -> str:
    return " ".join(_ARTICLES.sub(" ", text).split())


def triviaqa_em(short: str, accepted: Sequence[str]) -> float:
    """Return whether a short answer is one of the accepted ones (Joshi et al. 2017).

    Args:
        short: the short answer.
        accepted: the normalised aliases, and the answers that people gave; they are normalised
            here once more, which changes nothing.
    """
    return _exact(triviaqa_normalise, short, accepted)


def triviaqa_f1(short: str, accepted: Sequence[str]) -> float:
    """Return the F1 of words, each as often as it stands there; 0 where either side is empty."""
    return _best(_f1(triviaqa_normalise(short), triviaqa_normalise(one)) for one in accepted)


def squad_em(short: str, accepted: Sequence[str]) -> float:
    """Return whether a short answer is one of the accepted ones (SQuAD 1.1)."""
    return _exact(squad_normalise, short, accepted)


def squad_f1(short: str, accepted: Sequence[str]) -> float:
    """Return the F1 of words (SQuAD 1.1); 0 where either side is empty."""
    return _best(_f1(squad_normalise(short), squad_normalise(one)) for one in accepted)


def squad2_em(short: str, accepted: Sequence[str]) -> float:
    """Return whether a short answer is right (SQuAD 2.0).

    Without accepted answers, or only with such as are nothing once normalised, the question cannot
    be answered, and an empty answer is right.
    """
    return squad_em(short, _or_none(accepted))


def squad2_f1(short: str, accepted: Sequence[str]) -> float:
    """Return the F1 of words (SQuAD 2.0); where either side is empty, whether both are."""
    given = squad_normalise(short)
    wanted = [squad_normalise(one) for one in _or_none(accepted)]
    return _best(_f1(given, one) if given and one else float(given == one) for one in wanted)


def _or_none(accepted: Sequence[str]) -> list[str]:
    return [one for one in accepted if squad_normalise(one)] or [""]


def nq_em(short: str, accepted: Sequence[str]) -> float:
    """Return whether a short answer is one of the accepted ones (Natural Questions, open).

    With SQuAD's normalisation, as Lee et al. 2019 have it.
    """
    return squad_em(short, accepted)


def nq_f1(short: str, accepted: Sequence[str]) -> float:
    """Return the F1 of words with SQuAD's normalisation; the task itself has exact match alone."""
    return squad_f1(short, accepted)


def hotpotqa_em(short: str, accepted: Sequence[str]) -> float:
    """Return whether a short answer is one of the accepted ones (Yang et al. 2018)."""
    return squad_em(short, accepted)


def hotpotqa_f1(short: str, accepted: Sequence[str]) -> float:
    """Return the F1 of words; `yes`, `no` and `noanswer` are like nothing but themselves."""
    given = squad_normalise(short)
    return _best(
        _f1(given, one) if given == one or _VERDICTS.isdisjoint((given, one)) else 0.0
        for one in map(squad_normalise, accepted)
    )


def _exact(normalise: Callable[[str], str], short: str, accepted: Sequence[str]) -> float:
    given = normalise(short)
    return float(any(given == normalise(one) for one in accepted))


def _f1(given: str, wanted: str) -> float:
    """Return the harmonic mean of precision and recall of the words, counted with repetitions."""
    given_words, wanted_words = given.split(), wanted.split()
    same = (Counter(given_words) & Counter(wanted_words)).total()
    if not same:
        return 0.0
    precision, recall = same / len(given_words), same / len(wanted_words)
    return 2 * precision * recall / (precision + recall)


def _best(values: Iterable[float]) -> float:
    return max(values, default=0.0)


@dataclass(frozen=True, slots=True)
class Convention:
    """The official metrics of a family of data sets, and their names."""

    name: str
    exact: Metric
    f1: Metric

    def measure(self, short: str, accepted: Sequence[str]) -> dict[str, float]:
        """Return both figures by name."""
        return {
            f"{self.name}_em": self.exact(short, accepted),
            f"{self.name}_f1": self.f1(short, accepted),
        }


TRIVIAQA = Convention("triviaqa", triviaqa_em, triviaqa_f1)
SQUAD = Convention("squad", squad_em, squad_f1)
SQUAD2 = Convention("squad2", squad2_em, squad2_f1)
NQ = Convention("nq", nq_em, nq_f1)
HOTPOTQA = Convention("hotpotqa", hotpotqa_em, hotpotqa_f1)
CONVENTIONS = (TRIVIAQA, SQUAD2, NQ, HOTPOTQA, SQUAD)

_NAMES = (
    ("triviaqa", TRIVIAQA),
    ("squad2", SQUAD2),
    ("squadv2", SQUAD2),
    ("nq", NQ),
    ("naturalquestions", NQ),
    ("hotpot", HOTPOTQA),
)


def convention_of(dataset: str) -> Convention:
    """Return the official metrics of a data set by its name; SQuAD's for all that have no own.

    Those are what is usual for WebQuestions, too, when it is asked without its knowledge base.
    """
    letters = "".join(character for character in dataset.lower() if character.isalnum())
    return next((found for start, found in _NAMES if letters.startswith(start)), SQUAD)
