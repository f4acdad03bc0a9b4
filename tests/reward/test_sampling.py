"""Many answers to each question: whole records, one reading of each browse, and going on."""

import asyncio
import random

import pytest

from env.errors import ConfigError
from env.records import Completion, Episode, Question, from_json, make_page, to_json
from env.web.memory import MemoryWeb
from policies.base import Limits, Setup, episode_id
from reward.sampling import (
    Browse,
    SampleConfig,
    answers_again,
    check,
    cost_of,
    remaining,
    sample,
    sample_all,
    sample_browse,
)

TEXT = "The sky is blue because air scatters blue light."
WEB = MemoryWeb([make_page("https://a.example/", "Sky", TEXT, domain="a.example")])
QUESTIONS = [Question("q1", "Why is the sky blue?"), Question("q2", "What scatters light?")]
LINES = ("Search sky", "Clicked on link 0", "Quote: air scatters blue light", "End: Answer")
SETUP = Setup(WEB, run="r")
TWO_BY_THREE = SampleConfig(browses=2, answers=3)


class Drawing:
    """Browses as the lines say and draws its answer; some of its tokens it knows already."""

    name = "drawing"

    def __init__(self, seed, lines=LINES, gate=None):
        self.seed = seed
        self._lines = iter(lines)
        self._gate = gate

    async def act(self, observation):
        """Write the next line, or the answer."""
        if not observation.answering:
            return Completion(next(self._lines), prompt_tokens=100, completion_tokens=5)
        if self._gate:
            await self._gate()
        drawn = random.Random(self.seed).random()
        return Completion(
            f"It scatters {drawn:.12f} [1].",
            prompt_tokens=50,
            cached_tokens=40,
            completion_tokens=7,
        )


async def test_every_answer_is_a_whole_episode_of_its_own():
    rollouts = await sample(Drawing, QUESTIONS[0], SETUP, TWO_BY_THREE)
    episodes = [rollout.episode for rollout in rollouts]
    assert [one.attempt for one in episodes] == [0, 1, 2, 3, 4, 5]
    assert [one.id for one in episodes] == [episode_id("r", "q1", n) for n in range(6)]
    assert [one.parent for one in episodes] == [
        "", episodes[0].id, episodes[0].id, "", episodes[3].id, episodes[3].id
    ]  # fmt: skip
    assert len({one.seed for one in episodes}) == 6
    assert len({one.answer.text for one in episodes}) == 6
    for one in episodes:
        written = [step.completion.text for step in one.steps]
        assert written[:-1] == list(LINES)
        assert one.steps[-1].observation.answering
        assert (one.ended, one.stopped_by) == ("answered", "command")
        assert one.answer.quotes[0].text == "air scatters blue light"
        assert from_json(to_json(one), Episode) == one


async def test_the_same_seed_draws_the_same_and_another_one_others():
    async def drawn(seed):
        rollouts = await sample(Drawing, QUESTIONS[0], SETUP, TWO_BY_THREE, seed=seed)
        return [one.episode.answer.text for one in rollouts]

    assert await drawn(1) == await drawn(1)
    assert not set(await drawn(1)) & set(await drawn(2))


async def test_answers_to_one_browse_are_written_at_the_same_time():
    """Fails when they are written one after the other: then nothing could be shared."""
    waiting = asyncio.Barrier(3)
    passed = iter([False])

    async def gate():
        if next(passed, True):  # the first one answers before the others begin
            await asyncio.wait_for(waiting.wait(), 5)

    def make(seed):
        return Drawing(seed, gate=gate)

    rollouts = await sample(make, QUESTIONS[0], SETUP, SampleConfig(1, 4))
    assert [one.episode.ended for one in rollouts] == ["answered"] * 4


async def test_an_answer_again_costs_only_itself():
    rollouts = await sample(Drawing, QUESTIONS[0], SETUP, TWO_BY_THREE)
    found = cost_of(rollout.episode for rollout in rollouts)
    assert (found.browses, found.answers) == (2, 6)
    assert (found.browsing_read, found.browsing_written) == (2 * 4 * 100, 2 * 4 * 5)
    assert (found.answering_read, found.answering_written) == (6 * 10, 6 * 7)
    assert found.shared == 6 * 40
    assert found.tokens == 800 + 40 + 60 + 42
    again = rollouts[1].episode
    assert (again.prompt_tokens, again.completion_tokens) == (50, 7)
    assert again.seconds <= sum(rollout.episode.seconds for rollout in rollouts)


@pytest.mark.parametrize(
    ("lines", "ended"),
    [
        (("End: Answer",), "unanswered"),
        (("End: Controversial",), "controversial"),
        ((), "failed"),
    ],
)
async def test_a_browse_without_anything_to_answer_from_is_one_episode(lines, ended):
    rollouts = await sample(
        lambda seed: Drawing(seed, lines), QUESTIONS[0], SETUP, SampleConfig(1, 4)
    )
    assert [rollout.episode.ended for rollout in rollouts] == [ended]
    recorded = [rollout.episode for rollout in rollouts]
    assert remaining(QUESTIONS[:1], SampleConfig(1, 4), "r", recorded) == []


async def test_an_answer_that_fails_is_recorded_and_the_others_are_there():
    made = []

    def make(seed):
        made.append(seed)
        if len(made) == 2:

            async def gate():
                raise OSError("gone")

            return Drawing(seed, gate=gate)
        return Drawing(seed)

    rollouts = await sample(make, QUESTIONS[0], SETUP, SampleConfig(1, 3))
    ended = [(one.episode.ended, one.episode.error) for one in rollouts]
    assert ended == [("answered", ""), ("failed", "OSError: gone"), ("answered", "")]
    assert cost_of([rollouts[1].episode]).tokens == 0  # what its parent browsed is not its own


async def everything(questions, recorded=()):
    """Return all episodes of a run, going on with those that are recorded."""
    episodes = list(recorded)
    browses = remaining(questions, TWO_BY_THREE, "r", recorded)
    async for one in sample_all(Drawing, browses, SETUP, TWO_BY_THREE, concurrency=3):
        episodes += [rollout.episode for rollout in one.rollouts]
    return episodes


def drawn(episodes):
    return {one.id: (one.seed, one.parent, one.answer.text) for one in episodes}


@pytest.mark.parametrize("kept", [0, 1, 2, 5, 6, 11, 12])
async def test_a_run_that_was_stopped_anywhere_ends_with_the_same_answers(kept):
    """Fails when a resumed run draws others, or makes again what is there."""
    whole = sorted(await everything(QUESTIONS), key=lambda one: (one.question.id, one.attempt))
    assert len(whole) == 12
    again = await everything(QUESTIONS, whole[:kept])
    assert len(again) == len({one.id for one in again}) == 12
    assert drawn(again) == drawn(whole)


async def test_more_browses_may_be_added_later():
    first = await everything(QUESTIONS)
    left = remaining(QUESTIONS, SampleConfig(3, 3), "r", first)
    assert [(one.question.id, one.number, one.done) for one in left] == [
        ("q1", 2, frozenset()), ("q2", 2, frozenset())
    ]  # fmt: skip


async def test_quotes_and_the_first_attempt_are_passed_on():
    kept = (await sample(Drawing, QUESTIONS[0], SETUP, SampleConfig(1, 1)))[0].episode.answer.quotes
    rollouts = await sample(
        lambda seed: Drawing(seed, ("End: Answer",)),
        QUESTIONS[1],
        SETUP,
        SampleConfig(2, 2),
        first=7,
        quotes=kept,
    )
    assert [rollout.episode.attempt for rollout in rollouts] == [7, 8, 9, 10]
    assert all(rollout.episode.answer.quotes == kept for rollout in rollouts)


async def test_stopping_the_sampling_stops_what_is_under_way():
    started = []

    async def gate():
        started.append(1)
        await asyncio.sleep(60)

    browses = [Browse(question, 0) for question in QUESTIONS]
    sampled = sample_all(lambda seed: Drawing(seed, gate=gate), browses, SETUP, TWO_BY_THREE)
    task = asyncio.create_task(anext(sampled))
    while not started:
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(asyncio.all_tasks()) == 1


async def test_numbers_below_one_are_refused():
    for config in (SampleConfig(0, 1), SampleConfig(1, 0)):
        with pytest.raises(ConfigError, match="must be at least 1"):
            check(config)
    with pytest.raises(ConfigError, match="concurrency"):
        await anext(sample_all(Drawing, [], SETUP, TWO_BY_THREE, concurrency=0))


async def test_a_recorded_browse_is_not_browsed_again():
    made = await sample_browse(Drawing, Browse(QUESTIONS[0], 0), SETUP, SampleConfig(1, 1))
    parent = made.rollouts[0].episode

    def make(seed):
        return Drawing(seed, ())  # it could not browse

    browse = Browse(QUESTIONS[0], 0, parent, frozenset({0}))
    more = await sample_browse(make, browse, SETUP, SampleConfig(1, 3))
    assert [rollout.episode.parent for rollout in more.rollouts] == [parent.id, parent.id]


async def test_an_answer_that_takes_too_long_is_made_of_the_quotes():
    async def gate():
        await asyncio.sleep(60)

    parent = (await sample(Drawing, QUESTIONS[0], SETUP, SampleConfig(1, 1)))[0].episode
    setup = Setup(WEB, run="r", limits=Limits(seconds=0.05))
    (rollout,) = await answers_again(lambda seed: Drawing(seed, gate=gate), parent, setup, [1])
    assert rollout.episode.answer.text == "air scatters blue light [1]"
    assert (rollout.episode.ended, rollout.episode.parent) == ("answered", parent.id)
    assert len(rollout.episode.steps) == len(parent.steps)


async def test_what_never_came_to_answering_cannot_be_answered_again():
    rollouts = await sample(lambda seed: Drawing(seed, ()), QUESTIONS[0], SETUP, TWO_BY_THREE)
    with pytest.raises(ValueError, match="before there was anything to answer from"):
        await answers_again(Drawing, rollouts[0].episode, SETUP, [1])
