"""Short answers: the figures of the official scripts, checked by hand, and what never changes."""

import json
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webqa.metrics.short_answers import (
    CONVENTIONS,
    HOTPOTQA,
    NQ,
    SQUAD,
    SQUAD2,
    TRIVIAQA,
    convention_of,
    squad_normalise,
    triviaqa_em,
    triviaqa_normalise,
)

GOLDEN = Path(__file__).parent / "short_answers.jsonl"
ROWS = [json.loads(line) for line in GOLDEN.read_text(encoding="utf-8").splitlines()]
texts = st.text(alphabet="aAnthe '’-_.é1 ", max_size=12)


@pytest.mark.parametrize("row", ROWS, ids=[f"{row['short']!a}" for row in ROWS])
@pytest.mark.parametrize("convention", [TRIVIAQA, SQUAD, SQUAD2, HOTPOTQA, NQ])
def test_figures_are_those_worked_out_by_hand(row, convention):
    wanted = row["squad" if convention is NQ else convention.name]
    exact, f1 = (float(Fraction(one)) for one in wanted)
    assert convention.exact(row["short"], row["accepted"]) == exact, row["why"]
    assert convention.f1(row["short"], row["accepted"]) == pytest.approx(f1, abs=1e-12), row["why"]


def test_there_are_enough_pairs_worked_out_by_hand():
    assert len({(row["short"], *row["accepted"]) for row in ROWS}) >= 50


def test_normalising_twice_changes_nothing_for_the_lists_of_aliases():
    for row in ROWS:
        for one in row["accepted"]:
            assert triviaqa_normalise(triviaqa_normalise(one)) == triviaqa_normalise(one)
            assert squad_normalise(squad_normalise(one)) == squad_normalise(one)


@pytest.mark.parametrize("convention", CONVENTIONS)
@given(short=texts, accepted=st.lists(texts, max_size=3))
def test_figures_are_within_bounds_and_do_not_mind_the_order(convention, short, accepted):
    found = convention.measure(short, accepted)
    assert set(found) == {f"{convention.name}_em", f"{convention.name}_f1"}
    assert all(0 <= value <= 1 for value in found.values())
    assert convention.measure(short, accepted[::-1]) == found


@given(short=texts, accepted=st.lists(texts, min_size=1, max_size=3), more=texts)
def test_another_accepted_answer_never_makes_it_worse(short, accepted, more):
    for one in (TRIVIAQA, SQUAD, HOTPOTQA):
        before, after = one.measure(short, accepted), one.measure(short, [*accepted, more])
        assert all(after[name] >= before[name] for name in before)


@pytest.mark.parametrize(
    ("dataset", "convention"),
    [
        ("triviaqa", TRIVIAQA),
        ("TriviaQA-web", TRIVIAQA),
        ("nq_open", NQ),
        ("natural_questions", NQ),
        ("squad", SQUAD),
        ("squad2", SQUAD2),
        ("SQuAD v2.0", SQUAD2),
        ("hotpotqa", HOTPOTQA),
        ("webquestions", SQUAD),
        ("", SQUAD),
    ],
)
def test_each_data_set_has_the_metrics_of_its_family(dataset, convention):
    assert convention_of(dataset) is convention


def test_families_are_not_mixed():
    assert triviaqa_em("U.S.", ["US"]) == 0
    assert SQUAD.exact("U.S.", ["US"]) == 1
