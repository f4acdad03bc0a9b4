"""`webqa iterate`: the stages, what they are asked, who judges, and what is wrong in one line.

The commands of the stages are stood in for by a function that writes what they would.
"""

import asyncio
import json
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from env.config import SMALL
from env.errors import ConfigError, Error
from env.jsonl import append
from env.records import Question
from policies.base import Setup, run_episode
from policies.scripted import ScriptedPolicy
from reward.comparisons import read_comparisons
from reward.pairs import PairConfig
from tests.policies.cloning.browsing import GOOD, WEB
from tests.webqa.rating.made_campaigns import NOW, said, submit
from webqa.best_of import EpisodeScore
from webqa.cli import main
from webqa.cli.iterate import iterate as command
from webqa.iterating import IterateConfig, Job, StageFlags, Waiting, check, iterate
from webqa.judging import ScorerJudge, check_judged, judge_pairs, open_preference_judge, write_pairs
from webqa.questions import write_questions
from webqa.rating.store.database import open_store, stamp
from webqa.rating.store.tables import Person
from webqa.run import Run, Settings
from webqa.scoring import open_scorer
from webqa.stages import Stages

QUESTIONS = [
    Question(f"q{number}", f"why is the sky blue {number}", "made", ("scatters blue light",))
    for number in range(3)
]
ANSWERS = (
    "The sky is blue because air scatters blue light. [1]",
    "Clouds are white, and so on, and on, and nobody knows why that is so.",
    "Air scatters blue light. [1]",
)


def sampled(folder, members=0, answers=ANSWERS, questions=QUESTIONS):
    """Make the run folder that `webqa best-of` would, scored by an ensemble or not."""
    with Run(folder, Settings("typed", "scripted", WEB.identity, SMALL)) as run:
        for question in questions:
            for attempt, answer in enumerate(answers):
                policy = ScriptedPolicy(GOOD, answer)
                setup = Setup(WEB, SMALL, run=run.name)
                rollout = asyncio.run(run_episode(policy, question, setup, attempt=attempt))
                run.add(rollout)
                said = {f"member_{one}": float(attempt * one % 3) for one in range(1, members + 1)}
                line = EpisodeScore(rollout.episode.id, question.id, "r", float(attempt), said)
                append(folder / "scores.jsonl", line, wait=False)
    return folder


class Program:
    """Stands for webqa: notes what it is asked and makes what the next stages read."""

    def __init__(self, fail=""):
        self.asked = []
        self.fail = fail

    def __call__(self, arguments):
        self.asked.append(list(arguments))
        if arguments[0] == self.fail:
            return 1
        out = Path(self.after("-o"))
        if arguments[0] == "best-of":
            out.parent.mkdir(parents=True, exist_ok=True)
            sampled(out, members=2)
        else:
            out.mkdir(parents=True)
        return 0

    def after(self, name, ask=-1):
        return self.asked[ask][self.asked[ask].index(name) + 1]


@pytest.fixture
def job(tmp_path):
    questions = tmp_path / "questions.jsonl"
    write_questions(questions, QUESTIONS)
    flags = StageFlags(ppo_flags="--updates 3")
    return Job("cloned", "index", questions, tmp_path / "out", IterateConfig(each=2), flags)


def test_two_rounds_learn_from_all_comparisons_and_begin_with_the_cloned_policy(job):
    program = Program()
    rounds = iterate(job, Stages(job.out, program))
    names = [arguments[0] for arguments in program.asked]
    assert names == ["best-of", "train-reward", "ppo"] * 2
    first, second = (str(one.comparisons) for one in rounds)
    asked = program.asked[4]
    assert asked[asked.index("--from") + 1 : asked.index("--model")] == [first, second]
    assert program.after("--model", 3) == str(rounds[0].folder / "policy")  # samples: the newest
    assert program.after("--model", 4) == program.after("--model", 5) == "cloned"
    assert program.after("--scorer", 0) == "rules"
    assert program.after("--scorer", 3) == str(rounds[0].reward)
    assert program.after("--scorer", 5) == str(rounds[1].reward)
    assert program.asked[2][-2:] == ["--updates", "3"]
    assert program.after("--seed", 0) != program.after("--seed", 3)
    found = read_comparisons(rounds[0].comparisons)
    assert len(found) == 6
    assert all(one.simulated and one.rater.startswith("simulated") for one in found)


def test_a_stage_that_failed_is_the_first_to_be_run_again(job):
    with pytest.raises(Error, match="1-reward"):
        iterate(job, Stages(job.out, Program("train-reward")))
    program = Program()
    iterate(job, Stages(job.out, program))
    assert [arguments[0] for arguments in program.asked][:2] == ["train-reward", "ppo"]


def test_other_settings_in_the_folder_are_refused(job):
    iterate(job, Stages(job.out, Program()))
    changed = replace(job, config=replace(job.config, members=5))
    with pytest.raises(ConfigError, match=r"config.members is 3 there and 5 here"):
        iterate(changed, Stages(job.out, Program()))


def test_without_training_the_policy_stays(job):
    program = Program()
    job = replace(job, config=replace(job.config, algorithm="none"))
    rounds = iterate(job, Stages(job.out, program))
    assert [one.policy for one in rounds] == ["cloned", "cloned"]
    assert "ppo" not in [arguments[0] for arguments in program.asked]


def test_people_are_waited_for_and_their_judgements_taken(job):
    job = replace(job, config=replace(job.config, judge="people", rounds=1))
    program = Program()
    with pytest.raises(Waiting, match="wait to be judged"):
        iterate(job, Stages(job.out, program))
    folder = job.out / "round-1"
    lines = [json.loads(line) for line in (folder / "pairs.jsonl").read_text().splitlines()]
    judged = [line | {"preference": 0.5, "rater": "me"} for line in lines[:4]]
    (folder / "comparisons.jsonl").write_text("".join(json.dumps(one) + "\n" for one in judged))
    iterate(job, Stages(job.out, program))
    assert [arguments[0] for arguments in program.asked] == ["best-of", "train-reward", "ppo"]
    found = read_comparisons(folder / "comparisons.jsonl")
    assert not any(one.simulated for one in found)


def test_the_rating_page_judges_a_round(job):
    """Fails when what several raters said of a round's pairs is not known as theirs."""
    job = replace(job, config=replace(job.config, judge="people", rounds=1))
    program, folder = Program(), job.out / "round-1"
    with pytest.raises(Waiting, match="webqa rate create NAME --pairs"):
        iterate(job, Stages(job.out, program))
    database, pairs = job.out.parent / "ratings.db", folder / "pairs.jsonl"
    create = ["rate", "create", "round", "--pairs", str(pairs), "--pages", str(folder / "answers")]
    assert main([*create, "--raters", "2", "-d", str(database)]) == 0
    keys = [json.loads(line)["id"] for line in pairs.read_text().splitlines()]
    with open_store(database) as store, store.writing() as session:
        for name, key, overall in (("Ann", keys[0], 2), ("Bob", keys[0], -1), ("Bob", keys[1], 0)):
            if session.scalar(select(Person).where(Person.name == name)) is None:
                session.add(Person(name=name, role="rater", created=stamp(NOW)))
                session.flush()
            submit(session, name, key, said(overall))
    export = ["rate", "export", "round", "-d", str(database), "-o"]
    for mean, preferences in ((["--mean"], [0.0, 0.25]), ([], [-0.5, 0.0, 1.0])):
        assert main([*export, str(folder / "comparisons.jsonl"), *mean]) == 0
        assert check_judged(pairs, folder / "comparisons.jsonl") == len(preferences)
        found = read_comparisons(folder / "comparisons.jsonl")
        assert sorted(one.preference for one in found) == preferences
        assert not any(one.simulated for one in found)
    iterate(job, Stages(job.out, program))
    assert [arguments[0] for arguments in program.asked] == ["best-of", "train-reward", "ppo"]


def test_judgements_of_other_answers_are_refused(job, tmp_path):
    pairs, out = tmp_path / "pairs.jsonl", tmp_path / "comparisons.jsonl"
    write_pairs(sampled(tmp_path / "run"), pairs, job.questions, PairConfig(each=1))
    judge_pairs(pairs, out, open_preference_judge("simulated", job.questions, 0))
    assert check_judged(pairs, out) == 3
    out.write_text(out.read_text().replace("Air scatters", "Fog scatters").replace("Clouds", "All"))
    with pytest.raises(ConfigError, match="is of none of the pairs"):
        check_judged(pairs, out)


def test_what_an_ensemble_disagrees_about_is_chosen(job, tmp_path):
    """Fails when the members' scores do not reach the choice."""
    pairs = tmp_path / "pairs.jsonl"
    config = PairConfig(each=1, random=0.0)
    write_pairs(sampled(tmp_path / "run", members=2), pairs, job.questions, config)
    found = [json.loads(line) for line in pairs.read_text().splitlines()]
    # One member says 0, 1, 2 and the other 0, 2, 1: they disagree about the last two.
    assert {frozenset((one["first"]["text"], one["second"]["text"])) for one in found} == {
        frozenset(ANSWERS[1:])
    }
    write_pairs(sampled(tmp_path / "unscored"), pairs, job.questions, config)
    assert "disagreement" not in pairs.read_text()


def test_answers_that_are_all_the_same_cannot_be_paired(job, tmp_path):
    run = sampled(tmp_path / "run", answers=ANSWERS[:1] * 3)
    with pytest.raises(ConfigError, match="two answers that differ"):
        write_pairs(run, tmp_path / "pairs.jsonl", job.questions, PairConfig())


def test_a_scorer_can_judge(job, tmp_path):
    """Fails when the sign is wrong: the answer that cites what it says is to be preferred."""
    pairs, out = tmp_path / "pairs.jsonl", tmp_path / "comparisons.jsonl"
    write_pairs(sampled(tmp_path / "run"), pairs, job.questions, PairConfig())
    judge_pairs(pairs, out, ScorerJudge(open_scorer("cited")))
    for one in read_comparisons(out):
        assert one.simulated
        cites = ["[1]" in answer.text for answer in (one.first, one.second)]
        assert one.preference * (cites[0] - cites[1]) >= 0
        assert (one.preference == 0) == (cites[0] == cites[1])


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"rounds": 0}, "--rounds must be at least 1"),
        ({"browses": 1, "answers": 1}, "cannot be compared"),
        ({"at_random": 1.5}, "--at-random must be from 0 to 1"),
        ({"judge": " "}, "--judge is empty"),
    ],
)
def test_settings_that_make_no_sense(changed, said):
    with pytest.raises(ConfigError, match=said):
        check(replace(IterateConfig(), **changed))


def test_the_command_ends_with_where_everything_is(job, capsys):
    """Fails when the command asks its stages otherwise than before: they would be refused."""
    iterate(job, Stages(job.out, Program()))
    code = command(
        model="cloned",
        web="index",
        questions=job.questions,
        out=job.out,
        config=job.config,
        flags=job.flags,
    )
    last = capsys.readouterr().out.splitlines()[-1]
    assert code == 0
    assert str(job.out / "round-2" / "policy") in last


def test_the_command_says_what_people_are_to_do(job, capsys):
    job = replace(job, config=replace(job.config, judge="people", rounds=1))
    with pytest.raises(Waiting):
        iterate(job, Stages(job.out, Program()))
    code = command(
        model="cloned",
        web="index",
        questions=job.questions,
        out=job.out,
        config=job.config,
        flags=job.flags,
    )
    assert code == 0
    assert str(job.out / "round-1" / "comparisons.jsonl") in capsys.readouterr().out


@pytest.mark.parametrize("judge", ["nobody", "simulated"])
def test_a_judge_that_cannot_judge_is_refused_before_anything_is_sampled(job, judge):
    write_questions(job.questions, [replace(one, accepted=()) for one in QUESTIONS])
    program = Program()
    with pytest.raises(ConfigError):
        iterate(replace(job, config=replace(job.config, judge=judge)), Stages(job.out, program))
    assert not program.asked
    assert not job.out.exists()


def test_a_folder_of_something_else_is_left_alone(job):
    job.out.mkdir()
    (job.out / "model.safetensors").write_bytes(b"")
    with pytest.raises(ConfigError, match=r"holds other files, such as model.safetensors"):
        iterate(job, Stages(job.out, Program()))
    assert [entry.name for entry in job.out.iterdir()] == ["model.safetensors"]
    with pytest.raises(ConfigError, match=r"cannot use .* for the rounds"):
        iterate(replace(job, out=job.questions), Stages(job.questions, Program()))


def test_flags_of_the_stages_begin_with_hyphens(capsys, tmp_path):
    """Fails when the command line takes what it is to hand on for a flag of its own."""
    words = ["iterate", "--model", "m", "--web", "w", "--questions", "q", "-o", str(tmp_path)]
    assert main([*words, "--best-of-flags", "--temperature 1", "--rounds", "0"]) == 1
    assert "--rounds must be at least 1" in capsys.readouterr().err
