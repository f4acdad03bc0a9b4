"""What a person is told of how far there is to go, and of campaigns that are not served."""

import re

import pytest
from lxml import html
from sqlalchemy import select

from env.records import Question
from tests.webqa.rating.served_pages import Served, a_task, address, begin, heading, submit
from tests.webqa.rating.site.demonstrated_pages import ServedQuestions
from webqa.rating.config import ServeConfig
from webqa.rating.records import Demonstration
from webqa.rating.site.standing import Standing, standing
from webqa.rating.store.tables import Assignment, Author, Campaign, Item, Person

ACCOUNTS = ServeConfig(accounts=True)


def told(page):
    """Return what a task's page says of how far one has come."""
    return html.fromstring(page.text).xpath("string(//*[contains(@class,'so-far')])").strip()


def so_far(served, person=1):
    with served.store.reading() as session:
        return standing(session, session.get_one(Campaign, 1), person)


def close(served):
    served.store.write(lambda one: setattr(one.get_one(Campaign, 1), "closed", True))


async def test_a_task_tells_how_many_are_done_and_how_many_are_to_come(tmp_path):
    served = Served(tmp_path, [a_task(number) for number in range(3)])
    async with served.client() as client:
        page = await begin(client)
        found = [told(page)]
        for _ in range(2):
            first, page = page, await submit(client, page, overall="1")
            found.append(told(page))
        again = await client.get(address(first))
        done = await submit(client, page, overall="1")
    assert found == ["0 done, 2 after this one", "1 done, 1 after this one",
                     "2 done, this is the last one"]  # fmt: skip
    assert told(again) == "2 done, 1 open", "one that was submitted before"
    assert "3 tasks submitted." in " ".join(html.fromstring(done.text).text_content().split())


async def test_what_others_took_oneself_wrote_or_skipped_is_not_open(tmp_path):
    served = Served(tmp_path, [a_task(number) for number in range(6)], serving=ACCOUNTS)
    async with served.client("Ann") as ann, served.client("Bob") as bob:
        [first, _] = served.all(select(Person.id))
        await begin(bob)
        assert so_far(served, first) == Standing(0, 5)
        page = await begin(ann)
        assert so_far(served, first) == Standing(0, 5), "what is running is open"
        await submit(ann, page, overall="1", then="rest")
        await ann.post(f"{address(await begin(ann))}/skip", data={"reason": "no"})
        assert so_far(served, first) == Standing(1, 3)
        free = select(Item).where(~Item.full).limit(1)
        served.store.write(
            lambda one: one.add(Author(item_id=one.scalars(free).one().id, person_id=first))
        )
        assert so_far(served, first).open == 2
        await begin(ann)
        served.clock.wait(hours=2)
        await begin(bob)
        assert served.all(select(Assignment.state)).count("expired") == 1
        assert so_far(served, first).open == 2, "what ran out can be taken up again"
    close(served)
    assert so_far(served, first) == Standing(1, 1), "what was begun"


@pytest.mark.parametrize("seed", range(4))
async def test_the_count_goes_down_by_one_at_gold_items_too(tmp_path, seed):
    served = Served(tmp_path, [a_task(n) for n in range(9)], gold_share=0.4, seed=seed)

    def gild(session):
        for item in session.scalars(select(Item).order_by(Item.id).limit(3)):
            item.gold, item.expected = True, 1

    served.store.write(gild)
    async with served.client() as client:
        page, found = await begin(client), []
        while address(page).startswith("/task/"):
            found.append(int((re.search(r"(\d+) after", told(page)) or [0, 0])[1]))
            page = await submit(client, page, overall="1")
    assert found == list(range(len(found)))[::-1]
    assert len(found) >= 6
    assert so_far(served).open == 0


@pytest.mark.parametrize("hours", [0, 2], ids=["running", "ran out"])
async def test_what_was_begun_is_gone_on_with_after_the_campaign_is_closed(tmp_path, hours):
    tasks = [a_task(number) for number in range(3)]
    served = Served(tmp_path, tasks, serving=ACCOUNTS, completion_code="OK1")
    async with served.client("Ann") as ann, served.client("Bob") as bob:
        begun = await submit(ann, await begin(ann), overall="1")
        close(served)
        served.clock.wait(hours=hours)
        assert "Rivers" not in (await bob.get("/")).text
        assert address(await begin(bob)) == "/campaign/1", "nothing new is handed out"
        assert html.fromstring((await ann.get("/")).text).forms[-1].action == "/campaign/1/next"
        page = await ann.get("/campaign/1")
        assert "What you began in it can still be submitted" in page.text
        assert "OK1" not in page.text, "while a task lies open"
        again = await begin(ann)
        assert address(again) == address(begun)
        done = await submit(ann, again, overall="1")
        assert "This campaign is closed. Thank you." in done.text
        assert "OK1" in done.text
        assert not html.fromstring(done.text).xpath("//form[@action='/campaign/1/next']")


async def test_who_has_nothing_to_do_is_told_so_and_an_admin_what_makes_a_campaign(tmp_path):
    served = Served(tmp_path, [a_task()], serving=ACCOUNTS)
    close(served)
    async with served.client("Ann") as ann, served.client("Eve", "admin") as eve:
        rater, admin = (await ann.get("/")).text, (await eve.get("/")).text
    assert "There is nothing to do at the moment." in rater
    assert "webqa rate" not in rater
    assert "webqa rate create" in admin


async def test_a_campaign_of_browsing_is_listed_where_it_is_not_served(tmp_path):
    served = Served(tmp_path, [a_task()], serving=ACCOUNTS)
    asked = [Demonstration(Question("q", "Why?"))]
    served.add("Demos", asked, kind="demonstrate")
    async with served.client("Ann") as ann, served.client("Eve", "admin") as eve:
        home = await ann.get("/")
        assert "Demos" in home.text
        assert "Not served here." in home.text
        assert "--web" not in home.text
        assert not html.fromstring(home.text).xpath("//form[@action='/campaign/2/next']")
        assert "Not served here." in (await ann.get("/campaign/2")).text
        assert "--web" in (await eve.get("/")).text
        refused = await begin(ann, 2)
        assert (refused.status_code, heading(refused)) == (404, "Nothing here")
        assert address(await begin(ann, 1)).startswith("/task/")
    assert len(served.all(select(Assignment))) == 1, "nothing was taken that cannot be done"


async def test_where_it_is_served_it_says_how_far_one_is(tmp_path):
    served = ServedQuestions(tmp_path)
    async with served.client() as client:
        assert "Not served here" not in (await client.get("/")).text
        assert told(await begin(client)) == "0 done, this is the last one"
