"""Comparing, as a browser without JavaScript does it; what becomes of each thing that is posted."""

import pytest
from lxml import html
from sqlalchemy import select

from env.records import from_json
from tests.webqa.rating.served_pages import (
    FIRST,
    QUESTION,
    SECOND,
    Served,
    a_planted_task,
    a_task,
    address,
    begin,
    fields,
    heading,
    names,
    submit,
)
from webqa.rating.config import ServeConfig
from webqa.rating.records import Judgement, Mark, Trusted, Verdict
from webqa.rating.site.forms import which
from webqa.rating.store.tables import Assignment, Rating

JSON = {"accept": "application/json"}


def said(served):
    """Return the judgements that were submitted."""
    return [from_json(one.judgement, Judgement) for one in served.all(select(Rating))]


def turn(served):
    return served.all(select(Assignment))[-1]


def side_of(served, answer):
    """Return on which side an answer stands in the last turn."""
    return "left" if which("left", turn(served).swapped) == answer else "right"


async def test_a_task_shows_both_answers_and_their_sources(tmp_path):
    served = Served(tmp_path, [a_task()])
    async with served.client() as client:
        page = await begin(client)
    tree = html.fromstring(page.text)
    assert heading(page) == QUESTION
    texts = {box.text_content() for box in tree.xpath("//div[@class='answer']")}
    assert texts == {FIRST, SECOND}, "character for character, as offsets need it"
    assert "Not verified: not on its page" in tree.text_content()
    assert "Before it." in tree.text_content()
    assert not tree.xpath("//a[starts-with(@href,'http')]"), "nothing leads to the net"


async def test_nothing_tells_who_wrote_an_answer(tmp_path):
    served = Served(tmp_path, [a_planted_task()], assisted="always")
    async with served.client() as client:
        page = await begin(client)
    [tree] = html.fromstring(page.text).xpath("//form[@id='task']")
    form = html.tostring(tree, encoding="unicode")
    for word in ("gpt", "llama", "episode", "planted", "pair0"):
        assert word not in page.text.lower(), word
    for word in ("first", "second", "rules"):
        assert word not in form.lower(), word


@pytest.mark.parametrize("number", range(6))
async def test_what_is_said_of_left_is_kept_of_first(tmp_path, number):
    served = Served(tmp_path, [a_task()], seed=number)
    async with served.client() as client:
        page = await begin(client)
        side = side_of(served, "first")
        await submit(client, page, overall="1", **{
            "axis-coherence": "-2",
            f"trust-{side}-2": "suspicious",
            f"support-{side}-0-45": "strong",
            f"relevance-{side}-0-45": "core",
            f"error-{side}-46-77": "yes",
            "flag": ["unreadable", "made-up"],
            "note": "one\r\ntwo ",
        })  # fmt: skip
    turned = 1 if side == "left" else -1
    assert said(served) == [Judgement(
        overall=turned,
        axes={"coherence": -2 * turned},
        marks=(Mark("first", 0, 45, "strong", "core"), Mark("first", 46, 77, citation_error=True)),
        trusted=(Trusted("first", 2, "suspicious"),),
        flags=("unreadable",),
        note="one\ntwo",
    )]  # fmt: skip


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


async def test_without_the_overall_rating_nothing_is_submitted_and_all_is_kept(tmp_path):
    served = Served(tmp_path, [a_task()])
    async with served.client() as client:
        page = await begin(client)
        reply = await submit(client, page, note="kept")
        assert reply.status_code == 422
        assert "Say which answer is better overall" in reply.text
        assert fields(reply)["note"] == ["kept"]
        told = await client.post(f"{address(page)}/submit", data=fields(page), headers=JSON)
        assert [one["place"] for one in told.json()["missing"]] == ["overall"]
    assert not said(served)


async def test_a_complete_task_asks_for_every_part(tmp_path):
    served = Served(tmp_path, [a_task()], complete=1.0)
    async with served.client() as client:
        page = await begin(client)
        reply = await submit(client, page, overall="0")
        assert "This alone has to be answered" not in reply.text
        assert "Compare both answers: unsupported information" in reply.text
        links = html.fromstring(reply.text).xpath("//*[@id='missing']//a/@href")
        assert [link for link in links if "axis" in link] == [
            "#axis-unsupported", "#axis-irrelevant", "#axis-usefulness", "#axis-coherence",
        ]  # fmt: skip
        assert {link for link in links if "axis" not in link} == {
            "#left-sources", "#left-claims", "#right-sources", "#right-claims",
        }  # fmt: skip
        chosen = {
            "support": "weak", "relevance": "side", "trust": "neutral", "axis": "0", "overall": "0",
        }  # fmt: skip
        all_parts = {
            name: value for begins, value in chosen.items() for name in names(page, begins)
        }
        done = await submit(client, page, **all_parts)
    assert done.status_code == 200
    [judgement] = said(served)
    assert len(judgement.marks) == 4
    assert len(judgement.trusted) == 3


async def test_a_flagged_question_needs_nothing_else(tmp_path):
    served = Served(tmp_path, [a_task()], complete=1.0)
    async with served.client() as client:
        await submit(client, await begin(client), flag="nonsense")
    assert said(served)[0].flags == ("nonsense",)


async def test_a_trial_asks_for_flaws_and_shows_remarks_to_the_assisted(tmp_path):
    served = Served(tmp_path, [a_planted_task()], assisted="always")
    async with served.client() as client:
        page = await begin(client)
        side, other = side_of(served, "second"), side_of(served, "first")
        assert "The source has another number." in page.text
        lacking = await submit(client, page, overall="0")
        assert lacking.status_code == 422
        await submit(client, page, overall="0", **{
            f"flaw-{side}": "yes", f"flaw-{other}": "no",
            f"valid-{side}-0": "yes", f"gravity-{side}-0": "grave",
        })  # fmt: skip
    [judgement] = said(served)
    assert (judgement.flawed, judgement.sound) == (("second",), ("first",))
    assert judgement.verdicts == (Verdict("second", 0, True, "grave"),)


async def test_who_is_not_assisted_gets_no_remark(tmp_path):
    served = Served(tmp_path, [a_planted_task()], assisted="never")
    async with served.client() as client:
        page = await begin(client)
        assert "The source has another number." not in page.text
        assert not names(page, "valid")
        sent = {"overall": "0", f"valid-{side_of(served, 'second')}-0": "yes"}
        assert (await submit(client, page, **sent)).status_code == 422


async def test_the_minimal_profile_asks_three_things_and_shows_no_sources(tmp_path):
    served = Served(tmp_path, [a_task()], profile="minimal")
    async with served.client() as client:
        page = await begin(client)
    assert names(page, "axis") == ["axis-accuracy", "axis-coherence", "axis-usefulness"]
    assert not names(page, "trust") + names(page, "support")


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


HOSTILE = "<script>alert(1)</script><img src=x onerror=alert(1)> [1]\r\n{{7*7}} \x00\U0001f642."


async def test_hostile_text_is_text_everywhere(tmp_path):
    served = Served(tmp_path, [a_task(first=HOSTILE)])
    async with served.client() as client:
        page = await begin(client)
        sent = fields(page) | {"note": HOSTILE[:60]}
        again = await client.post(f"{address(page)}/draft", data=sent)
    tree = html.fromstring(again.text)
    assert len(tree.xpath("//script")) == 1
    assert not tree.xpath("//img")
    assert tree.xpath("//script/@src") == ["/static/task.js"]
    assert "49" not in tree.xpath("string(//div[@class='answer'])")
