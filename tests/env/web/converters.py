"""Converters that fail in every way; imported by name, as workers do."""

import os
import time

from env.documents.urls import domain_of
from env.errors import DocumentError
from env.records import make_page


def convert(data, *, url, content_type="", at="", title=""):
    """Do what the text says."""
    text = data.decode()
    if text == "die":
        os._exit(3)
    if text == "hang":
        time.sleep(600)
    if text == "refuse":
        raise DocumentError(f"no text in {len(data)} bytes")
    if text == "fail":
        raise KeyError("a bug in a parser")
    return make_page(url, "T", text, domain=domain_of(url))
