"""The overseer by rules: each fault costs, what is good costs nothing, no consequence is seen."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from env.config import SMALL
from env.records import Question, make_page
from env.web.memory import MemoryWeb
from policies.base import Setup, run_episode
from policies.scripted import ScriptedPolicy
from reward.process import ProcessConfig, RuleOverseer, step_rewards

BLUE = (
    "Why the sky is blue\nThe sky is blue because the molecules of the air scatter blue light most."
    "\nThis page was made by a club of amateurs.\n" + "More of it stands here every day.\n" * 60
)
WEB = MemoryWeb(
    [
        make_page("https://sky.example/", "Why the sky is blue", BLUE, domain="sky.example"),
        make_page(
            "https://fish.example/", "Fish", "Why fish swim in blue water.", domain="fish.example"
        ),
    ]
)
QUESTION = Question("q1", "Why is the sky blue?")
SENTENCE = "The sky is blue because the molecules of the air scatter blue light most."
LINES = (
    "Search why is the sky blue",
    "Clicked on link 0",
    f"Quote: {SENTENCE}",
    "Scrolled down 1",
    "Find in page: nonsensical words",
    "End: Answer",
    "Because air scatters blue light [1].",
)


async def play(*lines):
    setup = Setup(WEB, SMALL)
    return (await run_episode(ScriptedPolicy(lines), QUESTION, setup)).episode


@pytest.fixture
async def seen():
    """What is seen before each of the lines."""
    return [step.observation for step in (await play(*LINES)).steps]


async def judge(observation, command):
    (score,) = await RuleOverseer().judge(observation, [command])
    assert score.value == pytest.approx(max(0.0, 1 - sum(score.parts.values())))
    return score


async def test_sensible_commands_cost_nothing(seen):
    for observation, line in zip(seen[:5], LINES, strict=False):
        assert (await judge(observation, line)).value >= 0.95, line
    assert (await judge(seen[5], "End: Answer")).value >= 0.95


FAULTS = [
    (0, "Dance", "invalid"),
    (0, "Clicked on link 0", "invalid"),
    (1, "Clicked on link 44", "invalid"),
    (0, "Search cheap flights", "unrelated_query"),
    (1, "Search why is the sky blue", "repeated"),
    (1, "Search Why is the SKY blue", "repeated"),
    (1, "Clicked on link 1", "worse_link"),
    (2, "Quote: This page was made by a club of amateurs.", "worse_quote"),
    (3, f"Quote: {SENTENCE}", "repeated"),
    (3, "Quote: the molecules of the air", "repeated"),
    (4, "Top", "idle"),
    (4, "Scrolled up 1", "idle"),
    (2, "Back", "idle"),
    (5, "Find in page: nonsensical words", "repeated"),
    (1, "Find in page: sky", "put_off"),
    (2, "Scrolled down 1", "put_off"),
    (0, "End: Answer", "early_end"),
    (0, "End: Nonsense", "early_end"),
]


@pytest.mark.parametrize(("place", "command", "fault"), FAULTS)
async def test_a_fault_costs_and_is_named(seen, place, command, fault):
    score = await judge(seen[place], command)
    assert score.parts[fault] > 0.2
    assert score.value < 0.8


async def test_a_quote_may_be_shortened_to_its_ends(seen):
    """Fails when the overseer ranks the few words that were written, not what they stand for."""
    short = "Quote: The sky is blue because━blue light most."
    assert (await judge(seen[2], short)).value >= 0.95
    assert (await judge(seen[3], short)).parts["repeated"] > 0.5


async def test_a_click_done_before_costs_also_from_another_results_page():
    episode = await play(*LINES[:2], "Back", "Clicked on link 0")
    assert "repeated" in (await judge(episode.steps[3].observation, "Clicked on link 0")).parts


async def test_going_on_with_quotes_enough_costs(seen):
    """Fails when commands that risk nothing and bring nothing please the overseer."""
    rich = replace(seen[5], quotes=seen[5].quotes * 3)
    assert (await judge(rich, "Scrolled down 1")).parts == {"late": 0.5}
    assert (await judge(rich, "End: Answer")).value == 1


async def test_an_end_costs_what_the_quotes_leave_out(seen):
    poor = replace(
        seen[5], quotes=(replace(seen[5].quotes[0], title="Fish", text="Fish are blue."),)
    )
    assert 0 < (await judge(poor, "End: Answer")).parts["unsupported_end"] <= 0.5


async def test_what_a_fault_costs_can_be_set(seen):
    (score,) = await RuleOverseer(ProcessConfig(invalid=0.25)).judge(seen[0], ["Dance"])
    assert score.parts == {"invalid": 0.25}


async def test_rewards_of_steps_are_never_above_nothing():
    """Fails when a longer episode could earn more by taking more steps."""
    episode = await play("Dance", *LINES)
    rewards = await step_rewards(episode, RuleOverseer(), weight=2.0)
    assert len(rewards) == len(episode.steps)
    assert rewards[0] == -2.0
    assert max(rewards) <= 0 == rewards[-1]


COMMANDS = st.sampled_from([line for _, line, _ in FAULTS] + list(LINES))


@given(st.integers(0, 5), st.one_of(st.text(), COMMANDS, st.text().map("Quote: {}".format)))
def test_every_command_gets_a_share(place, command):
    import asyncio

    async def value():
        episode = await play(*LINES)
        return (await judge(episode.steps[place].observation, command)).value

    assert 0.0 <= asyncio.run(value()) <= 1.0
