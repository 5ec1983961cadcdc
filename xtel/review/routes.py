"""`xtel routes`: which number rings where, as declared in the stack file and as applied by Pulumi."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

from providers.kernel import values
from stacks import document, graph
from stacks.agent import Agent
from stacks.model import Number
from xtel import terminal
from xtel.engine import cli

APPLIED, DECLARED, LEFT = "applied", "declared only", "applied, no longer declared"


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
        answers = self.answers or "(the stack file no longer says)"
        return f"{number}\n{self.key}", f"{self.target}\n{answers}", f"{self.carrier}\n{self.state or DECLARED}"


def declared(file: Path) -> list[Row]:
    """The rows of a stack file, in its order."""
    rows: list[Row] = []
    found = document.read(file)
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


def applied(stack: str, root: Path, environment: Mapping[str, str]) -> list[Row]:
    """The rows of the stack's outputs; raises cli.PulumiUnavailable where Pulumi cannot be asked."""
    outputs: Any = json.loads(cli.run(["stack", "output", "--json", "--stack", stack], root, environment))
    numbers: Any = outputs.get("numbers")  # a stack that was never applied has no outputs
    rows: list[Row] = []
    for key, entry in cast(dict[str, Any], numbers if isinstance(numbers, dict) else {}).items():
        rows.append(Row(key, entry.get("number"), str(entry.get("carrier")), str(entry.get("target")), None, APPLIED))
    return rows


def joined(wanted: Iterable[Row], found: Iterable[Row]) -> Iterator[Row]:
    """Declared and applied as one list. A number is the same when it rings the same: a renamed key changes nothing."""
    left = {_same(row): row for row in found}
    for row in wanted:
        # A number that xAI picks has no E.164 in the file: only its key can tell.
        match = left.pop(_same(row), None) or (left.pop(_picked(row, left), None) if not row.number else None)
        number = row.number or (match.number if match else None)
        target = match.target if match else row.target
        yield Row(row.key, number, row.carrier, target, row.answers, APPLIED if match else DECLARED)
    for row in left.values():
        yield Row(row.key, row.number, row.carrier, row.target, None, LEFT)


def _same(row: Row) -> tuple[str | None, str, str]:
    return row.number, row.carrier, row.target


def _picked(row: Row, rows: Mapping[tuple[str | None, str, str], Row]) -> tuple[str | None, str, str]:
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
