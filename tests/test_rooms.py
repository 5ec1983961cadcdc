"""What the import contracts cannot say: no vendor is named in the kernel, and no vendor's folder is missing in a contract."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from providers.kernel import registry

ROOT = Path(__file__).resolve().parent.parent
#: "sip" is a protocol's name before it is a carrier's.
NAMES = {name.lower() for vendor in registry.vendors().values() for name in (vendor.name, vendor.title)} - {"sip"}
#: A name before a hyphen is another word: this project's own name, and how a key begins.
WORD = re.compile(rf"\b({'|'.join(sorted(map(re.escape, NAMES)))})\b(?!-)", re.IGNORECASE)


def contracts() -> dict[str, dict[str, list[str]]]:
    found = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    return {contract["name"]: contract for contract in found}


def test_the_kernel_names_no_vendor() -> None:
    assert {"twilio", "telnyx", "plivo", "xai"} <= NAMES
    named = [
        f"{path.relative_to(ROOT)}:{count}: {line.strip()}"
        for path in sorted((ROOT / "providers/kernel").rglob("*.py"))
        for count, line in enumerate(path.read_text().splitlines(), start=1)
        if WORD.search(line)
    ]
    assert named == []


def test_every_carriers_folder_is_in_the_contracts() -> None:
    folders = {f"providers.{path.parent.name}" for path in (ROOT / "providers").glob("*/__init__.py")}
    folders -= {"providers.kernel"}
    assert folders >= {"providers.twilio", "providers.telnyx", "providers.plivo"}
    assert set(contracts()["Carriers know nothing of each other"]["modules"]) == folders
    assert folders < set(contracts()["The kernel knows no vendor"]["forbidden_modules"])
