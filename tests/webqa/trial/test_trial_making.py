"""Trials: each flaw is planted where it is recorded, and only in what was supported."""

import re
from dataclasses import replace
from random import Random

import pytest

from env.citations import cited_numbers, make_answer
from env.errors import ConfigError
from env.records import Answer, Episode, Question, Quote, WebIdentity, make_page
from env.verify import verify_quote
from reward.critiques import RuleCritic
from reward.spans import placed_claims
from reward.support import RuleJudge
from webqa.trial.config import FLAWS, TrialConfig
from webqa.trial.critics import named_of
from webqa.trial.making import make_tasks
from webqa.trial.naming import kinds_of
from webqa.trial.planting import Sources, names_of, plant
from webqa.trial.wording import name_changes, names_in, negation_changes, number_changes

TOWER = make_page(
    "https://towers.example/eiffel",
    "Eiffel Tower",
    "The tower was built by Gustave Eiffel for the fair of 1889. Work on the tower ended in March "
    "1889 in Paris.\n\nThe tower is painted brown every seven years by painters from the city. "
    "Visitors of the tower came from London in great numbers. Some of them had come from Berlin. "
    "The tower was drawn by Maurice Koechlin in an evening at home. Gustave Eiffel died in Paris, "
    "and Maurice Koechlin died in Veytaux. Painters are wanted in London, and live in London.",
    domain="towers.example",
)
RIVER = make_page(
    "https://rivers.example/seine",
    "Seine",
    "The river Seine was bridged 37 times inside the town. Its water is clean again since 1990. "
    "Fish were seen near Rouen by many people who fish there.",
    domain="rivers.example",
)
PAGES = {page.sha256: page for page in (TOWER, RIVER)}


def quote(page, begin, end):
    start = page.text.index(begin)
    stop = page.text.index(end, start) + len(end)
    return Quote(page.text[start:stop], page.title, page.domain, page.url, start, stop, page.sha256)


BUILT = quote(TOWER, "The tower was built", "of 1889.")
WORK = quote(TOWER, "Work on", "in Paris.")
BRIDGES = quote(RIVER, "The river", "town.")
ANSWER = Answer(
    "What stands by the river?",
    f"{BUILT.text} [1]\n\n{WORK.text} [2]\n\n{BRIDGES.text} [3]",
    (BUILT, WORK, BRIDGES),
)
TEXTS = [page.text for page in PAGES.values()]
SOURCES = Sources(RuleJudge(), names_of(TEXTS), PAGES, kinds_of(TEXTS))


def episode(name, answer=ANSWER, question=""):
    asked = Question(question or f"q{name}", answer.question)
    web = WebIdentity("corpus", "0")
    return Episode(f"e{name}", asked, "p", web, "c", (), answer, "answered", "command")


@pytest.mark.parametrize("kind", FLAWS)
@pytest.mark.parametrize("seed", range(5))
async def test_a_flaw_is_where_it_is_recorded_and_nothing_else_is_changed(kind, seed):
    flawed = await plant(ANSWER, kind, SOURCES, Random(seed))
    assert flawed is not None
    text, (start, end) = flawed.answer.text, flawed[1:]
    assert 0 <= start < end <= len(text)
    assert flawed.answer != ANSWER
    assert cited_numbers(text) == list(range(1, len(flawed.answer.quotes) + 1))
    assert not any(verify_quote(one, PAGES) for one in flawed.answer.quotes)
    if kind in ("number", "name", "negation"):
        assert ANSWER.text.startswith(text[:start])
        assert ANSWER.text.endswith(text[end:])
        assert flawed.answer.quotes == ANSWER.quotes
    if kind == "quote":
        assert text == ANSWER.text
    if kind == "citation":
        assert re.fullmatch(r"\[\d\]", text[start:end])


async def test_a_sentence_that_was_not_supported_is_never_spoilt():
    invented = Answer("q?", "Elephants were seen in Lyon in 1901. [1]", (BUILT,))
    for kind in FLAWS:
        assert await plant(invented, kind, SOURCES, Random(0)) is None


def test_a_number_becomes_a_like_one_that_the_quotes_do_not_have():
    draw = Random(0)
    text = "On March 7, 1889, 3,000 of 6.5 million came (1880-1890)."
    for _ in range(20):
        month, day, year, many, share = sorted(
            number_changes(text, {"1889", "3,000"}, draw), key=lambda one: one.start
        )
        assert month.text != "March"
        assert 1 < int(day.text) < 29
        assert 1850 < int(year.text) < 1950
        assert "," in many.text
        assert many.text != "3,000"
        assert float(share.text) != 6.5


@pytest.mark.parametrize(
    ("sentence", "changed"),
    [
        ("The tower is high.", "The tower is not high."),
        ("The tower can be seen.", "The tower cannot be seen."),
        ("It has been seen.", "It has not been seen."),
        ("It is not high.", "It is high."),
        ("It is only high.", None),
        ("As is well known, it rains.", None),
        ("It rains.", None),
    ],
)
def test_a_negation_goes_in_or_out_and_the_sentence_stays_one(sentence, changed):
    made = [
        f"{sentence[: one.start]}{one.text}{sentence[one.end :]}"
        for one in negation_changes(sentence)
    ]
    assert made == ([changed] if changed else [])


def test_only_whole_names_are_exchanged():
    told = (
        "In Paris he was met by Maurice Koechlin in the House of Lords, in St. Louis, in a Disney "
        "film from Berlin."
    )
    assert [one.text for one in names_in(told)] == ["Maurice Koechlin", "Berlin"]


async def made(number=12, **settings):
    episodes = [episode(at) for at in range(number)]
    return await make_tasks(episodes, PAGES, RuleCritic(), RuleJudge(), TrialConfig(**settings))


async def test_half_of_the_tasks_are_controls_and_the_kinds_are_even():
    found = {one.kind: one for one in named_of((await made()).tasks)}
    assert found[""].tasks == 6
    assert found[""].named.mean == 0
    assert {found[kind].tasks for kind in FLAWS} <= {1, 2}
    assert all(found[kind].named.mean == 1 for kind in ("number", "name", "citation"))


async def test_a_task_tells_what_was_planted_and_how_the_answer_was():
    for task in (await made()).tasks:
        planted = task.planted
        on_trial = getattr(task.pair, planted.answer)
        beside = task.pair.second if planted.answer == "first" else task.pair.first
        quotes = planted.original_quotes or on_trial.quotes
        original = Answer(ANSWER.question, planted.original, quotes)
        assert original == make_answer(ANSWER.question, planted.original, quotes)
        assert (original == on_trial) == (not planted.kind)
        assert cited_numbers(beside.text) == cited_numbers(planted.original) == [1, 2]
        assert len(on_trial.quotes) == 2
        assert on_trial.text[planted.start : planted.end] not in ("", None) or not planted.kind
        assert not any(one.fault for one in (*task.first, *task.second))


async def test_neither_length_nor_quotes_tell_which_answer_is_on_trial():
    found = (await made(120)).tasks
    longer, quotes = [], []
    for task in found:
        on_trial = getattr(task.pair, task.planted.answer)
        beside = task.pair.second if task.planted.answer == "first" else task.pair.first
        longer.append(len(task.planted.original) > len(beside.text))
        quotes.append(len(on_trial.quotes) - len(beside.quotes))
    assert 0.38 < sum(longer) / len(longer) < 0.62  # of 120 coins, 99 %
    assert set(quotes) == {0}


async def test_no_flaw_is_where_comparing_the_two_answers_shows_it():
    for task in (await made(30)).tasks:
        beside = task.pair.second if task.planted.answer == "first" else task.pair.first
        claims = {one.claim.text for one in placed_claims(beside)}
        answer = Answer(ANSWER.question, task.planted.original, task.planted.original_quotes)
        for one in placed_claims(answer):
            if one.start < task.planted.end and task.planted.start < one.end:
                assert one.claim.text not in claims


async def test_the_same_seed_makes_the_same_trial():
    assert (await made()).tasks == (await made()).tasks
    assert (await made()).tasks != (await made(seed=1)).tasks


async def test_another_answer_to_the_question_stands_beside():
    one, other = (replace(ANSWER, text=f"{quote.text} [1]", quotes=(quote,))
                  for quote in (WORK, BRIDGES))  # fmt: skip
    episodes = [episode(1, one, question="q"), episode(2, other, question="q")]
    config = TrialConfig(controls=0.0, kinds=("number",))
    (task,) = (await make_tasks(episodes, PAGES, None, RuleJudge(), config)).tasks
    assert {task.pair.first_episode, task.pair.second_episode} == {"e1", "e2"}
    assert task.first_critiques == ()


async def test_a_kind_that_only_one_of_two_answers_can_have_makes_no_task():
    named = replace(ANSWER, text=f"{BUILT.text} [1]", quotes=(BUILT,))
    nameless = replace(ANSWER, text=f"{BRIDGES.text} [1]", quotes=(BRIDGES,))
    episodes = [episode(1, named, question="q"), episode(2, nameless, question="q")]
    config = TrialConfig(controls=0.0, kinds=("name",))
    found = await make_tasks(episodes, PAGES, None, RuleJudge(), config)
    assert (found.tasks, sum(found.left_out.values())) == ([], 1)


TEXT = (
    "Ann Lee wrote novels in Rome. Ann Lee died in Oslo. Films were directed by Bob Roy, who lived "
    "in Rome and in Oslo. French wine and French bread are drunk in French homes. He wrote in "
    "French, and in History, in History of old; history is long. It was won by Red Sox in Boston."
)


def test_a_name_has_the_kind_of_its_company():
    kinds = kinds_of([TEXT, "The actor Bob Roy was born there."])
    assert kinds == {"Ann Lee": "person", "Bob Roy": "person", "Rome": "place", "Oslo": "place"}


@pytest.mark.parametrize(
    ("sentence", "others", "expected"),
    [
        ("It was made by Bob Roy.", ("Lima Rome", "Cem Day"), ["Cem Day"]),
        ("It stands in Rome.", ("Bob", "Lima"), ["Lima"]),
        ("It stands in Lima.", ("Rome",), []),  # what it is, is not known
        ("He fell in the Gulf War.", ("Deep South", "Cold War"), ["Cold War"]),
        ("It broke the Honor Code.", ("Honour Code",), []),  # another spelling of it
    ],
)
def test_a_name_becomes_one_of_its_kind(sentence, others, expected):
    kinds = {"Cem Day": "person", "Bob Roy": "person", "Rome": "place", "Lima Rome": "place"}
    (name,) = names_in(sentence)
    if "Rome." in sentence:
        kinds["Lima"] = "place"
    found = name_changes(sentence, {name.place: others}, kinds, "", Random(0))
    assert [one.text for one in found] == expected


async def test_what_cannot_be_put_on_trial_is_counted():
    alone = Answer("q?", f"{BUILT.text} [1]", (BUILT,))
    loose = replace(ANSWER, text=f"{ANSWER.text}\n\nElephants sleep little.")
    episodes = [episode(1, alone), episode(2, loose), episode(3)]
    found = await make_tasks(episodes, PAGES, None, RuleJudge(), TrialConfig())
    assert len(found.tasks) == 1
    assert sorted(found.left_out.values()) == [1, 1]


@pytest.mark.parametrize(
    "settings", [{"controls": 1.0}, {"controls": -0.1}, {"tasks": -1}, {"kinds": ()}]
)
async def test_settings_that_make_no_trial_are_refused(settings):
    with pytest.raises(ConfigError):
        await made(**settings)
