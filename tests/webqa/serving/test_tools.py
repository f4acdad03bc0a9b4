"""The tools that trainers hand to a model, played without a trainer."""

import inspect
import threading

import pytest

from env.config import SMALL
from env.errors import ConfigError, Error
from env.records import Question
from webqa.serving.tools import BrowseTools, open_tools, rows

SKY = Question("sky", "Why is the sky blue?", accepted=("scatter blue light",))
NAMES = {"answer", "back", "click", "find", "quote", "scroll_down", "scroll_up", "search", "top"}


@pytest.fixture(scope="module")
def make(web):
    with open_tools(web, SMALL) as tools:
        yield tools


@pytest.fixture
def tools(make):
    (row,) = rows([SKY])
    tools = make()
    assert tools.reset(**row).endswith("Question: Why is the sky blue?")
    return tools


def test_the_public_methods_are_the_tools():
    public = {name for name, _ in inspect.getmembers(BrowseTools, inspect.isfunction)
              if not name.startswith("_")}  # fmt: skip
    assert public == NAMES | {"reset", "get_reward"}


def test_an_episode(tools):
    assert tools.get_reward() == 0.0
    assert "【0†Why the sky is blue†sky.example】" in tools.search("sky\n blue")
    page = tools.click(0)
    assert page.startswith("Why the sky is blue (sky.example), 0 to ")
    assert "Actions left: 10. Characters left to quote: 6000." in page
    kept = tools.quote("molecules of the air scatter blue light")
    assert kept.startswith("Kept as quote [1].")
    taken = tools.answer("They scatter blue light [1].")
    assert taken == "They scatter blue light [1].\n\n[1] Why the sky is blue (sky.example)"
    assert tools.get_reward() == 1.0
    with pytest.raises(Error, match="the episode is over"):
        tools.search("more")


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda tools: tools.search(""), "Not carried out: Search needs <text>."),
        (lambda tools: tools.click("2"), "Not carried out: there is no page"),
        (lambda tools: tools.scroll_down(9), "Not carried out: Scrolled down needs <1, 2, 3>."),
        (lambda tools: tools.scroll_up(), "Not carried out: there is no page to scroll on yet"),
        (lambda tools: tools.find("x"), "Not carried out: there is no page"),
        (lambda tools: tools.top(), "Not carried out: there is no page"),
        (lambda tools: tools.back(), "Not carried out: there is no page to go back to."),
        (lambda tools: tools.quote("x"), "Not carried out: there is no page to quote from"),
    ],
)
def test_what_cannot_be_done_is_said_and_costs_an_action(tools, call, said):
    shown = call(tools)
    assert shown.startswith(said)
    assert "Actions left: 11." in shown


def test_a_number_that_is_none_costs_nothing(tools):
    with pytest.raises(Error, match="a whole number is expected, not 'first'"):
        tools.click("first")
    assert "Actions left: 11." in tools.search("sky")


def test_when_the_actions_run_out_only_the_answer_is_left(tools):
    tools.search("sky blue")
    tools.click(0)
    tools.quote("molecules of the air scatter blue light")
    for _ in range(SMALL.actions - 3):
        shown = tools.back()
    assert shown.startswith("Browsing is over: call answer")
    assert "[1] Why the sky is blue (sky.example)" in shown
    with pytest.raises(Error, match="browsing is over"):
        tools.search("more")
    assert tools.answer("They scatter blue light [1].").startswith("They scatter")
    assert tools.get_reward() == 1.0


def test_an_answer_without_quotes_is_none(tools):
    assert tools.answer("I know it.") == "I found nothing that answers this."
    assert tools.get_reward() == 0.0


def test_tools_are_used_again_and_from_any_thread(tools):
    tools.search("sky")
    (row,) = rows([Question("salt", "What does salt do?")])
    tools.reset(**row, trainer_state="not looked at")
    shown = []
    thread = threading.Thread(target=lambda: shown.append(tools.search("salt")))
    thread.start()
    thread.join(20)
    assert "Salt in the kitchen" in shown[0]
    assert tools.get_reward() is None


def test_a_row_needs_a_question(make):
    with pytest.raises(Error, match='a row has no "question"'):
        make().reset(prompt=[])
    with pytest.raises(Error, match="reset first"):
        make().search("sky")
    assert make().get_reward() is None


def test_a_web_that_cannot_be_opened_leaves_no_thread():
    before = threading.active_count()
    with pytest.raises(ConfigError, match="unknown web"):
        open_tools("nowhere")
    assert threading.active_count() == before


def test_closed_tools_make_no_more(web):
    tools = open_tools(web)
    made = tools()
    made.reset("Why is the sky blue?")
    tools.close()
    tools.close()
    with pytest.raises(Error, match="is closed"):
        tools()
    with pytest.raises(Error, match="is closed"):
        made.search("sky")
