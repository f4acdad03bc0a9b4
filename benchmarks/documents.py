"""How fast HTML becomes pages, and how much of each article survives.

    python benchmarks/documents.py WARC [--limit N] [--guess]

Counts, over the HTML responses of a WARC file: pages per CPU-second (reading the WARC and checking
excluded), the share of the paragraphs, list items and headings of `<article>` (else of `<body>`)
that stand in the page's text, and the share of its links. `--guess` renames article and main, so
that the content has to be found by trafilatura.
"""

from __future__ import annotations

import argparse
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass

from env.documents import convert
from env.errors import DocumentError
from env.records import Page
from env.sanitise import sanitise_line

_ARTICLE = re.compile(r"</?(?:article|main)\b")


@dataclass(slots=True)
class Tally:
    """Counts over all documents."""

    pages: int = 0
    refused: int = 0
    seconds: float = 0.0
    blocks: int = 0
    blocks_kept: int = 0
    links: int = 0
    links_kept: int = 0


def documents(path: str) -> Iterator[tuple[str, bytes]]:
    """Yield URL and body of each HTML response."""
    from warcio.archiveiterator import ArchiveIterator

    with open(path, "rb") as stream:  # noqa: PTH123 - warcio wants a raw stream
        for record in ArchiveIterator(stream):
            headers = record.http_headers
            if record.rec_type == "response" and "html" in (headers.get("content-type") or ""):
                yield record.rec_headers.get("WARC-Target-URI"), record.content_stream().read()


def check(tally: Tally, page: Page, html: str) -> None:
    """Compare a page with the article it was made from."""
    from lxml import html as lxml_html

    root = lxml_html.document_fromstring(html)
    article = next(root.iter("article"), root)
    flat = " ".join(page.text.split())
    for block in article.iter("p", "li", "h1", "h2", "h3"):
        words = sanitise_line(block.text_content(), 1_000_000)
        if words:
            tally.blocks += 1
            tally.blocks_kept += words in flat or words == page.title
    tally.links += sum(1 for link in article.iter("a") if link.get("href"))
    tally.links_kept += len(page.links)


def _as_div(match: re.Match[str]) -> str:
    return match[0].replace("article", "div").replace("main", "div")


def measure(path: str, limit: int, guess: bool) -> Tally:
    """Convert up to `limit` documents."""
    tally = Tally()
    convert(b"<p>warm up</p>", url="https://example.org/")
    for number, (url, body) in enumerate(documents(path)):
        if number >= limit:
            break
        if guess:
            body = _ARTICLE.sub(_as_div, body.decode()).encode()
        started = time.process_time()
        try:
            page = convert(body, url=url, content_type="text/html; charset=utf-8")
        except DocumentError:
            tally.refused += 1
            continue
        finally:
            tally.seconds += time.process_time() - started
        tally.pages += 1
        check(tally, page, body.decode())
    return tally


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("warc")
    parser.add_argument("--limit", type=int, default=1_000_000)
    parser.add_argument("--guess", action="store_true")
    options = parser.parse_args()
    tally = measure(options.warc, options.limit, options.guess)
    print(f"pages                 {tally.pages} ({tally.refused} refused)")
    print(f"pages per CPU-second  {tally.pages / max(tally.seconds, 1e-9):.0f}")
    print(f"paragraphs kept       {_share(tally.blocks_kept, tally.blocks)}")
    print(f"links kept            {_share(tally.links_kept, tally.links)}")


def _share(part: int, whole: int) -> str:
    return f"{part} of {whole} ({part / max(whole, 1):.2%})"


if __name__ == "__main__":
    main()
