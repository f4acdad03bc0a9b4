"""The line in what a model wrote freely."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from env.actions import Action, format_action
from policies.models.lines import take_answer, take_line, why_not, without_thoughts

TAKEN = {
    "Search the moon": "Search the moon",
    "  Search the moon  \n": "Search the moon",
    "\n\nSearch the moon\nTop": "Search the moon",
    "Sure! Here it is:\nSearch the moon": "Search the moon",
    "```\nTop\n```": "Top",
    "```text\nTop\n```": "Top",
    "`Top`": "Top",
    '"Top"': "Top",
    "“Top”": "Top",
    "**Top**": "Top",
    "- Top": "Top",
    "1. Top": "Top",
    "> Top": "Top",
    "♦Next action\nTop": "Top",
    "Next action: Top": "Top",
    "**Next action:** `Top`": "Top",
    "Action: Quote: “a” and “b”": "Quote: “a” and “b”",
    "The next command: Back": "Back",
    "<think>Search this?</think>Top": "Top",
    "<think>Top</think>\n\n<thinking>Back</thinking>End: Answer": "End: Answer",
    "Search this?</think>\nTop": "Top",
    "<think>Top": "",
    "<|channel|>analysis<|message|>Top<|end|><|channel|>final<|message|>Back": "Back",
    "<|channel|>analysis<|message|>Top": "",
    'Quote: "to be"': 'Quote: "to be"',
    'Find in page: "moon"': 'Find in page: "moon"',
    "Search `ls`": "Search `ls`",
    "Quote: *": "Quote: *",
    "search the moon": "search the moon",
    "I cannot.\nReally.": "I cannot.",
    "": "",
    "```\n```": "",
    "``": "``",
}  # fmt: skip


@pytest.mark.parametrize("text", TAKEN)
def test_the_line_is_found(text):
    """Fails when a usable command is missed, or one is made up."""
    assert take_line(text) == TAKEN[text]


@given(st.text(alphabet="abc \"'`*“”-1.>:", min_size=1).filter(str.strip))
def test_a_command_is_never_touched(argument):
    """Fails when what is taken off around commands is taken out of one."""
    line = format_action(Action("quote", text=argument.strip()))
    assert take_line(line) == line.strip()


@given(st.text(alphabet="<>/think|`\n\"' TopSearch:", max_size=300))
def test_any_text_gives_one_line(text):
    """Fails when odd text raises, or gives more than one line."""
    line = take_line(text)
    assert "\n" not in line
    assert line == line.strip()
    if why_not(line) is None:
        assert take_line(line) == line


def test_answers():
    """Fails when an answer keeps its wrapping or loses a line."""
    assert take_answer("<think>Hm\n</think>\nOne [1].\n\nTwo [2].\n") == "One [1].\n\nTwo [2]."
    assert take_answer("```\nOne [1].\n```") == "One [1]."
    assert take_answer("One `x` [1].") == "One `x` [1]."


@pytest.mark.parametrize("part", ["<think>", "</think>", "<think></think>", "```\n", "<|channel|>"])
def test_long_texts_take_no_time(part):
    """Fails (by its time) when finding a line takes a time that grows with the square."""
    without_thoughts(part * 40_000)
    take_line(part * 40_000)
