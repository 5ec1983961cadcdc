"""What a plan may do: rules, what the stack file accepts of what they find, and the verdict. Pure.

A rule judges what this plan changes, not what has been so before. Each finding names the number, what happens, why it
matters, and the fix; ``accept:`` in the stack file lets one through until a day.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from providers.kernel import values
from providers.kernel.wording import counted
from stacks import destinations
from stacks.graph import AGENT
from stacks.model import WHY, Accept, Limits, Rule
from xtel.engine.step import name_of, type_of
from xtel.review.plan.build import stopped
from xtel.review.plan.model import (
    Change,
    Drift,
    Level,
    NumberPlan,
    ObjectPlan,
    Plan,
    Review,
    RuleFinding,
    Side,
    Widened,
    Word,
)
from xtel.review.rehearsal import Rehearsal

#: The name of the policy pack that runs these rules (:mod:`xtel.review.policy`).
PACK = "xtel"
#: Shares are counted from so many numbers: half of two is no mass change.
_COUNTED_FROM = 10
_DAYS = 14
#: So many ways of secrets to new hosts are told one by one.
_TOLD_APART = 8
#: How a finding of a rehearsal begins.
_REHEARSED = "rehearsed: "
#: The change after which a deletion gives the number back.
_RELEASE = ("on_delete", "release")


@dataclass(frozen=True)
class RuleSettings:
    """By what a plan is judged: the stack file's entries, the day, and what only the configuration shows."""

    today: date
    accept: tuple[Accept, ...] = ()
    limits: Limits = field(default_factory=lambda: Limits.model_validate({}))
    #: Keys of secrets that stand in the clear in Pulumi.<stack>.yaml.
    plain: tuple[str, ...] = ()


Check = Callable[[Plan, RuleSettings], Iterator[RuleFinding]]


def judge(plan: Plan, policy: RuleSettings) -> Review:
    """The plan with everything a reviewer must see, worst first, and the verdict."""
    found = [finding for name, check in RULES.items() for finding in _named(name, check(plan, policy))]
    names = {number.name: number.e164 for number in plan.numbers if number.e164}
    found = [_accepted(finding, policy, {None, finding.number, names.get(finding.number)}) for finding in found]
    found += [*_refused(plan), *_violated(plan, found), *_said(plan), *_noted(plan), *_expired(policy)]
    found = _ordered(_placed(plan, found))
    verdict = _verdict(plan, found)
    return Review(verdict=verdict, headline=_headline(plan, verdict), findings=tuple(found), plan=plan)


def rehearsed(review: Review, rehearsal: Rehearsal) -> Review:
    """The same with what a rehearsal of the change found: what is not as declared needs a look."""
    plan = review.plan
    told = [
        RuleFinding(
            level="warning", number=next((name for name in (item.number, item.key) if name in plan.labels), item.number),
            what=f"{_REHEARSED}{item.verdict}", why=item.why,
        )
        for item in rehearsal.numbers
        if not item.good
    ]  # fmt: skip
    more = [
        RuleFinding(level="warning", object="rehearsal", what=f"{_REHEARSED}not as declared", why=text)
        for text in rehearsal.problems
    ]
    kept = [item for item in review.findings if not item.what.startswith(_REHEARSED)]
    found = tuple(_ordered([*kept, *_placed(plan, [*told, *more])]))
    verdict = _verdict(plan, found)
    if told or more:
        verdict = "needs a look" if verdict in {"none", "safe"} else verdict
    return review.model_copy(update={"verdict": verdict, "findings": found, "rehearsal": rehearsal})


def _ordered(found: Iterable[RuleFinding]) -> list[RuleFinding]:
    """The worst first."""
    order = {"danger": 0, "warning": 1, "note": 2}
    return sorted(found, key=lambda item: (order[item.level], bool(item.accepted), item.number, item.rule, item.what))


def _placed(plan: Plan, found: list[RuleFinding]) -> list[RuleFinding]:
    """Findings with the line that declares their number, where a check did not know it."""
    lines = {number.name: number.line for number in plan.numbers}
    return [item if item.line else item.model_copy(update={"line": lines.get(item.number, 0)}) for item in found]


def _named(rule: Rule, findings: Iterator[RuleFinding]) -> Iterator[RuleFinding]:
    return (finding.model_copy(update={"rule": rule}) for finding in findings)


def _accepted(finding: RuleFinding, policy: RuleSettings, names: set[str | None]) -> RuleFinding:
    """A finding that the stack file accepts today, under any of the number's names, says why; another one what to write."""
    for entry in policy.accept:
        of_this = entry.rule == finding.rule and entry.number in names and _at(entry.host, finding.host)
        if of_this and entry.until >= policy.today:
            return finding.model_copy(update={"accepted": f"until {entry.until}: {_line(entry.why)}"})
    if finding.level != "danger":
        return finding
    number = [f'  number: "{finding.number}"'] if finding.number else []
    host = [f"  host: {finding.host}"] if finding.host else []
    until = policy.today + timedelta(days=_DAYS)
    entry = [f"- rule: {finding.rule}", *number, *host, f"  until: {until}", f"  why: {WHY}"]
    return finding.model_copy(update={"accept": "\n".join(entry)})


def _at(accepted: str | None, host: str) -> bool:
    """Whether what is accepted for a host, or for any, is accepted for this one."""
    return accepted is None or destinations.host(accepted) == destinations.host(host)


def _line(text: str) -> str:
    """Foreign text on one line."""
    return " ".join(text.split())


# -- rules -------------------------------------------------------------------------------------------------------------


def _of(number: NumberPlan, level: Level, what: str, why: str, step: str = "") -> RuleFinding:
    return RuleFinding(level=level, number=number.name, line=number.line, what=what, why=why, step=step)


def _keeps_inbound(plan: Plan, policy: RuleSettings) -> Iterator[RuleFinding]:
    lost = [number for number in plan.numbers if number.kind in {"loses inbound", "released"}]
    level: Level = "danger" if len(lost) > policy.limits.lose else "warning"
    for number in lost:
        back = f"; it goes back to {number.returns_to}" if number.returns_to else ""
        why = "callers reach nobody" if not back else "callers reach whatever it rang before"
        yield _of(number, level, f"loses inbound: {_how_lost(number)}{back}", why, "put it back into the stack file")


def _how_lost(number: NumberPlan) -> str:
    before, after = number.before, number.after
    if after is None:
        by = f" ({', '.join(before.carriers)})" if before and before.carriers else ""
        return f"it leaves the stack, and nothing here routes it any more{by}"
    if not after.registered:
        return "its registration at xAI is deleted"
    return "no carrier sends its calls to xAI any more"


def _no_release(plan: Plan, policy: RuleSettings) -> Iterator[RuleFinding]:
    for number in plan.numbers:
        if number.kind == "released":
            yield _of(number, "danger", "is released", "the number may be gone for good", "remove on_delete: release")


def _no_open_allowlist(plan: Plan, policy: RuleSettings) -> Iterator[RuleFinding]:
    for number, after in _after(plan):
        was_open = number.before is not None and number.before.auth == "open"
        if number.widened and number.widened.whole:
            yield _of(
                number, "danger", _widening(number.widened), "anyone can call the agent", "name the carrier's ranges"
            )
        elif after.auth == "open" and not was_open and number.before is None:
            text = "is open: any address may send calls"
            yield _of(number, "danger", text, "anyone can call the agent", "write auth: {allow: [CARRIER]}")


def _allowlist_widened(plan: Plan, policy: RuleSettings) -> Iterator[RuleFinding]:
    for number, _ in _after(plan):
        found = number.widened
        if found and not found.whole:
            wide: Level = "danger" if found.wide else "warning"
            yield _of(number, wide, _widening(found), "more machines can call the agent", "name smaller networks")


def _widening(found: Widened) -> str:
    if found.whole:
        return f"allowlist opened to the whole internet (+ {', '.join(found.networks[:3])})"
    counts = [f"{found.addresses4:,} IPv4" if found.addresses4 else "", _ipv6(found.addresses6)]
    many = found.addresses4 + found.addresses6 != 1
    shown = ", ".join(found.networks[:3]) + (", …" if len(found.networks) > 3 else "")
    return f"allowlist + {shown} ({' and '.join(filter(None, counts))} address{'es' if many else ''} more)"


def _ipv6(count: int) -> str:
    if count < 2**20:
        return f"{count:,} IPv6" if count else ""
    return f"2^{count.bit_length() - 1} IPv6"


def _auth_required(plan: Plan, policy: RuleSettings) -> Iterator[RuleFinding]:
    for number, after in _after(plan):
        before = number.before
        if after.auth == "open" and before is not None and before.auth == "digest":
            text = "neither digest nor allowlist is left"
            yield _of(number, "danger", text, "anyone can call the agent", "write auth: {allow: […]} or {digest: {…}}")


def _digest_kept(plan: Plan, policy: RuleSettings) -> Iterator[RuleFinding]:
    for number, after in _after(plan):
        if "digest" in number.lost and after.auth == "allowlist":
            text = "digest turned off: an allowlist authenticates now"
            yield _of(number, "warning", text, "a carrier's ranges are shared by all its customers")


def _tls_only(plan: Plan, policy: RuleSettings) -> Iterator[RuleFinding]:
    for number, after in _after(plan):
        old = set(number.before.targets) if number.before else set[str]()
        plain = [uri for uri in after.targets if "transport=tls" not in uri and uri not in old]
        if not plain:
            continue
        level: Level = "danger" if plain[0] == after.targets[0] else "warning"
        verb = "TLS turned off" if "tls" in number.lost else "no TLS"
        yield _of(number, level, f"{verb}: {plain[0]}", "numbers and call set-up travel in the clear", "transport=tls")


def _srtp_kept(plan: Plan, policy: RuleSettings) -> Iterator[RuleFinding]:
    for number in plan.numbers:
        if "srtp" in number.lost:
            yield _of(number, "warning", "SRTP turned off", "the conversation travels unencrypted", "turn it on again")


def _single_owner(plan: Plan, policy: RuleSettings) -> Iterator[RuleFinding]:
    for number, after in _after(plan):
        if number.two_routes:
            names = " and ".join(after.carriers)
            text = f"has two routes: {names} both take its calls"
            yield _of(number, "danger", text, "which one rings is left to chance", "keep one route")


def _host_pinned(plan: Plan, policy: RuleSettings) -> Iterator[RuleFinding]:
    for number, after in _after(plan):
        before = number.before
        first = after.targets[0] if after.targets else ""
        if not first or f"{values.SIP_HOST}" == _host(first) or (before and first in before.targets):
            continue
        text = f"rings {_host(first)} instead of {values.SIP_HOST}"
        yield _of(number, "danger", text, "calls and callers' numbers go to another host", "leave sip_host out")


def _host(uri: str) -> str:
    try:
        return values.target(uri).host
    except ValueError:
        return uri


def _webhook_https(plan: Plan, policy: RuleSettings) -> Iterator[RuleFinding]:
    for number, after in _after(plan):
        if after.webhook.lower().startswith("http:"):
            yield _of(
                number, "danger", "its webhook is not https", "events and tokens travel in the clear", "use https://"
            )


def _e164(plan: Plan, policy: RuleSettings) -> Iterator[RuleFinding]:
    for number, _ in _after(plan):
        if number.name.startswith("+"):
            try:
                values.e164(number.name)
            except ValueError as error:
                yield _of(number, "danger", f"{error}", "no carrier can route it", "correct the number")


def is_production(stack: str) -> bool:
    """Whether a stack's name says that people call its numbers."""
    return "prod" in stack.rpartition("/")[2]


def _protect_production(plan: Plan, policy: RuleSettings) -> Iterator[RuleFinding]:
    if not is_production(plan.stack):
        return
    for number, after in _after(plan):
        if number.kind == "gains inbound" and not after.protected:
            text = "is not protected, on a production stack"
            yield _of(
                number, "warning", text, "one wrong edit deletes it", "write protect: true on it, or under defaults"
            )


def _no_shared_credential(plan: Plan, policy: RuleSettings) -> Iterator[RuleFinding]:
    users: dict[str, list[tuple[NumberPlan, Side]]] = {}
    for number, after in _after(plan):
        if number.password_ref:
            users.setdefault(number.password_ref, []).append((number, after))
    for name, found in sorted(users.items()):
        carriers = sorted({carrier for _, after in found for carrier in after.carriers})
        for number, _ in found if len(carriers) > 1 else ():
            text = f"its digest password {name} is used at {' and '.join(carriers)}"
            yield _of(
                number, "warning", text, "a leak at one carrier opens the other", "give each carrier its own secret"
            )


def _plain_secrets(plan: Plan, policy: RuleSettings) -> Iterator[RuleFinding]:
    for key in policy.plain:
        yield RuleFinding(
            level="danger", object=key, what=f"{key} stands in the clear in the stack's configuration",
            why="whoever reads the repository has it", step=f"pulumi config set --secret {key}, and renew it",
        )  # fmt: skip


def _secret_destination(plan: Plan, policy: RuleSettings) -> Iterator[RuleFinding]:
    """A known secret that goes to another host than before; of many the plan lists which, and each object says less."""
    moved = [item for item in plan.secrets if item.state == "new host"]
    few = len({(item.secret, item.host) for item in moved}) <= _TOLD_APART
    lines = {(item.type, item.name): item.line for item in plan.objects}
    for item in moved if few else {(item.number, item.name): item for item in moved}.values():
        what = f"{item.secret} goes to {item.host}, a new host for it ({item.field}; before: {', '.join(item.before)})"
        yield RuleFinding(
            level="danger", number=item.number, object="" if item.number else object_named(item.type, item.name),
            line=lines.get((item.type, item.name), 0), host=item.host if few else "",
            what=what if few else "its secrets go to hosts that are new for them",
            why="whoever answers there gets its value" if few else "whoever answers there gets their values",
            step="leave the host, or name another secret for it",
        )  # fmt: skip


def _max_reroute(plan: Plan, policy: RuleSettings) -> Iterator[RuleFinding]:
    changed = [number for number in plan.numbers if number.kind == "rerouted"]
    limits = policy.limits
    yield from _shares(plan, changed, "rerouted", limits.reroute, {n: s.reroute for n, s in limits.carriers.items()})


def _max_delete(plan: Plan, policy: RuleSettings) -> Iterator[RuleFinding]:
    gone = [number for number in plan.numbers if number.before and number.after is None]
    limits = policy.limits
    yield from _shares(plan, gone, "deleted", limits.delete, {n: s.delete for n, s in limits.carriers.items()})


def _shares(
    plan: Plan, found: list[NumberPlan], what: str, most: int, special: Mapping[str, int | None]
) -> Iterator[RuleFinding]:
    """Too large a part of the stack's numbers, or of one carrier's."""
    before = plan.total - sum(number.before is None for number in plan.numbers)
    if text := _too_many(len(found), before, most):
        yield _mass(f"{text} of the stack would be {what}", "raise the share under limits")
    counts = Counter(name for number in found if number.before for name in number.before.carriers)
    for name, count in sorted(counts.items()):
        limit = special.get(name)
        if text := _too_many(count, plan.carriers.get(name, 0), most if limit is None else limit):
            yield _mass(f"{text} at {name} would be {what}", f"raise the share under limits.carriers.{name}")


def _too_many(count: int, total: int, most: int) -> str:
    if total < _COUNTED_FROM or not count or count * 100 <= total * most:
        return ""
    return f"{count} of {total} numbers ({count * 100 // total} %, at most {most} %)"


def _mass(what: str, step: str) -> RuleFinding:
    return RuleFinding(level="danger", what=what, why="a change this large is often a mistake", step=step)


def _after(plan: Plan) -> Iterator[tuple[NumberPlan, Side]]:
    return ((number, number.after) for number in plan.numbers if number.after is not None)


def _changed_agents(plan: Plan) -> Iterator[ObjectPlan]:
    return (item for item in plan.objects if item.type == AGENT and item.op == "update")


def _agent_instructions(plan: Plan, policy: RuleSettings) -> Iterator[RuleFinding]:
    for item in _changed_agents(plan):
        lines = [change for change in item.changes if _under(change.path, "instructions")]
        if lines:
            text = f"its instructions change in {counted(len(lines), 'line')}; it answers {counted(item.answers, 'number')}"
            yield _of_agent(item, text, "callers hear it from the first call after the apply")


def _agent_tools(plan: Plan, policy: RuleSettings) -> Iterator[RuleFinding]:
    for item in _changed_agents(plan):
        tools = [
            change for change in item.changes if _under(change.path, "tools") or _under(change.path, "tool_secrets")
        ]
        if tools:
            hosts = [f"; {_tool(change.path)} goes to {_going(change)}" for change in tools if change.hosts]
            text = f"what it may call changes{''.join(hosts)}; it answers {counted(item.answers, 'number')}"
            yield _of_agent(item, text, "a tool sees what callers say, and holds the secrets that it is given")


def _of_agent(item: ObjectPlan, what: str, why: str) -> RuleFinding:
    return RuleFinding(level="warning", object=f"agent {item.name}", line=item.line, what=what, why=why)


def _under(path: str, name: str) -> bool:
    return re.match(rf"{name}(?![a-z_])", path) is not None


def _tool(path: str) -> str:
    """What a tool is called, out of ``tools[crm].server_url``."""
    found = re.match(r"tools\[(.*?)\]", path)
    return found[1] if found else "one of them"


def _going(change: Change) -> str:
    """The hosts that a tool did not go to before, and which of its secrets they are sent."""
    secrets = f" with its {' and '.join(change.secrets)}" if change.secrets else ""
    return f"{', '.join(change.hosts)}{secrets}"


#: Every rule that a stack file may accept, by its name.
RULES: dict[Rule, Check] = {
    "number-keeps-inbound": _keeps_inbound,
    "no-release": _no_release,
    "no-open-allowlist": _no_open_allowlist,
    "auth-required": _auth_required,
    "tls-only": _tls_only,
    "single-owner": _single_owner,
    "target-host-pinned": _host_pinned,
    "webhook-https": _webhook_https,
    "e164": _e164,
    "secret-not-in-plain-config": _plain_secrets,
    "secret-destination": _secret_destination,
    "max-reroute": _max_reroute,
    "max-delete": _max_delete,
    "allowlist-widened": _allowlist_widened,
    "digest-kept": _digest_kept,
    "srtp-kept": _srtp_kept,
    "no-shared-credential": _no_shared_credential,
    "protect-production-numbers": _protect_production,
    "agent-instructions": _agent_instructions,
    "agent-tools": _agent_tools,
}


# -- what no rule is needed for ----------------------------------------------------------------------------------------


def _refused(plan: Plan) -> Iterator[RuleFinding]:
    for item in plan.objects:
        if item.blocked:
            yield RuleFinding(
                level="danger", rule="refused", number=item.number, object=item.type, line=item.line,
                what=f"{item.type} is refused: {item.blocked}", why="an apply would stop before it changes anything",
            )  # fmt: skip


def _violated(plan: Plan, found: Iterable[RuleFinding]) -> Iterator[RuleFinding]:
    """What policy packs found; our own pack runs the rules of this module, so what it says stands here already."""
    known = {(PACK, finding.rule, finding.number) for finding in found}
    for item in plan.policy or ():
        number = item.number or item.text.partition(":")[0]
        if {(item.pack, item.policy, number), (item.pack, item.policy, "")} & known:
            continue
        level: Level = "danger" if item.mandatory else "warning"
        name = f"{item.pack}/{item.policy}"
        yield RuleFinding(level=level, rule=name, number=item.number, what=item.text, why="a policy pack says so")


def _said(plan: Plan) -> Iterator[RuleFinding]:
    """Warnings of the preview: what will be taken over, who holds a number, who could not be asked."""
    for item in plan.messages:
        if item.severity == "warning":
            yield RuleFinding(
                level="warning", number=item.number, object=_object(item.urn), what=item.text, why="seen by the preview"
            )


def _object(urn: str) -> str:
    """What has no number of its own, as a person calls it: ``agent sales``, ``twilio/trunk``."""
    return object_named(type_of(urn), name_of(urn)) if urn else ""


def object_named(type: str, name: str) -> str:
    """The same of its type and name."""
    return f"agent {name}" if type == AGENT else name


def _noted(plan: Plan) -> Iterator[RuleFinding]:
    """Secrets somebody must be told of, outages that were consented to, numbers that may be given back, drift."""
    releasable = _releasable(plan)
    for number in plan.numbers:
        if number.replacement and number.replacement.consent == "given":
            because = ", ".join(number.replacement.because) or "its inputs"
            yield _of(number, "warning", f"is re-registered ({because})", number.replacement.loss)
        if number.bought:
            yield _of(number, "warning", number.bought, "it is billed from the day it is bought, also after a destroy")
        if number.signing_secret == "renewed":  # noqa: S105
            yield _of(number, "warning", "signing secret renewed", "its receiver refuses calls until it has the new one",
                      "pulumi stack output signing_secrets --show-secrets")  # fmt: skip
        if number.signing_secret == "made":  # noqa: S105
            yield _of(number, "note", "signing secret made", "its receiver needs it",
                      "pulumi stack output signing_secrets --show-secrets")  # fmt: skip
        if number.password == "renewed":  # noqa: S105
            yield _of(number, "warning", "digest password renewed", "calls are refused until both sides have it")
        if number.before and number.name in releasable:
            yield _of(number, "warning", "is given back when it leaves the stack", "the number may be gone for good",
                      "to keep it, remove on_delete: release")  # fmt: skip
    yield from _drifted(plan)


def _drifted(plan: Plan) -> Iterator[RuleFinding]:
    """What was changed outside: of a number all its objects together, what is shared and agents each by its name."""
    found: dict[tuple[str, str], list[Drift]] = {}
    for item in plan.drift:
        name = "" if item.number else object_named(item.type, item.name)
        found.setdefault((item.number, name), []).append(item)
    for (number, name), items in sorted(found.items()):
        gone = [item for item in items if not item.path]
        changed = len(items) - len(gone)
        told = [
            f"{_properties(changed)} changed outside" if changed else "",
            f"{', '.join(item.type for item in gone)} deleted outside" if gone else "",
        ]
        yield RuleFinding(
            level="warning", number=number, object=name, what=" and ".join(filter(None, told)), why="applying undoes it"
        )


def _properties(count: int) -> str:
    return f"{count} {'property' if count == 1 else 'properties'}"


def _releasable(plan: Plan) -> set[str]:
    """Numbers that a deletion keeps today, and would give back after this."""
    return {item.number for item in plan.objects for change in item.changes if (change.path, change.after) == _RELEASE}


def _expired(policy: RuleSettings) -> Iterator[RuleFinding]:
    for entry in policy.accept:
        if entry.until < policy.today:
            yield RuleFinding(
                level="warning", number=entry.number or "", what=f"accept of {entry.rule} expired on {entry.until}",
                why="the rule stops again", step="remove the entry, or give it a later day",
            )  # fmt: skip


# -- the verdict -------------------------------------------------------------------------------------------------------


def _verdict(plan: Plan, findings: Iterable[RuleFinding]) -> Word:
    found = list(findings)
    if stopped(plan):
        return "incomplete"
    if any(finding.stops for finding in found):
        return "blocked"
    if not plan.complete:
        return "incomplete"
    if any(finding.level == "danger" for finding in found):
        return "dangerous"
    if not plan.objects and not plan.drift:
        return "none"
    return "needs a look" if any(finding.level == "warning" for finding in found) else "safe"


def _headline(plan: Plan, verdict: Word) -> str:
    """What happens to numbers, in one line, the worst first."""
    if verdict == "none":
        return f"{counted(plan.total, 'number')} ring{'s' if plan.total == 1 else ''} as before"
    kinds = Counter(number.kind for number in plan.numbers)
    refused = sum(bool(item.blocked) for item in plan.objects)
    opened = sum(bool(number.widened and number.widened.whole) for number in plan.numbers)
    anew = sum(number.replacement is not None for number in plan.numbers)
    moved = len({item.secret for item in plan.secrets if item.state == "new host"})
    told = [
        _clause(kinds["loses inbound"], "stops ringing", "stop ringing"),
        _clause(kinds["released"], "is released", "are released"),
        _clause(opened, "opened to the internet", "opened to the internet"),
        _moving(moved) if moved else "",
        _clause(anew, "re-registered", "re-registered"),
        _clause(kinds["rerouted"], "rerouted", "rerouted"),
        _clause(sum(bool(number.bought) for number in plan.numbers), "is bought", "are bought"),
        _clause(kinds["gains inbound"], "starts ringing", "start ringing"),
        f"{counted(refused, 'change')} refused" if refused else "",
        *(f"agent {item.name} changes: {counted(item.answers, 'number')}" for item in _changed_agents(plan)),
    ]
    clauses = [clause for clause in told if clause]
    if not clauses:
        clauses = [_clause(len(plan.numbers), "changes and rings as before", "change and ring as before")]
    known = ", ".join(filter(None, clauses)) or ("" if plan.why_incomplete else "no number rings differently")
    return "; ".join(filter(None, (known, _not_known(plan))))


def _moving(count: int) -> str:
    return f"{counted(count, 'known secret')} go{'es' if count == 1 else ''} to a new host"


def _not_known(plan: Plan) -> str:
    """What an incomplete plan does not know."""
    if plan.complete:
        return ""
    unseen = sum(not item.previewed for item in plan.objects)
    if unseen:
        return f"not previewed: {counted(unseen, 'change')}, read from the state and the stack file"
    return "not known: what else would change or be deleted"


def _clause(count: int, one: str, many: str) -> str:
    return f"{counted(count, 'number')} {one if count == 1 else many}" if count else ""
