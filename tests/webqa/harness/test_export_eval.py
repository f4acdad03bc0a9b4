"""`webqa export-eval`: runs for ALCE and inspect_ai, and what goes with which form."""

import json

import pytest

from env.errors import ConfigError
from env.jsonl import append
from env.records import Answer, Episode, Question, Quote, WebIdentity
from reward.comparisons import Comparison, write_comparisons
from webqa.cli.exits import Exit
from webqa.cli.export_eval import export_eval
from webqa.measured import MEASURES, Measured
from webqa.run import EPISODES, Run, Settings

ANSWER = Answer("Why?", "Air does it [1].", (Quote("Air does it.", "Air", "a.example"),))


@pytest.fixture
def folder(tmp_path):
    found = tmp_path / "run"
    with Run(found, Settings("typed", "extractive", WebIdentity("none"))):
        pass
    question = Question("q", "Why?", "trivia")
    append(found / EPISODES, Episode("e", question, "p", WebIdentity("none"), "", (), ANSWER,
                                     "answered", "command"))  # fmt: skip
    append(found / MEASURES, Measured("e", "q", "trivia", 0, {"right": 1.0}))
    return found


def test_a_run_is_written_for_alce(folder, tmp_path, capsys):
    out = tmp_path / "alce.json"
    assert export_eval(folder, out=out) == Exit.DONE
    assert json.loads(out.read_text())["data"][0]["output"] == "Air does it [1]."
    said = capsys.readouterr().err
    assert "STR-EM is left out" in said
    assert said.endswith(f"Wrote {out}: 1 episode, 1 of them answered\n")


def test_measures_and_ratings_are_written_for_inspect_ai(folder, tmp_path, capsys):
    out, rated = tmp_path / "scores.jsonl", tmp_path / "rated.jsonl"
    assert export_eval(folder, out=out, form="inspect", measure="right") == Exit.DONE
    assert json.loads(out.read_text())["value"] == 1.0
    other = Answer("Why?", "Nobody knows.")
    write_comparisons(rated, [Comparison("c", "q", ANSWER, other, 0.5, "e", "f", rater="ada")])
    assert export_eval(folder, out=out, form="inspect", ratings=(rated,)) == Exit.DONE
    assert json.loads(out.read_text())["value"] == 0.75
    assert capsys.readouterr().err.endswith(f"Wrote {out}: 1 score\n")


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ({"measure": "right"}, "are for --form inspect"),
        ({"form": "inspect"}, "needs either --measure or --ratings"),
        ({"form": "inspect", "measure": "right", "dataset": "x"}, "--dataset is for --form alce"),
        ({"form": "inspect", "measure": "no such"}, "unknown measure 'no such'"),
        ({"form": "inspect", "measure": "rouge_l"}, "no episode of the run has such a score"),
    ],
)
def test_flags_that_do_not_go_together_are_told(folder, tmp_path, flags, message):
    with pytest.raises(ConfigError, match=message):
        export_eval(folder, out=tmp_path / "out.jsonl", **flags)
