"""PDF to text: paragraphs put together again from lines. Layout, tables and links are lost."""

from __future__ import annotations

import io
import logging
import re
from collections.abc import Iterable

from env.documents.page import Rendered
from env.errors import DocumentError

PAGES = 500
"""Pages that are read; the rest is left out."""
_TITLE_CHARACTERS = 200
_FULL_LINE = 0.7
"""A line shorter than this share of the usual one ends its paragraph."""
_SENTENCE_END = (".", "!", "?", ":", ";", "”", '"')
_BULLET = re.compile(r"(?:[•◦▪‣*–-]|\(?[0-9]{1,3}[.)])\s")
_PAGE_NUMBER = re.compile(r"(?:page\s+)?[0-9]{1,4}(?:\s*(?:/|of)\s*[0-9]{1,4})?", re.IGNORECASE)


def render_pdf(data: bytes) -> Rendered:
    """Render all pages, up to `PAGES`.

    Raises:
        DocumentError: encrypted, broken, or without text.
    """
    # Its warnings about broken files would go to standard error where nobody set up logging.
    logging.getLogger("pypdf").addHandler(logging.NullHandler())
    try:
        title, pages = _read(data)
    except (DocumentError, MemoryError):
        raise
    except Exception as error:
        raise DocumentError(f"unreadable PDF ({type(error).__name__})") from error
    text = "\n\n".join(paragraphs(pages))
    if not text.strip():
        raise DocumentError("no text in this PDF: it may be a scan")
    return Rendered(title or _first_line(text), text)


def _read(data: bytes) -> tuple[str, list[str]]:
    from pypdf import PdfReader

    reader = PdfReader(io.BytesIO(data), strict=False)
    if reader.is_encrypted and not reader.decrypt(""):
        raise DocumentError("this PDF is encrypted")
    count = min(len(reader.pages), PAGES)
    pages = [reader.pages[number].extract_text() for number in range(count)]
    title = reader.metadata.title if reader.metadata else None
    return str(title or "").strip(), pages


def _first_line(text: str) -> str:
    first = text.strip().partition("\n")[0]
    return first if len(first) <= _TITLE_CHARACTERS else ""


def paragraphs(pages: Iterable[str]) -> list[str]:
    """Join lines that were broken to fit the paper, mending words divided at line ends."""
    lines = [line for page in pages for line in _lines(page)]
    lengths = sorted(len(line) for line in lines if line)
    usual = lengths[len(lengths) * 3 // 4] if lengths else 0
    done: list[str] = []
    current: list[str] = []
    for line in lines:
        if current and (not line or _BULLET.match(line) or _ends(current[-1], usual)):
            done.append(_join(current))
            current = []
        if line:
            current.append(line)
    if current:
        done.append(_join(current))
    return done


def _lines(page: str) -> list[str]:
    """Return the lines of a page without its number; empty ones part paragraphs."""
    lines = [" ".join(line.split()) for line in page.splitlines()]
    while lines and (not lines[-1] or _PAGE_NUMBER.fullmatch(lines[-1])):
        lines.pop()
    while lines and not lines[0]:
        del lines[0]
    return lines


def _ends(line: str, usual: int) -> bool:
    """Tell whether a paragraph ends with this line: short, or nearly so after a sentence."""
    share = 0.9 if line.endswith(_SENTENCE_END) else _FULL_LINE
    return len(line) < share * usual


def _join(lines: list[str]) -> str:
    parts = [lines[0]]
    for line in lines[1:]:
        before = parts[-1]
        divided = len(before) > 1 and before[-1] in "-\u00ad\u2010" and before[-2].isalpha()
        if divided and line[:1].islower():
            parts[-1] = before[:-1]
            parts.append(line)
        else:
            parts += [" ", line]
    return "".join(parts)
