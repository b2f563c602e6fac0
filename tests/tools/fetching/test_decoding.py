"""Unpacking: any cut into reads gives the same body, and nothing grows past the limit."""

from __future__ import annotations

import gzip
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qwenchat.tools.fetching import FetchFailed, FetchRefused
from qwenchat.tools.fetching.decoding import PIECE_BYTES, Body


def bare(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


PACKERS = {
    "identity": [bytes],
    "": [bytes],
    "gzip": [gzip.compress, lambda data: gzip.compress(data[:7]) + gzip.compress(data[7:])],
    "deflate": [zlib.compress, bare],
}
packings = st.sampled_from([(name, pack) for name, all_ in PACKERS.items() for pack in all_])


def unpacked(encoding: str, packed: bytes, cuts: list[int], limit: int) -> bytes:
    body = Body(encoding, limit)
    pieces = []
    for start, end in zip([0, *cuts], [*cuts, len(packed)], strict=True):
        for piece in body.feed(packed[start:end]):
            assert len(piece) <= max(PIECE_BYTES, end - start)
            pieces.append(piece)
    body.close()
    return b"".join(pieces)


@settings(deadline=None)
@given(packings, st.binary(max_size=50).map(lambda data: data * 40), st.data())
def test_any_cut_into_reads_gives_the_same_body(packing, data, draw):
    encoding, pack = packing
    packed = pack(data)
    # A first read of one byte cannot show which kind of "deflate" it is.
    least = 2 if encoding == "deflate" else 0
    places = st.integers(min(least, len(packed)), len(packed))
    cuts = sorted(draw.draw(st.lists(places, max_size=5)))
    limit = max(len(data), len(packed))
    assert unpacked(encoding, packed, cuts, limit) == data


@settings(deadline=None)
@given(packings, st.integers(1, 300_000), st.integers(1, 300_000))
def test_one_byte_more_than_the_limit_is_refused_and_never_given(packing, size, limit):
    encoding, pack = packing
    packed = pack(b"a" * size)
    if max(size, len(packed)) <= limit:
        assert len(unpacked(encoding, packed, [], limit)) == size
        return
    with pytest.raises(FetchRefused) as refused:
        unpacked(encoding, packed, [], limit)
    assert refused.value.reason == "too_large"


@settings(deadline=None)
@given(st.sampled_from(["gzip", "deflate"]), st.binary(min_size=3, max_size=200))
def test_rubbish_is_a_failure_or_unpacks_and_is_nothing_else(encoding, rubbish):
    try:
        unpacked(encoding, rubbish, [], 10_000)
    except FetchFailed as failed:
        assert failed.reason == "protocol"


def test_rubbish_behind_the_end_is_forgiven_as_browsers_do():
    assert unpacked("gzip", gzip.compress(b"page") + b"\r\n", [], 1000) == b"page"
    assert unpacked("deflate", zlib.compress(b"page") + b"more", [], 1000) == b"page"
