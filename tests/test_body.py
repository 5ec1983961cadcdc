"""What an answer's body may be: bounded however it is packed, and JSON that every reader reads alike."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.kernel import body

MOST = 1000


def gzipped(data: bytes) -> bytes:
    """Packed without the time of day: these bytes name tests, and every worker must name them alike."""
    return gzip.compress(data, mtime=0)


def pieces(data: bytes, size: int) -> Iterator[bytes]:
    return (data[start : start + size] for start in range(0, len(data), size))


def bare(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


PACKED = [
    ("", lambda data: data), ("identity", lambda data: data), ("gzip", gzipped), ("x-gzip", gzipped),
    (" GZIP ", gzipped), ("deflate", zlib.compress), ("deflate", bare),
    ("gzip", lambda data: gzipped(data[:3]) + gzipped(data[3:])),
]  # fmt: skip


@pytest.mark.parametrize(("coding", "pack"), PACKED)
@given(data=st.binary(max_size=MOST), size=st.integers(1, 50))
def test_a_body_is_decoded_as_it_was_packed(coding: str, pack: Any, data: bytes, size: int) -> None:
    if data.startswith(b"\xef\xbb\xbf"):
        return
    assert body.decoded(pieces(pack(data), max(size, 2)), coding, 2 * MOST) == data


@pytest.mark.parametrize(("coding", "pack"), PACKED)
def test_more_than_the_bound_is_refused_before_it_is_there(coding: str, pack: Any) -> None:
    with pytest.raises(OverflowError):
        body.decoded(pieces(pack(b" " * 10_000_000), 1 << 16), coding, MOST)


def test_what_decodes_to_nothing_is_counted_as_it_comes() -> None:
    with pytest.raises(OverflowError):
        body.decoded((gzipped(b"") for _ in range(10_000)), "gzip", MOST)


@pytest.mark.parametrize(
    ("coding", "data"),
    [
        ("gzip", b"no gzip"),
        ("gzip", gzipped(b"cut off")[:-9]),
        ("gzip", gzipped(b"and more") + b"behind it"),
        ("gzip", gzipped(b"wrong sum")[:-8] + b"\0" * 8),
        ("deflate", b"\xff\xff\xff"),
        ("br", b"anything"),
        ("zstd", b"anything"),
        ("gzip, gzip", gzipped(gzipped(b"packed twice"))),
    ],
)
def test_what_is_not_packed_as_it_says_is_unreadable(coding: str, data: bytes) -> None:
    with pytest.raises(ValueError, match="."):
        body.decoded([data], coding, MOST)


def test_nothing_is_nothing_however_it_is_packed() -> None:
    assert body.decoded([], "br", MOST) == b""


@pytest.mark.parametrize(
    "text",
    [
        b"", b"<html>", b'{"a": NaN}', b'{"a": Infinity}', b'{"a": -Infinity}', b'{"a": 1e999}', b'{"a": "\\ud800"}',
        b'{"\\udc00": 1}', b'{"a": "\xff"}', '{"a": 1}'.encode("utf-16"), b"[" * 100_000, b"[" * 66 + b"]" * 66,
        b'{"a":' * 70 + b"1" + b"}" * 70, b"1" * 5000, b'{"a": 1} x', b"\x00",
    ],
)  # fmt: skip
def test_what_readers_read_differently_is_unreadable(text: bytes) -> None:
    with pytest.raises(ValueError, match="."):
        body.parsed(text)


VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**15), 10**15) | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)  # fmt: skip


@given(VALUES, st.booleans())
def test_json_is_read_as_it_was_written(value: Any, ascii: bool) -> None:
    assert body.parsed(json.dumps(value, ensure_ascii=ascii).encode()) == value


@given(st.binary(max_size=200))
def test_any_bytes_are_json_or_unreadable(data: bytes) -> None:
    try:
        json.dumps(body.parsed(data), allow_nan=False).encode()
    except ValueError:
        return


def test_a_byte_order_mark_is_no_part_of_the_text() -> None:
    assert body.parsed(body.decoded(["\ufeff{}".encode()], "", MOST)) == {}


@pytest.mark.parametrize(
    ("value", "wrong"),
    [
        ({"sid": "TK1"}, ""), ({"sid": None}, ""), ({"other": 5}, ""), ([], ""), (5, ""), ({"sid": 5}, "sid"),
        ({"a": [{"b": {"sid": ["TK1"]}}]}, "sid"), ([{"sid": "TK1"}, {"sid": True}], "sid"), ({"sid": {}}, "sid"),
    ],
)  # fmt: skip
def test_what_must_be_text_is_found_at_any_depth(value: object, wrong: str) -> None:
    assert body.not_text(value, frozenset({"sid", "name"})) == wrong
