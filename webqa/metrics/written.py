"""ROUGE of a long answer against answers that people wrote, computed by the package rouge-score.

A weak sign of quality (Krishna et al. 2021): to be reported, not to be optimised. The package
reads words of unaccented Latin letters and digits alone, so for other scripts it says nothing.
Its time grows with the product of both lengths. Knows no data set.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Literal

from env.citations import strip_citations
from env.errors import ConfigError
from policies.extractive.candidates import split_sentences

Kind = Literal["rouge1", "rouge2", "rougeL", "rougeLsum"]


def check_package() -> None:
    """Refuse to begin what needs ROUGE where it cannot be computed.

    Raises:
        ConfigError: the package is not installed.
    """
    _scorer("rougeLsum", stemmed=True)


def rouge_l(text: str, references: Sequence[str]) -> float:
    """Return ROUGE-L of an answer, from 0 to 1: the best F1 over the references.

    ALCE's way (Gao et al. 2023): citations stripped, lower case, a sentence on each line, words
    stemmed, `rougeLsum`. Sentences are parted by our own rules instead of nltk's, whose data would
    have to be downloaded. 0 without a reference.

    Raises:
        ConfigError: the package is not installed.
    """
    given = _in_lines(strip_citations(text))
    found = (rouge(given, _in_lines(one), "rougeLsum", stemmed=True) for one in references)
    return max(found, default=0.0)


def rouge(text: str, reference: str, kind: Kind, *, stemmed: bool) -> float:
    """Return the F1 of a kind of ROUGE, from 0 to 1, of words or of their stems.

    Raises:
        ConfigError: the package is not installed.
    """
    return float(_scorer(kind, stemmed).score(reference, text)[kind].fmeasure)


def _in_lines(text: str) -> str:
    sentences = (one.text for line in text.split("\n") for one in split_sentences(line))
    return "\n".join(sentences).lower()


@lru_cache(maxsize=8)
def _scorer(kind: Kind, stemmed: bool) -> Any:  # noqa: ANN401 - of a package without types
    try:
        from rouge_score.rouge_scorer import RougeScorer
    except ImportError as error:
        raise ConfigError(
            "ROUGE needs the package rouge-score: pip install 'webqa[eval]', or measure without it"
        ) from error
    return RougeScorer([kind], use_stemmer=stemmed)
