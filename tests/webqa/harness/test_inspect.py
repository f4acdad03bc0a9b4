"""inspect_ai runs our tasks: our agent as solver, our measures as scores, ratings attached."""

import json

import pytest

pytest.importorskip("inspect_ai")

from inspect_ai import Task, eval, score
from inspect_ai.dataset import Sample
from inspect_ai.model import ModelOutput, ModelUsage, get_model
from inspect_ai.scorer import precomputed_scores

from webqa.harness.inspect_tasks import NAMES, browser_agent, measures, questions, truthfulqa
from webqa.harness.precomputed import Precomputed, write_precomputed

pytestmark = [
    pytest.mark.slow,
    # Of inspect_ai and what it brings, not of ours.
    pytest.mark.filterwarnings("default"),
]
LINES = ("Search sky blue", "Clicked on link 0", "Quote: The sky is blue", "End: Answer")


@pytest.fixture(autouse=True)
def _apart(tmp_path, monkeypatch):
    for name in ("XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name))
    monkeypatch.setenv("INSPECT_LOG_DIR", str(tmp_path / "logs"))


@pytest.fixture
def source(tmp_path):
    rows = [
        {"id": "sky", "question": "Why is the sky blue?", "accepted": ["air", "blue light"],
         "written": ["Because air scatters blue light."], "wrong": ["Because of the sea."]},
        {"id": "salt", "question": "Why does salt keep meat?", "accepted": ["water"]},
    ]  # fmt: skip
    path = tmp_path / "questions.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def told(log):
    assert log.status == "success", log.error
    return {one.name: one for one in log.results.scores}


def sample_of(log, name):
    return next(one for one in log.samples if one.id == name)


def run(task, tmp_path, model="mockllm/model"):
    (log,) = eval(task, model=model, log_dir=str(tmp_path / "logs"), display="none")
    return log


def test_an_agent_without_a_model_is_measured(source, web, tmp_path):
    log = run(questions(str(source), str(web), "extractive"), tmp_path)
    found = told(log)
    assert set(found) == set(NAMES["questions"])
    assert found["answered"].metrics["mean"].value == 1.0
    assert found["quotes_verbatim"].metrics["mean"].value == 1.0
    assert (found["rouge_l"].scored_samples, found["rouge_l"].unscored_samples) == (1, 1)
    sample = sample_of(log, "sky")
    assert "[1]" in sample.output.completion
    assert "https://sky.example/" in sample.messages[-1].text


def writes(messages, _tools, _choice, _config):
    """Play the agent's part: the next line for as many as it has done, and what is asked again."""
    prompt = messages[-1].text
    if "♦The answer says" in prompt:
        text = "(A)" if "(A) Because air" in prompt else "(B)"
    elif "♦Short answer" in prompt:
        text = "the air"
    elif prompt.endswith("■"):
        text = "The air scatters blue light [1]."
    else:
        past = prompt.partition("♦Past actions\n")[2].partition("\n♦")[0].split("\n")
        text = LINES[min(len([one for one in past if one]), len(LINES) - 1)]
    output = ModelOutput.from_content("mockllm", text)
    # Without it the stand-in would count tokens by a vocabulary that it downloads.
    output.usage = ModelUsage(input_tokens=100, output_tokens=5)
    return output


def test_the_model_that_is_evaluated_browses(source, web, tmp_path):
    model = get_model("mockllm/model", custom_outputs=writes)
    log = run(truthfulqa(str(source), str(web)), tmp_path, model)
    found = told(log)
    assert found["answered"].metrics["mean"].value == 1.0
    assert found["truthful_binary"].metrics["mean"].value == 1.0
    assert found["position_bias"].metrics["mean"].value == 0.0
    assert found["truthful_binary"].unscored_samples == 1
    assert found["tokens_read"].metrics["mean"].value > 0
    assert sample_of(log, "sky").output.completion == "The air scatters blue light [1]."


def test_a_fault_of_the_model_is_told_by_inspect_ai(source, web, tmp_path):
    """Fails when a limit or a provider's error is taken for a wrong answer."""

    def fail(*_):
        raise ValueError("the provider is down")

    log = run(
        questions(str(source), str(web)), tmp_path, get_model("mockllm/m", custom_outputs=fail)
    )
    assert log.status == "error"
    assert "the provider is down" in log.error.message


def test_the_agent_and_the_measures_serve_other_tasks(web, tmp_path):
    task = Task(
        dataset=[Sample(id=7, input="Why is the sky blue?", target="blue light")],
        solver=browser_agent(str(web), "extractive"),
        scorer=measures(["right", "alce_recall"]),
    )
    log = run(task, tmp_path)
    assert told(log)["right"].metrics["mean"].value == 1.0
    rated = tmp_path / "ratings.jsonl"
    write_precomputed(rated, [Precomputed("7", 1, 0.75, "3 comparisons")])
    again = score(log, precomputed_scores(str(rated)), action="append", display="none")
    values = {one.name: one.metrics for one in again.results.scores}
    assert values["precomputed_scores"]["accuracy"].value == 0.75
    both = score(log, measures(["answered"]), action="overwrite", display="none")
    assert told(both)["answered"].metrics["mean"].value == 1.0


def test_epochs_are_attempts(source, web, tmp_path):
    log = run(questions(str(source), str(web), "extractive", attempts=2), tmp_path)
    ids = {sample.scores["measures"].metadata["episode"] for sample in log.samples}
    assert len(ids) == 4
