"""One step of the engine on one resource, and its diagnostics, as its events and its previews write them. Pure.

Values are the engine's: secrets are ``[secret]`` in a preview and a sentinel object in an event; what is not known yet is
one fixed string in both.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, cast

from providers.kernel.secrecy import MASK, one_line, redact, register
from stacks.resource import UNKNOWN as UNKNOWN  # noqa: PLC0414 -- part of the engine's language

_SECRET = "4dabf18193072939515e22adb298388d"  # noqa: S105 -- the engine's mark of a secret, no secret


#: The type of the stack itself, whose outputs are the stack's.
STACK = "pulumi:pulumi:Stack"
#: Inputs that say nothing about what is declared.
INTERNAL = frozenset({"__provider", "blocked", "dry_run", "account"})


@dataclass(frozen=True)
class Step:
    """What is done to one resource, or would be, with its inputs before and after."""

    op: str
    urn: str
    old: Mapping[str, Any] = field(default_factory=dict[str, Any])
    new: Mapping[str, Any] = field(default_factory=dict[str, Any])
    old_outputs: Mapping[str, Any] = field(default_factory=dict[str, Any])
    new_outputs: Mapping[str, Any] = field(default_factory=dict[str, Any])
    id: str = ""
    protected: bool = False
    #: Paths that the engine itself saw differ: the only sign of a changed secret.
    differing: tuple[str, ...] = ()
    replaces: tuple[str, ...] = ()
    #: It has come to its end; a step of an event log that has only begun has not.
    done: bool = False
    #: A preview says it.
    planned: bool = False

    @cached_property
    def type(self) -> str:
        """``twilio:Trunk``; for components and the stack the whole type."""
        return type_of(self.urn)

    @cached_property
    def name(self) -> str:
        """The resource's name, such as ``+14155550100/trunk``."""
        return name_of(self.urn)


@dataclass(frozen=True)
class Diagnostic:
    """What the engine or a provider says of a resource, or of the run; ``ephemeral``: progress that no log keeps."""

    severity: str
    text: str
    urn: str = ""
    ephemeral: bool = False


def step_of(item: Mapping[str, Any], before: str, after: str) -> Step:
    """One step as the engine writes it, parsed and masked, with its states under the keys ``before`` and ``after``."""
    old, new = _state(item.get(before)), _state(item.get(after))
    differing: Mapping[str, Any] = item.get("detailedDiff") or {}
    return Step(
        op=str(item.get("op", "")),
        urn=str(item.get("urn", "")),
        old=_plain(old.get("inputs")),
        new=_plain(new.get("inputs")),
        old_outputs=_plain(old.get("outputs")),
        new_outputs=_plain(new.get("outputs")),
        id=str(old.get("id") or new.get("id") or ""),
        protected=bool((new or old).get("protect")),
        differing=tuple(sorted(differing)),
        replaces=tuple(item.get("replaceReasons") or item.get("keys") or ()),
    )


def diagnostic_of(item: Mapping[str, Any]) -> Diagnostic:
    """One diagnostic as the engine writes it."""
    severity = str(item.get("severity", ""))
    return Diagnostic(severity, message_of(item), str(item.get("urn") or ""), bool(item.get("ephemeral")))


def message_of(item: Mapping[str, Any]) -> str:
    """The text of a diagnostic or of a policy's finding, without the severity that the engine writes before it."""
    text = str(item.get("message", "")).strip()
    return said(text.removeprefix(f"{item.get('severity')}:"))


def said(text: str) -> str:
    """What was said of a resource, or of the run, without what the engine writes before it in a preview."""
    return text.strip().removeprefix("Preview failed:").strip()


def _state(value: Any) -> Mapping[str, Any]:
    return cast(Mapping[str, Any], value) if isinstance(value, dict) else {}


def _plain(values: Any) -> dict[str, Any]:
    """The engine's values without what is internal; why something is refused is kept."""
    found = cast(dict[str, Any], values) if isinstance(values, dict) else {}
    return {key: value for key, value in found.items() if key not in INTERNAL or key == "blocked"}


def type_of(urn: str) -> str:
    """The type at the end of a URN's chain of types: ``twilio:Trunk``."""
    parts = urn.split("::", 3)
    return parts[2].rpartition("$")[2].removeprefix("pulumi-python:dynamic/") if len(parts) == 4 else ""


def name_of(urn: str) -> str:
    """The resource's name at the end of a URN."""
    return urn.split("::", 3)[-1]


def is_object(urn: str) -> bool:
    """Whether it is an object at a vendor, not a component or the engine's own."""
    return "dynamic/" in urn


def object_of(urn: str) -> str:
    """Vendor and kind, as a person says it: ``twilio Trunk``."""
    return type_of(urn).replace(":", " ")


def group_of(urn: str) -> str:
    """The number, or the key of one that has no number yet, that a resource belongs to; for shared ones their carrier."""
    return one_line(name_of(urn).split("/", maxsplit=1)[0])


def parsed(text: str | bytes) -> Any:
    """JSON of the engine with one mask for every secret in it, whether the engine marked it or its shape shows it."""
    return _JSON.decode(text if isinstance(text, str) else text.decode())


def revealed(text: str) -> Any:
    """The same with every secret as it is; each is kept out of every text from then on."""
    return json.loads(text, object_hook=_opened)


def _opened(found: dict[str, Any]) -> Any:
    if _SECRET not in found or "plaintext" not in found:
        return found
    value: Any = json.loads(str(found["plaintext"]))
    register(value)
    return value


def _masked(found: dict[str, Any]) -> Any:
    """One object of it; the objects that stand in it are masked already."""
    if _SECRET in found:
        return MASK
    for name, value in found.items():
        if type(value) is str:  # JSON has no other texts; of this there are a hundred thousand
            found[name] = redact(value)
        elif type(value) is list:
            found[name] = _redacted(cast(list[Any], value))
    return found


def _redacted(value: Any) -> Any:
    if isinstance(value, list):
        return [_redacted(item) for item in cast(list[Any], value)]
    return redact(value) if isinstance(value, str) else value


_JSON = json.JSONDecoder(object_hook=_masked)
