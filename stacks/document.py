"""Reads a stack file: YAML 1.2 with line numbers kept, findings as ``file:line: path: message``, nothing executed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import YAMLError

from providers.kernel import carrier, errors, secrecy, values
from providers.kernel.spec import reason
from stacks.model import KEY, Network, Number

_MAX_BYTES = 1_000_000
#: Anchors may repeat a piece, but not blow a small file up to gigabytes.
_MAX_NODES = 200_000
_MAX_DEPTH = 30
Location = tuple[int | str, ...]


@dataclass(frozen=True)
class Finding:
    """Something about a stack file: an error, or a warning."""

    file: str
    line: int
    path: str
    message: str
    severity: str = "error"

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}"
        return f"{place}: {self.path}: {self.message}" if self.path else f"{place}: {self.message}"

    def as_json(self) -> dict[str, Any]:
        """For ``--json``."""
        return asdict(self)


class Refused(errors.InputError):
    """A stack file with errors; ``findings`` has them all, in the order of the lines."""

    def __init__(self, findings: list[Finding]) -> None:
        self.findings = findings
        count = sum(finding.severity == "error" for finding in findings)
        super().__init__(
            f"{findings[0].file}: {count} error{'s' if count != 1 else ''}", step="`xtel validate` shows them"
        )


@dataclass(frozen=True)
class Document:
    """A stack file that can be: the network it declares, and warnings."""

    file: str
    network: Network
    numbers: dict[str, Number]
    warnings: list[Finding]
    lines: dict[str, int]


def read(path: Path) -> Document:
    """Read and check a stack file; makes no request. Raises Refused with every finding, never a value of a secret."""
    return _Reader(path).document()


class _Reader:
    def __init__(self, path: Path) -> None:
        self._file = str(path)
        self._tree = self._load(path)
        self._findings: list[Finding] = []

    def _load(self, path: Path) -> CommentedMap:
        try:
            raw = path.read_bytes()
        except OSError as error:
            raise Refused([Finding(self._file, 1, "", f"cannot be read: {error.strerror}")]) from None
        if len(raw) > _MAX_BYTES:
            raise Refused(
                [Finding(self._file, 1, "", f"is over {_MAX_BYTES // 1000} kB: split it into several stacks")]
            )
        yaml = YAML(typ="rt")
        yaml.version = (1, 2)  # pyright: ignore[reportAttributeAccessIssue] -- a %YAML directive cannot loosen it
        try:
            tree: Any = yaml.load(raw.decode("utf-8"))  # pyright: ignore[reportUnknownMemberType]
        except UnicodeDecodeError:
            raise Refused([Finding(self._file, 1, "", "is not UTF-8 text")]) from None
        except (YAMLError, ValueError, RecursionError) as error:
            raise Refused([_unreadable(self._file, error)]) from None
        if not isinstance(tree, CommentedMap):
            raise Refused([Finding(self._file, 1, "", "must be a mapping with version and numbers")])
        return tree

    def document(self) -> Document:
        try:
            plain = cast(dict[str, Any], _plain(self._tree, [_MAX_NODES]))
        except ValueError as error:
            raise Refused([Finding(self._file, 1, "", str(error))]) from None
        self._keys(plain)
        for place, holder in self._holders(plain):
            self._route(place, holder)
        try:
            network = Network.model_validate(plain)
        except ValidationError as error:
            self._model_errors(error)
            raise Refused(self._sorted()) from None
        numbers = self._merge(network)
        self._across(numbers)
        if any(finding.severity == "error" for finding in self._findings):
            raise Refused(self._sorted())
        lines = {key: self._line(("numbers", key)) for key in numbers}
        return Document(self._file, network, numbers, self._sorted(), lines)

    def _keys(self, plain: dict[str, Any]) -> None:
        numbers = plain.get("numbers")
        for key in list(cast(dict[Any, Any], numbers)) if isinstance(numbers, dict) else []:
            if not KEY.match(str(key)):
                self._add(("numbers", key), "a key is letters, digits, dots, dashes: a label such as support")

    def _holders(self, plain: dict[str, Any]) -> Iterator[tuple[Location, dict[str, Any]]]:
        """Everything that may hold a route: the defaults, and each number."""
        if isinstance(plain.get("defaults"), dict):
            yield ("defaults",), plain["defaults"]
        numbers = plain.get("numbers")
        for key, number in (cast(dict[str, Any], numbers) if isinstance(numbers, dict) else {}).items():
            if isinstance(number, dict):
                yield ("numbers", key), cast(dict[str, Any], number)

    def _route(self, place: Location, holder: dict[str, Any]) -> None:
        """Each carrier brings its own class for ``route``; the model only holds the result."""
        given = holder.get("route")
        if given is None:
            return
        if not isinstance(given, dict) or "carrier" not in given:
            self._add((*place, "route"), "must be a mapping with a carrier, such as {carrier: twilio}")
            holder.pop("route")
            return
        fields = cast(dict[str, Any], given)
        known = carrier.carriers().get(str(fields["carrier"]))
        if known is None:
            names = ", ".join(carrier.carriers())
            self._add(
                (*place, "route", "carrier"), f"no carrier {str(fields['carrier'])!r} is installed; installed: {names}"
            )
            holder.pop("route")
            return
        try:
            holder["route"] = known.route.model_validate(fields)
        except ValidationError as error:
            self._model_errors(error, (*place, "route"))
            holder.pop("route")

    def _merge(self, network: Network) -> dict[str, Number]:
        merged: dict[str, Number] = {}
        for key, number in network.numbers.items():
            merged[key] = number.merged(network.defaults)
            wired = merged[key].route or merged[key].auth or number.origin == "xai_provisioned"
            if not wired and not any(finding.path.startswith(f"numbers.{key}.") for finding in self._findings):
                self._add(("numbers", key), "needs a route, or auth that says who may send its calls")
        return merged

    def _across(self, numbers: dict[str, Number]) -> None:
        """Rules over several numbers, and warnings."""
        seen: dict[str, str] = {}
        for key, number in numbers.items():
            place: Location = ("numbers", key, "number")
            if number.number and number.number in seen:
                first = self._line(("numbers", seen[number.number]))
                self._add(place, f"{number.number} is declared twice: also as {seen[number.number]} in line {first}")
            elif number.number:
                seen[number.number] = key
                if values.improbable(number.number):
                    self._add(place, "is possible, but no such number is assigned: a typing error?", "warning")
            if not number.webhook and not number.agent and number.origin == "byo_trunk":
                self._add(("numbers", key), "nobody answers: give it a webhook or an agent", "warning")
            if number.auth == "open":
                self._add(("numbers", key, "auth"), "open: anyone on the internet can call this number in", "warning")

    def _model_errors(self, error: ValidationError, prefix: Location = ()) -> None:
        for detail in error.errors(include_url=False):
            self._add((*prefix, *detail["loc"]), _hinted(detail["loc"], reason(detail), detail["type"]))

    def _add(self, place: Location, message: str, severity: str = "error") -> None:
        path = ".".join(str(part) for part in place)
        finding = Finding(self._file, self._line(place), path, secrecy.one_line(message), severity)
        if finding not in self._findings:
            self._findings.append(finding)

    def _sorted(self) -> list[Finding]:
        return sorted(self._findings, key=lambda finding: finding.line)

    def _line(self, place: Location) -> int:
        """The line of a place in the file; of the nearest place above it where it does not stand in the file."""
        node: Any = self._tree
        line = 1
        for part in place:
            if isinstance(node, CommentedMap) and part in node:
                line = cast(Any, node.lc).key(part)[0] + 1
            elif isinstance(node, CommentedSeq) and isinstance(part, int) and part < len(cast(list[Any], node)):
                line = cast(Any, node.lc).item(part)[0] + 1
            else:
                break
            node = cast(Any, node)[part]
        return line


def _plain(node: Any, left: list[int], depth: int = 0) -> Any:
    """Plain Python values out of ruamel's, bounded: ``left`` counts down over the whole file."""
    left[0] -= 1
    if left[0] < 0 or depth > _MAX_DEPTH:
        raise ValueError("anchors make it too large or too deep")
    if isinstance(node, dict):
        items = cast(dict[Any, Any], node).items()
        return {key if isinstance(key, str) else str(key): _plain(value, left, depth + 1) for key, value in items}
    if isinstance(node, list):
        return [_plain(value, left, depth + 1) for value in cast(list[Any], node)]
    if isinstance(node, bool) or node is None:
        return node
    for kind in (str, int, float):
        if isinstance(node, kind):
            return kind(node)
    return str(node)


def _unreadable(file: str, error: Exception) -> Finding:
    mark: Any = getattr(error, "problem_mark", None)
    problem = str(getattr(error, "problem", None) or error)
    duplicate = re.match(r"found duplicate key \"?([^\"\s]+)\"?", problem)
    text = (
        f"the key {duplicate[1]!r} stands here twice: remove one"
        if duplicate
        else f"not YAML: {problem.splitlines()[0]}"
    )
    return Finding(file, mark.line + 1 if mark else 1, "", secrecy.one_line(text))


_HINTS = {
    ("digest", "username", "missing"): "a digest needs a username: add username: NAME",
    ("numbers", "missing"): "is required: the numbers of this stack",
    ("version", "missing"): "is required: write version: 1",
}


def _hinted(loc: Location, message: str, kind: str) -> str:
    """The words of this project for findings whose general words do not name the fix."""
    for length in (2, 1):
        hint = _HINTS.get((*(str(part) for part in loc[-length:]), kind))  # type: ignore[arg-type]
        if hint:
            return hint
    return f"{message}; see `xtel schema` for the keys" if kind == "extra_forbidden" else message
