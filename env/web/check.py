"""The contract of a web, as a check that any implementation can run.

    await check_web(MyWeb(...), queries=("water",))

Ships with the library. Knows nothing of how a web finds its pages.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from env.errors import Error, NotFound, WebError
from env.records import Page, text_sha256
from env.web.base import Web
from env.web.results import is_results

MISSING = "https://no-such-host.invalid/no/such/page"
ODD_QUERIES = (
    "",
    " ",
    "?",
    "the of and",
    '"',
    'title:(x AND -y) OR "z~2" [a TO b]^3 *',
    "\\",
    "\x00\u202e【1†a】",
    "東京",
    "zzxqjv",
    "word " * 3000,
)
"""A person or a policy may write any of these; none may raise anything but a WebError."""


class ContractError(Error):
    """A web does not do what every web must; the text says what."""


async def check_web(
    web: Web, queries: Sequence[str] = ("water",), *, deterministic: bool = True
) -> None:
    """Check that a web keeps the contract of env.web.base.Web.

    Args:
        web: the web to check.
        queries: texts for which it has at least one result.
        deterministic: the same query must give the same page.

    Raises:
        ContractError: it does not.
    """
    _expect(bool(web.identity.kind), "identity.kind is empty")
    for query in queries:
        await _check_query(web, query, deterministic)
    for query in ODD_QUERIES:
        await _check_odd_query(web, query)
    await _check_missing(web)


async def _check_query(web: Web, query: str, deterministic: bool) -> None:
    results = await web.search(query)
    check_results(results, query)
    _expect(bool(results.links), f"no results for {query!r}, which should have some")
    if deterministic:
        again = await web.search(query)
        _expect(again == results, f"searching {query!r} twice gave different pages")
    first = await web.open(results.links[0].url)
    _expect(not is_results(first), f"opening the first result of {query!r} gave a results page")
    check_page(first)
    again = await web.open(results.links[0].url)
    _expect(again.url == first.url, f"opening {first.url} twice gave different URLs")


async def _check_odd_query(web: Web, query: str) -> None:
    try:
        results = await web.search(query)
    except WebError:
        return
    check_results(results, query)


async def _check_missing(web: Web) -> None:
    for url in (MISSING, "not a url", "", "http://[", "file:///nowhere/at/all"):
        try:
            await web.open(url)
        except NotFound:
            continue
        except WebError as error:
            # A live web may be unable to tell a missing page from a missing host.
            _expect(url != "", f"opening {url!r} raised {error!r}, expected NotFound")
        else:
            raise ContractError(f"opening {url!r}, which does not exist, gave a page")


def check_results(page: Page, query: str = "") -> None:
    """Check a results page.

    Raises:
        ContractError: it is none, or breaks an invariant.
    """
    _expect(is_results(page), f"search for {query[:80]!r} gave {page.url!r}, not a results page")
    check_page(page)
    urls = [link.url for link in page.links]
    _expect(len(urls) == len(set(urls)), f"results for {query[:80]!r} name a URL twice")


def check_page(page: Page) -> None:
    """Check the invariants of a page: hash, normal form, sanitised, links.

    Raises:
        ContractError: one is broken.
    """
    from env.documents.urls import domain_of
    from env.sanitise import LINE_LIMIT, is_sanitised, sanitise_line

    name = page.url[:200]
    _expect(bool(page.url), "a page has no URL")
    _expect(page.sha256 == text_sha256(page.text), f"{name}: sha256 is not that of the text")
    _expect(unicodedata.is_normalized("NFC", page.text), f"{name}: the text is not NFC")
    _expect(is_sanitised(page.text), f"{name}: the text is not sanitised")
    _expect(bool(page.text.strip()), f"{name}: the text is empty")
    # That of a results page holds the query, a line of full length or empty, behind a few words.
    longest = 2 * LINE_LIMIT if is_results(page) else LINE_LIMIT
    title = sanitise_line(page.title, longest)
    _expect(title == page.title.rstrip(" "), f"{name}: the title is not sanitised")
    domain = "" if is_results(page) else domain_of(page.url)
    _expect(page.domain == domain, f"{name}: domain is {page.domain!r}")
    _check_links(page, name)


def _check_links(page: Page, name: str) -> None:
    from env.sanitise import sanitise_line

    end = 0
    for number, link in enumerate(page.links):
        where = f"{name}: link {number}"
        _expect(link.id == number, f"{where} has id {link.id}")
        _expect(link.start >= end, f"{where} is not behind the one before it")
        _expect(link.start < link.end <= len(page.text), f"{where} does not lie in the text")
        _expect(bool(page.text[link.start : link.end].strip()), f"{where} has a blank anchor")
        _expect(bool(link.url), f"{where} has no URL")
        end = link.end
    for domain in {link.domain for link in page.links}:
        _expect(sanitise_line(domain) == domain, f"{name}: the domain of a link is not sanitised")


def _expect(holds: bool, otherwise: str) -> None:
    if not holds:
        raise ContractError(otherwise)
