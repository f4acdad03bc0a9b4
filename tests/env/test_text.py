"""Finding phrases however they are typed, and cutting windows out of a text."""

import re
import unicodedata

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from env.text import BLOCK, SearchForm, cut_down, cut_up, fold, line_start

FORMS = ("NFC", "NFD", "NFKC", "NFKD")
ALPHABET = (
    "abcXYZ 019\n\t.,;:'\"-–—“”‘’«»…´″[]()éÅñßςΣάΐЙїﬁſ①½²㎏각한글漢字仮ｶﾞがİı\u00a0\u00ad\u200b😀"
)
TEXTS = st.one_of(
    st.text(ALPHABET, max_size=400),
    st.text(max_size=200),
    st.lists(st.sampled_from(("The", "sky", "is", "blüe", "—", "“why”", "Ångström", "\n"))).map(
        " ".join
    ),
).map(lambda text: unicodedata.normalize("NFC", text))


def begins_cluster(character):
    return unicodedata.combining(unicodedata.normalize("NFKD", character)[0]) == 0


@st.composite
def phrases_of_texts(draw):
    """A text and a span of it that cuts no letter from its accents."""
    text = draw(TEXTS)
    places = [0, len(text)] + [n for n, letter in enumerate(text) if begins_cluster(letter)]
    start, end = sorted((draw(st.sampled_from(places)), draw(st.sampled_from(places))))
    return text, start, end


def recase(phrase, way):
    changed = getattr(phrase, way)()
    return changed if changed.casefold() == phrase.casefold() else phrase


def respace(phrase, separator):
    words = phrase.split()
    assume(all(begins_cluster(word[0]) for word in words))
    return separator.join(words)


@given(
    phrases_of_texts(),
    st.sampled_from(("upper", "lower", "title", "swapcase", "casefold")),
    st.sampled_from(FORMS),
    st.sampled_from((" ", "  ", "\n", "\r\n\t", "\u00a0", "")),
)
@settings(max_examples=400)
@example(("Wasser weiß", 0, 11), "upper", "NFD", "")
@example(("ΟΔΟΣ ὁδός", 0, 9), "lower", "NFD", " ")
@example(("a ´ b ″ c", 0, 9), "lower", "NFKC", " ")
def test_a_phrase_is_found_however_it_is_typed(where, way, form, separator):
    text, start, end = where
    phrase = respace(unicodedata.normalize(form, recase(text[start:end], way)), separator)
    assume(fold(phrase))
    found = SearchForm(text).find(phrase, start)
    assert found is not None
    assert found.start <= max(end - 1, start)
    assert fold(phrase) in fold(text[found.start : found.end])


@given(TEXTS, st.integers(1, 8))
@settings(max_examples=200)
def test_the_search_form_is_the_fold_of_the_whole_text(text, copies):
    # Copies make texts that pass over several blocks.
    assert SearchForm(text * copies * 40).folded == fold(text * copies * 40)


@pytest.mark.parametrize("length", range(BLOCK - 3, BLOCK + 2))
@pytest.mark.parametrize("letter", [" \u0301", "q\u0323\u0307", "\u1112\u1161\u11ab", "´", "ﬁ"])
def test_a_letter_at_the_edge_of_a_block_is_whole(length, letter):
    form = SearchForm("x" * length + letter + "y" * BLOCK)
    assert form.folded == fold(form.text)
    assert form.find(letter) == (length, length + len(letter))
    assert form.find("yy") == (length + len(letter), length + len(letter) + 2)


@given(st.text(max_size=100))
def test_fold_is_the_same_for_every_unicode_form_and_is_stable(text):
    folds = {fold(unicodedata.normalize(form, text)) for form in FORMS}
    assert folds == {fold(text)}
    assert fold(text.lower() if text.isascii() else text) == fold(text)


@pytest.mark.parametrize(
    ("page", "typed"),
    [
        ("It’s “blue”", 'it\'s "blue"'),
        ("it´s 5″ wide", "it's 5\" wide"),
        ("1939–1945 — a war", "1939-1945 - a war"),
        ("soft\u00adhyphen zero\u200bwidth", "softhyphen zerowidth"),
        ("a fact[12] with a mark", "a fact(12) with a mark"),
        ("ﬁrst ofﬁce", "FIRST OFFICE"),
        ("Straße", "STRASSE"),
        ("Ⅳ. 10 ㎏, x²", "IV. 10 kg, x2"),
        ("a phrase\nacross\n\n  lines", "a phrase across lines"),
        ("e\u0301te\u0301 in two parts", "été in two parts"),
    ],
)
def test_what_people_type_for_what_stands_there(page, typed):
    form = SearchForm(f"before. {page} after.")
    found = form.find(typed)
    assert found is not None
    assert form.text[found.start : found.end] == page


def test_find_goes_on_from_an_offset_and_does_not_wrap_by_itself():
    form = SearchForm("one two one two")
    assert form.find("one") == (0, 3)
    assert form.find("one", 1) == (8, 11)
    assert form.find("one", 9) is None
    assert form.find("one", 99) is None


@pytest.mark.parametrize("phrase", ["", " \n", "\u200b\u00ad"])
def test_a_phrase_of_nothing_visible_is_not_found(phrase):
    assert SearchForm("some text").find(phrase) is None
    assert SearchForm("").find("some") is None


@given(TEXTS, st.data())
def test_find_starts_no_earlier_than_asked(text, data):
    text *= 30
    assume(fold(text))
    start = data.draw(st.integers(0, len(text)))
    found = SearchForm(text).find(text[: len(text) // 30][:20], start)
    assert found is None or found.start >= start


def test_a_span_runs_from_the_first_start_to_the_nearest_end():
    form = SearchForm("A cat sat. The dog ran. The dog slept. A cat left.")
    assert form.find_span("THE DOG", "slept.") == (11, 38)
    assert form.find_span("A cat", "dog") == (0, 18)
    assert form.find_span("a cat", "cat") == (0, 44)  # the end is never part of the start
    assert form.find_span("slept", "The dog") is None
    assert form.find_span("", "dog") is None
    assert form.find_span("dog", "") is None


@given(TEXTS, TEXTS, TEXTS)
def test_a_span_joins_any_two_phrases_of_a_text(first, middle, last):
    assume(fold(first) and fold(last))
    assume(begins_cluster((middle + last)[0]) and begins_cluster(last[0]))
    found = SearchForm(first + middle + last).find_span(first, last)
    assert found is not None
    inside = fold((first + middle + last)[found.start : found.end])
    assert inside.startswith(fold(first)) or fold(first) in inside
    assert fold(last) in inside


LINES = st.text("ab \n", max_size=120)


@given(LINES, st.integers(1, 40))
def test_cutting_down_shows_all_once_and_ends_lines_where_they_fit(text, size):
    start = 0
    while start < len(text):
        end = cut_down(text, start, start + size)
        assert start < end <= start + size
        shown = text[start:end]
        if end < len(text) and not shown.endswith("\n"):
            assert not re.search(r"[ab] *\n", text[start : start + size])
        start = end
    assert start == len(text)


@given(LINES, st.integers(1, 40))
def test_cutting_up_shows_all_once_and_starts_lines_where_they_fit(text, size):
    end = len(text)
    while end > 0:
        start = cut_up(text, end, end - size)
        assert max(0, end - size) <= start < end
        if start > 0 and text[start - 1] != "\n":
            assert not re.search(r"\n *[ab]", text[max(0, end - size - 1) : end])
        end = start
    assert end == 0


def test_a_window_is_never_blank_where_more_would_fit():
    assert (
        cut_down("\n\n" + "word " * 30, 0, 50) == 47 or cut_down("\n\n" + "word " * 30, 0, 50) > 2
    )
    assert cut_up("word " * 30 + "\n\n", 152, 102) < 150


def test_line_start():
    text = "one\ntwo\n"
    assert [line_start(text, place) for place in (0, 3, 4, 7, 8)] == [0, 0, 4, 4, 8]
