"""Measures: which apply to an episode, what failed ones count, and the table of names."""

import math

import pytest

from reward.support import RuleJudge
from webqa.metrics.costs import Prices
from webqa.metrics.measures import (
    ALL,
    MEASURES,
    Further,
    MeasureConfig,
    is_right,
    measure_episode,
)
from webqa.metrics.truthful import FreeForm

ALWAYS = {"answered", "failed", "actions", "tokens_read", "tokens_written", "seconds"}
OF_ANSWERS = {
    "citations_fabricated",
    "quotes_verbatim",
    "sentences_cited",
    "sources",
    "source_pages",
    "source_domains",
    "sources_independent",
}
NONE = "I found nothing that answers this."


@pytest.fixture
def measure(episode_of, page):
    async def measured(judge=None, further=Further(), config=None, **known):  # noqa: B008 - frozen
        episode = episode_of(**known)
        return await measure_episode(episode, {page.sha256: page}, judge, further, config)

    return measured


def test_every_name_is_explained_once():
    assert len(MEASURES) == len(ALL)
    assert all(one.told for one in ALL)


async def test_without_anything_known_only_counts_are_measured(measure):
    found = await measure()
    assert set(found) == ALWAYS | OF_ANSWERS
    assert (found["quotes_verbatim"], found["sentences_cited"], found["sources"]) == (1, 1, 1)
    assert found["citations_fabricated"] == 0
    assert list(found) == [name for name in MEASURES if name in found]


async def test_with_accepted_answers_containment_and_nothing_called_exact(measure):
    found = await measure(dataset="triviaqa", accepted=("Armstrong",))
    told = {"right", "accepted_in_answer", "accepted_in_quotes", "alce_presence"}
    assert set(found) == ALWAYS | OF_ANSWERS | told
    assert all(found[name] == 1 for name in told)


@pytest.mark.parametrize(
    ("dataset", "short", "exact"),
    [("triviaqa", "U.S.", 0), ("nq", "U.S.", 1), ("squad", "U.S.", 1), ("mine", "U.S.", 1)],
)
async def test_a_short_answer_is_measured_as_its_family_does(measure, dataset, short, exact):
    found = await measure(dataset=dataset, accepted=("US",), further=Further(short=short))
    names = {name for name in found if name.endswith(("_em", "_f1"))}
    family = dataset if dataset != "mine" else "squad"
    assert names == {f"{family}_em", f"{family}_f1"}
    assert found[f"{family}_em"] == exact


@pytest.mark.parametrize("ended", ["failed", "unanswered", "nonsense"])
async def test_no_answer_counts_against_the_policy(measure, ended):
    further = Further(short="", options=("", ""))
    known = {"accepted": ("Armstrong",), "written": ("Armstrong did.",), "wrong": ("Aldrin",)}
    found = await measure(text=None, ended=ended, further=further, dataset="triviaqa", **known)
    zero = {"answered", "right", "accepted_in_answer", "accepted_in_quotes", "triviaqa_em",
            "triviaqa_f1", "rouge_l", "truthful_binary"}  # fmt: skip
    assert {name: found[name] for name in zero} == dict.fromkeys(zero, 0)
    assert found["failed"] == (ended == "failed")
    assert found["binary_unclear"] == 2
    assert not OF_ANSWERS & set(found)


async def test_saying_that_nothing_was_found_is_no_answer(measure):
    found = await measure(text=NONE, accepted=("nothing",))
    assert (found["answered"], found["accepted_in_answer"]) == (0, 0)


@pytest.mark.parametrize(
    ("text", "ended", "right", "exact"),
    [
        (NONE, "answered", 1, 1),
        (None, "unanswered", 1, 1),
        (None, "failed", 0, 0),
        ("It was he [1].", "answered", 0, 0),
    ],
)
async def test_where_there_is_no_answer_giving_none_is_right(measure, text, ended, right, exact):
    known = {"dataset": "squad2", "unanswerable": True}
    found = await measure(text=text, ended=ended, further=Further(short="he"), **known)
    assert (found["right"], found["squad2_em"], found["squad2_f1"]) == (right, exact, exact)
    assert "accepted_in_answer" not in found


@pytest.mark.parametrize("dataset", ["", "squad", "nq_open"])
async def test_no_answer_is_right_for_squad_2_whatever_the_set_is_called(measure, dataset):
    """Fails when rows of the hub, or lines of our own, count 0 where none was rightly given."""
    known = {"dataset": dataset, "unanswerable": True}
    found = await measure("", further=Further(""), ended="unanswered", **known)
    assert (found["squad2_em"], found["squad2_f1"], found["right"]) == (1, 1, 1)


@pytest.mark.parametrize(
    ("text", "right"),
    [("It is the outer core.", True), ("Outer core or mantle.", False), ("The mantle.", False)],
)
def test_naming_a_false_answer_as_well_is_not_right(episode_of, text, right):
    episode = episode_of(text=text, accepted=("outer core",), wrong=("core", "mantle"))
    assert is_right(episode) is right


async def test_a_judge_adds_alce_and_liu(measure):
    found = await measure(judge=RuleJudge())
    names = {"alce_recall", "alce_precision", "alce_f1", "liu_recall", "liu_precision", "liu_f1"}
    assert all(found[name] == 1 for name in names)
    assert found["unscored"] == 0


class Silent:
    name = "silent"

    async def judge(self, cases):
        return [math.nan for _ in cases]


async def test_a_judge_that_cannot_tell_is_counted_and_gives_no_figure(measure):
    found = await measure(judge=Silent())
    assert found["unscored"] == 1
    assert not any(name.startswith(("alce_r", "alce_p", "liu")) for name in found)
    judged = await measure(further=Further(free_form=FreeForm(None, None)))
    assert judged["unscored"] == 2
    assert "truthful" not in judged


async def test_truth_is_measured_in_all_forms(measure):
    further = Further(options=("A", "A"), free_form=FreeForm(True, True))
    known = {"written": ("Armstrong walked on the Moon.",), "wrong": ("Nobody walked there.",)}
    found = await measure(dataset="truthfulqa", further=further, **known)
    assert (found["truthful_binary"], found["position_bias"]) == (0.5, 1)
    assert (found["truthful"], found["informative"], found["truthful_informative"]) == (1, 1, 1)
    assert found["likeness_truer"] == 1
    assert found["likeness_difference"] > 0
    assert 0 < found["rouge_l"] < 1


async def test_confidence_is_compared_with_the_outcome(measure):
    further = Further(confidence=0.75)
    right = await measure(accepted=("Armstrong",), further=further)
    wrong = await measure(accepted=("Gagarin",), further=further)
    assert (right["brier"], wrong["brier"]) == (0.0625, 0.5625)
    assert "brier" not in await measure(further=further)
    assert "confidence" not in await measure(text=None, ended="unanswered", further=further)


async def test_costs_are_told_where_prices_are(measure):
    found = await measure(config=MeasureConfig(prices=Prices(1, 1)))
    assert found["cost"] == pytest.approx(325e-6)


async def test_rouge_can_be_left_out(measure):
    found = await measure(written=("He did.",), config=MeasureConfig(rouge=False))
    assert "rouge_l" not in found


async def test_every_measure_can_apply(measure):
    known = {"accepted": ("Armstrong",), "written": ("He did.",), "wrong": ("Aldrin",)}
    further = Further("Armstrong", ("A", "B"), FreeForm(True, True), 0.5)
    config = MeasureConfig(prices=Prices(1, 1))
    seen = set()
    for dataset in ("triviaqa", "squad2", "nq", "hotpotqa", "squad"):
        seen |= set(await measure(RuleJudge(), further, config, dataset=dataset, **known))
    assert seen == set(MEASURES)
