"""docs/architecture.md says what is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs/architecture.md").read_text()
#: Names that stand for several places, or for another distribution's.
GENERAL = {"providers/<carrier>/", "stacks/prod.yaml"}


def test_every_room_stands_in_the_table() -> None:
    rooms = {f"xtel/{path.name}/" for path in (ROOT / "xtel").iterdir() if (path / "__init__.py").is_file()}
    rooms |= {"xtel/terminal.py", "stacks/", "providers/kernel/", "xai_resources/", "signaling/", "sandbox/"}
    named = {
        room
        for line in PAGE.splitlines()
        if line.startswith("| `")
        for room in re.findall(r"`([^`]+)`", line.split("|")[1])
    }
    assert rooms == named - GENERAL


@pytest.mark.parametrize("path", sorted(set(re.findall(r"`([a-z_]+/[a-z_/.<>]*)`", PAGE)) - GENERAL))
def test_every_path_exists(path: str) -> None:
    assert (ROOT / path).exists()


@pytest.mark.parametrize(
    "module", sorted(set(re.findall(r"\b((?:stacks|providers|xtel)(?:\.[a-z_]+)+)\b", PAGE.split("```")[1])))
)
def test_every_module_of_the_drawing_exists(module: str) -> None:
    place = ROOT / module.replace(".", "/")
    assert place.is_dir() or place.with_suffix(".py").is_file()
