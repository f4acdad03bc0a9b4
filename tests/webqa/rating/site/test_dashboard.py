"""What reviewers see, and how they settle what raters disagree about."""

from lxml import html
from sqlalchemy import select

from env.records import from_json
from tests.webqa.rating.made_campaigns import said
from tests.webqa.rating.made_campaigns import submit as rate_directly
from tests.webqa.rating.served_pages import Served, a_task, address, begin, fields, submit
from webqa.rating.config import ServeConfig
from webqa.rating.records import Judgement
from webqa.rating.site.dashboard import MOST_APART, MOST_SAID, drawing
from webqa.rating.site.forms import turned
from webqa.rating.store.tables import Assignment, Item, Person


async def disagree(served, client, value):
    """Rate the next item: the first answer is better by a value, wherever it stands."""
    page = await begin(client)
    turn = next(one for one in served.all(select(Assignment)) if one.id in address(page))
    sent = {"overall": str(turned(value, turn.swapped)), "note": "<b>why</b>", "then": "rest"}
    assert (await submit(client, page, **sent)).status_code == 200


async def test_raters_who_disagree_are_settled(tmp_path):
    served = Served(tmp_path, [a_task()], serving=ServeConfig(accounts=True), raters=2)
    async with served.client("Ann") as ann, served.client("Bob") as bob:
        await disagree(served, ann, 2)
        await disagree(served, bob, -1)
    async with served.client("Eve", "reviewer") as eve:
        overview = await eve.get("/dashboard")
        assert "2 of 2" in overview.text
        page = await eve.get("/dashboard/1")
        text = " ".join(html.fromstring(page.text).text_content().split())
        assert "Ann: A much better, Bob: B better" in text
        pair = await eve.get("/item/1")
        assert "&lt;b&gt;why&lt;/b&gt;" in pair.text
        assert "episode" not in pair.text.lower()
        empty = await eve.post("/item/1/settle", data={})
        assert empty.status_code == 422
        sent = fields(pair, "/item/1/settle") | {"overall": "1"}
        done = await eve.post("/item/1/settle", data=sent)
        assert address(done) == "/dashboard/1"
        assert "settled" in done.text
        again = await eve.get("/item/1")
        assert fields(again, "/item/1/settle")["overall"] == ["1"]
        assert "By Eve, 2026-03-01" in again.text
    [item] = served.all(select(Item))
    assert from_json(item.settled, Judgement).overall == 1


async def test_what_was_settled_is_settled_again_or_withdrawn(tmp_path):
    served = Served(tmp_path, [a_task()], serving=ServeConfig(accounts=True), raters=2)
    async with served.client("Ann") as ann, served.client("Bob") as bob:
        await disagree(served, ann, 2)
        await disagree(served, bob, -1)
        assert (await ann.post("/item/1/settle", data={"withdraw": "yes"})).status_code == 403
    async with served.client("Eve", "reviewer") as eve:
        page = await eve.get("/item/1")
        assert "Withdraw" not in page.text
        for days, value in enumerate((1, -2)):
            served.clock.wait(days=days)
            sent = fields(page, "/item/1/settle") | {"overall": str(value)}
            await eve.post("/item/1/settle", data=sent)
            page = await eve.get("/item/1")
            assert f"By Eve, 2026-03-0{days + 1}" in page.text
            assert "Withdraw" in page.text
        [item] = served.all(select(Item))
        assert from_json(item.settled, Judgement).overall == -2
        sent = fields(page, "/item/1/settle") | {"withdraw": "yes"}
        assert "settled" not in (await eve.post("/item/1/settle", data=sent)).text
    [item] = served.all(select(Item))
    assert (item.settled, item.settled_by, item.settled_at) == ("", None, "")


async def test_much_is_shown_in_part_and_it_is_said(tmp_path):
    served = Served(tmp_path, [a_task(number) for number in range(MOST_APART + 1)])
    with served.store.writing() as session:
        for number in range(1, MOST_SAID + 2):
            session.add(Person(id=number, name=f"rater {number}", role="rater", created=""))
        session.flush()
        for item in session.scalars(select(Item)):
            everybody = MOST_SAID + 2 if item.id == 1 else 3
            for number in range(1, everybody):
                rate_directly(session, f"rater {number}", item.key, said(-1 if number == 1 else 1))
    async with served.client() as client:
        page = await client.get("/dashboard/1")
        assert page.text.count('href="/item/') == MOST_APART
        assert f"The first {MOST_APART} of {MOST_APART + 1}" in page.text
        page = await client.get("/item/1")
        assert page.text.count('<th scope="row">') == MOST_SAID
        assert f"Only the first {MOST_SAID} are shown" in page.text
        page = await client.get("/item/2")
        assert page.text.count('<th scope="row">') == 2
        assert "are shown" not in page.text


async def test_an_empty_database_and_unknown_things(tmp_path):
    served = Served(tmp_path)
    async with served.client() as client:
        assert (await client.get("/dashboard")).status_code == 200
        for page in ("/dashboard/1", "/item/1"):
            assert (await client.get(page)).status_code == 404


def test_ratings_are_drawn_from_the_second_day_on():
    assert drawing({"2026-03-01": 4}, 10) is None
    [line] = drawing({"2026-03-01": 4, "2026-03-03": 6}, 10).lines
    assert line.last == "10"
