"""Bytes to text: who decides, and that nothing can make it fail."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from env.documents.charset import codec_of, decode

LABELS = "hex base64 rot13 utf-7 idna undefined zip uu utf_16 unicode_escape x-user-defined utf-16"
NOT_ALLOWED = LABELS.split()


@pytest.mark.parametrize("label", NOT_ALLOWED)
def test_codecs_that_are_no_character_set_are_never_used(label):
    assert codec_of(label) is None
    assert decode(b"+ADw-script+AD4-", f"text/html; charset={label}") == "+ADw-script+AD4-"


def test_the_mark_beats_the_header_and_the_header_beats_the_meta():
    meta = b'<meta charset="windows-1251">'
    assert decode(b"\xef\xbb\xbf\xc3\xa9", "text/html; charset=latin1") == "é"
    assert decode("é".encode("utf-16"), "text/html; charset=utf-8") == "é"
    assert decode(meta + b"\xe9", "text/html; charset=latin1", markup=True).endswith("é")
    assert decode(meta + b"\xe9", markup=True).endswith("й")
    assert decode(meta + "é".encode()).endswith("é")


def test_undeclared_text_of_one_byte_a_character_is_guessed():
    russian = "Это обычный русский текст, который достаточно длинен, чтобы угадать кодировку. " * 4
    assert decode(russian.encode("windows-1251")) == russian


@given(st.binary(max_size=200), st.text(max_size=40))
def test_no_bytes_and_no_label_make_it_fail(data, label):
    assert "\0" not in decode(data, f"text/html; charset={label}", markup=True)
