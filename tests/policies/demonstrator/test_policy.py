"""The demonstrator: what it does on small webs, and that every line of it is legal."""

from collections import Counter
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from env.actions import parse
from env.answers import shows_answer, stands_in
from env.config import DEFAULT, SMALL
from env.errors import TimedOut
from env.records import Observation, Question, Quote, make_page
from env.verify import verify
from env.web.memory import MemoryWeb
from policies.base import Setup, run_episode
from policies.check import check_policy
from policies.demonstrator import DemonstratorConfig, DemonstratorPolicy
from policies.grammar.config import TIGHT
from policies.grammar.legal import chooses
from policies.grammar.observing import legal_lines

PLAIN = DemonstratorConfig(again=0, hedge=0, pick=0, look=0, varied=0)
RIVER = Question("1", "Who first sailed down the river Anduin?", accepted=("Mira Holt",))
PAGES = {
    "river": "The river Anduin was first sailed down in spring. Nobody wrote a diary of it at all.",
    "sailor": "Mira Holt was a baker. Mira Holt first sailed down the river Anduin in a barrel.",
    "town": "In the town by the river Anduin stands a statue of Mira Holt, who sailed down.",
    "bread": "Bread is made of flour by the river side. It has little to do with Mira Holt at sea.",
    "other": "Nothing is known of the weather here, and nobody minds much about that either.",
}


def page(name: str, text: str):
    return make_page(f"https://{name}.example/", name.title(), text, domain=f"{name}.example")


WEB = MemoryWeb([page(*pair) for pair in PAGES.items()], results=5, snippet=150)


async def run(question=RIVER, config=PLAIN, seed=0, web=WEB, browser=SMALL):
    policy = DemonstratorPolicy(question, config, seed)
    return await run_episode(policy, question, Setup(web, browser), seed=seed)


def lines(rollout) -> list[str]:
    return [step.completion.text for step in rollout.episode.steps]


def is_legal(observation, line: str) -> bool:
    """Tell whether the tight grammar allows a line, by its description in policies/grammar."""
    legal = legal_lines(observation, TIGHT)
    if observation.answering:
        items = tuple(f"{text} [{number}]" for number, text in enumerate(legal.quoted, 1))
        return chooses(items, line)
    for one in legal.lines:
        rest = line.removeprefix(one.prefix)
        if not line.startswith(one.prefix):
            continue
        if one.kind == "words":
            if chooses(one.choices, rest) and rest not in one.without:
                return True
        elif rest in (one.choices or ("",)):
            return True
    return False


async def test_it_keeps_the_contract_of_policies():
    await check_policy(lambda seed: DemonstratorPolicy(RIVER, None, seed))


async def test_it_quotes_the_supporting_sentence_that_fits_best_of_several_pages():
    rollout = await run()
    answer = rollout.episode.answer
    assert answer is not None
    texts = [quote.text for quote in answer.quotes]
    assert len({quote.url for quote in answer.quotes}) == len(texts) == 3
    assert "Mira Holt first sailed down the river Anduin in a barrel." in texts
    assert "Mira Holt was a baker." not in texts
    assert all(stands_in(RIVER.accepted, text) for text in texts)
    assert lines(rollout)[-2] == "End: Answer"
    assert shows_answer(rollout.episode)
    assert not verify([rollout.episode], {one.sha256: one for one in rollout.pages}).failures


async def test_a_page_without_an_answer_is_left_again():
    """Fails when the first result is quoted only because it is the first."""
    written = lines(await run())
    place = written.index("Clicked on link 0")
    assert written[place + 1] == "Back"


async def test_it_searches_with_the_telling_words_of_the_question_alone():
    assert lines(await run())[0] == "Search first sailed river Anduin"
    seeds = [lines(await run(config=replace(PLAIN, varied=1), seed=n))[0] for n in range(3)]
    assert set(seeds) == {"Search sailed river Anduin"}


async def test_an_answer_in_no_sentence_is_not_made_up():
    """Fails when something is quoted though nothing supports it and hedging is off."""
    question = replace(RIVER, accepted=("Captain Nobody",))
    rollout = await run(question)
    assert rollout.episode.ended == "unanswered"
    assert not rollout.episode.steps[-1].observation.quotes
    assert not shows_answer(rollout.episode)
    assert len({line for line in lines(rollout) if line.startswith("Search")}) > 1


async def test_hedging_keeps_one_quote_for_an_answer():
    """Fails when pages without an answer fill all the quotes."""
    config = replace(PLAIN, hedge=1, fair=0)
    for sources in (1, 2, 3):
        question = replace(RIVER, accepted=("Captain Nobody",))
        rollout = await run(question, replace(config, sources=sources))
        answer = rollout.episode.answer
        assert len(answer.quotes if answer else ()) == sources - 1
        assert not shows_answer(rollout.episode)


async def test_results_that_show_the_answer_come_first_when_picking():
    written = lines(await run(config=replace(PLAIN, pick=1)))
    assert written[2].startswith("Quote: ")


async def test_it_looks_around_a_long_page():
    """Fails when an answer below the window is never scrolled or searched for."""
    filler = "\n".join(f"Line {n} tells of the harbour and of the fish." for n in range(30))
    text = f"The river Anduin.\n{filler}\nMira Holt sailed down the river Anduin alone."
    web = MemoryWeb([page("long", text)])
    browser = replace(SMALL, open_at_snippet=False, window=1200)
    for seed in range(10):
        rollout = await run(config=replace(PLAIN, look=1), web=web, seed=seed, browser=browser)
        if any(line.startswith("Scrolled down") for line in lines(rollout)):
            assert shows_answer(rollout.episode)
            return
    pytest.fail("no seed scrolled")


async def test_the_seed_decides_the_path():
    config = DemonstratorConfig(again=0.5, hedge=0.5, pick=0.5, look=0.5, varied=0.5)
    paths = {tuple(lines(await run(config=config, seed=seed))) for seed in range(20)}
    assert len(paths) > 3
    assert lines(await run(config=config, seed=5)) == lines(await run(config=config, seed=5))


class Broken(MemoryWeb):
    """A web whose searches or pages fail."""

    async def search(self, query):
        if "Anduin" in query and "sailed" in query:
            raise TimedOut("too slow")
        return await super().search(query)

    async def open(self, url):
        if "sailor" in url:
            raise TimedOut("too slow")
        return await super().open(url)


async def test_a_web_that_fails_now_and_then_does_not_stop_it():
    rollout = await run(web=Broken([page(*pair) for pair in PAGES.items()]))
    assert rollout.episode.ended == "answered"
    assert all(is_legal(step.observation, step.completion.text) for step in rollout.episode.steps)


WORDS = st.sampled_from(
    "who river Anduin Mira Holt sailed down first the [3] of; 12 “a” ünï".split()
)
TEXT = st.lists(WORDS, min_size=1, max_size=60).map(" ".join)


@settings(max_examples=60, deadline=None)
@given(
    texts=st.lists(TEXT, min_size=1, max_size=6),
    asked=st.lists(WORDS, min_size=1, max_size=6).map(" ".join),
    accepted=st.sampled_from(["Mira Holt", "12", "nothing of it"]),
    seed=st.integers(0, 1000),
    small=st.booleans(),
)
async def test_every_line_is_legal_and_carried_out(texts, asked, accepted, seed, small):
    """Fails when a small model would be taught a line that its grammar forbids."""
    draw = Random(seed)
    pages = [
        page(f"p{number}", "\n".join(f"{text.capitalize()}." for text in draw.sample(texts, 1) * 9))
        for number in range(len(texts))
    ]
    question = Question("1", asked, accepted=(accepted,))
    config = DemonstratorConfig(again=0.5, hedge=0.5, pick=0.5, look=0.5, varied=0.5)
    browser = SMALL if small else replace(DEFAULT, actions=20)
    rollout = await run(question, config, seed, MemoryWeb(pages), browser)
    assert rollout.episode.error == ""
    for step in rollout.episode.steps:
        assert is_legal(step.observation, step.completion.text)
        if not step.observation.answering:
            parse(step.completion.text)


async def test_what_shows_the_answer_is_cited_and_other_quotes_only_now_and_then():
    """Fails when a clone could not learn to leave out what answers nothing."""
    quotes = tuple(Quote(text, "T", "t.example") for text in ("In 1624.", "By Holt.", "In spring."))
    seen = Observation(question="When?", quotes=quotes, answering=True)
    asked = Question("q", "When?", "", ("1624",))
    answers = Counter()
    for seed in range(200):
        policy = DemonstratorPolicy(asked, DemonstratorConfig(terse=0.5), seed)
        answers[(await policy.act(seen)).text] += 1
    assert len(answers) == 4
    assert all(text.startswith("In 1624. [1]") for text in answers)
    assert answers["In 1624. [1] By Holt. [2] In spring. [3]"] < 100
    alone = DemonstratorPolicy(replace(asked, accepted=("never",)), DemonstratorConfig(terse=1.0))
    assert (await alone.act(seen)).text in {"In 1624. [1]", "By Holt. [2]", "In spring. [3]"}
