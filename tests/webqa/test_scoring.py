"""What `--scorer` may name, and what it says to a mistake."""

import pytest

from env.errors import ConfigError
from env.records import Answer, Quote
from policies.models.base import ModelError
from reward.rules import ALL, RULES
from webqa.scoring import models_of, open_scorer, read_terms

QUOTE = Quote("Air scatters blue light.", "Sky", "sky.example")
ANSWER = Answer("Why is the sky blue?", "Air scatters blue light [1].", (QUOTE,))


@pytest.mark.parametrize("rule", ALL, ids=lambda rule: rule.name)
def test_every_rule_has_a_name(rule):
    assert open_scorer(rule.name) is RULES[rule.name] is rule


async def test_all_rules_together_are_a_share_with_every_part():
    (score,) = await open_scorer("rules").score([ANSWER])
    assert 0.8 < score.value < 1
    assert set(score.parts) == set(RULES)


async def test_a_sum_is_weighted_and_its_parts_are_told():
    (score,) = await open_scorer(" cited, verbatim=0.5,support=-2e-1").score([ANSWER])
    assert score.value == pytest.approx(1 - 0.2 * score.parts["support:rules"])
    assert score.parts["support:rules/precision"] == score.parts["support:rules/recall"] > 0.5


async def test_a_single_scorer_keeps_its_weight():
    (score,) = await open_scorer("cited=3").score([ANSWER])
    assert score.value == 3


async def test_accepted_answers_score_against_a_file_of_questions(tmp_path):
    file = tmp_path / "questions.jsonl"
    file.write_text('{"question": "Why is the sky blue?", "accepted": ["scatters"]}\n')
    (score,) = await open_scorer(f"gold:{file}").score([ANSWER])
    assert (score.scorer, score.parts["correct"]) == ("gold", 1)


def test_a_folder_may_have_the_sign_of_a_weight_in_its_name(tmp_path):
    (tmp_path / "a=1").mkdir()
    assert read_terms(f"{tmp_path}/a=1=0.5") == [(f"{tmp_path}/a=1", 0.5)]
    assert read_terms(f"{tmp_path}/a=1") == [(f"{tmp_path}/a=1", 1.0)]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "empty part"),
        ("cited,", "empty part"),
        ("cited=much", "no number"),
        ("cited=nan", "no number"),
        ("=2", "no number"),
        ("quality", "neither a rule nor a folder"),
        ("cited,cited=2", "twice"),
        ("gold:", "is no file"),
    ],
)
def test_mistakes_are_told_in_a_line(text, told):
    with pytest.raises(ConfigError, match=told) as raised:
        open_scorer(text)
    assert "\n" not in str(raised.value)


def test_a_folder_without_a_model_is_refused(tmp_path):
    pytest.importorskip("torch")
    with pytest.raises((ModelError, ConfigError)):
        open_scorer(str(tmp_path))


def test_a_model_that_was_trained_again_is_another_scorer(tmp_path):
    folder = tmp_path / "reward"
    folder.mkdir()
    (folder / "reward.json").write_text("{}")
    before = models_of(f"{folder}=0.5,cited")
    (folder / "reward.json").write_text('{"temperature": 2}')
    assert before != models_of(f"{folder}=0.5,cited")
    assert models_of("rules") == ""
