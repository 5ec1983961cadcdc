"""`xtel routes`: which number rings where, as declared in the stack file and as the state has it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any

from providers.kernel import values
from stacks import document, graph
from stacks.agent import Agent
from stacks.callpath import CallNetwork, CallPath
from stacks.model import Number
from xtel import terminal
from xtel.engine.state import State
from xtel.engine.step import group_of, object_of

APPLIED, DECLARED, LEFT = "applied", "declared only", "applied, no longer declared"
#: Nobody could be asked.
NOT_KNOWN = "not known"


@dataclass(frozen=True)
class Row:
    """One number; ``state`` is None where nobody could be asked what is applied."""

    key: str
    number: str | None
    carrier: str
    target: str
    answers: str | None
    state: str | None

    @property
    def cells(self) -> tuple[str, str, str]:
        """Three short columns of two lines each, so that a whole SIP URI fits into 80 characters."""
        number = values.pretty(self.number) if self.number else "bought by pulumi up"
        answers = self.answers or "nobody"
        return f"{number}\n{self.key}", f"{self.target}\n{answers}", f"{self.carrier}\n{self.state or NOT_KNOWN}"


def declared(found: document.Document) -> list[Row]:
    """The rows of a stack file, in its order."""
    rows: list[Row] = []
    for key, number in found.numbers.items():
        carrier = number.route.delivers if number.route else "none"
        answers = _answers(number, found.agents.get(number.agent or ""))
        rows.append(Row(key, number.number, carrier, str(graph.target_text(key, number)), answers, None))
    return rows


def _answers(number: Number, agent: Agent | None) -> str:
    """Who answers, in words for a table."""
    if not number.agent:
        return number.webhook.url if number.webhook else "nobody declared"
    named = f" ({agent.name})" if agent and agent.name not in {None, number.agent} else ""
    return f"agent {number.agent}{named}"


def applied(found: document.Document, held: State) -> list[Row]:
    """The rows of what the state holds: the path that a call takes over its objects, not what an output promises."""
    wanted = CallNetwork(map(graph.plain, graph.of_document(found)))
    network, labels = CallNetwork(held.resources), held.labels
    open = {group_of(item.urn): f"{object_of(item.urn)} left {item.kind}" for item in held.pending}
    return [
        _row(labels, name, network.path(name, wanted), open.get(name, ""))
        for name in sorted({*network.numbers, *open} - network.agents)
    ]


def _row(labels: dict[str, str], name: str, path: CallPath, left: str) -> Row:
    declared = values.Target(number=path.number, host=path.registration.host or values.SIP_HOST)
    target = next(iter(path.targets), str(declared))
    carrier = " and ".join(path.vendors) or "none"
    ends = next((hop for hop in path.hops if hop.ends and hop.name not in {"webhook", "agent"}), path.unregistered)
    problem = left or (f"{ends.name} {ends.state}" if ends else "")
    state = f"{APPLIED} in part: {problem}" if problem else APPLIED
    key = labels.get(path.number) or labels.get(name, name)
    return Row(key, path.number or None, carrier, target, path.answered_by or None, state)


def joined(wanted: Iterable[Row], found: Iterable[Row]) -> Iterator[Row]:
    """Declared and applied as one list. A number is the same when its carrier is: a renamed key changes nothing."""
    left = {_same(row): row for row in found}
    for row in wanted:
        # A number that xAI or a purchase picks has no E.164 in the file: only its key can tell.
        match = left.pop(_same(row), None) or (left.pop(_picked(row, left), None) if not row.number else None)
        number = row.number or (match.number if match else None)
        target = match.target if match else row.target
        yield Row(row.key, number, row.carrier, target, row.answers, match.state if match else DECLARED)
    for row in left.values():
        yield replace(row, state=LEFT)


def _same(row: Row) -> tuple[str | None, str]:
    return row.number, row.carrier


def _picked(row: Row, rows: dict[tuple[str | None, str], Row]) -> tuple[str | None, str]:
    return next((same for same, other in rows.items() if other.key == row.key), _same(row))


def show(rows: list[Row]) -> None:
    """The table, readable at 80 columns; a number and a SIP URI stay in one piece."""
    if not rows:
        terminal.line("no numbers: the stack file declares none, and none is applied")
        return
    cells = [row.cells for row in rows]
    least = (max(len(part) for cell, _, _ in cells for part in cell.split("\n")), max(len(row.target) for row in rows))
    terminal.table(("NUMBER\nKEY", "TARGET\nANSWERED BY", "CARRIER\nSTATE"), cells, (*least, len(DECLARED)))


def as_json(stack: str, rows: list[Row], *, asked: bool) -> dict[str, Any]:
    """For ``--json``; ``applied_known`` is false where only the file was read."""
    return {"stack": stack, "applied_known": asked, "numbers": [asdict(row) for row in rows]}
