"""Reads a stack file: YAML 1.2 with line numbers kept, findings as ``file:line: path: message``, nothing executed."""

from __future__ import annotations

import logging
import re
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, cast

from pydantic import BaseModel, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.scalarbool import ScalarBoolean
from ruamel.yaml.scanner import Scanner

from providers.kernel import errors, reading, registry, secrecy, spec
from providers.kernel.vendor import Carrier
from providers.kernel.wording import counted
from stacks import crosscheck, positions, wording
from stacks import instructions as prose
from stacks.agent import Agent
from stacks.model import BAD_KEY, KEY, Network, Number
from stacks.positions import Location

#: Anchors may repeat a piece, but not blow a small file up to gigabytes.
_MAX_NODES = 200_000
_MAX_DEPTH = 30
_log = logging.getLogger(__name__)


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
        wrong = [finding for finding in findings if finding.severity == "error"]
        more = f"; and {counted(len(wrong) - 1, 'error')} more" if len(wrong) > 1 else ""
        step = f"`xtel validate` shows {'them all' if more else 'it too'}"
        super().__init__(f"{wrong[0] if wrong else findings[0]}{more}", step=step)


@dataclass(frozen=True)
class Document:
    """A stack file that can be: the network it declares, and warnings."""

    file: str
    network: Network
    numbers: dict[str, Number]
    #: With the text of their files.
    agents: dict[str, Agent]
    warnings: list[Finding]
    lines: dict[str, int]


def read(path: Path, instructions: Callable[[str], str] | None = None) -> Document:
    """Read and check a stack file; makes no request. Raises Refused with every finding, never a value of a secret.

    ``instructions`` reads the files that agents name, by their path from the project's root; left out: from its folder.
    """
    found = _Reader(str(path), _load(path), instructions or partial(prose.text, _root(path))).document()
    _log.debug("%s is read: numbers %d, agents %d", path, len(found.numbers), len(found.agents))
    return found


def _load(path: Path) -> CommentedMap:
    """The file as ruamel's tree, which knows the lines."""
    file = str(path)
    try:
        text = reading.text(path, advice="split it into several stacks")
    except reading.Unreadable as error:
        raise Refused([Finding(file, 1, "", str(error))]) from None
    if directive := re.search(r"^%YAML(?!\s+1\.2\s*$)", text, re.MULTILINE):  # it would win over `version`
        line = text.count("\n", 0, directive.start()) + 1
        raise Refused([Finding(file, line, "", "stack files are YAML 1.2: remove the %YAML line")])
    yaml = YAML(typ="rt")
    yaml.Scanner, yaml.Parser = Scanner, reading.BoundedParser  # those of `rt` also collect comments: a third more time
    yaml.version = (1, 2)  # pyright: ignore[reportAttributeAccessIssue]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an anchor that is used again
            tree: Any = yaml.load(text)  # pyright: ignore[reportUnknownMemberType]
    except Exception as error:  # ruamel raises KeyError, ValueError and more for values of the wrong form
        line, message = wording.unreadable(error)
        raise Refused([Finding(file, line, "", secrecy.one_line(message))]) from None
    if not isinstance(tree, CommentedMap):
        what = "is empty: it" if tree is None else "the file"
        raise Refused([Finding(file, 1, "", f"{what} must be a mapping with version and numbers")])
    return tree


class _Odd(Exception):
    """Something YAML can say and a stack file cannot."""

    def __init__(self, place: Location, message: str) -> None:
        self.place, self.message = place, message


class _Reader:
    """From the tree to the network, collecting findings."""

    def __init__(self, file: str, tree: CommentedMap, instructions: Callable[[str], str]) -> None:
        self._file, self._tree, self._instructions = file, tree, instructions
        self._findings: dict[Finding, None] = {}
        self._wrong = set[Location]()
        self._unrouted = set[Location]()

    def document(self) -> Document:
        network = self._network()
        self._crosschecked(network)
        agents = self._completed(network.agents)
        self._refuse_errors()
        lines = {key: self._found(("numbers", key))[0] for key in network.numbers}
        return Document(self._file, network, network.merged(), agents, self._sorted(), lines)

    def _crosschecked(self, network: Network) -> None:
        for remark in crosscheck.remarks(network, lambda place: self._found(place)[0]):
            self._add(remark.place, remark.message, remark.severity)

    def _completed(self, agents: Mapping[str, Agent]) -> dict[str, Agent]:
        """The agents with the instructions that stand in files of their own."""
        whole: dict[str, Agent] = {}
        for key, agent in agents.items():
            try:
                whole[key] = agent.complete(self._instructions)
            except ValueError as error:
                self._add(("agents", key, "instructions_file"), str(error))
        return whole

    def _network(self) -> Network:
        """Every entry right in itself, and what is between them where nothing else is wrong with them."""
        plain: dict[str, Any] = {}
        try:
            plain = _plain(self._tree, [_MAX_NODES])
        except _Odd as odd:
            self._add(odd.place, odd.message)
            self._refuse_errors()
        for section in ("agents", "numbers"):
            for key in _entries(plain, section):
                if not KEY.fullmatch(key):
                    self._add((section, key), BAD_KEY)
        for place, holder in self._holders(plain):
            self._route(place, holder)
        try:
            network = Network.model_validate(plain)
        except ValidationError as error:
            self._model_errors(Network, error)
            self._rest(plain)
            raise Refused(self._sorted()) from None
        self._coerced(plain, network, ())
        if self._wrong:
            self._rest(plain)
        self._refuse_errors()
        return network

    def _rest(self, plain: dict[str, Any]) -> None:
        """What is between the numbers that are right in themselves, where only numbers are wrong: all is said at once."""
        if any(len(place) < 2 or place[0] != "numbers" for place in self._wrong):
            return
        keys = {place[1] for place in self._wrong}
        numbers = {key: number for key, number in _entries(plain, "numbers").items() if key not in keys}
        try:
            network = Network.model_validate({**plain, "numbers": numbers})
        except ValidationError:  # what is wrong was said already
            return
        self._crosschecked(network)

    def _holders(self, plain: dict[str, Any]) -> Iterator[tuple[Location, dict[str, Any]]]:
        """Everything that may hold a route: the defaults, and each number."""
        if isinstance(plain.get("defaults"), dict):
            yield ("defaults",), plain["defaults"]
        for key, number in _entries(plain, "numbers").items():
            if isinstance(number, dict):
                yield ("numbers", key), cast(dict[str, Any], number)

    def _route(self, place: Location, holder: dict[str, Any]) -> None:
        """Each carrier brings its own class for ``route``; the model only holds the result."""
        given = holder.get("route")
        if given is None:
            return
        known, problem = _carrier(given)
        if known is None:
            has_carrier = isinstance(given, dict) and "carrier" in given
            self._add((*place, "route", "carrier") if has_carrier else (*place, "route"), problem)
            holder.pop("route")
            return
        try:
            route = known.route.model_validate(given)
        except ValidationError as error:
            self._model_errors(known.route, error, (*place, "route"))
            holder.pop("route")
            if "buy" in given:  # without its route the number seems to lack a number
                self._unrouted.add(place)
            return
        if place == ("defaults",) and getattr(route, "buy", None):
            self._add((*place, "route", "buy"), "is said for each number alone: write it in the route of the number")
        self._coerced(given, route, (*place, "route"))
        holder["route"] = route

    def _model_errors(self, model: type[BaseModel], error: ValidationError, prefix: Location = ()) -> None:
        for detail in spec.details(error):
            place, message = wording.worded(model, detail)
            if (*prefix, *place) in self._unrouted:
                continue
            self._add((*prefix, *place), message)

    def _coerced(self, given: Any, got: Any, place: Location) -> None:
        """Text that pydantic reads as true or as a number is a mistake in a file: YAML 1.2 reads `yes` as text."""
        if isinstance(got, BaseModel) and isinstance(given, Mapping):
            for name, value in cast(Mapping[str, Any], given).items():
                self._coerced(value, getattr(got, name), (*place, name))
        elif isinstance(got, Mapping):
            for name, value in cast(Mapping[str, Any], got).items():
                self._coerced(given[name], value, (*place, name))
        elif isinstance(got, tuple) and isinstance(given, list):
            for index, value in enumerate(cast(tuple[Any, ...], got)):
                self._coerced(given[index], value, (*place, index))
        elif isinstance(got, bool):
            if not isinstance(given, bool):
                self._add(place, f"must be true or false{wording.yes_or_no(given)}")
        elif isinstance(got, int) and isinstance(given, bool | str):
            self._add(place, "must be a whole number, without quotes")

    def _add(self, place: Location, message: str, severity: str = "error") -> None:
        if severity == "error":
            self._wrong.add(place)
        line, shown = self._found(place)
        path = ".".join(str(part) for part in shown)
        finding = Finding(self._file, line, secrecy.one_line(path), secrecy.one_line(message), severity)
        self._findings.setdefault(finding)

    def _refuse_errors(self) -> None:
        if self._wrong:
            raise Refused(self._sorted())

    def _sorted(self) -> list[Finding]:
        return sorted(self._findings, key=lambda finding: finding.line)

    def _found(self, place: Location) -> tuple[int, Location]:
        return positions.found(self._tree, place)


def _root(file: Path) -> Path:
    """The root of the project that a stack file is of: the nearest folder upward with a Pulumi.yaml, else its own."""
    folders = file.absolute().parents
    return next((folder for folder in folders if (folder / "Pulumi.yaml").is_file()), folders[0])


def _entries(plain: Mapping[str, Any], section: str) -> dict[str, Any]:
    """The entries of a section; none when it is not a mapping, which the model says."""
    found = plain.get(section)
    return cast(dict[str, Any], found) if isinstance(found, dict) else {}


def _carrier(given: Any) -> tuple[Carrier[Any] | None, str]:
    """The carrier a route names, or what is wrong with it."""
    names = ", ".join(registry.carriers())
    if not isinstance(given, dict) or "carrier" not in given:
        return None, f"must be a mapping with a carrier, such as {{carrier: twilio}}; installed: {names}"
    name = cast(dict[str, Any], given)["carrier"]
    if not isinstance(name, str):
        return None, f"must be the name of a carrier; installed: {names}"
    return registry.carriers().get(name), registry.no_carrier(name)


def _plain(node: Any, left: list[int], place: Location = ()) -> Any:
    """Plain Python values out of ruamel's, bounded: ``left`` counts down over the whole file."""
    left[0] -= 1
    if left[0] < 0 or len(place) > _MAX_DEPTH:
        raise _Odd(place[:2], "is too large or too deep: what an anchor stands for counts each time it is used")
    if isinstance(node, ScalarBoolean):
        return bool(node)
    if isinstance(node, bool | int | float) or node is None:
        return next((kind(node) for kind in (bool, int, float) if isinstance(node, kind)), None)
    tag = getattr(getattr(node, "tag", None), "value", None)
    if tag or isinstance(node, bytes | bytearray | set):
        raise _Odd(place, "has a YAML tag (!): tags have no meaning here, write it without")
    if isinstance(node, dict):
        return _mapping(cast(dict[Any, Any], node), left, place)
    if isinstance(node, list):
        return [_plain(value, left, (*place, index)) for index, value in enumerate(cast(list[Any], node))]
    text = str(node)
    if re.search(r"[\ud800-\udfff]", text):
        raise _Odd(place, "holds half a character (a lone surrogate): write the character itself")
    return text


def _mapping(node: dict[Any, Any], left: list[int], place: Location) -> dict[str, Any]:
    plain: dict[str, Any] = {}
    for key, value in node.items():
        if not isinstance(key, str | int) or isinstance(key, bool | ScalarBoolean):
            raise _Odd(place, "a key in here is not text: put it in quotes")
        if str(key) in plain:
            raise _Odd((*place, str(key)), "this key stands here twice, with quotes and without: remove one")
        plain[str(key)] = _plain(value, left, (*place, str(key)))
    return plain
