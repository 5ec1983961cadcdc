"""`xtel ranges`: published signaling ranges; and moving the names in a stack file to the newest of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, cast

from ruamel.yaml.nodes import Node, ScalarNode

from providers.kernel import ranges, registry, values
from providers.kernel.capabilities import Table
from providers.kernel.reconciler import Reconciler
from providers.kernel.session import Session
from stacks import document, graph, positions
from xtel import terminal
from xtel.engine import state
from xtel.project import layout, sandbox

#: What is registered by E.164: the state's ``sip_auth``.
Registered = Mapping[str, Mapping[str, Any]]


def show() -> None:
    """Every published table, readable at 80 columns."""
    rows = [(f"{table.label}\n@{table.read}", _cell(table)) for table in sorted(ranges.tables(), key=lambda t: t.dated)]
    least = (max(len(part) for name, _ in rows for part in name.split("\n")), 20)
    terminal.table(("NAME\nREAD ON", "NETWORKS\nSOURCE"), rows, least)


def _cell(table: Table) -> str:
    """Three networks a line, then where they were read."""
    lines = [table.cidrs[at : at + 3] for at in range(0, len(table.cidrs), 3)]
    return "\n".join(["".join(f"{cidr:<19}" for cidr in line).rstrip() for line in lines] + [table.source])


def as_json() -> list[dict[str, Any]]:
    """For ``--json``."""
    return [_table(table) for table in sorted(ranges.tables(), key=lambda table: table.dated)]


def _table(table: Table) -> dict[str, Any]:
    told = {"name": table.label, "dated": table.dated, "read": table.read.isoformat()}
    return {**told, "source": table.source, "networks": list(table.cidrs)}


@dataclass(frozen=True)
class Move:
    """A name in the file that gets another date; ``start`` and ``end`` are where it stands in the text."""

    line: int
    path: str
    old: str
    new: str
    start: int
    end: int


@dataclass(frozen=True)
class Effect:
    """What that means for one number. ``registered`` is None where nobody could be asked what is registered."""

    key: str
    number: str
    carrier: str
    #: The allowlist stands in the file; else the carrier's own is taken, and there is no name to move.
    declared: bool
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    kept: int = 0
    registered: bool | None = None
    replaced: bool = False

    @property
    def differs(self) -> bool:
        """Whether other networks may call than before."""
        return bool(self.added or self.removed)

    @property
    def networks(self) -> list[str]:
        """The change, one network a line."""
        lines = [*(f"+ {cidr}" for cidr in self.added), *(f"- {cidr}" for cidr in self.removed)]
        return lines or [f"the same {self.kept} networks"]

    @property
    def meaning(self) -> list[str]:
        """What an apply of it would do to the registration."""
        if self.registered is False:
            return ["not registered yet: nothing is replaced"]
        if not self.replaced:
            return ["nothing is replaced"]
        return [
            "pulumi up re-registers it: an outage, and a new signing secret",
            f"consent: `replace: accept` on the number, or XTEL_ALLOW_REPLACE={self.number}",
        ]


@dataclass(frozen=True)
class Update:
    """A stack file and the same with newer names."""

    file: Path
    text: str
    moves: tuple[Move, ...]
    effects: tuple[Effect, ...]

    @property
    def moved(self) -> list[Effect]:
        """Numbers whose names move."""
        return [effect for effect in self.effects if effect.declared]

    def as_json(self, *, written: bool) -> dict[str, Any]:
        """For ``--json``."""
        moves = [{"line": move.line, "path": move.path, "from": move.old, "to": move.new} for move in self.moves]
        numbers = [asdict(effect) for effect in self.effects]
        return {"file": str(self.file), "written": written, "changes": moves, "numbers": numbers}


def registered(found: layout.Project, stack: str) -> Registered:
    """What the state says is registered, by E.164; raises cli.PulumiUnavailable where Pulumi cannot be asked."""
    known: dict[str, Mapping[str, Any]] = {}
    for resource in state.of(stack, found.root, sandbox.reading(found, stack)).resources:
        auth: Any = resource.outputs.get("sip_auth") or {}
        if resource.type == graph.REGISTRATION and "allowed_addresses" in auth:
            known[str(resource.outputs.get("phone_number"))] = auth
    return known


def compare(file: Path, known: Registered | None) -> Update:
    """What the newest tables would change in a stack file; ``known`` is what is registered, None if nobody can say."""
    found = document.read(file)
    text = file.read_bytes().decode("utf-8")
    moves = tuple(_moves(text))
    effects: list[Effect] = []
    for key, number in found.numbers.items():
        auth: Mapping[str, Any] = graph.registration(graph.of_number(key, number)).inputs.get("sip_auth") or {}
        allow: list[str] = [entry.lower() for entry in auth.get("allow") or ()]
        new = [_newest(entry) for entry in allow]
        delivers = number.route.delivers if number.route else ""
        if number.number and new != allow:
            declared = number.auth is not None
            named = Effect(key, number.number, delivers, declared)
            effect = _effect(named, allow, new, known)
            effects += [effect] if declared or effect.differs else []
    return Update(file, text, moves, tuple(effects))


def _effect(named: Effect, old: list[str], new: list[str], known: Registered | None) -> Effect:
    state = (known or {}).get(named.number)
    before = state or {"allow": sorted(old), "allowed_addresses": list(ranges.resolve(old))}
    had, gets = set(before["allowed_addresses"]), set(ranges.resolve(new))
    registered = None if known is None else state is not None
    return replace(
        named,
        added=values.cidrs(gets - had),
        removed=values.cidrs(had - gets),
        kept=len(gets & had),
        registered=registered,
        replaced=registered is not False and _replaces(named.number, before, new),
    )


def _replaces(number: str, before: Mapping[str, Any], allow: list[str]) -> bool:
    """Whether `pulumi up` would re-register the number: asked of what it would ask itself. Makes no request."""
    xai = registry.vendor("xai")
    asked = Reconciler(xai.object("PhoneNumber"), Session(xai, lambda key: None))
    fixed = {"origin": "byo_trunk", "name": number, "phone_number": number}
    old = {**fixed, "sip_auth": dict(before)}
    return bool(asked.diff(old, asked.check(old, {**fixed, "sip_auth": {"allow": allow}}).inputs).replaces)


def _newest(entry: str) -> str:
    return ranges.newest(entry).dated if ranges.is_name(entry) else entry


def _moves(text: str) -> Iterator[Move]:
    """Names in allowlists that are not the newest dated one; what an anchor brings in again stands only once."""
    root = positions.compose(text)
    seen: set[int] = set()
    for path, node in _entries(root):
        start, end = cast(Any, node.start_mark), cast(Any, node.end_mark)
        written = str(cast(Any, node).value)
        name = written.strip().lower()
        if start.index in seen or not ranges.is_name(name) or _newest(name) == name:
            continue
        seen.add(start.index)
        yield Move(start.line + 1, f"{path}.auth.allow", written, _newest(name), start.index, end.index)


def _entries(root: Node | None) -> Iterator[tuple[str, ScalarNode]]:
    """Every entry of an allowlist, with the defaults or the number that it belongs to."""
    holders = [("defaults", positions.child(root, "defaults"))]
    holders += [(f"numbers.{key.value}", value) for key, value in positions.pairs(positions.child(root, "numbers"))]
    for path, holder in holders:
        for entry in positions.items(positions.child(positions.child(holder, "auth"), "allow")):
            if isinstance(entry, ScalarNode):
                yield path, entry


def unnamed(effect: Effect) -> str:
    """A number that takes its carrier's ranges without naming them keeps what it was registered with."""
    return (
        f"{effect.key}: {effect.carrier} publishes other networks than it is registered with "
        f"({', '.join(effect.networks)}); to move it write `auth: {{allow: [{effect.carrier}]}}` and run this again"
    )


def group(name: str) -> str:
    """Who publishes a range: `telnyx` of `telnyx:europe`, `twilio` of `twilio@2026-11-21`."""
    return name.partition("@")[0].partition(":")[0]
