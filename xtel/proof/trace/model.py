"""What a trace says: the hops of each number, and what every check found there.

The schema of ``xtel trace --json`` is ``xtel/proof/trace/trace.schema.json``, written by
``python -m xtel.proof.trace.model``. A change that old readers cannot follow raises ``version``.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal, get_args

from pydantic import Field, TypeAdapter

from providers.kernel import escaping

#: The hops of a call, in the order it passes them: the same words wherever a call is spoken of.
HopName = Literal[
    "number", "attachment", "trunk", "dns", "tls", "sip", "registration", "authentication", "media", "webhook", "session",
    "agent",
]  # fmt: skip
HOPS: tuple[HopName, ...] = get_args(HopName)
Verdict = Literal["pass", "fail", "unknown"]
#: Who would tell what cannot be told: another source, a probe from this machine, or a call.
Teller = Literal["", "state", "live", "probe", "call"]
Source = Literal["declared", "state", "plan", "live"]


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What one check of the catalogue found on one call path."""

    check: Annotated[str, Field(description="Its id in the catalogue: docs/trace.md, xtel trace --explain.")]
    verdict: Annotated[Verdict, Field(description="unknown: cannot tell.")]
    why: str
    object: Annotated[str, Field(description="The object that decides it; empty where none does.")] = ""
    fix: Annotated[str, Field(description="What mends it; empty where nothing is to be mended.")] = ""
    told_by: Annotated[Teller, Field(description="Of unknown: what would tell; call: only a call shows it.")] = ""


@dataclass(frozen=True, slots=True)
class TracedHop:
    """One hop: the worst of its checks decides. Hops that a number's calls do not pass are left out."""

    hop: HopName
    verdict: Verdict
    why: str
    object: str
    fix: str
    told_by: Teller
    checks: tuple[CheckResult, ...]


@dataclass(frozen=True, slots=True)
class TracedNumber:
    """One number, and whether its calls reach who is to answer them."""

    key: str
    number: Annotated[str, Field(description="E.164; empty for one that is still to be bought.")]
    verdict: Annotated[Verdict, Field(description="fail: a call ends at ends_at; pass: no hop fails or is unknown.")]
    ends_at: Annotated[HopName | None, Field(description="The first hop at which a call ends.")]
    answered_by: Annotated[str, Field(description="Who would answer: agent NAME, or the webhook's URL.")]
    targets: Annotated[tuple[str, ...], Field(description="SIP URIs in the order tried.")]
    hops: tuple[TracedHop, ...]


@dataclass(frozen=True, slots=True)
class TraceReport:
    """All numbers that were asked for."""

    version: Literal[1]
    exit: Annotated[int, Field(description="0 all reach who answers, 2 some do not.")]
    stack: str
    source: Annotated[Source, Field(description="Who told: the stack file, the state, a plan, the vendors.")]
    probed: Annotated[bool, Field(description="Whether names, TLS and OPTIONS were tried from this machine.")]
    strict: Annotated[bool, Field(description="Whether `unknown` counts as `fail`, but for what only a call shows.")]
    numbers: tuple[TracedNumber, ...]
    notes: tuple[str, ...] = ()

    def as_json(self) -> str:
        """For ``--json``; by pydantic's own writer, which a thousand numbers do not slow down."""
        return f"{escaping.json_text(TypeAdapter(TraceReport).dump_json(self, indent=2).decode())}\n"


_WORST: dict[Verdict, int] = {"fail": 0, "unknown": 1, "pass": 2}


def hop(name: HopName, found: Sequence[CheckResult], otherwise: str = "") -> TracedHop:
    """A hop as its checks decide it: a failure first, then what cannot be told (last what only a call shows).

    ``otherwise``: why no check had anything to look at.
    """
    if not found:
        return TracedHop(name, "unknown", otherwise, "", "", "call", ())
    worst = min(found, key=lambda each: (_WORST[each.verdict], each.told_by == "call"))
    return TracedHop(name, worst.verdict, worst.why, worst.object, worst.fix, worst.told_by, tuple(found))


def reaches(number: TracedNumber, *, strict: bool) -> bool:
    """Whether a number counts as one whose calls reach who answers."""
    if number.verdict == "fail":
        return False
    return not strict or not any(
        each.verdict == "unknown" and each.told_by != "call" for hop in number.hops for each in hop.checks
    )


def schema() -> str:
    """The schema: the same bytes on every machine."""
    described = TypeAdapter(TraceReport).json_schema(mode="serialization")
    whole = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **described,
        "title": "Trace of xai-telephony",
    }
    return json.dumps(whole, indent=2, ensure_ascii=True) + "\n"


if __name__ == "__main__":
    sys.stdout.write(schema())
