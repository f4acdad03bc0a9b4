"""Citations: worked examples of ALCE and of Liu et al., and ALCE's formula by brute force."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from env.records import Answer, Quote
from reward.support import Case
from webqa.metrics.citations import (
    Quality,
    Statement,
    SupportConfig,
    alce,
    judge_statements,
    liu,
    liu_of,
    statements_of,
)


class Table:
    """Judges by a table of sets of evidence; what is not in it is not supported."""

    name = "table"

    def __init__(self, **told):
        self.told = {frozenset(texts): value for texts, value in told.items()}
        self.calls = []

    async def judge(self, cases):
        self.calls.append(list(cases))
        return [self.told.get(frozenset(case.evidence), 0.0) for case in cases]


def answer_with(text, quotes="abcde"):
    return Answer("q", text, tuple(Quote(one, "", "") for one in quotes))


async def measured(text, metric=alce, **told):
    statements = statements_of(answer_with(text))
    return metric(statements, await judge_statements(statements, Table(**told)))


@pytest.mark.parametrize(
    ("text", "told", "recall", "precision"),
    [
        ("It rains [1].", {"a": 1}, 1, 1),
        ("It rains [1].", {}, 0, 0),
        # Two sentences, one without a citation.
        ("It rains [1]. It snows today.", {"a": 1}, 1 / 2, 1),
        # b does nothing: a supports the sentence alone, so b is not needed.
        ("It rains [1][2].", {"a": 1, "ab": 1}, 1, 1 / 2),
        # Neither does it alone: both are needed.
        ("It rains [1][2].", {"ab": 1}, 1, 1),
        # Each does it alone: both count, though neither is needed.
        ("It rains [1][2].", {"a": 1, "b": 1, "ab": 1}, 1, 1),
        # Not supported together: nothing counts, even what does it alone.
        ("It rains [1][2].", {"a": 1}, 0, 0),
        # Of three, c is needed with either of the others; a and b are not.
        ("It rains [1][2][3].", {"abc": 1, "ac": 1, "bc": 1}, 1, 1 / 3),
        # Only the first three are read, and counted.
        ("It rains [1][2][3][4].", {"abc": 1}, 1, 1),
        ("It rains [1][2][3][4].", {"abcd": 1}, 0, 0),
        # One good sentence with one citation, one bad with two.
        ("It rains [1]. It snows [2][3].", {"a": 1}, 1 / 2, 1 / 3),
        # No citation at all.
        ("It rains. It snows today.", {}, 0, 0),
        # A half is support, less is not.
        ("It rains [1].", {"a": 0.5}, 1, 1),
        ("It rains [1].", {"a": 0.49}, 0, 0),
    ],
)
async def test_alce_worked_examples(text, told, recall, precision):
    found = await measured(text, **told)
    assert (found.recall, found.precision) == (pytest.approx(recall), pytest.approx(precision))
    both = recall + precision
    assert found.f1 == pytest.approx(2 * recall * precision / both if both else 0)


@pytest.mark.parametrize(
    ("text", "told", "recall", "precision"),
    [
        # The script takes [0] for the last quote, e.
        ("It rains [0].", {"e": 1}, 0, 0),
        ("It rains [9].", {"e": 1}, 0, 0),
        # The script counts both: 2 of 2 or 0 of 2, never 1.
        ("It rains [1][1]. It snows [2].", {"a": 1}, 1 / 2, 1 / 2),
        # The script gives the mark to the sentence behind it.
        ("It rains. [1] It snows today.", {"a": 1}, 1 / 2, 1),
        # The script reads the first line only.
        ("It rains [1].\nIt snows today.\n- It hails [2].", {"a": 1, "b": 1}, 2 / 3, 1),
    ],
)
async def test_the_defects_of_alces_script_are_mended(text, told, recall, precision):
    found = await measured(text, **told)
    assert (found.recall, found.precision) == (pytest.approx(recall), pytest.approx(precision))


async def test_an_answer_without_a_sentence_has_no_figures():
    assert await measured("") == Quality(None, None, None)
    assert await measured("", liu) == Quality(None, None, None)


@pytest.mark.parametrize("metric", [alce, liu])
async def test_one_mark_behind_a_quotation_of_two_sentences_is_for_both(metric):
    """Fails when either reads marks otherwise, or when what is not quoted inherits one."""
    quote = "It rains hard. It snows."
    statements = statements_of(answer_with("It rains hard. It hails today. It snows [1].", [quote]))
    assert [one.cited for one in statements] == [(quote,), (), (quote,)]
    judged = {Case(one.text, one.cited): 1.0 for one in statements if one.cited}
    assert metric(statements, judged)[:2] == (pytest.approx(2 / 3), 1)


@pytest.mark.parametrize(
    ("text", "told", "recall", "precision"),
    [
        ("It rains [1].", {"a": 1}, 1, 1),
        # In part, alone: nothing.
        ("It rains [1].", {"a": 0.3}, 0, 0),
        # Both in part and together fully: both count.
        ("It rains [1][2].", {"a": 0.3, "b": 0.3, "ab": 1}, 1, 1),
        # One fully: the other, in part, does not count.
        ("It rains [1][2].", {"a": 1, "b": 0.3, "ab": 1}, 1, 1 / 2),
        # In part, in part and not at all.
        ("It rains [1][2][3].", {"a": 0.3, "b": 0.3, "abc": 1}, 1, 2 / 3),
        # Both in part, together not fully.
        ("It rains [1][2].", {"a": 0.3, "b": 0.3, "ab": 0.4}, 0, 0),
        # Fully alone counts, whatever they do together.
        ("It rains [1][2].", {"a": 1}, 0, 1 / 2),
        # Four are read by Liu et al.
        ("It rains [1][2][3][4].", {"abcd": 1, "d": 1}, 1, 1 / 4),
        # A question and an empty phrase claim nothing.
        ("Is it so? It rains [1].", {"a": 1}, 1, 1),
        ("It rains [1]. It snows today.", {"a": 1}, 1 / 2, 1),
    ],
)
async def test_liu_worked_examples(text, told, recall, precision):
    found = await measured(text, liu, **told)
    assert (found.recall, found.precision) == (pytest.approx(recall), pytest.approx(precision))


async def test_without_a_citation_precision_is_not_defined():
    assert await measured("It rains today.", liu) == Quality(0, None, None)


def test_liu_from_what_people_judged():
    # Three statements, two supported; citations: full, part that counts twice, none, part, full.
    found = liu_of(
        [True, True, False],
        [("full", "none"), ("part", "part"), ("part", "full")],
    )
    assert (found.recall, found.precision) == (2 / 3, 4 / 6)


@pytest.mark.parametrize("silent", [None, math.nan])
async def test_what_a_judge_cannot_tell_is_left_out_and_counted(silent):
    found = await measured("It rains [1]. It snows [2].", a=1, b=silent)
    assert found == Quality(1, 1, 1, unscored=2)
    assert await measured("It rains [1].", liu, a=silent) == Quality(None, None, None, 2)
    assert await measured("It rains [1].", alce, a=silent) == Quality(None, None, None, 2)


@pytest.mark.parametrize("figures", [alce, liu])
async def test_a_judge_that_can_tell_nothing_makes_no_figure(figures):
    """Fails when the sentences without a citation, of which nobody need ask, are the recall."""
    found = await measured("It rains [1]. It snows today.", figures, a=None)
    assert found == Quality(None, None, None, 2)
    found = await measured("It rains [1]. It snows today. It hails [2].", figures, a=None, b=1)
    assert found.recall == 1 / 2


async def test_a_citation_that_is_needed_counts_whatever_it_does_alone():
    found = await measured("It rains [1][2].", a=None, b=0, ab=1)
    assert found.precision == 1
    # b does it alone; of a it is not known.
    found = await measured("It rains [1][2].", a=None, b=1, ab=1)
    assert (found.precision, found.unscored) == (1, 1)


async def test_a_part_that_may_not_be_needed_is_left_out():
    assert liu_of([True], [("part", None)]) == Quality(1, None, None, 2)
    assert liu_of([False], [("part", None)]) == Quality(0, 0, 0, 1)


async def test_a_judge_is_asked_twice_at_most_and_each_case_once():
    text = "It rains [1][2][3]. It rains [1][2][3]. It snows [4]."
    statements = statements_of(answer_with(text))
    judge = Table(a=1, abc=1)
    await judge_statements(statements, judge)
    first, second = judge.calls
    assert len({*first, *second}) == len(first) + len(second)
    assert {"".join(case.evidence) for case in first} == {"abc", "a", "b", "c", "d"}
    # What is left without a is not asked for: a supports the sentence alone.
    assert {"".join(case.evidence) for case in second} == {"ac", "ab"}


async def test_thresholds_can_be_set():
    statements = statements_of(answer_with("It rains [1]."))
    config = SupportConfig(full=0.9, part=0.5)
    judged = await judge_statements(statements, Table(a=0.8), config)
    assert alce(statements, judged, config).recall == 0
    assert alce(statements, judged).recall == 1


worlds = st.lists(
    st.lists(st.sampled_from("abcd"), unique=True, max_size=4), min_size=1, max_size=4
)


@given(cited=worlds, supports=st.sets(st.frozensets(st.sampled_from("abcd"), min_size=1)))
async def test_alce_is_what_its_formula_says(cited, supports):
    statements = [Statement(f"Claim {n}", tuple(one)) for n, one in enumerate(cited)]

    class Random:
        name = "random"

        async def judge(self, cases):
            return [float(frozenset(case.evidence) in supports) for case in cases]

    found = alce(statements, await judge_statements(statements, Random()))

    def says(texts):
        return frozenset(texts) in supports

    entailed = relevant = total = 0
    for one in cited:
        kept = one[:3]
        total += len(kept)
        whole = bool(kept) and says(kept)
        entailed += whole
        for text in kept if whole else ():
            others = [other for other in kept if other != text]
            relevant += says([text]) or not others or not says(others)
    assert found.recall == pytest.approx(entailed / len(cited))
    assert found.precision == pytest.approx(relevant / total if total else 0)
    assert found.unscored == 0


def test_a_statement_knows_its_cases():
    one = Statement("c", ("a", "b"))
    assert one.together == Case("c", ("a", "b"))
    assert one.alone == [Case("c", ("a",)), Case("c", ("b",))]
    assert one.without(0) == Case("c", ("b",))
