"""Question sets on the hub of Hugging Face, read through `datasets`, always at one commit.

Knows how such a set is named and how its rows are streamed, and nothing of what is in them.
`datasets` is imported only here, and only when a set is named so.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from env.errors import ConfigError
from webqa.sets.rows import Placed

START = "hub:"
SPLIT = "validation"
"""What is read where none is named."""

Load = Callable[..., Iterable[Any]]

_NAME = re.compile(
    r"hub:(?P<name>[\w.-]+(?:/[\w.-]+)?)"
    r"(?::(?P<config>[\w.+-]*)(?::(?P<split>[\w.+-]+))?)?(?:@(?P<revision>[\w./-]+))?"
)
_COMMIT = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True, slots=True)
class Place:
    """A part of a set on the hub."""

    name: str
    """OWNER/NAME."""
    config: str = ""
    """Which of its configurations; empty where it has one alone."""
    split: str = SPLIT
    revision: str = ""
    """A commit, branch or tag; `pinned` makes it a commit."""

    def __str__(self) -> str:
        """Return how it is named, so that the same is read again."""
        config = f":{self.config}:{self.split}"
        return f"{START}{self.name}{config}" + (f"@{self.revision}" if self.revision else "")


def parse(source: str) -> Place:
    """Read hub:OWNER/NAME, hub:OWNER/NAME:CONFIG or hub:OWNER/NAME:CONFIG:SPLIT, and @REVISION.

    Raises:
        ConfigError: it is none of these.
    """
    found = _NAME.fullmatch(source)
    if not found:
        raise ConfigError(
            f"{source} names no set: write hub:OWNER/NAME, then :CONFIG:SPLIT and @REVISION as "
            "needed (an empty CONFIG is the only one)"
        )
    parts = found.groupdict(default="")
    return Place(parts["name"], parts["config"], parts["split"] or SPLIT, parts["revision"])


def pinned(place: Place, commit_of: Callable[[str, str], str] | None = None) -> Place:
    """Return a place at a commit: branches move on, and a run must know what it was asked.

    `commit_of` takes a name and a revision (empty: the newest); None asks the hub.

    Raises:
        ConfigError: there is no net, no such set, or no library to ask with.
    """
    if _COMMIT.fullmatch(place.revision):
        return place
    commit = _boundary(place, lambda: (commit_of or _commit_of)(place.name, place.revision))
    return replace(place, revision=commit)


def rows(place: Place, load: Load | None = None) -> Iterator[Placed]:
    """Stream the rows of a place.

    `load` is `datasets.load_dataset`, or what stands for it.

    Raises:
        ConfigError: there is no net, no such set, configuration or part, or no library.
    """
    stream = iter(_boundary(place, lambda: _loaded(place, load)))
    number = 0
    while True:
        row = _boundary(place, lambda: next(stream, None))
        if row is None:
            return
        number += 1
        yield f"{place}, row {number}", row


def _loaded(place: Place, load: Load | None) -> Iterable[Any]:
    if Path(place.name).exists():
        # The library would read what is here instead, whatever the commit.
        raise ConfigError(f"{place.name} is also a folder here: start elsewhere to read {place}")
    if load is None:
        from datasets import load_dataset

        load = load_dataset
    return load(
        place.name,
        place.config or None,
        split=place.split,
        revision=place.revision,
        streaming=True,
    )


def _commit_of(name: str, revision: str) -> str:
    from huggingface_hub import HfApi

    return str(HfApi().dataset_info(name, revision=revision or None).sha)


def _boundary(place: Place, ask: Callable[[], Any]) -> Any:  # noqa: ANN401 - of any library
    try:
        return ask()
    except ConfigError:
        raise
    except ImportError as error:
        raise ConfigError(
            f"{place} needs the package datasets: pip install datasets, or name a file"
        ) from error
    except Exception as error:  # a boundary: libraries of the net raise whatever they like
        what = " ".join(str(error).split())[:200] or type(error).__name__
        raise ConfigError(
            f"cannot read {place}: {what}: is there a net, and is the name right? A file can be "
            "named instead"
        ) from error
