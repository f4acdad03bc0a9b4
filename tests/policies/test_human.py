"""A person as the policy, played by a list of lines."""

import pytest

from env import actions
from env.records import Question, make_page
from env.web.memory import MemoryWeb
from policies.base import Setup, run_episode
from policies.human import HumanPolicy, expand, help_text

TEXT = "The sky is blue because air scatters blue light most. Wait ... here. The end."
WEB = MemoryWeb([make_page("https://a.example/", "Sky", TEXT, domain="a.example")])


class Person:
    """Types the given lines; an exception among them is raised."""

    def __init__(self, *lines):
        self._lines = iter(lines)
        self.shown = []

    def read(self, prompt):
        line = next(self._lines, EOFError)
        if isinstance(line, str):
            return line
        raise line

    def write(self, text, kind):
        self.shown.append((kind, text))


async def browse(*lines):
    person = Person(*lines)
    policy = HumanPolicy(person.read, person.write)
    rollout = await run_episode(policy, Question("q", "Why is the sky blue?"), Setup(WEB))
    return rollout.episode, policy, person


@pytest.mark.parametrize(
    ("short", "full"),
    [
        ("s why blue", "Search why blue"),
        ("c 3", "Clicked on link 3"),
        ("3", "Clicked on link 3"),
        ("f blue", "Find in page: blue"),
        ("q The sky", "Quote: The sky"),
        ("q The sky ... most.", "Quote: The sky━most."),
        ("q The sky … most.", "Quote: The sky━most."),
        ("q Wait ... here.", "Quote: Wait ... here."),
        ("d", "Scrolled down 1"),
        ("d3", "Scrolled down 3"),
        ("u2", "Scrolled up 2"),
        ("t", "Top"),
        ("b", "Back"),
        ("a", "End: Answer"),
        ("n", "End: Nonsense"),
        ("x", "End: Controversial"),
        ("Search sky", "Search sky"),
        ("Top", "Top"),
        ("d4", "d4"),
        ("what", "what"),
    ],
)
def test_short_forms_become_full_commands(short, full):
    """Fails when a short form means something else than the help says."""
    assert expand(short, TEXT) == full


def test_every_command_has_a_short_form_in_the_help():
    """Fails when a command is added to the table and a person cannot reach it shortly."""
    short = help_text().removesuffix(actions.help_text())
    assert all(command.help in short for command in actions.COMMANDS)


async def test_a_person_browses_and_answers():
    """Fails when the record of a person is not what a policy would have written."""
    episode, policy, person = await browse(
        "s sky", "0", "q The sky is blue ... most.", "a", "Air scatters it [1].", "So it does.", ""
    )
    assert [step.completion.text for step in episode.steps] == [
        "Search sky",
        "Clicked on link 0",
        "Quote: The sky is blue━most.",
        "End: Answer",
        "Air scatters it [1].\nSo it does.",
    ]
    assert episode.answer.quotes[0].text == TEXT[: TEXT.index(" Wait")]
    assert (episode.ended, policy.left) == ("answered", "")
    pages = [text for kind, text in person.shown if kind == "page"]
    assert "♦Question\nWhy is the sky blue?" in pages[0]
    assert "[1] Sky (a.example)" in pages[-1]


async def test_slips_and_help_cost_no_action():
    """Fails when a typing mistake of a person is recorded as a command."""
    episode, _, person = await browse("h", "", "serach sky", "c x", "s", "s sky", "a")
    assert [step.completion.text for step in episode.steps] == ["Search sky", "End: Answer"]
    notes = "\n".join(text for kind, text in person.shown if kind == "note")
    assert "Not a command: no such command." in notes
    assert "send a query" in notes


@pytest.mark.parametrize(("leave", "how"), [(EOFError, "end"), (KeyboardInterrupt, "interrupt")])
@pytest.mark.parametrize("before", [["s sky"], ["s sky", "0", "q The end.", "a"]])
async def test_leaving_keeps_what_was_done(leave, how, before):
    """Fails when Ctrl-C or Ctrl-D loses the episode or passes for an answer."""
    episode, policy, _ = await browse(*before, leave)
    assert (episode.ended, policy.left) == ("failed", how)
    assert len(episode.steps) == len(before)


async def test_the_end_of_the_input_ends_an_answer():
    """Fails when an answer typed before Ctrl-D is thrown away."""
    episode, _, _ = await browse("s sky", "0", "q The end.", "a", "It ends [1].", EOFError)
    assert episode.answer.text == "It ends [1]."


async def test_an_empty_answer_leaves_the_question_unanswered():
    """Fails when a person cannot decline to answer."""
    episode, _, _ = await browse("s sky", "0", "q The end.", "a", "")
    assert episode.ended == "unanswered"


async def test_a_person_answers_from_quotes_without_marks_for_models():
    """Fails when the quotes to answer from run into one another, or are not shown."""
    _, _, person = await browse("s blue", "0", "q The sky is blue", "a", "So [1].", "")
    (shown,) = [text for _, text in person.shown if "[1] Sky (a.example)" in text]
    assert shown.startswith("Why is the sky blue?\n\n[1] Sky (a.example)\nThe sky is blue")
    assert "■" not in shown
