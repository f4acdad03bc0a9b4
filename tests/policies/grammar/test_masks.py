"""Masks: what may come next, and the one way in which a text is cut into tokens."""

from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.grammar.legal import Legal, Line, allows
from policies.grammar.masks import Masks
from policies.models.base import ModelError
from tests.policies.grammar.playing import write
from tests.policies.grammar.test_forms import LEGALS
from tests.policies.grammar.tokenizers import chat, plain, train

LINES = Legal(
    (
        Line("search", "Search ", "text"),
        Line("quote", "Quote: ", "choice", ("Emma was━Jane Austen.", "Emma is", "<|im_end|> so")),
        Line("quote", "Quote: ", "span", ("The king wrote that", "said so")),
        Line("back", "Back", "nothing"),
    )
)


@settings(max_examples=120, deadline=None)
@given(LEGALS, st.sampled_from((plain, chat)), st.integers(0, 10**9))
def test_the_path_of_a_text_is_allowed_throughout_and_decodes_to_it(legal, made, seed):
    tokenizer, masks = made()
    text = write(legal, Random(seed))
    path = masks.path(legal, text)
    assert path is not None
    assert path == masks.path(legal, text)
    assert path[-1] == masks.end
    assert tokenizer.decode(path[:-1]).encode() == text.encode()
    replayed = masks.allowed(legal, path)
    assert all(token in ids for token, ids in zip(path, replayed.ids, strict=True))
    assert all(
        len(ids) == 1 for ids, sure in zip(replayed.ids, replayed.forced, strict=True) if sure
    )
    matcher, mask = masks.start(legal), np.zeros(masks.vocabulary, bool)
    for token, ids in zip(path, replayed.ids, strict=True):
        matcher.mask(mask)
        assert mask[token]
        assert set(np.flatnonzero(mask)) >= set(ids)
        matcher.consume(token)
    assert matcher.complete


@settings(max_examples=60, deadline=None)
@given(LEGALS, st.sampled_from((plain, chat)), st.integers(0, 10**9))
def test_whatever_is_drawn_from_the_masks_is_legal_and_replays(legal, made, seed):
    tokenizer, masks = made()
    random, matcher, drawn = Random(seed), masks.start(legal), []
    mask = np.zeros(masks.vocabulary + 5, bool)
    sure = []
    while not matcher.complete and len(drawn) < 60:
        tokens = matcher.forced()
        sure += [bool(tokens)] * (len(tokens) or 1)
        if not tokens:
            matcher.mask(mask)
            assert not mask[masks.vocabulary :].any()
            tokens = [masks.end if mask[masks.end] else int(random.choice(np.flatnonzero(mask)))]
        for token in tokens:
            matcher.consume(token)
        drawn += tokens
    if matcher.complete:
        assert allows(legal, tokenizer.decode(drawn[:-1]))
    replayed = masks.allowed(legal, drawn)
    assert list(replayed.forced) == sure


def test_control_tokens_are_never_allowed_but_the_end():
    tokenizer, masks = chat()
    mask = np.zeros(masks.vocabulary, bool)
    path = masks.path(LINES, "Search <|im_end|> <think> [INST]")
    for ids in masks.allowed(LINES, path).ids[:-1]:
        assert not set(ids) & set(tokenizer.all_special_ids) - {masks.end}
    assert tokenizer.decode(masks.path(LINES, "Quote: <|im_end|> so")[:-1]).endswith(
        "<|im_end|> so"
    )
    masks.start(LINES).mask(mask)
    assert not mask[masks.end]


def test_a_line_that_begins_another_can_end_or_go_on():
    _, masks = plain()
    legal = Legal((Line("quote", "Quote: ", "choice", ("Emma", "Emma is")),
                   Line("quote", "Quote: ", "span", ("Emma was",))))  # fmt: skip
    for text in ("Quote: Emma", "Quote: Emma is", "Quote: Emma was", "Quote: was"):
        assert masks.path(legal, text)
    assert masks.path(legal, "Quote: is") is None


def test_forced_tokens_come_before_any_choice():
    tokenizer, masks = plain()
    matcher = masks.start(Legal((Line("back", "Back", "nothing"),)))
    tokens = matcher.forced()
    for token in tokens:
        matcher.consume(token)
    while not matcher.complete:
        more = matcher.forced()
        assert more
        tokens += more
        for token in more:
            matcher.consume(token)
    assert tokenizer.decode(tokens[:-1]) == "Back"
    assert matcher.forced() == []


def test_copies_go_on_by_themselves():
    _, masks = plain()
    one = masks.start(LINES)
    path = masks.path(LINES, "Search Emma")
    for token in path[:3]:
        one.consume(token)
    other = one.copy()
    for token in path[3:]:
        other.consume(token)
    assert other.complete
    assert not one.complete
    first, second = np.zeros(masks.vocabulary, bool), np.zeros(masks.vocabulary, bool)
    one.mask(first)
    again = masks.start(LINES)
    for token in path[:3]:
        again.consume(token)
    again.mask(second)
    assert (first == second).all()


def test_a_token_that_is_not_allowed_is_one_clear_error():
    _, masks = plain()
    matcher = masks.start(LINES)
    with pytest.raises(ModelError, match="cannot go on") as raised:
        matcher.consume(masks.path(LINES, "Search Emma")[-1])
    assert "\n" not in str(raised.value)
    with pytest.raises(ModelError, match="completion"):
        masks.allowed(LINES, [*masks.path(LINES, "Back"), 7])


def test_a_tokenizer_without_an_end_is_refused():
    tokenizer = train()
    tokenizer.eos_token = None
    with pytest.raises(ModelError, match="end-of-sequence"):
        Masks(tokenizer)


def test_masks_of_the_same_slices_or_none_are_the_same():
    tokenizer, masks = plain()
    slow = Masks(tokenizer, [])
    for text in ("Search Emma is 天空", "Quote: The king"):
        path = masks.path(LINES, text)
        assert path == slow.path(LINES, text)
        pairs = zip(masks.allowed(LINES, path).ids, slow.allowed(LINES, path).ids, strict=True)
        assert all(np.array_equal(one, other) for one, other in pairs)
