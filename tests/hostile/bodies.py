"""What a hostile server sends as bodies: bombs in every encoding, documents that break parsers.

Makes bytes and knows no HTTP. What is large is made in pieces and, unpacked, never held whole.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Iterator
from functools import cache
from itertools import islice, product

import brotli
import zstandard

PAGE = (
    b"<!doctype html><html><head><title>A good page</title></head><body><h1>A good page</h1>"
    b"<p>The lighthouse on the rock was lit for the first time in the autumn of 1811.</p>"
    b"<p>Its keepers wrote the weather down three times a day. "
    b'<a href="/page">They kept a log</a> that can still be read.</p></body></html>'
)
_PIECE = 1_000_000

Pieces = Iterator[bytes]


def plain(size: int) -> Pieces:
    """Yield a long paragraph in pieces."""
    yield b"<!doctype html><html><body><p>"
    for _ in range(max(1, size // _PIECE)):
        yield b"word " * (_PIECE // 5)
    yield b"</p></body></html>"


def _zlib(pieces: Pieces, window: int) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, window)
    return b"".join([packer.compress(piece) for piece in pieces] + [packer.flush()])


def _brotli(pieces: Pieces) -> bytes:
    packer = brotli.Compressor(quality=5)
    return b"".join([packer.process(piece) for piece in pieces] + [packer.finish()])


def _zstd(pieces: Pieces) -> bytes:
    packer = zstandard.ZstdCompressor(level=3).compressobj()
    return b"".join([packer.compress(piece) for piece in pieces] + [packer.flush()])


PACKERS: dict[str, Callable[[Pieces], bytes]] = {
    "gzip": lambda pieces: _zlib(pieces, 31),
    "deflate": lambda pieces: _zlib(pieces, 15),
    "raw-deflate": lambda pieces: _zlib(pieces, -15),
    "br": _brotli,
    "zstd": _zstd,
    "gzip, gzip": lambda pieces: gzip.compress(_zlib(pieces, 31)),
    "br, gzip": lambda pieces: gzip.compress(_brotli(pieces)),
}


@cache
def bomb(encoding: str, size: int) -> bytes:
    """Return a packed body that unpacks to about `size` bytes; the packed form alone is held."""
    return PACKERS[encoding](plain(size))


def pack(encoding: str, body: bytes = PAGE) -> bytes:
    """Return a small body packed."""
    return PACKERS[encoding](iter([body]))


@cache
def chain(length: int) -> bytes:
    """Return the good page packed by gzip many times over."""
    body = PAGE
    for _ in range(length):
        body = gzip.compress(body)
    return body


def _names(count: int) -> Iterator[bytes]:
    """Yield short names that differ, also when their case is ignored."""
    signs = "abcdefghijklmnopqrstuvwxyz0123456789_-.:!$%&*+,;?@^|~"
    made = (
        "".join(letters) for length in (1, 2, 3, 4) for letters in product(signs, repeat=length)
    )
    yield from (name.encode() for name in islice(made, count))


def _document(body: bytes, head: bytes = b"") -> bytes:
    text = b"<p>The text of this page stands before and behind what is strange in it.</p>"
    return b"".join(
        (
            b"<!doctype html><html><head>",
            head,
            b"</head><body>",
            text,
            body,
            text,
            b"</body></html>",
        )
    )


def _entities() -> bytes:
    levels = [b'<!ENTITY a0 "ha">']
    levels += [
        b'<!ENTITY a%d "%s">' % (level, b"&a%d;" % (level - 1) * 10) for level in range(1, 11)
    ]
    return (
        b'<?xml version="1.0"?><!DOCTYPE html [' + b"".join(levels) + b"]>"
        b'<html xmlns="http://www.w3.org/1999/xhtml"><body>'
        b"<p>What follows is ten thousand million times a word.</p><p>&a10;</p></body></html>"
    )


def pdf(stream: bytes, *, packed: bool = False, pages: int = 1) -> bytes:
    """Return a PDF of one page, or of the same page many times, with the given content stream."""
    coding = b"/Filter /FlateDecode " if packed else b""
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [%s] /Count %d >>" % (b"3 0 R " * pages, pages),
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R "
        b"/Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< %s/Length %d >>\nstream\n%s\nendstream" % (coding, len(stream), stream),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    data, places = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        places.append(len(data))
        data += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    return data + (
        b"xref\n0 6\n0000000000 65535 f \n%strailer\n<< /Size 6 /Root 1 0 R >>\n"
        b"startxref\n%d\n%%%%EOF\n" % (table, len(data))
    )


_LINE = b"BT /F1 12 Tf 72 700 Td (The lighthouse was lit in the autumn of 1811.) Tj ET\n"


def _pdf_bomb(size: int, pages: int = 1) -> bytes:
    packer = zlib.compressobj(9)
    piece = _LINE * 10_000
    packed = [packer.compress(piece) for _ in range(size // len(piece))]
    return pdf(b"".join([*packed, packer.flush()]), packed=True, pages=pages)


DOCUMENTS: dict[str, Callable[[], bytes]] = {
    "nested": lambda: _document(b"<div>" * 100_000),
    "nested-lists": lambda: _document(b"<ul><li>" * 50_000 + b"deep"),
    "nested-tables": lambda: _document(b"<table><tr><td>" * 20_000 + b"deep"),
    "nested-links": lambda: _document(b'<a href="/page">again <b>' * 20_000),
    "attributes": lambda: _document(b"<p " + b" ".join(_names(1_000_000)) + b">here</p>"),
    "colspan": lambda: _document(
        b'<table><tr><td colspan="9007199254740991" rowspan="9007199254740991">wide</td></tr>'
        b'<tr><th colspan="9007199254740991">wider</th></tr></table>'
    ),
    "text-node": lambda: _document(b"<p>" + b"word " * 960_000 + b"</p>"),
    "one-word": lambda: _document(b"<p>" + b"x" * 4_800_000 + b"</p>"),
    "many-links": lambda: _document(b'<a href="/page">link</a> ' * 150_000),
    "unclosed": lambda: _document(b"<p><b><i><table><td><a href='/page'><!-- never closed"),
    "angles": lambda: _document(b"<" * 2_000_000),
    "comments": lambda: _document(b"<!--" * 500_000),
    "nul": lambda: _document(b"<p>before\x00behind <scr\x00ipt>alert(1)</script></p>"),
    "cdata": lambda: _document(b"<p><![CDATA[ <b>inside</b> ]]></p><svg><![CDATA[ x ]]></svg>"),
    "template": lambda: _document(
        b"<template><p>in a template</p></template><noscript><p>no script</p></noscript>"
        b'<iframe srcdoc="&lt;script&gt;alert(1)&lt;/script&gt;"></iframe>'
    ),
    "entity-bomb": _entities,
    "accents": lambda: _document(b"<p>a" + "\u0301\u0323".encode() * 500_000 + b"</p>"),
    "base": lambda: _document(b"<a href='x'>away</a>", b"<base href='http://127.0.0.1/'>"),
    "refresh": lambda: _document(
        b"", b"<meta http-equiv='refresh' content='0; url=http://127.0.0.1/'>"
    ),
    "meta-utf7": lambda: _document(
        b"<p>+ADw-script+AD4-alert(1)+ADw-/script+AD4-</p>", b"<meta charset='utf-7'>"
    ),
    "pdf": lambda: pdf(_LINE),
    "pdf-broken": lambda: pdf(_LINE)[:300],
    "pdf-bomb": lambda: _pdf_bomb(300_000_000),
    "pdf-pages": lambda: _pdf_bomb(10_000_000, pages=10_000),
    "pdf-deep": lambda: b"%PDF-1.4\n1 0 obj\n" + b"[" * 200_000 + b"\nendobj\ntrailer\n%%EOF",
    "png": lambda: b"\x89PNG\r\n\x1a\n" + bytes(1000),
    "random": lambda: bytes((n * n * 7 + n // 3) % 256 for n in range(5000)),
    "spaces": lambda: b" \n" * 1000,
}


@cache
def document(name: str) -> bytes:
    """Return a document by name; made when first asked for."""
    return DOCUMENTS[name]()
