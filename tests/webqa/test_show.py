"""`webqa show`: the replay in the terminal and as a page."""

import asyncio
import json

import pytest
from bs4 import BeautifulSoup

from env.records import Link, Question, Quote, WebIdentity, make_page
from env.web.memory import MemoryWeb
from policies.base import Setup, run_episode
from policies.scripted import ScriptedPolicy
from webqa.cli import main
from webqa.cli.exits import Exit
from webqa.replay import replay
from webqa.run import Run, Settings, read_episodes, read_pages
from webqa.show_html import render_html

SCRIPT = "<script>alert(1)</script>"
TEXT = f"The sky is blue [12]. {SCRIPT} See dusk for red. The end of it."
SKY = make_page(
    "https://sky.example/",
    f"Sky {SCRIPT}",
    TEXT,
    domain="sky.example",
    links=[Link(0, TEXT.index("dusk"), TEXT.index("dusk") + 4, "https://d.example/", "d.example")],
)
EVIL = make_page("javascript:alert(1)", "Evil", "The sky is evil.", domain="e.example")
LINES = [
    "Search sky",
    "Clicked on link 0",
    "Quote: The sky is blue [12].",
    "Quote: See dusk for red.",
    "nonsense <b>",
    "Back",
    "Clicked on link 1",
    "Quote: The sky is evil.",
]


@pytest.fixture
def run(tmp_path):
    """A run folder with a failed and an answered episode."""
    web = MemoryWeb([SKY, EVIL])
    setup = Setup(web, run="run")
    settings = Settings("typed", "scripted", WebIdentity("memory"))
    with Run(tmp_path / "run", settings) as run:
        for number, (question, answer) in enumerate(
            [("Why?", "Nothing"), ("How <i>?", "So [1][3]")]
        ):
            policy = ScriptedPolicy(LINES, answer)
            made = run_episode(policy, Question(f"q{number}", question), setup)
            run.add(asyncio.run(made))
    return tmp_path / "run"


@pytest.fixture
def page(run, tmp_path):
    """The HTML page of the last episode."""
    assert main(["show", str(run), "--html", str(tmp_path / "e.html")]) == Exit.DONE
    return BeautifulSoup((tmp_path / "e.html").read_text(encoding="utf-8"), "lxml")


def test_the_terminal_shows_each_step_and_the_answer(run, capsys):
    """Fails when a command, a notice, a page or the answer is missing from a replay."""
    assert main(["show", str(run)]) == Exit.DONE
    out, _ = capsys.readouterr()
    assert out.startswith("How <i>?\n")
    for line in LINES:
        assert f"→ {line}" in out
    assert "Not carried out: no such command." in out
    assert "So [1][2]" in out
    assert "[2] Evil (e.example)" in out
    assert "Ended: answered, stopped by command" in out


def test_an_episode_can_be_chosen(run, capsys):
    """Fails when an episode cannot be found by id, by question, or in the list."""
    ids = [one.id for one in read_episodes(run)]
    main(["show", str(run), "--list"])
    listed = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in listed] == ids
    for arguments in ([ids[0][:6]], ["--question", "why"]):
        assert main(["show", str(run), *arguments]) == Exit.DONE
        assert capsys.readouterr().out.startswith("Why?")
    assert main(["show", str(run), "zzz"]) == Exit.ERROR
    assert "has 2 episodes, none with id 'zzz'" in capsys.readouterr().err
    assert main(["show", str(run.parent)]) == Exit.ERROR
    assert "not a run folder" in capsys.readouterr().err


def test_the_page_runs_and_loads_nothing(page):
    """Fails when text of a page becomes markup, or the page could load or run something."""
    assert not page.find_all(["script", "link", "img", "iframe", "b ", "i", "object", "form"])
    policy = page.find("meta", attrs={"http-equiv": "Content-Security-Policy"})["content"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert SCRIPT in page.text
    assert not page.find_all(style=True)
    assert all(not name.startswith("on") for tag in page.find_all(True) for name in tag.attrs)
    addresses = [one["href"] for one in page.find_all("a")]
    assert all(one.startswith(("#", "https://")) for one in addresses)


def test_citations_lead_to_their_quotes(page):
    """Fails when a claim is not linked to its quote, or a link leads nowhere."""
    cites = [one["href"] for one in page.select(".answer .cite")]
    assert cites == ["#source-1", "#source-2"]
    for one in page.select('a[href^="#"]'):
        assert page.find(id=one["href"][1:])
    first = page.find(id="source-1")
    assert first.mark.text == "The sky is blue [12]."
    assert "verified" in first.text
    assert first.find("a", class_="taken")["href"] == "#step-3"
    assert "sky.example/#:~:text=The%20sky%20is%20blue" in first.find("a", class_="url")["href"]
    assert SCRIPT in first.blockquote.text


def test_quotes_are_highlighted_in_the_page_as_seen(page):
    """Fails when a link mark inside a quote, or a citation on the page, hides the highlight."""
    seen = page.find(id="step-3")
    assert "".join(one.text for one in seen.find_all("mark")) == (
        "The sky is blue (12).See 0dusk d.example for red."
    )
    assert seen.find(class_="link").text == "0dusk d.example"
    assert page.find(id="step-2").find(class_="chosen").text.startswith("0Sky")
    assert not page.find(id="step-2").find("mark")


def test_the_style_matches_its_hash(page):
    """Fails when the page's own policy would block its style."""
    import base64
    from hashlib import sha256

    style = page.style.string.encode()
    digest = base64.b64encode(sha256(style).digest()).decode()
    assert digest in page.find("meta", attrs={"http-equiv": True})["content"]


def test_every_way_of_ending_has_a_page(run):
    """Fails when an episode without an answer cannot be shown."""
    made = next(read_episodes(run))
    from dataclasses import replace

    for ended in ("unanswered", "nonsense", "controversial", "failed"):
        episode = replace(made, answer=None, ended=ended, error="why it failed")
        html = render_html(episode, {})
        assert "Answer</h2>" in html
    assert "why it failed" in html


def test_a_false_quote_is_marked_as_such(run):
    """Fails when a changed page still looks verified."""
    made = list(read_episodes(run))[1]
    shown = replay(made, {})
    assert shown.sources[0].fault == "its page is not stored"
    assert "does not verify: its page is not stored" in render_html(made, {})
    imported = Quote("x", "T", "a.example")
    assert imported.page_sha256 == ""


def test_verify_counts_and_fails(run, capsys):
    """Fails when `webqa verify` passes a run whose stored page was changed."""
    assert main(["verify", str(run)]) == Exit.DONE
    out, _ = capsys.readouterr()
    assert "2 episodes, 6 quotes, 6 verified, 2 citations, no failures" in out
    pages = run / "pages.jsonl"
    pages.write_text(pages.read_text(encoding="utf-8").replace("is evil", "is good"))
    assert main(["verify", str(run)]) == Exit.UNVERIFIED
    out, err = capsys.readouterr()
    assert "2 failures" in out
    assert "does not have the hash" in out
    assert err.startswith("webqa: ")


def test_a_damaged_run_is_one_line(run, capsys):
    """Fails when a broken record ends in a traceback."""
    with (run / "episodes.jsonl").open("a") as file:
        file.write(json.dumps({"id": 3}) + "\n")
    assert main(["verify", str(run)]) == Exit.ERROR
    assert "episodes.jsonl, line 3" in capsys.readouterr().err
    assert read_pages(run)


def test_a_page_that_cannot_be_written_is_named(run, tmp_path, capsys):
    """Fails when it is not said which file could not be written."""
    assert main(["show", str(run), "--html", str(tmp_path)]) == Exit.ERROR
    assert capsys.readouterr().err.startswith(f"webqa: cannot write {tmp_path} (")


def test_a_run_that_cannot_be_read_does_not_hide_the_others(run, tmp_path, capsys):
    """Fails when `verify` stops at the first bad folder, or calls the whole sound."""
    assert main(["verify", str(tmp_path / "nowhere"), str(run)]) == Exit.ERROR
    out, err = capsys.readouterr()
    assert out.startswith(f"{run}: ")
    assert err.count("\n") == 1
    assert "is not a run folder" in err


async def test_a_follow_up_is_the_heading_and_earlier_questions_stand_small_above_it():
    """Fails when the page of a follow-up is headed by a question that it does not answer."""
    question = Question("q", "Why is it blue?\n\nAnd at dusk?")
    episode = (await run_episode(ScriptedPolicy([]), question, Setup(MemoryWeb([SKY])))).episode
    page = BeautifulSoup(render_html(episode, {}), "html.parser")
    assert page.h1.get_text() == page.title.get_text() == "And at dusk?"
    assert [one.get_text() for one in page.select(".earlier")] == ["Why is it blue?"]
