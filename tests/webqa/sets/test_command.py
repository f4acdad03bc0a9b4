"""`webqa questions FILE -o OUT`: converts, and tells what was read."""

from pathlib import Path

import pytest

from webqa.cli import main
from webqa.questions import read_questions

FIXTURES = Path(__file__).parent / "fixtures"


def test_it_converts_and_tells(tmp_path, capsys):
    out = tmp_path / "out.jsonl"
    assert main(["questions", str(FIXTURES / "squad-2.0.json"), "-o", str(out)]) == 0
    said = capsys.readouterr().out
    assert said.startswith("10 questions (squad2: 10)\nRead as SQuAD, official JSON, 2 rows; ")
    assert "6 with accepted answers, 4 with no answer that is right" in said
    assert f"The questions are in {out}. Next: webqa eval --web sample --questions {out}" in said
    assert read_questions(out) == read_questions(FIXTURES / "squad-2.0.json")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "name either the file of a set, or a web"),
        (["{own}", "--from-web", "sample"], "name either the file of a set, or a web"),
        (["{own}", "--count", "3"], "these flags are for questions that are made"),
        (["missing.jsonl"], "No such file"),
        (["{here}"], "is no file"),
        (["hub:a/b/c"], "names no set"),
    ],
)
def test_mistakes_get_one_line(tmp_path, capsys, words, said):
    given = [word.format(own=FIXTURES / "own.jsonl", here=FIXTURES) for word in words]
    assert main(["questions", *given, "-o", str(tmp_path / "out.jsonl")]) == 1
    told = capsys.readouterr()
    assert said in told.err
    assert told.err.count("\n") == 1
    assert not list(tmp_path.iterdir())
