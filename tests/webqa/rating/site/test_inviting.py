"""The page on which an admin makes links that let people in."""

import json

import pytest
from lxml import html
from sqlalchemy import select

from tests.webqa.rating.served_pages import BASE, Served, address, fields
from webqa.rating.config import ServeConfig
from webqa.rating.store.tables import Event, Invite, Person

FORM = {"role": "reviewer", "days": "7"}


@pytest.fixture
def served(tmp_path):
    return Served(tmp_path, serving=ServeConfig(accounts=True))


def link(page):
    """Return the link on a page; empty where there is none."""
    return html.fromstring(page.text).xpath("string(//code[@class='whole'])")


async def made(client, **more):
    return await client.post("/invite", data=FORM | more)


async def test_a_link_is_made_shown_once_and_lets_in_whom_it_is_for(served):
    async with served.client("Eve", "admin") as eve, served.client() as new:
        assert "/invite" in (await eve.get("/")).text
        page = await eve.get("/invite")
        assert fields(page, "/invite") == {"role": ["rater"], "days": ["14"]}
        page = await made(eve)
        assert address(page) == "/invite"
        assert "lets in one reviewer, once, within 7 days" in page.text
        assert page.headers["cache-control"] == "no-store"
        token = link(page).removeprefix(f"{BASE}/join/")
        assert token not in (await eve.get("/invite")).text
        await new.post("/join", data={"token": token, "name": "Ann"})
    eve, ann = served.all(select(Person).order_by(Person.id))
    assert (ann.name, ann.role) == ("Ann", "reviewer")
    told = served.all(select(Event).where(Event.kind == "invited", Event.person_id == eve.id))
    assert [json.loads(one.content)["role"] for one in told] == ["reviewer"]
    assert token not in str([(one.digest, one.note) for one in served.all(select(Invite))])


async def test_it_runs_out(served):
    async with served.client("Eve", "admin") as eve, served.client() as new:
        there = link(await made(eve)).removeprefix(BASE)
        assert (await new.get(there)).status_code == 200
        served.clock.wait(days=7)
        assert (await new.get(there)).status_code == 403


@pytest.mark.parametrize("role", ["", "rater", "reviewer"])
async def test_it_is_for_admins_alone(served, role):
    async with served.client("Ann" if role else "", role) as client:
        before = len(served.all(select(Invite)))
        assert "/invite" not in (await client.get("/")).text
        replies = [await client.get("/invite"), await made(client)]
        assert [one.status_code for one in replies] == [403 if role else 401] * 2
    assert len(served.all(select(Invite))) == before


@pytest.mark.parametrize(
    "wrong", [{"role": "owner"}, {"role": ""}, {"days": "0"}, {"days": "9999"}, {"days": "x"}]
)
async def test_what_the_form_does_not_offer_is_refused(served, wrong):
    async with served.client("Eve", "admin") as eve:
        assert (await made(eve, **wrong)).status_code == 422
        foreign = {"sec-fetch-site": "cross-site"}
        assert (await eve.post("/invite", data=FORM, headers=foreign)).status_code == 403
    assert len(served.all(select(Invite))) == 1, "that of Eve herself"


async def test_where_nobody_signs_in_nobody_is_invited(tmp_path):
    served = Served(tmp_path)
    async with served.client() as client:
        assert "/invite" not in (await client.get("/")).text
        replies = [await client.get("/invite"), await made(client)]
    assert [one.status_code for one in replies] == [404, 404]
    assert "--accounts" in replies[0].text


async def test_behind_a_proxy_that_speaks_https_so_does_the_link(tmp_path):
    serving = ServeConfig(accounts=True, https=True, served_as=("rate.example",))
    served = Served(tmp_path, serving=serving)
    async with served.client() as client:
        client.base_url = "https://rate.example"
        await client.post("/join", data={"token": served.invited("admin"), "name": "Eve"})
        signed_in = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
        asked = {"data": FORM, "headers": {"cookie": signed_in}}
        page = await client.post("http://rate.example/invite", **asked)  # as the proxy asks
    assert link(page).startswith("https://rate.example/join/")
