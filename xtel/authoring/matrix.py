"""What each carrier can, and what no vendor shows, as Markdown, from their own declarations: written into the documents."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from providers.kernel import reading
from providers.kernel.capabilities import Ability, Can, Capability
from providers.kernel.errors import InputError
from providers.kernel.registry import carriers, vendors
from providers.kernel.vendor import Carrier, Vendor
from xtel.project import layout

BEGIN, END = "<!-- matrix -->", "<!-- /matrix -->"
UNREADABLE = "<!-- unreadable -->", "<!-- /unreadable -->"


def markdown(declared: Iterable[Carrier[Any]] | None = None) -> str:
    """One row for each carrier or platform of one, one column for each capability, and the day it was read."""
    heads = ["Carrier", *(capability.value for capability in Capability), "read"]
    rows = [row for each in (carriers().values() if declared is None else declared) for row in _rows(each)]
    return "\n".join([_line(heads), _line(["---"] * len(heads)), *map(_line, rows)])


def unreadable(declared: Iterable[Vendor[Any]] | None = None) -> str:
    """One row for each object with fields that its vendor shows to nobody, or that no vendor holds at all."""
    rows = [
        [f"`{vendor.name}:{each.kind}`", "all: kept in the state alone" if each.state_only else _names(each.unreadable)]
        for vendor in (vendors().values() if declared is None else declared)
        for each in vendor.objects
        if each.state_only or each.unreadable
    ]
    return "\n".join([_line(["Object", "Never shown"]), _line(["---"] * 2), *map(_line, rows)])


def _names(fields: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(fields))


def cell(ability: Ability | None) -> str:
    """``yes: by what``, ``no: why not``."""
    if ability is None:
        return "not known"
    return f"yes: {ability.how}" if isinstance(ability, Can) else f"no: {ability.why}"


def _rows(declared: Carrier[Any]) -> Iterator[list[str]]:
    for title, can in declared.platforms.items():
        yield _row(f"{declared.title}: {title}", can)
    if not declared.platforms:
        yield _row(declared.title, declared.can)


def _row(title: str, can: Mapping[Capability, Ability]) -> list[str]:
    found = [can.get(capability) for capability in Capability]
    # Abilities are read anew one by one; a row is as old as its oldest cell.
    read = min((ability.read.isoformat() for ability in found if ability), default="never")
    return [title, *map(cell, found), read]


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(text.replace('|', chr(92) + '|') for text in cells)} |"


def write(file: Path) -> bool:
    """Put the tables between the markers that a file has for them; says whether that changed anything."""
    try:
        text = new = reading.content(file).decode("utf-8")
    except ValueError as error:
        why = error if isinstance(error, reading.Unreadable) else "is not UTF-8 text"
        raise InputError(f"{layout.shown(file)} {why}", step="name a Markdown file") from None
    places = [(BEGIN, END, markdown), (*UNREADABLE, unreadable)]
    if not any(_between(text, begin, end) for begin, end, _ in places):
        raise InputError(f"{layout.shown(file)} has no place for the matrix", step=f"add the lines {BEGIN} and {END}")
    for begin, end, table in places:
        if around := _between(new, begin, end):
            new = f"{begin}\n{table()}\n{end}".join(around)
    if new != text:
        file.write_bytes(new.encode())
    return new != text


def _between(text: str, begin: str, end: str) -> tuple[str, str] | None:
    """What stands before and after two markers; None where a text has not both."""
    before, first, rest = text.partition(begin)
    _, last, after = rest.partition(end)
    return (before, after) if first and last else None
