"""The table of exit codes in docs/operations.md: every code that a verb's help or a result names, and no other."""

from __future__ import annotations

import re
from pathlib import Path

from typer.main import get_command

from xtel import cli
from xtel.engine import fleet
from xtel.operations import gate
from xtel.verbs import INTERRUPTED

ROOT = Path(__file__).parent.parent


def documented() -> set[int]:
    page = (ROOT / "docs/operations.md").read_text().split("## Exit codes")[1].split("\n## ")[0]
    return {int(code) for code in re.findall(r"^\| (\d+) \|", page, re.MULTILINE)}


def named(help: str) -> set[int]:
    """The codes after "Exit codes:" in a verb's help."""
    text = help.split("Exit codes:")[1]
    return {int(code) for code in re.findall(r"(?:^|[,;:/\s])(\d{1,3})(?=[ /,])", text)}


def test_the_table_has_every_code_and_no_other() -> None:
    root = get_command(cli.app)
    helps = [str(verb.help) for verb in getattr(root, "commands", {}).values() if "Exit codes:" in str(verb.help)]
    assert len(helps) > 8
    told = set[int]().union(*map(named, helps))
    real = {cli.USAGE, INTERRUPTED, *gate.EXIT.values(), *fleet.WORSE, 1}
    assert told <= documented() == real


def test_an_end_by_ctrl_c_outranks_every_other() -> None:
    assert fleet.worst({"a": fleet.Interrupted("interrupted")}) == INTERRUPTED == gate.EXIT["interrupted"]
