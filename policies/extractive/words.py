"""Words: stems, how much a word tells, and small groups of words that mean the same.

Knows English best; other languages fall back on plain words. Knows no pages and no questions.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from importlib.resources import files

from env.words import in_twos, pairs, runs

_WORD = re.compile(r"\d{1,3}(?:,\d{3})+|\w+(?:['’]\w+)?")
"""A number with its commas is one word: 3,000."""

STOP = frozenset(
    """a about above after again all also am an and any are as at be because been before being
    below between both but by can could did do does doing done down during each else ever
    few for from further get gets got had has have having he her here hers him his how i if
    in into is it its itself just let like many may me might more most much must my no nor
    not of off often on once one only or other our out over own please same she should so
    some such tell than that the their them then there these they this those through to too
    under until up us use very was we were what when where which while who whom whose why
    will with would you your explain eli5 mean means called name named s t""".split()
)


@lru_cache(maxsize=50_000)
def stem(word: str) -> str:
    """Return the stem of a lower-cased word (Porter's second algorithm for English)."""
    return str(_stemmer().stemWord(word)) if word.isascii() and word.isalpha() else word


@lru_cache(maxsize=1)
def _stemmer():  # type: ignore[no-untyped-def]  # noqa: ANN202 - the library has no types
    import snowballstemmer

    return snowballstemmer.stemmer("english")


@lru_cache(maxsize=50_000)
def plain(word: str) -> str:
    """Lower-case a word and drop its accents, its possessive ending and a number's commas."""
    word = word.lower().replace("’", "'").replace(",", "").removesuffix("'s")
    if word.isascii():
        return word
    return "".join(c for c in unicodedata.normalize("NFKD", word) if not unicodedata.combining(c))


def words(text: str) -> list[str]:
    """Return the words of a text as they stand; of a script without spaces, whole runs."""
    return _WORD.findall(text)


def compared(text: str) -> list[str]:
    """Return what texts are compared by: words; of a script without spaces, adjacent characters."""
    found: list[str] = []
    for place, part in enumerate(runs(text)):
        found += pairs(part) if place % 2 else words(part)
    return found


def count_words(text: str) -> int:
    """Return how many words long a text is; two characters of a script without spaces are one."""
    return len(words(in_twos(text)))


def stems(text: str) -> list[str]:
    """Return the stem of every word of a text, in order."""
    return [stem(plain(word)) for word in compared(text)]


@lru_cache(maxsize=50_000)
def weight(word: str) -> float:
    """Return how much a lower-cased word tells: about -log of its frequency, from 0.3 to 8.

    The Zipf scale runs from 0 (not in the list) to about 8 (`the`).
    """
    from wordfreq import zipf_frequency

    return max(0.3, 7.5 - max(1.0, float(zipf_frequency(word, "en", wordlist="small"))))


@lru_cache(maxsize=1)
def _groups() -> dict[str, tuple[str, ...]]:
    """Return for each stem the words of the groups in which it stands."""
    groups: dict[str, tuple[str, ...]] = {}
    text = files("policies.extractive").joinpath("synonyms.txt").read_text(encoding="utf-8")
    for line in text.splitlines():
        group = () if line.startswith("#") else tuple(line.split())
        for member in {stem(word) for word in group}:
            groups[member] = groups.get(member, ()) + group
    return groups


def synonyms(stemmed: str) -> list[str]:
    """Return the words that mean nearly the same as a stem, each once."""
    return [word for word in dict.fromkeys(_groups().get(stemmed, ())) if stem(word) != stemmed]


@lru_cache(maxsize=10_000)
def related(stemmed: str) -> frozenset[str]:
    """Return the stems of those words."""
    return frozenset(map(stem, synonyms(stemmed)))
