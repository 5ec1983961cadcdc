"""How an inventory is shown: tables for people, CSV for spreadsheets."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from providers.kernel import escaping, secrecy
from providers.kernel.wording import counted
from xtel import terminal
from xtel.operations.inventory.model import HeldObject, InventoryNumber, NetworkInventory, Orphan, VendorAnswer

#: The columns of the CSV; new ones come last.
COLUMNS = (
    "number", "vendor", "account", "attached_kind", "attached_id", "attached_name", "targets", "remark", "registered",
    "registration_id", "answered_by", "declared_by", "orphan",
)  # fmt: skip
_WORDS = {
    "registration_without_number": "registered at xAI, and no carrier in reach has the number",
    "number_without_registration": "its calls go to xAI, where it is not registered",
    "undeclared_object": "marked by stack {stack}, which does not declare it",
}
#: The longest SIP URI of a number at xAI: it stays in one piece in 80 columns, as numbers do.
_URI = len("sip:+123456789012345@sip.voice.x.ai;transport=tls")


def show(found: NetworkInventory) -> None:
    """A table for each account, readable at 80 columns, then the orphans."""
    for answer in found.vendors:
        rows = [each for each in found.numbers if each.vendor == answer.vendor]
        if answer.status != "answered" or (answer.vendor == "xai" and not rows):
            continue
        more = "more " if answer.vendor == "xai" else ""
        terminal.line(_heading(answer, counted(len(rows), f"{more}number")), "bold")
        if rows:
            _table(("NUMBER", "GOES TO", "DECLARED BY"), [_cells(each, found.project) for each in rows])
        terminal.line("")
    if found.orphans:
        terminal.line("Orphans", "bold")
        _table(("NUMBER", "WHAT", "WHERE"), [_orphan_cells(each) for each in found.orphans])
        terminal.line("")
    terminal.line(f"{counted(len(found.numbers), 'number')}, {counted(len(found.orphans), 'orphan')}")


def tell_gaps(found: NetworkInventory) -> None:
    """On stderr: who was not asked, who failed, and which file could not be read."""
    for answer in found.vendors:
        step = f"; next: {answer.next}" if answer.next else ""
        if answer.status == "no_credentials":
            terminal.note(f"not asked: {answer.error}{step}")
        elif answer.status == "failed":
            terminal.error(f"{answer.error}{step}")
    for unread in found.unread:
        terminal.error(unread.error)


def _table(heads: tuple[str, str, str], rows: list[tuple[str, str, str]]) -> None:
    """Numbers are never broken, nor SIP URIs at xAI; other cells may be."""
    number = max(len(cell) for cell, _, _ in [heads, *rows])
    uris = [line for _, cell, _ in rows for line in cell.split("\n") if line.startswith("sip:")]
    terminal.table(heads, rows, (number, min(max(map(len, uris), default=30), _URI), 8))


def _heading(answer: VendorAnswer, rest: str) -> str:
    return f"{answer.title} {answer.account_name} {secrecy.one_line(answer.account or '', 60)}: {rest}"


def _cells(row: InventoryNumber, project: str) -> tuple[str, str, str]:
    lines = [*row.targets]
    if row.attached:
        lines.append(_named(row.attached))
    if row.remark:
        lines.append(secrecy.one_line(row.remark))
    if row.registration:
        lines.append(f"at xAI: {_answers(row) or 'nobody answers'}")
    return row.number, "\n".join(lines) or "nowhere", "\n".join(_owners(row, project)) or "no stack"


def _orphan_cells(orphan: Orphan) -> tuple[str, str, str]:
    what = _WORDS[orphan.kind].format(stack=orphan.stack)
    object = f"\n{_named(orphan.object)}" if orphan.object else ""
    return orphan.number, f"{what}{object}", orphan.vendor


def _named(object: HeldObject) -> str:
    return f"{object.kind} {object.id}" + (f"\n{object.name}" if object.name else "")


def _answers(row: InventoryNumber) -> str:
    found = row.registration
    if not found:
        return ""
    return f"agent {found.agent_id}" if found.agent_id else f"webhook {found.webhook_id}" if found.webhook_id else ""


def _owners(row: InventoryNumber, project: str) -> Iterator[str]:
    """This project's stacks by their names alone."""
    for each in row.declared_by:
        named = each.stack if each.project == project else f"{each.project}/{each.stack}"
        yield f"{named} (marker)" if each.by == "marker" else named


def as_csv(found: NetworkInventory) -> str:
    """A header and a line a number, then a line for each undeclared object; every cell in quotes.

    A cell that a spreadsheet could take for a formula (E.164 numbers are among them: they begin with +) begins with an
    apostrophe, and so does one that begins with an apostrophe itself: taking one away always gives the value.
    """
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in found.numbers:
        writer.writerow(map(_cell, _number_cells(row)))
    for orphan in found.orphans:
        if orphan.kind == "undeclared_object":
            writer.writerow(map(_cell, _object_cells(orphan)))
    return out.getvalue()


def _cell(text: str) -> str:
    return escaping.cell(secrecy.one_line(text, 10_000))


def _number_cells(row: InventoryNumber) -> tuple[str, ...]:
    attached = row.attached or HeldObject(kind="", id="", name="")
    registered = {True: "yes", False: "no", None: ""}[row.registered]
    return (
        *(row.number, row.vendor, row.account, attached.kind, attached.id, attached.name, " ".join(row.targets)),
        *(row.remark, registered, row.registration.id if row.registration else "", _answers(row)),
        *(" ".join(f"{each.project}/{each.stack}" for each in row.declared_by), row.orphan or ""),
    )


def _object_cells(orphan: Orphan) -> tuple[str, ...]:
    object = orphan.object or HeldObject(kind="", id="", name="")
    held = (orphan.number, orphan.vendor, orphan.account, object.kind, object.id, object.name)
    return (*held, *[""] * (len(COLUMNS) - len(held) - 1), orphan.kind)
