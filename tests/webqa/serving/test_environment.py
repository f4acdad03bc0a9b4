"""A session of the browser: episodes played line by line, drawn, rewarded and recorded."""

import asyncio
from dataclasses import replace

import pytest

from env.browser import LONGEST_ANSWER
from env.config import SMALL
from env.errors import Error
from env.records import Question, WebIdentity
from policies.base import Setup, episode_id
from policies.scripted import ScriptedPolicy
from webqa.run import Run, Settings, read_episodes, read_pages
from webqa.serving.environment import BrowseEnvironment
from webqa.serving.tasks import Tasks, Wish
from webqa.webs import open_web

SKY = Question("sky", "Why is the sky blue?", accepted=("scatter blue light",))
QUESTIONS = [SKY, Question("salt", "What does salt do?"), Question("red", "Why red?")]
LINES = [
    "Search sky blue",
    "Clicked on link 0",
    "Quote: molecules of the air scatter blue light",
    "End: Answer",
]
ANSWER = "They scatter blue light [1]."


@pytest.fixture
def tasks(web):
    return Tasks(Setup(open_web(web, SMALL), SMALL), QUESTIONS)


async def play(environment, *lines, wish=Wish(id="sky")):  # noqa: B008 - frozen
    """Return what is seen after each line."""
    views = [await environment.reset(wish)]
    return views + [await environment.step(line) for line in lines]


async def test_an_episode_is_the_one_that_the_runner_of_all_episodes_makes(tasks, web):
    from policies.base import run_episode

    views = await play(BrowseEnvironment(tasks), *LINES, ANSWER)
    played = await run_episode(
        ScriptedPolicy(LINES, ANSWER), SKY, Setup(open_web(web, SMALL), SMALL)
    )
    assert [view.observation for view in views[:-1]] == [
        step.observation for step in played.episode.steps
    ]
    assert views[-1].answer == played.episode.answer
    assert [view.reward for view in views] == [0.0] * 5 + [1.0]
    assert [view.done for view in views] == [False] * 5 + [True]
    assert views[-1].ended == "answered"
    assert views[-1].rendered == f"{ANSWER}\n\n[1] Why the sky is blue (sky.example)"
    assert views[0].rendered.endswith("♦Next action\n")


@pytest.mark.parametrize(
    ("question", "answer", "reward"),
    [
        ("sky", "They do. [1]", 0.0),  # shown, not said
        ("sky", "They scatter blue light.", 0.0),  # said, not shown
        ("salt", "They scatter blue light [1].", None),  # nobody knows
    ],
)
async def test_the_reward(tasks, question, answer, reward):
    views = await play(BrowseEnvironment(tasks), *LINES, answer, wish=Wish(id=question))
    assert views[-1].done
    assert views[-1].reward == reward


async def test_an_unanswered_question_with_known_answers_is_worth_nothing(tasks):
    views = await play(BrowseEnvironment(tasks), "End: Nonsense")
    assert (views[-1].reward, views[-1].ended) == (0.0, "nonsense")


async def test_any_text_is_taken(tasks):
    environment = BrowseEnvironment(tasks)
    views = await play(environment, "", "\ud800", "Searchlight", "x" * 10 * LONGEST_ANSWER)
    assert [view.observation.actions_left for view in views] == [12, 11, 10, 9, 8]
    assert all(view.observation.notice for view in views[1:])
    assert environment.steps == 4


async def test_the_actions_run_out(tasks):
    views = await play(BrowseEnvironment(tasks), *["Top"] * SMALL.actions)
    assert (views[-1].done, views[-1].ended, views[-1].stopped_by) == (
        True,
        "unanswered",
        "actions",
    )


async def test_steps_need_an_episode_that_goes_on(tasks):
    environment = BrowseEnvironment(tasks)
    with pytest.raises(Error, match="reset first"):
        await environment.step("Top")
    await play(environment, "End: Nonsense")
    with pytest.raises(Error, match="the episode is over"):
        await environment.step("Top")
    assert not (await environment.reset()).done


async def test_a_fault_of_the_web_ends_the_episode_as_failed():
    class Broken:
        identity = WebIdentity("broken")

        async def search(self, query):
            raise ZeroDivisionError("it fell over")

    environment = BrowseEnvironment(Tasks(Setup(Broken()), QUESTIONS))
    views = await play(environment, "Search sky")
    assert (views[-1].done, views[-1].ended, views[-1].reward) == (True, "failed", None)
    assert "ZeroDivisionError: it fell over" in views[-1].rendered


async def test_sessions_have_browsers_of_their_own(tasks):
    one, other = BrowseEnvironment(tasks), BrowseEnvironment(tasks)
    await play(one, *LINES[:2])
    await other.reset()
    seen, kept = await asyncio.gather(other.step("Search salt"), one.step(LINES[2]))
    assert seen.observation.past_actions == ("Search salt",)
    assert len(kept.observation.quotes) == 1
    assert kept.observation.actions_left == SMALL.actions - 3


async def test_leaving_stops_what_is_under_way(tasks):
    environment = BrowseEnvironment(tasks)
    before = asyncio.all_tasks()
    await play(environment, "Search sky")
    environment.leave()
    environment.leave()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == before
    with pytest.raises(Error, match="reset first"):
        await environment.step("Top")


async def test_a_session_that_is_left_while_it_waits_says_so():
    class Slow:
        identity = WebIdentity("slow")

        async def search(self, query):
            await asyncio.sleep(60)

    environment = BrowseEnvironment(Tasks(Setup(Slow()), QUESTIONS))
    await environment.reset()
    waiting = asyncio.create_task(environment.step("Search sky"))
    await asyncio.sleep(0.01)
    environment.leave()
    with pytest.raises(Error, match="was left"):
        await waiting


def drawn(tasks, number):
    return [tasks.choose(Wish()).question.id for _ in range(number)]


def test_the_order_of_the_questions_is_that_of_the_seed(tasks):
    many = [Question(str(number), "Why?") for number in range(20)]
    orders = [drawn(Tasks(tasks.setup, many, seed=seed), 40) for seed in (0, 0, 1)]
    assert orders[0] == orders[1] != orders[2]
    assert orders[0][:20] == orders[0][20:]
    assert sorted(orders[0][:20]) == sorted(str(number) for number in range(20))


def test_a_seed_gives_the_same_question_whatever_was_played_before(tasks):
    first = tasks.choose(Wish(seed=5))
    drawn(tasks, 4)
    again = tasks.choose(Wish(seed=5))
    assert (again.question, again.seed) == (first.question, 5)
    assert again.id != first.id  # another episode of it
    assert drawn(Tasks(tasks.setup, QUESTIONS), 3) == [
        Tasks(tasks.setup, QUESTIONS).choose(Wish(seed=seed)).question.id for seed in range(3)
    ]


@pytest.mark.parametrize(
    ("wish", "text"),
    [
        (Wish(id="sky"), SKY.text),
        (Wish(index=1), QUESTIONS[1].text),
        (Wish(index=0, split="train"), SKY.text),
        (Wish(question="Why  not?", accepted=["because"]), "Why not?"),
    ],
)
def test_a_question_can_be_named(tasks, wish, text):
    chosen = tasks.choose(wish)
    assert chosen.question.text == text
    assert chosen.id == episode_id("", chosen.question.id, 0)
    if wish.accepted:
        assert chosen.question.accepted == ("because",)


@pytest.mark.parametrize(
    ("wish", "message"),
    [
        (Wish(id="earth"), "no question with the id 'earth'"),
        (Wish(index=3), "there is no question 3: there are 3"),
        (Wish(index=-1), "there is no question -1"),
        (Wish(split="test"), "no split 'test'"),
        (Wish(question="Why?", index=1), "question and index are given"),
        (Wish(question=" "), "the question is empty"),
        (Wish(index=0, accepted=["x"]), "only taken with a question of your own"),
    ],
)
def test_a_wish_that_cannot_be_met(tasks, wish, message):
    with pytest.raises(Error, match=message):
        tasks.choose(wish)


def test_without_a_list_every_reset_names_its_question(tasks):
    with pytest.raises(Error, match="no questions are served"):
        Tasks(tasks.setup).choose(Wish(seed=1))


async def test_finished_episodes_are_recorded(web, tmp_path):
    opened = open_web(web, SMALL)
    settings = Settings("typed", "remote", opened.identity, SMALL)
    for _ in range(2):  # the second goes on with the run
        with Run(tmp_path / "run", settings) as run:
            tasks = Tasks(Setup(opened, SMALL, run=run.name), QUESTIONS, run=run)
            one, other = BrowseEnvironment(tasks), BrowseEnvironment(tasks)
            await play(other, LINES[0])
            await play(one, *LINES, ANSWER)
            await one.reset()  # left
            for line in [*LINES[1:], ANSWER]:
                await other.step(line)
    episodes = list(read_episodes(tmp_path / "run"))
    assert len({episode.id for episode in episodes}) == 4
    assert [episode.attempt for episode in episodes] == [1, 0, 3, 2]
    assert {episode.policy for episode in episodes} == {"remote"}
    assert {episode.ended for episode in episodes} == {"answered"}
    assert len(read_pages(tmp_path / "run")) == 1


async def test_the_reward_may_be_ones_own(tasks):
    own = Tasks(tasks.setup, QUESTIONS, reward=lambda rollout: float(len(rollout.episode.steps)))
    views = await play(BrowseEnvironment(own), *LINES, ANSWER)
    assert views[-1].reward == 5.0
    assert own.unfinished(replace(SKY, accepted=())) == 0.0
    assert tasks.unfinished(replace(SKY, accepted=())) is None
