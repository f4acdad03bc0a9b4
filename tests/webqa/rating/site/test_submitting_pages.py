"""Drafts, ratings, corrections, skips: what becomes of all that a comparing page posts."""

import pytest
from lxml import html
from sqlalchemy import select

from tests.webqa.rating.served_pages import Served, a_task, address, begin, fields, heading, submit
from tests.webqa.rating.site.compared_pages import said, turn
from webqa.rating.config import ServeConfig
from webqa.rating.store.tables import Assignment, Rating

JSON = {"accept": "application/json"}


async def test_a_task_is_kept_on_reload_with_its_sides(tmp_path):
    served = Served(tmp_path, [a_task(number) for number in range(3)])
    async with served.client() as client:
        page = await begin(client)
        again = await begin(client)
    assert address(again) == address(page)
    left = "string(//div[@id='left-text'])"
    assert html.fromstring(page.text).xpath(left) == html.fromstring(again.text).xpath(left)


async def test_a_draft_is_kept_and_shown_again(tmp_path):
    served = Served(tmp_path, [a_task()])
    async with served.client() as client:
        page = await begin(client)
        sent = fields(page) | {"overall": "2", "note": "so far", "span-left-4-9": "yes"}
        saved = await client.post(f"{address(page)}/draft", data=sent)
        assert address(saved) == address(page)
        assert fields(saved)["overall"] == ["2"]
        assert fields(saved)["note"] == ["so far"]
        assert fields(saved)["span-left-4-9"] == ["yes"]
        assert fields(saved)["version"] == ["1"]
    assert not served.all(select(Rating))


async def test_a_draft_made_from_an_older_one_is_refused_and_told_apart(tmp_path):
    served = Served(tmp_path, [a_task()])
    async with served.client() as client:
        page = await begin(client)
        draft = f"{address(page)}/draft"
        sent = fields(page)
        first = await client.post(draft, data=sent | {"note": "one"}, headers=JSON)
        assert first.json() == {"version": 1}
        other = await client.post(draft, data=sent | {"note": "two"}, headers=JSON)
        assert other.status_code == 409
        assert other.json()["version"] == 1
        taken = await client.post(draft, data=sent | {"note": "two", "version": "1"}, headers=JSON)
        assert taken.json() == {"version": 2}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("support-left-0-9999", "strong"),
        ("support-left-9-9", "strong"),
        ("support-left--1-5", "strong"),
        ("support-left-nan-5", "strong"),
        ("support-left-0-12345678", "strong"),
        ("support-left-\u0660-\u0665", "strong"),
        ("support-left-0-5", "great"),
        ("relevance-left-0-5", "x"),
        ("trust-left-9", "neutral"),
        ("trust-left-0", "neutral"),
        ("trust-left-1", "no"),
        ("overall", "3"),
        ("overall", "1.0"),
        ("axis-coherence", "-3"),
        ("note", "x" * 10_001),
    ],
)
async def test_what_the_page_cannot_send_is_refused(tmp_path, name, value):
    served = Served(tmp_path, [a_task()])
    async with served.client() as client:
        page = await begin(client)
        sent = fields(page) | {"overall": "0", name: value}
        for action in ("draft", "submit"):
            reply = await client.post(f"{address(page)}/{action}", data=sent)
            assert reply.status_code == 422
    assert not served.all(select(Rating))


async def test_the_same_form_twice_is_one_rating_and_another_one_is_refused(tmp_path):
    served = Served(tmp_path, [a_task(0), a_task(1)])
    async with served.client() as client:
        page = await begin(client)
        other_tab = await client.get(address(page))
        first = await submit(client, page, overall="1")
        again = await submit(client, page, overall="1")
        assert address(first) == address(again) != address(page)
        late = await submit(client, other_tab, overall="-1")
        assert late.status_code == 409
    assert len(said(served)) == 1


async def test_what_was_submitted_can_be_corrected_and_both_are_kept(tmp_path):
    served = Served(tmp_path, [a_task()])
    async with served.client() as client:
        page = await begin(client)
        await submit(client, page, overall="1", then="rest")
        again = await client.get(address(page))
        assert "You submitted this task" in again.text
        assert fields(again)["overall"] == ["1"]
        done = await submit(client, again, overall="-2", then="rest")
        assert address(done) == "/campaign/1"
    assert sorted(abs(one.overall) for one in said(served)) == [1, 2]


async def test_a_skipped_task_does_not_come_again(tmp_path):
    served = Served(tmp_path, [a_task(0), a_task(1)])
    async with served.client() as client:
        page = await begin(client)
        sent = {"reason": "Something else", "more": "too long"}
        following = await client.post(f"{address(page)}/skip", data=sent)
        assert address(following) != address(page)
        assert (await client.get(address(page))).status_code == 409
    reasons = [one.reason for one in served.all(select(Assignment)) if one.state == "skipped"]
    assert reasons == ["Something else: too long"]


async def test_work_is_not_lost_when_time_ran_out_unless_the_place_is_taken(tmp_path):
    served = Served(tmp_path, [a_task()], serving=ServeConfig(accounts=True))
    async with served.client("Ann") as ann, served.client("Bob") as bob:
        page = await begin(ann)
        served.clock.wait(hours=2)
        saved = await ann.post(f"{address(page)}/draft", data=fields(page) | {"note": "slow"})
        assert saved.status_code == 200
        served.clock.wait(hours=2)
        theirs = await begin(bob)
        assert address(theirs).startswith("/task/")
        late = await submit(ann, saved, overall="1")
        assert late.status_code == 409
        assert (await ann.get(address(page))).status_code == 409
        assert (await submit(bob, theirs, overall="1")).status_code == 200
    assert len(said(served)) == 1


async def test_another_persons_task_is_unknown(tmp_path):
    served = Served(tmp_path, [a_task()], serving=ServeConfig(accounts=True))
    async with served.client("Ann") as ann, served.client("Bob", "admin") as bob:
        page = await begin(ann)
        assert (await bob.get(address(page))).status_code == 404
        for action in ("draft", "submit", "skip"):
            sent = fields(page) | {"overall": "1", "reason": "x"}
            reply = await bob.post(f"{address(page)}/{action}", data=sent)
            assert reply.status_code == 404
    assert turn(served).state == "leased"


async def test_working_time_is_kept(tmp_path):
    served = Served(tmp_path, [a_task()])
    async with served.client() as client:
        page = await begin(client)
        served.clock.wait(minutes=5)
        sent = fields(page) | {"active_ms": "40000"}
        again = await client.post(f"{address(page)}/draft", data=sent)
        assert fields(again)["active_ms"] == ["40000"]  # from which the page counts on
        await submit(client, again, overall="0", active_ms="61000")
    assert served.all(select(Rating))[0].active_ms == 61000


async def test_two_raters_of_one_item_have_sides_and_drafts_of_their_own(tmp_path):
    serving = ServeConfig(accounts=True)
    served = Served(tmp_path, [a_task()], serving=serving, raters=2, seed=2)
    async with (
        served.client("Ann") as ann,
        served.client("Bob") as bob,
        served.client("Eve") as eve,
    ):
        one, two = await begin(ann), await begin(bob)
        assert address(one) != address(two)
        assert heading(one) == heading(two)
        assert text_of(one, "left") == text_of(two, "right"), "this seed draws other sides"
        sent = fields(one) | {"overall": "2", "note": "what Ann thinks"}
        await ann.post(f"{address(one)}/draft", data=sent)
        assert fields(await bob.get(address(two)))["note"] == [""]
        await submit(ann, one, overall="2", note="what Ann thinks")
        later = await bob.get(address(two))
        assert "Ann" not in later.text
        assert (await bob.get(address(one))).status_code == 404
        await submit(bob, two, overall="2", note="what Bob thinks")
        assert address(await begin(eve)) == "/campaign/1", "no third one is wanted"
    assert [(one.note, one.overall) for one in said(served)] == [
        ("what Ann thinks", said(served)[0].overall),
        ("what Bob thinks", -said(served)[0].overall),
    ]
    assert {one.person_id for one in served.all(select(Assignment))} == {1, 2}


def text_of(page, side):
    return html.fromstring(page.text).xpath(f"string(//div[@id='{side}-text'])")
