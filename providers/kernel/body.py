"""The body of an answer: decoded no further than a bound, and read as JSON only where every reader reads it alike."""

from __future__ import annotations

import codecs
import json
import math
import zlib
from collections.abc import Collection, Iterable, Iterator
from typing import Any, cast

#: What is asked for; an answer in another encoding is refused, since its size cannot be bounded while it is decoded.
ENCODINGS = "gzip, deflate"
#: Objects and lists inside each other; no answer of these APIs comes near it.
MAX_DEPTH = 64
#: zlib finds out by itself whether gzip or zlib is there; what has neither head is bare deflate.
_HEADED, _BARE = zlib.MAX_WBITS | 32, -zlib.MAX_WBITS


def decoded(chunks: Iterable[bytes], encoding: str, most: int) -> bytes:
    """The bytes of a body, at most ``most`` of them. Raises ValueError, and OverflowError for more."""
    coding = encoding.strip().lower()
    whole = bytearray()
    for piece in _plain(_counted(chunks, most), coding, most):
        whole += piece
        if len(whole) > most:
            raise OverflowError("over the bound")
    return bytes(whole.removeprefix(codecs.BOM_UTF8))


def _counted(chunks: Iterable[bytes], most: int) -> Iterator[bytes]:
    size = 0
    for chunk in chunks:
        size += len(chunk)
        if size > most:
            raise OverflowError("over the bound")
        yield chunk


def _plain(chunks: Iterable[bytes], coding: str, most: int) -> Iterator[bytes]:
    if coding in {"", "identity"}:
        yield from chunks
    elif coding in {"gzip", "x-gzip", "deflate"}:
        yield from _inflated(chunks, most)
    else:
        for chunk in chunks:
            if chunk:
                raise ValueError("encoded in a way that was not asked for")


def _inflated(chunks: Iterable[bytes], most: int) -> Iterator[bytes]:
    """Every piece is bounded too: a few bytes of a bomb become a thousand times as many in one step."""
    inflate: Any = None
    try:
        for chunk in chunks:
            data = chunk
            while data:
                if inflate is None:
                    inflate = zlib.decompressobj(_HEADED if _headed(data) else _BARE)
                yield inflate.decompress(data, most + 1)
                data, inflate = (inflate.unused_data, None) if inflate.eof else (inflate.unconsumed_tail, inflate)
    except zlib.error:
        raise ValueError("cannot be decompressed") from None
    if inflate is not None:
        raise ValueError("compressed and cut off")


def _headed(data: bytes) -> bool:
    """Whether data begins as gzip or zlib do; a first chunk of one byte is taken for the gzip or zlib it looks like."""
    if data[0] == 0x1F:
        return True
    return data[0] & 0x0F == 8 and (len(data) == 1 or int.from_bytes(data[:2], "big") % 31 == 0)


def parsed(content: bytes) -> Any:
    """The JSON in a body (RFC 8259: UTF-8, finite numbers). Raises ValueError."""
    try:
        text = content.decode()
        value = json.loads(text, parse_constant=_finite, parse_float=_finite)
        if "\\u" in text:
            json.dumps(value, ensure_ascii=False).encode()  # half a surrogate pair is no text that can be kept
    except (ValueError, RecursionError) as error:
        raise ValueError(str(error)) from None
    if _depth(value) > MAX_DEPTH:
        raise ValueError(f"nested more than {MAX_DEPTH} deep")
    return value


def is_xml(content: bytes) -> bool:
    """Whether a body is a well-formed XML document that declares no entities: those can grow without end."""
    from xml.etree import ElementTree  # few answers are XML

    if not content.lstrip().startswith(b"<") or b"<!" in content:
        return False
    try:
        ElementTree.fromstring(content)  # noqa: S314 -- without declarations there is nothing to expand
    except (ElementTree.ParseError, ValueError, LookupError):
        return False
    return True


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError("a number that is none of JSON")
    return value


def _depth(value: object) -> int:
    level, depth = [value], 0
    while level and depth <= MAX_DEPTH:
        level = [item for each in level for item in _items(each)]
        depth += bool(level)
    return depth


def _items(value: object) -> Collection[object]:
    if isinstance(value, dict):
        return cast(dict[str, object], value).values()
    return cast(list[object], value) if isinstance(value, list) else ()


def not_text(value: object, names: Collection[str]) -> str:
    """The first field of ``names`` that is there and neither text nor null, at any depth; empty for none."""
    level = [value]
    while level:
        for each in level:
            if not isinstance(each, dict):
                continue
            fields = cast(dict[str, object], each)
            for name in fields.keys() & names:
                if not isinstance(fields[name], str | None):
                    return name
        level = [item for each in level for item in _items(each)]
    return ""
