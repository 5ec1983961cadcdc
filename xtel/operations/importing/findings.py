"""What `xtel import` tells: the entries and renames to come, what stays and why, and the next step."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from providers.kernel import secrecy, values
from providers.kernel.wording import counted
from xtel import terminal
from xtel.operations import gate
from xtel.operations.gate import ApplyResult
from xtel.operations.importing import entries
from xtel.operations.importing.number import ImportedNumber
from xtel.operations.importing.survey import Survey


def show(survey: Survey) -> None:
    """Everything that would be written, before it is."""
    for taken in survey.taken:
        terminal.line(f"{values.pretty(taken.number)} ({taken.key}), new in {survey.file}:", "bold")
        for line in entries.written({taken.key: taken.entry}).rstrip().splitlines():
            terminal.line(f"  {line[: len(line) - len(line.lstrip())]}{secrecy.one_line(line, 500)}")
        for text in _writes(taken):
            terminal.line(f"  {text}", "yellow")
        for remark in taken.remarks:
            terminal.note(f"  {secrecy.one_line(remark)}")
    if survey.already:
        terminal.line(f"imported already: {', '.join(survey.already)}", "green")
    for left in survey.left:
        terminal.line(f"stays as it is: {left.number}: {secrecy.one_line(left.reason)}")
    if survey.unused:
        terminal.note(f"secrets of no number that is imported: {', '.join(survey.unused)}")


def _writes(taken: ImportedNumber) -> list[str]:
    renamed = [
        f"renames {item.vendor} {item.kind} {item.id}: {_name(item.before)} -> {_name(item.after)}"
        for item in taken.objects
        if item.before != item.after
    ]
    return [*(f"config secret {name}" for name in sorted(taken.secrets)), *renamed]


def _name(text: str) -> str:
    return repr(secrecy.one_line(text, 80))


def conclude(stack: str, survey: Survey, result: ApplyResult | None) -> None:
    """What came of it, and what to do next; without a result nothing was imported."""
    count = len(survey.taken)
    what = counted(count, "number")
    if result:
        gate.show_warnings(result)
        terminal.line(f"ok: {what} imported, and the plan is empty; next: review {survey.file}, commit it", "green")
    elif survey.taken:
        terminal.line(f"nothing was written; next: the same command with --yes imports {what} into {stack}")
    elif not survey.left:
        terminal.line("ok: nothing to import", "green")
    else:
        terminal.line("nothing to import: see the reasons above")


def as_json(stack: str, carrier: str, survey: Survey, result: ApplyResult | None) -> dict[str, Any]:
    """For ``--json``."""
    return {
        "stack": stack,
        "carrier": carrier,
        "file": str(survey.file),
        "imported": result is not None,
        "warnings": [asdict(item) for item in result.warnings] if result else [],
        "numbers": [taken.as_json() for taken in survey.taken],
        "already": list(survey.already),
        "left": [left.as_json() for left in survey.left],
        "secrets_of_others": list(survey.unused),
    }
