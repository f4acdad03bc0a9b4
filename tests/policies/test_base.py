"""The runner: every episode comes to an end, and what went wrong stands in its record."""

import asyncio
from contextlib import aclosing
from datetime import UTC, datetime

import pytest

from env.config import BrowserConfig
from env.errors import Blocked, Error
from env.records import SCHEMA, Completion, Episode, Question, Quote, from_json, make_page, to_json
from env.version import VERSION
from env.web.memory import MemoryWeb
from policies.base import Limits, Setup, episode_id, episode_seed, run_episode, run_episodes
from policies.scripted import ScriptedPolicy

TEXT = "The sky is blue because air scatters blue light."
WEB = MemoryWeb([make_page("https://a.example/", "Sky", TEXT, domain="a.example")])
QUESTION = Question("q1", "Why is the sky blue?", "made", ("scattering",))
LINES = ("Search sky", "Clicked on link 0", "Quote: air scatters blue light", "End: Answer")
NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)


def setup(web=WEB, **options):
    return Setup(web, now=lambda: NOON, **options)


async def test_an_episode_is_recorded_whole_and_can_be_stored():
    watched = []
    policy = ScriptedPolicy(LINES, "Air scatters it [1].")
    rollout = await run_episode(
        policy, QUESTION, setup(run="r", configuration="c", watch=watched.append), seed=7, attempt=2
    )
    episode = rollout.episode
    assert (episode.ended, episode.stopped_by, episode.error) == ("answered", "command", "")
    assert [step.completion.text for step in episode.steps] == [*LINES, "Air scatters it [1]."]
    assert episode.answer is not None
    assert episode.answer.quotes[0].text == "air scatters blue light"
    assert episode.id == episode_id("r", "q1", 2)
    assert (episode.policy, episode.web, episode.question) == ("scripted", WEB.identity, QUESTION)
    assert (episode.seed, episode.attempt, episode.configuration) == (7, 2, "c")
    assert (episode.schema, episode.version) == (SCHEMA, VERSION)
    assert episode.started_at == "2026-05-04T12:00:00+00:00"
    assert episode.seconds >= 0
    assert tuple(watched) == episode.steps
    assert [page.text for page in rollout.pages] == [TEXT]
    assert from_json(to_json(episode), Episode) == episode


class Policy:
    """Does what a function says at each observation."""

    name = "made up"

    def __init__(self, act):
        self.act = act


async def write(observation):
    return Completion("Search sky", prompt_tokens=7, completion_tokens=3)


@pytest.mark.parametrize(
    ("returned", "error"),
    [
        (ValueError("a\nb"), "ValueError: a b"),
        (Error(""), "Error"),
        (Blocked("no"), "no"),
        (None, "TypeError: act must return a Completion with text, not None"),
        ("Top", "TypeError: act must return a Completion with text, not 'Top'"),
        (Completion(5), "TypeError: act must return a Completion with text, not Completion(text=5"),
    ],
)
async def test_a_policy_that_fails_is_a_failed_episode(returned, error):
    async def act(observation):
        if not observation.past_actions:
            return Completion("Search sky")
        if isinstance(returned, Exception):
            raise returned
        return returned

    episode = (await run_episode(Policy(act), QUESTION, setup())).episode
    assert (episode.ended, episode.stopped_by, episode.answer) == ("failed", "error", None)
    assert episode.error.startswith(error)
    assert "\n" not in episode.error
    assert len(episode.steps) == 1
    assert from_json(to_json(episode), Episode) == episode


async def test_a_long_error_is_cut():
    async def act(observation):
        raise ValueError("x" * 10_000)

    assert len((await run_episode(Policy(act), QUESTION, setup())).episode.error) == 500


class Web:
    """A web whose every call raises."""

    identity = WEB.identity

    def __init__(self, error):
        self.error = error

    async def search(self, query):
        raise self.error

    async def open(self, url):
        raise self.error


async def test_a_web_error_is_a_notice_and_any_other_fault_a_failed_episode():
    noticed = (
        await run_episode(ScriptedPolicy(LINES), QUESTION, setup(Web(Blocked("no"))))
    ).episode
    assert (noticed.ended, noticed.stopped_by) == ("unanswered", "command")
    assert [step.observation.notice for step in noticed.steps][1] == "Not carried out: no."
    failed = (
        await run_episode(ScriptedPolicy(LINES), QUESTION, setup(Web(OSError("gone"))))
    ).episode
    assert (failed.ended, failed.stopped_by) == ("failed", "error")
    assert failed.error == "OSError: gone"
    assert len(failed.steps) == 1  # what was written when it failed is kept


async def test_a_cancelled_episode_is_not_swallowed():
    async def act(observation):
        await asyncio.sleep(60)

    task = asyncio.create_task(run_episode(Policy(act), QUESTION, setup()))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_text_that_no_file_can_hold_is_made_storable():
    policy = ScriptedPolicy(["Search \ud800"], "\udfff")
    episode = (await run_episode(policy, QUESTION, setup())).episode
    assert episode.ended == "unanswered"
    assert episode.steps[0].completion.text == "Search ?"
    to_json(episode)


async def test_a_limit_of_tokens_stops_browsing():
    episode = (await run_episode(Policy(write), QUESTION, setup(limits=Limits(tokens=25)))).episode
    assert (episode.ended, episode.stopped_by) == ("unanswered", "tokens")
    assert (len(episode.steps), episode.prompt_tokens, episode.completion_tokens) == (3, 21, 9)


async def test_a_limit_of_time_stops_browsing_and_the_answer_follows():
    policy = ScriptedPolicy(["Search sky"] * 50, "Blue [1].")
    kept = (Quote("t", "", ""),)
    limited = setup(limits=Limits(seconds=0))
    episode = (await run_episode(policy, QUESTION, limited, quotes=kept)).episode
    assert (episode.ended, episode.stopped_by, len(episode.steps)) == ("answered", "time", 2)
    assert episode.steps[1].observation.answering


async def test_an_act_that_takes_too_long_is_interrupted_and_the_answer_follows():
    """A model that hangs must not hold an episode; what was quoted before is answered with."""
    lines = iter(LINES[:3])

    async def act(observation):
        if observation.answering:
            return Completion("Air scatters it [1].")
        return Completion(next(lines, None) or await asyncio.sleep(60))

    limited = setup(limits=Limits(seconds=0.2))
    episode = (await run_episode(Policy(act), QUESTION, limited)).episode
    assert (episode.ended, episode.stopped_by, len(episode.steps)) == ("answered", "time", 4)
    assert episode.answer.text == "Air scatters it [1]."


async def test_an_answer_that_takes_too_long_is_made_of_the_quotes():
    lines = iter(LINES)

    async def act(observation):
        return Completion(next(lines, None) or await asyncio.sleep(60))

    limited = setup(limits=Limits(seconds=0.2))
    episode = (await run_episode(Policy(act), QUESTION, limited)).episode
    assert (episode.ended, episode.error) == ("answered", "")
    assert episode.answer.text == "air scatters blue light [1]"
    assert episode.steps[-1].completion.text == episode.answer.text


async def test_a_time_out_of_the_policys_own_is_a_failed_episode():
    async def act(_observation):
        raise TimeoutError("the server was slow")

    episode = (await run_episode(Policy(act), QUESTION, setup(limits=Limits(seconds=9)))).episode
    assert (episode.ended, episode.error) == ("failed", "TimeoutError: the server was slow")


async def test_the_action_budget_ends_a_policy_that_never_stops():
    episode = (
        await run_episode(Policy(write), QUESTION, setup(browser=BrowserConfig(actions=4)))
    ).episode
    assert (episode.ended, episode.stopped_by, len(episode.steps)) == ("unanswered", "actions", 4)


def test_ids_and_seeds_are_the_same_in_every_process_and_differ_where_they_should():
    assert episode_id("run", "q", 0) == "a575c925c49c7f05"
    assert episode_seed(1, "q", 0) == 2890416782
    ids = {episode_id(run, q, n) for run in ("a", "b") for q in ("x", "y") for n in (0, 1)}
    seeds = {episode_seed(seed, q, n) for seed in (0, 1) for q in ("x", "y") for n in (0, 1)}
    assert len(ids) == len(seeds) == 8
    assert all(0 <= seed < 2**32 for seed in seeds)


def questions(count):
    return [Question(f"q{number}", f"Question {number}?") for number in range(count)]


class Counting:
    """Waits at each act, and counts how many wait at once."""

    name = "counting"
    running = 0
    most = 0

    def __init__(self, seed):
        self.seed = seed

    async def act(self, observation):
        cls = type(self)
        cls.running += 1
        cls.most = max(cls.most, cls.running)
        try:
            await asyncio.sleep(0.001)
        finally:
            cls.running -= 1
        return Completion("End: Nonsense")


async def test_episodes_run_a_few_at_a_time_each_once_with_its_own_seed():
    class Mine(Counting):
        pass

    episodes = [
        rollout.episode
        async for rollout in run_episodes(
            Mine, questions(10), setup(run="r"), seed=3, concurrency=4
        )
    ]
    assert Mine.most == 4
    assert sorted(episode.question.id for episode in episodes) == sorted(
        question.id for question in questions(10)
    )
    for episode in episodes:
        assert episode.seed == episode_seed(3, episode.question.id, 0)
        assert episode.id == episode_id("r", episode.question.id, 0)


async def test_one_at_a_time_keeps_the_order_and_reads_questions_as_needed():
    drawn = []

    def source():
        for question in questions(5):
            drawn.append(question.id)
            yield question

    async with aclosing(run_episodes(Counting, source(), setup(), concurrency=1)) as rollouts:
        first = await anext(rollouts)
        assert first.episode.question.id == "q0"
        assert len(drawn) <= 2
        rest = [rollout.episode.question.id async for rollout in rollouts]
    assert rest == ["q1", "q2", "q3", "q4"]


async def test_an_episode_that_fails_does_not_stop_the_others():
    class Odd(Counting):
        async def act(self, observation):
            if observation.question == "Question 1?":
                raise RuntimeError("odd")
            return await super().act(observation)

    ended = {
        rollout.episode.question.id: rollout.episode.ended
        async for rollout in run_episodes(Odd, questions(3), setup())
    }
    assert ended == {"q0": "nonsense", "q1": "failed", "q2": "nonsense"}


async def test_leaving_early_cancels_what_still_runs():
    class Slow(Counting):
        async def act(self, observation):
            if observation.question != "Question 0?":
                type(self).running += 1
                try:
                    await asyncio.sleep(60)
                finally:
                    type(self).running -= 1
            return Completion("End: Nonsense")

    async with aclosing(run_episodes(Slow, questions(6), setup(), concurrency=3)) as rollouts:
        assert (await anext(rollouts)).episode.question.id == "q0"
        await asyncio.sleep(0)
        assert Slow.running > 0
    assert Slow.running == 0


async def test_no_questions_no_episodes_and_no_concurrency_is_refused():
    assert [r async for r in run_episodes(Counting, [], setup())] == []
    with pytest.raises(Error, match="concurrency must be at least 1, not 0"):
        _ = [r async for r in run_episodes(Counting, [], setup(), concurrency=0)]
