"""What campaigns are made from: evidence in context, profiles, leaks, and what is left out."""

import pytest

from env.errors import ConfigError, RecordError
from env.jsonl import append
from env.records import Answer, Quote, make_page, to_json
from reward.critiques import Critique
from tests.webqa.made_runs import add_episode, asked, make_run
from tests.webqa.rating.made_campaigns import PAGE, collected, pair, quote
from webqa.best_of import SCORES, EpisodeScore
from webqa.rating.campaigns.evidence import AROUND, evidence, without_sources
from webqa.rating.campaigns.gathering import gather
from webqa.rating.campaigns.leaks import leak_in
from webqa.rating.campaigns.pairs_of_runs import pairs_of
from webqa.rating.campaigns.sources import Collected, fault_of, read_pairs, read_tasks
from webqa.rating.config import CampaignConfig, PairingConfig, SourceConfig
from webqa.rating.records import Evidence, Task
from webqa.run import PAGES

MARS, VENUS = asked("mars", text="Why is Mars red?"), asked("venus", text="Why is Venus hot?")


def test_a_quote_stands_in_its_page_with_whole_words_around_it():
    (shown,) = evidence(pair().first, {PAGE.sha256: PAGE})
    assert not shown.fault
    whole = shown.before + shown.quote.text + shown.after
    assert whole in PAGE.text
    assert AROUND - 10 < len(shown.before) <= AROUND
    assert shown.before.split()[0] == "word"
    assert shown.after.split()[-1] == "tail"


def test_a_quote_at_the_edges_of_its_page_has_all_that_is_there():
    page = make_page("https://a.example/", "A", "ab cd ef", domain="a.example")
    own = quote("cd", page)
    (shown,) = evidence(Answer("q", "a [1]", (own,)), {page.sha256: page})
    assert (shown.before, shown.after) == ("ab ", " ef")


@pytest.mark.parametrize(
    ("given", "pages", "told"),
    [
        (Quote("x", "t", "d"), {}, "does not say on which page"),
        (quote("air scatters"), {}, "not stored"),
        (Quote("blue", "t", "d", "", 0, 4, PAGE.sha256), {PAGE.sha256: PAGE}, "another text"),
        (Quote("w", "t", "d", "", 0, 10**9, PAGE.sha256), {PAGE.sha256: PAGE}, "not on the page"),
    ],
)
def test_a_quote_that_does_not_verify_says_why_and_shows_nothing(given, pages, told):
    (shown,) = evidence(Answer("q", "a [1]", (given,)), pages)
    assert told in shown.fault
    assert not shown.before + shown.after


def test_the_minimal_profile_has_neither_citations_nor_quotes():
    shown = without_sources(pair(first="Air [1]. Light [1, 2].", first_episode="e1"))
    assert shown.first == Answer(shown.first.question, "Air. Light.")
    assert shown.first_episode == "e1"
    assert shown.id != pair(first="Air [1]. Light [1, 2].").id


def test_answers_that_differ_by_citations_alone_are_no_pair_without_them():
    made = collected([pair(first="Air [1].", second="Air.")], profile="minimal")
    assert not made.items
    assert made.left_out == {"the two answers are the same": 1}


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"first": " "}, "empty"),
        ({"second": "Air scatters it.", "first": "Air scatters it."}, "the same"),
    ],
)
def test_what_cannot_be_compared_is_left_out(changed, told):
    assert told in fault_of(pair(**changed))


def test_a_pair_twice_is_one_item_and_gold_goes_first():
    made = collected([pair(1), pair(1), pair(2)], gold=[(pair(2), -1)])
    assert [(one.key, one.expected) for one in made.items] == [(pair(2).id, -1), (pair(1).id, None)]
    assert (made.left_out, made.now_gold) == ({"it is there already": 1}, 1)
    assert made.quotes == 2


@pytest.mark.parametrize(
    "text",
    [
        "As an AI language model, I cannot say.",
        "I'm a large language model.",
        "I was trained by people.",
        "My knowledge cutoff is old.",
        "ChatGPT says so.",
        "GPT-4o wrote this.",
        "Ask Claude 3 or Gemini 1.5.",
        "Made by OpenAI.",
    ],
)
def test_an_answer_that_tells_who_wrote_it_is_a_leak(text):
    assert leak_in(Answer("Why?", text))


@pytest.mark.parametrize(
    "answer",
    [
        Answer("Why?", "Claude Monet painted a llama under Gemini, as an artist would."),
        Answer("Who made ChatGPT?", "ChatGPT is a program."),
        Answer("Who made it?", "OpenAI did [1].", (Quote("OpenAI made it", "t", "d"),)),
        Answer("Why?", "The aim is as an air pump's, as an aide said."),
    ],
)
def test_what_an_answer_is_about_is_no_leak(answer):
    assert not leak_in(answer)


@pytest.mark.parametrize("dropped", [False, True])
def test_leaks_are_listed_and_left_out_only_where_asked(dropped):
    made = collected([pair(second="I am an AI, so no.")], without_leaks=dropped)
    assert [one.answer for one in made.leaks] == ["second"]
    assert len(made.items) == (not dropped)


def test_tasks_keep_their_evidence_and_must_fit():
    one = pair()
    own = Evidence(one.first.quotes[0], "before ", " after")
    made = Collected("detailed")
    made.task(Task(one, (own,)))
    assert made.items[0].content.first == (own,)
    made = Collected("detailed")
    made.task(Task(one, (Evidence(Quote("other", "t", "d")),)))
    made.task(Task(one, first_critiques=(Critique(0, 999, "other", "long"),)))
    assert sum(made.left_out.values()) == 2
    assert not made.items


def test_two_runs_are_paired_by_question_with_sides_drawn(tmp_path):
    one, other = make_run(tmp_path / "a"), make_run(tmp_path / "b")
    for number in range(40):
        question = asked(f"q{number}")
        add_episode(one, question, "One.")
        add_episode(other, question, "Other.")
    add_episode(one, MARS, "Rust.")
    add_episode(other, VENUS, None)
    found = pairs_of([one, other], PairingConfig(), 0)
    assert len(found) == 40
    first = sum(one.first.text == "One." for one in found)
    assert 8 < first < 32
    assert found == pairs_of([one, other], PairingConfig(), 0)
    assert {one.id for one in found} != {
        one.id for one in pairs_of([one, other], PairingConfig(), 1)
    }
    assert all(one.first_episode.startswith("a" if one.first.text == "One." else "b")
               for one in found)  # fmt: skip


def test_one_run_is_paired_with_itself(tmp_path):
    run = make_run(tmp_path / "a")
    for attempt, text in enumerate(["Rust.", "Iron.", "Rust.", "Dust."]):
        add_episode(run, MARS, text, attempt=attempt)
    found = pairs_of([run], PairingConfig(each=2), 0)
    assert len(found) == 2
    assert all(one.first.text != one.second.text for one in found)
    assert len({one.id for one in found}) == 2


def test_the_best_scored_answer_stands_for_its_run(tmp_path):
    one, other = make_run(tmp_path / "a"), make_run(tmp_path / "b")
    for attempt, (text, value) in enumerate([("Rust.", 0.1), ("Iron.", 0.9)]):
        made = add_episode(one, MARS, text, attempt=attempt)
        append(one / SCORES, EpisodeScore(made.id, MARS.id, "rm", value))
        append(one / SCORES, EpisodeScore(made.id, MARS.id, "else", -value))
    add_episode(other, MARS, "Dust.")
    (best,) = pairs_of([one, other], PairingConfig(best_by="rm"), 0)
    assert {best.first.text, best.second.text} == {"Iron.", "Dust."}
    (plain,) = pairs_of([one, other], PairingConfig(), 0)
    assert {plain.first.text, plain.second.text} == {"Rust.", "Dust."}
    with pytest.raises(ConfigError, match="no run was scored by 'nobody'"):
        pairs_of([one, other], PairingConfig(best_by="nobody"), 0)


def test_runs_that_cannot_be_paired_are_refused(tmp_path):
    one, other = make_run(tmp_path / "a"), make_run(tmp_path / "b")
    add_episode(one, MARS, "Rust.")
    with pytest.raises(ConfigError, match="can be paired"):
        pairs_of([one, other], PairingConfig(), 0)
    with pytest.raises(ConfigError, match="twice"):
        pairs_of([one, one], PairingConfig(), 0)
    with pytest.raises(ConfigError, match="each"):
        pairs_of([one], PairingConfig(each=0), 0)
    add_episode(other, asked("mars", text="Why is Mars so red?"), "Iron.")
    with pytest.raises(ConfigError, match="two questions"):
        pairs_of([one, other], PairingConfig(), 0)


def test_files_of_pairs_and_tasks_are_read_line_by_line(tmp_path):
    file = tmp_path / "pairs.jsonl"
    file.write_bytes(to_json(pair(1)) + b"\n\n" + to_json(pair(2)))  # no line end: not torn
    assert list(read_pairs(file)) == [pair(1), pair(2)]
    file.write_bytes(to_json(pair(1)) + b'\n{"id": "torn')
    assert list(read_pairs(file)) == [pair(1)]
    file.write_bytes(b"{}\n" + to_json(pair(1)) + b"\n")
    with pytest.raises(RecordError, match="line 1"):
        list(read_pairs(file))
    file.write_bytes(to_json(Task(pair(1))) + b"\n")
    assert list(read_tasks(file)) == [Task(pair(1))]
    with pytest.raises(ConfigError, match="cannot read"):
        list(read_pairs(tmp_path / "none"))


def test_gathering_looks_quotes_up_in_the_stored_pages(tmp_path):
    run = make_run(tmp_path / "run")
    append(run / PAGES, PAGE)
    file = tmp_path / "pairs.jsonl"
    file.write_bytes(to_json(pair(1)) + b"\n")
    found = gather(
        SourceConfig(pairs=(file,), pages=(run,)), PairingConfig(), CampaignConfig()
    ).collected
    assert found.items[0].content.first[0].before
    assert not found.faults
    found = gather(SourceConfig(pairs=(file,)), PairingConfig(), CampaignConfig()).collected
    assert found.faults == {"its page is not stored": 1}


def test_answers_by_people_are_compared_without_sources(tmp_path):
    run = make_run(tmp_path / "run")
    add_episode(run, asked("mars", "Rust, says a person.", "Iron."), "Rust [1].")
    minimal = CampaignConfig(profile="minimal")
    found = gather(SourceConfig(run=(run,)), PairingConfig(written=2), minimal).collected
    assert len(found.items) == 2
    assert all("[1]" not in one.content.pair.first.text for one in found.items)
    with pytest.raises(ConfigError, match="--profile minimal"):
        gather(SourceConfig(run=(run,)), PairingConfig(written=2), CampaignConfig())


@pytest.mark.parametrize(
    ("sources", "config", "told"),
    [
        ({}, {}, "nothing to be compared"),
        ({}, {"kind": "demonstrate"}, "needs --questions"),
        ({"questions": "q", "gold": ("g",)}, {}, "leave --run"),
        ({"questions": "q"}, {"profile": "minimal"}, "--profile is of answers"),
    ],
)
def test_sources_that_do_not_go_together_are_refused(sources, config, told):
    with pytest.raises(ConfigError, match=told):
        gather(SourceConfig(**sources), PairingConfig(), CampaignConfig(**config))


def test_tasks_are_not_shown_without_their_sources(tmp_path):
    file = tmp_path / "tasks.jsonl"
    file.write_bytes(to_json(Task(pair(1))) + b"\n")
    with pytest.raises(ConfigError, match="--profile detailed"):
        gather(SourceConfig(tasks=(file,)), PairingConfig(), CampaignConfig(profile="minimal"))
