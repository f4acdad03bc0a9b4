"""The deadline: work is limited as a whole, waiting for a turn apart from it."""

import asyncio

import pytest

from env.errors import TimedOut
from env.web.fetch.deadline import deadline
from tests.env.web.fetch.leaping import leap, now


async def spend(*spans):
    """Work for positive numbers of seconds, wait for negative ones."""
    async with deadline(20, 60) as limit:
        limit.host = "a.example"
        for seconds in spans:
            if seconds > 0:
                await asyncio.sleep(seconds)
            else:
                with limit.turn():
                    await asyncio.sleep(-seconds)
        return limit.left()


def test_waiting_is_not_counted_as_work():
    assert leap(spend(5, -30, 5, -29, 5)) == pytest.approx(5)


@pytest.mark.parametrize(
    ("spans", "ended", "words"),
    [
        ((21,), 20, "a.example did not answer within 20 seconds"),
        ((12, -30, 12), 50, "a.example did not answer within 20 seconds"),
        ((-61,), 60, "a.example is busy: no turn within 60 seconds"),
        ((3, -40, 3, -40), 66, "a.example is busy: no turn within 60 seconds"),
    ],
)
def test_what_runs_out_is_told(spans, ended, words):
    async def go():
        with pytest.raises(TimedOut) as caught:
            await spend(*spans)
        assert (str(caught.value), caught.value.reason) == (words, "time")
        assert now() == pytest.approx(ended)

    leap(go())


def test_other_timeouts_and_cancellation_pass_through():
    async def go():
        with pytest.raises(TimeoutError, match="other"):
            async with deadline(1, 1):
                raise TimeoutError("other")
        task = asyncio.create_task(spend(-30))
        await asyncio.sleep(1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    leap(go())
