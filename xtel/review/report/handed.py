"""Which secret goes to which host, as every report shows it: what is new, a line each. Pure."""

from __future__ import annotations

from providers.kernel.wording import counted
from xtel.review.plan.model import Plan, SecretPlan
from xtel.review.report.alike import Words, together
from xtel.review.rules import object_named

#: Lines that a report shows.
_MOST = 8
#: By state a sign, and what is said; in the order of the report.
_STATES = {
    "new host": ("!", "known secret, new host"),
    "new secret": ("+", "new secret"),
    "new place": (" ", "host that has it already"),
}


def rows(plan: Plan) -> list[tuple[str, str]]:
    """A sign and a line for each secret that goes somewhere new; then how many others go where they went."""
    told = [row for state in _STATES for row in _of(state, plan)]
    if not told:
        return []
    moved = {_one(item) for item in plan.secrets if item.state != "kept"}
    kept = len({_one(item) for item in plan.secrets} - moved)
    more = [(" ", f"… {len(told) - _MOST} more (--format json shows all)")] if len(told) > _MOST else []
    go = "goes where it" if kept == 1 else "go where they"
    same = [(" ", f"{counted(kept, 'other secret')} {go} went")] if kept else []
    return [*told[:_MOST], *more, *same]


def _of(state: str, plan: Plan) -> list[tuple[str, str]]:
    """The secrets in one state: all hosts of one in a line, and numbers that are alike once."""
    hosts: dict[tuple[str, str, str], set[str]] = {}
    words = Words(plan)
    for item in plan.secrets:
        if item.state == state:
            noun, owner = (
                ("number", words.label(item.number)) if item.number else ("agent", object_named(item.type, item.name))
            )
            hosts.setdefault((noun, owner, item.secret), set()).add(item.host)
    sign, said = _STATES[state]
    found: list[tuple[str, str]] = []
    for noun in ("number", "agent"):
        some = [(secret, owner, sorted(each)) for (kind, owner, secret), each in hosts.items() if kind == noun]
        for group in together(some, lambda way: (way[0], *way[2]), lambda way: way[1], noun):
            secret, _, names = group.first
            found.append((sign, f"{secret} → {', '.join(names)}: {said} ({group.where})"))
    return found


def _one(item: SecretPlan) -> tuple[str, str]:
    """What tells a secret from others: its name; of one without a name also whose it is."""
    return item.secret, (item.number or item.name) if item.secret.startswith("its ") else ""
