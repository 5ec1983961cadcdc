"""Faults on demand: which of the next requests fail, and how."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any, cast

from sandbox.exchange import JsonObject, is_object
from sandbox.store import Store

ACTIONS = (
    "status", "delay", "drop_before", "drop_after", "ignore", "swap_id", "gone", "drip", "endless", "bomb", "elsewhere",
)  # fmt: skip
ECHOES = ("unchanged", "asked")
METHODS = ("*", "GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
WITHOUT_END = -1
MAX_SECONDS = 600


@dataclass(slots=True)
class Fault:
    match: str
    action: str
    times: int = 1
    every: int = 1
    status: int = 503
    headers: dict[str, str] = field(default_factory=dict[str, str])
    body: str | JsonObject | list[Any] | None = None
    seconds: float = 1
    fields: list[str] = field(default_factory=list[str])  # `ignore` leaves out these alone
    host: str = ""  # where `elsewhere` says that the next page is
    echo: str = ECHOES[0]  # what the answer to `ignore` shows: what there is, or what was asked for
    seen: int = 0  # matching requests so far, for `every`
    until: float = 0  # when `gone` ends: it begins with its first request, and counts seconds, not requests

    def matches(self, method: str, path: str) -> bool:
        wanted, _, pattern = self.match.partition(" ")
        return wanted in ("*", method) and _expression(pattern).fullmatch(path) is not None

    def hits(self) -> bool:
        """Whether it hits this request, one that matches, and is used up by it."""
        self.seen += 1
        if self.action == "gone":
            self.until = self.until or time.time() + self.seconds
            self.times = WITHOUT_END if time.time() < self.until else 0
            return self.times == WITHOUT_END
        hit = self.seen % self.every == 0
        self.times -= hit and self.times != WITHOUT_END
        return hit


def _expression(pattern: str) -> re.Pattern[str]:
    """`*` stays within a path segment, `**` crosses segments, all else is itself."""
    parts = re.split(r"(\*\*|\*)", pattern)
    return re.compile("".join({"**": ".*", "*": "[^/]*"}.get(part, re.escape(part)) for part in parts), re.DOTALL)


def _whole(value: Any, low: int, high: int | None = None) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= low and (high is None or value <= high)


def _seconds(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= MAX_SECONDS


def _match(value: Any) -> bool:
    if not isinstance(value, str):
        return False
    method, _, path = value.partition(" ")
    return method in METHODS and path.startswith(("/", "*"))


def _headers(value: Any) -> bool:
    # Nothing that writes a second header line, and nothing that frames the body: the server does that.
    return is_object(value) and all(
        re.fullmatch(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+", name)
        and name.lower() not in ("content-length", "transfer-encoding")
        and isinstance(text, str)
        and text.isascii()
        and text.isprintable()
        for name, text in value.items()
    )


def _action(value: Any) -> bool:
    return value in ACTIONS


def _fields(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(name, str) and name for name in cast(list[Any], value))


def _host(value: Any) -> bool:
    return isinstance(value, str) and re.fullmatch(r"[A-Za-z0-9.-]+(:[0-9]{1,5})?", value) is not None


def _body(value: Any) -> bool:
    return value is None or isinstance(value, str | dict | list)


CHECKS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "match": (_match, 'expected "METHOD /path", for example "POST /v1/Trunks" or "* /v2/**"'),
    "action": (_action, f"expected one of {', '.join(ACTIONS)}"),
    "times": (lambda value: _whole(value, WITHOUT_END), "expected a number of times, or -1 for without end"),
    "every": (lambda value: _whole(value, 1), "expected 1 or more"),
    "status": (lambda value: _whole(value, 200, 599), "expected an HTTP status from 200 to 599"),
    "headers": (_headers, "expected an object of ASCII strings, without content-length or transfer-encoding"),
    "body": (_body, "expected a string or an object"),
    "seconds": (_seconds, f"expected 0 to {MAX_SECONDS}"),
    "fields": (_fields, "expected a list of names of fields of the request"),
    "host": (_host, "expected a host, with a port or without"),
    "echo": (lambda value: value in ECHOES, f"expected {' or '.join(ECHOES)}"),
}


def parse(raw: Any) -> Fault:
    if not is_object(raw):
        raise ValueError("a fault is a JSON object")
    for name in raw:
        if name not in CHECKS:
            raise ValueError(f"unknown field {name!r}; there are: {', '.join(CHECKS)}")
    for name in ("match", "action"):
        if name not in raw:
            raise ValueError(f"{name}: missing; {CHECKS[name][1]}")
    for name, value in raw.items():
        valid, message = CHECKS[name]
        if not valid(value):
            raise ValueError(f"{name}: {message}")
    if ("host" in raw) != (raw["action"] == "elsewhere"):
        raise ValueError("host: goes with the action elsewhere, which needs one")
    fault = Fault(**raw)
    fault.times = fault.times or 1
    return fault


class Faults:
    """The queue. Kept in memory for speed and written through, so that a restart does not lose it."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.load()

    def load(self) -> None:
        self._queue = [Fault(**each) for each in self._store.setting("faults", [])]

    def all(self) -> list[JsonObject]:
        return [asdict(fault) for fault in self._queue]

    def add(self, fault: Fault) -> None:
        self._queue.append(fault)
        self._save()

    def clear(self) -> None:
        self._queue.clear()
        self._save()

    def take(self, method: str, path: str) -> Fault | None:
        """The first fault in the queue that hits this request, used once. One that waits for its n-th request
        only counts this one, and lets the faults behind it have their turn."""
        hit = None
        matching = [fault for fault in self._queue if fault.matches(method, path)]
        for fault in matching:
            if fault.hits():
                hit = fault
                break
        if matching:
            self._queue = [fault for fault in self._queue if fault.times]
            self._save()
        return hit

    def _save(self) -> None:
        self._store.set("faults", self.all())
