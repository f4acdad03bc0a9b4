"""A very small model that plays in a small web, and scorers that need no knowledge."""

import torch
from accelerate import Accelerator

from env.config import SMALL
from env.records import Question
from policies.base import Setup
from policies.grammar.config import NUMBERED
from policies.language_model import LanguageModelConfig
from policies.models.local.config import LocalConfig
from policies.models.local.model import LocalModel
from policies.models.local.reading import Loaded
from policies.models.tokens import Tokens
from policies.prompts import PromptConfig
from reward.ppo.config import CollectConfig, LearnConfig, LoopConfig, resolved
from reward.ppo.learner import Learner, Sizes
from reward.ppo.loop import Work
from reward.ppo.rollout import Collector, Scorers
from reward.scorers import Score
from tests.policies.cloning.browsing import WEB
from tests.policies.models.small import make_model, make_tokenizer

ASKED = LanguageModelConfig(PromptConfig("page-first"), NUMBERED, preset="small")
QUESTIONS = [
    Question("q0", "why is the sky blue"),
    Question("q1", "is the sea blue"),
    Question("q2", "are waves high"),
]
TOKENIZER = make_tokenizer()
FEW = CollectConfig(browses=6, answers=3, least_actions=4, most_actions=6)
FAST = LearnConfig(learning_rate=1e-3, critic_rate=3e-3, minibatches=2, stop_kl=1.0)


class Counting:
    """Scores an answer by a function of it."""

    name = "counting"

    def __init__(self, value=lambda answer: float(len(answer.quotes))):
        self.value = value
        self.calls = 0

    async def score(self, answers):
        self.calls += 1
        return [Score(self.value(one), {"quotes": float(len(one.quotes))}) for one in answers]


def make_local(seed=0, **shape):
    """A random model behind the engine."""
    model = make_model(TOKENIZER, context=640, seed=seed, spread=0.02, **shape)
    loaded = Loaded("small", model, Tokens(TOKENIZER), 640)
    return LocalModel(loaded, LocalConfig(batch=16))


def make_collector(local, scorer=None, collect=FEW, learn=FAST, **more):
    setup = Setup(WEB, SMALL)
    config = resolved(collect, learn, "small", SMALL.actions)
    scorers = Scorers(scorer or Counting(), **more)
    return Collector(local, ASKED, setup, scorers, config)


def make_learner(local, learn=FAST, tokens=4000, temperature=1.0):
    return Learner(
        local.engine.loaded.model, learn, Sizes(tokens, 0, temperature), Accelerator(cpu=True)
    )


def make_work(folder, scorer=None, collect=FEW, learn=FAST, loop=None, watch=None, **more):
    """Everything for a training, with a random model."""
    torch.set_num_threads(1)
    local = make_local(**more)
    loop = loop or LoopConfig(updates=3, warmup=1, every=1, kl_budget=0)
    learner = make_learner(local, learn)
    collector = make_collector(local, scorer, collect, learn)
    work = Work(
        learner, collector, QUESTIONS, folder, learn, loop, Accelerator(cpu=True),
        watch or (lambda _: None),
    )  # fmt: skip
    return work, local
