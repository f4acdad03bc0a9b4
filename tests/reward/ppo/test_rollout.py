"""What is played before an update: questions, budgets, answers, scores."""

import asyncio
from dataclasses import replace

import pytest

from policies.models.base import ModelError
from reward.ppo.batch import free_tokens
from reward.ppo.config import CollectConfig
from reward.ppo.rollout import Asked, questions_of
from reward.text import Reader
from tests.reward.ppo.small import ASKED as ASKING
from tests.reward.ppo.small import FAST, FEW, QUESTIONS, Counting, make_collector, make_local

ASKED = [Asked(one, number) for number, one in enumerate(QUESTIONS * 4)]


def collect(update=0, asked=ASKED, local=None, **more):
    local = local or make_local()

    async def run():
        collected = await make_collector(local, **more).collect(asked, update)
        await local.aclose()
        return collected

    return asyncio.run(run())


@pytest.fixture(scope="module")
def played():
    return collect(held_out=Counting(lambda _: 0.5))


def test_every_question_comes_once_before_any_comes_again():
    asked = [
        one.question.id for update in range(3) for one in questions_of(QUESTIONS, update, 2, 1)
    ]
    assert sorted(asked[:3]) == sorted(asked[3:]) == ["q0", "q1", "q2"]
    assert [one.number for one in questions_of(QUESTIONS, 5, 2, 1)] == [0, 1]
    assert questions_of(QUESTIONS, 5, 2, 1) == questions_of(QUESTIONS, 5, 2, 1)


def test_each_browse_is_answered_several_times_by_episodes_that_only_answer(played):
    by_browse = {}
    for one in played.trajectories:
        by_browse.setdefault(one.browse, []).append(one)
    assert len(by_browse) == len(ASKED)
    answered = [browse for browse in by_browse.values() if len(browse) > 1]
    assert answered
    for first, *others in answered:
        assert not first.inserted
        assert len(others) == 2
        assert all(one.inserted and one.episode.parent == first.episode.id for one in others)
        assert all([turn.example.kind for turn in one.turns] == ["answering"] for one in others)
        assert len(first.turns) == len(first.episode.steps)


def test_the_budget_of_actions_is_drawn_for_each_episode(played):
    budgets = {one.episode.steps[0].observation.actions_left for one in played.trajectories}
    assert budgets == {4, 5, 6}


def test_scores_are_the_scorers_and_without_an_answer_a_fixed_one(played):
    for one in played.trajectories:
        if one.episode.answer is None:
            assert (one.score, one.held_out, one.parts) == (-1, -1, {})
        else:
            assert one.score == len(one.episode.answer.quotes) == one.parts["quotes"]
            assert one.held_out == 0.5


def test_turns_hold_the_tokens_that_were_written(played):
    for one in played.trajectories:
        for turn, step in zip(reversed(one.turns), reversed(one.episode.steps), strict=False):
            assert tuple(turn.example.completion) == step.completion.token_ids
            assert len(turn.engine) == free_tokens(turn.example)
            assert len(turn.example.prompt) == step.completion.prompt_tokens


def test_a_reward_model_reads_the_prompt_that_was_answered(played):
    """Token for token, however the policy is asked while it browses."""
    local, read = make_local(), 0
    reader, room = Reader(local.tokens, 4096, "causal"), local.context - ASKING.answer_tokens
    for one in played.trajectories:
        if one.episode.answer and one.turns[-1].example.kind == "answering":
            reading = reader.read(one.episode.answer)
            if reading.begin <= room:  # else the policy saw fewer quotes
                prompt = one.turns[-1].example.prompt.tolist()
                assert list(reading.ids[: reading.begin]) == prompt
                read += 1
    assert read > 2


def test_the_same_update_plays_the_same_and_another_one_another(played):
    def texts(collected):
        return [
            [step.completion.text for step in one.episode.steps] for one in collected.trajectories
        ]

    assert texts(collect()) == texts(played)
    assert texts(collect(update=1)) != texts(played)


def test_commands_may_have_a_worth_of_their_own():
    async def worth(episode):
        return [2.0 * step.completion.text.startswith("Search") for step in episode.steps]

    made = collect(asked=ASKED[:2], of_steps=worth)
    turns = [turn for one in made.trajectories for turn in one.turns]
    assert {(turn.example.kind, turn.reward) for turn in turns} >= {("search", 2.0)}
    assert all(turn.reward == 2.0 * (turn.example.kind == "search") for turn in turns)


def test_a_score_that_is_no_number_is_refused():
    with pytest.raises(ModelError, match="the scorer counting gave nan for an answer to '"):
        collect(scorer=Counting(lambda _: float("nan")))


def test_scores_that_are_missing_are_refused():
    class Forgetful(Counting):
        async def score(self, answers):
            return (await super().score(answers))[1:]

    with pytest.raises(ModelError, match="scores for"):
        collect(scorer=Forgetful())


def test_when_every_episode_fails_the_first_reason_is_told():
    local = make_local()
    local.context = 20
    with pytest.raises(ModelError, match=r"every episode failed, the first with: .*context"):
        collect(local=local)


def test_groups_browse_for_the_same_question():
    config = CollectConfig(browses=4, group=2, answers=1, least_actions=3, most_actions=3)
    made = collect(asked=ASKED[:2], collect=config, learn=replace(FAST, algorithm="rloo"))
    assert [(one.browse, one.group) for one in made.trajectories] == [
        (0, 0), (1, 0), (2, 1), (3, 1),
    ]  # fmt: skip
    assert [one.episode.question.id for one in made.trajectories] == ["q0", "q0", "q1", "q1"]
    assert FEW.answers == 3
