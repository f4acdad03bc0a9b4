"""Cutting texts: sentences end where they should, and passages never cross a section."""

from hypothesis import given
from hypothesis import strategies as st

from env.web.passages import heading_of, sentences, split

TEXT = """Opening line.

# Rivers
Dr. Smith saw the Rhine in 1899. It is 1,230 km long! "Is it?" he asked. J. K. Rowling did not.

## Length
Some 3.5 m. wide at St. Moritz (it is said.) The end
"""
PIECES = st.sampled_from(
    [
        "\n# Head\n",
        "\n## Sub\n",
        "Word ",
        "one. ",
        "Two! ",
        "\n",
        "\n\n",
        "x" * 30,
        "#no head\n",
        "。",
    ]
)


def cut(text):
    return [text[span.start : span.end] for span in sentences(text)]


def test_a_sentence_does_not_end_at_a_short_form_an_initial_or_a_number():
    assert cut('Dr. Smith saw J. K. Rowling at 3.5 m. He left (at last.) "Why?" she said.') == [
        "Dr. Smith saw J. K. Rowling at 3.5 m.",
        "He left (at last.)",
        '"Why?" she said.',
    ]


def test_lines_end_sentences_and_full_stops_of_chinese_do():
    assert cut("First line\nsecond line\n\n中文。好的！") == [
        "First line",
        "second line",
        "中文。",
        "好的！",
    ]


def test_passages_know_their_headings_and_leave_the_heading_lines_out():
    found = split(TEXT)
    assert [passage.heading for passage in found] == ["", "Rivers", "Rivers Length"]
    assert not any("#" in TEXT[passage.start : passage.end] for passage in found)
    assert heading_of(TEXT, found[2].start) == "Length"
    assert heading_of(TEXT, 3) == ""


@given(st.lists(PIECES, max_size=60).map("".join))
def test_passages_hold_every_word_once_and_never_cross_a_heading(text):
    found = split(text, size=60)
    last = 0
    for passage in found:
        assert last <= passage.start < passage.end <= len(text)
        assert not any(
            line.startswith(("# ", "## ")) for line in text[passage.start : passage.end].split("\n")
        )
        last = passage.end
    headings = [line for line in text.split("\n") if line.startswith(("# ", "## "))]
    outside = len("".join("".join(headings).split()))
    inside = sum(len("".join(text[p.start : p.end].split())) for p in found)
    assert inside + outside == len("".join(text.split()))


@given(st.lists(PIECES, max_size=60).map("".join))
def test_passages_of_long_lines_stay_near_the_size(text):
    assert all(passage.end - passage.start <= 90 for passage in split(text, size=60))
