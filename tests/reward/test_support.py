"""Support: what the judge by rules goes by, and how citations are scored by any judge."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from env.answers import NOTHING_FOUND
from env.records import Answer, Quote
from reward.rules import overlap
from reward.support import Case, RuleJudge, SupportScorer, features, open_support_judge


class Table:
    """Judges by a table of sets of texts; what is not in it is not supported."""

    name = "table"

    def __init__(self, **yes):
        self.yes = {frozenset(texts): value for texts, value in yes.items()}
        self.asked = []

    async def judge(self, cases):
        self.asked += cases
        return [self.yes.get(frozenset(case.evidence), 0.0) for case in cases]


async def scored(judge, text, quotes="abc", removed=()):
    answer = Answer("q", text, tuple(Quote(one, "", "") for one in quotes), removed)
    (score,) = await SupportScorer(judge).score([answer])
    assert score.scorer == "support:table"
    return score.parts["recall"], score.parts["precision"], score.value


async def test_a_supported_sentence_with_one_citation_is_perfect():
    assert await scored(Table(a=1.0), "It rains [1].") == (1, 1, 1)


async def test_a_sentence_without_citation_lowers_recall_alone():
    recall, precision, value = await scored(Table(a=1.0), "It rains [1]. It snows today.")
    assert (recall, precision, value) == (0.5, 1, pytest.approx(2 / 3))


async def test_a_citation_that_is_not_needed_lowers_precision_alone():
    assert (await scored(Table(a=1.0, ab=1.0), "It rains [1][2]."))[:2] == (1, 0.5)


async def test_two_citations_that_support_together_are_both_needed():
    assert (await scored(Table(ab=1.0), "It rains [1][2]."))[:2] == (1, 1)


async def test_citations_of_what_is_not_supported_are_worth_nothing():
    assert await scored(Table(), "It rains [1].") == (0, 0, 0)


@pytest.mark.parametrize(
    ("text", "removed"),
    [("It rains [1] today [1].", ()), ("It rains [1, 9].", ()), ("It rains [1].", (9,))],
)
async def test_marks_that_are_repeated_or_name_nothing_lower_precision(text, removed):
    assert (await scored(Table(a=1.0), text, "a", removed))[1] == 0.5


async def test_no_more_than_three_quotes_count_in_a_sentence():
    judge = Table(abc=1.0, abcd=1.0)
    assert (await scored(judge, "It rains [1][2][3][4].", "abcd"))[:2] == (1, 0.75)
    assert max(len(case.evidence) for case in judge.asked) == 3


async def test_a_case_is_judged_once():
    judge = Table(a=1.0)
    answer = Answer("q", "It rains [1].", (Quote("a", "", ""),))
    await SupportScorer(judge).score([answer] * 5)
    assert judge.asked == [Case("It rains.", ("a",))]


@pytest.mark.parametrize("text", ["", NOTHING_FOUND, "[1]"])
async def test_saying_nothing_is_not_supported(text):
    assert await scored(Table(a=1.0), text) == (0, 0, 0)


EVIDENCE = "Rayleigh explained in 1871 why the sky is blue: air scatters blue light."


async def test_the_judge_by_rules_tells_what_is_there_from_what_is_not():
    """Fails when numbers, names or order stop to count."""
    claims = [
        "Rayleigh explained in 1871 why the sky is blue.",
        "Rayleigh explained in 1899 why the sky is blue.",
        "Newton Einstein explained in 1899 why grass is green.",
        "It is so.",
    ]
    right, year, wrong, empty = await RuleJudge().judge([Case(one, (EVIDENCE,)) for one in claims])
    assert right > 0.6 > year > wrong > empty == 0
    assert await RuleJudge().judge([Case(claims[0], ())]) == [0.0]


@given(st.text(), st.lists(st.text(), max_size=3).map(tuple))
def test_features_are_shares(claim, evidence):
    assert all(0.0 <= value <= 1.0 for value in features(Case(claim, evidence)))


def test_without_a_model_the_judge_goes_by_rules():
    assert isinstance(open_support_judge(), RuleJudge)


@pytest.mark.parametrize(
    ("claim", "evidence", "other"),
    [
        ("東京は日本の首都です。", "日本の首都は東京である。", "富士山は日本で一番高い山である。"),
        ("月球距离地球384400公里。", "地球与月球的平均距离为384400公里。", "太阳是一颗恒星。"),
        ("∞", "The sign ∞ stands for it.", "The sign ☂ stands for rain."),
    ],
)
async def test_the_judge_by_rules_reads_scripts_without_spaces_and_symbols(claim, evidence, other):
    """Fails when such a claim is one word, which stands nowhere else."""
    there, elsewhere = await RuleJudge().judge([Case(claim, (evidence,)), Case(claim, (other,))])
    assert elsewhere < 0.15 < 0.3 < there
    quotes = [[Quote(text, "", "a.org")] for text in (evidence, other)]
    assert overlap(claim, quotes[1]) < 0.5 < overlap(claim, quotes[0])
