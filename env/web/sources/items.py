"""What a source yields: documents as bytes, and notes on what had to be skipped."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Item:
    """One document, not yet converted."""

    url: str
    data: bytes
    content_type: str = ""
    at: str = ""
    """When it was retrieved, ISO 8601; empty when the source does not tell."""
    title: str = ""
    where: str = ""
    """File, and place in it, for reports."""


@dataclass(frozen=True, slots=True)
class Skip:
    """Something that is not going to be a page."""

    reason: str
    """One of a few short texts, so that they can be counted."""
    where: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Limits:
    """How a source is read."""

    url_prefix: str = ""
    """Put before the path of a file in a folder to make its URL; empty for file:// URLs."""
    document: int = 20_000_000
    """Bytes of the largest document that is read, after decompression."""
