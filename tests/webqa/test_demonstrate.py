"""`webqa questions` and `webqa demonstrate`: files in, files out, and going on after a stop."""

import json
import sys
from dataclasses import replace
from itertools import islice

import pytest
from cyclopts import App, Parameter

from env.answers import shows_answer
from env.config import SMALL
from env.errors import ConfigError
from env.records import Question
from env.web.indexing import build_index
from webqa.cli.demonstrate import demonstrate
from webqa.cli.flags import fill_from_preset
from webqa.cli.questions import questions
from webqa.demonstrating import Work, make_all, remaining
from webqa.run import read_config, read_episodes, read_pages

BRIDGE = (
    "Harrow Bridge is a stone bridge over the river Anduin in the town of Eastmere. The bridge was "
    "built in 1624 by Mira Holt, who had studied masonry in Lorien for many years at great cost."
)
HOLT = (
    "Mira Holt (born 3 May 1590 – 1652) was an Anduin mason and engineer known for her bridges. "
    "Holt founded a school of masonry in Eastmere in 1640 with seven pupils of the town guild."
)
ASKED = [
    {"id": "a", "question": "Why is the sky blue?", "accepted": ["scatter blue light"]},
    {"id": "b", "question": "Why is a sunset red?", "accepted": ["scattered away"]},
    {"id": "c", "question": "Why does salt keep meat?", "accepted": ["draws water"]},
    {"id": "d", "question": "Who explained the blue sky?", "accepted": ["nobody at all"]},
    {"id": "e", "question": "What has no known answer?"},
]


@pytest.fixture
def run(tmp_path, web):
    """Run a command line that has the two commands, and nothing else."""
    app = App(default_parameter=Parameter(negative=()), config=fill_from_preset)
    app.command(demonstrate)
    app.command(questions)
    file = tmp_path / "asked.jsonl"
    file.write_text("\n".join(map(json.dumps, ASKED)))

    def call(command, *arguments, out="out", **instead):
        given = {"web": web, "questions": file, "jobs": 1}
        if command == "questions":
            given = {"from-web": web}
        words = [command, "-o", tmp_path / out, *arguments]
        for name, value in (given | instead).items():
            words += [f"--{name}", value]
        words = list(map(str, words))
        return app(words, result_action="return_value", exit_on_error=False, print_error=False)

    return call


def alike(episodes):
    """Return episodes without what the clock decides."""
    return [replace(one, seconds=0.0, started_at="") for one in episodes]


def test_a_run_of_demonstrations(run, tmp_path, capsys):
    assert run("demonstrate") == 0
    said, progress = capsys.readouterr()
    assert said.startswith("4 demonstrations, 3 with an accepted answer (75%); ")
    assert f"The run is in {tmp_path / 'out'}. Next: webqa clone --from" in said
    assert "4 of 4 demonstrations" in progress
    assert run("demonstrate") == 0
    assert capsys.readouterr().out.startswith("Nothing was left to demonstrate. The run is in")
    episodes = list(read_episodes(tmp_path / "out"))
    assert [one.question.id for one in episodes] == ["a", "b", "c", "d"]
    assert [shows_answer(one) for one in episodes] == [True, True, True, False]
    assert {one.policy for one in episodes} == {"demonstrator"}
    assert len(read_pages(tmp_path / "out")) == 3
    assert read_config(tmp_path / "out").settings.browser == SMALL


def test_flags_keep_the_rest_of_the_preset(run, tmp_path):
    """Fails when one browser flag turns all others into those of another preset."""
    assert run("demonstrate", "--window", "900") == 0
    assert read_config(tmp_path / "out").settings.browser == replace(SMALL, window=900)


def test_it_goes_on_where_it_was_stopped(run, tmp_path, capsys):
    """Fails when episodes are made twice, or others than in one go."""
    assert run("demonstrate", "--attempts", "2") == 0
    whole = list(read_episodes(tmp_path / "out"))
    assert len(whole) == 8
    file = tmp_path / "out" / "episodes.jsonl"
    kept = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join(kept[:3]) + kept[3][:100])
    capsys.readouterr()
    assert run("demonstrate", "--attempts", "2") == 0
    assert "3 episodes recorded already" in capsys.readouterr().err
    assert alike(read_episodes(tmp_path / "out")) == alike(whole)


def test_only_what_was_found(run, tmp_path):
    assert run("demonstrate", "--only-found") == 0
    assert [one.question.id for one in read_episodes(tmp_path / "out")] == ["a", "b", "c"]


def test_what_was_not_found_is_not_made_again(run, capsys):
    assert run("demonstrate", "--only-found") == 0
    capsys.readouterr()
    assert run("demonstrate", "--only-found") == 0
    assert "Nothing was left to demonstrate" in capsys.readouterr().out


def test_several_processes_give_the_same_in_the_same_order(web):
    """Fails when processes lose episodes, mix their order, or draw other paths."""
    asked = [
        Question(str(number), "Why is the sky blue?", "", ("scatter",)) for number in range(40)
    ]
    work = Work(str(web), run="r")
    tasks = list(remaining(asked, 1, "r", ()))
    one, two = ([each.episode for each in make_all(tasks, work, jobs)] for jobs in (1, 2))
    assert [episode.error for episode in one] == [""] * 40
    assert alike(one) == alike(two)


def test_leaving_early_leaves_no_process_behind(web):
    tasks = [
        (Question(str(number), "Why is the sky blue?", "", ("scatter",)), 0) for number in range(60)
    ]
    made = make_all(tasks, Work(str(web)), 2)
    assert len(list(islice(made, 3))) == 3
    made.close()


def test_mistakes_get_one_line(run, tmp_path):
    for given, said in (
        ({"web": "wikipedia"}, "is on the net"),
        ({"jobs": 0}, "--jobs must be at least 1"),
        ({"sources": 0}, "--sources must be at least 1"),
        ({"hedge": 2}, "--hedge must be from 0 to 1"),
        ({"questions": "missing.jsonl"}, "missing.jsonl"),
    ):
        with pytest.raises(ConfigError, match=said):
            run("demonstrate", **given)
    with pytest.raises(ConfigError, match="is a folder"):
        run("questions", out=".")
    with pytest.raises(ConfigError, match="--count"):
        run("questions", "--count", "0")
    assert not (tmp_path / "out").exists()


def test_questions_without_answers_cannot_be_demonstrated(run, tmp_path):
    (tmp_path / "asked.jsonl").write_text(json.dumps(ASKED[-1]))
    with pytest.raises(ConfigError, match="no question has accepted answers"):
        run("demonstrate")


def test_made_questions_can_be_demonstrated(run, tmp_path, capsys):
    (tmp_path / "pages").mkdir()
    for name, text in (("bridge", BRIDGE), ("holt", HOLT)):
        (tmp_path / "pages" / f"{name}.md").write_text(text)
    build_index([tmp_path / "pages"], tmp_path / "index")
    here = {"from-web": tmp_path / "index"}
    assert run("questions", "--count", "20", "--lower", "1", out="made.jsonl", **here) == 0
    said, progress = capsys.readouterr()
    assert f"The questions are in {tmp_path / 'made.jsonl'}. Next: webqa demonstrate" in said
    assert "Asking: 2 of 2 pages" in progress
    made = {"web": tmp_path / "index", "questions": tmp_path / "made.jsonl"}
    assert run("demonstrate", **made) == 0
    assert any(map(shows_answer, read_episodes(tmp_path / "out")))


def test_a_web_without_sentences_gives_no_questions(run, tmp_path):
    with pytest.raises(ConfigError, match="no question could be made"):
        run("questions", out="made.jsonl")
    assert not (tmp_path / "made.jsonl").exists()


def test_nothing_heavy_is_loaded(program):
    """Fails when the models' libraries are loaded to make demonstrations."""
    code = (
        "import webqa.cli.demonstrate, webqa.cli.questions;"
        "print([n for n in ('torch', 'transformers', 'numpy', 'llguidance') if n in sys.modules])"
    )
    assert program(code=code).stdout.strip() == "[]", sys.version
