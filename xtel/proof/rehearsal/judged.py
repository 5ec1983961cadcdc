"""Whether each number rings before and after as its stack files say. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from providers.kernel.secrecy import one_line
from stacks.document import Document
from stacks.graph import AGENT
from stacks.model import Number
from xtel.engine.state import State
from xtel.proof.calling import Line, Result
from xtel.proof.rehearsal import made
from xtel.review import plan as plans
from xtel.review.plan import declared as declaring
from xtel.review.rehearsal import Rehearsal, RehearsedNumber, Ring, Verdict

#: Of whom something is said, and what.
Told = tuple[str, str]


@dataclass(frozen=True)
class Applied:
    """One version as it was applied and called: its file, its numbers, the calls by E.164, ids of agents by key, and what
    was not applied.
    """

    declared: Document
    lines: tuple[Line, ...]
    calls: Mapping[str, Result]
    agents: Mapping[str, str]
    problems: tuple[Told, ...] = ()


def agents(held: State) -> dict[str, str]:
    """Ids of the hosted agents that are applied, by their keys."""
    return {item.name: item.id for item in held.resources if item.type == AGENT}


def judged(found: Rehearsal, earlier: Applied | None, later: Applied, again: Sequence[Told]) -> Rehearsal:
    """The rehearsal with a verdict for each number, and what is of none; ``again``: what the plan after it would change."""
    calls = _Calls(found.stack, earlier, later, again)
    numbers = [*map(calls.number, later.declared.numbers), *calls.gone()]
    known = {name for item in numbers for name in (item.number, item.key)}
    problems = [one_line(f"{of}: {what}" if of else what) for of, what in (*later.problems, *again) if of not in known]
    return found.model_copy(
        update={"numbers": tuple(numbers), "stable": not again, "problems": tuple(dict.fromkeys(problems))}
    )


def ring(result: Result | None) -> Ring | None:
    """A call in the words of the report."""
    if result is None:
        return None
    outcome = result.outcome
    if result.answered:
        return Ring(
            answered=True, by=str(outcome["answered_by"]), uri=_called(result), codec=str(outcome["codec"]),
            encrypted=bool(outcome["encrypted"]), code=outcome["code"],
        )  # fmt: skip
    return Ring(
        answered=False, uri=_called(result), hop=str(outcome["hop"] or ""), code=outcome["code"],
        reason=one_line(str(outcome["reason"] or "no end in time")), ladder=tuple(result.ladder),
    )  # fmt: skip


def _called(result: Result) -> str:
    invited = [line.split() for line in result.sent if line.startswith("INVITE ")]
    return invited[-1][1] if invited else ""


class _Calls:
    """Both versions and their calls."""

    def __init__(self, stack: str, earlier: Applied | None, later: Applied, again: Sequence[Told]) -> None:
        self._earlier, self._later, self._again = earlier, later, again
        self._declared = later.declared
        preview = declaring.preview(stack, earlier.declared if earlier else None, later.declared)
        context = plans.Context(stack, declared=declaring.entries(later.declared), source="stack files")
        plan = plans.build(preview, context)
        self._changes = {number.name for number in plan.numbers}
        self._blocked = {item.number for item in plan.objects if item.blocked}
        self._was = {line.number: line for line in earlier.lines} if earlier else {}
        self._is = {line.key: line for line in later.lines}

    def number(self, key: str) -> RehearsedNumber:
        """A number of the file."""
        declared = self._declared.numbers[key]
        line = self._is.get(key)
        name = line.number if line else declared.number or key
        before, after = self._rang(self._earlier, name), self._rang(self._later, name) if line else None
        verdict, why = self._verdict(key, declared, name, before, after)
        note = "" if {name, key}.isdisjoint(self._blocked) else "an apply needs consent to re-register it"
        return RehearsedNumber(
            number=name, key=key, carrier=made.carrier(declared), before=before, after=after, verdict=verdict, why=why,
            note=note,
        )  # fmt: skip

    def gone(self) -> Iterator[RehearsedNumber]:
        """Numbers that the change takes out of the stack: nobody answers them any more."""
        here = {line.number for line in self._later.lines}
        for number, line in self._was.items():
            if number in here or line.key in self._declared.numbers:
                continue
            before, after = self._rang(self._earlier, number), self._rang(self._later, number)
            verdict, why = self._left(number, after)
            yield RehearsedNumber(number=number, key=line.key, before=before, after=after, verdict=verdict, why=why)

    @staticmethod
    def _rang(applied: Applied | None, number: str) -> Ring | None:
        return ring(applied.calls.get(number)) if applied else None

    def _left(self, number: str, after: Ring | None) -> tuple[Verdict, str]:
        if failed := _of(self._later.problems, number):
            return "not applied", failed
        if after and after.answered:
            return "still answers", f"{after.said} answers it"
        return "gone as declared", ""

    def _verdict(
        self, key: str, declared: Number, name: str, before: Ring | None, after: Ring | None
    ) -> tuple[Verdict, str]:
        if wrong := self._wrong(key, declared, name, after):
            return wrong
        if before is None or not {name, key}.isdisjoint(self._changes):
            return "as declared", ""
        if after and before.way != after.way:
            return "rings otherwise", f"nothing about it changes, yet {_difference(before, after)}"
        return "as before", ""

    def _wrong(self, key: str, declared: Number, name: str, after: Ring | None) -> tuple[Verdict, str] | None:
        """What is not as the file says, whatever was before."""
        failed = _of(self._later.problems, name, key)
        if failed or after is None:
            return "not applied", failed or "it is not registered"
        if not after.answered:
            return "does not answer", one_line(f"{after.said}: {after.reason}")
        wanted = made.answerer(declared, self._later.agents)
        if wanted and after.by != wanted:
            return "answered by another", f"{after.said} answers, not {wanted.replace(':', ' ', 1)}"
        changing = _of(self._again, name, key)
        return ("changes again", changing) if changing else None


def _of(told: Iterable[Told], *names: str) -> str:
    return next((what for of, what in told if of in names), "")


def _difference(before: Ring, after: Ring) -> str:
    """The first thing that is other than before."""
    if before.answered != after.answered:
        return f"before: {before.said}"
    for name in ("by", "uri", "codec"):
        if (was := getattr(before, name)) != (now := getattr(after, name)):
            return f"{was or 'nothing'} became {now or 'nothing'}"
    return f"SRTP was {'on' if before.encrypted else 'off'} before"
