"""The contract check passes a good web and names what is wrong with a bad one."""

from dataclasses import replace

import pytest

from env.errors import WebError
from env.records import Link, WebIdentity, make_page
from env.web.check import ContractError, check_page, check_web
from env.web.memory import MemoryWeb

PAGE = make_page(
    "https://a.example/water",
    "Water",
    "Water is wet. It flows down hills.",
    domain="a.example",
    links=[Link(0, 0, 5, "https://a.example/wet", "a.example")],
)


async def test_a_web_in_memory_keeps_the_contract():
    other = make_page("https://a.example/fire", "Fire", "Fire is hot.", domain="a.example")
    await check_web(MemoryWeb([PAGE, other]))
    await check_web(MemoryWeb([PAGE]), queries=("wet.",))


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"sha256": "0" * 64}, "sha256"),
        ({"domain": "b.example"}, "domain"),
        ({"links": (Link(1, 0, 5, "https://x.example", "x.example"),)}, "has id 1"),
        ({"links": (Link(0, 0, 99, "https://x.example", "x.example"),)}, "does not lie"),
        ({"links": (Link(0, 5, 6, "https://x.example", "x.example"),)}, "blank anchor"),
        ({"links": (PAGE.links[0], Link(1, 3, 8, "https://x.example", "x"))}, "not behind"),
    ],
)
def test_a_broken_page_is_told(changes, complaint):
    with pytest.raises(ContractError, match=complaint):
        check_page(replace(PAGE, **changes))


@pytest.mark.parametrize(
    ("text", "complaint"),
    [("e\u0301tude", "not NFC"), ("a\u202eb", "not sanitised"), ("", "empty")],
)
def test_text_that_is_not_clean_is_told(text, complaint):
    with pytest.raises(ContractError, match=complaint):
        check_page(make_page("https://a.example/x", "X", text, domain="a.example"))


class Changed(MemoryWeb):
    """A web with one fault."""

    def __init__(self, fault):
        super().__init__([PAGE])
        self.fault = fault
        self.searches = 0

    async def search(self, query):
        self.searches += 1
        if self.fault == "page":
            return PAGE
        if self.fault == "crash" and '"' in query:
            raise ValueError("syntax error in the query")
        if self.fault == "random":
            return await super().search(query + " " * self.searches)
        return await super().search(query)

    async def open(self, url):
        if self.fault == "anything":
            return PAGE
        if self.fault == "closed":
            raise WebError("closed")
        return await super().open(url)


@pytest.mark.parametrize(
    ("fault", "complaint"),
    [
        ("page", "not a results page"),
        ("random", "different pages"),
        ("anything", "gave a page"),
    ],
)
async def test_a_web_that_breaks_the_contract_is_told(fault, complaint):
    with pytest.raises(ContractError, match=complaint):
        await check_web(Changed(fault))


async def test_what_is_no_web_error_comes_through():
    with pytest.raises(ValueError, match="syntax"):
        await check_web(Changed("crash"))
    with pytest.raises(WebError, match="closed"):
        await check_web(Changed("closed"))


async def test_a_web_needs_a_kind():
    web = MemoryWeb([PAGE])
    web.identity = WebIdentity("")
    with pytest.raises(ContractError, match="identity"):
        await check_web(web)
