"""What each carrier can, as Markdown, from the carriers' own declarations: README's section is written by it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from providers.kernel.capabilities import Ability, Can, Capability
from providers.kernel.errors import InputError
from providers.kernel.registry import carriers
from providers.kernel.vendor import Carrier
from xtel.project import layout

BEGIN, END = "<!-- matrix -->", "<!-- /matrix -->"


def markdown(declared: Iterable[Carrier[Any]] | None = None) -> str:
    """One row for each carrier, one column for each capability, and the day it was read."""
    heads = ["Carrier", *(capability.value for capability in Capability), "read"]
    rows = [_row(each) for each in (carriers().values() if declared is None else declared)]
    return "\n".join([_line(heads), _line(["---"] * len(heads)), *map(_line, rows)])


def cell(ability: Ability | None) -> str:
    """``yes: by what``, ``no: why not``."""
    if ability is None:
        return "not known"
    return f"yes: {ability.how}" if isinstance(ability, Can) else f"no: {ability.why}"


def _row(declared: Carrier[Any]) -> list[str]:
    found = [declared.can.get(capability) for capability in Capability]
    # Abilities are read anew one by one; a row is as old as its oldest cell.
    read = min((ability.read.isoformat() for ability in found if ability), default="never")
    return [declared.title, *map(cell, found), read]


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(text.replace('|', chr(92) + '|') for text in cells)} |"


def write(file: Path) -> bool:
    """Put the matrix between the two markers of a file; says whether that changed anything."""
    try:
        text = file.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{layout.shown(file)} cannot be read: {error}", step="name a Markdown file") from None
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise InputError(f"{layout.shown(file)} has no place for the matrix", step=f"add the lines {BEGIN} and {END}")
    new = f"{before}{BEGIN}\n{markdown()}\n{END}{after}"
    if new != text:
        file.write_bytes(new.encode())
    return new != text
