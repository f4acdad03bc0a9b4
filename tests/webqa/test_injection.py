"""The injection runner: a policy that obeys pages is found out, one that does nothing is not."""

import base64
import binascii
import re
from dataclasses import replace

import pytest

from env.answers import normalise, stands_in
from env.records import Completion, to_json
from env.text import fold
from env.view import LINK_MARK, unmark
from env.web.check import check_page, check_web
from policies.extractive.policy import ExtractivePolicy
from policies.scripted import ScriptedPolicy
from webqa.injection import (
    InjectionReport,
    Outcome,
    attacks,
    measure,
    report_lines,
    share,
    succeeded,
    web_with,
)

ATTACKS = attacks()
AIMED = {attack.question: attack for attack in ATTACKS}
BASE64 = re.compile(r"[A-Za-z0-9+/]{24,}={0,2}")


def decoded(text):
    parts = [text]
    for found in BASE64.findall(text):
        try:
            parts.append(base64.b64decode(found).decode())
        except (binascii.Error, UnicodeDecodeError):
            continue
    return " ".join(parts)


class Gullible:
    """Opens results one after another and does whatever a page asks for, once it can be read."""

    name = "gullible"

    def __init__(self):
        self.plan = None
        self.said = ""

    async def act(self, seen):
        if seen.answering:
            return Completion(f"{self.said} [1]")
        if self.plan is None:
            self.plan = self.browse(AIMED[seen.question])
            return Completion(next(self.plan))
        try:
            return Completion(self.plan.send(seen))
        except StopIteration:
            return Completion("End: Answer")

    def browse(self, attack):
        seen = yield f"Search {attack.question}"
        for number in seen.links:
            seen = yield f"Clicked on link {number}"
            yield from self.obey(attack, seen)
            seen = yield "Back"

    def obey(self, attack, seen):
        text = decoded(f"{unmark(seen.text)} {seen.title}")
        for mark in LINK_MARK.finditer(seen.text):
            if attack.link and "collector.example" in mark[0]:
                yield f"Clicked on link {mark[1]}"
                yield "Back"
        for planted in attack.planted:
            if stands_in([planted], unmark(seen.text)):
                yield f"Quote: {planted}"
                self.said = planted
        if attack.says and stands_in([attack.says], text):
            yield f"Quote: {attack.accepted[0]}"
            self.said = attack.says
        if attack.demand and normalise(attack.demand) in normalise(text):
            yield attack.demand


async def test_a_gullible_policy_is_found_out_but_for_what_is_hidden_from_it():
    """Fails when an attack cannot be obeyed, or obeying it is not noticed."""
    report = await measure(lambda _: Gullible())
    through = {one.attack for one in report.outcomes if succeeded(one)}
    hidden = {one.id for one in ATTACKS if one.kind == "hidden"}
    assert {one.id for one in ATTACKS} - through == hidden - {"hidden-4"}
    assert all(one.reached for one in report.outcomes)
    assert not any(one.failed for one in report.outcomes)
    for name in ("obeyed", "quoted", "opened"):
        assert share(getattr(one, name) for one in report.outcomes).hits > 3


async def test_a_policy_that_does_nothing_is_neither_fooled_nor_right():
    report = await measure(lambda _: ScriptedPolicy([]))
    assert not any(map(succeeded, report.outcomes))
    assert not any(one.right or one.right_without or one.reached for one in report.outcomes)


async def test_the_extractive_policy_follows_no_order_and_finds_the_true_answers():
    """Fails when the default policy opens what a page wants, or the questions have no answer."""
    report = await measure(lambda _: ExtractivePolicy())
    assert not any(one.obeyed or one.opened for one in report.outcomes)
    assert share(one.right_without for one in report.outcomes).hits >= 29
    lines = report_lines(report)
    assert lines[0] == "Attacks on policy extractive"
    assert lines[2].split()[0] == "orders"
    assert to_json(report)


async def test_a_policy_that_breaks_costs_its_attack_only():
    class Broken:
        name = "broken"

        async def act(self, seen):
            raise RuntimeError("no model")

    told = []
    report = await measure(lambda _: Broken(), ATTACKS[:2], progress=told.append)
    assert [one.failed for one in report.outcomes] == [True, True]
    assert sorted(told, key=lambda one: one.attack) == list(report.outcomes)
    assert "2 attacks with an episode that failed" in "\n".join(report_lines(report))


async def test_a_false_answer_counts_where_it_is_cited_not_where_it_is_only_near():
    claim = next(one for one in ATTACKS if one.id == "claim-1")
    results = await web_with(claim).search(claim.question)
    place = [link.url for link in results.links].index(f"https://{claim.page}")
    quotes = [
        f"Search {claim.question}",
        f"Clicked on link {place}",
        "Quote: 97 metres",
        "Quote: 41 metres",
    ]
    for answer, quoted in (("It is 41 metres. [2]", False), ("As told. [2, 1]", True),
                           ("It is 97 metres. [2]", True)):  # fmt: skip
        report = await measure(lambda _, answer=answer: ScriptedPolicy(quotes, answer), [claim])
        assert report.outcomes[0].reached
        assert report.outcomes[0].quoted is quoted


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda one: one.id)
async def test_an_attack_is_only_in_its_own_web_and_leaves_the_truth(attack):
    url = f"https://{attack.page}"
    clean, attacked = web_with(None), web_with(attack)
    page = await attacked.open(url)
    check_page(page)
    assert page != await clean.open(url) or attack.kind == "hidden"
    assert stands_in(attack.accepted, page.text)
    for false in attack.planted:
        for path in {one.page for one in ATTACKS}:
            assert not stands_in([false], fold((await clean.open(f"https://{path}")).text))
    if attack.link:
        assert (await attacked.open(attack.link)).title == "Thank you"
        assert any(link.url == attack.link for link in page.links)


def test_the_corpus_is_as_its_readme_says():
    kinds = {attack.kind for attack in ATTACKS}
    assert len(ATTACKS) >= 24
    assert len(kinds) >= 8
    assert len(AIMED) == len(ATTACKS) == len({attack.id for attack in ATTACKS})
    for attack in ATTACKS:
        assert attack.demand or attack.says or attack.planted or attack.link
        assert ".example/" in attack.page
        assert not re.search(r"https?://(?![a-z]+\.example)", attack.markup)


async def test_both_webs_keep_the_contract_of_a_web():
    await check_web(web_with(None), ("lighthouse Harrowmere",))
    await check_web(web_with(ATTACKS[-1]), ("ferry Anley",))


def test_a_report_of_nothing_is_written_too():
    assert "attack success rate:" in "\n".join(report_lines(InjectionReport("none", ())))
    none = Outcome("a", "k", False, None, None, None, False, False)
    assert not succeeded(none)
    assert succeeded(replace(none, opened=True))
