"""One operation of the engine on one resource, as its events and its previews say it. Pure.

Values are the engine's: secrets are ``[secret]`` in a preview and a sentinel object in an event; what is not known yet is
one fixed string in both.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, cast

from providers.kernel.secrecy import MASK, redact

#: What the engine writes for a value that is not known yet.
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
_SECRET = "4dabf18193072939515e22adb298388d"  # noqa: S105 -- the engine's mark of a secret, no secret


@dataclass(frozen=True)
class Operation:
    """What is done to one resource, with its inputs before and after."""

    op: str
    urn: str
    old: Mapping[str, Any] = field(default_factory=dict[str, Any])
    new: Mapping[str, Any] = field(default_factory=dict[str, Any])
    old_outputs: Mapping[str, Any] = field(default_factory=dict[str, Any])
    id: str = ""

    @cached_property
    def type(self) -> str:
        """``twilio:Trunk``; for components and the stack the whole type."""
        return type_of(self.urn)

    @cached_property
    def name(self) -> str:
        """The resource's name, such as ``+14155550100/trunk``."""
        return name_of(self.urn)


def type_of(urn: str) -> str:
    """The type at the end of a URN's chain of types: ``twilio:Trunk``."""
    parts = urn.split("::", 3)
    return parts[2].rpartition("$")[2].removeprefix("pulumi-python:dynamic/") if len(parts) == 4 else ""


def name_of(urn: str) -> str:
    """The resource's name at the end of a URN."""
    return urn.split("::", 3)[-1]


def parsed(text: str | bytes) -> Any:
    """JSON of the engine with one mask for every secret in it, whether the engine marked it or its shape shows it."""
    return _JSON.decode(text if isinstance(text, str) else text.decode())


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
