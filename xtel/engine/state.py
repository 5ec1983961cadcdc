"""What a stack's state holds, as Pulumi exports it: the one place that knows its form. Secrets in it are masked."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from providers.kernel import secrecy
from stacks.graph import PASSWORD
from stacks.resource import NUMBER, Resource
from xtel.engine import backends, cli, step
from xtel.engine.step import is_object, name_of, parsed, type_of


@dataclass(frozen=True)
class Pending:
    """An operation that was begun and never ended; ``kind`` is ``creating`` and the like."""

    urn: str
    kind: str


@dataclass(frozen=True)
class State:
    """The resources of a stack as they were applied, and what was left open."""

    resources: tuple[Resource, ...] = ()
    pending: tuple[Pending, ...] = ()
    #: The stack's own outputs.
    outputs: Mapping[str, Any] = field(default_factory=dict[str, Any])

    @property
    def labels(self) -> dict[str, str]:
        """The keys under which numbers were applied, by E.164, or by key while there is none."""
        numbers: Any = self.outputs.get("numbers")
        entries = cast(dict[str, Any], numbers) if isinstance(numbers, dict) else {}
        return {str(entry.get("number") or key): key for key, entry in entries.items() if isinstance(entry, dict)}  # pyright: ignore[reportUnknownArgumentType, reportUnknownMemberType]


@dataclass(frozen=True)
class Forgotten:
    """A secret output of resources, the stack's own output that repeats it by key, and the keys that go."""

    output: str
    of_stack: str
    keys: frozenset[str]


def of(stack: str, root: Path, environment: Mapping[str, str]) -> State:
    """The state of a stack; empty for one never applied, or destroyed.

    Raises cli.PulumiUnavailable where Pulumi cannot be asked, or the state is empty without a destroy.
    """
    found = read(cli.run(["stack", "export", "--stack", stack], root, environment))
    if not found.resources and (damage := backends.damage(stack, root, environment)):
        raise cli.PulumiUnavailable(
            f"the state of {stack} {damage.what}; there is {damage.copy}", step=f"xtel recover {stack}"
        )
    return found


def revealed(stack: str, root: Path, environment: Mapping[str, str]) -> State:
    """The state with its secrets in it, for who places calls as the stack's carriers and receives them as its application.

    They are kept out of every text from then on. Raises cli.PulumiUnavailable where Pulumi cannot be asked.
    """
    text = cli.run(["stack", "export", "--show-secrets", "--stack", stack], root, environment)
    return _held(step.revealed(text))


def made_password(stack: str, root: Path, environment: Mapping[str, str], number: str) -> str:
    """The digest password that was made for a number, for a file of its owner; empty while there is none.

    It is kept out of every text from then on. Raises cli.PulumiUnavailable where Pulumi cannot be asked.
    """
    text = cli.run(["stack", "export", "--show-secrets", "--stack", stack], root, environment)
    deployment: Mapping[str, Any] = json.loads(text).get("deployment") or {}
    entries: list[Mapping[str, Any]] = deployment.get("resources") or []
    for item in entries:
        urn = str(item["urn"])
        if type_of(urn) == PASSWORD and name_of(urn) == f"{number}/password" and not item.get("delete"):
            value = str(json.loads(item["outputs"]["value"]["plaintext"]))
            secrecy.register(value)
            return value
    return ""


def read(text: str) -> State:
    """A state as `pulumi stack export` prints it."""
    return _held(parsed(text))


def _held(told: Any) -> State:
    deployment: Mapping[str, Any] = told.get("deployment") or {}
    entries: list[Mapping[str, Any]] = deployment.get("resources") or []
    outputs: list[Any] = [item.get("outputs") for item in entries if item.get("type") == "pulumi:pulumi:Stack"]
    pending = tuple(
        Pending(str(item["resource"]["urn"]), str(item["type"])) for item in deployment.get("pending_operations") or ()
    )
    return State(tuple(_resources(entries)), pending, next(iter(outputs), None) or {})


def _resources(entries: list[Mapping[str, Any]]) -> Iterator[Resource]:
    """Numbers and the objects at vendors. What waits to be deleted after its replacement, or was deleted before it, is no
    part of the network.
    """
    for item in entries:
        urn = str(item["urn"])
        if item.get("delete") or item.get("pendingReplacement") or not (is_object(urn) or type_of(urn) == NUMBER):
            continue
        parent = str(item.get("parent") or "")
        holder = name_of(parent) if type_of(parent) == NUMBER else ""
        yield Resource(
            name_of(urn),
            type_of(urn),
            item.get("inputs") or {},
            holder,
            shared=not holder and "/" in name_of(urn),
            protect=bool(item.get("protect")),
            id=str(item.get("id") or ""),
            outputs=item.get("outputs") or {},
            urn=urn,
        )


def without(
    stack: str, root: Path, environment: Mapping[str, str], urns: Collection[str], forgotten: Forgotten
) -> None:
    """Takes an output of some resources out of the state, and their entries out of the stack's own output of it.

    The engine keeps a run of the same stack from beginning while the state is put back. Raises cli.PulumiUnavailable.
    """
    told: Any = json.loads(cli.run(["stack", "export", "--show-secrets", "--stack", stack], root, environment))
    deployment: dict[str, Any] = told.get("deployment") or {}
    entries: list[dict[str, Any]] = deployment.get("resources") or []
    for item in entries:
        outputs: dict[str, Any] = item.get("outputs") or {}
        if item["urn"] in urns:
            outputs.pop(forgotten.output, None)
        elif item.get("type") == "pulumi:pulumi:Stack" and forgotten.of_stack in outputs:
            sealed = outputs[forgotten.of_stack]
            shown = {key: value for key, value in json.loads(sealed["plaintext"]).items() if key not in forgotten.keys}
            sealed["plaintext"] = json.dumps(shown)
    cli.run(["stack", "import", "--stack", stack], root, environment, given=json.dumps(told))
