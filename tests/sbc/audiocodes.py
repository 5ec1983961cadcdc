"""AudioCodes' INI tables, read as an SBC does: as many values in a row as its table has columns, and every name is there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

#: Where a column's value is the name (by table and column) of a row of another table.
NAMES = {
    ("AudioCoders", "AudioCodersGroupId"): ("AudioCodersGroups", "Name"),
    ("IpProfile", "CodersGroupName"): ("AudioCodersGroups", "Name"),
    ("ProxySet", "TLSContextName"): ("TLSContexts", "Name"),
    ("ProxySet", "SRDName"): ("SRD", "Name"),
    ("ProxySet", "SBCIPv4SIPInterfaceName"): ("SIPInterface", "InterfaceName"),
    ("ProxyIp", "ProxySetId"): ("ProxySet", "Index"),
    ("IPGroup", "ProxySetName"): ("ProxySet", "ProxyName"),
    ("IPGroup", "SRDName"): ("SRD", "Name"),
    ("IPGroup", "MediaRealm"): ("CpMediaRealm", "MediaRealmName"),
    ("IPGroup", "ProfileName"): ("IpProfile", "ProfileName"),
    ("IPGroup", "OutboundManSet"): ("MessageManipulations", "ManSetID"),
    ("IP2IPRouting", "RoutingPolicyName"): ("SBCRoutingPolicy", "Name"),
    ("IP2IPRouting", "SrcIPGroupName"): ("IPGroup", "Name"),
    ("IP2IPRouting", "ReRouteIPGroupName"): ("IPGroup", "Name"),
    ("IP2IPRouting", "DestIPGroupName"): ("IPGroup", "Name"),
    ("Account", "ServedIPGroupName"): ("IPGroup", "Name"),
    ("Account", "ServingIPGroupName"): ("IPGroup", "Name"),
}


@dataclass
class Table:
    """One table: its columns, and each row's values by column."""

    columns: list[str]
    rows: list[dict[str, str]] = field(default_factory=list[dict[str, str]])


def tables(text: str, problems: list[str]) -> dict[str, Table]:
    """The tables of files; what cannot be read is added to ``problems``."""
    found: dict[str, Table] = {}
    name = ""
    for number, line in enumerate(text.splitlines(), 1):
        if not line or line.startswith(";"):
            continue
        if opened := re.fullmatch(r"\[ (\\?)(\w+) \]", line):
            if bool(opened[1]) != bool(name) or (name and opened[2] != name):
                problems.append(f"line {number}: {line} does not close [ {name} ]")
            name = "" if opened[1] else opened[2]
        elif columns := re.fullmatch(r"FORMAT Index = ([\w, ]+);", line):
            found.setdefault(name, Table(columns[1].split(", ")))
        elif name not in found or not (row := re.fullmatch(rf"{name} (\d+) = (.*);", line)):
            problems.append(f"line {number}: cannot be read")
        else:
            _row(found[name], row[1], row[2], f"{name} {row[1]}", problems)
    if name:
        problems.append(f"[ {name} ] is not closed")
    return found


def _row(table: Table, index: str, text: str, label: str, problems: list[str]) -> None:
    values = re.findall(r'"([^"]*)"|(-?\d+)', text)
    if ", ".join(bare or f'"{quoted}"' for quoted, bare in values) != text:
        problems.append(f"{label}: a value is neither a number nor in quotes")
    elif len(values) != len(table.columns):
        problems.append(f"{label}: {len(values)} values for {len(table.columns)} columns")
    elif index in {row["Index"] for row in table.rows}:
        problems.append(f"{label}: twice")
    else:
        pairs = zip(table.columns, values, strict=True)
        table.rows.append({"Index": index, **{column: quoted or bare for column, (quoted, bare) in pairs}})


def problems(text: str, there: dict[str, set[str]]) -> list[str]:
    """What is wrong with files that are loaded together; ``there`` are names of the SBC's own objects, by table."""
    found: list[str] = []
    read = tables(text, found)
    return [*found, *_missing(read, there)]


def _missing(read: dict[str, Table], there: dict[str, set[str]]) -> Iterator[str]:
    for (name, column), (needs, named) in NAMES.items():
        known = {row[named] for row in read[needs].rows} if needs in read else set[str]()
        for row in read[name].rows if name in read else ():
            if row.get(column) and row[column] not in known | there.get(needs, set()) | {"Any"}:
                yield f"{name} {row['Index']}: {column} {row[column]}: no such row in {needs}"
