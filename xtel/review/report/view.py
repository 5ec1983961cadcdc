"""What every report shows of a plan, in words: numbers as people write them, routes, operations, links. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from providers.kernel import registry
from providers.kernel.wording import counted
from xtel.engine.step import object_of
from xtel.review.plan.build import stopped
from xtel.review.plan.model import (
    BundlePlan,
    Change,
    Drift,
    Message,
    NumberPlan,
    ObjectPlan,
    Plan,
    Review,
    RuleFinding,
    Side,
)
from xtel.review.report.alike import NUMBER, Alike, Words, said, together
from xtel.review.rules import object_named

#: `!` is a warning, and nothing else.
SIGNS = {"create": "+", "update": "~", "replace": "±", "delete": "-", "same": " "}
DONE = {"create": "created", "update": "updated", "replace": "replaced", "delete": "deleted", "same": "unchanged"}
_REPLACED = {"given": "with consent", "missing": "no consent", "not needed": ""}


@dataclass(frozen=True)
class Links:
    """Where the stack file can be read: the URL that its path in the repository is added to (``…/blob/<commit>/``)."""

    base: str = ""
    file: str = ""
    commit: str = ""
    #: Who made the change.
    author: str = ""

    def to(self, line: int) -> str:
        """The URL of a line; empty where nobody said where the file is."""
        return f"{self.base}{self.file}#L{line}" if self.base and self.file and line else ""


@dataclass(frozen=True)
class RouteRow:
    """How one number's calls go, or those of many that go alike; ``NUMBER`` stands for each of many."""

    numbers: Alike[NumberPlan]
    before: str
    after: str
    note: str
    #: The same hop by hop, before and after.
    hops_before: tuple[tuple[str, str], ...]
    hops_after: tuple[tuple[str, str], ...]

    @property
    def line(self) -> int:
        """The line that declares it; 0 for many."""
        return 0 if self.numbers.many else self.numbers.first.line

    @property
    def dialled(self) -> str:
        """What a caller dials."""
        return NUMBER if self.numbers.many else self.numbers.first.e164 or self.numbers.first.name


@dataclass(frozen=True)
class Told:
    """A finding as it is shown: of one number, or once of many."""

    findings: Alike[RuleFinding]
    level: str
    what: str
    why: str
    rule: str
    step: str
    #: What each of many adds to its label, where they do not all say the same.
    each: tuple[str, ...] = ()

    @property
    def where(self) -> str:
        """What it is about."""
        return self.findings.where

    @property
    def accepted(self) -> str:
        """Why it is accepted, until when; empty: it is not."""
        return self.findings.first.accepted

    @property
    def stops(self) -> bool:
        """Whether an apply must not go on."""
        return self.findings.first.stops

    @property
    def line(self) -> int:
        """The line of the stack file that it is about."""
        return self.findings.first.line


@dataclass(frozen=True)
class Block:
    """What changes of one number, or alike of many: a title, and lines of a diff."""

    title: str
    names: tuple[str, ...]
    lines: tuple[str, ...]


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
    found = [
        ("carrier", carriers),
        ("equipment", " or ".join(side.equipment)),
        *(("target", uri) for uri in first),
        answers,
        *(("else", uri) for uri in later),
    ]
    return [(kind, name) for kind, name in found if name] or [("carrier", "as before")]


def routed(side: Side | None) -> str:
    """A number's way in one line: carrier, target, who answers, and what is tried when it does not answer."""
    found = hops(side)
    way = " → ".join(f"agent {name}" if kind == "agent" else name for kind, name in found if kind != "else")
    return (way or "none") + "".join(f"; else {name}" for kind, name in found if kind == "else")


def routes(plan: Plan) -> list[RouteRow]:
    """Numbers whose calls go another way, and those that come and go; those that go alike once."""
    moved = [number for number in plan.numbers if number.kind not in {"changed", "unchanged"} or number.two_routes]
    words = Words(plan)

    def key(number: NumberPlan) -> tuple[str, ...]:
        told = (routed(number.before), routed(number.after), noted(number))
        return number.kind, *(words.of_any(text, number.name) for text in told)

    rows: list[RouteRow] = []
    for group in together(moved, key, lambda number: words.label(number.name)):
        number = group.first
        texts = [routed(number.before), routed(number.after), noted(number)]
        ways = [hops(number.before), hops(number.after)]
        if group.many:
            texts = [words.of_any(text, number.name) for text in texts]
            ways = [[(kind, words.of_any(text, number.name)) for kind, text in way] for way in ways]
        rows.append(RouteRow(group, texts[0], texts[1], texts[2], tuple(ways[0]), tuple(ways[1])))
    return rows


def noted(number: NumberPlan) -> str:
    """What else happens to it."""
    back = f"goes back to {number.returns_to}" if number.returns_to else ""
    return ", ".join(part for part in (number.kind, number.left, back, _priced(number)) if part)


def _priced(number: NumberPlan) -> str:
    cost = number.cost
    if cost is None:
        return ""
    source = ", ".join(filter(None, (cost.source, cost.read)))
    return f"{'still ' if cost.kept else ''}US$ {cost.monthly}/month ({source})"


def shown(finding: RuleFinding) -> list[str]:
    """A finding alone: where, what, why, by which rule."""
    rule = f"{finding.rule}, accepted {finding.accepted}" if finding.accepted else finding.rule
    return [finding.number or finding.object or "stack", finding.what, finding.why, rule]


def told(review: Review) -> list[Told]:
    """What a reviewer must read, the worst first; what is said of many numbers once."""
    words = Words(review.plan)

    def name(finding: RuleFinding) -> str:
        return words.label(finding.number) or finding.object or "stack"

    def key(finding: RuleFinding) -> tuple[Any, ...]:
        told = (finding.what, finding.why, finding.step)
        texts = (words.loosely(text, finding.number) for text in told)
        return finding.level, finding.rule, finding.accepted, bool(finding.number), *texts

    found: list[Told] = []
    for kind in (True, False):
        some = [finding for finding in review.findings if finding.level != "note" and bool(finding.number) is kind]
        found += [_told(group, words) for group in together(some, key, name, "number" if kind else "object")]
    order = {"danger": 0, "warning": 1}
    return sorted(found, key=lambda item: (order[item.level], bool(item.accepted)))


def _told(group: Alike[RuleFinding], words: Words) -> Told:
    first = group.first
    if not group.many:
        return Told(group, first.level, first.what, first.why, first.rule, first.step)

    def common(texts: Iterable[tuple[str, str]]) -> str:
        return said((words.of_any(text, number), words.loosely(text, number)) for text, number in texts)

    what = common((item.what, item.number) for item in group.items)
    why, step = (common((getattr(item, part), item.number) for item in group.items) for part in ("why", "step"))
    each = tuple(words.varying(item.what, item.number) for item in group.items)
    alike = all(words.of_any(item.what, item.number) == what for item in group.items)
    return Told(group, first.level, what, why, first.rule, step, () if alike else each)


def listed(told: Told) -> list[str]:
    """The numbers of a finding that is said of many, with what each adds."""
    names = told.findings.names
    return [f"{name}: {text}" for name, text in zip(names, told.each, strict=False)] if told.each else list(names)


def acceptance(review: Review) -> list[str]:
    """The lines under ``accept`` in the stack file, in YAML, when what stops the plan is intended; each needs its why."""
    entries = dict.fromkeys(finding.accept for finding in review.findings if finding.stops and finding.accept)
    return ["accept:", *(f"  {line}" for entry in entries for line in entry.splitlines())] if entries else []


def counts(plan: Plan) -> str:
    """How much changes, in one line."""
    ops = [f"{count} {op}" for op, count in plan.ops.items()]
    drift = f"drift: {len(plan.drift)}" if plan.refreshed else "drift: not checked"
    if plan.refreshed and stopped(plan) and not plan.drift:  # nobody could be asked, or not everybody
        drift = "drift: not known"
    touched = f"{len(plan.numbers)} of {counted(plan.total, 'number')} change"
    touched += "s" if len(plan.numbers) == 1 else ""
    return " · ".join(
        [touched, ", ".join(ops), drift if plan.source != "stack files" else "from the stack files alone"]
    )


def headline(item: ObjectPlan, name: str) -> str:
    """An object under a name, and what happens to it."""
    replaced = _REPLACED[item.replacement.consent] if item.replacement else ""
    answers = f"answers {counted(item.answers, 'number')}" if item.answers else ""
    facts = [
        DONE[item.op], answers, replaced, "refused" if item.blocked else "", item.permanent, item.left,
        "" if item.previewed else "not previewed",
    ]  # fmt: skip
    return f"{item.type:<22} {name + ' ' if name else ''}{', '.join(fact for fact in facts if fact)}"


def changed(change: Change) -> list[tuple[str, str]]:
    """A property as lines of a diff: sign and text."""
    if change.secret or (change.before and change.after and len(change.before) + len(change.after) < 60):
        return [("~", f"  {change.path:<22} {change.before or '—'} → {change.after or '—'}")]
    lines = [("-", change.before), ("+", change.after)]
    return [(sign, f"  {change.path:<22} {value}") for sign, value in lines if value]


def diff(plan: Plan) -> list[Block]:
    """Every changed object with its changed properties: number by number, what many have alike once; then what is shared."""
    words = Words(plan)
    found: dict[str, list[ObjectPlan]] = {}
    for item in plan.objects:
        found.setdefault(item.number or object_named(item.type, item.name), []).append(item)
    blocks = [(name, items[0].number, _lines(items)) for name, items in found.items()]

    def key(block: tuple[str, str, list[str]]) -> tuple[str, ...]:
        return (block[1] and "number", *(words.of_any(line, block[1]) if block[1] else line for line in block[2]))

    groups = together(blocks, key, lambda block: words.label(block[1]) or block[0])
    return [
        Block(group.where, group.names, key(group.first)[1:] if group.many else tuple(group.first[2]))
        for group in groups
    ]


def _lines(items: Iterable[ObjectPlan]) -> list[str]:
    lines: list[str] = []
    for item in items:
        name = item.name.partition("/")[2] if item.number else ""
        lines.append(f"{SIGNS[item.op]} {headline(item, name)}".rstrip())
        if item.op != "create":
            lines += [f"{sign} {text}" for change in item.changes for sign, text in changed(change)]
    return lines


def permanent(plan: Plan) -> list[str]:
    """What cannot be undone."""
    words = Words(plan)
    lasting = [item for item in plan.objects if item.permanent]
    groups = together(
        lasting,
        lambda item: (bool(item.number), item.type, item.permanent),
        lambda item: words.label(item.number) or item.name,
    )
    return [f"{group.where}: {group.first.permanent} ({group.first.type})" for group in groups]


def problems(plan: Plan) -> list[tuple[str, list[str]]]:
    """What made a preview fail: each text once, with what it is about where that is more than one."""
    words = Words(plan)
    errors = [message for message in plan.messages if message.severity == "error"]

    def name(message: Message) -> str:
        return words.label(message.number) or object_of(message.urn) or message.text

    found: list[tuple[str, list[str]]] = []
    for group in together(errors, lambda item: (bool(item.urn), words.loosely(item.text, item.number)), name):
        many = group.many and bool(group.first.urn)
        text = said((words.of_any(x.text, x.number), words.loosely(x.text, x.number)) for x in group.items)
        found.append((f"{group.where}: {text}", list(group.names)) if many else (group.first.text, []))
    return [item for item in found if item[0] != plan.why_incomplete]


def drift(plan: Plan) -> list[tuple[str, list[str], Drift]]:
    """What was changed outside: what it is about, each of many, and one of them."""
    words = Words(plan)

    def key(item: Drift) -> tuple[Any, ...]:
        part = item.name.partition("/")[2] if item.number else item.name
        values = (words.loosely(text, item.number) for text in (item.declared, item.live))
        return bool(item.number), item.type, part, item.path, *values

    groups = together(plan.drift, key, lambda item: words.label(item.number) or object_named(item.type, item.name))
    return [(group.where, list(group.names) if group.many else [], group.first) for group in groups]


def sides(item: Drift) -> tuple[str, str, str]:
    """One difference: property, as declared, as it is now."""
    if not item.path:
        return "is gone", "it exists", "deleted outside; an apply makes it again"
    return item.path, item.declared or "not set", item.live or "not set"


def bundles(plan: Plan) -> list[tuple[str, list[str], BundlePlan]]:
    """Files that a person applies: whose, each of many, and one of them with NUMBER in its names."""
    words = Words(plan)

    def of_any(item: BundlePlan) -> BundlePlan:
        files = tuple(words.of_any(file, item.number) for file in item.files)
        return item.model_copy(update={"files": files, "command": words.of_any(item.command, item.number)})

    def key(item: BundlePlan) -> tuple[Any, ...]:
        some = of_any(item)
        return some.op, some.files, some.command

    groups = together(plan.bundles, key, lambda item: words.label(item.number))
    return [
        (group.where, list(group.names) if group.many else [], of_any(group.first) if group.many else group.first)
        for group in groups
    ]


def worded(review: Review) -> str:
    """The verdict as people read it: what a rule stops is dangerous, and therefore blocked; what is refused is blocked."""
    if review.verdict == "blocked" and any(item.stops and item.rule != "refused" for item in review.findings):
        return "dangerous, blocked"
    if review.verdict == "dangerous":
        return "dangerous, accepted"
    return "no changes" if review.verdict == "none" else review.verdict


def rehearsed(review: Review) -> str:
    """What a rehearsal of the change found, in one line; empty where there was none."""
    found = review.rehearsal
    return f"rehearsed{f' over {found.base}' if found.base else ''}: {found.said}" if found else ""


def next_step(review: Review) -> str:
    """The command that comes next."""
    plan = review.plan
    if review.verdict in {"blocked", "incomplete", "none"} or plan.source == "stack files":
        return ""
    sum = f" --checksum {plan.checksum}" if plan.checksum else ""
    return f"xtel apply {plan.stack}{sum}"


def policy(plan: Plan) -> str:
    """Whether a policy pack ran."""
    return "policy packs: not run" if plan.policy is None else f"policy packs: {counted(len(plan.policy), 'finding')}"


def lines_of(items: Iterable[ObjectPlan | NumberPlan]) -> list[int]:
    """The lines of the stack file that declare what changes."""
    return sorted({item.line for item in items if item.line})
