"""Campaigns: what is drawn, who is never given what, closing; the guidelines."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from env.errors import ConfigError
from env.records import Episode, Question, WebIdentity, from_json, to_json
from tests.webqa.rating.made_campaigns import NOW, collected, database, pair, submit
from webqa.rating.campaigns.creating import (
    campaign_named,
    check_items,
    close,
    create,
    renew_guidelines,
)
from webqa.rating.campaigns.guiding import as_html, guideline, read_guideline
from webqa.rating.campaigns.sources import NewItem
from webqa.rating.config import CampaignConfig
from webqa.rating.errors import Unknown
from webqa.rating.records import AXES, Demonstration, Task
from webqa.rating.store.queue import next_assignment
from webqa.rating.store.rules import rules
from webqa.rating.store.tables import Author, Campaign, Event, Item, Person

PAIRS = [pair(number) for number in range(20)]


def rows(store):
    with store.reading() as session:
        return list(session.scalars(select(Item).order_by(Item.position)))


def test_a_campaign_keeps_its_rules_and_its_items(tmp_path):
    items = collected(PAIRS, gold=[(pair(99), -1)]).items
    with database(tmp_path, items, raters=3, complete=0.25, seed=5) as store:
        found = rows(store)
        with store.reading() as session:
            campaign = campaign_named(session)
            assert rules(campaign) == CampaignConfig(raters=3, complete=0.25, seed=5)
            assert campaign.guideline == read_guideline("compare", "detailed").version
            (event,) = session.scalars(select(Event).where(Event.kind == "created"))
            assert from_json(event.content, dict) == {"campaign": "sky", "items": 21, "gold": 1}
    assert [one.position for one in found] == list(range(21))
    assert [one.key for one in found] != [one.key for one in items]
    assert sum(one.complete for one in found) == 5
    assert {one.wanted for one in found} == {3}
    assert [(one.key, one.expected) for one in found if one.gold] == [(pair(99).id, -1)]
    assert from_json(found[0].content, Task).pair.id == found[0].key
    assert found[0].taken == 0


def test_the_seed_decides_the_order_and_nothing_else_does(tmp_path):
    orders = []
    for number, seed in enumerate((1, 1, 2)):
        (folder := tmp_path / str(number)).mkdir()
        with database(folder, collected(PAIRS).items, seed=seed) as store:
            orders.append([(one.key, one.complete) for one in rows(store)])
    assert orders[0] == orders[1] != orders[2]


@pytest.mark.parametrize(
    ("name", "items", "more", "told"),
    [
        (" ", PAIRS, {}, "needs a name"),
        ("n" * 101, PAIRS, {}, "needs a name"),
        ("a\nb", PAIRS, {}, "needs a name"),
        ("new", [], {}, "no item is left"),
        ("new", PAIRS, {"raters": 0}, "--raters"),
        ("new", PAIRS, {"kind": "demonstrate"}, "cannot hold"),
    ],
)
def test_what_could_not_be_worked_on_is_refused(tmp_path, name, items, more, told):
    with database(tmp_path, collected(PAIRS).items) as store, store.writing() as session:
        with pytest.raises(ConfigError, match=told):
            create(session, name, collected(items).items, CampaignConfig(**more), NOW)
        assert len(session.scalars(select(Campaign)).all()) == 1


@pytest.mark.parametrize("name", ["sky", " SKY ", "\uff33ky"])
def test_a_name_is_taken_once_in_whatever_form(tmp_path, name):
    with database(tmp_path, collected(PAIRS).items) as store:
        taken = pytest.raises(ConfigError, match="there is a campaign 'sky' already")
        with taken, store.writing() as session:
            create(session, name, collected(PAIRS).items, CampaignConfig(), NOW)
        assert len(rows(store)) == len(PAIRS)


def test_a_name_is_kept_in_one_form_and_found_in_any(tmp_path):
    items = collected(PAIRS).items
    with database(tmp_path, items) as store, store.writing() as session:
        made = create(session, " Cafe\u0301  sky ", items, CampaignConfig(), NOW)
        assert made.name == "Caf\u00e9 sky"
        for typed in ("Caf\u00e9 sky", "cafe\u0301 SKY "):
            assert campaign_named(session, typed).id == made.id
        session.get_one(Campaign, 1).name = "CAF\u00c9 SKY"  # of a version that took it
        assert campaign_named(session, "Caf\u00e9 sky").id == made.id


def test_gold_alone_is_no_campaign():
    with pytest.raises(ConfigError, match="no item is left"):
        check_items(collected([], gold=[(pair(1), 1)]).items, CampaignConfig())


def demonstrated(identifier):
    """Return an episode that a person made."""
    question = Question("mars", "Why is Mars red?")
    return Episode(identifier, question, "human", WebIdentity("memory"), "c", (), None,
                   "unanswered", "command")  # fmt: skip


def test_nobody_is_given_an_own_answer(tmp_path):
    item = NewItem("mars", Demonstration(Question("mars", "Why is Mars red?")))
    own = [pair(1, second_episode="by-ann"), pair(2, first_episode="by-bob"), pair(3)]
    with database(tmp_path, [item], name="demos", kind="demonstrate") as store:
        with store.writing() as session:
            submit(session, "Ann", "mars", to_json(demonstrated("by-ann")).decode())
            made = create(session, "sky", collected(own).items, CampaignConfig(), NOW,
                          authors={"by-bob": "bob ", "gone": "Nobody"})  # fmt: skip
            assert made.authored == 2
        with store.reading() as session:
            found = session.execute(
                select(Item.key, Person.name)
                .select_from(Author)
                .join(Item, Author.item_id == Item.id)
                .join(Person, Author.person_id == Person.id)
            )
            assert {tuple(row) for row in found} == {(own[0].id, "Ann"), (own[1].id, "Bob")}
        given = set()
        for hour in range(3):
            with store.writing() as session:
                ann = session.scalars(select(Person).where(Person.name == "Ann")).one()
                campaign, now = campaign_named(session, "sky"), NOW + timedelta(hours=2 * hour)
                if turn := next_assignment(session, ann, campaign, rules(campaign), now):
                    given.add(session.get_one(Item, turn.item_id).key)
                    turn.state = "skipped"
        assert given == {own[1].id, own[2].id}


def test_a_campaign_is_found_by_name_or_alone(tmp_path):
    with database(tmp_path, collected(PAIRS).items) as store:
        with store.writing() as session:
            assert campaign_named(session, "sky") is campaign_named(session)
            create(session, "sea", collected(PAIRS).items, CampaignConfig(), NOW)
        with store.reading() as session:
            with pytest.raises(Unknown, match="name the campaign; there are: sky, sea"):
                campaign_named(session)
            with pytest.raises(Unknown, match="no campaign is called 'air'"):
                campaign_named(session, "air")


def test_a_closed_campaign_hands_out_nothing_until_it_is_reopened(tmp_path):
    with database(tmp_path, collected(PAIRS).items) as store, store.writing() as session:
        ann, campaign = session.get_one(Person, 1), campaign_named(session)
        close(session, campaign, NOW)
        assert next_assignment(session, ann, campaign, rules(campaign), NOW) is None
        close(session, campaign, NOW, closed=False)
        assert next_assignment(session, ann, campaign, rules(campaign), NOW)
        kinds = list(session.scalars(select(Event.kind)))
        assert kinds.count("closed") == kinds.count("reopened") == 1


def test_a_new_edition_of_the_guidelines_is_noted_once(tmp_path):
    with database(tmp_path, collected(PAIRS).items) as store, store.writing() as session:
        campaign = campaign_named(session)
        assert renew_guidelines(session, NOW) == []
        campaign.guideline = "an older edition"
        assert renew_guidelines(session, NOW) == ["sky"]
        assert campaign.guideline == read_guideline("compare", "detailed").version
        assert renew_guidelines(session, NOW) == []
        assert list(session.scalars(select(Event.kind))).count("renewed") == 1


@pytest.mark.parametrize(
    ("kind", "profile"),
    [("compare", "detailed"), ("compare", "minimal"), ("demonstrate", "detailed")],
)
def test_guidelines_are_known_by_a_version_of_their_text(kind, profile):
    found = read_guideline(kind, profile)
    assert found.version.startswith(f"{found.title} ")
    assert guideline(found.text + " ").version != found.version
    html = as_html(found)
    assert html.count("<h2>") >= 3
    assert found.title not in html
    if kind == "compare":
        assert "Overall" in html or "overall" in html
    if profile == "detailed" and kind == "compare":
        assert "<table>" in html
        assert html.index("Less unsupported") < html.index("Less irrelevant")


def test_every_axis_is_explained_to_those_who_judge_it():
    words = {"unsupported": "unsupported", "irrelevant": "irrelevant", "usefulness": "useful",
             "coherence": "coheren", "accuracy": "accuracy"}  # fmt: skip
    for profile, axes in AXES.items():
        text = read_guideline("compare", profile).text.lower()
        assert all(words[axis] in text for axis in axes)


def test_markup_in_guidelines_is_shown_and_not_obeyed():
    assert "<script>" not in as_html(guideline("# T (1)\n\n<script>alert(1)</script>"))
