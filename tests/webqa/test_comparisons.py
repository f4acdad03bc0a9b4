"""`webqa comparisons`: says what is in files of comparisons, and writes them in one form."""

import json

import pytest

from reward.formats.reading import read
from webqa.cli import main
from webqa.cli.exits import Exit


def record(text, score, question="q1"):
    asked = {"dataset": "eli5", "id": question, "full_text": f"Why {question}?"}
    quotes = {"title": ["Sky (sky.example)"], "extract": ["It is blue."]}
    return {"question": asked, "quotes": quotes, "answer": text, "score": score}


ROWS = (
    [record("Yes. [1]", 1), record("No. [1]", -1)],
    [record("Yes. [1]", 0), record("Perhaps. [2]", 0)],
    [record("Yes. [1]", 0.5, "q2"), record("No. [1]", 0.5, "q2")],
    {"prompt": "How?", "chosen": "So.", "rejected": "Not so."},
)


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "raw.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    return path


def test_what_was_read_is_told(source, capsys):
    assert main(["comparisons", str(source)]) == Exit.DONE
    told = capsys.readouterr()
    assert told.out == (
        "3 comparisons of 2 questions (unnamed: 1, eli5: 2); 1 tie; of the others the first is "
        "better in 100%\n"
    )
    assert told.err.splitlines() == [
        f"{source}: 4 rows (webgpt 3, trl 1), 3 comparisons, 1 skipped",
        f"1 skipped, the first is {source}, line 3: its scores do not sum to zero (0.5 and 0.5)",
        "Comparisons that cite a number without a quote: 1",
    ]


@pytest.mark.parametrize("form", ["webqa", "webgpt", "hugging-face"])
def test_every_form_is_written_whole(source, tmp_path, form, capsys):
    out = tmp_path / "new" / "out.jsonl"
    assert main(["comparisons", str(source), "-o", str(out), "--to", form]) == Exit.DONE
    assert capsys.readouterr().out.endswith(f"3 comparisons as {form} in {out}\n")
    assert read([out]).comparisons == read([source]).comparisons


def test_ties_are_left_out_of_chosen_and_rejected_and_it_is_said(source, tmp_path, capsys):
    out = tmp_path / "out.jsonl"
    assert main(["comparisons", str(source), str(source), "-o", str(out), "--to", "trl"]) == 0
    told = capsys.readouterr()
    assert "1 comparison left out: a tie has no place in this form" in told.err
    assert "3 skipped, the first is" in told.err  # they stand in the first file, too
    assert told.out.endswith(f"2 comparisons as trl in {out}\n")


def test_a_simulated_comparison_is_told_as_one(source, tmp_path, capsys):
    row = {"prompt": "How?", "chosen": "So.", "rejected": "Not so.", "simulated": True}
    source.write_text(json.dumps(row) + "\n")
    assert main(["comparisons", str(source)]) == Exit.DONE
    assert "; 1 simulated" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ([], "no file to read"),
        (["missing"], "cannot read missing: No such file"),
        (["{source}", "-o", "{source}"], "is also read: name another"),
        (["{source}", "-o", "{folder}"], "is a folder"),
        (["{folder}/empty"], "no usable comparison in"),
    ],
)
def test_what_cannot_be_done_is_one_line(source, tmp_path, arguments, complaint, capsys):
    (tmp_path / "empty").write_text('{"question": "Why?"}\n')
    before = source.read_bytes()
    filled = [one.format(source=source, folder=tmp_path) for one in arguments]
    assert main(["comparisons", *filled]) == Exit.ERROR
    told = capsys.readouterr()
    assert complaint in told.err
    assert told.err.count("\n") == 1
    assert source.read_bytes() == before
