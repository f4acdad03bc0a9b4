"""Numbers of the settings that make no sense are refused, before anything waits because of them."""

from dataclasses import replace

import pytest

from env.errors import ConfigError
from env.web.fetch.client import Client
from env.web.fetch.config import DEFAULT, check
from env.web.fetch.fetcher import Fetcher


@pytest.mark.parametrize("make", [Fetcher, Client])
@pytest.mark.parametrize(
    ("name", "value"),
    [("clients", 0), ("connections", 0), ("per_host", 0), ("per_address", -1), ("page_bytes", 0),
     ("fetch_seconds", float("nan")), ("turn_seconds", 0.0), ("redirects", -1), ("retries", -2),
     ("host_delay", -0.5), ("host_delay", float("nan"))],
)  # fmt: skip
def test_a_number_that_makes_no_sense_is_told_by_its_flag(make, name, value):
    """Fails when no client, or no place at a host, ends in a traceback or an endless wait."""
    with pytest.raises(ConfigError, match=f"--{name.replace('_', '-')} must be .*, not {value}"):
        make(replace(DEFAULT, **{name: value}))


def test_none_of_what_may_be_had_without_is_needed():
    check(replace(DEFAULT, redirects=0, retries=0, host_delay=0))
