"""`webqa rank`: whose side is whose, who agrees with whom, and what cannot be rated."""

import json
from dataclasses import replace

import pytest
from cyclopts import App, Parameter

from env.errors import ConfigError, RecordError
from env.records import Answer, to_json
from reward.comparisons import Comparison, identifier
from tests.webqa.made_runs import add_episode, asked, make_run
from webqa.bradley_terry import RatingConfig
from webqa.cli.exits import Exit
from webqa.cli.rank import rank as command
from webqa.pairing import PEOPLE, PeopleConfig, with_people
from webqa.ranking import rank

QUICK = RatingConfig(resamples=100)
RESULTS = [1.0, 1.0, 0.5, -1.0, 0.0, 1.0, 1.0, -0.5]


@pytest.fixture
def runs(tmp_path):
    """Two runs over eight questions."""
    folders = [make_run(tmp_path / name) for name in ("old", "new")]
    for folder in folders:
        for place in range(len(RESULTS)):
            add_episode(folder, asked(f"q{place}"), f"By {folder.name}: {place}.")
    return folders


def compared(place, preference, *, sides=("new", "old"), rater="anna", simulated=False):
    first, second = (Answer(f"Why q{place}?", f"By {side}: {place}.") for side in sides)
    episodes = [f"{side}-q{place}-0" for side in sides]
    question = f"q{place}"
    return Comparison(identifier(question, first, second), question, first, second, preference,
                      *episodes, rater=rater, simulated=simulated)  # fmt: skip


def written(path, comparisons):
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"".join(to_json(one) + b"\n" for one in comparisons))
    return path


@pytest.fixture
def file(tmp_path):
    return written(tmp_path / "by" / "anna.jsonl", map(compared, range(8), RESULTS))


@pytest.fixture
def call(capsys):
    """Run the command; return its code, output and errors."""
    app = App(default_parameter=Parameter(negative=()))
    app.command(command, name="rank")

    def run(*words):
        code = app(["rank", *map(str, words)], result_action="return_value",
                   exit_on_error=False, print_error=False)  # fmt: skip
        return code, *capsys.readouterr()

    return run


def test_runs_are_rated_by_whose_episodes_were_preferred(file, runs):
    found = rank([file], runs, QUICK)
    (met,) = found.ratings.head_to_head
    assert (met.first, met.second) == ("new", "old")
    assert (met.wins, met.losses, met.ties) == (5, 2, 1)
    assert met.win_rate.mean == pytest.approx(5.5 / 8)
    assert [one.name for one in found.ratings.rated] == ["new", "old"]
    assert (found.comparisons, found.questions, found.left_out) == (8, 8, {})


def test_the_folder_of_a_file_is_looked_into(runs):
    inside = written(runs[0] / "comparisons.jsonl", [compared(0, 1.0)])
    found = rank([inside], runs[1:], QUICK)
    assert {one.name for one in found.ratings.rated} == {"old", "new"}


def test_people_are_a_side_of_their_own(runs, tmp_path):
    episode = add_episode(runs[1], asked("q9", "By a person."), "By new: 9.")
    (pair,) = with_people([episode], PeopleConfig())
    own = 1.0 if pair.first_episode else -1.0
    one = Comparison(pair.id, pair.question, pair.first, pair.second, own, pair.first_episode,
                     pair.second_episode, notes=pair.notes, rater="anna")  # fmt: skip
    unknown = replace(one, id="other", notes="", rater="berta")
    found = rank([written(tmp_path / "c.jsonl", [one, unknown])], runs, QUICK)
    (met,) = found.ratings.head_to_head
    assert (met.first, met.second, met.wins) == ("new", PEOPLE, 1)
    assert found.left_out == {"an answer of no known run": 1}


def test_two_answers_of_one_run_say_nothing_of_its_rating(runs, tmp_path):
    add_episode(runs[0], asked("q0"), "Once more.", attempt=1)
    same = replace(compared(0, 1.0), first_episode="old-q0-1", second_episode="old-q0-0")
    found = rank([written(tmp_path / "c.jsonl", [same])], runs, QUICK)
    assert (found.ratings, found.left_out) == (None, {"both answers of one run": 1})


def test_runs_that_share_an_episode_cannot_be_told_apart(file, runs, tmp_path):
    again = make_run(tmp_path / "elsewhere" / "old")
    add_episode(again, asked("q0"), "By another.")
    with pytest.raises(ConfigError, match="both have the episode old-q0-0, so that nobody"):
        rank([file], [*runs, again], QUICK)


def test_raters_of_one_pair_are_compared_whichever_side_was_first(runs, tmp_path):
    """Berta saw the sides swapped; she agrees on the first two pairs and not on the third."""
    anna = [compared(place, one) for place, one in enumerate((1.0, -1.0, 0.5))]
    berta = [compared(place, one, sides=("old", "new"), rater="berta")
             for place, one in enumerate((-1.0, 1.0, 0.5))]  # fmt: skip
    files = [written(tmp_path / "a.jsonl", anna), written(tmp_path / "b.jsonl", berta)]
    found = rank(files, runs, QUICK)
    assert found.agreement.pairs == 3
    assert found.agreement.with_ties.mean == pytest.approx(2 / 3)
    by_name = {one.name: one for one in found.raters}
    assert by_name["berta"].agreement.mean == pytest.approx(2 / 3)
    assert by_name["anna"].first.mean == pytest.approx(2 / 3)
    (met,) = found.ratings.head_to_head
    assert (met.wins, met.losses) == (3, 3)


def test_raters_of_one_file_may_judge_the_same_pair(runs, tmp_path):
    """Fails when a judgement is lost because its id is that of the pair."""
    both = [compared(0, 1.0), compared(0, -1.0, rater="berta"), compared(1, 1.0)]
    found = rank([written(tmp_path / "c.jsonl", both)], runs, QUICK)
    assert (found.comparisons, found.agreement.pairs) == (3, 1)
    assert found.agreement.with_ties.mean == 0


def test_one_rater_who_saw_both_orders_is_one_rater(runs, tmp_path):
    """A judge that always prefers the first says nothing: a tie, and no agreement."""
    both = [compared(0, 1.0, rater="judge", simulated=True),
            compared(0, 1.0, sides=("old", "new"), rater="judge", simulated=True),
            compared(0, 0.0)]  # fmt: skip
    found = rank([written(tmp_path / "c.jsonl", both)], runs, QUICK)
    assert (found.agreement.pairs, found.agreement.with_ties.mean) == (1, 1.0)
    assert {one.name: one.first.mean for one in found.raters}["judge"] == 1.0
    assert found.simulated == 2


def test_judgements_without_a_name_are_of_different_raters(runs, tmp_path):
    both = [compared(0, 1.0, rater=""), compared(0, -1.0, rater="")]
    found = rank([written(tmp_path / "c.jsonl", both)], runs, QUICK)
    assert found.agreement.pairs == 1
    assert [(one.name, one.agreement) for one in found.raters] == [("", None)]


def test_alpha_is_none_where_all_say_the_same(runs, tmp_path):
    both = [compared(0, 1.0), compared(0, 1.0, rater="berta")]
    found = rank([written(tmp_path / "c.jsonl", both)], runs, QUICK)
    agreed = found.agreement
    assert (agreed.nominal, agreed.ordinal, agreed.interval) == (None, None, None)
    assert agreed.with_ties.mean == 1.0


def test_the_same_comparison_in_two_files_counts_once(file, runs, tmp_path):
    copy = tmp_path / "copy.jsonl"
    copy.write_bytes(file.read_bytes())
    assert rank([file, copy], runs, QUICK) == rank([file], runs, QUICK)


def test_files_of_strangers_are_read_and_what_is_skipped_is_counted(tmp_path):
    path = tmp_path / "rows.jsonl"
    rows = [{"prompt": "Why?", "chosen": "So.", "rejected": "No."}, {"prompt": 3}]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    found = rank([path], (), QUICK)
    assert (found.comparisons, sum(found.skipped.values())) == (1, 1)
    assert found.ratings is None


def test_a_torn_last_line_is_passed_over_and_a_whole_one_is_not(file, runs):
    whole = file.read_bytes()
    file.write_bytes(whole.rstrip())
    assert rank([file], runs, QUICK).comparisons == 8
    file.write_bytes(whole[:-9])
    assert rank([file], runs, QUICK).comparisons == 7


@pytest.mark.parametrize(
    ("preference", "reason"), [(7.0, "must be a number from -1 to 1"), (None, "line 1")]
)
def test_a_bad_line_is_named(runs, tmp_path, preference, reason):
    with pytest.raises(RecordError, match=reason):
        rank([written(tmp_path / "c.jsonl", [compared(0, preference)])], runs, QUICK)


def test_what_is_not_there_is_named(file, tmp_path):
    with pytest.raises(ConfigError, match="no file to read"):
        rank([])
    with pytest.raises(ConfigError, match="cannot read"):
        rank([tmp_path / "missing"])
    with pytest.raises(ConfigError, match="is a folder: name a file of comparisons"):
        rank([tmp_path])
    with pytest.raises(ConfigError, match="not a run folder"):
        rank([file], [tmp_path])
    (tmp_path / "empty").write_text("")
    with pytest.raises(ConfigError, match="no usable comparison"):
        rank([tmp_path / "empty"])


def test_the_command_tells_everything(call, file, runs, tmp_path):
    berta = written(tmp_path / "b.jsonl", [compared(0, 1.0, rater="berta")])
    out = tmp_path / "ranking.json"
    words = ("--run", runs[0], "--run", runs[1], "--resamples", 100, "--json", out)
    code, told, notes = call(file, berta, *words)
    lines = told.splitlines()
    assert (code, notes) == (Exit.DONE, "")
    assert lines[0] == "9 comparisons of 8 questions"
    assert lines[2].startswith("new")
    assert any(line.startswith("new  old      72.2%") for line in lines)
    assert "Agreement on 1 pair that two raters or more have judged" in lines
    assert any(line.split() == ["Krippendorff's", "alpha,", "nominal", "not", "defined"]
               for line in lines)  # fmt: skip
    assert lines[-1] == f"The numbers are in {out}"
    assert json.loads(out.read_text())["ratings"]["rated"][0]["name"] == "new"


def test_what_ratings_do_not_say_is_said(call, file, runs, tmp_path):
    won = written(tmp_path / "won.jsonl", [compared(0, 1.0)])
    _, _, notes = call(won, "--run", runs[0], "--run", runs[1])
    assert "new won every comparison with old" in notes
    _, told, notes = call(file)
    assert "8 comparisons left out of the ratings: an answer of no known run" in notes
    assert "No ratings: name the folders" in notes
    assert "No two raters judged the same pair" in told
    with pytest.raises(ConfigError, match="is a folder"):
        call(file, "--json", tmp_path)


def test_groups_that_never_met_are_told(call, tmp_path):
    names = ("a", "b", "c", "d")
    runs = [make_run(tmp_path / name) for name in names]
    for run in runs:
        add_episode(run, asked("q0"), f"By {run.name}: 0.")
    lines = [compared(0, 0.0, sides=pair) for pair in (("a", "b"), ("c", "d"))]
    flags = [word for run in runs for word in ("--run", run)]
    _, _, notes = call(written(tmp_path / "c.jsonl", lines), *flags)
    assert "2 groups that no comparison connects" in notes
    assert "They are: a, b; c, d" in notes
