"""What was said on the pages of comparing, as the database has it."""

from sqlalchemy import select

from env.records import from_json
from webqa.rating.records import Judgement
from webqa.rating.site.forms import which
from webqa.rating.store.tables import Assignment, Rating


def said(served):
    """Return the judgements that were submitted."""
    return [from_json(one.judgement, Judgement) for one in served.all(select(Rating))]


def turn(served):
    """Return the last turn."""
    return served.all(select(Assignment))[-1]


def side_of(served, answer):
    """Return on which side an answer stands in the last turn."""
    return "left" if which("left", turn(served).swapped) == answer else "right"
