"""Each family's fixture is read to exactly what its authors mean by it."""

import json
from pathlib import Path

import pytest

from env.records import Question
from webqa.questions import read_questions, write_questions
from webqa.sets.eli5 import question_text
from webqa.sets.opening import open_questions

FIXTURES = Path(__file__).parent / "fixtures"
CLOCK = "Who designed the tide clock of Port Ellery?"
CLOCK_TOLD = "The tide clock was the work of Maud Tarrant, who drew it in one winter."
FERRY = "What is the ferry to Low Island called?"

FORMS = {
    "own.jsonl": ("our own lines", {"made": 8, "": 2}),
    "triviaqa-web.json": ("TriviaQA, official JSON", {"triviaqa": 10}),
    "triviaqa-wikipedia.json": ("TriviaQA, official JSON", {"triviaqa": 10}),
    "triviaqa-hub.jsonl": ("TriviaQA, rows of the hub", {"triviaqa": 10}),
    "eli5.jsonl": ("ELI5, posts", {"eli5": 9}),
    "eli5-category.jsonl": ("ELI5, posts", {"eli5": 9}),
    "eli5-kilt.jsonl": ("ELI5, lines of KILT", {"eli5": 9}),
    "TruthfulQA.csv": ("TruthfulQA, table", {"truthfulqa": 10}),
    "mc_task.json": ("TruthfulQA, choices", {"truthfulqa": 10}),
    "truthfulqa-choices.jsonl": ("TruthfulQA, choices", {"truthfulqa": 10}),
    "truthfulqa-generation.jsonl": ("TruthfulQA, rows of the hub", {"truthfulqa": 10}),
    "nq_open.jsonl": ("NQ-open", {"nq_open": 10}),
    "webquestions.jsonl": ("WebQuestions, rows of the hub", {"webquestions": 10}),
    "webquestions.json": ("WebQuestions, official JSON", {"webquestions": 10}),
    "squad-1.1.json": ("SQuAD, official JSON", {"squad": 10}),
    "squad-2.0.json": ("SQuAD, official JSON", {"squad2": 10}),
    "squad-hub.jsonl": ("SQuAD, rows of the hub", {"squad2": 10}),
    "hotpotqa.json": ("HotpotQA", {"hotpotqa": 10}),
    "hotpotqa-hub.jsonl": ("HotpotQA", {"hotpotqa": 10}),
    "simpleqa.csv": ("SimpleQA", {"simpleqa": 10}),
    "arc.jsonl": ("ARC, official lines", {"arc": 10}),
    "arc-hub.jsonl": ("ARC, rows of the hub", {"arc": 10}),
}


def read(name):
    return read_questions(FIXTURES / name)


@pytest.mark.parametrize("name", FORMS)
def test_the_form_is_known_by_its_shape(name, tmp_path):
    """Fails when a form is taken for another, or the file's name plays a part."""
    elsewhere = tmp_path / "set"
    elsewhere.write_bytes((FIXTURES / name).read_bytes())
    opened = open_questions(elsewhere)
    assert (opened.figures.form, dict(opened.figures.datasets)) == FORMS[name]
    assert [one for one in opened] == read(name)


@pytest.mark.parametrize("name", FORMS)
def test_written_as_our_own_lines_nothing_is_lost(name, tmp_path):
    write_questions(tmp_path / "own.jsonl", open_questions(FIXTURES / name))
    assert read_questions(tmp_path / "own.jsonl") == read(name)


def test_every_fixture_is_here():
    assert sorted(path.name for path in FIXTURES.iterdir()) == sorted(FORMS)


def test_own_lines():
    questions = read("own.jsonl")
    assert questions[0] == Question(
        "own-0",
        CLOCK,
        "made",
        ("Maud Tarrant", "Miss Tarrant", "M. Tarrant"),
        (CLOCK_TOLD,),
        ("Oswin Pell", "the harbour master"),
    )
    assert questions[8].accepted == ("salt-cake",)
    assert len(questions[8].id) == 16
    assert questions[9] == Question("9", "Who rules the moon over Ellery?", unanswerable=True)


def test_triviaqa():
    web, wikipedia, hub = map(
        read, ("triviaqa-web.json", "triviaqa-wikipedia.json", "triviaqa-hub.jsonl")
    )
    names = ("Maud Tarrant", "Miss Tarrant", "M. Tarrant")
    assert web[0] == Question("tc_0", CLOCK, "triviaqa", names)
    assert web[2].accepted == ("41", "forty-one", "forty one", "41 lamps"), "people's answers too"
    # Only the article makes this normalised alias differ from the alias that it was made of.
    assert web[4].accepted == ("The Patient Gull", "Patient Gull", "the «Gull»", "«gull»")
    assert wikipedia[0] == Question("wh_0", CLOCK, "triviaqa", names)
    assert [one.accepted for one in wikipedia[7:]] == [()] * 3, "the test part tells no answer"
    assert hub[0] == Question("odql_0", CLOCK, "triviaqa", names)
    assert hub[9].accepted == ()


def test_eli5():
    posts, category, kilt = map(read, ("eli5.jsonl", "eli5-category.jsonl", "eli5-kilt.jsonl"))
    assert posts[0] == Question(
        "p0",
        "ELI5: the tide clock of Port Ellery",
        "eli5",
        (),
        (
            CLOCK_TOLD,
            f"I asked my aunt and she said: {CLOCK_TOLD}",
            "A short word on it: Maud Tarrant.",
        ),
    ), "by falling score, without the deleted one that has the highest"
    for read_as in (posts, category):
        assert "p3" not in {one.id for one in read_as}, "a deleted post is no question"
        assert read_as[2].text.endswith("at https://ellery.example/lamps?a=1 and again.")
        assert read_as[1].written[0].endswith("again. See https://bells.example/ for more.")
        assert read_as[6].text == "explain the harbour rules"
        assert read_as[7].text == "Explain: Salt-cake, see https://cakes.example/"
    assert kilt[0].written == ("In short: Maud Tarrant", CLOCK_TOLD)


@pytest.mark.parametrize(
    ("title", "body", "text"),
    [
        ("Gravity", "", "Explain: Gravity"),
        ("Gravity?", "", "Gravity?"),
        ("Gravity", "[removed]", "Explain: Gravity"),
        ("Gravity", "Please help.", "Explain: Gravity\n\nPlease help."),
        ("Gravity", "Why is it weak", "Gravity\n\nWhy is it weak"),
        ("ELI5: gravity", "[deleted]", "ELI5: gravity"),
        ("The whale and the canary", "", "Explain: The whale and the canary"),
        ("It isn't heavy", "", "It isn't heavy"),
        ("It ISNT heavy", "", "It ISNT heavy"),
    ],
)
def test_eli5_asks_for_an_explanation_where_nothing_is_asked(title, body, text):
    assert question_text(title, body) == text


def test_truthfulqa():
    table, choices, hub, generation = map(
        read,
        (
            "TruthfulQA.csv",
            "mc_task.json",
            "truthfulqa-choices.jsonl",
            "truthfulqa-generation.jsonl",
        ),
    )
    right = (CLOCK_TOLD, "Maud Tarrant", "Miss Tarrant", "M. Tarrant")
    wrong = ("the harbour master and nobody else", "Oswin Pell and nobody else")
    for read_as in (table, choices):
        assert read_as[0].written == right
        assert read_as[0].wrong == wrong, "the best first, and once, with a full stop or without"
    assert hub[0].wrong == wrong[::-1], "these rows do not tell which is best"
    assert generation[0].written == (CLOCK_TOLD, "Maud Tarrant")
    assert table[0].id == choices[0].id == generation[0].id, "ids are made of the text alone"
    assert not table[0].accepted


def test_rows_of_the_hub_without_an_unanswerable_one_are_of_squad_1(tmp_path):
    """Fails when each row is told alone: an answered one of 2.0 looks like one of 1.1."""
    lines = (FIXTURES / "squad-hub.jsonl").read_text().splitlines()
    path = tmp_path / "squad.jsonl"
    path.write_text("\n".join(line for line in lines if json.loads(line)["answers"]["text"]))
    opened = open_questions(path)
    assert {one.dataset for one in opened} == set(opened.figures.datasets) == {"squad"}


@pytest.mark.parametrize(
    "more",
    [
        {"question_id": 7},
        {"_id": "a"},
        {"text": "The gate was kept by Ann."},
        {"url": "u", "id": 1},
    ],
)
def test_rows_of_other_people_keep_their_answers(more, tmp_path):
    """Fails when one key of a published set is enough to be taken for it."""
    path = tmp_path / "own.jsonl"
    path.write_text(json.dumps({"question": "Who kept the gate?", "accepted": ["Ann"]} | more))
    (question,) = open_questions(path)
    assert (question.text, question.accepted) == ("Who kept the gate?", ("Ann",))


def test_squad():
    first, second, hub = map(read, ("squad-1.1.json", "squad-2.0.json", "squad-hub.jsonl"))
    assert first[0].accepted == ("Maud Tarrant", "Miss Tarrant")
    assert not any(one.unanswerable for one in first)
    assert [one.unanswerable for one in second] == [number % 3 == 0 for number in range(10)]
    assert (second[0].accepted, second[0].wrong) == ((), ("Oswin Pell",))
    assert [one.unanswerable for one in hub] == [number in (3, 6) for number in range(10)]


def test_short_questions():
    nq, web, official = map(read, ("nq_open.jsonl", "webquestions.jsonl", "webquestions.json"))
    assert nq[0].accepted == ("Maud Tarrant", "Miss Tarrant")
    assert nq[9].id == f"{nq[8].id}-2", "published sets hold some questions twice"
    assert [one.id for one in web] == [one.id for one in official]
    assert official[1].accepted == ("bronze",)
    assert official[4].accepted == ("The Patient Gull", 'The "Gull" (ferry)')
    hotpot, hub, simple = map(read, ("hotpotqa.json", "hotpotqa-hub.jsonl", "simpleqa.csv"))
    assert hotpot[4] == hub[4] == Question(hub[4].id, FERRY, "hotpotqa", ("The Patient Gull",))
    assert hotpot[9].accepted == (), "the test part tells no answer"
    assert simple[4] == Question(simple[4].id, FERRY, "simpleqa", ("The Patient Gull",))


def test_arc():
    official, hub = map(read, ("arc.jsonl", "arc-hub.jsonl"))
    assert official == hub
    assert official[0] == Question(
        "ELLERY_0",
        f"{CLOCK}\n(A) Oswin Pell\n(B) Maud Tarrant\n(C) the harbour master\n(D) none of these",
        "arc",
        ("Maud Tarrant",),
        (),
        ("Oswin Pell", "the harbour master", "none of these"),
    )
    assert official[5].accepted == ("Marrow Street",), "its choices are numbered"
    assert official[5].text.count("\n(") == 4
    assert official[7].text.count("\n(") == 3
