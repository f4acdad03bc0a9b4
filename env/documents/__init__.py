"""Documents: bytes and a declared content type become a Page, or a DocumentError says why not.

Knows nothing of where the bytes come from. Heavy libraries are imported by the converter that
needs them.
"""

from __future__ import annotations

from env.documents.kinds import kind_of
from env.documents.page import Rendered, finish
from env.errors import DocumentError
from env.records import Page

LIMIT = 64_000_000
"""Bytes of the largest document that is read."""


def convert(
    data: bytes, *, url: str, content_type: str = "", at: str = "", title: str = ""
) -> Page:
    """Convert a document to a page of sanitised text and links.

    Args:
        data: the document as it was received.
        url: where it stands; relative links are resolved against it.
        content_type: as declared, possibly empty or wrong.
        at: when it was received, ISO 8601 with a time zone.
        title: used when the document has none.

    Raises:
        DocumentError: unreadable, empty, binary, too large, or of a type that is not supported.
    """
    if len(data) > LIMIT:
        raise DocumentError(f"expected at most {LIMIT} bytes, found {len(data)}")
    return finish(_render(data, url, content_type), url=url, at=at, title=title)


def _render(data: bytes, url: str, content_type: str) -> Rendered:
    kind = kind_of(data, content_type, url)
    if kind == "pdf":
        from env.documents.pdf import render_pdf

        return render_pdf(data)
    if kind == "markdown":
        from env.documents.markdown import render_markdown

        return render_markdown(data, url=url, content_type=content_type)
    if kind == "plain":
        from env.documents.plain import render_plain

        return render_plain(data, url=url, content_type=content_type)
    from env.documents.html import render_html

    return render_html(data, url=url, content_type=content_type)
