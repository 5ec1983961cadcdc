"""What every report shows of a plan, in words: numbers as people write them, routes, operations, links. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from providers.kernel import registry, values
from providers.kernel.wording import counted
from xtel.review.plan.model import Change, NumberPlan, ObjectPlan, Plan, Review, RuleFinding, Side

SIGNS = {"create": "+", "update": "!", "replace": "!", "delete": "-", "same": " "}
DONE = {"create": "created", "update": "updated", "replace": "replaced", "delete": "deleted", "same": "unchanged"}
_REPLACED = {"given": "with consent", "missing": "no consent", "not needed": ""}


@dataclass(frozen=True)
class Links:
    """Where the stack file can be read: the URL that its path in the repository is added to (``…/blob/<commit>/``)."""

    base: str = ""
    file: str = ""
    commit: str = ""

    def to(self, line: int) -> str:
        """The URL of a line; empty where nobody said where the file is."""
        return f"{self.base}{self.file}#L{line}" if self.base and self.file and line else ""


@dataclass(frozen=True)
class RouteRow:
    """One row of the routing table."""

    number: NumberPlan
    before: str
    after: str
    note: str


@lru_cache(maxsize=4096)
def pretty(name: str) -> str:
    """A number as people write it; a key as it is."""
    return values.pretty(name) if name.startswith("+") else name


def named(number: NumberPlan) -> str:
    """A number as people write it; one that was bought with its key first."""
    return f"{number.name} ({pretty(number.e164)})" if number.e164 else pretty(number.name)


def titled(name: str) -> str:
    """A carrier's own spelling of its name."""
    found = registry.carriers().get(name)
    return found.title if found else name


def hops(side: Side | None) -> list[tuple[str, str]]:
    """A number's way, hop by hop: what each is, and its name; the targets that are tried later come last, as ``else``.

    Nothing for a number that does not ring.
    """
    if side is None or not side.rings:
        return []
    carriers = " and ".join(map(titled, side.carriers)) or ("xAI" if side.auth == "xai" else "")
    answers = ("agent", side.agent) if side.agent else ("webhook", side.webhook)
    first, later = side.targets[:1], side.targets[1:]
    found = [("carrier", carriers), *(("target", uri) for uri in first), answers, *(("else", uri) for uri in later)]
    return [(kind, name) for kind, name in found if name] or [("carrier", "as before")]


def routed(side: Side | None) -> str:
    """A number's way in one line: carrier, target, who answers, and what is tried when it does not answer."""
    found = hops(side)
    way = " → ".join(f"agent {name}" if kind == "agent" else name for kind, name in found if kind != "else")
    return (way or "none") + "".join(f"; else {name}" for kind, name in found if kind == "else")


def routes(plan: Plan) -> list[RouteRow]:
    """Numbers whose calls go another way, and those that come and go."""
    moved = [number for number in plan.numbers if number.kind not in {"changed", "unchanged"} or number.two_routes]
    return [RouteRow(number, routed(number.before), routed(number.after), noted(number)) for number in moved]


def noted(number: NumberPlan) -> str:
    """What else happens to it."""
    cost = f"US$ {number.cost.monthly}/month ({number.cost.source}, {number.cost.read})" if number.cost else ""
    back = f"goes back to {number.returns_to}" if number.returns_to else ""
    return ", ".join(part for part in (number.kind, number.left, back, cost) if part)


def shown(finding: RuleFinding) -> list[str]:
    """The cells of a finding: where, what, why, by which rule."""
    rule = f"{finding.rule}, accepted {finding.accepted}" if finding.accepted else finding.rule
    return [pretty(finding.number) or finding.object or "stack", finding.what, finding.why, rule]


def alarming(review: Review) -> list[RuleFinding]:
    """What a reviewer must read."""
    return [finding for finding in review.findings if finding.level != "note"]


def steps(review: Review) -> list[str]:
    """How to go on from what stops the plan."""
    return list(dict.fromkeys(finding.step for finding in review.findings if finding.stops and finding.step))


def counts(plan: Plan) -> str:
    """How much changes, in one line."""
    ops = [f"{count} {op}" for op, count in plan.ops.items()]
    drift = f"drift: {len(plan.drift)}" if plan.refreshed else "drift: not looked for"
    touched = f"{len(plan.numbers)} of {counted(plan.total, 'number')} change"
    touched += "s" if len(plan.numbers) == 1 else ""
    return " · ".join(
        [touched, ", ".join(ops), drift if plan.source != "stack files" else "from the stack files alone"]
    )


def headline(item: ObjectPlan) -> str:
    """An object and what happens to it."""
    replaced = _REPLACED[item.replacement.consent] if item.replacement else ""
    answers = f"answers {counted(item.answers, 'number')}" if item.answers else ""
    facts = [DONE[item.op], answers, replaced, "refused" if item.blocked else "", item.permanent, item.left]
    return f"{item.type:<24} {item.name:<32} {', '.join(fact for fact in facts if fact)}"


def changed(change: Change) -> list[tuple[str, str]]:
    """A property as lines of a diff: sign and text."""
    if change.secret or (change.before and change.after and len(change.before) + len(change.after) < 60):
        return [("!", f"  {change.path:<22} {change.before or '—'} → {change.after or '—'}")]
    lines = [("-", change.before), ("+", change.after)]
    return [(sign, f"  {change.path:<22} {value}") for sign, value in lines if value]


def diff(plan: Plan) -> list[str]:
    """Every changed object with its changed properties, as lines of a diff."""
    lines: list[str] = []
    for item in plan.objects:
        lines.append(f"{SIGNS[item.op]} {headline(item)}".rstrip())
        if item.op != "create":
            lines += [f"{sign} {text}" for change in item.changes for sign, text in changed(change)]
    return lines


def permanent(plan: Plan) -> list[str]:
    """What cannot be undone, in the order it happens."""
    return [f"{item.type} {item.name}: {item.permanent}" for item in plan.objects if item.permanent]


def problems(plan: Plan) -> list[str]:
    """What made a preview fail."""
    return [message.text for message in plan.messages if message.severity == "error"]


def worded(review: Review) -> str:
    """The verdict as people read it: what a rule stops is dangerous, and therefore blocked; what is refused is blocked."""
    if review.verdict == "blocked" and any(item.stops and item.rule != "refused" for item in review.findings):
        return "dangerous, blocked"
    return "no changes" if review.verdict == "none" else review.verdict


def next_step(review: Review) -> str:
    """The command that comes next."""
    plan = review.plan
    if review.verdict in {"blocked", "incomplete", "none"} or plan.source == "stack files":
        return ""
    sum = f" --checksum {plan.checksum}" if plan.checksum else ""
    return f"xtel apply {plan.stack}{sum}"


def policy(plan: Plan) -> str:
    """Whether a policy pack ran."""
    return "policy packs: not run" if plan.policy is None else f"policy packs: {len(plan.policy)} findings"


def lines_of(items: Iterable[ObjectPlan | NumberPlan]) -> list[int]:
    """The lines of the stack file that declare what changes."""
    return sorted({item.line for item in items if item.line})
