"""The page on which answers are compared, without JavaScript: what it shows, what it asks."""

import pytest
from lxml import html

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
from tests.webqa.rating.site.compared_pages import said, side_of
from webqa.rating.records import Judgement, Mark, Trusted, Verdict

JSON = {"accept": "application/json"}


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
        assert "Say how far you trust the sources of quotes 1, 2 of answer" in reply.text
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
        told = html.fromstring(page.text).text_content()
        assert "Compare quote 1: " in told
        assert "source 1" not in page.text, "what is numbered has one name"
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
