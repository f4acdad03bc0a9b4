"""Building an offline web: sources in, an index folder out.

Three stages, each of which goes on where it was interrupted: documents are converted and stored,
stored pages are indexed, passages are encoded (only with an encoder). The folder comes to its
place when all is done. Knows nothing of searching.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from env.errors import ConfigError
from env.web import inverted
from env.web.folder import (
    SKIPPED,
    Description,
    building,
    check_place,
    naming_full_disk,
    places,
    put_in_place,
    write_description,
)
from env.web.sources import Item, Limits, Skip, manifest, read
from env.web.store import FILE, Store
from env.web.terms import ANALYSER
from env.web.workers.batches import Outcome, convert_all
from env.web.workers.serving import Convert

if TYPE_CHECKING:
    from env.web.encoding import Encoder

COMMIT = 200
"""Documents after which conversion is made safe against a crash."""
EXAMPLES = 3
_FEW = 100
"""Documents that are converted in this process: starting others would take longer."""


@dataclass(frozen=True, slots=True)
class IndexConfig:
    """How an offline web is built."""

    url_prefix: str = ""
    """Put before the path of a file in a folder to make its URL: "https://" for a mirror laid out
    as domain/path. Empty: file:// URLs."""
    workers: int = 0
    """Processes that convert documents; 0: one per core."""
    document: int = 20_000_000
    """Bytes of the largest document that is read."""


DEFAULT = IndexConfig()


class Progress(NamedTuple):
    """How far a build has come."""

    stage: Literal["convert", "index", "encode"]
    done: int
    total: int
    """0 while it is not known."""


@dataclass(frozen=True, slots=True)
class IndexReport:
    """What came of a build."""

    out: Path
    pages: int
    passages: int
    links: int
    duplicate_texts: int
    skipped: dict[str, int] = field(default_factory=dict)
    """How often for each reason; the list is in skipped.jsonl of the index."""
    examples: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """A few places for each reason."""
    seconds: float = 0.0
    notes: tuple[str, ...] = ()


def default_convert() -> Convert:
    """Return the converter of env.documents."""
    from env.documents import convert

    return convert


def build_index(
    sources: Sequence[Path],
    out: Path,
    config: IndexConfig = DEFAULT,
    *,
    progress: Callable[[Progress], None] = lambda _: None,
    encoder: Encoder | None = None,
    convert: Convert | None = None,
) -> IndexReport:
    """Build an index of the pages in the sources; an old one stays until this is complete.

    Args:
        sources: folders and files (see env.web.sources).
        out: the index folder to make or to replace.
        config: how to build.
        progress: called now and then with how far it has come.
        encoder: makes vectors of passages, for search by meaning beside search by words.
        convert: turns bytes into a page, for tests; importable by name.

    Raises:
        ConfigError: a source is missing, nothing could be read, the folder holds something else,
            or the disk is full.
    """
    began = time.monotonic()
    out = out.absolute()
    # An index may be made inside a folder that is indexed: it is no page of it.
    leave = places(out.parent.resolve() / out.name)
    identity = _identity(sources, leave, config, encoder)
    check_place(out)
    work = building(out)
    notes = _prepare(work, identity)
    with naming_full_disk(out):
        store = Store(work, writable=True)
        try:
            store.note("identity", identity)
            items = read(sources, Limits(config.url_prefix, config.document), leave)
            _store_pages(store, items, config, convert or default_convert(), progress)
            pages = store.counts().pages
            if not pages:
                message = _nothing(sources, store)
                store.close()
                shutil.rmtree(work)  # nothing to go on with
                raise ConfigError(message)
            inverted.write(
                work, store, _cores(config), lambda done: progress(Progress("index", done, pages))
            )
            dimensions = _encode(work, store, encoder, progress)
            description = _describe(store, sources, config, encoder, dimensions)
            report = _report(store, out, description, notes)
            _write_skipped(work, store)
        finally:
            store.close()
        write_description(work, description)
        put_in_place(out)
    return replace(report, seconds=time.monotonic() - began)


def _identity(
    sources: Sequence[Path],
    leave: Sequence[Path],
    config: IndexConfig,
    encoder: Encoder | None,
) -> str:
    """What has to be the same for a build to go on where another one stopped."""
    name = encoder.name if encoder else ""
    settings = [config.url_prefix, config.document, ANALYSER, name]
    return json.dumps([manifest(sources, leave), settings])


def _prepare(work: Path, identity: str) -> tuple[str, ...]:
    """Make the folder to work in; one that was begun from other sources is begun anew."""
    notes: tuple[str, ...] = ()
    if work.exists() and (work / FILE).exists():
        with naming_full_disk(work):
            store = Store(work, writable=True)
            same = store.noted("identity") in ("", identity)
            store.close()
        if same:
            notes = (f"went on with the build that was interrupted in {work}",)
        else:
            shutil.rmtree(work)
            notes = (f"replaced an interrupted build of other sources in {work}",)
    try:
        work.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(
            f"cannot make the folder {work} ({error.strerror}): name another place with -o"
        ) from error
    return notes


def _cores(config: IndexConfig) -> int:
    if config.workers:
        return config.workers
    # Containers often may use fewer cores than the machine has; not every system tells.
    ask = getattr(os, "sched_getaffinity", None)
    return len(ask(0)) if ask else os.cpu_count() or 1


def _store_pages(
    store: Store,
    items: Iterator[Item | Skip],
    config: IndexConfig,
    convert: Convert,
    progress: Callable[[Progress], None],
) -> None:
    """Convert and store what has not been converted already."""
    if store.noted("converted") == "all":
        return
    done = int(store.noted("converted") or 0)
    rest = islice(items, done, None)
    # Closed at once when interrupted, so that no worker outlives the build.
    with closing(_outcomes(rest, convert, _cores(config))) as outcomes:
        for outcome in outcomes:
            _keep(store, outcome)
            done += 1
            if done % COMMIT == 0:
                store.note("converted", str(done))
                store.commit()
                progress(Progress("convert", done, 0))
    store.note("converted", "all")
    store.commit()
    progress(Progress("convert", done, done))


def _outcomes(
    items: Iterable[Item | Skip], convert: Convert, workers: int
) -> Generator[Outcome, None, None]:
    """Convert a few documents here, many in worker processes."""
    stream = iter(items)
    first = list(islice(stream, _FEW + 1))
    if len(first) <= _FEW:
        workers = 0
    yield from convert_all(convert, _chained(first, stream), workers)


def _chained(first: list[Item | Skip], rest: Iterator[Item | Skip]) -> Iterator[Item | Skip]:
    first.reverse()
    while first:
        yield first.pop()
    yield from rest


def _keep(store: Store, outcome: Outcome) -> None:
    if isinstance(outcome, Skip):
        store.add_skipped(outcome.reason, outcome.where, outcome.detail)
    elif not store.add(outcome):
        store.add_skipped("duplicate URL", outcome.url, "")


def _encode(
    work: Path, store: Store, encoder: Encoder | None, progress: Callable[[Progress], None]
) -> int:
    """Make vectors of all passages, if there is an encoder; return their dimensions."""
    if encoder is None:
        return 0
    from env.web.dense import write_vectors

    total = store.counts().passages
    return write_vectors(
        work, store, encoder, lambda done: progress(Progress("encode", done, total))
    )


def _nothing(sources: Sequence[Path], store: Store) -> str:
    names = ", ".join(str(source) for source in sources)
    counts = "; ".join(f"{reason}: {count}" for reason, count in store.skipped_counts().items())
    return (
        f"no page could be read from {names} ({counts or 'there is nothing in it'}):"
        " expected HTML, Markdown, text, PDF, WARC, ZIM or JSON lines; name a folder or file that"
        " holds some"
    )


def _describe(
    store: Store,
    sources: Sequence[Path],
    config: IndexConfig,
    encoder: Encoder | None,
    dimensions: int,
) -> Description:
    pages, passages, links, duplicates = store.counts()
    return Description(
        store.content_hash(),
        pages,
        passages,
        links,
        duplicates,
        store.skipped_counts(),
        ANALYSER,
        encoder.name if encoder else "",
        dimensions,
        config.url_prefix,
        tuple(source.name for source in sources),
    )


def _report(
    store: Store, out: Path, description: Description, notes: tuple[str, ...]
) -> IndexReport:
    examples: dict[str, tuple[str, ...]] = {}
    for reason, place, detail in store.skipped():
        known = examples.get(reason, ())
        if len(known) < EXAMPLES:
            examples[reason] = (
                *known,
                f"{place}: {detail}" if detail not in ("", reason) else place,
            )
    return IndexReport(
        out,
        description.pages,
        description.passages,
        description.links,
        description.duplicate_texts,
        description.skipped,
        examples,
        notes=notes,
    )


def _write_skipped(work: Path, store: Store) -> None:
    with (work / SKIPPED).open("w", encoding="utf-8", errors="replace") as file:
        for reason, place, detail in store.skipped():
            line = {"reason": reason, "place": place, "detail": detail}
            file.write(json.dumps(line, ensure_ascii=False) + "\n")
