"""Episodes played by scripts in a small web, as other tests record them."""

import asyncio

from env.config import SMALL
from env.records import Question, make_page
from env.web.memory import MemoryWeb
from policies.base import Setup, run_episode
from policies.scripted import ScriptedPolicy

SKY = make_page(
    "https://sky.example/",
    "The sky",
    "The sky is blue because air scatters blue light. Sunsets are red.\n\nClouds are white.",
    domain="sky.example",
)
SEA = make_page(
    "https://sea.example/", "The sea", "The sea is blue. Waves are high.", domain="sea.example"
)
WEB = MemoryWeb([SKY, SEA], results=5, snippet=150)
GOOD = (
    "Search sky blue",
    "Clicked on link 0",
    "Quote: The sky is━scatters blue light.",
    "Back",
    "End: Answer",
)
ANSWER = "The sky is blue because air scatters blue light. [1]"


def play(number=0, lines=GOOD, answer=ANSWER, asked="why is the sky blue"):
    question = Question(f"q{number}", asked, accepted=("scatters blue light",))
    setup = Setup(WEB, SMALL, run="test")
    return asyncio.run(run_episode(ScriptedPolicy(lines, answer), question, setup))


def episode(*arguments, **more):
    return play(*arguments, **more).episode
