"""Answers that are submitted: what has to be confirmed before, and where it goes on afterwards."""

import pytest

from env.records import Question
from tests.webqa.rating.served_pages import begin, fields
from tests.webqa.rating.site.demonstrated_pages import (
    ServedQuestions,
    act,
    address,
    answer,
    answering,
    episodes,
    shown,
)


async def test_who_submitted_or_skipped_goes_on_with_the_next_question_or_stops(tmp_path):
    served = ServedQuestions(tmp_path, questions=[Question(f"q{n}", f"Why {n}?") for n in range(4)])
    async with served.client() as client:
        found = [await begin(client)]
        for then in ("next", "rest"):
            page = await act(client, found[-1], "nonsense")
            sent = fields(page, "answer") | {"then": then}
            found.append(await client.post(f"{address(page)}/answer", data=sent))
            again = await client.post(f"{address(page)}/answer", data=sent)
            assert address(again) == address(found[-1]), "sent twice it leads to the same"
        first, second, stopped = map(address, found)
        page = await begin(client)
        skipped = await client.post(f"{address(page)}/skip", data={"reason": "no"})
    assert stopped == "/campaign/1"
    assert len({first, second, address(page), address(skipped)}) == 4
    assert address(skipped).startswith("/demonstrate/")
    assert len(episodes(served)) == 2


async def test_marks_without_a_quote_are_told_before_it_is_submitted(tmp_path):
    served = ServedQuestions(tmp_path)
    async with served.client() as client:
        page = await answering(client, await begin(client))
        page = await answer(client, page, "It scatters. [1][3] And more.", then="next")
        assert page.status_code == 422
        assert "[3] names no quote" in shown(page)
        assert "Cites nothing: “And more.”" in shown(page)
        assert episodes(served) == []
        await answer(client, page, "It scatters. [1][3]", then="next", removed="yes")
    assert episodes(served)[0].answer.removed == (3,)


async def test_an_empty_answer_has_to_be_confirmed(tmp_path):
    served = ServedQuestions(tmp_path)
    async with served.client() as client:
        page = await answering(client, await begin(client))
        page = await answer(client, page, " ", then="next")
        assert page.status_code == 422
        await answer(client, page, " ", then="next", nothing="yes")
    assert episodes(served)[0].ended == "unanswered"


@pytest.mark.parametrize("ended", ["nonsense", "controversial"])
async def test_a_question_can_be_ended_without_an_answer(tmp_path, ended):
    served = ServedQuestions(tmp_path)
    async with served.client() as client:
        page = await act(client, await begin(client), ended)
        sent = fields(page, "answer") | {"then": "next"}
        await client.post(f"{address(page)}/answer", data=sent)
    assert episodes(served)[0].ended == ended


async def test_sent_twice_it_is_one_rating(tmp_path):
    served = ServedQuestions(tmp_path)
    async with served.client() as client:
        page = await answering(client, await begin(client))
        sent = fields(page, "answering") | {"answer": "So. [1]", "then": "next"}
        replies = [await client.post(f"{address(page)}/answer", data=sent) for _ in range(2)]
        other = await client.post(f"{address(page)}/answer", data=sent | {"key": "another"})
        act_again = await client.post(f"{address(page)}/act", data=sent | {"command": "top"})
    assert [one.status_code for one in replies] == [200, 200]
    assert (other.status_code, act_again.status_code) == (409, 409)
    assert len(episodes(served)) == 1


async def test_an_answer_that_is_too_long_is_given_back_whole(tmp_path):
    served = ServedQuestions(tmp_path)
    async with served.client() as client:
        page = await answering(client, await begin(client))
        page = await answer(client, page, "x" * 20_001, then="next")
    assert page.status_code == 422
    assert "x" * 20_001 in page.text
