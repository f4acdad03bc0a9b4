"""Questions of runs that give nothing to be compared: counted by the reason."""

from collections import Counter

import pytest

from env.errors import ConfigError
from tests.webqa.made_runs import add_episode, asked, make_run
from webqa.rating.campaigns.pairs_of_runs import pairs_of
from webqa.rating.config import PairingConfig


@pytest.fixture
def runs(tmp_path):
    return make_run(tmp_path / "a"), make_run(tmp_path / "b")


def left_out(runs, config=PairingConfig()):  # noqa: B008 - frozen
    found = Counter()
    pairs = pairs_of(runs, config, 0, found)
    return len(pairs), found


def test_of_two_runs_those_that_one_did_not_answer(runs):
    for name, texts in {"q1": ("One.", "Other."), "q2": ("One.", None), "q3": (None, None)}.items():
        for run, text in zip(runs, texts, strict=True):
            add_episode(run, asked(name), text)
    add_episode(runs[0], asked("q4"), "One.")
    assert left_out(runs) == (1, {"not answered in every run": 3})


def test_of_one_run_those_with_less_than_two_answers(runs):
    for name, texts in {"q1": ("One.", "Other."), "q2": ("One.", None), "q3": (None, None)}.items():
        for attempt, text in enumerate(texts):
            add_episode(runs[0], asked(name), text, attempt=attempt)
    expected = {"without two different answers": 1, "not answered": 1}
    assert left_out(runs[:1]) == (1, expected)


def test_beside_people_those_that_nobody_wrote_an_answer_to(runs):
    add_episode(runs[0], asked("q1"), "One.")
    with pytest.raises(ConfigError, match=r"people's answers \(written\) are needed"):
        left_out(runs[:1], PairingConfig(written=1))
    add_episode(runs[0], asked("q2", "By a person."), "One.")
    expected = {"without an answer by a person (written)": 1}
    assert left_out(runs[:1], PairingConfig(written=1)) == (1, expected)
