"""Windows over a page with links: everything is shown, once, and marks come out again."""

from hypothesis import given, settings
from hypothesis import strategies as st

from env.records import Link, make_page
from env.text import Span, line_start
from env.view import LINK_MARK, PageView, plain_citations, unmark

PIECES = st.one_of(
    st.text("ab .\n", min_size=1, max_size=30),
    st.sampled_from(("[12]", "[1, 2]", "\n\n", "word " * 12, "x" * 50, "ü—“q”")),
)
DOMAINS = st.sampled_from(("a.example", "b.example", "long-name.of.another.example"))


@st.composite
def pages(draw):
    """A page whose links neither overlap nor are empty."""
    text, links = "", []
    for piece in draw(st.lists(PIECES, max_size=15)):
        if draw(st.booleans()):
            domain = draw(DOMAINS)
            links.append(Link(len(links), len(text), len(text) + len(piece), "https://x/", domain))
        text += piece
    return make_page("https://a.example/", "A", text, domain="a.example", links=links)


SIZES = st.integers(20, 150)


def same(shown, text):
    """Compare but for the brackets of a page's own [12], which may stand around a link."""
    return plain_citations(unmark(shown)) == plain_citations(text)


@given(pages(), SIZES)
@settings(max_examples=300)
def test_walking_down_shows_every_character_once_and_windows_fit(page, size):
    view, start = PageView(page), 0
    while start < len(page.text):
        window = view.window_from(start, size)
        assert window.start == start < window.end
        shown = view.show(window)
        assert same(shown, page.text[start : window.end])
        assert len(shown) <= max(size, one_piece(view, start))
        start = window.end


@given(pages(), SIZES)
@settings(max_examples=300)
def test_walking_up_shows_every_character_once_and_windows_fit(page, size):
    view, end = PageView(page), len(page.text)
    while end > 0:
        window = view.window_before(end, size)
        assert window.start < window.end == end
        shown = view.show(window)
        assert same(shown, page.text[window.start : end])
        assert len(shown) <= max(size, one_piece(view, end - 1))
        end = window.start


def one_piece(view, place):
    """Return what the least window at a place takes: one character, perhaps with a mark."""
    return len(view.show(Span(place, place + 1)))


@given(pages(), SIZES)
def test_a_window_ends_at_a_line_end_where_a_line_fits(page, size):
    view, start = PageView(page), 0
    while start < len(page.text):
        window = view.window_from(start, size)
        least = page.text.find("\n", start + 1) + 1
        if page.text[start:least].strip() and len(view.show(Span(start, least))) <= size:
            assert window.end >= least
        start = window.end


@given(pages(), SIZES, st.data())
def test_marks_come_out_of_any_window_and_name_its_links(page, size, data):
    view = PageView(page)
    start = data.draw(st.integers(0, len(page.text)))
    window = Span(start, data.draw(st.integers(start, len(page.text))))
    shown = view.show(window)
    assert same(shown, page.text[window.start : window.end])
    marks = list(LINK_MARK.finditer(shown))
    assert [int(mark[1]) for mark in marks] == [link.id for link in view.links_in(window)]
    for mark, link in zip(marks, view.links_in(window), strict=True):
        assert mark[3] == (None if link.domain == page.domain else link.domain)


@given(pages(), SIZES, st.data())
def test_a_phrase_found_is_in_sight_with_its_line_at_the_top(page, size, data):
    start = data.draw(st.integers(0, len(page.text)))
    found = Span(start, data.draw(st.integers(start, min(start + 10, len(page.text)))))
    view = PageView(page)
    window = view.window_at(found, size)
    assert window.start in (line_start(page.text, found.start), found.start)
    if len(view.show(found)) <= size:
        assert window.start <= found.start <= found.end <= window.end
    assert len(view.show(window)) <= max(size, one_piece(view, window.start))


def test_a_phrase_far_down_a_long_line_is_at_the_top():
    page = make_page("u", "t", "one\n" + "word " * 100 + "needle here", domain="d")
    view = PageView(page)
    found = view.form.find("needle here")
    assert found
    window = view.window_at(found, 60)
    assert page.text[window.start : window.end] == "needle here"


def test_a_phrase_that_runs_on_into_a_long_line_is_whole_in_sight():
    page = make_page("u", "t", "The end\n" + "word " * 100, domain="d")
    view = PageView(page)
    for phrase in ("end word word word", "end " + "word " * 10):
        found = view.form.find(phrase)
        assert found
        assert view.window_at(found, 60).end >= found.end
        assert view.window_at(found, 60).start == 0


def test_a_phrase_that_runs_on_into_a_long_link_is_whole_in_sight():
    text = "word word " + "anchor " * 30
    links = [Link(0, 10, len(text), "https://x/", "d")]
    view = PageView(make_page("u", "t", text, domain="d", links=links))
    found = view.form.find("word anchor anchor")
    assert found
    assert view.window_at(found, 60).end >= found.end


def test_a_link_is_not_cut_where_it_can_be_left_to_the_next_window():
    text = "Some words before the long anchor of a link"
    page = make_page("u", "t", text, domain="d", links=[Link(0, 22, 43, "https://x/", "x.example")])
    view = PageView(page)
    window = view.window_from(0, 45)
    assert text[: window.end] == "Some words before the "
    assert view.show(view.window_from(window.end, 45)) == "【0†long anchor of a link†x.example】"


def test_links_of_the_same_domain_are_shown_without_it():
    links = [Link(0, 3, 5, "https://d/1", "d"), Link(1, 6, 9, "https://e/2", "e")]
    view = PageView(make_page("u", "t", "[1]an der[3]", domain="d", links=links))
    assert view.show(Span(0, 12)) == "(1)【0†an】 【1†der†e】(3)"
    assert view.link(1) == links[1]
    assert view.link(2) is None
    assert view.link(-1) is None


def test_the_position_is_in_percent():
    view = PageView(make_page("u", "t", "x" * 300, domain="d"))
    assert view.percent(Span(0, 100)) == (0, 34)
    assert view.percent(Span(299, 300)) == (99, 100)
    assert PageView(make_page("u", "t", "", domain="d")).percent(Span(0, 0)) == (0, 0)


def test_unmark_leaves_what_is_no_mark():
    assert unmark("a 【1†b†c.example】 【2†】d 【x†y】 【3】") == "a b d 【x†y】 【3】"
