"""From a preview to a plan: per number before and after, per object what changes, drift, bundles. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, cast

from providers.kernel import secrecy, spec
from providers.kernel.secrecy import one_line
from stacks import callpath, graph
from stacks.destinations import SecretDestination
from xtel.engine.previews import Preview
from xtel.engine.step import STACK, UNKNOWN, Step, name_of, type_of
from xtel.review.plan import calls, changes, exposure, handed, price
from xtel.review.plan.calls import Group, Part
from xtel.review.plan.model import (
    BundlePlan,
    Drift,
    Kind,
    Message,
    NumberPlan,
    ObjectPlan,
    Plan,
    Replacement,
    Secret,
    Side,
    Violation,
)

#: What our own program says when it refuses: the refusals themselves are on the resources.
_REFUSED = re.compile(
    r"^\d+ changes? refused|program exited with non-zero exit code|^preview failed$|marked for protection|is protected"
)
#: What the engine says of an object that ``protect: true`` keeps.
_PROTECTED = re.compile(r"marked for protection|is protected")
#: How the engine names a resource.
_URN = re.compile(r'(?:resource )?"?(urn:pulumi:[^"\s]+)"?')
#: How the program passes on a warning about the stack file.
_ABOUT = re.compile(r"^\S+:\d+: (?:warning: )?numbers\.([^.:\s]+)(?:\.[\w.]+)?: ")
_UNSAID = "the preview failed without saying why (what policy packs found is in the event log alone)"


@dataclass(frozen=True)
class DeclaredNumber:
    """What the stack file adds to a plan: a number's label, its line, the config secret of its digest, its agent."""

    key: str
    line: int
    password: str = ""
    agent: str = ""


@dataclass(frozen=True)
class Context:
    """What a preview does not say: whose it is, and what the stack file holds."""

    stack: str
    file: str = ""
    #: By E.164, or key while there is none.
    declared: Mapping[str, DeclaredNumber] = field(default_factory=dict[str, DeclaredNumber])
    source: Literal["engine", "preview file", "stack files"] = "engine"
    compared: str = ""
    refreshed: bool = False
    checksum: str = ""
    prices: tuple[price.Price, ...] = ()
    #: What the stack file calls the secrets that a preview masks, and where each goes.
    secrets: tuple[SecretDestination, ...] = ()


def build(preview: Preview, context: Context) -> Plan:
    """The plan of a preview."""
    found = calls.parts(preview)
    named, shared = calls.groups(found, preview)
    agents = calls.agents(preview)
    numbers = [_number(group, shared, preview, agents, context) for group in named.values()]
    answered = _answered(found, context)
    objects = [_object(part, context, answered, preview) for part in found if part.op != "same"]
    exported = _exported(preview)
    if preview.failed and not preview.recalled:
        numbers = list(_recorded(numbers, exported, context))
    touched = [number for number in numbers if number.kind != "unchanged" or _touched(named.get(number.name))]
    why = _why_incomplete(preview, objects)
    before = Counter(name for number in numbers if number.before for name in number.before.carriers)
    applied = Counter(carrier for _, _, carrier, _ in exported.values())
    if not preview.whole or preview.failed:
        before = applied or before
    ops = Counter(item.op for item in objects)
    return Plan(
        stack=context.stack,
        source=context.source,
        file=context.file,
        compared=context.compared,
        complete=not why,
        why_incomplete=why,
        ops={op: ops.get(op, 0) for op in ("create", "update", "replace", "delete")},
        numbers=tuple(sorted(touched, key=lambda number: number.name)),
        labels=_labels(numbers, exported, context),
        total=max(len(numbers), len(context.declared), len(exported)),
        carriers=dict(sorted(before.items())),
        objects=tuple(objects),
        secrets=handed.compared(found, context.secrets, whole=preview.whole, masked=context.source != "stack files"),
        drift=tuple(sorted(_drift(preview), key=lambda item: (not item.number, item.number, item.name, item.path))),
        refreshed=context.refreshed or any(step.op == "refresh" for step in preview.steps),
        bundles=tuple(_bundles(found, context.stack)),
        messages=tuple(_messages(preview, found, context)),
        policy=_policy(preview),
        checksum=context.checksum,
    )


def _touched(group: Group | None) -> bool:
    return group is not None and any(part.op != "same" for part in group.parts)


# -- numbers -----------------------------------------------------------------------------------------------------------


def _number(
    group: Group, shared: list[Part], preview: Preview, known: Mapping[str, str], context: Context
) -> NumberPlan:
    said = context.declared.get(group.name)
    agents = {UNKNOWN: said.agent if said else "", **known}
    before = calls.side(group, shared, "before", agents, whole=preview.whole)
    moved = any(part.old is not part.new for part in [*group.parts, *shared])
    after = calls.side(group, shared, "after", agents, whole=preview.whole) if moved or group.stays else before
    kind = _kind(group, before, after, shared)
    replaced = next((_replacement(part) for part in group.parts if part.op == "replace" and _registers(part)), None)
    return NumberPlan(
        name=secrecy.one_line(group.name),
        e164=group.e164 if group.e164 not in {group.name, "…"} else "",
        key=said.key if said else "",
        line=said.line if said else 0,
        kind=kind,
        before=before,
        after=after,
        two_routes=bool(after and len(after.carriers) > 1),
        widened=exposure.widened(before, after),
        lost=tuple(exposure.lost(before, after)),
        signing_secret=_signing(group),
        password=_password(group),
        password_ref=said.password if said else "",
        returns_to=_returns(group),
        bought=_bought(group, preview),
        left=next((left for part in group.parts if (left := _left(part))), ""),
        replacement=replaced,
        outage=_outage(kind, replaced),
        cost=price.cost(group, context.prices),
    )


def _registers(part: Part) -> bool:
    return any(said and said.registers for said in (part.before, part.after))


def _kind(group: Group, before: Side | None, after: Side | None, shared: list[Part]) -> Kind:
    rang, rings = bool(before and before.rings), bool(after and after.rings)
    if rang and not rings:
        gone = any(part.op == "delete" and part.before and part.before.releases for part in group.parts)
        return "released" if gone else "loses inbound"
    if rings and not rang:
        return "gains inbound"
    if before and after and (_way(before) != _way(after) or exposure.rewired(before, after)):
        return "rerouted"
    return "changed" if before != after or _touched(group) else "unchanged"


def _way(side: Side) -> tuple[Any, ...]:
    return side.carriers, side.targets, side.webhook, side.agent


def _outage(kind: Kind, replaced: Replacement | None) -> str:
    if replaced:
        return replaced.loss
    return {
        "rerouted": "new calls go the new way once each step is done; what happens to calls in progress is not known",
        "loses inbound": "from the moment its way is gone",
        "released": "from the moment its way is gone",
    }.get(kind, "")


def _signing(group: Group) -> Secret:
    """The webhook's signing secret is made with the registration, and lives as long."""
    part = next((part for part in group.parts if _registers(part)), None)
    if part is None:
        return "none"
    had, has = bool(part.before and part.before.webhook), bool(part.after and part.after.webhook)
    if part.op == "replace" and has:
        return "renewed" if had else "made"
    return _secret(had, has)


def _password(group: Group) -> Secret:
    """The digest's password: made here, or the config secret that was changed."""
    if any(
        "password" in path.lower() for part in group.parts if part.op != "same" for path in changes.secretly(part.step)
    ):
        return "renewed"
    part = next((part for part in group.parts if part.step.type == "xai:Password"), None)
    if part is None:
        return "none"
    return "renewed" if part.op == "replace" else _secret(part.op != "create", part.op != "delete")


def _secret(had: bool, has: bool) -> Secret:
    if had and has:
        return "kept"
    return "made" if has else "dropped" if had else "none"


def _bought(group: Group, preview: Preview) -> str:
    """The offer as the preview's search found it; without one at least that money is spent."""
    if not any(part.op == "create" and part.after and part.after.rents for part in group.parts):
        return ""
    own = {part.step.urn for part in group.parts}
    told = (said.text for said in preview.diagnostics if said.severity == "info" and said.urn in own)
    return one_line(next(told, "a number is bought for it"))


def _returns(group: Group) -> str:
    """What a detached number had before it was ours; the carrier's module puts it back."""
    for part in group.parts:
        if part.op == "delete" and part.before and part.before.takes:
            previous: Any = part.step.old_outputs.get("previous")
            values: list[Any] = (
                list(cast(dict[str, Any], previous).values()) if isinstance(previous, dict) else [previous]
            )
            shown = [str(value) for value in values if value and value != UNKNOWN]
            return one_line(", ".join(shown), changes.MAX_CHARACTERS)
    return ""


# -- objects -----------------------------------------------------------------------------------------------------------


def _object(part: Part, context: Context, answered: Mapping[str, int], preview: Preview) -> ObjectPlan:
    step = part.step
    said = context.declared.get(part.group)
    return ObjectPlan(
        op=part.op,
        urn=one_line(step.urn),
        type=one_line(step.type),
        name=one_line(step.name),
        number=one_line(part.group),
        line=said.line if said else 0,
        changes=tuple(changes.of(step, part.op)),
        replacement=_replacement(part) if part.op == "replace" else None,
        blocked="; ".join(filter(None, (one_line(str(step.new.get("blocked") or "")), _kept(step, preview)))),
        protected=step.protected,
        permanent=_permanent(part),
        left=_left(part),
        answers=answered.get(step.name, 0) if step.type == graph.AGENT else 0,
        previewed=step.urn not in preview.recalled,
    )


def _kept(step: Step, preview: Preview) -> str:
    """Why the engine keeps it, in the words of the stack file."""
    said = (each for each in preview.diagnostics if each.severity == "error" and _PROTECTED.search(each.text))
    if any(step.urn in (each.urn, *_URN.findall(each.text)) for each in said):
        return "it is protected: apply it once with `protect: false`, or without `protect` in the defaults"
    return ""


def _answered(found: Iterable[Part], context: Context) -> dict[str, int]:
    """How many numbers each agent answers: as the stack file says, or without one as their registrations do."""
    counts = Counter(said.agent for said in context.declared.values() if said.agent)
    names = {part.step.id: part.step.name for part in found if part.step.type == graph.AGENT and part.step.id}
    told = Counter(names.get(part.after.agent, "") for part in found if part.after and part.after.agent)
    return {name: max(counts[name], told[name]) for name in counts.keys() | told.keys()}


def _replacement(part: Part) -> Replacement:
    declared = callpath.declaration(part.step.type)
    changed = set(spec.changed(changes.counted(part.step.old), changes.counted(part.step.new)))
    because = sorted(path for path in changed if declared and path.split(".")[0] in declared.replaces)
    paths = [one_line(path) for path in because or sorted(part.step.replaces)]
    guarded = bool(declared and declared.guarded)
    consent = ("missing" if part.step.new.get("blocked") else "given") if guarded else "not needed"
    loss = declared.loss(paths) if declared else "it is deleted and made again"
    order = "delete first" if declared else "create first"  # all of ours are replaced that way
    return Replacement(urn=one_line(part.step.urn), because=tuple(paths), consent=consent, loss=loss, order=order)


def _permanent(part: Part) -> str:
    """What about this step cannot be taken back."""
    if part.op not in {"delete", "replace"} or part.before is None:
        return ""
    if part.op == "delete" and part.before.releases:
        return "the number is given back and may be gone for good"
    if part.before.webhook:
        lives_on = part.op == "delete" or bool(part.after and part.after.webhook)
        return "the current signing secret stops working" if lives_on else ""
    if part.step.type == "xai:Password":
        return "its password is forgotten"
    return ""


def _left(part: Part) -> str:
    """What goes on costing."""
    if part.op == "delete" and part.before and part.before.rents and not part.before.releases:
        return "the number stays in the account, and is billed"
    return ""


# -- around them -------------------------------------------------------------------------------------------------------


def _why_incomplete(preview: Preview, objects: list[ObjectPlan]) -> str:
    """Nothing where everything was compared, also when policy packs then said no."""
    if not preview.failed:
        return ""
    told = [said for said in preview.diagnostics if said.severity == "error" and not _REFUSED.search(said.text)]
    if told:
        first = min(told, key=lambda said: (not said.urn, said.text))
        return one_line(_named(first.text))
    if not any(item.blocked for item in objects):
        return "" if any(item.level == "mandatory" for item in preview.policy or ()) else _UNSAID
    return "the preview stops at what is refused"


def _named(text: str) -> str:
    """An error of the engine with the object's type and name instead of its URN."""
    return _URN.sub(lambda found: f"{type_of(found[1])} {name_of(found[1])}", text)


def stopped(plan: Plan) -> bool:
    """Whether something else than a refusal of ours ended the preview."""
    refused = any(item.blocked for item in plan.objects) or any(item.mandatory for item in plan.policy or ())
    other = any(said.severity == "error" and not _REFUSED.search(said.text) for said in plan.messages)
    return not plan.complete and (other or not refused)


def _exported(preview: Preview) -> dict[str, tuple[str, str, str, str]]:
    """Key, E.164, carrier and target of each number, as the stack's own outputs have them, by the name it has here."""
    root = next((step for step in preview.steps if step.type == STACK), None)
    numbers: Any = root.old_outputs.get("numbers") if root else None
    entries = cast(dict[str, Any], numbers).items() if isinstance(numbers, dict) else ()
    groups = {calls.group_of(step) for step in preview.steps}
    found: dict[str, tuple[str, str, str, str]] = {}
    for key, entry in entries:
        if isinstance(entry, dict):
            told = [
                one_line(str(cast(dict[str, Any], entry).get(name) or "")) for name in ("number", "carrier", "target")
            ]
            name = key if key in groups or not told[0] else told[0]  # one that was bought is named by its key
            found[one_line(name)] = (one_line(key), told[0], told[1], told[2])
    return found


def _labels(
    numbers: list[NumberPlan], exported: Mapping[str, tuple[str, str, str, str]], context: Context
) -> dict[str, str]:
    """What people call each number: its label in the stack file, or the one it was applied under, and its E.164."""
    known = {number.name: number.e164 for number in numbers}
    found: dict[str, str] = {}
    for name in sorted(known.keys() | exported.keys() | set(map(one_line, context.declared))):
        key, e164, *_ = exported.get(name, ("", ""))
        said = context.declared.get(name)
        key, e164 = (said.key if said else key), (name if name.startswith("+") else known.get(name) or e164)
        found[name] = " · ".join(dict.fromkeys(filter(None, (one_line(key) or name, e164))))
    return found


def _recorded(
    numbers: list[NumberPlan], exported: Mapping[str, tuple[str, str, str, str]], context: Context
) -> Iterator[NumberPlan]:
    """The numbers of a preview that stopped early, and what the stack's outputs say of how they rang before.

    One that the stack has and the stack file does not leaves, although the preview did not come to that.
    """
    seen = {number.name for number in numbers}
    for number in numbers:
        known = exported.get(number.name)
        yield _with_its_way(number, known) if known else number
    for name, known in exported.items():
        if context.declared and name not in seen and name not in context.declared:
            e164 = known[1] if known[1] != name else ""
            gone = NumberPlan(name=name, e164=e164, key=known[0], kind="unchanged")
            yield _with_its_way(gone, known).model_copy(update={"kind": "loses inbound"})


def _with_its_way(number: NumberPlan, known: tuple[str, str, str, str]) -> NumberPlan:
    """With carrier and target of before, where the preview did not show them; what it shows counts more."""
    before, (_, _, carrier, target) = number.before or Side(rings=False), known
    if before.carriers and before.targets:
        return number
    carriers = (carrier,) if carrier not in {"", "none"} else ()
    way = before.model_copy(update={"rings": True, "carriers": carriers, "targets": (target,) if target else ()})
    kind = number.kind
    if kind == "gains inbound" and number.after:
        kind = "rerouted" if _way(way) != _way(number.after) else "changed"
    return number.model_copy(update={"before": way, "kind": kind})


def _drift(preview: Preview) -> Iterator[Drift]:
    """What a refresh found: the step says what was known, the next one of the same resource starts from what was read."""
    later = {step.urn: step for step in preview.steps if step.op not in {"refresh", "read"}}
    for step in preview.steps:
        if step.op != "refresh" or not step.old or not (then := later.get(step.urn)):
            continue
        about = {"urn": one_line(step.urn), "type": one_line(step.type), "name": one_line(step.name)}
        number = calls.group_of(step)
        if then.op == "create":
            yield Drift(**about, number=number, path="")
            continue
        old, new = changes.counted(step.old), changes.counted(then.old)
        for path, before, after in spec.differences(old, new):
            for change in changes.between(path, before, after):
                yield Drift(**about, number=number, path=change.path, declared=change.before, live=change.after)


def _bundles(found: list[Part], stack: str) -> Iterator[BundlePlan]:
    for part in found:
        old, new = (dict(said.by_hand) if said else dict[str, str]() for said in (part.before, part.after))
        files = sorted(name for name in old.keys() | new.keys() if old.get(name) != new.get(name))
        if part.op != "same" and files:
            command = f"xtel render {stack} --number {part.group}"
            yield BundlePlan(
                number=part.group, name=one_line(part.step.name), op=part.op,
                files=tuple(one_line(name) for name in files), command=command,
            )  # fmt: skip


def _messages(preview: Preview, found: list[Part], context: Context) -> list[Message]:
    """Diagnostics in an order of ours: the engine works on many objects at once."""
    order = {"error": 0, "warning": 1, "info": 2}
    told = set(_told(preview, found, context))
    return sorted(told, key=lambda item: (order[item.severity], item.number, item.urn, item.text))


def _told(preview: Preview, found: list[Part], context: Context) -> Iterator[Message]:
    """What the engine and the look-ups said; a refusal stands on its object already."""
    keys = {said.key: name for name, said in context.declared.items()}
    refused = {(part.step.urn, one_line(str(part.step.new.get("blocked") or ""))) for part in found}
    for said in preview.diagnostics:
        severity = said.severity if said.severity in {"info", "warning", "error"} else "info"
        text = one_line(_named(said.text) if severity == "error" else said.text)
        if (said.urn, one_line(said.text)) not in refused and not (severity == "error" and _REFUSED.search(said.text)):
            about = _ABOUT.match(text) if not said.urn else None
            number = calls.group_of(Step("", said.urn)) if said.urn else keys.get(about[1], "") if about else ""
            text = text[about.end() :] if about and number else text
            yield Message(severity=cast(Any, severity), text=text, urn=one_line(said.urn), number=number)


def _policy(preview: Preview) -> tuple[Violation, ...] | None:
    if preview.policy is None:
        return None
    found = (
        Violation(
            pack=one_line(item.pack), policy=one_line(item.policy), mandatory=item.level == "mandatory",
            text=one_line(item.text), number=calls.group_of(Step("", item.urn)) if item.urn else "",
        )
        for item in preview.policy
    )  # fmt: skip
    return tuple(sorted(found, key=lambda item: (item.number, item.pack, item.policy, item.text)))
