"""The agent: what it asks its model, and that what was quoted survives a model that fails."""

from dataclasses import replace

import pytest

from env.answers import NOTHING_FOUND
from env.errors import ConfigError
from env.records import Completion, Observation, Question, Quote, make_page
from env.web.memory import MemoryWeb
from policies.base import Limits, Setup, run_episode
from policies.grammar.config import NUMBERED, TIGHT
from policies.grammar.legal import allows
from policies.language_model import (
    CONFIG,
    LanguageModelConfig,
    LanguageModelPolicy,
    make_request,
    read_config,
    spelled_out,
    write_config,
    written_for,
)
from policies.models.base import ModelError
from policies.prompts import PromptConfig

TEXT = "The sky is blue because air scatters blue light."
WEB = MemoryWeb([make_page("https://a.example/", "Sky", TEXT, domain="a.example")])
QUESTION = Question("q1", "Why is the sky blue?")
LINES = ("Search sky", "Clicked on link 0", "Quote: air scatters blue light", "End: Answer")
FREE = LanguageModelConfig(grammar=None)


class Model:
    """Writes given lines one after the other; an error among them is raised."""

    name = "a model"
    context = 4096
    chat = False

    def __init__(self, *lines):
        self.requests = []
        self._lines = iter(lines)

    async def start(self):
        pass

    def count(self, prompt):
        return len(prompt.text) // 4

    async def complete(self, request):
        self.requests.append(request)
        line = next(self._lines)
        if isinstance(line, Exception):
            raise line
        return [Completion(line, prompt_tokens=10, completion_tokens=2)]


async def play(model, config=FREE, **limits):
    setup = Setup(WEB, limits=Limits(**limits))
    return (await run_episode(LanguageModelPolicy(model, config), QUESTION, setup)).episode


async def test_an_episode_goes_from_search_to_a_cited_answer():
    model = Model(*LINES, "Air scatters it [1].")
    episode = await play(model)
    assert (episode.ended, episode.answer.text) == ("answered", "Air scatters it [1].")
    assert (episode.policy, episode.prompt_tokens, episode.completion_tokens) == ("a model", 50, 10)
    assert [request.line for request in model.requests] == [True] * 4 + [False]
    assert all(request.legal is None for request in model.requests)


async def test_each_act_draws_with_another_seed_and_an_episode_stays_with_its_server():
    first, again, other = (Model(*LINES, "So [1].") for _ in range(3))
    for model, seed in ((first, 3), (again, 3), (other, 4)):
        await run_episode(LanguageModelPolicy(model, FREE, seed), QUESTION, Setup(WEB))
    seeds = [[request.seed for request in model.requests] for model in (first, again, other)]
    assert seeds[0] == seeds[1]
    assert len({*seeds[0], *seeds[2]}) == 10
    assert len({request.key for request in first.requests + again.requests}) == 1
    assert first.requests[0].key != other.requests[0].key


async def test_what_is_legal_goes_with_the_prompt():
    model = Model(*LINES, "So [1].")
    await play(model, LanguageModelConfig())
    first, results, page, quoted, answering = (request.legal for request in model.requests)
    assert {line.command for line in first.lines} >= {"search"}
    assert "click" not in {line.command for line in first.lines}
    assert ["click" in {line.command for line in one.lines} for one in (results, page)] == [1, 0]
    assert "quote" in {line.command for line in page.lines}
    assert quoted.lines
    assert (answering.answering, answering.citations) == (True, 1)


async def test_only_what_a_cut_prompt_still_shows_is_legal():
    """Fails when a model is offered links that it cannot see."""
    pages = [
        make_page(f"https://a.example/{n}", f"Sky {n}", f"The sky {n} is blue. " * 9, domain="a")
        for n in range(9)
    ]
    model = Model("Search sky", ModelError("enough"))
    model.context = 250
    config = LanguageModelConfig(command_tokens=160)
    await run_episode(LanguageModelPolicy(model, config), QUESTION, Setup(MemoryWeb(pages)))
    request = model.requests[-1]
    (click,) = [line for line in request.legal.lines if line.command == "click"]
    assert 0 < len(click.choices) < 9
    assert all(f"【{number}†" in request.prompt.text for number in click.choices)


@pytest.mark.parametrize("good", [3, 4])
async def test_a_model_that_fails_after_a_quote_does_not_lose_it(good):
    episode = await play(Model(*LINES[:good], *[ModelError("gone")] * 5))
    assert (episode.ended, episode.error) == ("answered", "gone")
    assert episode.answer.text == "air scatters blue light [1]"
    assert not episode.steps[-1].completion.token_ids


@pytest.mark.parametrize("said", ["It is magic.", "It is magic [2].", "", "- [1]", "\u200b [1]"])
async def test_an_answer_that_cites_nothing_becomes_the_quotes(said):
    episode = await play(Model(*LINES, said), LanguageModelConfig())
    assert (episode.ended, episode.answer.text) == ("answered", "air scatters blue light [1]")
    assert episode.completion_tokens == 10


async def test_an_answer_that_cites_or_says_that_nothing_was_found_stays():
    episode = await play(Model(*LINES, "It is magic [1][2]."), LanguageModelConfig())
    assert episode.answer.text == "It is magic [1]."
    assert (await play(Model(*LINES, "∞ [1]"), LanguageModelConfig())).answer.text == "∞ [1]"
    assert (await play(Model(*LINES, NOTHING_FOUND), LanguageModelConfig())).ended == "unanswered"


async def test_a_model_that_fails_before_any_quote_is_a_failed_episode():
    episode = await play(Model(*LINES[:2], ModelError("the server is down")))
    assert (episode.ended, episode.error) == ("failed", "the server is down")


async def test_a_budget_of_tokens_ends_browsing_with_an_answer():
    episode = await play(Model(*LINES[:3], "Air [1]."), tokens=36)
    assert (episode.ended, episode.stopped_by) == ("answered", "tokens")


async def test_a_context_too_small_for_the_question_is_said():
    model = Model(*LINES)
    model.context = 170
    episode = await play(model)
    assert "use a model with a longer context" in episode.error


async def test_a_line_that_is_no_command_costs_an_action_and_nothing_else():
    episode = await play(Model("I think I should search", *LINES, "Air [1]."))
    assert episode.ended == "answered"
    assert "no such command" in episode.steps[1].observation.notice


def test_how_a_model_was_trained_is_kept_in_its_folder(tmp_path):
    assert read_config(tmp_path) is None
    config = LanguageModelConfig(PromptConfig("page-first"), TIGHT, 0.5, preset="small")
    write_config(tmp_path, config)
    assert read_config(tmp_path) == config
    write_config(tmp_path, replace(config, grammar=None))
    assert read_config(tmp_path).grammar is None
    (tmp_path / CONFIG).write_text("{")
    with pytest.raises(ConfigError, match="clone the model again"):
        read_config(tmp_path)


SENTENCES = "The first one tells of rivers. The second one tells of hills. The third one of towns."
SEEN = Observation(
    "What does the third one tell of?", "Land", "a.example", SENTENCES, (0, 100),
    quotes=(Quote("The first one tells of rivers.", "Land", "a.example"),),
    commands=("search", "quote", "answer"),
    actions_left=5, quote_characters_left=1000, quote_limit=300,
)  # fmt: skip
AIDED = LanguageModelConfig(PromptConfig("page-first", aids=True), NUMBERED, command_tokens=10)


class Narrow(Model):
    """Counts characters and has room for so many."""

    def __init__(self, context):
        super().__init__("Quote: ⟨2⟩")
        self.context = context

    def count(self, prompt):
        return len(prompt.text)


async def test_a_number_is_that_of_the_prompt_also_when_a_quote_was_cut_from_it():
    """What is quoted already stays without a number, though the prompt shows it no more."""
    whole = make_request(SEEN, Narrow(5000), AIDED).request.prompt.text
    model = Narrow(len(whole) + AIDED.command_tokens - 1)
    written = await LanguageModelPolicy(model, AIDED).act(SEEN)
    assert "⟨1⟩The second one" in model.requests[0].prompt.text
    assert "♦Quotes\n\n♦Past" in model.requests[0].prompt.text
    assert written.text == "Quote: The third one of towns."


@pytest.mark.parametrize(("grammar", "numbered"), [(NUMBERED, True), (None, True), (TIGHT, False)])
def test_only_what_may_be_quoted_by_number_is_taught_so(grammar, numbered):
    # Taught numbers that its grammar forbids, a model would lose every quote it is shown.
    config = replace(AIDED, grammar=grammar)
    request, seen = make_request(SEEN, Narrow(5000), config)
    written = written_for(seen, config, "Quote: The second one tells of hills.")
    assert (written == "Quote: ⟨1⟩") == numbered
    assert request.legal is None or allows(request.legal, written)


@pytest.mark.parametrize(("grammar", "marks"), [(NUMBERED, True), (None, True), (TIGHT, False)])
async def test_an_answer_of_marks_is_spelled_out_and_taught_so(grammar, marks):
    quotes = tuple(Quote(text, "T", "t.example") for text in ("One [3] is.", "Two\nare.", "Three."))
    seen = Observation(question="Which?", quotes=quotes, answering=True, actions_left=0)
    config = replace(AIDED, grammar=grammar)
    whole = "One (3) is. [1] Three. [3]"
    written = written_for(seen, config, whole)
    assert written == ("[1] [3]" if marks else whole)
    assert spelled_out(seen, config, written) == whole
    request, shown = make_request(seen, Narrow(5000), config)
    assert request.legal is None or allows(request.legal, written)
    assert spelled_out(shown, config, "They say so [2].") == "They say so [2]."
    assert written_for(shown, config, "They say so [2].") == "They say so [2]."


async def test_an_answer_of_marks_is_an_answer_that_cites():
    # Only spelled out does it say anything; the tokens stay those that were written.
    quotes = (Quote("One is.", "T", "t.example"), Quote("Two are.", "T", "t.example"))
    seen = Observation(question="Which?", quotes=quotes, answering=True, actions_left=0)
    config = replace(AIDED, grammar=NUMBERED)
    written = await LanguageModelPolicy(Model("[2]"), config).act(seen)
    assert written.text == "Two are. [2]"
    assert written.completion_tokens == 2
