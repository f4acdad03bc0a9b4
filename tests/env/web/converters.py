"""Converters that fail in every way; imported by name, as workers do."""

import os
import resource
import sys
import time
from dataclasses import replace
from pathlib import Path

from env.documents.urls import domain_of
from env.errors import DocumentError
from env.records import Link, make_page


def convert(data, *, url, content_type="", at="", title=""):
    """Do what the text says."""
    text = data.decode()
    if text in ACTS:
        text = ACTS[text]() or "nothing"
    if text == "refuse":
        raise DocumentError(f"no text in {len(data)} bytes")
    page = make_page(url, "T", text, domain=domain_of(url), at=at)
    return LIES[text](page) if text in LIES else page


def burn():
    while True:
        pass


def eat():
    held = []
    while True:
        held.append(bytes(100_000_000))


def fail():
    raise KeyError("a bug in a parser")


def print_much():
    sys.stdout.write("x" * 200_000)
    os.write(1, b"\xff" * 200_000)
    os.write(2, b"\x1b]0;owned\x07" * 1000)
    return "printed"


def reply_with(data):
    """Write to where replies go: the highest descriptor that is a pipe for writing."""
    for number in range(3, 64):
        try:
            os.write(number, data)
        except OSError:
            continue


def look_around():
    names = sorted(os.environ)
    files = len(list(Path("/dev/fd").iterdir()))
    core = resource.getrlimit(resource.RLIMIT_CORE)
    modules = "pytest" in sys.modules
    return f"{names} {files} {core} {modules}"


def write_a_file():
    Path("written-by-a-worker").write_text("x" * 100_000)


ACTS = {
    "die": lambda: os._exit(3),
    "hang": lambda: time.sleep(600),
    "burn": burn,
    "eat": eat,
    "fail": fail,
    "print": print_much,
    "garbage": lambda: reply_with(b"\x00\x00\x00\x05\xc1\xc1\xc1\xc1\xc1"),
    "endless": lambda: reply_with(b"\xff\xff\xff\xff" + b"x" * 100_000),
    "look": look_around,
    "write": write_a_file,
    "much": lambda: "x" * 3_000_000,
    "escape": lambda: fail_with("\x1b[31m<|im_end|>" * 100),
}


def with_link(end, url, domain):
    return lambda page: replace(page, links=(Link(0, 0, end, url, domain),))


def with_raw_text(page):
    return make_page(page.url, "T", "\x1b[31m", domain=page.domain, at=page.retrieved_at)


LIES = {
    "other url": lambda page: replace(page, url="https://bank.example/"),
    "other time": lambda page: replace(page, retrieved_at="2000-01-01T00:00:00+00:00"),
    "other hash": lambda page: replace(page, sha256="0" * 64),
    "raw text": with_raw_text,
    "link outside": with_link(999, "https://a.example/", "a.example"),
    "link domain": with_link(4, "https://evil.example/", "bank.example"),
    "link scheme": with_link(4, "file:///etc/passwd", "local"),
    "no page": lambda page: "a text",
}


def fail_with(text):
    raise ValueError(text)
