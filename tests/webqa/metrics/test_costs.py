"""What episodes cost."""

import math

import pytest

from env.errors import ConfigError
from webqa.metrics.costs import Prices, spent_on


def test_an_episode_costs_what_it_read_and_wrote(episode_of):
    spent = spent_on(episode_of())
    assert (spent.actions, spent.tokens_read, spent.tokens_cached) == (1, 300, 190)
    assert (spent.tokens_written, spent.seconds) == (25, 1.5)
    assert spent.cost(Prices(read=2, written=10)) == pytest.approx((300 * 2 + 25 * 10) / 1e6)
    cached = Prices(read=2, written=10, cached=0.5)
    assert spent.cost(cached) == pytest.approx((110 * 2 + 190 * 0.5 + 25 * 10) / 1e6)


def test_an_answer_to_anothers_browsing_costs_its_own_tokens(episode_of):
    spent = spent_on(episode_of(parent="e0", prompt_tokens=200, completion_tokens=20))
    assert (spent.actions, spent.tokens_cached) == (1, 150)


@pytest.mark.parametrize("price", [-1, math.nan, math.inf])
def test_prices_that_make_no_sense_are_refused(price):
    with pytest.raises(ConfigError, match="price per million"):
        Prices(written=price).check()
    Prices(1, 2, 0).check()
