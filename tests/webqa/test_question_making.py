"""Questions made from pages: what is asked for, how it is worded, and that it is repeatable."""

from random import Random

import pytest

from env.answers import stands_in
from env.web.store import Stored
from webqa.question_answers import Known, answers, define, paragraphs
from webqa.question_making import QuestionsConfig, make_questions
from webqa.question_wording import Told, Wording, ask
from webqa.questions import read_questions, write_questions

BRIDGE = (
    "The Harrow Bridge is a stone bridge over the river Anduin in the town of Eastmere. It was "
    "built in 1624 by Mira Holt, who had studied masonry in Lorien for many years. The bridge has "
    "twelve arches and carries a narrow road. Its keystone is called the dragon tooth, and masons "
    "still measure the stone every spring. Osric Vane repaired the bridge on 4 May 1871 after a "
    "flood had damaged three pillars of it."
)
HOLT = (
    "Mira Holt (born 3 May 1590 – 1652) was an Anduin mason and engineer known for her bridges. "
    "Holt founded a school of masonry in Eastmere in 1640 with seven pupils of the town guild. "
    "Her brother succeeded Osric Vane as the keeper of the great library near Lorien at Harrow."
)
PAGES = [
    Stored(1, "https://harrow.example/", "Harrow Bridge", BRIDGE, []),
    Stored(2, "https://mira.example/", "Mira Holt", HOLT, []),
]
EXACT = Wording(dropped=0, replaced=0, context=0, shortest=20, longest=20, lower=1)


def known() -> Known:
    made = Known()
    for one in PAGES:
        if topic := define(one.title, one.text):
            made.add(topic)
    return made


def spans(sentence: str):
    return {(sentence[span.start : span.end], span.kind) for span in answers(sentence, known())}


def worded(sentence: str, answer: str, **told) -> str:
    (span,) = [one for one in answers(sentence, known()) if sentence[one.start : one.end] == answer]
    return ask(Told(sentence, **told), span, Random(1), EXACT)


def make(count=50, seed=0, pages=PAGES):
    config = QuestionsConfig(count, seed)
    return make_questions(lambda: iter(pages), config, Wording(), lambda *_: None)


def test_a_page_tells_what_it_is_about():
    topics = known().topics
    assert (topics["Harrow Bridge"].kind, topics["Harrow Bridge"].noun) == ("thing", "bridge")
    assert topics["Harrow Bridge"].phrase == "stone bridge"
    assert topics["Mira Holt"].kind == "person"
    assert known().first_names == {"Mira"}
    assert define("Nothing", BRIDGE) is None


def test_dates_numbers_names_and_terms_are_asked_for():
    """Fails when an answer gets the wrong kind, for the asking words follow from it."""
    assert spans("It was built in 1624 by Mira Holt of Lorien.") == {
        ("1624", "time"),
        ("Mira Holt", "person"),
    }
    assert ("4 May 1871", "time") in spans("Osric repaired the bridge on 4 May 1871 at noon.")
    assert ("twelve", "number") in spans("The bridge has twelve arches and a road.")
    assert ("dragon tooth", "thing") in spans("Its keystone is called the dragon tooth, and so on.")
    assert ("Lorien", "place") in spans("She had studied masonry in Lorien for many years.")


def test_a_word_in_capitals_is_not_always_a_name():
    assert spans("However the town was in the north of the country.") == set()


def test_questions_ask_by_the_kind_of_the_answer():
    built = "The bridge was built in 1624 by the mason Mira Holt."
    assert worded(built, "1624").startswith(("when was the bridge built", "what year was",
                                             "in which year was"))  # fmt: skip
    assert worded("The bridge has twelve arches and a narrow road.", "twelve") == (
        "how many arches has the bridge and a narrow road"
    )
    assert worded("Mira Holt founded a school of masonry.", "Mira Holt").split()[0] in (
        "who", "which", "what"
    )  # fmt: skip


def test_the_topic_stands_in_for_a_pronoun():
    topic = known().topics["Harrow Bridge"]
    asked = worded("It was built in 1624 of grey granite.", "1624", topic=topic)
    assert "was harrow bridge built" in asked


def test_no_question_holds_its_answer_and_every_answer_stands_on_a_page():
    made = make()
    assert len(made) > 5
    for question in made:
        assert not stands_in(question.accepted, question.text)
        assert stands_in(question.accepted, f"{BRIDGE} {HOLT} Harrow Bridge")
        assert len(question.text.split()) >= 3
    assert {question.dataset for question in made} == {"web-cloze", "web-definition"}
    assert len({question.id for question in made}) == len(made)


def test_the_same_seed_gives_the_same_questions():
    assert make() == make()
    assert make() != make(seed=1)
    assert len(make(count=3)) == 3


def test_questions_are_read_back(tmp_path):
    made, file = make(), tmp_path / "new" / "questions.jsonl"
    write_questions(file, made)
    assert read_questions(file) == made
    assert [path.name for path in file.parent.iterdir()] == [file.name]


def test_pages_without_sentences_give_no_questions():
    assert make(pages=[Stored(1, "", "", "", []), Stored(2, "", "List", "a\n" * 100, [])]) == []
    assert list(paragraphs("# Heading\n\nshort line\n")) == []


@pytest.mark.parametrize("lower", [0, 1])
def test_case_is_as_configured(lower):
    wording = Wording(lower=lower)
    made = make_questions(lambda: iter(PAGES), QuestionsConfig(50), wording, lambda *_: None)
    assert all(question.text[0].islower() == bool(lower) for question in made)
