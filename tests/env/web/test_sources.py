"""Sources: kinds are told by content, URLs are made as asked, and nothing is skipped silently."""

import gzip
import json
from pathlib import Path

import pytest

from env.errors import ConfigError
from env.web.sources import Item, Limits, Skip, manifest, read

HTML = b"<!doctype html><title>T</title><p>Hello</p>"
DEFAULT = Limits()


def found(*sources, limits=DEFAULT):
    everything = list(read([Path(source) for source in sources], limits))
    items = {item.url: item for item in everything if isinstance(item, Item)}
    return items, [skip for skip in everything if isinstance(skip, Skip)]


def test_a_folder_is_read_in_order_with_the_urls_of_a_mirror(tmp_path):
    (tmp_path / "b.example" / "wiki").mkdir(parents=True)
    (tmp_path / "b.example" / "wiki" / "Été 1?.html").write_bytes(HTML)
    (tmp_path / "a.example").mkdir()
    (tmp_path / "a.example" / "notes.md").write_text("# Notes")
    (tmp_path / "a.example" / ".hidden.html").write_bytes(HTML)
    items, skips = found(tmp_path, limits=Limits("https://"))
    assert list(items) == [
        "https://a.example/notes.md",
        "https://b.example/wiki/%C3%89t%C3%A9%201%3F.html",
    ]
    assert items["https://a.example/notes.md"].content_type == "text/markdown"
    assert skips == []


def test_files_have_file_urls_by_default(tmp_path):
    (tmp_path / "a b.txt").write_text("Hello")
    items, _ = found(tmp_path)
    assert list(items) == [(tmp_path / "a b.txt").as_uri()]


def test_kinds_are_told_by_content(tmp_path):
    (tmp_path / "page.txt").write_bytes(HTML)
    (tmp_path / "page.php").write_bytes(HTML)
    (tmp_path / "paper").write_bytes(b"%PDF-1.4 and so on")
    (tmp_path / "picture.html").write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR")
    (tmp_path / "style.css").write_text("p { color: red }")
    (tmp_path / "nothing.html").write_bytes(b"")
    items, skips = found(tmp_path)
    kinds = {Path(url).name: item.content_type for url, item in items.items()}
    assert kinds == {
        "page.txt": "text/html",
        "page.php": "text/html",
        "paper": "application/pdf",
    }
    assert sorted((Path(skip.where).name, skip.reason) for skip in skips) == [
        ("nothing.html", "empty file"),
        ("picture.html", "not a document"),
        ("style.css", "not a document"),
    ]


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_broken_lines_of_json_are_told_and_passed_over(tmp_path, pack):
    lines = [
        json.dumps({"url": "https://a.example/1", "title": "One", "text": "First"}),
        "not json",
        json.dumps({"url": "https://a.example/2", "html": "<p>Second</p>"}),
        json.dumps({"title": "no url", "text": "x"}),
        json.dumps({"url": "https://a.example/3"}),
        "",
        '{"url": "https://a.example/4", "text": "torn of',
    ]
    path = tmp_path / "pages.jsonl"
    path.write_bytes(pack("\n".join(lines).encode()))
    items, skips = found(path)
    assert items["https://a.example/1"].title == "One"
    assert items["https://a.example/2"].content_type.startswith("text/html")
    assert [skip.reason for skip in skips] == [
        "broken line",
        "broken line",
        "no text",
        "broken line",
    ]


def test_a_torn_gzip_file_keeps_what_came_before(tmp_path):
    lines = b"".join(
        json.dumps({"url": f"https://a.example/{n}", "text": f"{n * 7919}"}).encode() + b"\n"
        for n in range(500)
    )
    path = tmp_path / "pages.jsonl.gz"
    path.write_bytes(gzip.compress(lines)[:-200])
    items, skips = found(path)
    assert 100 < len(items) < 500
    assert skips[-1].reason == "broken compression"


def test_a_file_over_the_limit_is_told(tmp_path):
    (tmp_path / "long.txt").write_text("x" * 2000)
    _, skips = found(tmp_path, limits=Limits(document=1000))
    assert [skip.reason for skip in skips] == ["too large"]


def test_a_source_that_does_not_exist_is_an_error(tmp_path):
    with pytest.raises(ConfigError, match="does not exist"):
        manifest([tmp_path / "nowhere"])
    with pytest.raises(ConfigError, match="nothing to index"):
        manifest([])


def test_the_manifest_changes_with_a_file(tmp_path):
    (tmp_path / "a.txt").write_text("one")
    before = manifest([tmp_path])
    assert manifest([tmp_path]) == before
    (tmp_path / "a.txt").write_text("three")
    assert manifest([tmp_path]) != before


def test_a_zim_archive_without_an_index_is_read(tmp_path):
    writer = pytest.importorskip("libzim.writer")

    class Article(writer.Item):
        def __init__(self, path, title, kind, content):
            super().__init__()
            self.values = path, title, kind, content

        def get_path(self):
            return self.values[0]

        def get_title(self):
            return self.values[1]

        def get_mimetype(self):
            return self.values[2]

        def get_contentprovider(self):
            return writer.StringProvider(self.values[3])

        def get_hints(self):
            return {writer.Hint.FRONT_ARTICLE: True}

    path = tmp_path / "some.zim"
    with writer.Creator(path).config_indexing(False, "eng") as creator:
        creator.add_item(Article("A b", "The title", "text/html", "<p>Hello</p>"))
        creator.add_item(Article("style", "", "text/css", "p {}"))
        creator.add_redirection("Other", "Elsewhere", "A b", {})
        creator.add_metadata("Name", "wiki")
    items, skips = found(path)
    assert list(items) == ["zim://wiki/A%20b"]
    assert items["zim://wiki/A%20b"].title == "The title"
    assert skips == []


def test_a_broken_zim_archive_is_told(tmp_path):
    pytest.importorskip("libzim")
    path = tmp_path / "some.zim"
    path.write_bytes(b"ZIM\x04" + b"\0" * 200)
    items, skips = found(path)
    assert items == {}
    assert [skip.reason for skip in skips] == ["broken ZIM archive"]
