"""The offline web: an index folder that can be searched and whose pages can be opened.

Search is BM25 over passages, added to BM25 over whole pages; with an encoder, fused with search by
meaning. The windows of the best pages decide about their order. Opening an index is quick:
everything is memory-mapped, and nothing heavy is imported unless vectors are used.
"""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from env.errors import ConfigError, NotFound
from env.records import Page, WebIdentity
from env.web.dense import VectorIndex
from env.web.encoding import Encoder, load_encoder
from env.web.folder import Description, describe
from env.web.inverted import PAGES, PASSAGES, Hit, Inverted
from env.web.passages import heading_of
from env.web.results import Result, results_page
from env.web.snippets import Chooser, Part, Weights, Window
from env.web.sought import Sought, seek
from env.web.store import Found, Store, Stored


@dataclass(frozen=True, slots=True)
class Ranking:
    """How results are found and ordered."""

    passages: int = 60
    """Best passages that are looked at."""
    pages: int = 200
    """Best whole pages whose score is added to that of their passages."""
    page: float = 0.6
    """Weight of the score of the whole page."""
    parts: int = 3
    """Passages of a page in which its snippet is looked for."""
    spare: int = 3
    """Pages looked at beyond those that are shown."""
    fusion: float = 60.0
    """Rank at which, in reciprocal rank fusion, a place counts half as much as the first."""


DEFAULT_RANKING = Ranking()
DEFAULT_WEIGHTS = Weights()
_SAME = 0.9
"""Share of common words from which on two results are taken for one."""


class Corpus:
    """An offline web (see env.web.base.Web)."""

    def __init__(
        self,
        path: Path | str,
        *,
        results: int = 10,
        snippet: int = 300,
        encoder: Encoder | None = None,
        ranking: Ranking = DEFAULT_RANKING,
        weights: Weights = DEFAULT_WEIGHTS,
    ) -> None:
        """Open an index.

        Args:
            path: the index folder.
            results: number of results on a page.
            snippet: characters of a snippet.
            encoder: the one whose vectors the index holds, to search by meaning too.
            ranking: how results are found.
            weights: how snippets are chosen.

        Raises:
            ConfigError: the folder is missing, is no index, is one of a newer version, or was not
                built with this encoder.
        """
        folder = Path(path)
        self.description = describe(folder)
        self.identity = WebIdentity("corpus", self.description.sha256)
        self.notes: tuple[str, ...] = ()
        """What a person should know about this index as it was opened."""
        self.encoder = encoder
        """What a policy may rerank by; None where search is by words alone."""
        self._vectors = _vectors(folder, self.description, encoder)
        self._folder = folder
        with _naming_damage(folder, OSError, ValueError, sqlite3.Error):
            self._store = Store(folder)
            self._store.check()
            self._passages = Inverted(folder / PASSAGES)
            self._pages = Inverted(folder / PAGES)
        self._results = results
        self._snippet = snippet
        self._ranking = ranking
        self._weights = weights

    def close(self) -> None:
        """Close the files."""
        self._store.close()

    async def search(self, query: str) -> Page:
        """Return a results page; without results when nothing matches."""
        with _naming_damage(self._folder, sqlite3.Error, zlib.error):
            return results_page(query, self.find(query))

    async def open(self, url: str) -> Page:
        """Return a page by its URL, however that is written.

        Raises:
            NotFound: the index holds no such page.
        """
        with _naming_damage(self._folder, sqlite3.Error, zlib.error):
            page = self._store.page(url)
        if page is None:
            raise NotFound(f"{url} is not in this offline web", "missing")
        return page

    def texts(self) -> Iterator[Stored]:
        """Yield every page, in the order of the sources, one at a time, without its links."""
        with _naming_damage(self._folder, sqlite3.Error, zlib.error):
            yield from self._store.texts()

    def find(self, query: str) -> list[Result]:
        """Return the results for a query, best first."""
        sought = seek(query, self._passages.frequency, self._passages.size)
        by_page = self._candidates(query, sought)
        chooser = Chooser(sought, self._snippet, self._weights)
        ends = {number: max(part.end for part in parts) for number, parts in by_page.items()}
        pages = self._store.find(ends)
        chosen = [
            (_window(pages[number], parts, chooser), pages[number])
            for number, parts in by_page.items()
        ]
        chosen.sort(key=lambda pair: (-pair[0].score, pair[1].id))
        return self._shown(chosen)

    def _candidates(self, query: str, sought: Sought) -> dict[int, list[Part]]:
        """Return the best pages, each with its best passages."""
        ranking = self._ranking
        whole: dict[int, float] = {}
        hits: list[Hit] = []
        if sought.stems:
            whole = {hit.page: hit.score for hit in self._pages.search(sought.stems, ranking.pages)}
            hits = self._passages.search(sought.stems, ranking.passages)
            hits.sort(key=lambda hit: -(hit.score + ranking.page * whole.get(hit.page, 0.0)))
        cosines: dict[Hit, float] = {}
        floor = 0.0
        if self._vectors and query.strip():
            near = self._vectors.search(query, ranking.passages)
            cosines = {_place(hit): hit.score for hit in near}
            # A passage that is not among the nearest is hardly nearer than the last of these.
            floor = min(cosines.values(), default=0.0)
            hits = _fused(hits, near, ranking.fusion)
        by_page: dict[int, list[Part]] = {}
        for hit in hits:
            if hit.page not in by_page and len(by_page) >= self._results + ranking.spare:
                continue
            parts = by_page.setdefault(hit.page, [])
            if len(parts) < ranking.parts:
                cosine = cosines.get(_place(hit), floor)
                parts.append(_part(hit, whole.get(hit.page, 0.0), cosine, sought.total))
        return by_page

    def _shown(self, chosen: Sequence[tuple[Window, Found]]) -> list[Result]:
        """Leave out pages that say what a better one says."""
        results: list[Result] = []
        texts: set[str] = set()
        words: list[frozenset[str]] = []
        for window, page in chosen:
            snippet = page.text[window.start : window.end]
            bag = frozenset(f"{page.title} {snippet}".lower().split())
            if page.sha256 in texts or any(_overlap(bag, other) > _SAME for other in words):
                continue
            texts.add(page.sha256)
            words.append(bag)
            results.append(Result(page.url, page.title, page.domain, snippet))
            if len(results) == self._results:
                break
        return results


@contextmanager
def _naming_damage(folder: Path, *faults: type[Exception]) -> Iterator[None]:
    """Turn what damaged files make of themselves into one line.

    Raises:
        ConfigError: a file of the index is missing or damaged.
    """
    try:
        yield
    except faults as error:
        raise ConfigError(f"the index {folder} is damaged ({error}): index again") from error


def open_corpus(
    path: Path | str, *, dense: bool | None = None, results: int = 10, snippet: int = 300
) -> Corpus:
    """Open an index, with search by meaning if it holds vectors.

    Args:
        path: the index folder.
        dense: True: search by meaning, or fail; False: by words alone; None: by meaning if that
            is possible, with a note in `Corpus.notes` when it is not.
        results: number of results on a page.
        snippet: characters of a snippet.

    Raises:
        ConfigError: see Corpus; or search by meaning was asked for and is not possible.
    """
    name = describe(Path(path)).encoder
    if dense and not name:
        raise ConfigError(f"{path} holds no vectors: build it with webqa index --encoder NAME")
    if not name or dense is False:
        return Corpus(path, results=results, snippet=snippet)
    try:
        # Opening an index must not wait for a network, unless that was asked for.
        encoder = load_encoder(name, fetch=bool(dense))
        return Corpus(path, results=results, snippet=snippet, encoder=encoder)
    except ConfigError as error:
        if dense:
            raise
        corpus = Corpus(path, results=results, snippet=snippet)
        corpus.notes = (f"searching by words alone: {error}",)
        return corpus


def _vectors(folder: Path, description: Description, encoder: Encoder | None) -> VectorIndex | None:
    if encoder is None:
        return None
    if description.encoder != encoder.name:
        found = f"vectors of {description.encoder}" if description.encoder else "no vectors"
        raise ConfigError(
            f"{folder} holds {found}, not of {encoder.name}: index again with this encoder"
        )
    return VectorIndex(folder, encoder, description.dimensions)


def _fused(first: Sequence[Hit], second: Sequence[Hit], fusion: float) -> list[Hit]:
    """Join two lists by reciprocal rank; a passage of both keeps the score of the first."""
    values: dict[Hit, float] = {}
    hits: dict[Hit, Hit] = {}
    for ranked, known in ((first, True), (second, False)):
        for rank, hit in enumerate(ranked):
            place = _place(hit)
            values[place] = values.get(place, 0.0) + 1 / (fusion + rank)
            hits.setdefault(place, hit if known else place)
    return [hits[place] for place in sorted(values, key=lambda place: (-values[place], place))]


def _place(hit: Hit) -> Hit:
    """Return where a hit is, whatever its score."""
    return hit._replace(score=0.0)


def _part(hit: Hit, page: float, cosine: float, total: float) -> Part:
    # BM25 grows with the number and rarity of the words asked for: divided by their sum, scores of
    # different queries compare.
    total = total or 1.0
    return Part(hit.start, hit.end, "", hit.score / total, page / total, cosine)


def _window(page: Found, parts: Sequence[Part], chooser: Chooser) -> Window:
    headed = [replace(part, heading=heading_of(page.text, part.start)) for part in parts]
    return chooser.best(page.text, page.title, headed)


def _overlap(first: frozenset[str], second: frozenset[str]) -> float:
    return len(first & second) / max(1, len(first | second))
