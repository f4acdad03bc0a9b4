"""What gives an answer away is hidden, and nothing else."""

import unicodedata

import pytest

from env.errors import Blocked
from env.leakage import LeakageFilter
from env.records import Link, make_page
from env.web.results import Result, results_page

QUESTION = "Why does the sky look blue at noon but red in the evening?"
BLOCKED = ("reddit.com", "quora.com")


def page(text, domain="a.example", title="Title", links=()):
    return make_page(f"https://{domain}/", title, text, domain=domain, links=links)


@pytest.fixture
def leakage():
    return LeakageFilter([QUESTION], BLOCKED)


@pytest.mark.parametrize(
    "domain", ["reddit.com", "www.reddit.com", "a.b.quora.com", "WWW.Quora.COM"]
)
def test_blocked_domains_and_their_subdomains_are_hidden(leakage, domain):
    with pytest.raises(Blocked, match="hidden"):
        leakage.apply(page("text", domain))


@pytest.mark.parametrize("domain", ["notreddit.com", "reddit.com.example", "reddit.org", "", "com"])
def test_other_domains_are_shown(leakage, domain):
    assert leakage.apply(page("text", domain)).text == "text"


@pytest.mark.parametrize(
    "text",
    [
        QUESTION,
        f"Asked today: “{QUESTION.upper()}” Answers below.",
        "why does the sky\nlook — blue, at noon; but (red) in the evening",
        "It is red in the evenings? does the sky look blue at noon but red in",
    ],
)
def test_a_page_that_shares_ten_words_in_a_row_is_hidden(leakage, text):
    with pytest.raises(Blocked, match="repeats the question"):
        leakage.apply(page(text))


def test_a_page_that_shares_nine_words_is_shown(leakage):
    text = "does the sky look blue at noon but red. evening"
    assert leakage.apply(page(text)).text == text


def test_a_title_that_repeats_the_question_hides_the_page(leakage):
    with pytest.raises(Blocked):
        leakage.apply(page("Because.", title=QUESTION))


def test_a_question_of_fewer_than_ten_words_matches_nothing():
    short = "Why is the sky blue and not some other?"
    assert LeakageFilter([short], ()).apply(page(short)).text == short


def test_supplied_answers_are_compared_in_any_unicode_form():
    answer = "Parce que l'été dernier il a fait très beau à Sète en été"
    leakage = LeakageFilter([QUESTION, unicodedata.normalize("NFD", answer)], ())
    with pytest.raises(Blocked):
        leakage.apply(page(f"Dit-il: {answer}."))


def test_links_to_blocked_domains_are_removed_and_the_rest_renumbered(leakage):
    links = [
        Link(0, 0, 3, "https://a.example/1", "a.example"),
        Link(1, 4, 7, "https://old.reddit.com/", "old.reddit.com"),
        Link(2, 8, 11, "https://b.example/", "b.example"),
    ]
    shown = leakage.apply(page("one two six", links=links))
    assert shown.text == "one two six"
    assert [(link.id, link.start, link.domain) for link in shown.links] == [
        (0, 0, "a.example"), (1, 8, "b.example")
    ]  # fmt: skip


def test_results_lose_whole_entries():
    results = [
        Result("https://a.example/", "Scattering", "a.example", "Blue light scatters."),
        Result("https://reddit.com/r/1", "Thread", "reddit.com", "An ask."),
        Result("https://b.example/", "Forum", "b.example", f"Somebody asks: {QUESTION}"),
        Result("https://c.example/", "", "c.example", ""),
        Result("https://d.example/", "Dusk", "d.example", "Red light stays."),
    ]
    shown = LeakageFilter([QUESTION], BLOCKED).apply(results_page("sky", results))
    expected = results_page("sky", [results[0], results[3], results[4]])
    assert shown == expected


def test_results_without_anything_left_say_so(leakage):
    results = results_page("sky", [Result("https://reddit.com/", "T", "reddit.com", "s")])
    assert leakage.apply(results) == results_page("sky", [])
    assert leakage.apply(results_page("sky", [])).text == "No results."


def test_what_nothing_is_taken_from_comes_back_as_it_was(leakage):
    untouched = page("text", links=[Link(0, 0, 4, "https://b.example/", "b.example")])
    assert leakage.apply(untouched) is untouched
