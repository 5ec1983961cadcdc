"""Puts what a number's objects mean together: how its calls go before, and after. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, cast

from providers.kernel import call_handling, registry, values
from providers.kernel.call_handling import CallHandling, Destination
from providers.kernel.errors import InputError
from providers.kernel.object import Object
from providers.kernel.secrecy import one_line
from xtel.engine.previews import Preview
from xtel.engine.step import UNKNOWN, Step
from xtel.review.plan.model import Op, Side

COMPONENT = "xtel:network:Number"
When = Literal["before", "after"]
_REPLACING = frozenset({"replace", "create-replacement", "delete-replaced", "discard-replaced"})
#: Not known yet, and still there: what is bought or made in this run.
_COMING = frozenset({"phone_number", "agent_id"})
_E164 = re.compile(values.E164_PATTERN)


@dataclass(frozen=True)
class Part:
    """One resource with everything a preview says of it: several steps of a replacement are one."""

    step: Step
    op: Op
    before: CallHandling | None
    after: CallHandling | None
    #: Position of its first step: what is irreversible happens in this order.
    place: int

    @property
    def vendor(self) -> str:
        """The vendor it lives at."""
        return self.step.type.partition(":")[0]

    @cached_property
    def group(self) -> str:
        """The number it belongs to; empty: shared, or none's."""
        return group_of(self.step)

    def call_handling(self, when: When) -> CallHandling | None:
        """What it says on one side; None where it is not there."""
        return self.before if when == "before" else self.after


@dataclass
class Group:
    """The parts of one number, and what it shares with others."""

    name: str
    parts: list[Part] = field(default_factory=list[Part])
    #: Its E.164; an ellipsis while one is yet to be bought, empty where no object says.
    e164: str = ""
    #: A preview that lists changes alone lists none of the number itself: it is there before and after.
    stays: bool = False


def group_of(step: Step) -> str:
    """The number a resource belongs to, by its name: the objects of a number are named below it."""
    first = step.name.split("/", maxsplit=1)[0]
    return one_line(first) if COMPONENT in step.urn or _E164.match(first) else ""


def declared(type: str) -> Object[Any, Any] | None:
    """The declaration of a kind; None where its vendor is not installed here."""
    vendor, _, kind = type.partition(":")
    try:
        return registry.vendor(vendor).object(kind)
    except InputError:
        return None


def meant(type: str, inputs: Mapping[str, Any]) -> CallHandling:
    """What inputs of an object mean; a vendor that is not installed, or stumbles, leaves what the values show."""
    known = {name: value for name, value in inputs.items() if value != UNKNOWN or name in _COMING}
    found = declared(type)
    try:
        return found.call_handling(known) if found else call_handling.from_values(known)
    except (AttributeError, KeyError, TypeError, ValueError):  # foreign code on masked or partial values
        return call_handling.from_values(known)


def parts(preview: Preview) -> list[Part]:
    """The resources of a preview in the order of their first step, without refreshes, providers and the stack itself."""
    found: dict[str, list[tuple[int, Step]]] = {}
    for place, step in enumerate(preview.steps):
        if ":" in step.type and not step.type.startswith("pulumi:") and step.op not in {"refresh", "read"}:
            found.setdefault(step.urn, []).append((place, step))
    return [_part(steps) for steps in found.values() if steps[0][1].type != COMPONENT]


def _part(steps: list[tuple[int, Step]]) -> Part:
    ops = [step.op for _, step in steps]
    whole = next((step for _, step in steps if step.op == "replace"), steps[-1][1])
    if len(steps) > 1 and not whole.new:
        whole = next((step for _, step in steps if step.new), whole)
    op = _op(ops)
    old = dict(whole.old) if op != "create" else None
    new = dict(whole.new) if op != "delete" else None
    before = meant(whole.type, old) if old else None
    after = meant(whole.type, new) if new else None
    return Part(whole, op, before, after, steps[0][0])


def _op(ops: list[str]) -> Op:
    if _REPLACING & set(ops):
        return "replace"
    return cast(Op, ops[-1]) if ops[-1] in {"create", "update", "delete"} else "same"


def groups(found: Iterable[Part], preview: Preview) -> tuple[dict[str, Group], list[Part]]:
    """The parts of each number, and those that no number has alone."""
    moved = {group_of(step) for step in preview.steps if step.type == COMPONENT}
    numbers: dict[str, Group] = {}
    shared: list[Part] = []
    for part in found:
        if part.group:
            stays = not preview.whole and part.group not in moved
            group = numbers.setdefault(part.group, Group(part.group, stays=stays))
            group.parts.append(part)
            group.e164 = _e164(part) or group.e164
        else:
            shared.append(part)
    return numbers, shared


def _e164(part: Part) -> str:
    """The number of an object that is named by a key: it was bought."""
    told = (part.group, part.step.new.get("phone_number"), part.step.old.get("phone_number"))
    return next((text for text in told if isinstance(text, str) and _E164.match(text)), "…" if UNKNOWN in told else "")


def agents(preview: Preview) -> dict[str, str]:
    """The agents of the stack by their ids, by the names the stack file gives them."""
    return {step.id: one_line(step.name) for step in preview.steps if step.type == "xai:Agent" and step.id}


def side(group: Group, shared: list[Part], when: When, agents: Mapping[str, str], *, whole: bool) -> Side | None:
    """How the calls of a number go on one side; None where the number is not there."""
    own = [(part, said) for part in group.parts if (said := part.call_handling(when)) is not None]
    if not own and not group.stays:
        return None
    takers = [
        (part, said) for part, said in own if said.takes and not (whole and _elsewhere(part, group, shared, when))
    ]
    names = tuple(sorted({part.vendor for part, _ in takers}))
    taken = bool(takers) or not _seen(group, "takes")
    near = names or tuple(sorted({part.vendor for part in group.parts if part.vendor != "xai"}))
    ways = [item for name in near for item in _ways(name, own, shared, when)] if taken else []
    home = next((said for _, said in own if said.registers), None)
    answer = home or CallHandling()
    registered = home is not None or not _seen(group, "registers")
    known = _seen(group, "destinations") or any(part.vendor in near for part in shared)
    srtp = [said.srtp for _, said in [*own, *_of(shared, near, when)] if said.srtp is not None]
    return Side(
        rings=registered and (answer.auth == "provisioned" or (taken and (bool(ways) or not known))),
        carriers=tuple(map(one_line, names)),
        targets=tuple(_spelled(way, group.e164, transport) for way, transport in ways),
        srtp=all(srtp) if srtp else None,
        registered=registered,
        auth="xai" if answer.auth == "provisioned" else answer.auth,
        username=one_line(answer.username),
        allow=tuple(map(one_line, answer.allow)),
        webhook=one_line(answer.webhook),
        agent=one_line(agents.get(answer.agent, answer.agent)),
        protected=any(part.step.protected for part, said in own if said.registers),
    )


def _seen(group: Group, what: Literal["takes", "destinations", "registers"]) -> bool:
    """Whether any part of the number says so on either side: what a preview does not list stays as it is."""
    return any(getattr(said, what) for part in group.parts for said in (part.before, part.after) if said)


def _elsewhere(part: Part, group: Group, shared: list[Part], when: When) -> bool:
    """Whether what takes the calls points at an object of somebody else: seen after a refresh."""
    found = declared(part.step.type)
    inputs = part.step.old if when == "before" else part.step.new
    pointed = {inputs.get(name) for name in (found.references if found else ())} - {None, UNKNOWN}
    if not pointed:
        return False
    near = [item.step for item in [*group.parts, *shared] if item.vendor == part.vendor and item is not part]
    ids = {step.id for step in near} | {value for step in near for value in step.old_outputs.values() if _text(value)}
    return bool(ids) and not pointed & ids


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _of(found: list[Part], names: tuple[str, ...], when: When) -> list[tuple[Part, CallHandling]]:
    return [(part, said) for part in found if part.vendor in names and (said := part.call_handling(when)) is not None]


def _ways(
    vendor: str, own: list[tuple[Part, CallHandling]], shared: list[Part], when: When
) -> list[tuple[Destination, str | None]]:
    """A carrier's ways in the order they are tried: the number's own, or those its numbers share."""
    mine = [(part, said) for part, said in own if part.vendor == vendor]
    if not any(said.destinations for _, said in mine):
        mine = [*mine, *_of(shared, (vendor,), when)]
    transport = next((said.transport for _, said in mine if said.transport), None)
    ranked = [
        (way.rank, "fallback" in part.step.name.split("/")[-1], part.step.name, count, way)
        for part, said in mine
        for count, way in enumerate(said.destinations)
    ]
    return [(way, transport) for *_, way in sorted(ranked, key=lambda item: item[:4])]


def _spelled(way: Destination, number: str, transport: str | None) -> str:
    """The URI as it is called: the dialled number before the host where the carrier fills it in."""
    try:
        target = values.target(way.uri)
    except ValueError:
        return one_line(way.uri)
    filled = {"number": target.number or number}
    return one_line(str(target.model_copy(update={**filled, **({"transport": transport} if transport else {})})))
