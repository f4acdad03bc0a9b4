"""Rules: each falls for the fault that it is there for, and stays from 0 to 1."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from env.answers import NOTHING_FOUND
from env.records import Answer, Quote, make_page
from reward.rules import ALL, LONGEST, RULES, verbatim_in

PAGE = make_page(
    "https://sky.example/",
    "Why the sky is blue",
    "The sky is blue because air scatters blue light. Sunsets are red.",
    domain="sky.example",
)


def quote(text, start=-1):
    start = start if start >= 0 else PAGE.text.index(text)
    end = start + len(text)
    return Quote(text, PAGE.title, PAGE.domain, PAGE.url, start, end, PAGE.sha256)


SKY = quote("The sky is blue because air scatters blue light.")
RED = quote("Sunsets are red.")
GOOD = Answer(
    "Why is the sky blue?",
    "It is because air scatters blue light [1]. Sunsets are red [2].",
    (SKY, RED),
)


def value(name, answer):
    return RULES[name].value(answer)


@pytest.mark.parametrize("rule", ALL, ids=lambda rule: rule.name)
def test_a_good_answer_keeps_every_rule(rule):
    assert rule.value(GOOD) >= (0.6 if rule.name == "supported" else 0.99)


@pytest.mark.parametrize("text", ["", "[1]", " \n", NOTHING_FOUND])
def test_saying_nothing_is_worth_nothing(text):
    """Fails when a policy could win by breaking no rule."""
    assert {rule.value(replace(GOOD, text=text)) for rule in ALL} == {0.0}


BANANAS = Quote("Bananas are yellow.", "Fruit", "b.org")
LONG = "Blue light is scattered by air everywhere [1]. " * 80
BROKEN = [
    ("existing", replace(GOOD, removed=(7, 8)), 0.5),
    ("existing", replace(GOOD, text="Air scatters light."), 0.0),
    ("existing", replace(GOOD, text="Air scatters light [1][9]."), 0.5),
    ("verbatim", replace(GOOD, quotes=(SKY, BANANAS)), 0.5),
    ("verbatim", replace(GOOD, quotes=(replace(SKY, text="The sky"), RED)), 0.5),
    ("cited", replace(GOOD, text="Air scatters blue light [1]. Grass is green."), 0.5),
    ("supported", replace(GOOD, text="Grass is green [1]."), 0.0),
    ("supported", replace(GOOD, text="It is so [1]."), 0.0),
    ("fitting", replace(GOOD, quotes=(SKY, BANANAS)), 0.5),
    ("fitting", replace(GOOD, text="The sky is blue [1][2].", quotes=(SKY, BANANAS)), 0.5),
    ("fitting", replace(GOOD, text="Sky blue air [1][2][3][4].", quotes=(SKY,) * 4), 0.75),
    ("unrepeated", replace(GOOD, text="Air [1] scatters [1] blue light."), 0.5),
    ("unrepeated", replace(GOOD, quotes=(SKY, quote("air scatters blue light"))), 0.5),
    ("length", replace(GOOD, text="Blue air [1]."), 0.0),
    ("length", replace(GOOD, text=" ".join(["word"] * LONGEST)), 0.0),
    ("own", replace(GOOD, text="Why is the sky blue? [1]"), 0.0),
    ("own", replace(GOOD, text="The sky is blue [1]."), 0.0),
    ("own", replace(GOOD, text="Why is the sky blue: it scatters [1]."), 2 / 7),
    ("distinct", replace(GOOD, text=LONG), 1 / 80),
    ("relevant", replace(GOOD, text="Grass is green [1].", quotes=(BANANAS,)), 0.0),
]


@pytest.mark.parametrize(("name", "answer", "expected"), BROKEN)
def test_a_broken_rule_tells_how_far(name, answer, expected):
    assert value(name, answer) == pytest.approx(expected)


def test_taking_the_cited_quote_away_lowers_support():
    """Fails when support is counted by marks, not by what the quotes say."""
    swapped = replace(GOOD, quotes=(BANANAS, RED))
    assert value("supported", swapped) < value("supported", GOOD)
    assert value("cited", swapped) == value("cited", GOOD)


def test_with_pages_a_quote_must_stand_where_it_says():
    rule = verbatim_in({PAGE.sha256: PAGE})
    assert rule.value(GOOD) == 1
    moved = replace(RED, start=RED.start - 1, end=RED.end - 1)
    assert rule.value(replace(GOOD, quotes=(SKY, moved))) == 0.5


async def test_rules_score_answers_in_order():
    scores = await RULES["cited"].score([GOOD, replace(GOOD, text="No marks here at all.")])
    assert [one.value for one in scores] == [1.0, 0.0]
    assert {one.scorer for one in scores} == {"cited"}


@given(st.text(), st.text(alphabet="ab1[], .\n"), st.lists(st.text(max_size=20), max_size=3))
def test_every_rule_gives_a_share(question, text, quotes):
    answer = Answer(question, text, tuple(Quote(one, one, "") for one in quotes))
    assert all(0.0 <= rule.value(answer) <= 1.0 for rule in ALL)
