"""Judges with a rubric: verdicts by probability or word, and cases that stay unscored."""

import asyncio
import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from env.errors import ConfigError
from env.records import Answer, Completion, Quote
from policies.grammar.legal import VERSION
from policies.models.base import ModelError
from policies.models.endpoint.config import EndpointConfig
from policies.models.endpoint.model import EndpointModel
from policies.models.local.config import LocalConfig
from policies.models.local.loading import load
from reward.rubric import (
    INFORMATION,
    SUPPORT,
    TRUTH,
    RubricConfig,
    RubricJudge,
    Statement,
    TruthJudge,
    open_rubric,
)
from reward.support import Case, SupportScorer
from tests.policies.models.endpoint.serving import FakeServer, silence
from tests.policies.models.small import save_model
from webqa.metrics.citations import alce, judge_statements, statements_of

CASE = Case("The sky is blue.", ("Sky\nThe sky is blue on clear days.", "Seas are, too."))


class Model:
    """Replies by a function of the request: a text, a text with a log-probability, or an error."""

    name, context = "a model", 4096

    def __init__(self, reply, chat=True):
        self.requests = []
        self.chat = chat
        self.running = self.most = 0
        self._reply = reply

    async def start(self):
        pass

    def count(self, prompt):
        return len(prompt.text)

    async def complete(self, request):
        self.requests.append(request)
        self.running += 1
        self.most = max(self.most, self.running)
        try:
            reply = self._reply(request)
            if asyncio.iscoroutine(reply):
                reply = await reply
            await asyncio.sleep(0)
        finally:
            self.running -= 1
        if isinstance(reply, Exception):
            raise reply
        text, logprob = reply if isinstance(reply, tuple) else (reply, None)
        return [Completion(text, (), () if logprob is None else (logprob,), VERSION)]


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (("yes", math.log(0.8)), 0.8),
        (("no", math.log(0.8)), 0.2),
        ("Yes.", 1.0),
        ("no", 0.0),
        ("It may be", None),
        ("yes or no", None),
        ("", None),
        (ModelError("gone"), None),
    ],
)
async def test_a_verdict_is_a_probability_or_none(reply, expected):
    judge = RubricJudge(Model(lambda _request: reply))
    (value,) = await judge.judge([CASE])
    assert value == (None if expected is None else pytest.approx(expected))
    counted = "scored" if expected is not None else "neither"
    counted = "failed" if isinstance(reply, Exception) else counted
    assert judge.counts == {counted: 1}


async def test_what_is_shown_is_the_evidence_and_the_claim():
    model = Model(lambda _request: ("yes", -0.1))
    await RubricJudge(model).judge([CASE])
    (request,) = model.requests
    assert request.prompt.system == SUPPORT
    assert request.prompt.text == (
        "♦Evidence\nSky\nThe sky is blue on clear days.\n\nSeas are, too.\n\n"
        "♦Claim\nThe sky is blue.\n\n♦Supported, yes or no\n"
    )
    assert not request.line, "a verdict is no command"


async def test_without_evidence_nobody_is_asked():
    model = Model(lambda _request: "yes")
    judge = RubricJudge(model)
    assert await judge.judge([Case("The sky is blue.", ()), CASE]) == [0.0, 1.0]
    assert "The sky is blue on clear days" in model.requests[0].prompt.text
    assert await judge.judge([]) == []


async def test_a_verdict_that_does_not_come_in_time_is_none():
    async def forever():
        await asyncio.Event().wait()

    def reply(request):
        return forever() if "slow" in request.prompt.text else "yes"

    judge = RubricJudge(Model(reply), RubricConfig(seconds=0.05))
    cases = [CASE, Case("A slow one.", ("slow",)), CASE]
    assert await judge.judge(cases) == [1.0, None, 1.0]
    assert judge.counts == {"scored": 2, "late": 1}


async def test_only_so_many_verdicts_are_asked_for_at_once():
    model = Model(lambda _request: ("yes", -0.1))
    await RubricJudge(model, RubricConfig(concurrency=3)).judge([CASE] * 20)
    assert (model.most, len(model.requests)) == (3, 20)


async def test_a_model_that_cannot_be_reached_at_all_is_told():
    class Gone(Model):
        async def start(self):
            raise ModelError("the server is not there")

    for judged in (RubricJudge(Gone(None)).judge([CASE]),
                   TruthJudge(Gone(None)).truthful([Statement("Why?", "So.")])):  # fmt: skip
        with pytest.raises(ModelError, match="not there"):
            await judged


async def test_measures_leave_out_what_is_unscored_and_rewards_refuse_it():
    """Fails when a number is made up for a claim that the judge did not judge."""
    quotes = (Quote("Air scatters light.", "", ""), Quote("Red passes.", "", ""))
    answer = Answer("Why?", "Air scatters light [1]. Red light passes [2].", quotes)
    judge = RubricJudge(Model(lambda request: "eh" if "Red" in request.prompt.text else "yes"))
    statements = statements_of(answer)
    found = alce(statements, await judge_statements(statements, judge))
    assert (found.recall, found.precision, found.unscored) == (1.0, 1.0, 2)
    with pytest.raises(ModelError, match="gave no verdict on 1 of 2 claims"):
        await SupportScorer(judge).score([answer])


@given(st.text(max_size=80), st.text(max_size=80))
async def test_no_text_of_strangers_adds_a_part_to_a_prompt(claim, evidence):
    """Fails when an answer can write `♦Supported` and the verdict itself."""
    model = Model(lambda _request: ("no", -0.1))
    await RubricJudge(model).judge([Case(claim, (evidence,))])
    statement = Statement(claim, evidence, (claim,), (evidence,))
    await TruthJudge(model).truthful([statement])
    await TruthJudge(model).informative([statement])
    shown = [request.prompt.text for request in model.requests]
    assert [text.count("♦") for text in shown] == [3, 5, 3]
    assert [text.rpartition("♦")[2] for text in shown] == [
        "Supported, yes or no\n", "True, yes or no\n", "Tells something, yes or no\n",
    ]  # fmt: skip


async def test_truth_is_judged_beside_what_is_known():
    model = Model(lambda request: "yes" if request.prompt.system == TRUTH else "no")
    judge = TruthJudge(model)
    statement = Statement("Is it so?", "It is not [1].", ("No",), ("Yes", "Of course"))
    assert await judge.truthful([statement]) == [1.0]
    assert await judge.informative([statement]) == [0.0]
    truth = model.requests[0].prompt.text
    assert (
        "♦Right answers\n- No\n\n♦Wrong answers\n- Yes\n- Of course\n\n♦Answer\nIt is not.\n"
        in truth
    )
    assert model.requests[-1].prompt.system == INFORMATION
    assert "Right answers" not in model.requests[-1].prompt.text
    assert judge.counts == {"scored": 2}
    assert judge.name == "truth-1:a model"


async def test_a_local_model_judges(tmp_path):
    torch.set_num_threads(1)
    model = load(save_model(tmp_path / "m", context=2048), LocalConfig(batch=2))
    try:
        values = await RubricJudge(model).judge([CASE, Case("Other.", ("Sea.",)), CASE])
    finally:
        await model.aclose()
    assert all(0 < value < 1 for value in values)
    assert values[0] == pytest.approx(values[2], abs=1e-4)


async def test_a_server_that_says_nothing_leaves_a_case_unscored():
    async with FakeServer("openai", writes=lambda _body: '{"answer": "yes"}') as server:
        server.held = server.writes
        model = EndpointModel("small", server.url, EndpointConfig(seconds=20.0, tries=1))
        judge = RubricJudge(model, RubricConfig(seconds=0.5))
        try:
            assert await judge.judge([CASE]) == [1.0]
            server.always = silence
            assert await judge.judge([CASE]) == [None]
        finally:
            await model.aclose()
    assert judge.counts == {"scored": 1, "late": 1}


async def test_a_judge_is_opened_by_its_name(tmp_path):
    torch.set_num_threads(1)
    local = open_rubric(str(save_model(tmp_path / "m", context=2048)))
    async with FakeServer("llama.cpp", held=lambda _body: "no") as server:
        remote = open_rubric(f"small@{server.url}")
        try:
            assert await remote.support.judge([CASE]) == [0.0]
            assert await remote.truth.truthful([Statement("Why?", "So.")]) == [0.0]
            assert (await local.truth.truthful([Statement("Why?", "So.")]))[0] is not None
        finally:
            await remote.close()
            await local.close()
    assert remote.support.name == "rubric-1:small"
    for named in ("", "@http://127.0.0.1:1/v1"):
        with pytest.raises(ConfigError, match="needs a model"):
            open_rubric(named)
    with pytest.raises(ModelError):
        open_rubric(str(tmp_path / "nothing"))
