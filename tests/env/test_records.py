"""Records and their JSON, both ways."""

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from env.errors import RecordError
from env.records import (
    SCHEMA,
    Answer,
    Completion,
    Episode,
    Link,
    Observation,
    Page,
    Question,
    Quote,
    Step,
    WebIdentity,
    from_json,
    make_page,
    text_sha256,
    to_json,
)

TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=20)
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
RECORDS = (Question, Link, Page, Quote, Observation, Completion, Step, Answer, WebIdentity, Episode)
NUMBERS = st.integers(-(2**53), 2**53)


def records(kind):
    """Build a strategy for a record from its annotations."""
    fields = msgspec.inspect.type_info(kind).fields
    return st.builds(kind, **{field.name: values(field.type) for field in fields})


PLAIN = {
    msgspec.inspect.StrType: TEXT,
    msgspec.inspect.BoolType: st.booleans(),
    msgspec.inspect.IntType: NUMBERS,
    msgspec.inspect.FloatType: FLOATS,
    msgspec.inspect.NoneType: st.none(),
}


def values(kind):
    match kind:
        case msgspec.inspect.LiteralType():
            return st.sampled_from(kind.values)
        case msgspec.inspect.VarTupleType():
            return st.lists(values(kind.item_type), max_size=2).map(tuple)
        case msgspec.inspect.TupleType():
            return st.tuples(*map(values, kind.item_types))
        case msgspec.inspect.UnionType():
            return st.one_of(*map(values, kind.types))
        case msgspec.inspect.DataclassType():
            return records(kind.cls)
    return PLAIN[type(kind)]


@pytest.mark.parametrize("kind", RECORDS, ids=lambda kind: kind.__name__)
def test_a_record_is_read_back_as_it_was_written(kind):
    @given(records(kind))
    @settings(max_examples=20, suppress_health_check=[HealthCheck.too_slow], deadline=None)
    def check(record):
        if isinstance(record, Episode) and record.schema > SCHEMA:
            with pytest.raises(RecordError, match="update webqa"):
                from_json(to_json(record), kind)
            return
        line = to_json(record)
        assert b"\n" not in line
        assert from_json(line, kind) == record
        assert from_json(line.decode(), kind) == record
        hash(record)

    check()


@pytest.mark.parametrize(
    "line",
    [b"", b"{}", b"[]", b"null", b'{"text":5}', b'{"text":"a"', b'{"text":"\xff"}',
     b"\xef\xbb\xbf{}",
     b"[" * 100_000, b'{"text":"\\ud800"}', b'{"text":"a"} x', b'{"a":' * 100_000],
)  # fmt: skip
def test_what_is_no_record_is_a_record_error(line):
    with pytest.raises(RecordError, match="Completion"):
        from_json(line, Completion)


def test_unknown_fields_of_a_later_version_are_passed_over():
    assert from_json(b'{"text":"a","added":1}', Completion) == Completion("a")


def test_a_text_that_is_no_unicode_is_refused_before_it_reaches_a_file():
    with pytest.raises(RecordError, match="no Unicode"):
        to_json(Completion("\ud800"))


def test_a_page_carries_the_hash_of_its_text():
    page = make_page("https://a.example/", "Title", "Text ü", domain="a.example")
    assert page.sha256 == text_sha256("Text ü")
    assert len(page.sha256) == 64
    assert page.sha256 != text_sha256("Text u")
