"""Reranking: which candidate is taken, what is recorded; a model as overseer."""

import math
from dataclasses import replace

import pytest
import torch

from env.config import SMALL
from env.records import Completion, Question, make_page
from env.web.memory import MemoryWeb
from policies.base import Setup, run_episode
from policies.grammar.config import NUMBERED
from policies.language_model import LanguageModelConfig
from policies.models.base import ModelError
from policies.models.local.config import LocalConfig
from policies.models.local.loading import load
from policies.prompts import PromptConfig
from reward.overseeing import (
    JUDGING,
    ModelOverseer,
    RerankConfig,
    RerankingPolicy,
)
from reward.process import RuleOverseer
from reward.scorers import Score
from tests.policies.models.small import save_model

TEXT = "The sky is blue because air scatters blue light."
WEB = MemoryWeb([make_page("https://a.example/", "Sky", TEXT, domain="a.example")])
QUESTION = Question("q1", "Why is the sky blue?")
FREE = LanguageModelConfig(grammar=None)


class Model:
    """Writes given lists of candidates, each (text, log-probability); an error is raised."""

    name = "m"
    context = 4096

    def __init__(self, *drawn, chat=False, held=False):
        self.requests = []
        self.chat = chat
        self.held = held
        self._drawn = iter(drawn)

    async def start(self):
        pass

    def count(self, prompt):
        return len(prompt.text) // 4

    async def complete(self, request):
        self.requests.append(request)
        drawn = next(self._drawn)
        if isinstance(drawn, Exception):
            raise drawn
        return [
            Completion(
                text,
                (1,),
                () if told is None else (told,),
                completion_tokens=2,
                grammar="two words" if self.held else "",
            )
            for text, told in drawn
        ]


class Likes:
    """Judges 1 for one command and 0 for all others."""

    name = "likes"

    def __init__(self, *commands):
        self.commands = commands
        self.seen = []

    async def judge(self, observation, commands):
        self.seen.append((observation, list(commands)))
        return [Score(float(one in self.commands)) for one in commands]


async def play(policy):
    return (await run_episode(policy, QUESTION, Setup(WEB, SMALL))).episode


async def test_the_candidate_that_the_overseer_likes_is_taken_and_recorded():
    model = Model(
        [("Top", -0.1), ("Search sky", -2.0), ("Top", -0.1)],
        [("Back", -0.1), ("Clicked on link 0", -3.0)],
        [("Quote: air scatters blue light", -1.0)],
        [("End: Answer", -1.0), ("Back", -0.5)],
        [("It scatters [1].", -1.0)],
    )
    likes = Likes("Search sky", "Clicked on link 0", "End: Answer")
    episode = await play(RerankingPolicy(model, likes, FREE, RerankConfig(candidates=3)))
    assert episode.answer.text == "It scatters [1]."
    assert episode.steps[0].completion == Completion(
        "Search sky", (1,), (-2.0,), completion_tokens=6
    )
    assert likes.seen[0][1] == ["Top", "Search sky"]
    assert [request.samples for request in model.requests] == [3, 3, 3, 3, 1]
    assert [request.temperature for request in model.requests] == [1, 1, 1, 1, 0]
    assert len({request.seed for request in model.requests}) == 5
    assert episode.policy == "m, best of 3 by likes"


@pytest.mark.parametrize(("likelihood", "taken"), [(0.0, "Search a"), (1.0, "Search b")])
async def test_the_likelihood_counts_as_much_as_it_is_told_to(likelihood, taken):
    model = Model([("Search a", -5.0), ("Search b", -1.0)])
    rerank = RerankConfig(likelihood=likelihood)
    policy = RerankingPolicy(model, Likes("Search a"), FREE, rerank)
    episode = await play(policy)
    assert episode.steps[0].completion.text == taken


async def test_a_command_is_not_taken_because_nobody_told_how_likely_it_was():
    model = Model([("Search a", -9.0), ("Search b", None)])
    episode = await play(RerankingPolicy(model, Likes(), FREE))
    assert episode.steps[0].completion.text == "Search a"


async def test_a_model_that_fails_fails_as_it_does_alone():
    model = Model(
        [("Search sky", -1.0)],
        [("Clicked on link 0", -1.0)],
        [("Quote: air scatters blue light", -1.0)],
        *[ModelError("gone")] * 3,
    )
    episode = await play(RerankingPolicy(model, Likes(), FREE))
    assert (episode.ended, episode.error) == ("answered", "gone")
    assert episode.answer.text == "air scatters blue light [1]"
    assert (await play(RerankingPolicy(Model(*[ModelError("gone")] * 2), Likes(), FREE))).error


@pytest.mark.parametrize("rerank", [RerankConfig(candidates=1), RerankConfig(temperature=0)])
def test_there_must_be_something_to_choose_from(rerank):
    with pytest.raises(ModelError, match="needs at least 2 candidates"):
        RerankingPolicy(Model(), Likes(), FREE, rerank)


async def first_observation():
    episode = await play(RerankingPolicy(Model([("Search sky", -1.0)]), Likes(), FREE))
    return episode.steps[0].observation


@pytest.mark.parametrize(
    ("verdict", "expected"), [(("yes", math.log(0.7)), 0.7), (("no", math.log(0.4)), 0.6)]
)
async def test_a_verdict_counts_by_its_probability(verdict, expected):
    model = Model([verdict], chat=True, held=True)
    (score,) = await ModelOverseer(model).judge(await first_observation(), ["Search sky"])
    assert score.value == pytest.approx(expected)
    (request,) = model.requests
    assert [line.prefix for line in request.legal.lines] == ["yes", "no"]
    assert request.prompt.system == JUDGING
    assert "Why is the sky blue?" in request.prompt.text
    assert request.prompt.text.endswith("♦Next action\nSearch sky\n♦Sensible, yes or no\n")


async def test_of_a_model_that_may_write_anything_its_word_at_temperature_0_counts():
    """A probability of one word tells none of the other: it might have written neither."""
    model = Model([("no", math.log(0.45))], [("Yes.", -0.1)], [("no", -0.1)])
    scores = await ModelOverseer(model).judge(await first_observation(), ["Search sky", "Top"])
    assert [score.value for score in scores] == [1.0, 0.0]
    assert [request.temperature for request in model.requests] == [1, 0, 0]


async def test_what_judging_cost_is_counted_with_the_command():
    model = Model(
        [("Search sky", -1.0), ("End: Nonsense", -1.0)],
        [("no", -0.1)],
        [("yes", -0.1)],
        chat=True,
        held=True,
    )
    episode = await play(RerankingPolicy(model, ModelOverseer(model), FREE))
    assert episode.steps[0].completion.text == "End: Nonsense"
    assert episode.steps[0].completion.completion_tokens == 2 * 2 + 2 * 2


async def test_a_verdict_that_is_none_is_told():
    model = Model(*[[("maybe", -1.0)]] * 2)
    with pytest.raises(ModelError, match="must say yes or no, not 'maybe'"):
        await ModelOverseer(model).judge(await first_observation(), ["Top"])


async def test_an_overseer_without_a_verdict_leaves_the_model_to_itself():
    model = Model(
        [("Search sky", -1.0), ("Top", -1.0)], *[[("maybe", -1.0)]] * 2, [("End: Nonsense", -1.0)]
    )
    episode = await play(RerankingPolicy(model, ModelOverseer(model), FREE))
    assert (episode.steps[0].completion.text, episode.ended) == ("End: Nonsense", "nonsense")
    assert episode.error == "an overseer must say yes or no, not 'maybe'"


async def test_a_local_model_reranks_and_oversees(tmp_path):
    """Fails when a real model's samples, numbers or verdicts do not fit what is made of them."""
    torch.set_num_threads(1)
    model = load(save_model(tmp_path / "m", context=2048), LocalConfig(batch=4))
    config = LanguageModelConfig(PromptConfig(aids=True), NUMBERED)
    overseen = ModelOverseer(model)
    observation = await first_observation()
    values = [one.value for one in await overseen.judge(observation, ["Search sky", "Top"])]
    assert all(0 < value < 1 for value in values)
    policy = RerankingPolicy(model, RuleOverseer(), config, RerankConfig(candidates=4), seed=5)
    first = await play(policy)
    again = await play(
        RerankingPolicy(model, RuleOverseer(), config, RerankConfig(candidates=4), seed=5)
    )
    assert first.error == ""
    assert [replace(step.completion, cached_tokens=0, prompt_tokens=0) for step in first.steps] == [
        replace(step.completion, cached_tokens=0, prompt_tokens=0) for step in again.steps
    ]
    await model.aclose()
