"""Terms: the words of snippets and queries are those of the index, whatever the text."""

from hypothesis import given
from hypothesis import strategies as st

from env.web.snippets import _WORD
from env.web.terms import query_stems, stems, stems_of, terms

LATIN = st.text(st.characters(max_codepoint=0x24F), max_size=80)


@given(LATIN)
def test_words_of_a_snippet_have_the_terms_of_the_index(text):
    assert stems_of(_WORD.findall(text)) == [stem_of for stem_of in stems(text)]


@given(st.text(max_size=80))
def test_terms_know_their_places(text):
    for stem, start, end in terms(text):
        assert stems(text[start:end])[:1] == [stem]


def test_stop_words_are_dropped_unless_there_is_nothing_else():
    assert query_stems("Who was the first to RUN a mile?") == ("first", "run", "mile")
    assert query_stems("the who") == ("the", "who")
    assert query_stems(" ?! ") == ()


def test_accents_and_case_do_not_matter():
    assert query_stems("Édouard MANET naïve") == ("edouard", "manet", "naiv")
