"""One HTTP request and its answer, free of any server: what every vendor's wire format is written against."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeGuard, TypeVar
from urllib.parse import parse_qsl

JsonObject = dict[str, Any]
Pairs = tuple[tuple[str, str], ...]
Seed = dict[str, list[JsonObject]]


def is_object(value: object) -> TypeGuard[JsonObject]:
    """Whether a value read from JSON is an object: its keys are strings then, which `dict` alone does not say."""
    return isinstance(value, dict)


def is_array(value: object) -> TypeGuard[list[Any]]:
    return isinstance(value, list)


def objects(value: object, where: str) -> list[JsonObject]:
    if not is_array(value) or not all(map(is_object, value)):
        raise ValueError(f"{where}: expected a list of objects")
    return value


def only(given: Iterable[str], known: Collection[str], noun: str) -> None:
    unknown = [name for name in given if name not in known]
    if unknown:
        raise ValueError(f"unknown {noun} {', '.join(unknown)}; there are: {', '.join(known)}")


@dataclass(frozen=True, slots=True)
class Call:
    """A request as it arrived. Header names are lower case; `path` is percent-decoded; `origin` is our own."""

    method: str
    path: str
    query: Pairs
    headers: Mapping[str, str]
    body: bytes
    origin: str

    def header(self, name: str) -> str:
        return self.headers.get(name, "")

    @property
    def media(self) -> str:
        """The content type without its parameters."""
        return self.header("content-type").partition(";")[0].strip().lower()


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    drip: float = 0  # seconds between two bytes of the body; 0 sends it at once
    later: Callable[[], Awaitable[Answer]] | None = None  # what happens first, and the answer that comes of it


def json_answer(status: int, document: object, headers: Mapping[str, str] | None = None) -> Answer:
    body = json.dumps(document, separators=(",", ":")).encode()
    return Answer(status, body, {"content-type": "application/json; charset=utf-8", **(headers or {})})


def pairs(encoded: bytes) -> Pairs:
    """A query or form body as name and value, in order, blank values kept: `TrunkSid=` means something."""
    text = encoded.decode("latin-1")
    return tuple(parse_qsl(text, keep_blank_values=True, encoding="utf-8", errors="replace"))


class Vendor(Protocol):
    """What the sandbox needs to know about a vendor; it is found by its entry point."""

    name: str

    def owns(self, path: str) -> bool:
        """Whether requests to this path are this vendor's."""
        ...

    def serve(self, call: Call) -> Answer:
        """Never raises: what the vendor refuses is an answer too, and leaves nothing changed."""
        ...

    def refusal(self, status: int) -> Answer:
        """An error of this status in the vendor's own shape, for faults."""
        ...

    def seed(self, account: str, document: Seed) -> None:
        """Add to an account the objects that `document` lists by collection; ValueError where that makes no sense."""
        ...

    def state(self, origin: str) -> dict[str, list[JsonObject]]: ...

    def environment(self, account: str, style: str, origin: str) -> dict[str, str]: ...

    def secrets(self) -> Sequence[str]:
        """Credentials of every account here, so that the journal can hide them wherever they stand."""
        ...

    def kept(self) -> JsonObject:
        """Secrets that it was given or made and that no answer ever repeats, as the control API shows them to tests."""
        ...

    def event(self, number: str) -> JsonObject | None:
        """What a number's webhook would get for a call right now; None where no webhook of this vendor has the number."""
        ...


Handler = TypeVar("Handler", bound=Callable[..., Answer])


class Routes(Generic[Handler]):
    """A route table: `{name}` stands for one path segment, and is handed on in order.

    `unknown` is how the vendor refuses a path that no route has (404), or the method where one has the path (405).
    """

    def __init__(self, table: Sequence[tuple[str, str, Handler]], unknown: Callable[[Call, int], Exception]) -> None:
        self._table = [(method, self._compile(path), handler) for method, path, handler in table]
        self._unknown = unknown

    @staticmethod
    def _compile(path: str) -> re.Pattern[str]:
        parts = re.split(r"(\{\w+\})", path)
        return re.compile("".join("([^/]+)" if part.startswith("{") else re.escape(part) for part in parts))

    def find(self, call: Call) -> tuple[Handler, tuple[str, ...]]:
        seen = False
        for candidate, pattern, handler in self._table:
            match = pattern.fullmatch(call.path)
            if match and candidate == call.method:
                return handler, match.groups()
            seen = seen or match is not None
        raise self._unknown(call, 405 if seen else 404)
