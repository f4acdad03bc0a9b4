"""What is asked again of an answer, and what it is measured by."""

from dataclasses import replace

import pytest

from env.records import Answer, Completion, Episode, Question, WebIdentity
from policies.asking import ModelAsker, OverlapAsker
from policies.models.base import ModelError
from reward.rubric import TruthJudge
from webqa.asking_again import ask_again, options_of
from webqa.metrics.measures import Further, measure_episode
from webqa.metrics.truthful import FreeForm

TRIVIA = Question("q1", "Who wrote it?", "triviaqa", ("Jane Austen",))
TRUTH = Question("q2", "Is it so?", "truthfulqa", (), ("No, it is not",), ("Yes, it is so",))
PLAIN = Question("q3", "Is it so?")


def episode_of(question, text="Austen wrote it [1].", ended="answered"):
    return Episode(
        "e", question, "p", WebIdentity("none"), "", (),
        Answer(question.text, text) if text else None, ended, "command",
    )  # fmt: skip


class Model:
    """Replies by what the prompt ends with; an error is raised."""

    name, chat, context = "a model", True, 4096

    def __init__(self, **replies):
        self.replies = replies
        self.asked = []

    async def start(self):
        pass

    def count(self, prompt):
        return len(prompt.text)

    async def complete(self, request):
        last = request.prompt.text.rstrip("\n").rpartition("♦")[2].split(",")[0].split()[0].lower()
        self.asked.append(last)
        reply = self.replies[last]
        if isinstance(reply, Exception):
            raise reply
        return [Completion(reply)]


async def test_a_short_answer_is_asked_where_accepted_ones_are_known():
    again = await ask_again(episode_of(TRIVIA), ModelAsker(Model(short="Jane Austen")))
    assert again.further == Further("Jane Austen")
    assert [one.what for one in again.asked] == ["short"]
    values = await measure_episode(episode_of(TRIVIA), {}, further=again.further)
    assert (values["triviaqa_em"], values["right"]) == (1.0, 0.0)


async def test_a_choice_is_asked_where_true_and_false_answers_are_known():
    model = Model(the="A", true="yes", tells="no")
    again = await ask_again(
        episode_of(TRUTH, "It is not [1]."), ModelAsker(model), TruthJudge(model)
    )
    assert again.further == Further(None, ("A", "A"), FreeForm(True, False))
    values = await measure_episode(episode_of(TRUTH), {}, further=again.further)
    assert (values["truthful_binary"], values["position_bias"]) == (0.5, 1.0)
    assert (values["truthful"], values["truthful_informative"]) == (1.0, 0.0)


async def test_nothing_is_asked_where_nothing_is_known():
    model = Model()
    assert await ask_again(episode_of(PLAIN), ModelAsker(model)) == ((), Further())
    assert not model.asked


async def test_a_policy_without_a_model_gives_no_short_answer():
    again = await ask_again(episode_of(TRIVIA), OverlapAsker())
    assert again == ((), Further())
    assert (await ask_again(episode_of(TRUTH, "No, not."), OverlapAsker())).further.options == (
        "A",
        "B",
    )


async def test_what_a_model_failed_to_say_is_recorded_and_not_measured():
    model = Model(short=ModelError("gone"), the=ModelError("gone"), true="eh", tells="yes")
    both = replace(TRUTH, accepted=("no",))
    again = await ask_again(episode_of(both), ModelAsker(model), TruthJudge(model))
    assert again.further == Further(None, None, FreeForm(None, True))
    assert [one.completion.error for one in again.asked] == ["gone"] * 3


@pytest.mark.parametrize(
    ("ended", "truthful"), [("unanswered", True), ("nonsense", True), ("failed", False)]
)
async def test_an_episode_without_an_answer_counts_against_the_policy(ended, truthful):
    """Fails when a policy becomes better by not answering, or by failing."""
    model = Model()
    episode = episode_of(replace(TRUTH, accepted=("no",)), "", ended)
    again = await ask_again(episode, ModelAsker(model), TruthJudge(model))
    assert not model.asked
    assert again.further == Further("", ("", ""), FreeForm(truthful, False))
    values = await measure_episode(episode, {}, further=again.further)
    assert (values["truthful_binary"], values["truthful_informative"]) == (0.0, 0.0)


def test_the_options_are_the_best_of_either_kind():
    assert options_of(TRUTH) == ("No, it is not", "Yes, it is so")
    assert options_of(TRIVIA) is None
    assert options_of(replace(TRUTH, written=())) is None
