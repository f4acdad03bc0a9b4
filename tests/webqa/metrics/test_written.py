"""ROUGE against answers by people: worked examples."""

import pytest

from webqa.metrics.written import check_package, rouge, rouge_l


@pytest.mark.parametrize(
    ("kind", "wanted"),
    [
        # Four words each; a, c, d in common, and in this order.
        ("rouge1", 3 / 4),
        # Pairs ab bc cd, and ax xc cd: one of three.
        ("rouge2", 1 / 3),
        ("rougeL", 3 / 4),
    ],
)
def test_kinds_of_rouge(kind, wanted):
    assert rouge("a b c d", "a x c d", kind, stemmed=False) == pytest.approx(wanted)


def test_sentences_may_change_places():
    text, reference = "Rain fell hard. Snow lay deep.", "Snow lay deep. Rain fell hard."
    assert rouge_l(text, [reference]) == 1
    # In one line only the longer of both can be followed.
    assert rouge(text, reference, "rougeL", stemmed=True) == 0.5


def test_the_best_reference_counts_and_citations_do_not():
    answer = "Rain fell hard [1]. Snow lay deep [2][3]."
    assert rouge_l(answer, ["Sun shone.", "Rain fell hard. Snow lay deep."]) == 1
    assert rouge_l(answer, ["Sun shone."]) == 0
    assert rouge_l(answer, []) == 0


def test_words_are_stemmed():
    assert rouge_l("It rained.", ["It raining."]) == 1
    assert rouge("It rained.", "It raining.", "rouge1", stemmed=False) == 0.5


def test_a_part_of_the_words():
    # 2 of 3 words given, 2 of 4 wanted: 2 * (2/3 * 1/2) / (2/3 + 1/2) = 4/7.
    assert rouge_l("Clouds bring snow.", ["Clouds bring heavy rain."]) == pytest.approx(4 / 7)


def test_other_scripts_say_nothing_but_do_no_harm():
    assert rouge_l("東京", ["東京"]) == 0


def test_the_package_can_be_asked_for_before_anything_is_run():
    assert check_package() is None
