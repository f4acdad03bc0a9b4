"""The two inverted indexes of an index folder: passages, and whole pages beside them.

They are two because BM25 measures a text against the average length of its own kind. Written in
batches that end with a page, so that an interrupted build goes on where it stopped.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from env.web.store import Store, Stored
from env.web.terms import ANALYSER, analyser

if TYPE_CHECKING:
    import tantivy

PASSAGES = "passages"
PAGES = "whole"
TITLE_WEIGHT = 3
"""How often a title is written before the text of a whole page."""
_HEAP = 100_000_000
_BATCH = 10_000
_REPORT = 100


class Hit(NamedTuple):
    """A passage that matched; a whole page has no start and end."""

    score: float
    page: int
    start: int
    end: int


def _schema() -> tantivy.Schema:
    from tantivy import SchemaBuilder

    builder = SchemaBuilder()
    builder.add_text_field("body", tokenizer_name=ANALYSER, index_option="freq")
    for name in ("page", "start", "end"):
        builder.add_integer_field(name, fast=True)
    return builder.build()


class Inverted:
    """One inverted index, opened for reading."""

    def __init__(self, folder: Path) -> None:
        import tantivy

        self._index = tantivy.Index.open(str(folder))
        self._index.register_tokenizer(ANALYSER, analyser())
        self._searcher = self._index.searcher()
        self._schema = self._index.schema
        self.size = int(self._searcher.num_docs)

    def frequency(self, stem: str) -> int:
        """Return the number of documents that contain a term."""
        return int(self._searcher.doc_freq("body", stem))

    def search(self, stems: Sequence[str], limit: int) -> list[Hit]:
        """Return the documents that match any of the terms, best first by BM25."""
        from tantivy import Occur, Query

        parts = [
            (Occur.Should, Query.term_query(self._schema, "body", stem, "freq")) for stem in stems
        ]
        found = self._searcher.search(Query.boolean_query(parts), limit, count=False).hits
        places = [place for _, place in found]
        columns = [
            self._searcher.fast_field_values(name, places) for name in ("page", "start", "end")
        ]
        hits = [
            Hit(score, int(page or 0), int(start or 0), int(end or 0))
            for (score, _), page, start, end in zip(found, *columns, strict=True)
        ]
        return sorted(hits, key=lambda hit: (-hit.score, hit.page, hit.start))


def write(folder: Path, store: Store, threads: int, done: Callable[[int], None]) -> None:
    """Index all stored pages, going on after those that are indexed already.

    Args:
        folder: the index folder.
        store: its pages.
        threads: number of threads that index.
        done: called with the number of pages indexed so far.
    """
    import tantivy

    written = []
    for name in (PASSAGES, PAGES):
        place = folder / name
        place.mkdir(exist_ok=True)
        index = tantivy.Index(_schema(), str(place))
        index.register_tokenizer(ANALYSER, analyser())
        written.append(index)
    passages, pages = written
    first = int(pages.searcher().num_docs)
    first_passage = _pages_with(store, int(passages.searcher().num_docs))
    writers = [index.writer(_HEAP, max(1, threads)) for index in written]
    for page in store.texts(min(first, first_passage)):
        number = page.id
        if number > first_passage:
            _add_passages(writers[0], page)
        if number > first:
            _add_page(writers[1], page)
        if number % _BATCH == 0:
            for writer in writers:
                writer.commit()
        if number % _REPORT == 0:
            done(number)
    for writer in writers:
        writer.commit()
        writer.wait_merging_threads()
    done(store.counts().pages)


def _pages_with(store: Store, passages: int) -> int:
    """Return how many pages, from the first on, have this many passages together."""
    pages = total = 0
    for count in store.passage_counts():
        if total + count > passages:
            break
        total += count
        pages += 1
    return pages


def _add_passages(writer: tantivy.IndexWriter, page: Stored) -> None:
    from tantivy import Document

    for start, end, heading in page.passages:
        body = f"{page.title}\n{heading}\n{page.text[start:end]}"
        writer.add_document(Document(body=body, page=page.id, start=start, end=end))


def _add_page(writer: tantivy.IndexWriter, page: Stored) -> None:
    from tantivy import Document

    body = f"{page.title}\n" * TITLE_WEIGHT + page.text
    writer.add_document(Document(body=body, page=page.id, start=0, end=0))
