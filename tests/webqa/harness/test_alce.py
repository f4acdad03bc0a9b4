"""A run in ALCE's form: its script must read what our answers mean."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from env.errors import ConfigError
from env.jsonl import append
from env.records import Answer, Episode, Question, Quote, WebIdentity
from reward.claims import claims_of
from webqa.harness.alce import export_alce, item_of, output_of
from webqa.metrics.citations import statements_of
from webqa.run import EPISODES, Run, Settings

QUOTES = (
    Quote("The sky is blue. Air scatters light.", "Sky", "a.example", "https://a.example/"),
    Quote("Red light passes.", "Dusk", "b.example"),
)


def read_by_alce(output):
    """Return what the script's own expressions find: each sentence's text and documents."""
    line = output.strip().split("\n")[0]
    sentences = re.split(r"(?<=[.!?]) (?=[A-Z])", line)
    return [
        (
            re.sub(r"\[\d+", "", re.sub(r" \[\d+", "", one)).replace("]", "").strip(),
            [int(number[1:]) - 1 for number in re.findall(r"\[\d+", one)],
        )
        for one in sentences
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It is blue [1].", [("It is blue.", [0])]),
        ("It is blue. [1] Red passes. [2]", [("It is blue.", [0]), ("Red passes.", [1])]),
        ("It is blue [1, 2].", [("It is blue.", [0, 1])]),
        ("It is blue [1][1].", [("It is blue.", [0])]),
        ("It is blue [1].\n\nRed passes [2]", [("It is blue.", [0]), ("Red passes.", [1])]),
        ("The sky is blue. Air scatters light. [1]",
         [("The sky is blue.", [0]), ("Air scatters light.", [0])]),
        ("The sky is grey. Air scatters light. [1]",
         [("The sky is grey.", []), ("Air scatters light.", [0])]),
        ("He says “it is blue.” [1]", [("He says “it is blue.”", [0])]),
        ("Why? It is blue! [2]", [("Why?", []), ("It is blue!", [1])]),
        ("It is blue [7].", [("It is blue.", [])]),
    ],
)  # fmt: skip
def test_the_script_reads_the_marks_as_they_are_meant(text, expected):
    assert read_by_alce(output_of(Answer("Why?", text, QUOTES))) == expected


@given(st.lists(st.tuples(st.booleans(), st.lists(st.integers(1, 2), max_size=4)), max_size=6))
def test_the_script_finds_the_citations_that_our_measures_find(sentences):
    """Fails when the export and `webqa.metrics.citations` differ about who cites what."""
    text = " ".join(
        f"Sentence {'abcdef'[place]} is here"
        + ("." if behind else "")
        + "".join(f" [{number}]" for number in marks)
        + ("" if behind else ".")
        for place, (behind, marks) in enumerate(sentences)
    )
    answer = Answer("Why?", text, QUOTES)
    ours = [[number - 1 for number in claim.cited] for claim in claims_of(answer)]
    if text:
        assert [cited for _, cited in read_by_alce(output_of(answer))] == ours
    shown = [len(one.cited) for one in statements_of(answer)]
    assert shown == [len(cited) for cited in ours]


def episode(number, question, text="It is blue [1].", ended="answered"):
    return Episode(
        f"e{number}", question, "p", WebIdentity("none"), "", (),
        Answer(question.text, text, QUOTES) if text else None, ended, "command",
    )  # fmt: skip


def test_an_item_holds_what_the_script_asks_for():
    item = item_of(episode(1, Question("q", "Why?", "d", ("air",), ("Because of the air.",))))
    assert (item["question"], item["answer"]) == ("Why?", "Because of the air.")
    assert item["docs"][1] == {"title": "Dusk", "text": "Red light passes.", "url": ""}
    assert item["qa_pairs"] == [{"question": "Why?", "short_answers": ["air"]}]
    assert item_of(episode(1, Question("q", "Why?", "", ("air",))))["answer"] == "air"


@pytest.mark.parametrize(
    "one",
    [
        episode(1, Question("q", "Why?"), "", "unanswered"),
        episode(1, Question("q", "Why?"), ended="failed"),
        episode(1, Question("q", "Why?"), "I found nothing that answers this."),
    ],
)
def test_what_is_no_answer_has_no_output(one):
    item = item_of(one)
    assert (item["output"], item["docs"], item["answer"], item["qa_pairs"]) == ("", [], "", None)


@pytest.fixture
def folder(tmp_path):
    found = tmp_path / "run"
    with Run(found, Settings("typed", "extractive", WebIdentity("none"))):
        pass
    return found


def test_a_run_becomes_a_file_and_a_data_set_of_it(folder, tmp_path):
    append(folder / EPISODES, episode(1, Question("q1", "Why?", "trivia", ("air",))))
    append(folder / EPISODES, episode(2, Question("q2", "How?", "eli5"), "", "unanswered"))
    out = tmp_path / "alce.json"
    assert export_alce(folder, out) == (2, 1, False)
    whole = json.loads(out.read_text(encoding="utf-8"))
    assert whole["args"]["settings"]["policy"] == "extractive"
    assert [one["qa_pairs"] for one in whole["data"]] == [None, None]
    assert export_alce(folder, out, "trivia") == (1, 1, True)
    assert [one["id"] for one in json.loads(out.read_text(encoding="utf-8"))["data"]] == ["q1"]
    with pytest.raises(ConfigError, match="holds no episode of the data set 'squad'"):
        export_alce(folder, out, "squad")


def test_a_run_without_episodes_and_a_folder_that_is_none_are_told(folder, tmp_path):
    with pytest.raises(ConfigError, match="holds no episode: let it finish"):
        export_alce(folder, tmp_path / "alce.json")
    with pytest.raises(ConfigError, match="is not a run folder"):
        export_alce(tmp_path, tmp_path / "alce.json")


def test_a_long_answer_is_one_line():
    long = "\n".join(f"Sentence {number} is here [1]." for number in range(200))
    output = output_of(Answer("Why?", long, QUOTES))
    assert "\n" not in output
    assert len(re.findall(r"\[1\]", output)) == 200
