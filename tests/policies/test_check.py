"""The contract check passes a sound policy and names the fault of each unsound one."""

import random

import pytest

from env.records import Completion
from env.web.check import ContractError, check_page
from policies.check import PAGES, check_policy
from policies.extractive import ExtractivePolicy

LINES = ("search", "click", "quote", "find", "down", "up", "top", "back")


class Careful:
    """Tries every command that is listed, once in each place of a fixed order."""

    name = "careful"

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.turn = 0

    async def act(self, observation):
        if observation.answering:
            return Completion("Blue light is scattered most [1].")
        name = LINES[self.turn % len(LINES)]
        self.turn += 1
        if self.turn > 9:
            return Completion("End: Answer")
        return Completion(
            self.line(name if name in observation.commands else "search", observation)
        )

    def line(self, name, observation):
        word = self.random.choice(observation.text.split() or ["sky"])
        return {
            "search": "Search sky sea blue",
            "click": f"Clicked on link {(observation.links or (0,))[0]}",
            "find": f"Find in page: {word}",
            "quote": f"Quote: {word}",
            "down": "Scrolled down 1",
            "up": "Scrolled up 3",
        }.get(name, name.capitalize())


async def test_a_sound_policy_passes():
    await check_policy(Careful)


async def test_the_default_policy_passes():
    await check_policy(lambda seed: ExtractivePolicy(), seeds=(0,))


class Raises(Careful):
    async def act(self, observation):
        if observation.notice:
            raise KeyError("notice")
        return await super().act(observation)


class WritesNothing(Careful):
    async def act(self, observation):
        return None


class WritesText(Careful):
    async def act(self, observation):
        return "Search sky"


class WritesNonsense(Careful):
    def line(self, name, observation):
        return "Let me think." if self.turn == 3 else super().line(name, observation)


class IgnoresTheList(Careful):
    def line(self, name, observation):
        return "Back"


class DrawsAnew(Careful):
    def __init__(self, seed):
        super().__init__(None)


class NeedsItsPast(Careful):
    async def act(self, observation):
        if observation.answering and not self.turn:
            raise RuntimeError("nothing was read")
        return await super().act(observation)


class AnswersOnce(Careful):
    answered = False

    async def act(self, observation):
        if observation.answering and self.answered:
            raise RuntimeError("answered already")
        self.answered = self.answered or observation.answering
        return await super().act(observation)


class CitesTooMuch(Careful):
    async def act(self, observation):
        done = await super().act(observation)
        return Completion("Blue [1], red [40].") if observation.answering else done


class Nameless(Careful):
    name = ""


@pytest.mark.parametrize(
    ("policy", "message"),
    [
        (Raises, "failing web.* failed: KeyError: 'notice'"),
        (WritesNothing, "failed: TypeError: act must return a Completion with text, not None"),
        (WritesText, "failed: TypeError: act must return a Completion with text, not 'Search sky'"),
        (WritesNonsense, "commands were not possible, the first: 'Let me think.'"),
        (IgnoresTheList, "commands were not possible, the first: 'Back'"),
        (DrawsAnew, "run twice, the episodes differ"),
        (NeedsItsPast, "answering raised RuntimeError: nothing was read"),
        (AnswersOnce, "answering raised RuntimeError: answered already"),
        (CitesTooMuch, r"the answer cites \[40\]"),
        (Nameless, "no name"),
    ],
)
async def test_each_fault_is_named_in_one_line(policy, message):
    with pytest.raises(ContractError, match=message) as caught:
        await check_policy(policy)
    assert "\n" not in str(caught.value)


async def test_what_a_sampled_policy_may_do_can_be_allowed():
    await check_policy(WritesNonsense, invalid_allowed=0.2)
    await check_policy(DrawsAnew, deterministic=False)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.domain)
def test_the_pages_of_the_check_are_pages_as_every_web_makes_them(page):
    check_page(page)
