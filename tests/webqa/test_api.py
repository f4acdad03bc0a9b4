"""The Python API."""

import pytest

import webqa
from env.answers import NOTHING_FOUND
from env.errors import Error
from env.records import make_page
from env.web.memory import MemoryWeb
from policies.scripted import ScriptedPolicy

SKY = "Why is the sky blue?"


def test_three_lines_answer_a_question(web):
    """Fails when the README's example does not work."""
    answer = webqa.ask(SKY, web=str(web))
    assert "[1]" in answer.text
    assert "blue light" in answer.quotes[0].text


def test_a_web_and_a_policy_can_be_objects():
    """Fails when only names are taken."""
    page = make_page("https://a.example/", "A", "The sky is blue.", domain="a.example")
    policy = ScriptedPolicy(["Search sky", "Clicked on link 0", "Quote: The sky"], "Yes [1].")
    assert webqa.ask(SKY, MemoryWeb([page]), policy).text == "Yes [1]."


def test_nothing_found_is_an_answer_without_quotes():
    """Fails when a caller has to handle a missing answer apart."""
    answer = webqa.ask(SKY, MemoryWeb([]))
    assert (answer.text, answer.quotes) == (NOTHING_FOUND, ())


async def test_inside_an_event_loop_the_other_function_is_named(web):
    """Fails when a notebook user gets asyncio's own error."""
    with pytest.raises(Error, match=r"await webqa\.aask"):
        webqa.ask(SKY, web)
    assert (await webqa.aask(SKY, web)).quotes


def test_mistakes_are_errors_of_the_project(web):
    """Fails when a mistake is not an Error with a line for people."""
    with pytest.raises(Error, match="the question is empty"):
        webqa.ask(" ", web)
    with pytest.raises(Error, match="unknown policy"):
        webqa.ask(SKY, web, "nobody")
    with pytest.raises(Error, match="unknown web"):
        webqa.ask(SKY, "sampel")
    with pytest.raises(AttributeError):
        webqa.nothing  # noqa: B018


def test_a_failed_episode_is_an_error(web):
    """Fails when a fault of a policy passes for an answer."""
    with pytest.raises(Error, match="the episode failed: RuntimeError: out"):
        webqa.ask(SKY, web, Broken())


class Broken:
    """Cannot act."""

    name = "broken"

    async def act(self, observation):
        raise RuntimeError("out")


def test_a_search_that_nobody_answers_is_an_error(monkeypatch, tmp_path):
    """Fails when a network that is down looks like a question without an answer."""
    monkeypatch.setenv("SEARXNG_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(webqa.Error, match="no search was answered: ") as found:
        webqa.ask(SKY, "searxng")
    assert found.value.__context__ is None


def test_webs_are_opened_by_name(web):
    """Fails when `open_web` and --web differ."""
    assert webqa.open_web(web).identity == webqa.open_web(str(web)).identity
    assert webqa.__version__
