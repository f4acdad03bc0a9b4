"""The question page: asked, followed, answered beside its quotes, voted on."""

import asyncio
import json
from contextlib import asynccontextmanager

import pytest
from lxml import html
from sqlalchemy import select

from env.errors import Error
from env.records import Episode, from_json
from policies.base import Setup
from policies.scripted import ScriptedPolicy
from tests.webqa.rating.served_pages import SECRET, Served
from tests.webqa.rating.site.demonstrated_pages import BROWSER, CountingWeb
from webqa.asking import Conversation
from webqa.rating.config import ServeConfig
from webqa.rating.site.application import make_application
from webqa.rating.site.asked import AskConfig, Questions
from webqa.rating.site.asking import Asking
from webqa.rating.store.tables import StoredPage, Vote

LINES = ("Search sky blue", "Clicked on link 0", "Quote: The sky is blue━blue light.")
ANSWER = "The air scatters blue light. [1] It does so always. [1] And <i>more</i>."


class Gate:
    """A policy that waits at each step until it is let through."""

    name = "gate"

    def __init__(self):
        self.open = asyncio.Event()
        self._policy = ScriptedPolicy(LINES, ANSWER)

    async def act(self, observation):
        await self.open.wait()
        return await self._policy.act(observation)


class ServedAnswers(Served):
    """The application with a question page over a small web."""

    def __init__(self, folder, *, make=None, config=None, record=None, **how):
        super().__init__(folder, **how)
        make = make or (lambda _seed: ScriptedPolicy(LINES, ANSWER))
        setup = Setup(CountingWeb(), BROWSER, run="test")
        self.questions = Questions(
            lambda: Conversation(make, setup), config or AskConfig(), record or (lambda _one: None)
        )
        self.application = make_application(
            self.store, self.serving, secret=SECRET, now=self.clock,
            extra_routes=Asking(self.questions, "a small web").routes(),
        )  # fmt: skip


async def ask(client, text="Why is the sky blue?", **more):
    return await client.post("/ask", data={"question": text, **more})


async def answered(client, page):
    """Wait for the end of the steps, and return the page with the answer and all events."""
    events = (await client.get(f"{page.url.path}/steps")).text
    return await client.get(page.url.path), events


def shown(page):
    return " ".join(html.fromstring(page.text).text_content().split())


@asynccontextmanager
async def gated(folder, **how):
    gate = Gate()
    served = ServedAnswers(folder, make=lambda _seed: gate, **how)
    try:
        async with served.client() as client:
            yield served, client, gate
    finally:
        await served.questions.close()


async def test_the_answer_stands_beside_its_quotes(tmp_path):
    served = ServedAnswers(tmp_path)
    async with served.client() as client:
        page, _ = await answered(client, await ask(client))
    tree = html.fromstring(page.text)
    rows = tree.xpath("//div[contains(@class, 'row ')]|//div[@class='row']")
    said = [" ".join(row.xpath("string(p)").split()) for row in rows]
    assert said == ["The air scatters blue light. It does so always. [1]", "And <i>more</i>."]
    assert "The sky is blue because the air scatters" in rows[0].text_content()
    assert "No quote is cited for this" in rows[1].text_content()


async def test_steps_arrive_one_by_one_and_can_be_taken_up_again(tmp_path):
    async with gated(tmp_path) as (_, client, gate):
        page = await ask(client)
        assert 'http-equiv="refresh"' in page.text, "what a page without JavaScript needs"
        gate.open.set()
        _, events = await answered(client, page)
        found = [block.split("\n") for block in events.strip().split("\n\n")]
        steps = [json.loads(lines[2].removeprefix("data: ")) for lines in found[:-1]]
        later = await client.get(f"{page.url.path}/steps", headers={"last-event-id": "2"})
    assert steps[:2] == ["Searches for sky blue", "Opens Why the sky is blue"]
    assert steps[-1] == "Writes the answer"
    assert found[-1][0] == "event: done"
    assert later.text.startswith("id: 3\n")


async def test_more_questions_than_are_taken_at_once_are_told_to_wait(tmp_path):
    async with gated(tmp_path, config=AskConfig(concurrent=1)) as (served, client, gate):
        first = await ask(client)
        busy = await ask(client, "And the sea?")
        assert (busy.status_code, busy.headers["retry-after"]) == (503, "10")
        assert "And the sea?" in shown(busy), "what was typed is not lost"
        gate.open.set()
        await answered(client, first)
        assert (await ask(client, "And the sea?")).status_code == 200
        assert served.questions.running <= 1


async def test_a_question_can_be_stopped(tmp_path):
    async with gated(tmp_path) as (served, client, _):
        page = await ask(client)
        await client.post(f"{page.url.path}/stop")
        assert served.questions.running == 0
        again = await client.get(page.url.path)
    assert "stopped before there was an answer" in shown(again)


async def test_a_vote_is_kept_with_the_answer_and_can_be_changed(tmp_path):
    served = ServedAnswers(tmp_path)
    async with served.client() as client:
        page, _ = await answered(client, await ask(client))
        for value, note in (("up", "fine"), ("down", "=wrong")):
            sent = {"value": value, "note": note}
            reply = await client.post(f"{page.url.path}/vote", data=sent)
            assert "your vote is kept" in shown(reply)
        bad = await client.post(f"{page.url.path}/vote", data={"value": "sideways"})
    assert bad.status_code == 422
    (vote,) = served.all(select(Vote))
    assert (vote.value, vote.note) == (-1, "=wrong")
    assert from_json(vote.content, Episode).answer.quotes[0].title == "Why the sky is blue"
    assert len(served.all(select(StoredPage))) == 1


async def test_a_question_that_follows_keeps_the_one_before(tmp_path):
    rollouts = []
    served = ServedAnswers(tmp_path, record=rollouts.append)
    async with served.client() as client:
        first, _ = await answered(client, await ask(client))
        after = first.url.path.rpartition("/")[2]
        await answered(client, await ask(client, "And at dusk?", after=after))
        await answered(client, await ask(client, "And at noon?", after=after))
    texts = [one.episode.question.text for one in rollouts]
    assert texts[1:] == [f"{texts[0]}\n\nAnd at dusk?", f"{texts[0]}\n\nAnd at noon?"]
    assert len({one.episode.id for one in rollouts}) == 3


async def test_the_same_question_twice_is_two_episodes(tmp_path):
    rollouts = []
    served = ServedAnswers(tmp_path, record=rollouts.append)
    async with served.client() as client:
        for _ in range(2):
            await answered(client, await ask(client))
    assert len({one.episode.id for one in rollouts}) == 2


@pytest.mark.parametrize("text", ["", "  \n", "x" * 10_001])
async def test_what_is_no_question_is_given_back(tmp_path, text):
    served = ServedAnswers(tmp_path)
    async with served.client() as client:
        assert (await ask(client, text)).status_code == 422


async def test_what_is_asked_is_seen_by_whoever_asked_alone(tmp_path):
    served = ServedAnswers(tmp_path, serving=ServeConfig(accounts=True))
    async with served.client("Ada") as ada, served.client("Bob") as bob, served.client() as nobody:
        page, _ = await answered(ada, await ask(ada))
        for suffix in ("", "/steps"):
            assert (await bob.get(page.url.path + suffix)).status_code == 404
            assert (await nobody.get(page.url.path + suffix)).status_code == 401
        assert (await bob.post(f"{page.url.path}/vote", data={"value": "up"})).status_code == 404
        assert (await ask(nobody)).status_code == 401


async def test_the_oldest_answers_are_forgotten(tmp_path):
    served = ServedAnswers(tmp_path, config=AskConfig(kept=2))
    async with served.client() as client:
        pages = [(await answered(client, await ask(client, f"Why {n}?")))[0] for n in range(5)]
        codes = [(await client.get(page.url.path)).status_code for page in pages]
    assert codes[0] == 404
    assert codes[-2:] == [200, 200]


async def test_an_answer_that_cannot_be_recorded_is_shown_all_the_same(tmp_path):
    def full(_rollout):
        raise Error("cannot write the run: make room")

    served = ServedAnswers(tmp_path, record=full)
    async with served.client() as client:
        page, _ = await answered(client, await ask(client))
    assert "Not recorded: cannot write the run" in shown(page)
    assert "The air scatters blue light" in shown(page)


async def test_a_question_that_was_not_asked_for_long_is_counted_anew():
    counted = []

    def attempts(question):
        counted.append(question)
        return 0

    def converse():
        return Conversation(lambda _seed: ScriptedPolicy(LINES, ANSWER), Setup(CountingWeb()))

    questions = Questions(converse, AskConfig(concurrent=1, kept=2), attempts=attempts)
    for text in ("Why?", "Why?", "How?", "When?", "Where?", "Why?"):
        asked = questions.ask(text, 1)
        assert [step async for step in asked.follow(0, 10)]
    assert len(counted) == 5, "the second time was known, the third was forgotten"
