"""Rows to questions: which shape a set has, that all its rows have it, and that ids differ.

Every way of reading questions goes through here. Knows no file format and no policy.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from hashlib import sha256

from env.errors import ConfigError
from env.records import Question
from env.sanitise import sanitise
from webqa.sets import arc, eli5, open_domain, own, squad, triviaqa, truthfulqa
from webqa.sets.fields import Row, Shape
from webqa.sets.rows import Placed
from webqa.sets.seen import Seen

ID_LENGTH = 16

SHAPES = (
    triviaqa.OFFICIAL,
    triviaqa.HUB,
    eli5.POSTS,
    eli5.KILT,
    truthfulqa.TABLE,
    truthfulqa.CHOICES,
    truthfulqa.GENERATION,
    squad.OFFICIAL,
    squad.HUB,
    open_domain.HOTPOTQA,
    arc.OFFICIAL,
    arc.HUB,
    open_domain.SIMPLEQA,
    open_domain.NQ_OPEN,
    open_domain.WEBQUESTIONS,
    open_domain.WEBQUESTIONS_OFFICIAL,
    own.SHAPE,
)
"""All that are known. A row has the first that fits it."""

_PLAIN = (open_domain.NQ_OPEN, open_domain.WEBQUESTIONS)
"""Shapes that single lines of our own may happen to have."""


def questions_in(rows: Iterable[Placed], source: str) -> Iterator[tuple[Shape, Question]]:
    """Read the questions of a set one by one, with the shape that all its rows have.

    A question without an id gets one that is made of its text. Published sets without ids hold
    some questions twice: the second time the id ends in -2.

    Args:
        rows: where each row stands, and the row.
        source: what the set is called in messages.

    Raises:
        ConfigError: the shape is unknown or changes, a row is no question, an id comes twice, or
            there is no question.
    """
    wanted, seen = None, Seen()
    for place, row in rows:
        if not isinstance(row, dict):
            what = type(row).__name__
            raise ConfigError(f"{place}, is no question: an object is expected, not {what}")
        wanted = _shape_of(place, row, wanted)
        for question in _questions(place, row, wanted):
            yield wanted, _identified(question, place, seen, numbered=wanted is not own.SHAPE)
    if not len(seen):
        example = 'write lines such as {"question": "..."}'
        raise ConfigError(f"{source} holds no question: {example}")


def _shape_of(place: str, row: Row, wanted: Shape | None) -> Shape:
    """Return the shape of a row, which must be that of the rows before it.

    Raises:
        ConfigError: it is unknown or another one.
    """
    shape = next((one for one in SHAPES if one.fits(row)), None)
    if shape is None:
        keys = ", ".join(repr(key)[:40] for key in list(row)[:8]) or "no key at all"
        raise ConfigError(
            f'{place}, is no question: it needs a text under "question" or "text", or the form '
            f"of a known set; it has {keys}"
        )
    if wanted is None or wanted is shape:
        return shape
    if wanted is own.SHAPE and shape in _PLAIN:
        return wanted
    raise ConfigError(
        f"{place}, is of the form {shape.name}, the rows before it of {wanted.name}: put each set "
        "into a file of its own"
    )


def _questions(place: str, row: Row, shape: Shape) -> Iterator[Question]:
    try:
        for question in shape.read(row):
            text = sanitise(question.text).strip()
            if not text:
                raise ValueError("it needs a text that can be seen")
            yield replace(question, text=text)
    except (ValueError, TypeError, KeyError) as error:
        what = f"it has no {error}" if isinstance(error, KeyError) else str(error)
        raise ConfigError(f"{place}, is no question ({shape.name}): {what}") from error


def _identified(question: Question, place: str, seen: Seen, *, numbered: bool) -> Question:
    given = question.id
    identifier = given or sha256(question.text.encode()).hexdigest()[:ID_LENGTH]
    fresh, copy = seen.add(identifier), 1
    if not fresh and (given or not numbered):
        raise ConfigError(f"{place}, has the question id {identifier!r} twice: ids must differ")
    while not fresh:
        copy += 1
        fresh = seen.add(f"{identifier}-{copy}")
    made = f"{identifier}-{copy}" if copy > 1 else identifier
    return question if made == given else replace(question, id=made)
