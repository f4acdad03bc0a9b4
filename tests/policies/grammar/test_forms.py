"""Every form of a `Legal` allows what is legal and nothing else."""

import json
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.grammar.gbnf import to_gbnf
from policies.grammar.json_schema import from_json, to_schema
from policies.grammar.lark import to_lark
from policies.grammar.legal import Legal, Line, allows, answer_items
from tests.policies.grammar.gbnf_reader import Grammar
from tests.policies.grammar.playing import WORDS, write, write_line
from tests.policies.grammar.tokenizers import plain

ANY = st.text(st.characters(exclude_categories=("Cs",)), max_size=12)
PLAIN = st.sampled_from([*WORDS, '"', "\\", 'a"b', "\\x41", "\\u0041", "/", "'", "a{2}", "%", "ÿ"])
ITEM = st.one_of(PLAIN, ANY).filter(lambda text: text and not any(c in " \n\r" for c in text))
LISTS = st.lists(ITEM, min_size=1, max_size=5, unique=True).map(tuple)


@st.composite
def some_lines(draw):
    lines = [Line("back", "Back", "nothing")]
    if draw(st.booleans()):
        lines.append(Line("search", "Search ", "text"))
    else:
        words = draw(LISTS)
        without = {" ".join(draw(st.lists(st.sampled_from(words), min_size=1, max_size=3)))
                   for _ in range(draw(st.integers(0, 3)))} if len(words) > 2 else ()  # fmt: skip
        lines.append(Line("search", "Search ", "words", words, tuple(without)))
    texts = st.lists(LISTS.map(" ".join), min_size=1, max_size=3).map(tuple)
    lines.append(Line("quote", "Quote: ", "choice", draw(texts)))
    lines.append(Line("quote", "Quote: ", "span", draw(texts)))
    lines.append(Line("down", "Scrolled down ", "choice", ("1", "2", "3")))
    return Legal(tuple(lines))


ANSWERS = st.one_of(
    st.integers(1, 12).map(lambda count: Legal((), True, count)),
    st.builds(
        lambda quoted, marks: Legal((), True, len(quoted), quoted, marks), LISTS, st.booleans()
    ),
)
LEGALS = st.one_of(some_lines(), ANSWERS)


def changed(text, random):
    """Return a text near another, often illegal."""
    place = random.randrange(len(text) + 1)
    end = min(len(text), place + random.randint(0, 3))
    added = random.choice(("", "", " ", "a", "[1]", "\n", "\\", '"', "━", "[", "é"))
    return text[:place] + added + text[end:]


def texts_about(legal, seed):
    random = Random(seed)
    texts = [write(legal, random) for _ in range(3)]
    return texts, [changed(text, random) for text in texts for _ in range(3)]


@settings(max_examples=100, deadline=None)
@given(LEGALS, st.integers(0, 10**9))
def test_lark_allows_what_is_legal_alone(legal, seed):
    _, masks = plain()
    written, near = texts_about(legal, seed)
    for text in written:
        assert allows(legal, text), text
    for text in [*written, *near]:
        assert (masks.path(legal, text) is not None) == allows(legal, text), (text, to_lark(legal))


@settings(max_examples=150, deadline=None)
@given(LEGALS, st.integers(0, 10**9))
def test_gbnf_allows_what_is_legal_alone(legal, seed):
    grammar = Grammar(to_gbnf(legal))
    written, near = texts_about(legal, seed)
    for text in [*written, *near]:
        assert grammar.matches(text) == allows(legal, text), text


def fits(schema, value):
    """Check a value against the part of JSON schema that is written here."""
    if "anyOf" in schema:
        return any(fits(one, value) for one in schema["anyOf"])
    if schema["type"] == "object":
        assert schema["required"] == list(schema["properties"])
        assert schema["additionalProperties"] is False
        return set(value) == set(schema["required"]) and all(
            fits(schema["properties"][name], value[name]) for name in value
        )
    if schema["type"] == "array":
        return isinstance(value, list) and all(fits(schema["items"], one) for one in value)
    return isinstance(value, str) and value in schema.get("enum", [value])


def as_json(legal, text, line):
    if legal.answering:
        if not legal.quoted:
            return {"answer": text}
        items = answer_items(legal)
        return {"answer": [item for item in items if f" {item} " in f" {text} "]}
    argument = text.removeprefix(line.prefix)
    return {"action": {"command": line.command, "argument": argument}}


@settings(max_examples=100, deadline=None)
@given(some_lines(), st.integers(0, 10**9))
def test_schema_holds_every_command_and_gives_its_line_back(legal, seed):
    random, schema = Random(seed), to_schema(legal)
    json.dumps(schema)
    for line in legal.lines:
        text = write_line(line, random)
        reply = as_json(legal, text, line)
        assert fits(schema, reply), (schema, reply)
        assert from_json(json.dumps(reply)).split() == text.split()


@given(ANSWERS, st.integers(0, 10**9))
def test_schema_holds_every_answer_and_gives_it_back(legal, seed):
    text = write(legal, Random(seed))
    if (
        legal.quoted
        and not legal.marks
        and any(" [" in quote or "]" in quote for quote in legal.quoted)
    ):
        return  # a quote that looks like another's end cannot be taken apart by this test
    reply = as_json(legal, text, None)
    assert fits(to_schema(legal), reply)
    assert from_json(json.dumps(reply)) == text


def test_schema_refuses_a_link_that_is_not_there():
    schema = to_schema(Legal((Line("click", "Clicked on link ", "choice", ("1", "4")),)))
    assert fits(schema, {"action": {"command": "click", "argument": "4"}})
    assert not fits(schema, {"action": {"command": "click", "argument": "3"}})
    assert not fits(schema, {"action": {"command": "back", "argument": ""}})
    assert not fits(schema, {"action": {"command": "click"}})


@pytest.mark.parametrize(
    ("reply", "line"),
    [
        ('{"command": "click", "argument": 4}', "Clicked on link 4"),
        ('{"action": {"command": "back", "argument": ""}}', "Back"),
        ('{"action": {"command": "search", "argument": "two\\nlines"}}', "Search two lines"),
        ('{"command": "search", "argument": null}', "Search "),
        ('{"answer": ["a [1]", "a [1]", 3]}', "a [1]"),
        ("Search plain", "Search plain"),
        ('{"command": "fly"}', '{"command": "fly"}'),
        ("[1, 2]", "[1, 2]"),
        ("[" * 10_000, "[" * 10_000),
        ('{"action": null}', '{"action": null}'),
    ],
)
def test_replies_of_models_that_keep_no_form_come_back(reply, line):
    assert from_json(reply) == line
