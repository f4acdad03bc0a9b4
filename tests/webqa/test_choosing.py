"""The best of several answers to one question: chosen by score, withheld where it is too low."""

import math

import pytest

from env.errors import ConfigError, Error
from env.records import Answer, Completion, Question, make_page
from env.web.memory import MemoryWeb
from policies.base import Setup
from reward.scorers import Score
from webqa.choosing import (
    TEMPERATURE,
    BestOf,
    ChooseConfig,
    check,
    choose,
    for_sampling,
    samples_of,
    scores_of,
    settings_of,
    told,
)
from webqa.models import ModelConfig

TEXT = "The sky is blue because air scatters blue light."
WEB = MemoryWeb([make_page("https://a.example/", "Sky", TEXT, domain="a.example")])
SETUP = Setup(WEB, run="r")
QUESTION = Question("q1", "Why is the sky blue?")
LINES = ("Search sky", "Clicked on link 0", "Quote: air scatters blue light", "End: Answer")


class Numbered:
    """Answers with a number made of its seed; every third one finds nothing, or fails."""

    name = "numbered"

    def __init__(self, seed, third="nothing"):
        self._lines = iter(LINES)
        self._seed = seed
        self._third = third

    async def act(self, observation):
        """Write the next line, or the answer."""
        if not observation.answering:
            return Completion(next(self._lines))
        if self._seed % 3 == 0 and self._third == "fails":
            raise OSError("gone")
        text = "I found nothing that answers this." if self._seed % 3 == 0 else f"{self._seed} [1]"
        return Completion(text)


class ByNumber:
    """Scores an answer by the number in it; one without text by far the best."""

    name = "number"

    async def score(self, answers):
        """Return a score for each."""
        return [Score(float(one.text.split()[0]) if one.text else 1e12) for one in answers]


async def best(config, third="nothing", **given):
    played = BestOf(lambda seed: Numbered(seed, third), ByNumber(), config)
    return await played.play(QUESTION, SETUP, **given), played.last


@pytest.mark.parametrize("third", ["nothing", "fails"])
async def test_the_best_one_that_has_an_answer_is_given(third):
    """Fails when another one is given, or silence because its scorer likes it."""
    rollout, last = await best(ChooseConfig(best_of=12, answers=4), third)
    texts = [one.episode.answer.text for one in last.rollouts if one.episode.answer]
    assert 0 < len(texts) < 12
    assert rollout.episode.answer.text == max(texts, key=lambda text: int(text.split()[0]))
    assert last.score.value == float(rollout.episode.answer.text.split()[0])
    assert rollout == last.rollouts[last.place]
    assert not last.abstained


async def test_an_answer_below_the_threshold_is_withheld_but_recorded():
    rollout, last = await best(ChooseConfig(best_of=4, abstain_below=1e11))
    assert (rollout.episode.ended, rollout.episode.answer) == ("unanswered", None)
    assert last.abstained
    assert last.rollouts[last.place].episode.ended == "answered"
    assert last.rollouts[last.place].episode.id == rollout.episode.id
    allowed, _ = await best(ChooseConfig(best_of=4, abstain_below=last.score.value))
    assert allowed.episode.ended == "answered"


class Failing:
    """Fails at once."""

    name = "failing"

    async def act(self, observation):
        """Fail."""
        raise OSError("gone")


class Silent:
    """Finds nothing."""

    name = "silent"

    async def act(self, observation):
        """End without a quote."""
        return Completion("End: Answer")


async def test_without_any_answer_an_episode_that_did_not_fail_is_given():
    made = iter([Failing(), Silent(), Failing()])
    played = BestOf(lambda _seed: next(made), ByNumber(), ChooseConfig(best_of=3, answers=1))
    assert (await played.play(QUESTION, SETUP)).episode.ended == "unanswered"
    assert not played.last.abstained
    played = BestOf(lambda _seed: Failing(), ByNumber(), ChooseConfig(best_of=2))
    assert (await played.play(QUESTION, SETUP)).episode.ended == "failed"


async def test_what_was_chosen_from_is_told_in_a_line():
    _, last = await best(config := ChooseConfig(best_of=12))
    answered = [one.value for one in last.scores if one.value < 1e12]
    assert told(last, config) == (
        f"the best of {len(answered)} answers scores {max(answered):.4g} by rules, "
        f"the worst {min(answered):.4g}"
    )
    _, last = await best(config := ChooseConfig(best_of=12, abstain_below=1e11))
    assert told(last, config).endswith(", below 1e+11: it is withheld")
    silent = await choose([one for one in last.rollouts if not one.episode.answer], ByNumber())
    assert told(silent, config) == f"none of {len(silent.rollouts)} attempts came to an answer"


async def test_a_follow_up_keeps_its_quotes_and_numbers_its_attempts():
    first, _ = await best(ChooseConfig(best_of=4))
    _, last = await best(ChooseConfig(best_of=4), quotes=first.episode.answer.quotes, attempt=9)
    assert [one.episode.attempt for one in last.rollouts] == [9, 10, 11, 12]
    assert all(
        one.episode.steps[0].observation.quotes == first.episode.answer.quotes
        for one in last.rollouts
    )


class Says:
    """Gives the same scores whatever it is asked."""

    name = "says"

    def __init__(self, *scores):
        self._scores = list(scores)

    async def score(self, answers):
        """Return them."""
        return self._scores


@pytest.mark.parametrize(
    ("scores", "word"),
    [
        ([Score(math.nan)], "no finite number"),
        ([Score(1.0, {"part": math.inf})], "no finite number"),
        ([], "0 scores for 1 answers"),
    ],
)
async def test_a_broken_scorer_is_named(scores, word):
    with pytest.raises(Error, match=f"says .*{word}"):
        await scores_of(Says(*scores), [Answer("q", "a")])


async def test_nothing_to_choose_from_is_an_error():
    with pytest.raises(Error, match="nothing can be chosen"):
        await choose([], ByNumber())


@pytest.mark.parametrize(
    ("config", "browses", "answers"),
    [
        (ChooseConfig(16), 4, 4),
        (ChooseConfig(2), 1, 2),
        (ChooseConfig(1), 1, 1),
        (ChooseConfig(6, answers=1), 6, 1),
        (ChooseConfig(6), 2, 3),
        (ChooseConfig(7), 7, 1),
    ],
)
def test_answers_are_dealt_to_browses(config, browses, answers):
    check(config)
    assert (samples_of(config).browses, samples_of(config).answers) == (browses, answers)


@pytest.mark.parametrize(
    "config",
    [
        ChooseConfig(0),
        ChooseConfig(4, answers=0),
        ChooseConfig(abstain_below=math.nan),
    ],
)
def test_numbers_that_make_no_sense_are_refused(config):
    with pytest.raises(ConfigError, match=r"--best-of|--answers|--abstain-below"):
        check(config)


def test_scoring_is_only_done_where_it_is_asked_for():
    assert not ChooseConfig().wanted
    assert ChooseConfig(2).wanted
    assert ChooseConfig(abstain_below=-1.0).wanted
    assert settings_of(ChooseConfig()) == {}
    assert settings_of(ChooseConfig(2)) == {"best_of": 2, "answers": 4, "scorer": "rules"}


def test_samples_are_drawn_unless_a_temperature_is_given(tmp_path):
    folder = str(tmp_path)
    assert for_sampling(ModelConfig()).temperature is None
    assert for_sampling(ModelConfig(folder)).temperature == TEMPERATURE
    assert for_sampling(ModelConfig(folder, temperature=0.0)).temperature == 0.0
    (tmp_path / "webqa.json").write_text('{"temperature": 0.5}')
    assert for_sampling(ModelConfig(folder)).temperature is None


def test_a_scorer_with_nothing_to_choose_from_is_refused():
    with pytest.raises(ConfigError, match="--scorer cited has nothing to choose from"):
        check(ChooseConfig(scorer="cited"))
    check(ChooseConfig(2, scorer="cited"))
    check(ChooseConfig(scorer="cited", abstain_below=0.0))
