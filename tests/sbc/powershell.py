"""PowerShell as tree-sitter reads it: can a script be parsed, and do its cmdlets have the parameters they are given.

The cmdlets and parameters are those of tests/cases/sbc/teams_cmdlets.json, which says where they were read.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import tree_sitter_powershell
from tree_sitter import Language, Node, Parser

CMDLETS: dict[str, list[str]] = json.loads(
    (Path(__file__).parents[1] / "cases" / "sbc" / "teams_cmdlets.json").read_text()
)["cmdlets"]
_PARSER = Parser(Language(tree_sitter_powershell.language()))


def nodes(text: str, *kinds: str) -> Iterator[Node]:
    """Every node of these kinds, or of all."""
    waiting = [_PARSER.parse(text.encode()).root_node]
    while waiting:
        node = waiting.pop()
        waiting.extend(reversed(node.children))
        if not kinds or node.type in kinds:
            yield node


def said(node: Node) -> str:
    """Its text."""
    return (node.text or b"").decode()


def commands(text: str) -> list[tuple[str, list[str]]]:
    """Each command with the parameters that it is given."""
    found: list[tuple[str, list[str]]] = []
    for node in nodes(text, "command"):
        name = next((said(child) for child in node.children if child.type == "command_name"), "")
        elements = [child for child in node.children if child.type == "command_elements"]
        given = [
            said(part).lstrip("-") for each in elements for part in each.children if part.type == "command_parameter"
        ]
        found.append((name, given))
    return found


def literals(text: str) -> list[str]:
    """The values of all texts between single quotes, as PowerShell reads them."""
    return [said(node)[1:-1].replace("''", "'") for node in nodes(text, "verbatim_string_characters")]


def problems(text: str, cmdlets: dict[str, Any] | None = None) -> list[str]:
    """What is wrong with a script."""
    known = {name.lower(): {each.lower() for each in given} for name, given in (cmdlets or CMDLETS).items()}
    found = [
        f"line {node.start_point[0] + 1}: cannot be read"
        for node in nodes(text)
        if node.type == "ERROR" or node.is_missing
    ]
    for name, given in commands(text):
        if "-Cs" not in name:
            continue
        if name.lower() not in known:
            found.append(f"{name}: no such cmdlet")
            continue
        found += [
            f"{name} -{each}: no such parameter"
            for each in given
            if each.lower() not in known[name.lower()] | {"erroraction"}
        ]
        found += [
            f"{name} -ForwardPai: Teams would call as anonymous" for each in given if each.lower() == "forwardpai"
        ]
    found += [
        f"{said(node)}: parameters that nobody can read"
        for node in nodes(text, "variable")
        if said(node).startswith("@")
    ]
    if "SupportsShouldProcess" not in text:
        found.append("no -WhatIf")
    return found
