"""What servers pack comes back whole or as a typed error, and never as more than the limit."""

import gzip
import itertools
import tracemalloc
import zlib
from functools import cache

import brotli
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from env.errors import TooLarge, WebError
from env.web.fetch.inflate import codings_of, unpack

LIMIT = 100_000
MIB = 1024 * 1024


def bare_deflate(data):
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


PACK = {
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": brotli.compress,
    "zstd": zstandard.compress,
}


@cache
def bomb_of(coding):
    return PACK[coding](bytes(64 * MIB))


def bounded(data, codings, limit):
    """Tell whether unpacking gives a typed error or at most `limit` bytes."""
    try:
        return len(unpack(data, tuple(codings), limit)) <= limit
    except WebError as error:
        return error.reason in ("encoding", "size")


CODINGS = st.lists(st.sampled_from(sorted(PACK)), min_size=1, max_size=2)


def pack(data, codings):
    for coding in codings:
        data = PACK[coding](data)
    return data


@given(st.binary(max_size=3000), CODINGS)
def test_round_trip(data, codings):
    assert unpack(pack(data, codings), tuple(codings), LIMIT) == data


@given(st.binary(max_size=3000))
def test_deflate_without_its_wrapper(data):
    assert unpack(bare_deflate(data), ("deflate",), LIMIT) == data


@given(st.binary(min_size=1, max_size=2000), CODINGS, st.data())
def test_what_is_cut_short_is_an_error(data, codings, draw):
    """Fails when half a page passes for a page."""
    packed = pack(data, codings)
    cut = draw.draw(st.integers(1, len(packed) - 1))
    with pytest.raises(WebError) as caught:
        unpack(packed[:cut], tuple(codings), LIMIT)
    assert caught.value.reason == "encoding"


@given(st.binary(max_size=500), CODINGS)
def test_any_bytes_give_a_typed_error_or_bounded_bytes(data, codings):
    assert bounded(data, codings, 1000)


@given(st.binary(min_size=50, max_size=500), CODINGS, st.data())
@settings(max_examples=200)
def test_a_flipped_byte_is_no_surprise(data, codings, draw):
    packed = bytearray(pack(data, codings))
    packed[draw.draw(st.integers(0, len(packed) - 1))] ^= draw.draw(st.integers(1, 255))
    assert bounded(bytes(packed), codings, LIMIT)


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
def test_parts_one_after_another_and_rubbish_behind(coding):
    """Fails when the end of a page is lost, or a page because of what follows it."""
    parts = PACK[coding](b"one ") + PACK[coding](b"two")
    assert unpack(parts, (coding,), LIMIT) == b"one two"
    assert unpack(parts + b"\0rubbish" * 50, (coding,), LIMIT) == b"one two"
    with pytest.raises(WebError):
        unpack(parts + PACK[coding](b"three")[:-3], (coding,), LIMIT)


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
def test_parts_without_end_are_refused(coding):
    """Fails when a body of empty parts costs a decoder for every twenty bytes of it."""
    with pytest.raises(WebError, match="more than 64"):
        unpack(PACK[coding](b"") * 100_000, (coding,), LIMIT)


@pytest.mark.parametrize(
    "codings",
    [(name,) for name in sorted(PACK)] + list(itertools.product(sorted(PACK), repeat=2)),
    ids="+".join,
)
def test_bombs_stay_within_the_limit(codings):
    """Fails when a few bytes become gigabytes before anyone looks."""
    bomb = bomb_of(codings[0])
    for coding in codings[1:]:
        bomb = PACK[coding](bomb)
    tracemalloc.start()
    try:
        with pytest.raises(TooLarge) as caught:
            unpack(bomb, codings, MIB)
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert caught.value.reason == "size"
    assert most < 12 * MIB


@pytest.mark.parametrize("size", [LIMIT - 1, LIMIT, LIMIT + 1])
@pytest.mark.parametrize("coding", sorted(PACK))
def test_the_limit_is_exact(coding, size):
    packed = PACK[coding](b"a" * size)
    if size <= LIMIT:
        assert len(unpack(packed, (coding,), LIMIT)) == size
    else:
        with pytest.raises(TooLarge):
            unpack(packed, (coding,), LIMIT)


def test_a_part_that_ends_at_the_limit_is_the_last():
    """Fails when the room that is left becomes none, which zlib takes for no limit."""
    parts = gzip.compress(bytes(MIB + 1)) + bomb_of("gzip")
    tracemalloc.start()
    try:
        with pytest.raises(TooLarge):
            unpack(parts, ("gzip",), MIB)
        assert tracemalloc.get_traced_memory()[1] < 12 * MIB
    finally:
        tracemalloc.stop()


def test_a_window_larger_than_servers_may_ask_for_is_refused():
    """Fails when a header of a few bytes makes the decoder take 128 MB (RFC 9659)."""
    options = zstandard.ZstdCompressionParameters(window_log=27, write_content_size=False)
    packer = zstandard.ZstdCompressor(compression_params=options).compressobj()
    packed = packer.compress(b"a" * 1000) + packer.flush()
    with pytest.raises(WebError) as caught:
        unpack(packed, ("zstd",), LIMIT)
    assert caught.value.reason == "encoding"


def test_an_empty_body_needs_no_decoder():
    assert unpack(b"", ("gzip",), LIMIT) == b""


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([], ()),
        (["identity"], ()),
        ([" GZip , identity"], ("gzip",)),
        (["gzip", "br"], ("gzip", "br")),
        (["gzip, x-gzip"], ("gzip", "x-gzip")),
    ],
)
def test_names_of_codings(values, expected):
    assert codings_of(values) == expected


@pytest.mark.parametrize(
    "values",
    [["compress"], ["gzip, gzip, gzip"], ["gzip"] * 40, ["gzip," * 40], ["utf-8"], ["\x1b[31m"]],
)
def test_unknown_codings_and_long_chains_are_refused(values):
    with pytest.raises(WebError) as caught:
        codings_of(values)
    assert caught.value.reason == "encoding"
    assert str(caught.value).isprintable()
