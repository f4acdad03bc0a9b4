"""Answers beside people's: what is paired, that nothing gives the side away, and the draw."""

import pytest

from env.errors import ConfigError
from env.jsonl import read
from reward.comparisons import check
from reward.pairs import Pair, judged
from tests.webqa.made_runs import add_episode, asked, make_run
from webqa.pairing import PEOPLE, PeopleConfig, with_people, write_pairs_with_people


@pytest.fixture
def run(tmp_path):
    return make_run(tmp_path / "run")


def episodes(run, *answers):
    return [add_episode(run, asked(f"q{place}", "The best [2] one.", "Another."), text)
            for place, text in enumerate(answers)]  # fmt: skip


def test_an_answer_is_paired_with_the_best_one_by_people(run):
    (episode,) = episodes(run, "It scatters. [1] Blue most [2, 3].")
    (pair,) = with_people([episode], PeopleConfig())
    sides = {pair.first_episode: pair.first, pair.second_episode: pair.second}
    assert sides[episode.id].text == "It scatters. Blue most."
    assert sides[""].text == "The best one."
    assert pair.question == "q0"
    assert (pair.dataset, pair.notes) == ("eli5", PEOPLE)
    assert not pair.first.quotes
    assert not pair.second.quotes
    check(judged(pair, 1.0, rater="anna", simulated=False))  # a comparison once it is judged


def test_several_answers_by_people_are_taken_in_their_order(run):
    pairs = list(with_people(episodes(run, "Own."), PeopleConfig(each=5)))
    others = [pair.first.text if pair.second_episode else pair.second.text for pair in pairs]
    assert others == ["The best one.", "Another."]
    assert len({pair.id for pair in pairs}) == 2


def test_what_has_no_answer_or_the_same_one_gives_no_pair(run):
    assert not list(with_people(episodes(run, None, "The best one.", "[1]"), PeopleConfig()))
    unknown = add_episode(run, asked("none"), "Own.")
    assert not list(with_people([unknown], PeopleConfig()))


def test_sides_are_drawn_evenly_and_the_same_in_any_order(run):
    made = episodes(run, *(f"Answer {place}." for place in range(200)))
    pairs = list(with_people(made, PeopleConfig()))
    assert 75 <= sum(bool(pair.first_episode) for pair in pairs) <= 125
    assert list(with_people(made[::-1], PeopleConfig())) == pairs[::-1]
    assert list(with_people(made, PeopleConfig(seed=1))) != pairs


def test_written_answers_may_come_from_the_question_set(run):
    (episode,) = episodes(run, "Own.")
    known = {"q0": asked("q0", "From the file.")}
    (pair,) = with_people([episode], PeopleConfig(), known)
    assert "From the file." in (pair.first.text, pair.second.text)
    assert not list(with_people([episode], PeopleConfig(), {}))


def test_pairs_are_written_as_lines_that_lack_a_preference(run, tmp_path):
    episodes(run, "Own.", "Other.")
    out = tmp_path / "pairs.jsonl"
    assert write_pairs_with_people(run, out, PeopleConfig(each=2)) == 4
    assert [pair.question for pair in read(out, Pair)] == ["q0", "q0", "q1", "q1"]


def test_a_set_without_written_answers_is_refused(run, tmp_path):
    add_episode(run, asked("none"), "Own.")
    with pytest.raises(ConfigError, match='such questions have "written"'):
        write_pairs_with_people(run, tmp_path / "pairs.jsonl", PeopleConfig())
    with pytest.raises(ConfigError, match="at least 1"):
        write_pairs_with_people(run, tmp_path / "pairs.jsonl", PeopleConfig(each=0))
