"""What a trace of the file alone costs beside reading the file: CPU seconds of two verbs on 500 numbers. Asks nobody."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

#: Runs of each; the cheapest counts, because others work on this machine too.
_RUNS = 3
COUNT = 500


def ratio(folder: Path) -> float:
    """CPU of `xtel trace --declared` by that of `xtel validate`."""
    (folder / "stacks").mkdir()
    routes = ("{carrier: twilio, trunk: shared}", "{carrier: telnyx}")
    entries = "".join(
        f'  n{count}: {{number: "+1415555{2000 + count:04d}", route: {routes[count % 2]}}}\n' for count in range(COUNT)
    )
    head = "version: 1\ndefaults: {webhook: {url: https://voice.example.com/calls}}\nnumbers:\n"
    (folder / "stacks/big.yaml").write_text(head + entries)
    return _cpu(folder, "trace", "big", "--declared") / _cpu(folder, "validate", "big")


def _cpu(folder: Path, *arguments: str) -> float:
    return min(_once(folder, arguments) for _ in range(_RUNS))


def _once(folder: Path, arguments: tuple[str, ...]) -> float:
    before = os.times()
    program = str(Path(sys.executable).parent / "xtel")
    subprocess.run([program, *arguments], cwd=folder, check=True, capture_output=True)
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system
