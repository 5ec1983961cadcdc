"""Answers as no document knows them: fields of another type, missing or renamed; bodies and headers that are broken."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable, Iterator
from typing import Any

import httpx

#: What stands where something else is documented.
_VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 7, 1e300, 10**30, "", " ", "x", "None", "\u2028", "a\x00b", [], {}, [None], [[]], {"a": {}},
    ["x"], {"id": 5}, "9" * 5000,
)  # fmt: skip

Place = tuple[Any, Any]


def _places(value: Any) -> Iterator[Place]:
    """Every container with every key or index in it."""
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in list(entries):
        yield value, key
        yield from _places(item)


def document(original: Any, chance: random.Random) -> Any:
    """A JSON document with one thing about it wrong."""
    changed = copy.deepcopy(original)
    places = list(_places(changed))
    if not places or chance.random() < 0.1:
        return copy.deepcopy(chance.choice(_VALUES))
    holder, key = chance.choice(places)
    how = chance.choice(("value", "value", "value", "type", "drop", "rename", "twice"))
    if how == "type":
        now = holder[key]
        holder[key] = str(now) if isinstance(now, int | float) else {"value": now} if isinstance(now, list) else [now]
    elif how == "drop":
        del holder[key]
    elif how == "rename" and isinstance(holder, dict):
        holder[f"{key}_"] = holder.pop(key)
    elif how == "twice" and isinstance(holder, list):
        holder.append(copy.deepcopy(holder[key]))
    else:
        holder[key] = copy.deepcopy(chance.choice(_VALUES))
    return changed


def _with(content: bytes, **headers: str) -> Callable[[httpx.Response], tuple[bytes, dict[str, str]]]:
    return lambda answer: (content, {name.replace("_", "-"): value for name, value in headers.items()})


#: Bodies and headers that are broken, whatever they were.
BROKEN: dict[str, Callable[[httpx.Response], tuple[bytes, dict[str, str]]]] = {
    "no gzip": lambda answer: (answer.content, {"content-encoding": "gzip"}),
    "unknown encoding": lambda answer: (answer.content, {"content-encoding": "br"}),
    "not UTF-8": lambda answer: (answer.content.replace(b'"', b'"\xff\xfe', 3), {}),
    "other charset": lambda answer: (answer.content, {"content-type": "application/json; charset=utf-16"}),
    "nested deep": _with(b'{"a":' * 5000 + b"1" + b"}" * 5000),
    "lists nested deep": _with(b"[" * 200_000),
    "not a number": lambda answer: (answer.content.replace(b":", b":NaN,\"x\":", 1), {}),
    "half a surrogate": lambda answer: (answer.content.replace(b'":"', b'":"\\ud800', 1), {}),
    "HTML with 200": _with(b"<html><body>Sign in</body></html>", content_type="text/html"),
    "cut off": lambda answer: (answer.content[: len(answer.content) * 2 // 3], {}),
    "two documents": lambda answer: (answer.content * 2, {}),
    "byte order mark": lambda answer: (b"\xef\xbb\xbf" + answer.content, {}),
    "null": _with(b"null"),
    "text": _with(b'"fine"'),
    "empty object": _with(b"{}"),
    "empty list": _with(b"[]"),
}  # fmt: skip

#: What a refusal may ask to wait, and none of it is a wait.
WAITS = ("-3", "nan", "inf", "soon", "Fri, 31 Dec 1999 23:59:59", "Fri, 31 Dec 99999 23:59:59 GMT", "\xfc", "")


def mutated(answer: httpx.Response, chance: random.Random) -> tuple[int, dict[str, Any], bytes]:
    """Status, headers and body of the answer, wrong in one way."""
    answer.read()
    headers = {"content-type": answer.headers.get("content-type", "application/json")}
    kind = chance.random()
    if kind < 0.1:
        wait = {"retry-after": chance.choice(WAITS).encode("latin-1")}
        return chance.choice((429, 503, 502)), wait, answer.content
    if kind < 0.35 or not answer.content:
        content, more = chance.choice(list(BROKEN.values()))(answer)
        return answer.status_code, {**headers, **more}, content
    content = json.dumps(document(json.loads(answer.content), chance)).encode()
    return answer.status_code, headers, content
