"""Both memories give what a plain run gives, however sequences are cut, mixed and copied."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.models.local.memory import Apart, Slots, make_memory
from tests.policies.models.small import SHAPES, make_model, make_tokenizer

torch.set_num_threads(1)
TOKENIZER = make_tokenizer(size=280)
MODELS = {family: make_model(TOKENIZER, family) for family in SHAPES}
SHARED = {"llama", "qwen3", "gpt_neox", "gpt2"}
OPERATIONS = st.lists(
    st.one_of(
        st.tuples(st.just("feed"), st.lists(st.integers(1, 7), min_size=3, max_size=3)),
        st.tuples(st.just("crop"), st.integers(0, 2), st.integers(0, 9)),
        st.tuples(st.just("copy"), st.integers(0, 2), st.integers(0, 2), st.integers(0, 9)),
    ),
    max_size=8,
)


def plain(model, ids):
    return model(torch.tensor([ids])).logits[0, -1]


@pytest.mark.parametrize("family", sorted(SHAPES))
def test_the_fast_memory_is_taken_where_it_is_right(family):
    memory = make_memory(MODELS[family], 4, 512)
    assert isinstance(memory, Slots if family in SHARED else Apart)


def test_a_window_that_the_context_never_leaves_is_no_window():
    assert isinstance(make_memory(MODELS["mistral"], 4, 16), Slots)


@pytest.mark.parametrize("family", sorted(SHAPES))
@settings(max_examples=12, deadline=None)
@given(operations=OPERATIONS)
def test_any_order_of_feeding_cutting_and_copying_is_as_plain_runs(family, operations):
    model, told = MODELS[family], [[], [], []]
    with torch.inference_mode():
        memory = make_memory(model, 3, 512)
        for number, (name, *rest) in enumerate([*operations, ("feed", [2, 1, 3])]):
            if name == "feed":
                new = [
                    [(7 * number + 5 * row + n) % 280 for n in range(size)]
                    for row, size in enumerate(rest[0])
                ]
                logits = memory.feed([0, 1, 2], new)
                told = [old + more for old, more in zip(told, new, strict=True)]
                wanted = torch.stack([plain(model, ids) for ids in told])
                assert torch.allclose(logits, wanted, atol=2e-4)
            elif name == "crop":
                row, length = rest
                memory.crop(row, min(length, len(told[row])))
                told[row] = told[row][: memory.lengths[row]]
            elif rest[0] != rest[1]:
                source, target, length = rest
                memory.copy(source, target, min(length, len(told[source])))
                told[target] = told[source][: memory.lengths[target]]
            assert memory.lengths == [len(ids) for ids in told]


def test_without_any_cache_it_is_still_right():
    model = MODELS["llama"]
    with torch.inference_mode():
        memory = Apart(model, 2, cached=False)
        memory.feed([0], [[1, 2, 3]])
        memory.copy(0, 1, 2)
        logits = memory.feed([0, 1], [[4], [5, 6]])
        wanted = torch.stack([plain(model, [1, 2, 3, 4]), plain(model, [1, 2, 5, 6])])
    assert torch.allclose(logits, wanted, atol=1e-4)


def test_rows_that_are_no_neighbours_run_together():
    model = MODELS["gpt_neox"]
    with torch.inference_mode():
        memory = Slots(model, 5)
        memory.feed([0, 2, 4], [[1], [2, 3], [4, 5, 6]])
        logits = memory.feed([0, 4], [[9] * 300, [8]])
        wanted = torch.stack([plain(model, [1] + [9] * 300), plain(model, [4, 5, 6, 8])])
    assert torch.allclose(logits, wanted, atol=1e-4)
