"""Sources: false marks, verbatim quotes, and how many sources are independent."""

from dataclasses import replace

import pytest

from env.citations import make_answer
from env.records import Answer, Quote, make_page
from webqa.metrics.sources import (
    Sources,
    cited_share,
    fabricated_share,
    says_the_same,
    sources_of,
    verbatim_share,
)

RAIN = "Rain falls from clouds in autumn and in spring."
SNOW = "Snow lies on the hills until the sun returns in March."


def quote(text, url, domain=""):
    return Quote(text, "T", domain or url.split("/")[0], url)


@pytest.mark.parametrize(
    ("text", "share"),
    [
        ("It rains [1].", 0),
        ("It rains [1][2].", 1 / 2),
        ("It rains [0][7][1].", 2 / 3),
        ("It rains [9].", 1),
        ("It rains [9][9].", 1),
        ("It rains.", None),
    ],
)
def test_marks_that_name_nothing_are_told_before_and_after_they_are_taken_out(text, share):
    quotes = (quote(RAIN, "a.example/1"),)
    made, imported = make_answer("q", text, quotes), Answer("q", text, quotes)
    assert fabricated_share(made) == share
    assert fabricated_share(imported) == share


def test_quotes_are_looked_up_in_the_pages():
    page = make_page("https://a.example/", "T", f"{SNOW} {RAIN}", domain="a.example")
    start = len(SNOW) + 1
    good = Quote(RAIN, "T", "a.example", page.url, start, start + len(RAIN), page.sha256)
    pages = {page.sha256: page}
    assert verbatim_share([good], pages) == 1
    assert verbatim_share([good, replace(good, start=start - 1)], pages) == 1 / 2
    assert verbatim_share([good], {}) == 0
    assert verbatim_share([], pages) is None


def test_sentences_that_cite():
    quotes = (quote(RAIN, "a.example/1"),)
    assert cited_share(Answer("q", "It rains [1]. It snows today.", quotes)) == 1 / 2
    assert cited_share(Answer("q", "", quotes)) is None


@pytest.mark.parametrize(
    ("quotes", "wanted"),
    [
        ([], (0, 0, 0, 0)),
        ([(RAIN, "a.example/1")], (1, 1, 1, 1)),
        # Two quotes of a page.
        ([(RAIN, "a.example/1"), (SNOW, "a.example/1")], (2, 1, 1, 1)),
        # Two pages of a domain.
        ([(RAIN, "a.example/1"), (SNOW, "www.a.example/2")], (2, 2, 1, 1)),
        # Two domains that say different things.
        ([(RAIN, "a.example/1"), (SNOW, "b.example/1")], (2, 2, 2, 2)),
        # Two domains, one text.
        ([(RAIN, "a.example/1"), (f"Now: {RAIN}", "b.example/1")], (2, 2, 2, 1)),
        # The third has the domain of the first and the text of the second.
        (
            [(RAIN, "a.example/1"), (SNOW, "b.example/1"), (SNOW, "a.example/2")],
            (3, 3, 2, 1),
        ),
    ],
)
def test_sources_are_counted_more_and_more_strictly(quotes, wanted):
    text = "It is so" + "".join(f"[{number + 1}]" for number in range(len(quotes))) + "."
    answer = Answer("q", text, tuple(quote(*one) for one in quotes))
    assert sources_of(answer) == Sources(*wanted)


def test_only_what_is_cited_is_a_source():
    quotes = (quote(RAIN, "a.example/1"), quote(SNOW, "b.example/1"))
    assert sources_of(Answer("q", "It rains [2].", quotes)).quotes == 1


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (RAIN, RAIN.upper(), True),
        (RAIN, f"{SNOW} {RAIN}", True),
        (RAIN, SNOW, False),
        ("It rains.", "it rains", True),
        ("It rains.", "it snows", False),
        ("", "", False),
    ],
)
def test_texts_that_say_the_same(one, other, same):
    assert says_the_same(one, other) is same
    assert says_the_same(other, one) is same
