"""`xtel validate`: every finding of one stack file or of all, without a request and without Pulumi."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from providers.kernel.wording import counted
from stacks import document
from stacks.document import Document, Finding, Refused
from xtel import terminal


@dataclass
class ValidationResult:
    """What a run found; ``numbers`` counts what the readable files declare."""

    files: dict[str, int | None] = field(default_factory=dict[str, int | None])
    findings: list[Finding] = field(default_factory=list[Finding])

    def count(self, severity: str) -> int:
        """How many findings are errors, or warnings."""
        return sum(finding.severity == severity for finding in self.findings)

    @property
    def valid(self) -> bool:
        """Whether Pulumi would take all of it."""
        return not self.count("error")

    def as_json(self) -> dict[str, Any]:
        """For ``--json``; the number count of a file that is refused is null."""
        files = [{"file": file, "numbers": numbers} for file, numbers in self.files.items()]
        return {"ok": self.valid, "files": files, "findings": [finding.as_json() for finding in self.findings]}


def validate(files: Iterable[Path]) -> ValidationResult:
    """Check stack files, and that no two of them declare the same number: two stacks would fight over it."""
    result = ValidationResult()
    read: list[Document] = []
    for file in files:
        try:
            found = document.read(file)
        except Refused as refused:
            result.files[str(file)] = None
            result.findings += refused.findings
            continue
        result.files[found.file] = len(found.numbers)
        result.findings += found.warnings
        read.append(found)
    result.findings += _declared_twice(read)
    order = list(result.files)
    result.findings.sort(key=lambda finding: (order.index(finding.file), finding.line))
    return result


def _declared_twice(documents: Iterable[Document]) -> Iterable[Finding]:
    seen: dict[str, str] = {}
    for found in documents:
        for key, number in found.numbers.items():
            if number.number and number.number in seen:
                text = f"{number.number} is declared twice: also at {seen[number.number]}; remove one of the two"
                yield Finding(found.file, found.lines[key], f"numbers.{key}", text)
            elif number.number:
                seen[number.number] = f"{found.file}:{found.lines[key]} as {key}"


def show(result: ValidationResult) -> None:
    """One finding per line, then what it comes to."""
    for finding in result.findings:
        terminal.line(_text(finding), "red" if finding.severity == "error" else "yellow")
    name, *more = result.files
    place = f"{len(more) + 1} stack files" if more else name
    warnings = f", {counted(result.count('warning'), 'warning')}" if result.count("warning") else ""
    if result.valid:
        numbers = sum(count or 0 for count in result.files.values())
        terminal.line(f"ok: {counted(numbers, 'number')} in {place}{warnings}", "green")
    else:
        terminal.line(f"failed: {counted(result.count('error'), 'error')}{warnings} in {place}", "red")


def _text(finding: Finding) -> str:
    """Errors are what they are; a warning says that it is one, right after the place."""
    if finding.severity == "error":
        return str(finding)
    place = f"{finding.file}:{finding.line}"
    return f"{place}: {finding.severity}:{str(finding).removeprefix(f'{place}:')}"
