"""Episodes to be measured."""

import pytest

from env.records import (
    Answer,
    Completion,
    Episode,
    Observation,
    Question,
    Quote,
    Step,
    WebIdentity,
    make_page,
)

TEXT = "Neil Armstrong walked on the Moon first. Buzz Aldrin followed him."


@pytest.fixture
def page():
    return make_page("https://moon.example/", "The Moon", TEXT, domain="moon.example")


@pytest.fixture
def quote(page):
    end = TEXT.index(".") + 1
    return Quote(TEXT[:end], page.title, page.domain, page.url, 0, end, page.sha256)


@pytest.fixture
def episode_of(quote):
    """Return a function that makes an episode from what is known of the question."""

    def make(text="Neil Armstrong walked on the Moon first [1].", ended="answered", **known):
        names = Question.__dataclass_fields__
        asked = {name: known.pop(name) for name in list(known) if name in names and name != "id"}
        question = Question("q1", asked.pop("text", "Who walked on the Moon first?"), **asked)
        removed = known.pop("removed", ())
        answer = Answer(question.text, text, (quote,), removed) if text is not None else None
        look = Completion("Search moon", prompt_tokens=100, cached_tokens=40, completion_tokens=5)
        write = Completion("...", prompt_tokens=200, cached_tokens=150, completion_tokens=20)
        steps = (
            Step(Observation(question.text), look),
            Step(Observation(question.text, answering=True), write),
        )
        fields = {"prompt_tokens": 300, "completion_tokens": 25, "seconds": 1.5} | known
        return Episode(
            "e1", question, "extractive", WebIdentity("memory"), "", steps, answer, ended,
            "command", **fields,
        )  # fmt: skip

    return make
