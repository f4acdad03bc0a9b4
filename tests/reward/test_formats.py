"""Files of comparisons made elsewhere: read by their shape, counted, and written for others."""

import gzip
import json
import math
from dataclasses import replace

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from env.errors import ConfigError
from env.records import Answer, Observation, Quote
from env.render import render_answering
from env.sanitise import sanitise
from reward.comparisons import Comparison, count, identifier
from reward.formats.reading import form_of, load, read
from reward.formats.trl import PreferenceRow
from reward.formats.trl import from_row as from_trl
from reward.formats.trl import to_row as to_trl
from reward.formats.webgpt import joined_title, parted_title
from reward.formats.writing import TARGETS, write

ASKED = {"dataset": "eli5", "id": "a1", "full_text": "Why is the sky blue?"}
COLUMNS = {"title": ["Sky (en.sky.example)", "No domain"], "extract": ["It is.", "Because."]}
RECORDS = [{"title": "Sky (en.sky.example)", "extract": "It is."}]


def raw(first=0.5, second=None, quotes=COLUMNS, **changes):
    """Return a raw line of webgpt_comparisons."""
    other = -first if second is None else second
    row = {"question": ASKED, "quotes": quotes, "answer": "Light. [1][2]", "score": first}
    row |= {"tokens": {"prefix": [1, 2], "completion": [3]}} | changes
    return [row, {**row, "answer": "Nobody knows.", "quotes": RECORDS, "score": other}]


def hub(**changes):
    """Return the same as a row of the hub."""
    row = {"question": ASKED}
    for number, record in enumerate(raw()):
        row |= {f"{name}_{number}": record[name] for name in ("quotes", "answer", "score")}
    return row | changes


def fine_grained(**changes):
    row = {
        "question": "When was it?",
        "passages": [["It", "It\n\nIt was in 1066.", "So it was."], ["Empty"]],
        "preference": [0, 1, 2, 1, 0, 2],
        "feedback": {"errors": []},
        "gold": "In 1066.",
    }
    return row | {f"prediction {number}": f"In {number}." for number in range(1, 5)} | changes


def written(folder, *rows, name="rows.jsonl"):
    path = folder / name
    path.write_text(
        "".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows)
    )
    return path


def test_both_shapes_of_quotes_are_read(tmp_path):
    reading = read([written(tmp_path, raw())])
    (found,) = reading.comparisons
    assert (found.question, found.dataset, found.preference) == ("a1", "eli5", 0.5)
    assert found.first == Answer(
        "Why is the sky blue?",
        "Light. [1][2]",
        (Quote("It is.", "Sky", "en.sky.example"), Quote("Because.", "No domain", "")),
    )
    assert found.second.quotes == found.first.quotes[:1]
    assert not found.simulated
    assert (reading.skipped, reading.notes) == ([], {})


def test_a_row_of_the_hub_is_the_same_comparison(tmp_path):
    lines, rows = written(tmp_path, raw()), written(tmp_path, hub(), name="hub.jsonl")
    assert read([lines]).comparisons == read([rows]).comparisons


def test_ties_are_kept(tmp_path):
    assert [one.preference for one in read([written(tmp_path, raw(0.0))]).comparisons] == [0.0]


def test_tokens_are_optional(tmp_path):
    bare = [{key: value for key, value in one.items() if key != "tokens"} for one in raw()]
    assert (
        read([written(tmp_path, bare)]).comparisons == read([written(tmp_path, raw())]).comparisons
    )


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        (raw()[:1], "two answers are expected"),
        ([raw()[0], {**raw()[1], "question": {**ASKED, "id": "b"}}], "to different questions"),
        (raw(0.5, 0.5), "its scores do not sum to zero"),
        (raw(2.0), "a score is no number from -1 to 1"),
        (raw(math.nan), "a score is no number from -1 to 1"),
        (raw(math.inf), "a score is no number from -1 to 1"),
        (raw(quotes={"title": ["a"], "extract": []}), "quotes and titles differ in number"),
        ([raw()[0], raw(-0.5)[0]], "its two answers are the same"),
        (raw(answer=3), "Expected `str`, got `int` - at `$[0].answer`"),
        (raw(answer="\ud800"), "a list with text that is no Unicode"),
        (hub(question={"full_text": " "}), "it names no question"),
        (hub(quotes_0=[{"title": "a"}]), "Object missing required field `extract`"),
        (fine_grained(preference=[1]), "six preferences are expected"),
        (fine_grained(**{"prediction 3": None}), "four answers are expected"),
        ({"chosen": "abc", "rejected": "xyz"}, "it has no prompt"),
        ({"chosen": [], "rejected": []}, "an answer is empty"),
        ({"chosen": "a", "rejected": []}, "one answer is a text"),
        ({"prompt": "Why?", "chosen": "a", "rejected": "a"}, "its two answers are the same"),
        ({"answers": 3}, "of no known form"),
        ([], "of no known form"),
        ("{", "it is not JSON"),
        ("[" * 100_000, "it is not JSON"),
    ],
)
def test_what_cannot_be_used_is_skipped_counted_and_named(tmp_path, row, complaint):
    reading = read([written(tmp_path, raw(), row, raw(-1.0, answer="Another."))])
    assert len(reading.comparisons) == 2
    (skipped,) = reading.skipped
    assert skipped.place == f"{tmp_path / 'rows.jsonl'}, line 2"
    assert skipped.reason.startswith(complaint) or complaint in skipped.reason
    assert (reading.files[0].rows, reading.files[0].taken, reading.files[0].skipped) == (3, 2, 1)


def test_a_row_that_is_deeper_than_python_goes_is_read_or_skipped(tmp_path):
    deep = json.dumps(hub())[:-1] + ', "more": ' + "[" * 3000 + "]" * 3000 + "}"
    reading = read([written(tmp_path, raw(), deep)])
    assert len(reading.comparisons) + len(reading.skipped) == 2


def test_reasons_are_counted_alike_whatever_was_found(tmp_path):
    reading = read([written(tmp_path, raw(0.5, 0.5), raw(0.2, 0.1), raw(2.0), raw())])
    assert reading.reasons() == {
        "its scores do not sum to zero": 2,
        "a score is no number from -1 to 1": 1,
    }
    assert "0.2 and 0.1" in reading.skipped[1].message


def test_scores_of_32_bits_sum_to_zero(tmp_path):
    (found,) = read([written(tmp_path, raw(0.1, -0.10000000149011612))]).comparisons
    assert found.preference == 0.1


def test_a_pair_that_was_judged_twice_counts_twice_but_a_file_that_is_given_twice_once(tmp_path):
    path = written(tmp_path, raw(), raw(), raw(-0.5))
    twice = read([path, path])
    assert len(twice.comparisons) == 3
    assert len({one.id for one in twice.comparisons}) == 3
    assert twice.reasons() == {"it is there twice": 3}
    assert [file.taken for file in twice.files] == [3, 0]


def test_another_judgement_in_another_file_is_kept(tmp_path):
    one = written(tmp_path, raw(), name="a")
    other = written(tmp_path, raw(-0.5), name="b")
    assert [found.preference for found in read([one, other]).comparisons] == [0.5, -0.5]


def test_marks_of_the_layout_and_control_tokens_are_taken_out_and_counted(tmp_path):
    reading = read(
        [written(tmp_path, raw(answer="A■B <|im_end|> \u202e [7]"), raw(answer="A  B\n"))]
    )
    assert "■" not in reading.comparisons[0].first.text
    assert "<|" not in reading.comparisons[0].first.text
    assert reading.notes == {
        "rows with characters that must not stand in a prompt, which were replaced": 1,
        "comparisons that cite a number without a quote": 1,
    }


def test_the_fine_grained_set(tmp_path):
    reading = read([written(tmp_path, fine_grained(), fine_grained(question="And?"))])
    first = reading.comparisons[:6]
    assert [one.preference for one in first] == [0, 1, -1, 1, 0, -1]
    pairs = [(one.first.text[3], one.second.text[3]) for one in first]
    assert pairs == [tuple(pair) for pair in ("12", "13", "14", "23", "24", "34")]
    assert first[0].first.quotes == (Quote("It was in 1066. So it was.", "It", ""),)
    assert {one.dataset for one in first} == {"fine-grained-feedback"}
    assert count(reading.comparisons).questions == 2
    assert reading.files[0].forms == {"fine-grained": 2}


def test_one_bad_judgement_of_six_costs_that_one(tmp_path):
    reading = read([written(tmp_path, fine_grained(preference=[0, 1, 3, 1, 0, 2]))])
    assert len(reading.comparisons) == 5
    assert reading.reasons() == {"a preference is neither 0, 1 nor 2": 1}


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("packed", [False, True])
def test_a_json_list_is_read_like_lines(tmp_path, indent, packed):
    text = json.dumps([fine_grained(), hub(), raw()], indent=indent).encode()
    path = tmp_path / "list"
    path.write_bytes(gzip.compress(text) if packed else text)
    reading = read([path])
    assert reading.files[0].forms == {"fine-grained": 1, "hugging-face": 1, "webgpt": 1}
    assert len(reading.comparisons) == 8


def test_separators_of_lines_inside_a_text_end_no_line(tmp_path):
    path = tmp_path / "rows"
    path.write_text(json.dumps(raw(answer="a\u2028b\x85c"), ensure_ascii=False) + "\n")
    assert read([path]).comparisons[0].first.text == "a\nb\nc"


def test_a_byte_order_mark_and_windows_line_ends_do_no_harm(tmp_path):
    path = tmp_path / "rows"
    path.write_bytes(b"\xef\xbb\xbf" + f"{json.dumps(raw())}\r\n{json.dumps(hub())}\r\n".encode())
    assert len(read([path]).comparisons) == 2


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (None, "No such file"),
        (b"PAR1\x00", "is Parquet"),
        (gzip.compress(b"[]" * 999)[:20], "cut short or damaged"),
        (gzip.compress(b"[]" * 999)[:-8] + b"12345678", "damaged"),
    ],
)
def test_a_file_that_cannot_be_read_is_an_error(tmp_path, content, complaint):
    path = tmp_path / "file"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError, match=complaint):
        read([path])


def test_bytes_that_are_no_text_are_skipped(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(
        b"\xff\xfe\n" + json.dumps(raw()).encode() + b"\n" + json.dumps(raw()).encode()[:99]
    )
    reading = read([path])
    assert len(reading.comparisons) == 1
    assert reading.reasons() == {"it is not UTF-8": 1, "the file ends within a line": 1}


def test_what_is_needed_must_be_there(tmp_path):
    with pytest.raises(ConfigError, match=r"no usable comparison in .*line 1: its scores do not"):
        load([written(tmp_path, raw(0.5, 0.5))])
    with pytest.raises(ConfigError, match="no usable comparison"):
        load([written(tmp_path)])
    assert load([written(tmp_path, raw())]).comparisons


def test_a_title_is_joined_with_its_domain_and_parted_again():
    assert parted_title("Sky (film) (en.sky.example)") == ("Sky (film)", "en.sky.example")
    for title in ("Celebrity (U.S.)", "Version (2.0)", "Sky (film)", "Sky", "", "(sky.example)"):
        assert parted_title(title) == (title, "")


@given(st.text(), st.sampled_from(["", "sky.example", "a-b.example:8080", "xn--p1ai.xn--p1ai"]))
def test_joining_is_the_opposite_of_parting(title, domain):
    joined = joined_title(title, domain)
    assert joined_title(*parted_title(joined)) == joined
    if domain:
        assert parted_title(joined) == (title, domain)


TEXTS = st.text(st.characters(codec="utf-8"), max_size=40).map(sanitise).filter(str.strip)
QUOTES = st.builds(
    lambda text, title, domain: Quote(text, " ".join(title.split()), domain),
    TEXTS.filter(lambda text: "[" not in text),
    TEXTS.filter(lambda text: not set("[()\n") & set(text)),
    st.sampled_from(["", "sky.example"]),
)
ANSWERS = st.tuples(TEXTS, st.lists(QUOTES, max_size=3).map(tuple))


@st.composite
def comparisons(draw):
    question = draw(TEXTS.filter(lambda text: "[" not in text))
    first, second = (Answer(question, *draw(ANSWERS)) for _ in range(2))
    if first == second:
        second = replace(second, text=f"{second.text} too")
    return Comparison(
        identifier("q", first, second),
        "q",
        first,
        second,
        draw(st.sampled_from([-1.0, -0.5, 0.5, 1.0, 0.25])),
        dataset=draw(st.sampled_from(["", "eli5"])),
        simulated=draw(st.booleans()),
    )


@pytest.mark.parametrize("form", TARGETS)
@settings(max_examples=40)
@given(one=comparisons())
def test_what_is_written_is_read_again(tmp_path_factory, form, one):
    path = tmp_path_factory.mktemp(form) / "file"
    assert write(path, [one], form).written == 1
    assert read([path]).comparisons == [one]
    assert read([path]).files[0].forms == {form: 1}


def test_simulated_judgements_stay_marked_in_every_form(tmp_path):
    (one,) = read([written(tmp_path, raw())]).comparisons
    for form in TARGETS:
        path = tmp_path / form
        write(path, [replace(one, simulated=True)], form)
        (found,) = read([path]).comparisons
        assert (found.simulated, found.dataset) == (True, "eli5")


def test_scores_are_written_as_two_that_sum_to_zero(tmp_path):
    (one,) = read([written(tmp_path, raw(0.0))]).comparisons
    write(tmp_path / "out", [one, replace(one, id="2", preference=-1.0)], "hugging-face")
    tie, worse = map(json.loads, (tmp_path / "out").read_text().splitlines())
    assert (str(tie["score_0"]), str(tie["score_1"])) == ("0.0", "0.0")
    assert (worse["score_0"], worse["score_1"]) == (-1.0, 1.0)
    assert list(worse) == [
        *("question", "quotes_0", "answer_0", "tokens_0", "score_0"),
        *("quotes_1", "answer_1", "tokens_1", "score_1"),
    ]


def test_what_finds_no_place_is_told(tmp_path):
    (one,) = read([written(tmp_path, raw())]).comparisons
    quote = Quote("It is.", "Sky", "sky.example", "https://sky.example/")
    rich = replace(one, first=Answer(one.first.question, "a", (quote,)), rater="ann")
    rich = replace(rich, first_episode="e", axes={"support": 1.0})
    done = write(tmp_path / "out", [rich, replace(rich, id="t", preference=0.0)], "trl")
    assert done.left_out == {"a tie has no place in this form": 1}
    assert done.lost == {
        "URLs of quotes": 1,
        "ids of episodes": 1,
        "judgements of single qualities": 1,
    }
    done = write(tmp_path / "out", [rich], "webgpt")
    assert done.lost["names of raters"] == 1
    assert write(tmp_path / "out", [rich], "webqa").lost == {}


def answering_text(answer):
    return render_answering(Observation(answer.question, quotes=answer.quotes)) + answer.text


def test_prompt_and_chosen_are_what_a_reward_model_reads(tmp_path):
    (one,) = read([written(tmp_path, raw(-0.5))]).comparisons
    row = to_trl(one)
    assert row["prompt"] + row["chosen"] == answering_text(one.second)
    assert row["prompt"] + row["rejected"] == answering_text(one.first)


TALK = [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Why?"}]


@pytest.mark.parametrize(
    "row",
    [
        {"prompt": "Why?", "chosen": "Yes.", "rejected": "No."},
        {"chosen": "Why? Yes.", "rejected": "Why? No."},
        {
            "prompt": TALK,
            "chosen": [{"role": "assistant", "content": "Yes."}],
            "rejected": [{"role": "assistant", "content": "No."}],
        },
        {
            "chosen": [*TALK, {"role": "assistant", "content": "Yes."}],
            "rejected": [*TALK, {"role": "assistant", "content": "No."}],
        },
    ],
)
def test_every_shape_of_chosen_and_rejected_is_read(tmp_path, row):
    (found,) = read([written(tmp_path, row)]).comparisons
    assert (found.first, found.second) == (Answer("Why?", "Yes."), Answer("Why?", "No."))
    assert found.preference == 1.0
    assert found.question


def test_a_talk_of_several_turns_stays_whole():
    talk = [*TALK, {"role": "assistant", "content": "How?"}, {"role": "user", "content": "So."}]
    row = {"chosen": [*talk, TALK[0]], "rejected": [*talk, TALK[1]]}
    assert form_of(row) == "trl"
    found = from_trl(msgspec.convert(row, PreferenceRow))
    assert found.first.question == "user: Why?\n\nassistant: How?\n\nuser: So."
