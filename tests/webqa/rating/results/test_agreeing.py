"""Agreement, by hand: ties in three ways, and the same alpha wherever it is told."""

import pytest

from tests.webqa.rating.made_campaigns import collected, database, pair, said, submit
from webqa.bradley_terry import RatingConfig
from webqa.ranking import is_turned, rank
from webqa.rating.campaigns.creating import campaign_named
from webqa.rating.results.agreeing import agreements
from webqa.rating.results.exporting import export

PAIRS = [pair(number, first=f"One {number}.", second=f"Other {number}.") for number in range(10)]


@pytest.fixture
def session(tmp_path):
    """Ten pairs, on both of whose sides stand answers that sort first; two people rated them all.

    Five times they say the same, once both say tie, twice one of them does, twice they differ.
    """
    given = [(2, 1), (1, 2), (-2, -2), (-1, -1), (2, 2), (0, 0), (0, 1), (-1, 0), (1, -1), (2, -1)]
    with database(tmp_path, collected(PAIRS).items, raters=2) as store:
        with store.writing() as writing:
            for one, (ann, bob) in zip(PAIRS, given, strict=True):
                submit(writing, "Ann", one.id, said(ann))
                submit(writing, "Bob", one.id, said(bob))
        with store.reading() as reading:
            yield reading


def test_ties_are_counted_in_three_ways(session):
    overall = agreements(session, campaign_named(session))[0]
    assert overall.with_ties.mean == pytest.approx(6 / 10)
    assert overall.half_ties.mean == pytest.approx(7 / 10)
    assert overall.without_ties.mean == pytest.approx(5 / 7)


def test_alpha_is_the_same_here_and_of_what_is_exported(session, tmp_path):
    """Fails when one of the two calls another answer the first: alpha depends on it."""
    assert 2 < sum(is_turned(one.first, one.second) for one in PAIRS) < 8
    campaign = campaign_named(session)
    export(session, campaign, "webqa", tmp_path / "out.jsonl")
    ranked = rank([tmp_path / "out.jsonl"], (), RatingConfig(resamples=100)).agreement
    overall = agreements(session, campaign)[0]
    assert ranked.ordinal.alpha == pytest.approx(overall.ordinal.alpha)
    assert ranked.nominal.alpha == pytest.approx(overall.nominal.alpha)
    assert ranked.half_ties.mean == overall.half_ties.mean
