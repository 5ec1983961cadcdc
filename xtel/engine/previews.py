"""Reads what the engine says of a preview: `pulumi preview --json`, or the event log (JSON lines). Pure.

The event log is the better source: it also has what stays the same, and what policy packs found.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from providers.kernel.errors import InputError
from xtel.engine.operation import Operation, parsed

#: Inputs that say nothing about what is declared.
INTERNAL = frozenset({"__provider", "blocked", "dry_run", "account"})
#: The beginning of events that no plan reads, as the engine writes them: two thirds of its log.
_UNREAD = re.compile(
    r'\{"sequence":\d+,"timestamp":\d+,"(?:resOutputsEvent"|diagnosticEvent":\{[^{}]*"severity":"debug")'
)


@dataclass(frozen=True)
class Step(Operation):
    """An operation that a preview announces."""

    protected: bool = False
    #: Paths that the engine itself saw differ: the only sign of a changed secret.
    differing: tuple[str, ...] = ()
    replaces: tuple[str, ...] = ()


@dataclass(frozen=True)
class Said:
    """A diagnostic."""

    severity: str
    text: str
    urn: str = ""


@dataclass(frozen=True)
class Violated:
    """A finding of a policy pack."""

    pack: str
    policy: str
    level: str
    text: str
    urn: str = ""


@dataclass(frozen=True)
class Preview:
    """All that a preview said."""

    steps: tuple[Step, ...]
    said: tuple[Said, ...] = ()
    failed: bool = False
    #: None where the source cannot tell whether policy packs ran.
    policy: tuple[Violated, ...] | None = None
    #: Whether resources that stay as they are were listed too.
    whole: bool = False


def read(text: str) -> Preview:
    """A preview from either form. Raises InputError for what is neither."""
    try:
        document: Any = parsed(text)
    except ValueError:
        return _events(_lines(text))
    if not isinstance(document, dict):
        raise _foreign("it is no JSON object")
    found = cast(dict[str, Any], document)
    return _events([found]) if "sequence" in found else _document(found)


def _lines(text: str) -> Iterator[dict[str, Any]]:
    for count, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or _UNREAD.match(line):
            continue
        try:
            event: Any = parsed(line)
        except ValueError:
            raise _foreign(f"line {count} is no JSON") from None
        if not isinstance(event, dict):
            raise _foreign(f"line {count} is no JSON object")
        yield cast(dict[str, Any], event)


def _foreign(why: str) -> InputError:
    return InputError(
        f"this is neither the output of `pulumi preview --json` nor an event log: {why}",
        step="pulumi preview --json > preview.json",
    )


def _document(found: Mapping[str, Any]) -> Preview:
    if not {"steps", "changeSummary", "diagnostics"} & found.keys():
        raise _foreign("it has no steps")
    said = tuple(
        Said(str(item.get("severity", "")), _message(item), str(item.get("urn") or ""))
        for item in found.get("diagnostics") or ()
        if not item.get("ephemeral")
    )
    steps = tuple(step(item, "oldState", "newState") for item in found.get("steps") or ())
    return Preview(steps, said, failed=any(item.severity == "error" for item in said))


def _events(events: Iterable[Mapping[str, Any]]) -> Preview:
    steps: list[Step] = []
    said: list[Said] = []
    violated: list[Violated] = []
    packs, result = False, ""
    for event in events:
        if pre := event.get("resourcePreEvent"):
            steps.append(step(pre["metadata"], "old", "new"))
        elif (told := event.get("diagnosticEvent")) and told.get("severity") != "debug" and not told.get("ephemeral"):
            said.append(Said(str(told.get("severity", "")), _message(told), str(told.get("urn") or "")))
        elif policy := event.get("policyEvent"):
            violated.append(_violated(policy))
        elif summary := event.get("summaryEvent"):
            packs, result = bool(summary.get("PolicyPacks")), str(summary.get("result", "succeeded"))
    if not steps and not said and not result:
        raise _foreign("it has no event of a preview")
    failed = result != "succeeded" or any(item.severity == "error" for item in said)
    policy = tuple(violated) if packs or violated else None
    return Preview(tuple(steps), tuple(said), failed, policy, whole=True)


def _violated(event: Mapping[str, Any]) -> Violated:
    return Violated(
        str(event.get("policyPackName", "")),
        str(event.get("policyName", "")),
        str(event.get("enforcementLevel", "")),
        _message(event),
        str(event.get("resourceUrn") or ""),
    )


def _message(item: Mapping[str, Any]) -> str:
    text = str(item.get("message", "")).strip()
    return text.removeprefix(f"{item.get('severity')}:").strip()


def step(item: Mapping[str, Any], before: str, after: str) -> Step:
    """One operation as the engine writes it, parsed and masked, with its states under the keys ``before`` and ``after``."""
    old, new = _state(item.get(before)), _state(item.get(after))
    differing: Mapping[str, Any] = item.get("detailedDiff") or {}
    op = str(item.get("op", ""))
    return Step(
        op=op,
        urn=str(item.get("urn", "")),
        old=_plain(old.get("inputs")),
        new=_plain(new.get("inputs")),
        old_outputs=_plain(old.get("outputs")),
        id=str(old.get("id") or ""),
        protected=bool((new or old).get("protect")),
        differing=tuple(sorted(differing)),
        replaces=tuple(item.get("replaceReasons") or item.get("keys") or ()),
    )


def _state(value: Any) -> Mapping[str, Any]:
    return cast(Mapping[str, Any], value) if isinstance(value, dict) else {}


def _plain(values: Any) -> dict[str, Any]:
    """The engine's values without what is internal; why something is refused is kept."""
    found = cast(dict[str, Any], values) if isinstance(values, dict) else {}
    return {key: value for key, value in found.items() if key not in INTERNAL or key == "blocked"}
