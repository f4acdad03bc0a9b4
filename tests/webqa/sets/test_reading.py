"""Rows to questions: mixed sets, rows that are none, ids that come twice."""

import json
import string
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from env.errors import ConfigError
from env.records import Question, from_json, to_json
from webqa.sets.reading import SHAPES, questions_in
from webqa.sets.rows import rows
from webqa.sets.seen import Seen

FIXTURES = Path(__file__).parent / "fixtures"
ROWS = {path.name: [row for _, row in rows(path)] for path in sorted(FIXTURES.iterdir())}


def read(*given):
    placed = ((f"row {number}", row) for number, row in enumerate(given, start=1))
    return [question for _, question in questions_in(placed, "the set")]


def test_every_row_of_a_fixture_has_one_form_only_but_our_own():
    """Fails when what a row is depends on the order of the forms."""
    for name, found in ROWS.items():
        for row in found:
            fitting = [shape.name for shape in SHAPES[:-1] if shape.fits(row)]
            assert len(fitting) == (name != "own.jsonl"), (name, fitting)


@pytest.mark.parametrize("first", ROWS)
@pytest.mark.parametrize("second", ["nq_open.jsonl", "eli5.jsonl", "own.jsonl"])
def test_mixed_sets_are_refused(first, second):
    forms = {next(s.name for s in SHAPES if s.fits(ROWS[name][0])) for name in (first, second)}
    plain = (first, second) == ("own.jsonl", "nq_open.jsonl")
    if len(forms) == 1 or plain:
        return
    with pytest.raises(ConfigError, match=r"is of the form .*, the rows before it of"):
        read(ROWS[first][0], ROWS[second][0])


def test_a_line_of_our_own_may_look_like_a_plain_published_one():
    assert read({"id": 1, "question": "Why?"}, {"question": "Who?", "answer": ["Ann"]})[
        1
    ].accepted == ("Ann",)


def test_lists_of_objects_are_read_as_objects_of_lists():
    """Fails when a copy of a set on the hub is not known for what it is."""
    (squad,) = read(
        {"id": "s", "context": "c", "question": "Who?", "answers": [{"text": "Ann"}]}
        | {"title": "t"}
    )
    assert (squad.dataset, squad.accepted) == ("squad", ("Ann",))
    choices = [{"text": "Ann", "label": "A"}, {"text": "Bob", "label": "B"}]
    (arc,) = read({"id": "a", "question": "Who?", "choices": choices, "answerKey": "B"})
    assert (arc.accepted, arc.wrong) == (("Bob",), ("Ann",))
    (own,) = read({"id": "o", "context": "c", "question": "Who?", "answers": ["Ann"]})
    assert own.dataset == ""


def test_what_is_known_of_nothing_names_its_keys():
    with pytest.raises(ConfigError, match=r"row 1, is no question.* it has 'prompt', 'label'"):
        read({"prompt": "Why?", "label": "so"})


def official(**changes):
    return {"QuestionId": "t", "Question": "Who?", "Answer": {"Value": "Ann"}} | changes


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        (official(Answer={"Aliases": []}), "its list of answers is empty"),
        (official(Answer=["Ann"]), '"Answer" must be an object'),
        (official(QuestionId=None), 'an id under "QuestionId"'),
        (official(Question=""), 'a text under "Question"'),
        (official(Answer={"Aliases": ["\ud800"]}), "no Unicode"),
        (official(Question="\u200b"), "a text that can be seen"),
        ({"question": "Who?", "answer": []}, "its list of answers is empty"),
        ({"question": "Who?", "answer": [1]}, "list of texts"),
        ({"question": "Who?", "unanswerable": "no"}, "must be true or false"),
        ({"question": "Who?", "accepted": ["\ud800"]}, "no Unicode"),
        ({"question": "Who?", "url": "u", "answers": []}, "its list of answers is empty"),
        ({"utterance": "who?", "targetValue": "(list)"}, "its list of answers is empty"),
        ({"problem": "Who?", "answer": " "}, 'a text under "answer"'),
        ({"_id": "h", "question": "Who?", "answer": "", "context": []}, 'a text under "answer"'),
        (
            {"paragraphs": [{"qas": [{"id": "s", "question": "Who?", "answers": []}]}]},
            "its list of answers is empty",
        ),
        ({"paragraphs": [{}]}, '"qas" must be a list'),
        (
            {"id": "a", "answerKey": "C", "question": "Who?", "choices": {"text": [], "label": []}},
            "0 choices",
        ),
        (
            {
                "id": "a",
                "answerKey": "C",
                "question": "Who?",
                "choices": {"text": ["x", "y"], "label": ["A", "B"]},
            },
            "right answer 'C' is none of its choices A, B",
        ),
        ({"question": "Who?", "mc1_targets": {"Ann": 2}}, "label 1"),
        ({"question": "Who?", "mc1_targets": {"Ann": 0}}, "its list of answers is empty"),
        ({"Question": "Who?", "Best Answer": "Ann"}, '"Correct Answers"'),
        (
            {"q_id": "e", "title": "Who?", "selftext": "", "answers": {"text": ["x"], "score": []}}
            | {"answers": {"text": ["x"], "score": [1, 2]}},
            "differ in number",
        ),
    ],
)
def test_rows_that_are_no_question(row, complaint):
    with pytest.raises(ConfigError, match=complaint) as caught:
        read(row)
    assert str(caught.value).startswith("row 1, is no question")


def test_ids():
    with pytest.raises(ConfigError, match="row 2, has the question id 't' twice"):
        read(official(), official(Question="When?"))
    with pytest.raises(ConfigError, match="twice"):
        read({"id": "a", "question": "Who?"}, {"id": "a", "question": "Why?"})
    with pytest.raises(ConfigError, match="twice"):
        read({"question": "Who?"}, {"question": "Who?"})
    asked = {"question": "who?", "answer": ["Ann"]}
    first, second, third = (one.id for one in read(asked, asked, asked))
    assert (second, third) == (f"{first}-2", f"{first}-3")


def test_nothing_is_no_set():
    with pytest.raises(ConfigError, match="the set holds no question"):
        read()
    gone = {"q_id": "e", "title": "[deleted by user]", "selftext": ""}
    with pytest.raises(ConfigError, match="the set holds no question"):
        read(gone)


WRONG = st.sampled_from([None, "", " ", 3, -1.5, True, [], [None], ["x"], {}, {"text": 3}, [[]]])


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(sorted(ROWS)), st.integers(0, 9), st.data())
def test_a_row_with_anything_in_it_is_read_or_refused(name, number, data):
    """Fails when a broken row ends in another error, or in a question that cannot be stored."""
    row = json.loads(json.dumps(ROWS[name][number % len(ROWS[name])]))
    target = row
    while isinstance(target, dict | list) and target:
        keys = sorted(target) if isinstance(target, dict) else list(range(len(target)))
        key = data.draw(st.sampled_from(keys))
        if not isinstance(target[key], dict | list) or not target[key] or data.draw(st.booleans()):
            target[key] = data.draw(WRONG)
            break
        target = target[key]
    try:
        found = read(row)
    except ConfigError:
        return
    for question in found:
        assert from_json(to_json(question), Question) == question


@given(st.lists(st.text(st.sampled_from(string.ascii_letters), max_size=2)))
def test_seen_is_a_set(texts):
    seen, known = Seen(), set()
    for text in texts:
        assert seen.add(text) is (text not in known)
        known.add(text)
    assert len(seen) == len(known)


def test_seen_grows():
    seen = Seen()
    assert all(seen.add(str(number)) for number in range(20_000))
    assert not any(seen.add(str(number)) for number in range(20_000))


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        ({"question": "Why?", "accepted": ["", " "]}, "accepted answers are blank"),
        ({"question": "Why?", "answer": " "}, "accepted answers are blank"),
        ({"question": "Why?", "answer": "so", "unanswerable": True}, "is said to have none"),
        ({"question": "Why?", "id": [1]}, 'needs an id under "id"'),
    ],
)
def test_lines_of_our_own_that_would_be_measured_wrongly_are_refused(row, complaint):
    with pytest.raises(ConfigError, match=complaint):
        read(row)


def test_a_line_of_our_own_keeps_the_id_0_and_loses_blank_answers():
    [found] = read({"id": 0, "question": "Why?", "accepted": ["", "so"]})
    assert (found.id, found.accepted) == ("0", ("so",))
    with pytest.raises(ConfigError, match="'0' twice"):
        read({"id": 0, "question": "Why?"}, {"id": 0, "question": "Who?"})
