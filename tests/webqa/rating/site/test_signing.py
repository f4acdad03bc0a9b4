"""Invitations, cookies, signing out; what each role may open."""

import pytest
from sqlalchemy import select, text

from tests.webqa.rating.served_pages import SECRET, Served, a_task, address, begin, fields, heading
from webqa.rating.config import ServeConfig
from webqa.rating.errors import NotSaved
from webqa.rating.site.application import make_application
from webqa.rating.store.tables import Invite, Person, Session


@pytest.fixture
def served(tmp_path):
    return Served(tmp_path, [a_task()], serving=ServeConfig(accounts=True), completion_code="OK1")


async def test_an_invitation_is_used_by_its_button_alone(served):
    token = served.invited()
    async with served.client() as client:
        for _ in range(2):
            page = await client.get(f"/join/{token}?PROLIFIC_PID=p1")
            assert heading(page) == "You are invited"
        assert not served.all(select(Person))
        sent = fields(page, "/join") | {"name": "Ann"}
        assert (await client.post("/join", data=sent)).status_code == 200
        assert address(await begin(client)).startswith("/task/")
    [ann] = served.all(select(Person))
    assert (ann.name, ann.outside) == ("Ann", '{"PROLIFIC_PID":"p1"}')


@pytest.mark.parametrize("kind", ["used", "late", "guessed"])
async def test_a_used_late_or_guessed_invitation_opens_nothing(served, kind):
    token = served.invited()
    async with served.client() as client, served.client() as other:
        if kind == "used":
            await other.post("/join", data={"token": token, "name": "Bob"})
        if kind == "late":
            served.clock.wait(days=15)
        token = "guess" if kind == "guessed" else token
        assert (await client.get(f"/join/{token}")).status_code == 403
        reply = await client.post("/join", data={"token": token, "name": "Ann"})
        assert reply.status_code == 403
        assert (await client.get("/")).status_code == 401


async def test_a_name_that_is_taken_leaves_the_invitation_open(served):
    token = served.invited()
    async with served.client("Ann"), served.client() as client:
        reply = await client.post("/join", data={"token": token, "name": "ann"})
        assert reply.status_code == 409
        sent = fields(reply, "/join")
        assert sent["name"] == ["ann"]
        assert (await client.post("/join", data=sent | {"name": "Bea"})).status_code == 200
    assert len([one for one in served.all(select(Invite)) if one.used]) == 2


async def test_the_cookie_is_for_this_server_alone(served):
    token = served.invited()
    async with served.client() as client:
        reply = await client.post(
            "/join", data={"token": token, "name": "Ann"}, follow_redirects=False
        )
    cookie = reply.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    [session] = served.all(select(Session))
    assert session.digest not in cookie


async def test_with_https_the_cookie_is_safe(tmp_path):
    served = Served(tmp_path, serving=ServeConfig(accounts=True, https=True))
    async with served.client() as client:
        sent = {"token": served.invited(), "name": "Ann"}
        reply = await client.post("/join", data=sent, follow_redirects=False)
    cookie = reply.headers["set-cookie"]
    assert cookie.startswith("__Host-webqa=")
    assert "; Secure" in cookie
    assert "Path=/" in cookie
    assert "Domain" not in cookie


async def test_signing_out_here_and_everywhere(served):
    async with served.client("Ann") as here:
        ann = served.all(select(Person))[0]
        async with served.client() as there:
            await there.post("/join", data={"token": served.invited(person=ann)})
            assert (await there.get("/")).status_code == 200
            await here.post("/sign-out")
            assert (await here.get("/")).status_code == 401
            assert (await there.get("/")).status_code == 200
            await here.post("/join", data={"token": served.invited(person=ann)})
            await there.post("/sign-out", data={"everywhere": "yes"})
            assert (await here.get("/")).status_code == 401
    assert not served.all(select(Session))


async def test_a_session_ends_by_itself(served):
    async with served.client("Ann") as client:
        served.clock.wait(days=15)
        assert (await client.get("/")).status_code == 401


async def test_nobody_gets_nothing(served):
    async with served.client() as client:
        replies = [
            await client.get("/campaign/1"),
            await begin(client),
            await client.get("/task/x"),
            await client.post("/task/x/draft"),
            await client.post("/task/x/draft", headers={"accept": "application/json"}),
        ]
    assert {one.status_code for one in replies} == {401}
    assert "error" in replies[-1].json()


@pytest.mark.parametrize("role", ["rater", "reviewer", "admin"])
async def test_each_role_sees_what_it_may(served, role):
    allowed = 403 if role == "rater" else 200
    async with served.client("Ann", role) as client:
        assert (await client.get("/campaign/1")).status_code == 200
        for page in ("/dashboard", "/dashboard/1", "/item/1"):
            assert (await client.get(page)).status_code == allowed, page
        settle = await client.post("/item/1/settle", data={"overall": "1"})
        assert settle.status_code == allowed


async def test_without_accounts_whoever_comes_is_the_one_person(tmp_path):
    served = Served(tmp_path, [a_task()])
    async with served.client() as client:
        assert (await client.get("/")).status_code == 200
        assert "Sign out" not in (await client.get("/")).text
    assert [one.role for one in served.all(select(Person))] == ["admin"]


async def test_the_code_is_told_once_nothing_is_left(served):
    async with served.client("Ann") as client:
        assert "OK1" not in (await client.get("/campaign/1")).text
        page = await begin(client)
        sent = fields(page) | {"overall": "0"}
        over = await client.post(f"{address(page)}/submit", data=sent)
        assert address(over) == "/campaign/1"
        assert "OK1" in over.text
    async with served.client("Bob") as other:
        assert "OK1" not in (await other.get("/campaign/1")).text, "who did nothing earned nothing"


async def test_who_cannot_be_looked_up_is_not_told_to_sign_in(tmp_path):
    served = Served(tmp_path, [a_task()], serving=ServeConfig(accounts=True))
    async with served.client("Ada") as client:
        served.store.write(lambda one: one.execute(text("ALTER TABLE session RENAME TO gone")))
        for page in ("/", "/campaign/1"):
            assert (await client.get(page)).status_code == 503


async def test_whoever_comes_by_stays_signed_in_and_others_do_not(tmp_path):
    serving = ServeConfig(accounts=True, session_days=14, session_idle_days=7)
    served = Served(tmp_path, serving=serving)
    async with served.client("Ann") as ann, served.client("Bob") as bob:
        served.clock.wait(minutes=59)
        await ann.get("/")
        before = {one.seen for one in served.all(select(Session))}
        assert len(before) == 1
        served.clock.wait(days=6)
        assert (await ann.get("/")).status_code == 200
        assert {one.seen for one in served.all(select(Session))} > before
        served.clock.wait(days=6)
        assert [(await one.get("/")).status_code for one in (ann, bob)] == [200, 401]
        served.clock.wait(days=2)
        assert (await ann.get("/")).status_code == 401


class Full:
    """A store whose disk is full."""

    def __init__(self, store):
        self.reading = store.reading

    def write(self, _work):
        raise NotSaved("the disk is full")


async def test_a_page_is_shown_also_where_the_visit_cannot_be_noted(served):
    async with served.client("Ann") as ann:
        signed_in = ann.cookies
    served.clock.wait(hours=2)
    served.application = make_application(
        Full(served.store), served.serving, secret=SECRET, now=served.clock
    )
    async with served.client() as ann:
        ann.cookies = signed_in
        assert (await ann.get("/")).status_code == 200
