"""Demonstrating, as a browser without JavaScript does it: from a question to a run folder."""

import asyncio

import pytest
from lxml import html
from sqlalchemy import select

from env.records import Page, from_json
from env.verify import verify
from policies.base import Setup, run_episode
from policies.scripted import ScriptedPolicy
from tests.webqa.rating.served_pages import begin, fields
from tests.webqa.rating.site.demonstrated_pages import (
    BROWSER,
    QUESTION,
    CountingWeb,
    ServedQuestions,
    act,
    address,
    answer,
    answering,
    episodes,
    quoted,
    shown,
    version_of,
)
from webqa.rating.results.demonstrations import export_run
from webqa.rating.store.tables import Assignment, Campaign, Rating, StoredPage
from webqa.run import read_config, read_episodes, read_pages

QUOTED = "The sky is blue because the air scatters blue light."
JSON = {"accept": "application/json"}


async def test_a_demonstration_is_the_episode_that_a_policy_would_have_made(tmp_path):
    served = ServedQuestions(tmp_path)
    async with served.client() as client:
        page = await answering(client, await begin(client))
        assert "secret" not in page.text
        served.clock.wait(seconds=90)
        done = await answer(client, page, "It scatters. [1]", then="next", active_ms="61000")
    assert done.url.path == "/campaign/1"
    (episode,) = episodes(served)
    lines = ["Search sky blue", "Clicked on link 0", "Quote: The sky is blue━blue light."]
    policy = ScriptedPolicy(lines, "It scatters. [1]")
    same = (await run_episode(policy, QUESTION, Setup(CountingWeb(), BROWSER))).episode
    assert episode.steps == same.steps
    assert episode.answer == same.answer
    assert episode.answer.quotes[0].text == QUOTED
    assert (episode.policy, episode.seconds, episode.ended) == ("human", 61.0, "answered")
    pages = [from_json(one.content, Page) for one in served.all(select(StoredPage))]
    assert verify([episode], {one.sha256: one for one in pages}).failures == ()


async def test_working_time_is_never_more_than_has_passed_since_the_lease(tmp_path):
    served = ServedQuestions(tmp_path)
    async with served.client() as client:
        page = await answering(client, await begin(client))
        served.clock.wait(seconds=90)
        saved = await answer(client, page, "It scatters. [1]", active_ms="9999999999")
        assert set(fields(saved, "answering")["active_ms"]) == {"90000"}
        await answer(client, saved, "It scatters. [1]", then="next", active_ms="9999999999")
    assert [one.active_ms for one in served.all(select(Rating))] == [90_000]
    assert [one.seconds for one in episodes(served)] == [90.0]


async def test_it_is_exported_as_a_run(tmp_path):
    served = ServedQuestions(tmp_path)
    async with served.client() as client:
        page = await answering(client, await begin(client))
        await answer(client, page, "It scatters. [1]", then="next")
    with served.store.reading() as session:
        export_run(session, session.scalars(select(Campaign)).one(), tmp_path / "run")
    assert read_config(tmp_path / "run").settings.browser == BROWSER
    (episode,) = read_episodes(tmp_path / "run")
    assert verify([episode], read_pages(tmp_path / "run")).verified == 1


async def test_after_a_restart_it_goes_on_and_no_web_is_asked_twice(tmp_path):
    served = ServedQuestions(tmp_path)
    async with served.client() as client:
        page = await act(client, await begin(client), "search", text="will fail")
        assert "did not answer" in shown(page)
        page = await quoted(client, page)
        before = shown(page)
        served.restart(CountingWeb())
    async with served.client() as client:
        again = await client.get(address(page))
        assert shown(again) == before
        assert served.web.asked == []
        await act(client, again, "click 0")
    assert served.web.asked == ["https://sky.example/red"]


async def test_begun_in_another_web_it_is_not_gone_on_with(tmp_path):
    served = ServedQuestions(tmp_path)
    async with served.client() as client:
        page = await act(client, await begin(client), "search", text="sky")
        served.restart(CountingWeb(()))
    async with served.client() as client:
        again = await client.get(address(page))
        assert again.status_code == 409
        assert "another web" in shown(again)
        assert fields(again, "skip")["reason"]
        skipped = await client.post(f"{address(page)}/skip", data={"reason": "gone"})
    assert skipped.url.path == "/campaign/1"


async def test_of_two_tabs_the_older_does_nothing_and_is_told(tmp_path):
    served = ServedQuestions(tmp_path)
    async with served.client() as client:
        old = await begin(client)
        await act(client, old, "search", text="sky")
        stale = await act(client, old, "search", expect=409, text="sunset")
        assert "older than what you did meanwhile" in shown(stale)
        assert "Why the sky is blue" in shown(stale)
        assert served.web.asked == ["sky"]
        page = await act(client, stale, "click 0")
    assert "scatters blue light" in shown(page)


async def test_a_double_click_is_one_action(tmp_path):
    served = ServedQuestions(tmp_path)
    async with served.client() as client:
        page = await begin(client)
        sent = {"version": version_of(page), "command": "search", "text": "sky"}
        both = (client.post(f"{address(page)}/act", data=sent) for _ in range(2))
        codes = [one.status_code for one in await asyncio.gather(*both)]
        page = await client.get(address(page))
    assert set(codes) <= {200, 409}, "the second is the same, or it is told that it is late"
    assert "11 left" in shown(page)


async def test_a_slip_of_the_pen_costs_nothing(tmp_path):
    served = ServedQuestions(tmp_path)
    async with served.client() as client:
        page = await begin(client)
        for command, more in (
            ("search", {"text": " "}), ("quote", {"text": ""}), ("no such thing", {}),
            ("down", {"number": "7"}), ("click x", {}), ("search", {"text": "a" * 5000}),
        ):  # fmt: skip
            page = await act(client, page, command, expect=422, **more)
    assert "12 left" in shown(page)
    assert version_of(page) == "0"


@pytest.mark.parametrize(
    ("command", "told"),
    [("search", "Write what to search for."), ("find", "Write what to look for on the page."),
     ("quote", "Copy the words to be quoted")],
)  # fmt: skip
async def test_an_empty_field_is_told_in_words_for_people(tmp_path, command, told):
    served = ServedQuestions(tmp_path)
    async with served.client() as client:
        page = await act(client, await begin(client), "search", text="sky blue")
        page = await act(client, page, command, expect=422, text=" ", last="blue")
        [fault] = html.fromstring(page.text).find_class("fault")
    assert fault.text_content().startswith(told)
    assert "11 left" in shown(page)


async def test_what_cannot_be_carried_out_costs_an_action_and_says_why(tmp_path):
    served = ServedQuestions(tmp_path)
    async with served.client() as client:
        page = await quoted(client, await begin(client))
        page = await act(client, page, "quote", text="words that are nowhere")
    assert "Not carried out: the text to quote is not on this page" in shown(page)
    assert "8 left" in shown(page)


async def test_an_ending_can_be_taken_back_and_what_was_written_stays(tmp_path):
    served = ServedQuestions(tmp_path)
    async with served.client() as client:
        page = await answering(client, await begin(client))
        sent = fields(page, "answering") | {"answer": "Half a sent"}
        page = await client.post(f"{address(page)}/undo", data=sent)
        assert "scatters blue light" in shown(page)
        page = await act(client, page, "answer")
        assert "Half a sent" in shown(page)


async def test_the_answer_is_saved_as_it_is_written(tmp_path):
    served = ServedQuestions(tmp_path)
    async with served.client() as client:
        page = await answering(client, await begin(client))
        sent = {"version": version_of(page), "answer": "Half", "active_ms": "0"}
        saved = await client.post(f"{address(page)}/draft", data=sent, headers=JSON)
        stale = await client.post(
            f"{address(page)}/draft", data=sent | {"answer": "Other"}, headers=JSON
        )
        again = await client.get(address(page))
    assert saved.json() == {"version": int(sent["version"]) + 1}
    assert stale.status_code == 409
    assert "older" in stale.json()["error"]
    assert ">\nHalf</textarea>" in again.text


async def test_it_is_for_the_person_whose_turn_it_is(tmp_path):
    from webqa.rating.config import ServeConfig

    served = ServedQuestions(tmp_path, serving=ServeConfig(accounts=True))
    async with served.client("Ada") as ada, served.client("Bob") as bob:
        page = await begin(ada)
        sent = {"version": "0", "command": "search", "text": "sky"}
        assert (await bob.get(address(page))).status_code == 404
        assert (await bob.post(f"{address(page)}/act", data=sent)).status_code == 404
    async with served.client() as nobody:
        assert (await nobody.get(address(page))).status_code == 401
    assert served.web.asked == []


async def test_what_pages_say_is_shown_as_text(tmp_path):
    served = ServedQuestions(tmp_path)
    async with served.client() as client:
        page = await act(client, await begin(client), "search", text="sunset <script>alert(1)")
    assert "<b>Red</b>" in shown(page)
    assert "<script>alert" not in page.text


async def test_pages_are_stored_once_and_not_in_the_draft(tmp_path):
    served = ServedQuestions(tmp_path)
    async with served.client() as client:
        await quoted(client, await begin(client))
    (turn,) = served.all(select(Assignment))
    assert QUOTED not in turn.draft
    assert len(served.all(select(StoredPage))) == 2
