"""Puts the checks of the catalogue to a call path, and their answers to hops. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from providers.kernel.secrecy import one_line
from xtel.proof.trace.catalogue import CHECKS
from xtel.proof.trace.model import (
    HOPS,
    CheckResult,
    HopName,
    Source,
    TracedHop,
    TracedNumber,
    TraceReport,
    Verdict,
    hop,
    reaches,
)
from xtel.proof.trace.subject import Answer, Check, Subject, named

_WHOLE = tuple(check for check in CHECKS if not check.per_way)
_PER_WAY = tuple(check for check in CHECKS if check.per_way)
#: No carrier is between a caller and a number of xAI's own.
_CARRIERS: frozenset[HopName] = frozenset({"attachment", "trunk", "dns", "tls", "sip", "authentication", "media"})


def report(
    stack: str,
    source: Source,
    subjects: Iterable[Subject],
    *,
    strict: bool = False,
    probed: bool = False,
    notes: Iterable[str] = (),
) -> TraceReport:
    """The trace of every number."""
    numbers = tuple(traced(each, stack) for each in subjects)
    all_reach = all(reaches(each, strict=strict) for each in numbers)
    return TraceReport(1, 0 if all_reach else 2, stack, source, probed, strict, numbers, tuple(notes))


def traced(subject: Subject, stack: str = "STACK") -> TracedNumber:
    """One number, hop by hop. ``stack`` is named where a command mends it."""
    found: dict[HopName, list[CheckResult]] = {}
    for check, result in [*_results(_WHOLE, subject, stack), *_on_the_best_way(subject, stack)]:
        found.setdefault(check.hop, []).append(result)
    hops = tuple(_hops(subject, found))
    ends: HopName | None = next((each.hop for each in hops if each.verdict == "fail"), None)
    verdict: Verdict = "fail" if ends else "pass" if all(each.verdict == "pass" for each in hops) else "unknown"
    return TracedNumber(
        subject.key, subject.number, verdict, ends, subject.path.answered_by, subject.path.targets, hops
    )


def _hops(subject: Subject, found: dict[HopName, list[CheckResult]]) -> Iterator[TracedHop]:
    """The hops that calls of this number pass: an agent of xAI's needs neither webhook nor session."""
    ended = False
    for name in HOPS:
        results = found.get(name, [])
        apart = name in {"webhook", "session", "agent"} or (subject.provisioned and name in _CARRIERS)
        if results or not apart:
            made = hop(name, results, "the call does not come this far" if ended else _depends(subject))
            ended = ended or made.verdict == "fail"
            yield made


def _depends(subject: Subject) -> str:
    if url := subject.asked_url:
        return f"depends on what {url} answers"
    return "nothing that decides it is known" if subject.path.ways else "no SIP URI is known"


def _on_the_best_way(subject: Subject, stack: str) -> list[tuple[Check, CheckResult]]:
    """The first SIP URI that nothing stands against; where something stands against all, the first of them."""
    first: list[tuple[Check, CheckResult]] = []
    for way in subject.ours:
        found = _results(_PER_WAY, subject.on(way), stack)
        if all(result.verdict != "fail" for _, result in found):
            return found
        first = first or found
    return first


def _results(checks: Iterable[Check], subject: Subject, stack: str) -> list[tuple[Check, CheckResult]]:
    answers = ((check, check.decide(subject)) for check in checks if check.decide)
    return [(check, _result(check, answer, subject, stack)) for check, answer in answers if answer is not None]


def _result(check: Check, answer: Answer, subject: Subject, stack: str) -> CheckResult:
    """``STACK`` in a fix is the stack's name, so that its command can be copied."""
    fix = answer.fix or (check.fix if answer.verdict == "fail" else "")
    return CheckResult(
        check.id, answer.verdict, one_line(answer.why), named(answer.by, subject.source), fix.replace("STACK", stack),
        answer.told_by,
    )  # fmt: skip
