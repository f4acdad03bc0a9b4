"""Answers as Markdown: what a reader sees must be what was written."""

from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from env.records import Answer, Quote
from webqa.writing import as_markdown, escape

HOSTILE = Quote(
    "# Not a heading\n- nor a list\n<script>alert(1)</script> ![x](y) `code` *bold* & &lt;",
    "A [title](javascript:alert) with | and `",
    "a.example",
    "https://a.example/(x)>",
    0,
    5,
    "ab",
)


def test_text_of_pages_stays_text():
    """Fails when a page can put markup, links or HTML into an answer."""
    html = MarkdownIt().render(as_markdown(Answer("q", "So it is [1].", (HOSTILE,))))
    assert "So it is [1]." in html
    assert html.count("<a ") == html.count("<ol>") == html.count("<li>") == 1
    for tag in ("<h1", "<ul", "<script", "<img", "<code", "<em", "<strong>Not"):
        assert tag not in html
    assert "# Not a heading" in html
    assert "&amp;lt;" in html


def test_no_source_list_without_sources():
    """Fails when an unanswered question has an empty list of sources."""
    assert as_markdown(Answer("q", "I found nothing.")) == "I found nothing."


@given(st.text(alphabet="ab1 .)(*_`[]<>#|~$\\&!+-=:\"'", max_size=60))
def test_escaped_text_is_shown_as_it_is(text):
    """Fails when some text is taken for Markdown."""
    text = " ".join(text.split())
    shown = MarkdownIt().renderInline(escape(text))
    html = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    assert shown == html.replace('"', "&quot;")
    assert not text or MarkdownIt().render(escape(text)) == f"<p>{shown}</p>\n"
