"""A backend on a disk that fills up: ``unshare -Urm python -m tests.disk --runs 10`` (a namespace of one's own, no root).

Each run applies a network while its backend has less room than the state needs. Then there is room again, and
`xtel recover` brings the stack back: one object each, and every signing secret in the state is the one that signs.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.conftest import Sandbox, serving
from tests.engine.conftest import STACK, Project
from tests.killing import delivered, kept, verifies, xtel

NUMBERS = tuple(f"+1415555{line:04d}" for line in range(130, 134))


def declared(number: str) -> str:
    return f'\n  n{number[1:]}:\n    number: "{number}"\n    route: {{carrier: twilio}}\n'


def project(folder: Path, sandbox: Sandbox, room: int) -> Project:
    """A project whose backend has so many kilobytes."""
    sandbox.reset()
    sandbox.seed({"twilio": {"numbers": [{"phone_number": number} for number in NUMBERS]}})
    folder.mkdir()
    found = Project(folder, sandbox)
    backend, aside = folder / "backend", folder / "aside"
    backend.rename(aside)
    backend.mkdir()
    mount(backend, f"size={room}k")
    shutil.copytree(aside, backend, dirs_exist_ok=True)
    found.declare(*map(declared, NUMBERS))
    return found


def mount(folder: Path, options: str) -> None:
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], check=True)


def judge(found: Project) -> None:
    """As though the disk had been large enough all the time."""
    sandbox = found.sandbox
    state = sandbox.state()["twilio"]
    assert len(state["trunks"]) == len(state["origination_urls"]) == len(NUMBERS), state
    assert all(sandbox.numbers("twilio")[number]["trunk_sid"] for number in NUMBERS)
    for number in NUMBERS:
        assert verifies(kept(found, f"n{number[1:]}"), **delivered(sandbox, number)), number
    found.run("preview", "--expect-no-changes", "--stack", STACK)


def one(folder: Path, sandbox: Sandbox, room: int) -> str:
    """How the apply ended, after which everything was brought back."""
    found = project(folder, sandbox, room)
    try:
        done = xtel(found, "apply", STACK, "--yes", code=None)
        made = len(sandbox.writes())
        subprocess.run(["mount", "-o", "remount,size=64m", str(folder / "backend")], check=True)
        told = xtel(found, "recover", STACK, "--yes", code=None)
        if told.returncode:  # registered by the run whose state was lost: a person says that no other state has them
            told = xtel(found, "recover", STACK, "--yes", XTEL_ALLOW_REPLACE=",".join(NUMBERS))
        judge(found)
        said = done.stderr.strip().splitlines() or [""]
        return f"apply ended with {done.returncode} after {made} writes: {said[-1]}"
    finally:
        subprocess.run(["umount", str(folder / "backend")], check=True)


def main() -> int:
    """A line a run."""
    options = argparse.ArgumentParser(prog="python -m tests.disk", description=__doc__)
    options.add_argument("--runs", type=int, default=10)
    options.add_argument("--room", type=int, action="append", help="kilobytes; else by chance")
    chosen = options.parse_args()
    rooms = chosen.room or [random.randint(40, 170) for _ in range(chosen.runs)]
    with tempfile.TemporaryDirectory() as name, serving(Path(name)) as url:
        for count, room in enumerate(rooms, 1):
            told = one(Path(name) / f"run{count}", Sandbox(url), room)
            sys.stdout.write(json.dumps({"run": count, "room": room, "told": told}) + "\n")
            sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
