"""What a set of matches connects: whether ratings can be compared, and where a side always won.

Works on pairs of names, the first of which won or tied at least once against the second. Knows no
rating.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

Won = tuple[str, str]
"""Who won or tied, and against whom. A tie stands there both ways."""


def groups(won: Iterable[Won]) -> tuple[tuple[str, ...], ...]:
    """Return the names that matches connect, whoever won: each group sorted, the largest first."""
    won = list(won)
    both = won + [(second, first) for first, second in won]
    return tuple(sorted(_mutual(both), key=lambda group: (-len(group), group)))


def one_sided(won: Iterable[Won]) -> tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]:
    """Return each two sides that met and of which the first won every match between them.

    Within a side every two lead to each other over wins and ties. Where a group is one side, the
    likelihood of Bradley and Terry alone has a maximum (Ford 1957); else its sides would drift
    apart for ever.
    """
    won = list(won)
    side = {name: names for names in _mutual(won) for name in names}
    return tuple(
        sorted(
            {(side[first], side[second]) for first, second in won if side[first] != side[second]}
        )
    )


def _mutual(won: Iterable[Won]) -> list[tuple[str, ...]]:
    """Return the sets of names that lead to each other, over any number of steps."""
    ways: dict[str, set[str]] = {}
    for first, second in won:
        ways.setdefault(first, set()).add(second)
        ways.setdefault(second, set())  # who never won is there, too
    reached = {name: _from(name, ways) for name in ways}
    sets = {
        tuple(sorted(other for other in reached[name] if name in reached[other]))
        for name in reached
    }
    return sorted(sets)


def _from(name: str, ways: Mapping[str, set[str]]) -> set[str]:
    found, waiting = {name}, [name]
    while waiting:
        new = ways[waiting.pop()] - found
        found |= new
        waiting += new
    return found
