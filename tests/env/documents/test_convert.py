"""Bytes to pages: what a page looks like, what is refused, and what hostile input may not do."""

from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from env.documents import convert
from env.errors import DocumentError
from env.sanitise import sanitise, sanitise_line

HERE = Path(__file__).parent
TYPES = [
    "",
    "text/html",
    "text/plain",
    "text/markdown",
    "application/pdf",
    "image/png",
    "application/json",
]
MARKUP = (
    "<p> </p> <a href=x> </a> <ul> <li> </ul> <table> <tr> <td> </table> <pre> </pre> <h1> <sup>"
    " <dl> <dt> <dd> <br> <blockquote> <ol start=9> <img alt=x> <img> &#8203; &nbsp; &shy; <|im_"
    " end|> \x00 word e&#769; &#x1b;[31m 【 <!-- <main> <button> <math> <q>"
)
TAGS = st.sampled_from(
    [*MARKUP.split(), "<div style='display:none'>", "text of a paragraph ", "\r\n"]
)


def links_point_at_anchors(page):
    assert page.text == sanitise(page.text)
    assert page.title == sanitise_line(page.title)
    assert [link.id for link in page.links] == list(range(len(page.links)))
    end = 0
    for link in page.links:
        assert end <= link.start < link.end <= len(page.text)
        anchor = page.text[link.start : link.end]
        assert anchor == anchor.strip()
        assert "\n" not in anchor
        end = link.end


def test_one_page_with_every_feature_reads_as_written():
    page = convert((HERE / "features.html").read_bytes(), url="https://w.example/wiki/x")
    assert page.title == "Water & Ice"
    assert page.text == (HERE / "features.txt").read_text(encoding="utf-8").rstrip("\n")
    assert [(page.text[link.start : link.end], link.url, link.domain) for link in page.links] == [
        ("ice floats", "https://w.example/wiki/Ice", "w.example"),
        ("Card", "https://www.example.org/x%20y", "example.org"),
    ]
    links_point_at_anchors(page)


STORY = "".join(
    f"<p>Paragraph {n} tells, with commas, something about the history of the town, in"
    " some detail.</p>"
    for n in range(8)
)
NEWS = f"""<html><head><title>News</title></head><body>
<div class=header><ul><li><a href=/a>Home</a></ul></div>
<div><div class=story><h1>Big event</h1>{STORY}
<table><tr><td>Year</td><td>2001</td></tr></table><div class="share"><a href=t>Tweet</a></div>
<p>See <a href=z>the page</a> for more about it, at length.</p>
</div>
<div class=related><h3>Related</h3><ul><li><a href=q>Other story</a></ul></div></div>
<div class=footer>Copyright by us</div></body></html>"""


def test_content_is_parted_from_furniture_and_keeps_its_table_and_links():
    page = convert(NEWS.encode(), url="https://n.example/1", content_type="text/html")
    assert all(f"Paragraph {n} " in page.text for n in range(8))
    assert "Year | 2001" in page.text
    assert [link.url for link in page.links] == ["https://n.example/z"]
    assert not [word for word in ("Home", "Tweet", "Other story", "Copyright") if word in page.text]


def test_what_marks_no_article_is_refused_without_a_word_on_standard_error(capfd):
    with pytest.raises(DocumentError):
        convert(b"<div></div><div> </div>", url="https://n.example/x", content_type="text/html")
    assert capfd.readouterr().err == ""


def test_a_table_for_layout_is_no_table():
    markup = (
        b"<table><tr><td>menu<td><h2>Head</h2><p>One<p>Two<table><tr><td>a<td>b</table></table>"
    )
    assert (
        convert(markup, url="https://n.example/").text == "menu\n\n## Head\n\nOne\n\nTwo\n\na | b"
    )


def test_an_index_page_keeps_all_its_links():
    rows = "".join(f'<div><a href="p{n}.html">Page {n}</a></div>' for n in range(100))
    page = convert(
        f"<title>All</title><body><h1>Pages</h1>{rows}".encode(), url="https://n.example/i"
    )
    assert [link.url for link in page.links] == [f"https://n.example/p{n}.html" for n in range(100)]


def test_links_stay_with_their_words_when_hidden_characters_go():
    markup = (
        "<p>&shy;same &#8203;<a href=a>sa&shy;me</a> same <a href=b>same</a> &lt;|x"
        " <a href=c>en&#8203;d</a>"
    )
    page = convert(markup.encode(), url="https://n.example/")
    assert page.text == "same same same same ‹|x end"
    assert [(link.start, link.end) for link in page.links] == [(5, 9), (15, 19), (24, 27)]


def test_title_comes_from_the_page_then_the_caller_then_the_url():
    def title(markup, given=""):
        return convert(
            markup, url="https://n.example/the%20page", content_type="text/html", title=given
        ).title

    assert title(b"<title>A &amp;\n B</title><p>x") == "A & B"
    assert title(b'<head><meta property="og:title" content="C"></head><p>x') == "C"
    assert title(b"<p>x<h2>D</h2>") == "D"
    assert title(b"<p>x", given="E") == "E"
    assert title(b"<p>x") == "the page"


def test_markdown_uses_its_front_matter_and_resolves_links():
    source = (
        b"---\ntitle: 'Doc'\n---\n# Head\n\nSee [it](o.md).\n\n"
        b"| a | b |\n|--|--|\n| 1 | 2 |\n\n<script>x</script>\n"
    )
    page = convert(source, url="file:///d/x.md")
    assert (page.title, page.domain) == ("Doc", "local")
    assert page.text == "# Head\n\nSee it.\n\na | b\n1 | 2"
    assert page.links[0].url == "file:///d/o.md"


def test_plain_text_links_its_addresses():
    page = convert(
        b"Notes\n\nsee http://a.example/x_(y). Or (http://b.example/q).", url="file:///n.txt"
    )
    assert page.title == "Notes"
    assert [page.text[link.start : link.end] for link in page.links] == [
        "http://a.example/x_(y)",
        "http://b.example/q",
    ]


REFUSED = {
    b"": "empty",
    b" \n ": "empty",
    b"<html><body></body></html>": "no text",
    b"\x89PNG\r\n\x1a\n\0\0": "PNG",
    b"PK\x03\x04\x14\0": "ZIP",
    b"\x1f\x8b\x08\0": "gzip",
    b"\x01\x02\x03\x04 abc": "binary",
    b"%PDF-1.4 rubbish": "unreadable PDF",
}


@pytest.mark.parametrize(("data", "reason"), REFUSED.items(), ids=list(REFUSED.values()))
def test_what_is_no_document_is_refused_with_a_reason(data, reason):
    with pytest.raises(DocumentError, match=reason):
        convert(data, url="https://n.example/x", content_type="text/html")


def test_types_that_are_not_supported_are_refused():
    with pytest.raises(DocumentError, match="image/png"):
        convert(b"hello", url="https://n.example/x", content_type="image/png")


HOSTILE = {
    "deep": b"<p>intro<p>" + b"<div>" * 20_000 + b"hello" + b"</div>" * 20_000 + b"<p>after",
    "attributes": b"<p>intro hello <p "
    + b" ".join(b"a%d=1" % n for n in range(300_000))
    + b">after",
    "colspan": b"<p>intro<table><tr><td colspan=9007199254740991>hello</table>after",
    "long": b"<p>intro hello " + b"x" * 5_000_000 + b"<p>after",
    "unclosed": b"<p>intro hello" + b"<b><i><p>" * 3_000 + b"after",
    "nul": b"<p>intro\0 hel\0lo &#0; &#xD800; after",
    "entities": b'<!DOCTYPE html [<!ENTITY a "aaa"><!ENTITY b "&a;&a;">]><p>intro hello &b; after',
    "tables": b"intro hello" + b"<table><tr><td>" * 500 + b"after",
}


@pytest.mark.parametrize("markup", HOSTILE.values(), ids=list(HOSTILE))
def test_hostile_markup_gives_its_text_in_bounded_time(markup):
    page = convert(markup, url="https://n.example/x", content_type="text/html")
    assert all(word in page.text for word in ("intro", "hello", "after"))
    links_point_at_anchors(page)


def test_what_is_hidden_does_not_reach_the_reader():
    page = convert(
        b"<p>Seen<p hidden>a1<p style='Display : NONE'>a2<template>a3</template>"
        b"<noscript>a4</noscript>"
        b"<p aria-hidden=true>a5</p><script>a6</script><iframe srcdoc='<p>a7'></iframe><!-- a8 -->",
        url="https://n.example/x",
    )
    assert page.text == "Seen"


@settings(max_examples=150, deadline=None)
@given(st.lists(TAGS, max_size=40).map(" ".join))
@example("&#x1b;[31m <img <div style='display:none'> <p>")
@example("a&#0;&#xFFFF;&#55296;&#x1&#x1b;b;&#99999999999; c <p hidden>x</p>&#8;tail")
def test_any_markup_gives_sound_links_or_a_document_error(markup):
    try:
        page = convert(markup.encode(), url="https://n.example/x", content_type="text/html")
    except DocumentError:
        return
    links_point_at_anchors(page)


@settings(max_examples=150, deadline=None)
@given(
    st.binary(max_size=300) | st.binary(max_size=60).map(b"%PDF-1.4\n".__add__),
    st.sampled_from(TYPES),
)
def test_any_bytes_give_a_page_or_a_document_error(data, content_type):
    try:
        page = convert(data, url="https://n.example/x", content_type=content_type)
    except DocumentError:
        return
    links_point_at_anchors(page)
