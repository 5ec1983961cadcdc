"""Reads what the engine says of a preview: `pulumi preview --json`, or the event log (JSON lines). Pure.

The event log is the better source: it also has what stays the same, and what policy packs found.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from providers.kernel import log
from providers.kernel.errors import InputError
from xtel.engine.step import Diagnostic, Step, diagnostic_of, message_of, parsed, step_of

#: The beginning of events that no plan reads, as the engine writes them: two thirds of its log.
_UNREAD = re.compile(
    r'\{"sequence":\d+,"timestamp":\d+,"(?:resOutputsEvent"|diagnosticEvent":\{[^{}]*"severity":"debug")'
)


@dataclass(frozen=True)
class PolicyEvent:
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
    diagnostics: tuple[Diagnostic, ...] = ()
    failed: bool = False
    #: None where the source cannot tell whether policy packs ran.
    policy: tuple[PolicyEvent, ...] | None = None
    #: Whether resources that stay as they are were listed too.
    whole: bool = False
    #: URNs of the steps that no engine said: they are what the state and the stack file have.
    recalled: frozenset[str] = frozenset()


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
    diagnostics = tuple(diagnostic_of(item) for item in found.get("diagnostics") or () if _said(item))
    steps = tuple(_step(item, "oldState", "newState") for item in found.get("steps") or ())
    return Preview(steps, diagnostics, failed=any(item.severity == "error" for item in diagnostics))


def _events(events: Iterable[Mapping[str, Any]]) -> Preview:
    steps: list[Step] = []
    diagnostics: list[Diagnostic] = []
    found: list[PolicyEvent] = []
    packs, result = False, ""
    for event in events:
        if pre := event.get("resourcePreEvent"):
            steps.append(_step(pre["metadata"], "old", "new"))
        elif (told := event.get("diagnosticEvent")) and _said(told):
            diagnostics.append(diagnostic_of(told))
        elif policy := event.get("policyEvent"):
            found.append(_policy_event(policy))
        elif summary := event.get("summaryEvent"):
            packs, result = bool(summary.get("PolicyPacks")), str(summary.get("result", "succeeded"))
    if not steps and not diagnostics and not result:
        raise _foreign("it has no event of a preview")
    failed = result != "succeeded" or any(item.severity == "error" for item in diagnostics)
    policy = tuple(found) if packs or found else None
    return Preview(tuple(steps), tuple(diagnostics), failed, policy, whole=True)


def _step(item: Mapping[str, Any], before: str, after: str) -> Step:
    """One step; what names no resource is none, and must not read as "nothing changes"."""
    found = step_of(item, before, after)
    if not found.op or found.urn.count("::") < 3:
        raise _foreign("a step has no operation or no URN")
    return found


def _said(item: Mapping[str, Any]) -> bool:
    """Whether a diagnostic is part of the result: progress and the log are not."""
    return not item.get("ephemeral") and item.get("severity") != "debug" and not log.is_line(message_of(item))


def _policy_event(event: Mapping[str, Any]) -> PolicyEvent:
    return PolicyEvent(
        str(event.get("policyPackName", "")),
        str(event.get("policyName", "")),
        str(event.get("enforcementLevel", "")),
        message_of(event),
        str(event.get("resourceUrn") or ""),
    )
