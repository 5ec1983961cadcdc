"""What differs between the plan that was reviewed and the plan of now, a line a difference. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from providers.kernel.wording import counted
from xtel.review.plan.model import Drift, ObjectPlan, Review
from xtel.review.report import view

#: One screen of a terminal.
_LINES = 20
_NOW, _WAS, _SAME = "now    ", "was    ", "       "


def differing(before: Review | None, after: Review) -> list[str]:
    """The differences; where the reviewed plan is not at hand, what the plan of now changes, on one screen."""
    if before is None:
        lines = [
            text
            for item in after.plan.objects
            for text in (f"{_NOW}{view.headline(item, item.name).rstrip()}", *_values(item))
        ]
        return [f"{view.worded(after)} · {after.headline} · {view.counts(after.plan)}", *_cut(lines)]
    lines = [*_objects(before, after), *_drift(before, after), *_findings(before, after)]
    if not lines:
        return ["the plan changes the same; a file that its checksum binds, the program or a known id is another"]
    return [f"{counted(len(lines), 'line')} of the plan differ from what was reviewed", *_cut(lines)]


def _cut(lines: list[str]) -> list[str]:
    rest = len(lines) - _LINES
    return lines if rest <= 0 else [*lines[:_LINES], f"{_SAME}and {counted(rest, 'line')} more: xtel plan shows all"]


def _values(item: ObjectPlan) -> Iterator[str]:
    if item.op != "create":
        yield from (f"{_SAME}{sign} {text}" for change in item.changes for sign, text in view.changed(change))


def _objects(before: Review, after: Review) -> Iterator[str]:
    """Objects of which another thing becomes than was reviewed, with what differs."""
    old = {item.urn: item for item in before.plan.objects}
    new = {item.urn: item for item in after.plan.objects}
    for urn in [*old, *(urn for urn in new if urn not in old)]:
        was, now = old.get(urn), new.get(urn)
        if was and now and (was.op, was.blocked) == (now.op, now.blocked):
            yield from _changes(was, now)
        elif was != now:
            yield (
                f"{_WAS}{view.headline(was, was.name).rstrip()}"
                if was
                else f"{_NOW}{view.headline(now, now.name).rstrip()}"
                if now
                else ""
            )
            if was and now:
                yield f"{_NOW}{view.headline(now, now.name).rstrip()}"
            if now:
                yield from _values(now)
            elif was:
                yield f"{_NOW}{was.type:<24} {was.name:<32} nothing changes"


def _changes(was: ObjectPlan, now: ObjectPlan) -> Iterator[str]:
    for head, one, other in ((_WAS, was, now), (_NOW, now, was)):
        for change in one.changes:
            if change not in other.changes:
                for sign, text in view.changed(change):
                    yield f"{head}{one.type} {one.name} {sign}{text}"


def _drift(before: Review, after: Review) -> Iterator[str]:
    """What was changed outside since; a plan that was not refreshed knew nothing of it."""
    for item in after.plan.drift:
        if item not in before.plan.drift:
            yield f"{_NOW}{_outside(item)}"
    for item in before.plan.drift:
        if item not in after.plan.drift:
            yield f"{_WAS}{_outside(item)}"


def _outside(item: Drift) -> str:
    told = f"{item.path}: {item.declared or '—'} → {item.live or '—'}" if item.path else "gone"
    return f"changed outside: {item.type} {item.name} {told}"


def _findings(before: Review, after: Review) -> Iterator[str]:
    known = {(item.rule, item.number, item.what, bool(item.accepted)) for item in before.findings}
    for item in after.findings:
        if item.level != "note" and (item.rule, item.number, item.what, bool(item.accepted)) not in known:
            yield f"{_NOW}{item.level}: {item.number or 'stack'}: {item.what}"
