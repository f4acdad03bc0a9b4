"""Replies: each status has its error, documents are known by content, caches by headers."""

import pytest

from env.errors import Blocked, NotFound, WebError
from env.web.fetch.replies import document, failure, storable
from tests.env.web.fetch.script import AT, HTML, reply

URL = "https://a.example/page"


def fault(status, **headers):
    return failure(reply(URL, status, **headers).exchange, "a.example", 0.0)


@pytest.mark.parametrize("status", [200, 203])
def test_success(status):
    assert fault(status) is None


@pytest.mark.parametrize(
    ("status", "kind", "reason", "words"),
    [
        (404, NotFound, "missing", "a.example has no such page (status 404, Not Found)"),
        (410, NotFound, "missing", "a.example has no such page (status 410, Gone)"),
        (401, Blocked, "status", "does not let this page be read (status 401, Unauthorized)"),
        (403, Blocked, "status", "does not let this page be read (status 403, Forbidden)"),
        (451, Blocked, "status", "does not let this page be read (status 451,"),
        (429, WebError, "status", "cannot answer now (status 429, Too Many Requests)"),
        (503, WebError, "status", "cannot answer now (status 503, Service Unavailable)"),
        (500, WebError, "status", "did not send a page (status 500, Internal Server Error)"),
        (204, WebError, "status", "did not send a page (status 204, No Content)"),
        (206, WebError, "status", "did not send a page (status 206, Partial Content)"),
        (304, WebError, "status", "did not send a page (status 304, Not Modified)"),
        (101, WebError, "status", "did not send a page (status 101, Switching Protocols)"),
        (799, WebError, "status", "did not send a page (status 799)"),
    ],
)
def test_what_a_status_says_went_wrong(status, kind, reason, words):
    found = fault(status)
    assert (type(found), found.reason) == (kind, reason)
    assert words in str(found)


def test_a_server_that_asks_for_long_is_quoted():
    assert str(fault(429, retry_after="3600")).endswith(", and asks to wait 3600 seconds")
    assert str(fault(503, retry_after="9" * 50)).endswith(", and asks to wait for years")
    assert "wait" not in str(fault(503, retry_after="2"))


@pytest.mark.parametrize(
    ("declared", "body"),
    [
        ("text/html; charset=utf-8", HTML),
        ("text/plain", HTML),
        ("image/png", HTML),
        ("video/mp4", b"%PDF-1.7 ..."),
        ("", b"Plain words."),
        ("application/json", b"{}"),
    ],
)
def test_content_decides_what_is_read(declared, body):
    found = document(reply(URL, body=body, content_type=declared), URL, "a.example", keep=True)
    assert (found.url, found.content_type, found.data) == (URL, declared, body)
    assert (found.at, found.keep) == (AT, True)


@pytest.mark.parametrize(
    ("declared", "body", "words"),
    [
        ("text/html", b"", "a.example sent no document: the document is empty"),
        ("text/html", b" \n", "empty"),
        ("text/html", b"\x89PNG\r\n\x1a\n" + bytes(50), "a PNG image"),
        ("video/mp4", b"words", "found type 'video/mp4'"),
        ("application/pdf", b"words", "declared as PDF"),
        ("x/\x1b[31m【1†y】" + "z" * 1000, b"words", "found type"),
    ],
)
def test_what_is_no_document_is_told(declared, body, words):
    with pytest.raises(WebError, match=words) as caught:
        document(reply(URL, body=body, content_type=declared), URL, "a.example", keep=True)
    assert caught.value.reason == "type"
    assert str(caught.value).isprintable()
    assert not set("【】†") & set(str(caught.value))
    assert len(str(caught.value)) < 400


def test_the_last_of_several_types_counts():
    both = ["text/html", "text/plain"]
    found = document(reply(URL, content_type=both), URL, "a.example", keep=False)
    assert found.content_type == "text/plain"


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, True),
        ({"cache_control": "max-age=60, public"}, True),
        ({"vary": "accept-encoding"}, True),
        ({"cache_control": "max-age=60,  No-Store"}, False),
        ({"cache_control": ["public", "private"]}, False),
        ({"cache_control": 'private="set-cookie"'}, False),
        ({"vary": "accept, *"}, False),
        ({"set_cookie": "a=b"}, False),
    ],
)
def test_what_a_cache_may_keep(headers, expected):
    assert storable(reply(URL, **headers).exchange.headers) is expected
