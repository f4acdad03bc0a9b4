"""Words of scripts that write no spaces, and texts that say something without a word."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from env.answers import normalise, says_nothing_found, stands_in
from env.errors import Blocked
from env.leakage import LeakageFilter
from env.records import make_page
from env.words import (
    UNSPACED,
    apart,
    has_words,
    in_twos,
    is_symbols,
    is_unspaced,
    pairs,
    runs,
)

SPACED = st.text(st.characters(codec="utf-8")).map(lambda text: re.sub(f"[{UNSPACED}]", "", text))
CHINESE = st.text(st.sampled_from("東京都是日本的首ひらカタナー漢字ไทย"), min_size=1)
MIXED = st.lists(st.one_of(SPACED, CHINESE)).map("".join)


@given(SPACED)
def test_a_text_with_spaces_is_left_as_it_is(text):
    assert apart(text) == in_twos(text) == text
    assert runs(text) == [text]


@given(MIXED)
def test_nothing_of_a_text_is_lost(text):
    assert "".join(runs(text)) == text
    for changed in (apart(text), in_twos(text)):
        assert "".join(changed.split()) == "".join(text.split())
    assert all(not re.search(f"[{UNSPACED}]", part) for part in runs(text)[::2])


@given(CHINESE)
def test_characters_stand_alone_or_by_two(run):
    assert all(map(is_unspaced, apart(run).split()))
    assert len(in_twos(run).split()) == (len(run) + 1) // 2
    assert {one for two in pairs(run) for one in two} == set(run)
    assert len(pairs(run)) == max(1, len(run) - 1)


@given(MIXED, CHINESE, MIXED)
def test_what_is_written_without_spaces_stands_wherever_it_is_written(before, wanted, behind):
    assert stands_in([wanted], before + wanted + behind)


@given(SPACED)
def test_normalising_twice_changes_nothing(text):
    assert normalise(normalise(text)) == normalise(text)


def test_answers_in_chinese_and_japanese():
    assert stands_in(["東京"], "日本の首都は東京です。")
    assert stands_in(["1969 年"], "人类在1969年登上月球")
    assert not stands_in(["京東"], "日本の首都は東京です。")
    assert stands_in(["サターンV"], "サターンVロケット")
    assert not stands_in(["V"], "サターンVIロケット")
    assert not says_nothing_found("東京")


def test_symbols_alone_say_something():
    assert stands_in(["∞"], "The sign ∞ stands for it.")
    assert not stands_in(["∞"], "The sign ☂ stands for it.")
    assert not stands_in(["$"], "$5")
    assert not says_nothing_found("☂️")
    for nothing in ("", "...", "---", "|", "。！"):
        assert says_nothing_found(nothing)
        assert not is_symbols(nothing)
    assert not is_symbols("5 €")
    assert has_words("5 €")


def test_a_symbol_is_not_found_in_letters_that_it_may_be_written_by():
    """Fails when symbols are compared in a folded form: there ™ is `tm`."""
    assert not stands_in(["™"], "the atmosphere")
    assert not stands_in(["№"], "nobody")
    assert stands_in(["™"], "the mark ™ of a name")
    assert stands_in(["☂️"], "a ☂ in the rain")
    assert stands_in(["I ❤️ it"], "I ❤ it")
    assert stands_in(["=\u0338"], "1 ≠ 2")


def test_accents_count_the_same_however_they_are_encoded():
    assert stands_in(["cafe\u0301"], "a caf\u00e9")
    assert stands_in(["カ\u3099ス"], "カ\u3099スとガス")


def test_of_twenty_characters_ten_words_are_made():
    """Fails when a Chinese question hides every page with ten of its characters, or none."""
    asked = "地球から月までの平均距離は何キロメートルか"
    shown = make_page("https://a.example/1", "月", f"まえがき。{asked}", domain="a.example")
    with pytest.raises(Blocked):
        LeakageFilter([asked], []).apply(shown)
    assert LeakageFilter([asked[:19]], []).apply(shown) == shown
