"""Rows of files: packed, with marks, cut off, in pieces; never more than one clear complaint."""

import contextlib
import gzip
import io
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from env.errors import ConfigError
from webqa.sets.rows import Elements, rows

PLAIN = b'{"question": "Why?"}\n{"question": "Who?"}\n'
DOCUMENT = json.dumps({"version": "1", "data": [{"a": "] }, \\"}, {"b": [{}]}]}).encode()
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def read(folder, content, **limits):
    path = folder / "set"
    path.write_bytes(content)
    return [row for _, row in rows(path, **limits)]


@pytest.mark.parametrize(
    "content",
    [
        PLAIN,
        b"\xef\xbb\xbf" + PLAIN,
        PLAIN.rstrip(),
        b"\n  \n" + PLAIN.replace(b"\n", b"\r\n\r\n"),
        b'[{"question": "Why?"},\n {"question": "Who?"}]\n',
        b'\xef\xbb\xbf [{"question": "Why?"}, {"question": "Who?"}]',
        b'{"version": "v2.0", "info": {"a": [1]}, "data": [{"question": "Why?"}, '
        b'{"question": "Who?"}], "more": 1}',
        b'{\n "Data": [\n  {"question": "Why?"},\n  {"question": "Who?"}\n ]\n}\n',
        b"question\xc2\xa0,\nWhy?,\n\nWho?,\n".replace(b"\xc2\xa0,", b",x"),
        b'\xef\xbb\xbfquestion,x\r\n"Why?",\r\nWho?,\r\n',
    ],
)
def test_the_same_rows_in_every_format(tmp_path, content):
    for packed in (content, gzip.compress(content)):
        assert [row["question"] for row in read(tmp_path, packed)] == ["Why?", "Who?"]


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"PAR1 and more", "Parquet"),
        (b"PK\x03\x04 and more", "zip"),
        (b"\xff\xfe{\x00", "not UTF-8 but UTF-16"),
        (gzip.compress(PLAIN)[:-9], "cannot unpack"),
        (b"\x1f\x8b nonsense", "cannot unpack"),
        (PLAIN + b'{"question": "\xe9"}', "not UTF-8, after .*line 2"),
        (PLAIN + b'{"question": ', "line 3, is no JSON"),
        (b'[{"question": "Why?"}] [{"question": "Who?"}]', "row 1, is cut off or no JSON"),
        (DOCUMENT + DOCUMENT, "row 2, is cut off or no JSON"),
        (DOCUMENT[:-1], "row 2, is cut off or no JSON"),
        (b'{\n "question": "Why?"\n}\n', "line 1, is no JSON"),
        (b"What is this?\n", "neither JSON nor a table"),
        (b'a,b\n1,"2\n', "is no table"),
        (b"a,b\n1,2,3\n", "line 2, has 3 columns, the first row 2"),
        (b'a,b\n1,"' + b"x" * 140_000 + b'"\n', "field larger"),
        (b'[{"a": 1}, {"b": nonsense}]', "row 2, is cut off or no JSON"),
        (b'[{"a": 1}, ' + b"[" * 100_000, "row 2, is cut off or no JSON"),
        (b'[{"a": "\xe9"}]', "not UTF-8"),
        (b'[{"a": ' + b"1" * 5000 + b"}]", "row 1, is cut off or no JSON: Exceeds the limit"),
        (b'{"a": ' + b"1" * 5000 + b"}", "line 1, is no JSON: Exceeds the limit"),
    ],
)
def test_one_clear_line(tmp_path, content, complaint):
    with pytest.raises(ConfigError, match=complaint) as caught:
        read(tmp_path, content)
    assert "\n" not in str(caught.value)


def test_what_is_no_file(tmp_path):
    with pytest.raises(ConfigError, match="is no file"):
        list(rows(tmp_path))
    with pytest.raises(ConfigError, match="No such file"):
        list(rows(tmp_path / "missing"))


@pytest.mark.parametrize("end", range(1, len(DOCUMENT) - 2))
def test_a_document_that_is_cut_anywhere_is_never_taken_for_whole(tmp_path, end):
    with pytest.raises(ConfigError):
        read(tmp_path, DOCUMENT[:end])


@given(st.lists(st.dictionaries(st.text(), VALUES)), st.integers(1, 20), st.sampled_from([None, 1]))
def test_pieces_of_any_size_give_the_same_elements(values, piece, indent):
    """Fails when an element that a piece cuts is lost, doubled or broken."""
    text = json.dumps(values, ensure_ascii=False, indent=indent)
    elements = Elements(io.StringIO(text[1:], newline=""), piece=piece)
    found = []
    while elements.more():
        found.append(elements.next())
    assert found == values


@given(
    st.sampled_from(
        [b"", b"{", b"[", b'{"data": [', b"question,b\n", b"\x1f\x8b", b"\xef\xbb\xbf"]
    ),
    st.lists(
        st.sampled_from([b"{", b"}", b"]", b'"', b"\n", b",", b":", b"1", b"\\"]) | st.binary()
    ),
)
@settings(deadline=None)
def test_no_bytes_end_in_another_error(tmp_path_factory, start, rest):
    path = tmp_path_factory.getbasetemp() / "any-bytes"
    path.write_bytes(start + b"".join(rest))
    with contextlib.suppress(ConfigError):
        list(rows(path))


def test_no_line_and_no_row_may_fill_the_memory(tmp_path):
    with pytest.raises(ConfigError, match="longer than 1,000 bytes"):
        read(tmp_path, b'{"a": "' + b"x" * 2000, longest=1000)
    pieces = io.StringIO('{"a": "' + "x" * 1_000_000)
    elements = Elements(pieces, longest=1000, piece=100)
    assert elements.more()
    with pytest.raises(json.JSONDecodeError):
        elements.next()
    assert pieces.tell() < 5000, "no more is read than a row may have"
