"""How fast fetched documents become pages in limited worker processes, and what that adds.

    python -m benchmarks.conversion WARC [--limit N] [--workers N]

Prints pages per second through `Converters`, as many at once as workers and twice as many; the
same pages converted in this process; and the wall time that one worker adds to each page.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from itertools import islice

from benchmarks.documents import documents
from env.documents import convert
from env.web.conversion import Converters, cores
from env.web.fetch.exchange import Fetched

TYPE = "text/html; charset=utf-8"
AT = "2024-05-01T00:00:00+00:00"


async def through(converters: Converters, pages: list[Fetched], at_once: int) -> float:
    """Convert all pages, so many at once; return the seconds that took."""
    waiting = iter(pages)

    async def work() -> None:
        for page in waiting:
            await converters.convert(page)

    begin = time.perf_counter()
    await asyncio.gather(*(work() for _ in range(at_once)))
    return time.perf_counter() - begin


async def warm(converters: Converters, page: Fetched, workers: int) -> None:
    """Have every worker started and everything imported."""
    await asyncio.gather(*(converters.convert(page) for _ in range(2 * workers)))


async def measure(pages: list[Fetched], workers: int) -> None:
    """Print the figures."""
    convert(pages[0].data, url=pages[0].url, content_type=TYPE)
    begin = time.perf_counter()
    for page in pages:
        convert(page.data, url=page.url, content_type=TYPE)
    here = time.perf_counter() - begin
    print(f"in this process        {len(pages) / here:.0f} pages/s")
    for count in sorted({1, workers}):
        converters = Converters(count)
        try:
            await warm(converters, pages[0], count)
            for at_once in sorted({count, 2 * count}):
                seconds = await through(converters, pages, at_once)
                print(f"{count} workers, {at_once} at once  {len(pages) / seconds:.0f} pages/s")
                if at_once == count == 1:
                    added = 1000 * (seconds - here) / len(pages)
                    print(f"one worker adds        {added:.2f} ms per page")
        finally:
            await converters.aclose()


def main() -> None:
    """Read the pages, then measure."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("warc")
    parser.add_argument("--limit", type=int, default=2000)
    parser.add_argument("--workers", type=int, default=cores())
    options = parser.parse_args()
    chosen = islice(documents(options.warc), options.limit)
    pages = [Fetched(url, TYPE, body, AT, keep=True) for url, body in chosen]
    asyncio.run(measure(pages, options.workers))


if __name__ == "__main__":
    main()
