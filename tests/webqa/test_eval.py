"""`webqa eval` and `merge`: what is measured, going on after a stop at any byte, shards."""

import json
import re
import shutil
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from tests.policies.models.small import save_model
from webqa.cli import main
from webqa.cli.counting import lasting, paced
from webqa.cli.exits import Exit
from webqa.measured import MEASURES, MEASURING, read_measures
from webqa.run import EPISODES, read_episodes
from webqa.settling import ASKED
from webqa.shards import PARTS

QUESTIONS = [
    {"id": "sky", "question": "Why is the sky blue?", "accepted": ["scatter blue light"]},
    {"id": "salt", "question": "Why does salt keep meat?", "accepted": ["draws water"]},
    {"id": "zorblax", "question": "Zorblax quimby?", "accepted": ["nobody at all"]},
    {"id": "rayleigh", "question": "Who explained the blue sky?", "accepted": ["Lord Rayleigh"]},
    {
        "id": "dusk",
        "question": "Why are sunsets red?",
        "dataset": "dusk",
        "accepted": ["long path"],
    },
]


@pytest.fixture
def asked(tmp_path):
    file = tmp_path / "asked.jsonl"
    file.write_text("\n".join(map(json.dumps, QUESTIONS)))
    return file


@pytest.fixture
def run(tmp_path, web, asked):
    """Run the command in this process, into a folder of the name that is given."""

    def call(name, *words, jobs=1):
        out = tmp_path / name
        line = ["eval", "--questions", asked, "--web", web, "-o", out, "--jobs", jobs, *words]
        return main(list(map(str, line))), out

    return call


def content(folder):
    """Return all that a run found, without what the clock says."""
    episodes = sorted(
        re.sub(r'"(seconds|started_at)":("[^"]*"|[0-9.e-]+)', "", line)
        for line in (folder / EPISODES).read_text().splitlines()
    )
    measures = sorted(
        (one.episode, one.dataset, tuple((name, value) for name, value in one.values.items()
                                         if name != "seconds"))
        for one in read_measures(folder)
    )  # fmt: skip
    return episodes, measures


def test_a_table_a_report_and_json_tell_the_same(run, capsys):
    code, out = run("run")
    assert code == Exit.DONE
    table = capsys.readouterr().out
    figures = json.loads((out / "evaluation.json").read_text())
    whole = figures["datasets"][-1]
    assert (whole["dataset"], whole["questions"]) == ("all", 5)
    assert whole["measures"]["right"]["mean"] == 0.8  # zorblax is nobody at all
    assert re.search(r"^right % .* 80\.0 \(", table, re.MULTILINE)
    page = (out / "report.html").read_text()
    assert "Zorblax quimby?" in page
    assert "80.0 (" in page
    assert whole["measures"]["quotes_verbatim"]["mean"] == 1


def test_a_run_goes_on_from_every_byte_and_ends_the_same(run, tmp_path):
    """Fails when a torn line, or an episode without measures, is lost or counted twice."""
    _, whole = run("run")
    wanted = content(whole)
    episodes, measures = ((whole / name).read_bytes() for name in (EPISODES, MEASURES))
    last = episodes.rfind(b"\n", 0, -1) + 1
    cuts = [(cut, len(measures)) for cut in range(last, len(episodes), 97)]
    begin = measures.rfind(b"\n", 0, -1) + 1
    cuts += [(len(episodes), cut) for cut in range(begin, len(measures), 31)]
    for number, (one, other) in enumerate(cuts):
        torn = tmp_path / f"torn-{number}"
        shutil.copytree(whole, torn)
        kept = other if one == len(episodes) else begin
        (torn / EPISODES).write_bytes(episodes[:one])
        (torn / MEASURES).write_bytes(measures[:kept])
        code, torn = run(torn.name)
        assert code == Exit.DONE
        assert content(torn) == wanted


def test_shards_merged_are_the_whole_run(run, tmp_path, capsys):
    _, whole = run("run")
    shards = [run(f"shard-{number}", "--shard", f"{number}/2")[1] for number in (1, 2)]
    assert all(0 < sum(1 for _ in read_episodes(one)) < 5 for one in shards)
    code = main(["merge", *map(str, shards), "-o", str(tmp_path / "merged")])
    assert code == Exit.DONE
    assert content(tmp_path / "merged") == content(whole)
    again = main(["merge", *map(str, shards), "-o", str(tmp_path / "merged")])
    assert again == Exit.DONE
    assert content(tmp_path / "merged") == content(whole)
    capsys.readouterr()
    _, other = run("other", "--actions", "5")
    assert main(["merge", str(whole), str(other), "-o", str(tmp_path / "mixed")]) == Exit.ERROR
    assert "browser.actions" in capsys.readouterr().err


@pytest.fixture
def thirds(run):
    return [run(f"third-{number}", "--shard", f"{number}/3")[1] for number in (1, 2, 3)]


def test_a_missing_shard_is_named_and_may_be_added_later(run, thirds, tmp_path, capsys):
    """Fails when figures of a part pass for those of the whole."""
    merged = str(tmp_path / "merged")
    capsys.readouterr()
    assert main(["merge", str(thirds[0]), str(thirds[2]), "-o", merged]) == Exit.DONE
    assert "lacks shard 2/3" in capsys.readouterr().err
    assert main(["merge", str(thirds[1]), "-o", merged]) == Exit.DONE
    assert "lacks" not in capsys.readouterr().err
    assert content(tmp_path / "merged") == content(run("run")[1])
    assert main(["merge", merged, "-o", str(tmp_path / "again")]) == Exit.DONE


def test_what_is_no_shard_beside_the_others_is_refused(run, thirds, tmp_path, capsys):
    """Fails when it is taken, or when something is written before it is refused."""
    first = thirds[0]
    others = {
        "both hold shard 1/3": run("twice", "--shard", "1/3")[1],
        "all questions in 2 shards": run("half", "--shard", "2/2")[1],
        "the first 3 questions in 3 shards": run("few", "--shard", "2/3", "--limit", "3")[1],
        "with --attempts 2": run("more", "--shard", "2/3", "--attempts", "2")[1],
        "measured differently: judge": run("unjudged", "--shard", "2/3", "--judge", "none")[1],
        "not finished": shutil.copytree(thirds[1], tmp_path / "killed"),
    }
    (others["not finished"] / PARTS).unlink()
    for told, other in others.items():
        capsys.readouterr()
        code = main(["merge", str(first), str(other), "-o", str(tmp_path / "merged")])
        assert code == Exit.ERROR
        assert told in capsys.readouterr().err
        assert not (tmp_path / "merged").exists()
    assert main(["merge", str(first), str(first), "-o", str(tmp_path / "merged")]) == Exit.ERROR


def test_what_is_half_done_is_done_once(run, tmp_path, asked, capsys):
    """Fails when what was asked, or measured, of an episode stands in the folder twice."""
    known = {"written": ["It scatters blue light."], "wrong": ["It mirrors the sea."]}
    asked.write_text("\n".join(json.dumps(one | known) for one in QUESTIONS[:2]))
    _, whole = run("run")
    wanted, lines = content(whole), (whole / ASKED).read_bytes()
    assert lines.count(b"\n") == 4
    measures = (whole / MEASURES).read_bytes()
    (whole / MEASURES).write_bytes(measures[: measures.rfind(b"\n", 0, -1) + 1])
    assert main(["merge", str(whole), "-o", str(tmp_path / "merged")]) == Exit.ERROR
    assert "1 of the episodes" in capsys.readouterr().err
    assert not (tmp_path / "merged").exists()
    assert run("run") == (Exit.DONE, whole)
    assert (content(whole), (whole / ASKED).read_bytes()) == (wanted, lines)
    episodes = (whole / EPISODES).read_bytes()
    (whole / EPISODES).write_bytes(episodes[:-9])
    assert run("run") == (Exit.DONE, whole)
    assert (content(whole), (whole / ASKED).read_bytes()) == (wanted, lines)


class Refusing(BaseHTTPRequestHandler):
    """A server that lets nobody in."""

    def do_GET(self):
        self.send_error(401)

    do_POST = do_GET

    def log_message(self, *words):
        pass


def test_a_judge_that_cannot_be_asked_is_told_in_a_line_and_leaves_the_folder_free(run, capfd):
    with HTTPServer(("127.0.0.1", 0), Refusing) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}/v1"
        code, out = run("run", "--judge", f"rubric:some@{address}")
        server.shutdown()
    assert code == Exit.ERROR
    told = capfd.readouterr().err
    assert "401" in told
    assert told.count("\n") == 1
    assert not (out / MEASURING).exists()


def test_processes_give_what_one_gives(run):
    _, alone = run("alone", "--attempts", "2")
    _, shared = run("shared", "--attempts", "2", jobs=2)
    assert content(alone) == content(shared)
    assert len(content(alone)[0]) == 10


def test_settings_and_judges_are_not_mixed(run, capsys):
    run("run")
    code, _ = run("run", "--actions", "3")
    assert code == Exit.ERROR
    assert "made with other settings: browser.actions" in capsys.readouterr().err
    code, _ = run("run", "--judge", "none")
    assert code == Exit.ERROR
    assert f"remove {MEASURES}" in capsys.readouterr().err


def test_a_model_is_asked_for_short_answers_which_are_recorded(run, tmp_path):
    folder = save_model(tmp_path / "model", "gpt2")
    code, out = run("run", "--model", folder, "--window", 90, "--actions", 2, "--limit", 2)
    assert code == Exit.DONE
    measured = list(read_measures(out))
    assert len(measured) == 2
    assert all("squad_em" in one.values or "triviaqa_em" in one.values or "nq_em" in one.values
               for one in measured)  # fmt: skip
    lines = [json.loads(line) for line in (out / ASKED).read_text().splitlines()]
    assert [line["what"] for line in lines] == ["short", "short"]


@pytest.mark.parametrize("shard", ["0/2", "3/2", "1", "a/b", "/2", "1/0"])
def test_a_shard_that_makes_no_sense_is_refused(run, shard, capsys):
    code, out = run("run", "--shard", shard)
    assert code == Exit.ERROR
    assert "--shard must be I/N" in capsys.readouterr().err
    assert not out.exists()


def test_how_long_it_will_take_is_told():
    assert paced("episodes", 50, 200, 10.0) == "50 of 200 episodes, 5 a second, 30 s left"
    assert paced("episodes", 200, 200, 10.0) == "200 of 200 episodes, 20 a second"
    assert [lasting(one) for one in (59, 61, 3600, 7300)] == [
        "59 s",
        "1 min 1 s",
        "1 h 0 min",
        "2 h 1 min",
    ]


def test_confidence_is_measured_where_a_scorer_gives_it(run, capsys):
    _, out = run("run", "--confidence", "relevant")
    whole = json.loads((out / "evaluation.json").read_text())["datasets"][-1]
    assert 0 <= whole["calibration"]["ece"] <= 1
    assert whole["measures"]["brier"]["questions"] == whole["calibration"]["answered"]
    assert "Reliability" in (out / "report.html").read_text()
    capsys.readouterr()
    assert run("other", "--confidence", "relevant=3")[0] == Exit.ERROR
    assert "no confidence" in capsys.readouterr().err


def test_what_travels_to_other_processes_measures_the_same(run):
    _, alone = run("alone", "--confidence", "relevant", "--judge", "none")
    _, shared = run("shared", "--confidence", "relevant", "--judge", "none", jobs=2)
    assert content(alone) == content(shared)
