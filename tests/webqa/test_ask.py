"""`webqa ask` through the real `main`, on a small web on disk."""

import asyncio
import json

import pytest

from env.answers import NOTHING_FOUND
from env.config import BrowserConfig
from env.records import Question, make_page
from env.web.memory import MemoryWeb
from policies.base import Setup, run_episode
from policies.scripted import ScriptedPolicy
from webqa.cli import main
from webqa.cli.exits import Exit
from webqa.cli.session import Output, report
from webqa.run import read_config, read_episodes, read_pages

SKY = "Why is the sky blue?"
UNKNOWN = "Who was the zorblax of Quimby?"


def test_the_answer_is_printed_with_its_numbered_sources(web, capsys):
    """Fails when a mark, a source's title, domain, address or quote is missing."""
    assert main(["ask", SKY, "--web", str(web)]) == Exit.DONE
    out, _ = capsys.readouterr()
    answer, sources = out.split("\n\nSources\n")
    assert "[1]" in answer
    assert "[1] Why the sky is blue (sky.example)" in sources
    assert "https://sky.example/blue.html#:~:text=" in sources
    assert "“" in sources
    assert "molecules of the air scatter blue light" in sources


def test_output_without_a_terminal_is_plain_and_not_wrapped(web, capsys):
    """Fails when colours or a fixed width get into piped output."""
    main(["ask", SKY, "--web", str(web)])
    out, _ = capsys.readouterr()
    assert "\x1b" not in out
    assert max(map(len, out.splitlines())) > 100


def test_words_need_no_quotation_marks(web, capsys):
    """Fails when the shell's words are not joined to one question."""
    assert main(["ask", "why", "is", "the", "sky", "blue", "--web", str(web), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["question"] == "why is the sky blue"


def test_json_is_one_object_whose_quotes_are_spans_of_stored_pages(web, tmp_path, capsys):
    """Fails when a field is missing, or a quote is not at its offsets on the page it names."""
    arguments = ["ask", SKY, "--web", str(web), "--json", "--save", str(tmp_path / "run")]
    assert main(arguments) == Exit.DONE
    out, err = capsys.readouterr()
    found = json.loads(out)
    assert list(found) == ["question", "answer", "ended", "episode"]
    assert found["ended"] == "answered"
    assert "Recorded as" in err
    pages = read_pages(tmp_path / "run")
    assert found["answer"]["quotes"]
    for quote in found["answer"]["quotes"]:
        fields = ["text", "title", "url", "domain", "start", "end", "page_sha256"]
        assert list(quote) == fields
        page = pages[quote["page_sha256"]]
        assert page.text[quote["start"] : quote["end"]] == quote["text"]
    assert [one.id for one in read_episodes(tmp_path / "run")] == [found["episode"]]


def test_nothing_found_is_said_and_has_its_own_code(web, capsys):
    """Fails when an unanswered question looks like an answer to a script."""
    assert main(["ask", UNKNOWN, "--web", str(web)]) == Exit.UNANSWERED
    assert capsys.readouterr().out == f"{NOTHING_FOUND}\n"
    assert main(["ask", UNKNOWN, "--web", str(web), "--json"]) == Exit.UNANSWERED
    found = json.loads(capsys.readouterr().out)
    assert found["answer"] == {"text": NOTHING_FOUND, "quotes": []}
    assert found["ended"] == "unanswered"


def test_markdown_has_a_numbered_list_of_sources(web, capsys):
    """Fails when `--format md` is not Markdown."""
    assert main(["ask", SKY, "--web", str(web), "--format", "md"]) == Exit.DONE
    out, _ = capsys.readouterr()
    assert "\n1. [Why the sky is blue](<https://sky.example/blue.html#:~:text=" in out
    assert "   > " in out


def test_trace_goes_to_standard_error_only(web, capsys):
    """Fails when watching the steps changes what a program reads on standard output."""
    main(["ask", SKY, "--web", str(web)])
    plain = capsys.readouterr().out
    main(["ask", SKY, "--web", str(web), "--trace"])
    out, err = capsys.readouterr()
    assert out == plain
    assert "Step 1. No page yet" in err
    assert "→ Search" in err
    assert "→ Quote: " in err


def test_flags_come_from_the_preset_unless_they_are_given(web, tmp_path):
    """Fails when `--preset` overrides a flag, or a flag resets the preset."""
    run = tmp_path / "run"
    arguments = ["ask", SKY, "--web", str(web), "--save", str(run), "--preset", "small"]
    main([*arguments, "--actions", "50", "--seconds", "30"])
    settings = read_config(run).settings
    assert (settings.browser.actions, settings.browser.window) == (50, 800)
    assert settings.limits.seconds == 30


def test_a_run_does_not_mix_settings(web, tmp_path, capsys):
    """Fails when episodes made with different settings land in one run, or the field is unnamed."""
    arguments = ["ask", SKY, "--web", str(web), "--save", str(tmp_path / "run")]
    assert main(arguments) == Exit.DONE
    assert main(arguments) == Exit.DONE  # the same question again is another attempt
    assert len({one.id for one in read_episodes(tmp_path / "run")}) == 2
    capsys.readouterr()
    assert main([*arguments, "--window", "900"]) == Exit.ERROR
    assert "browser.window is 2400 there and 900 here" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["ask", SKY, "--web", "sampel"], Exit.ERROR, "Did you mean sample?"),
        (["ask", SKY, "--web", "wikipaedia"], Exit.ERROR, "unknown web 'wikipaedia'"),
        (["ask", SKY, "--web", "./nowhere"], Exit.ERROR, "no folder ./nowhere"),
        (["ask", SKY, "--web", "{tmp}"], Exit.ERROR, "is not an index"),
        (["ask", SKY, "--web", "{web}", "--policy", "extractiv"], Exit.ERROR, "Did you mean extr"),
        (["ask", "  "], Exit.ERROR, "the question is empty"),
        (["ask", SKY, "--actions", "0"], Exit.ERROR, "--actions must be above 0"),
        (["ask", SKY, "--seconds", "-1"], Exit.ERROR, "--seconds must be above 0"),
        (["ask", SKY, "--json", "--format", "md"], Exit.ERROR, "exclude one another"),
        (["ask", SKY, "--web", "{web}", "--save", "{file}"], Exit.ERROR, "as a run folder"),
        (["ask", SKY, "--preset", "smal"], Exit.USAGE, "smal"),
        (["ask", SKY, "--actoins", "3"], Exit.USAGE, "Did you mean --actions?"),
        (["ask", SKY, "--actions", "many"], Exit.USAGE, "--actions"),
        (["ask", SKY, "--model", ""], Exit.ERROR, "--model is empty"),
        (["aks", SKY], Exit.USAGE, 'Did you mean "ask"?'),
    ],
)
def test_mistakes_get_one_line_that_helps(arguments, code, said, web, tmp_path, capsys):
    """Fails when a user's mistake ends in a traceback, in several lines, or without a hint."""
    file = tmp_path / "file"
    file.touch()
    places = {"tmp": tmp_path, "web": web, "file": file}
    assert main([one.format(**places) for one in arguments]) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("webqa: ")
    assert err.count("\n") == 1
    assert said in err


def test_a_failed_episode_has_its_own_code_and_its_reason(capsys):
    """Fails when a fault of a policy passes for an answer or is not explained."""

    class Broken:
        name = "broken"

        async def act(self, observation):
            raise ValueError("no model\x1b[31m")

    rollout = asyncio.run(run_episode(Broken(), Question("q", SKY), Setup(MemoryWeb([]))))
    assert report(rollout, Output()) == Exit.FAILED
    assert "ValueError: no model\ufffd[31m" in capsys.readouterr().err
    assert report(rollout, Output(json=True)) == Exit.FAILED
    assert json.loads(capsys.readouterr().out)["ended"] == "failed"


def test_what_ran_out_before_anything_was_quoted_is_said(capsys):
    """Fails when a limit, or a model that writes no commands, passes for a web without answer."""
    setup = Setup(MemoryWeb([]), BrowserConfig(actions=3))
    policy = ScriptedPolicy(["I would like", "to help", "Search sky"], "")
    rollout = asyncio.run(run_episode(policy, Question("q", SKY), setup))
    assert report(rollout, Output()) == Exit.UNANSWERED
    out, err = capsys.readouterr()
    assert out == f"{NOTHING_FOUND}\n"
    assert err.startswith("Note: the actions ran out before anything was quoted; 2 lines could not")


def test_a_hostile_page_cannot_reach_the_terminal(capsys):
    """Fails when text of a page is read as Rich markup or as a terminal code."""
    text = "[bold red]Answer[/] \x1b]0;title\x07 and \u202eturned"
    page = make_page("https://a.example/\x1b[2J", "[link=x]T\x1b", text, domain="a.example")
    policy = ScriptedPolicy(["Search and", "Clicked on link 0", f"Quote: {text}"], "So [1].")
    rollout = asyncio.run(run_episode(policy, Question("q", SKY), Setup(MemoryWeb([page]))))
    assert report(rollout, Output()) == Exit.DONE
    assert report(rollout, Output(format="md")) == Exit.DONE
    out, _ = capsys.readouterr()
    assert "[bold red]Answer[/]" in out
    assert not set("\x1b\x07\u202e") & set(out)


def test_an_answer_that_cannot_be_recorded_is_given_all_the_same(web, tmp_path, capsys):
    """Fails when a full disk or the like loses the answer with its record."""
    run = tmp_path / "run"
    assert main(["ask", SKY, "--web", str(web), "--save", str(run)]) == Exit.DONE
    (run / "episodes.jsonl").unlink()
    (run / "episodes.jsonl").mkdir()
    capsys.readouterr()
    assert main(["ask", SKY, "--web", str(web), "--save", str(run)]) == Exit.ERROR
    _, err = capsys.readouterr()
    assert err.startswith("webqa: cannot read")
    other = tmp_path / "other"
    other.mkdir()
    (other / "pages.jsonl").symlink_to(tmp_path / "missing" / "pages.jsonl")
    (other / "config.json").write_bytes((run / "config.json").read_bytes())
    assert main(["ask", SKY, "--web", str(web), "--save", str(other)]) == Exit.ERROR
    out, err = capsys.readouterr()
    assert "\nSources\n[1] " in out
    assert err.startswith(f"webqa: cannot write {other / 'pages.jsonl'} (")
    assert err.endswith("): make room, or name another folder\n")


def test_the_best_of_answers_that_are_all_alike_is_refused(web, capsys):
    """Fails when somebody waits for sixteen answers of a policy that draws nothing."""
    assert main(["ask", SKY, "--web", str(web), "--best-of", "16"]) == Exit.ERROR
    out, err = capsys.readouterr()
    assert "--best-of 16 needs --model" in err
    assert not out
