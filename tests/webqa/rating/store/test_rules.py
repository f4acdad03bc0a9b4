"""The rules of a campaign: what they may be, and what is said of damaged ones."""

import math

import pytest

from env.errors import ConfigError
from env.records import to_json
from webqa.rating.config import CampaignConfig
from webqa.rating.errors import Damaged
from webqa.rating.store.rules import check_rules, rules
from webqa.rating.store.tables import Campaign


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"complete": 1.5}, "--complete"),
        ({"complete": math.nan}, "--complete"),
        ({"gold_share": -1}, "--gold-share"),
        ({"raters": 0}, "--raters"),
        ({"raters": 10**20}, "--raters"),
        ({"lease_minutes": 0}, "--lease-minutes"),
        ({"lease_minutes": math.inf}, "--lease-minutes"),
        ({"lease_minutes": math.nan}, "--lease-minutes"),
        ({"completion_code": "x" * 201}, "--completion-code"),
        ({"completion_code": "\ud800"}, "--completion-code"),
    ],
)
def test_rules_under_which_nobody_could_work_are_refused(given, told):
    with pytest.raises(ConfigError, match=told):
        check_rules(CampaignConfig(**given))


def test_rules_come_back_as_they_were_stored():
    given = CampaignConfig(raters=3, lease_minutes=7.5, assisted="by-item", completion_code="C 1")
    check_rules(given)
    assert rules(Campaign(name="sky", settings=to_json(given).decode())) == given


@pytest.mark.parametrize(
    "stored",
    [
        "",
        "[]",
        '{"lease_minutes": null}',
        '{"lease_minutes": Infinity}',
        '{"lease_minutes": 1e300}',
        '{"raters": 0}',
        '{"gold_share": 7}',
        '{"assisted": "sometimes"}',
    ],
)
def test_damaged_rules_are_told_in_one_sentence(stored):
    with pytest.raises(Damaged, match="rules of the campaign 'sky' are damaged") as told:
        rules(Campaign(name="sky", settings=stored))
    assert "\n" not in str(told.value)
    assert told.value.status == 500
