"""Pairs what a preview says of each object, before and after, and puts the objects of a number together. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any, Literal, cast

from providers.kernel import values
from providers.kernel.call_handling import CallHandling
from providers.kernel.secrecy import one_line
from stacks import callpath
from stacks.callpath import CallPath, Decided
from stacks.graph import AGENT, PASSWORD
from stacks.resource import NUMBER, Resource
from xtel.engine.previews import Preview
from xtel.engine.step import UNKNOWN, Step
from xtel.review.plan.model import Op, Side

When = Literal["before", "after"]
_REPLACING = frozenset({"replace", "create-replacement", "delete-replaced", "discard-replaced"})
_E164 = re.compile(values.E164_PATTERN)


@dataclass(frozen=True)
class Part:
    """One resource with everything a preview says of it: several steps of a replacement are one."""

    step: Step
    op: Op
    #: The resource on each side; None where it is not there.
    old: Decided | None
    new: Decided | None

    @property
    def vendor(self) -> str:
        """The vendor it lives at."""
        return self.step.type.partition(":")[0]

    @cached_property
    def group(self) -> str:
        """The number it belongs to; empty: shared, or none's."""
        return group_of(self.step)

    @property
    def before(self) -> CallHandling | None:
        """What it does with calls before."""
        return self.old.does if self.old else None

    @property
    def after(self) -> CallHandling | None:
        """And after."""
        return self.new.does if self.new else None

    def on(self, when: When) -> Decided | None:
        """It on one side; None where it is not there."""
        return self.old if when == "before" else self.new


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
    return _group(step.urn, step.name)


@lru_cache(maxsize=16_384)
def _group(urn: str, name: str) -> str:
    first = name.split("/", maxsplit=1)[0]
    return one_line(first) if NUMBER in urn or _E164.match(first) else ""


def parts(preview: Preview) -> list[Part]:
    """The resources of a preview, without refreshes, providers and the stack itself.

    By number, then on the way of a call, what numbers share after them: the engine works on many at once, in any order.
    """
    found: dict[str, list[Step]] = {}
    for step in preview.steps:
        if ":" in step.type and not step.type.startswith("pulumi:") and step.op not in {"refresh", "read"}:
            found.setdefault(step.urn, []).append(step)
    return sorted((_part(steps) for steps in found.values() if steps[0].type != NUMBER), key=_on_the_way)


def _on_the_way(part: Part) -> tuple[Any, ...]:
    """Number, attachment, trunk, SIP URI, registration, its authentication, agent."""
    does = part.after or part.before or CallHandling()
    if part.step.type == AGENT:
        hop = 6
    elif part.step.type == PASSWORD:
        hop = 5
    elif does.registers:
        hop = 4
    elif does.takes:
        hop = 1
    else:
        hop = 3 if does.destinations else 0 if does.rents or does.releases else 2
    return not part.group, part.group, hop, part.step.type, part.step.name


def _part(steps: list[Step]) -> Part:
    ops = [step.op for step in steps]
    whole = next((step for step in steps if step.op == "replace"), steps[-1])
    if len(steps) > 1 and not whole.new:
        whole = next((step for step in steps if step.new), whole)
    op = _op(ops)
    old = Decided.by(before(whole)) if op != "create" and whole.old else None
    if old and op == "same" and whole.new == whole.old:
        return Part(whole, op, old, old)
    new = Decided.by(after(whole, made=op in {"create", "replace"})) if op != "delete" and whole.new else None
    return Part(whole, op, old, new)


def before(step: Step) -> Resource:
    """The resource that a step finds."""
    return _resource(step, step.old, step.id, step.old_outputs)


def after(step: Step, *, made: bool = False) -> Resource:
    """The resource that a step leaves; one that is made has no id yet."""
    return _resource(step, step.new, "" if made else step.id, {} if made else step.old_outputs)


def _resource(step: Step, inputs: Mapping[str, Any], id: str, outputs: Mapping[str, Any]) -> Resource:
    group = group_of(step)
    return Resource(
        step.name, step.type, inputs, group, shared=not group, protect=step.protected, id=id, outputs=outputs
    )


def _op(ops: list[str]) -> Op:
    if _REPLACING & set(ops):
        return "replace"
    return cast(Op, ops[-1]) if ops[-1] in {"create", "update", "delete"} else "same"


def groups(found: Iterable[Part], preview: Preview) -> tuple[dict[str, Group], list[Part]]:
    """The parts of each number, and those that numbers share for their calls."""
    moved = {group_of(step) for step in preview.steps if step.type == NUMBER}
    numbers: dict[str, Group] = {}
    shared: list[Part] = []
    for part in found:
        if part.group:
            stays = not preview.whole and part.group not in moved
            group = numbers.setdefault(part.group, Group(part.group, stays=stays))
            group.parts.append(part)
            group.e164 = _e164(part) or group.e164
        elif not all(each is None or each.silent for each in (part.old, part.new)):
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
    own = _on(group.parts, when)
    if not own and not group.stays:
        return None
    others = _on(group.parts, "after" if when == "before" else "before")
    found = callpath.path(group.e164, own, _on(shared, when), others=others, agents=agents, complete=whole)
    protected = any(each.resource.protect for each in own if each.does.registers)
    return shown(found, agents, protected=protected)


def shown(found: CallPath, agents: Mapping[str, str], *, protected: bool = False) -> Side:
    """A call path as a plan shows it."""
    home = found.registration
    return Side(
        rings=found.arrives,
        carriers=found.carriers,
        targets=found.targets if found.attached else (),
        srtp=found.srtp,
        equipment=found.equipment,
        registered=not any(hop.ends for hop in found.hops if hop.name == "registration"),
        auth="xai" if home.auth == "provisioned" else home.auth,
        username=one_line(home.username),
        allow=tuple(map(one_line, home.allow)),
        webhook=one_line(home.webhook),
        agent=one_line(agents.get(home.agent, home.agent)),
        protected=protected,
    )


def _on(parts: Sequence[Part], when: When) -> list[Decided]:
    return [found for part in parts if (found := part.on(when)) is not None]
