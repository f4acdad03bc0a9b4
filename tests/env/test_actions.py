"""The command language: what is read, what is refused, and that nothing else is raised."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from env.actions import BY_NAME, COMMANDS, LONGEST_ARGUMENT, Action, format_action, help_text, parse
from env.errors import InvalidAction

TEXTS = st.text(min_size=1, max_size=60).filter(
    lambda text: text == text.strip() and "\n" not in text and "\r" not in text
)


def make_action(command, text, link, steps):
    match command.argument:
        case "text":
            return Action(command.name, text=text)
        case "link":
            return Action(command.name, number=link)
        case "steps":
            return Action(command.name, number=steps)
    return Action(command.name)


ACTIONS = st.builds(
    make_action, st.sampled_from(COMMANDS), TEXTS, st.integers(0, 9_999_999), st.integers(1, 3)
)


@given(ACTIONS)
def test_every_action_is_read_back_as_it_was_written(action):
    assert parse(format_action(action)) == action
    assert parse(f" \t{format_action(action)}\n") == action


@given(st.one_of(st.text(), ACTIONS.map(format_action), st.sampled_from(COMMANDS).flatmap(
    lambda command: st.text().map(lambda rest: command.prefix + rest)
)))  # fmt: skip
@example("Search")
@example("Quote:")
@example("\ud800")
def test_any_text_is_an_action_or_an_invalid_action(text):
    read = action_or_fault(text)
    if isinstance(read, Action):
        assert parse(format_action(read)) == read
    else:
        assert 0 < len(read) < 100
        assert "\n" not in read


def action_or_fault(text):
    try:
        return parse(text)
    except InvalidAction as error:
        return str(error)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \n ",
        "x" * 100_000,
        "Quote: " + "x" * 100_000,
        "Search blue sky\nTop",
        "Search blue sky\rTop",
        "```\nTop\n```",
        "`Top`",
        "top",
        "Top.",
        "Searchlight",
        "Search",
        "Search ",
        "Search: sky",
        "Quote:",
        "Find in page:",
        "Find in page sky",
        "Clicked on link",
        "Clicked on link one",
        "Clicked on link -1",
        "Clicked on link 1 2",
        "Clicked on link ٣",
        "Clicked on link 3️⃣",
        "Clicked on link 12345678",
        "Scrolled down",
        "Scrolled down 0",
        "Scrolled down 4",
        "Scrolled down -1",
        "Scrolled down 1️⃣",
        "Scrolled down two",
        "Scrolled left 1",
        "End: Later",
        "End:Answer",
        "I would now search for the sky.",
    ],
)
def test_nonsense_is_refused(text):
    with pytest.raises(InvalidAction):
        parse(text)


@pytest.mark.parametrize(
    ("text", "action"),
    [
        ("Search why is the sky blue?", Action("search", "why is the sky blue?")),
        ("Search   Top ", Action("search", "Top")),
        ("Clicked on link 007", Action("click", number=7)),
        ("Find in page: a: b", Action("find", "a: b")),
        ("Quote:no space", Action("quote", "no space")),
        ("Quote: from here━to there", Action("quote", "from here━to there")),
        ("Scrolled up 3", Action("up", number=3)),
        ("  Back\n", Action("back")),
        ("End: Controversial", Action("controversial")),
    ],
)
def test_commands_are_read(text, action):
    assert parse(text) == action


def test_the_longest_argument_is_kept_and_one_more_character_is_refused():
    assert len(parse("Quote: " + "x" * LONGEST_ARGUMENT).text) == LONGEST_ARGUMENT
    with pytest.raises(InvalidAction, match="longer than"):
        parse("Quote: " + "x" * (LONGEST_ARGUMENT + 1))


def test_help_and_names_come_from_the_one_table():
    lines = help_text().splitlines()
    assert len(lines) == len(COMMANDS) + 1
    assert all(
        line.startswith(command.prefix) for line, command in zip(lines, COMMANDS, strict=False)
    )
    assert set(BY_NAME) == {command.name for command in COMMANDS}
    assert {command.name for command in COMMANDS if command.ends} == {
        "answer", "nonsense", "controversial"
    }  # fmt: skip
