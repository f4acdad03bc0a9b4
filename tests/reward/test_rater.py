"""The simulated rater: what the gold score rewards, and how its judgements are mistaken."""

import math
from dataclasses import replace
from random import Random

import pytest

from env.errors import ConfigError
from env.records import Answer, Question, Quote
from reward.comparisons import check
from reward.pairs import Pair
from reward.rater import GoldScorer, RaterConfig, SimulatedRater, gold_parts
from reward.scorers import Score

ASKED = Question("q1", "Who first walked on the Moon?", accepted=("Neil Armstrong", "Armstrong"))
RIGHT = Quote("Neil Armstrong walked on the Moon in July 1969.", "Moon", "moon.example")
WRONG = Quote("The Moon moves the tides of the sea.", "Moon", "moon.example")


def answer(text, *quotes):
    return Answer(ASKED.text, text, quotes)


GROUNDED = answer("Neil Armstrong walked on the Moon. [1]", RIGHT)
UNCITED = answer("Neil Armstrong walked on the Moon.", RIGHT)
DECORATED = answer("Neil Armstrong walked on the Moon. [1]", WRONG)
MISTAKEN = answer("The Moon moves the tides of the sea. [1]", WRONG)
INVENTED = answer("Yuri Gagarin danced there. [1]", WRONG)
NOTHING = answer("I found nothing that answers this.")
LONG = answer(" ".join([f"{RIGHT.text} [1]"] * 9), RIGHT)


async def values(*answers):
    return [one.value for one in await GoldScorer([ASKED]).score(answers)]


async def test_the_order_is_the_one_that_a_careful_reader_would_give():
    order = [GROUNDED, LONG, UNCITED, MISTAKEN, NOTHING, INVENTED]
    found = await values(*order)
    assert found == sorted(found, reverse=True)
    assert len(set(found)) == len(found)
    assert found[0] == 2.0


async def test_a_decorative_citation_is_worth_no_more_than_little_overlap():
    grounded, decorated, uncited = await values(GROUNDED, DECORATED, UNCITED)
    assert grounded - decorated > 0.5
    assert 0 <= decorated - uncited < 0.3


def test_parts_are_from_0_to_1_and_say_what_they_are_of():
    parts = gold_parts(LONG, ASKED.accepted)
    assert parts["brief"] == pytest.approx(30 / 81)
    assert (parts["correct"], parts["grounded"], parts["supported"]) == (1, 1, 1)
    assert gold_parts(DECORATED, ASKED.accepted)["grounded"] == 0
    assert gold_parts(NOTHING, ASKED.accepted) == {
        **dict.fromkeys(("correct", "grounded", "supported", "brief"), 0),
        "nothing": 1,
    }


@pytest.mark.parametrize("text", ["", " \n", "[1]", "..."])
async def test_no_answer_at_all_is_worth_less_than_a_wrong_one(text):
    """Fails when a policy gains by running out of actions instead of answering."""
    none, invented = await values(answer(text), INVENTED)
    assert none == 0 < invented


def test_what_is_accepted_must_be_the_same_in_sentence_and_quote():
    said = answer("It was Buzz. [1]", Quote("Neil was it.", "Moon", ""))
    assert gold_parts(said, ("Buzz", "Neil"))["grounded"] == 0


def test_a_number_in_a_mark_is_no_answer():
    assert gold_parts(answer("It is so. [1]", WRONG), ("1",))["correct"] == 0


async def test_a_question_without_accepted_answers_is_refused():
    with pytest.raises(ConfigError, match="none has any"):
        GoldScorer([Question("q", "Why?")])
    with pytest.raises(ConfigError, match="no accepted answers are known for the question 'Why"):
        await GoldScorer([ASKED]).score([Answer("Why?", "Because.")])


async def test_questions_with_the_same_text_are_taken_together():
    other = replace(ASKED, id="q2", accepted=("Gagarin",))
    (found,) = await GoldScorer([ASKED, other]).score([INVENTED])
    assert found.parts["correct"] == 1


class Told:
    """Scores an answer as its text says."""

    name = "told"

    async def score(self, answers):
        return [Score(float(one.text), {"part": float(one.text)}) for one in answers]


def pair(first, second, number=0):
    return Pair(f"p{number}", f"q{number}", Answer("Why?", str(first)), Answer("Why?", str(second)))


async def judged(pairs, **changes):
    return await SimulatedRater(Told(), RaterConfig(**changes)).judge(pairs)


@pytest.mark.parametrize("difference", [0.0, 0.25, 0.5, 1.0])
async def test_it_is_mistaken_as_often_as_bradley_and_terry_say(difference):
    pairs = [pair(1000 + difference, 1000, number) for number in range(2000)]
    if difference == 0:
        pairs = [replace(one, second=Answer("Why?", "1000.00")) for one in pairs]
    said = [one.preference for one in await judged(pairs, tie=0.0)]
    expected = 1 / (1 + math.exp(-difference / 0.25))
    share = sum(one > 0 for one in said) / len(said)
    assert share == pytest.approx(expected, abs=4 * math.sqrt(expected * (1 - expected) / 2000))
    assert 0 not in said


async def test_two_of_them_agree_as_far_as_people_do_on_pairs_half_a_point_apart():
    pairs = [pair(10.5, 10, number) for number in range(2000)]
    ones, others = [await judged(pairs, seed=seed) for seed in (1, 2)]
    agreed = 0.0
    for one, other in zip(ones, others, strict=True):
        signs = [(each.preference > 0) - (each.preference < 0) for each in (one, other)]
        agreed += 1 if signs[0] == signs[1] else 0.5 if 0 in signs else 0
    assert agreed / 2000 == pytest.approx(0.758, abs=0.03)


async def test_small_differences_are_ties_and_great_ones_much():
    draw = Random(0)
    pairs = [pair(draw.random(), draw.random(), number) for number in range(300)]
    assert all(one.preference == 0 for one in await judged(pairs, tie=1e6, much=1e6))
    loud = await judged(pairs, temperature=1e-9)
    assert {one.preference for one in loud} == {1.0, -1.0}
    better = [float(one.first.text) > float(one.second.text) for one in pairs]
    assert [one.preference > 0 for one in loud] == better
    assert {one.preference for one in await judged(pairs)} == {-1.0, -0.5, 0.0, 0.5, 1.0}


async def test_a_judgement_depends_on_nothing_but_the_pair_and_the_seed():
    pairs = [pair(number / 9, 0.5, number) for number in range(60)]
    together = [one.preference for one in await judged(pairs)]
    assert together == [(await judged([one]))[0].preference for one in pairs]
    swapped = [replace(one, first=one.second, second=one.first) for one in pairs]
    assert [-one.preference for one in await judged(swapped)] == together
    assert [one.preference for one in await judged(pairs, seed=1)] != together


async def test_what_it_says_is_marked_as_simulated():
    one = Pair("p", "q1", GROUNDED, MISTAKEN, "e1", "e2", "made", "random")
    rater = SimulatedRater(GoldScorer([ASKED]), RaterConfig(seed=3))
    (said,) = await rater.judge([one])
    check(said)
    assert said.simulated
    assert said.rater == rater.name == "simulated:gold:3"
    assert (said.id, said.first_episode, said.second_episode) == ("p", "e1", "e2")
    assert said.axes["correct"] == 1.0
    assert said.created == ""  # the same command writes the same file


async def test_scores_that_are_no_numbers_are_refused():
    with pytest.raises(ConfigError, match="must be a finite number"):
        await judged([pair("nan", 1)])


@pytest.mark.parametrize("changes", [{"temperature": 0.0}, {"temperature": math.nan}, {"tie": 5.0}])
async def test_settings_that_make_no_sense_are_refused(changes):
    with pytest.raises(ConfigError, match="rater's"):
        await judged([], **changes)


async def test_no_pairs_are_no_comparisons():
    assert await judged([]) == []
