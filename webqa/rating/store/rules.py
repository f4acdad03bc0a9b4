"""The rules of a campaign: what they may be, and how they are read from the database."""

from __future__ import annotations

from env.errors import ConfigError, RecordError
from env.records import from_json
from webqa.rating.config import CampaignConfig
from webqa.rating.errors import Damaged
from webqa.rating.store.tables import Campaign

MOST_RATERS = 1_000_000
LONGEST_LEASE = 525_600
"""Minutes of a lease: a year."""
CODE_LENGTH = 200


def check_rules(config: CampaignConfig) -> None:
    """Refuse rules under which nobody could work.

    Raises:
        ConfigError: says what is wrong.
    """
    for field, share in (("complete", config.complete), ("gold-share", config.gold_share)):
        if not 0 <= share <= 1:
            raise ConfigError(f"--{field} must be from 0 to 1, not {share}")
    if not 1 <= config.raters <= MOST_RATERS:
        raise ConfigError(f"--raters must be from 1 to {MOST_RATERS:,}, not {config.raters}")
    if not 0 < config.lease_minutes <= LONGEST_LEASE:
        raise ConfigError(f"--lease-minutes must be above 0 and at most {LONGEST_LEASE:,}")
    code = config.completion_code
    if len(code) > CODE_LENGTH or not code.isprintable():
        raise ConfigError(f"--completion-code has at most {CODE_LENGTH} characters, on one line")


def rules(campaign: Campaign) -> CampaignConfig:
    """Return the rules of a campaign.

    Raises:
        Damaged: what is stored are none, or none under which anybody could work.
    """
    try:
        found = from_json(campaign.settings, CampaignConfig)
        check_rules(found)
    except (RecordError, ConfigError) as error:
        raise Damaged(
            f"the rules of the campaign {campaign.name!r} are damaged in the database ({error}): "
            "take a copy of it from before, or correct them there"
        ) from None
    return found
