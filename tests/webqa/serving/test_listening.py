"""How serving ends: told to, it is done; interrupted, it is not."""

import signal

import pytest

from webqa.cli.loop import Loop
from webqa.serving.listening import until_told


async def told(by):
    try:
        signal.raise_signal(by)
    finally:
        steps.append("closed")


steps = []


@pytest.fixture(autouse=True)
def nothing_done():
    steps.clear()


def test_being_told_to_end_is_an_end():
    before = signal.getsignal(signal.SIGTERM)
    with Loop() as loop, until_told():
        loop.complete(told(signal.SIGTERM))
        steps.append("went on")
    assert steps == ["closed"]
    assert signal.getsignal(signal.SIGTERM) == before


def test_an_interruption_stays_one():
    with pytest.raises(KeyboardInterrupt), Loop() as loop, until_told():
        loop.complete(told(signal.SIGINT))
    assert steps == ["closed"]


def test_errors_are_not_kept_quiet():
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(OSError, match="no socket"), until_told():
        raise OSError("no socket")
    assert signal.getsignal(signal.SIGTERM) == before
