"""Trees of sequences: each common beginning once, and each token sees its own path alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reward.packing import chunks, common_beginning, make_tree, plain_batch, tree_batch, tree_size

SEQUENCES = st.lists(st.lists(st.integers(0, 2), min_size=1, max_size=8), min_size=1, max_size=7)


@given(SEQUENCES)
def test_every_sequence_can_be_read_off_its_path(sequences):
    tree = make_tree(sequences)
    for sequence, end in zip(sequences, tree.ends, strict=True):
        path = tree.above[end].nonzero()[0]
        assert tree.ids[path].tolist() == sequence
        assert tree.depths[path].tolist() == list(range(len(sequence)))


@given(SEQUENCES)
def test_each_common_beginning_stands_once(sequences):
    beginnings = {tuple(one[:size]) for one in sequences for size in range(1, len(one) + 1)}
    assert make_tree(sequences).size == tree_size(sequences) == len(beginnings)


@given(SEQUENCES, st.integers(1, 20))
def test_chunks_hold_every_sequence_once_and_no_more_than_fits(sequences, tokens):
    found = list(chunks(sequences, tokens))
    assert sorted(number for chunk in found for number in chunk) == list(range(len(sequences)))
    for chunk in found:
        part = [sequences[number] for number in chunk]
        assert len(chunk) == 1 or tree_size(part) <= tokens


@given(SEQUENCES)
def test_a_common_beginning_leaves_something_of_each(sequences):
    common = common_beginning(sequences)
    assert len({tuple(one[:common]) for one in sequences}) == 1
    assert all(len(one) > common for one in sequences)
    longer = {tuple(one[: common + 1]) for one in sequences}
    assert len(longer) > 1 or any(len(one) == common + 1 for one in sequences)


def test_an_empty_sequence_is_refused():
    with pytest.raises(ValueError, match="at least one token"):
        make_tree([[1], []])


def test_padding_looks_at_itself_alone():
    batch = tree_batch([make_tree([[1, 2], [1, 3]]), make_tree([[4]])], pad=9)
    assert batch["input_ids"].tolist() == [[1, 2, 3], [4, 9, 9]]
    assert batch["attention_mask"].sum(1).tolist() == [3, 1]
    assert batch["above"][1, 0].int().tolist() == [[1, 0, 0], [0, 1, 0], [0, 0, 1]]
    assert (batch["rows"].tolist(), batch["columns"].tolist()) == ([0, 0, 1], [1, 2, 0])


def test_the_second_part_has_its_own_type():
    batch = plain_batch([[1, 2, 3], [4]], 0, begins=[1, 1])
    assert batch["token_type_ids"].tolist() == [[0, 1, 1], [0, 0, 0]]
