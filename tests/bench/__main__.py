"""``make bench``: 100 numbers with our kernel, with plain dynamic providers, and by a straight script, as ratios of one run.

All talk to the same sandbox, which answers after 50 ms. Absolute seconds depend on the machine; the ratios are the point.
The *floor* is the same number of resources with providers that do nothing: what Pulumi itself costs, most of it for
writing the whole state to the file backend at every step. What the kernel adds is its time minus the floor.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.bench import declared
from tests.conftest import ROOT, Sandbox, serving
from tests.engine.conftest import Project

COUNT = 100
LATENCY = 0.05
NUMBERS = [f"+1415555{count:04d}" for count in range(2000, 2000 + COUNT)]


@dataclass
class Measured:
    """Seconds and vendor calls of one step."""

    seconds: float
    calls: int


def measure(sandbox: Sandbox, step: Callable[[], object]) -> Measured:
    """Run a step, count the requests the vendors saw."""
    sandbox.forget_log()
    started = time.perf_counter()
    step()
    return Measured(time.perf_counter() - started, len(sandbox.log()))


def fresh(sandbox: Sandbox) -> None:
    """Nothing but 100 owned numbers, and the latency."""
    sandbox.reset()
    sandbox.seed({"twilio": {"numbers": [{"phone_number": number} for number in NUMBERS]}})
    sandbox.switch(latency=LATENCY)


def ours(folder: Path, sandbox: Sandbox) -> dict[str, Measured]:
    """`pulumi up`, a preview without changes, and a refresh of the stack file."""
    project = Project(folder, sandbox)
    entries = "".join(f'  n{number[1:]}: {{number: "{number}"}}\n' for number in NUMBERS)
    shared = "{webhook: {url: https://voice.example.com/calls}, route: {carrier: twilio, trunk: shared}}"
    (folder / "stacks/test.yaml").write_text(f"version: 1\ndefaults: {shared}\nnumbers:\n{entries}")
    return run(project, sandbox)


def plain(folder: Path, sandbox: Sandbox, declare: str = "declare") -> dict[str, Measured]:
    """The same with providers as tutorials show them, on Pulumi's default concurrency; or with ones that do nothing."""
    project = Project(folder, sandbox)
    shutil.copy(Path(__file__).parent / "plain.py", folder / "plain.py")
    (folder / "__main__.py").write_text(f"from plain import {declare}\n\n{declare}({NUMBERS!r})\n")
    if declare == "declare":
        del project.env["PULUMI_PARALLEL"]
    return run(project, sandbox)


def run(project: Project, sandbox: Sandbox) -> dict[str, Measured]:
    """The three steps of a stack."""
    return {
        "up": measure(sandbox, lambda: project.up("--skip-preview")),
        "preview": measure(sandbox, lambda: project.run("preview", "--expect-no-changes")),
        "refresh": measure(sandbox, lambda: project.run("refresh", "--yes", "--skip-preview")),
    }


def script(sandbox: Sandbox, env: dict[str, str]) -> Measured:
    """The straight script, imports included, as a user would start it."""
    command = [sys.executable, "-m", "tests.bench.script", *NUMBERS]
    return measure(sandbox, lambda: subprocess.run(command, cwd=ROOT, env=env, check=True, capture_output=True))


def main() -> int:
    """Print the table; exit 1 where a promised ratio is missed."""
    console = Console()
    with tempfile.TemporaryDirectory() as name, serving(Path(name)) as url:
        sandbox = Sandbox(url)
        tracing = declared.ratio(_made(Path(name) / "declared"))
        folders = [Path(name) / part for part in ("ours", "plain", "floor")]
        for folder in folders:
            folder.mkdir()
        with console.status("the straight script …"):
            fresh(sandbox)
            by_script = script(sandbox, Project(_made(Path(name) / "env"), sandbox).env)
        with console.status("with the kernel …"):
            fresh(sandbox)
            mine = ours(folders[0], sandbox)
        with console.status("with plain dynamic providers …"):
            fresh(sandbox)
            theirs = plain(folders[1], sandbox)
        with console.status("the engine alone …"):
            floor = plain(folders[2], sandbox, "declare_nothing")
    return report(console, {"kernel": mine, "plain": theirs, "floor": floor}, by_script, tracing)


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def report(console: Console, found: dict[str, dict[str, Measured]], by_script: Measured, tracing: float) -> int:
    """Seconds, calls, ratios, and what was promised."""
    table = Table(
        "step", *found, "script", title=f"{COUNT} numbers on a shared trunk, {LATENCY * 1000:.0f} ms per answer"
    )
    for step in ("up", "preview", "refresh"):
        script_too = _cell(by_script) if step == "up" else ""
        table.add_row(step, *(_cell(measured[step]) for measured in found.values()), script_too)
    console.print(table)
    mine, theirs, floor = (found[name] for name in ("kernel", "plain", "floor"))
    added = mine["up"].seconds - floor["up"].seconds
    ratios = {
        "up: kernel / plain": mine["up"].seconds / theirs["up"].seconds,
        "up: kernel / script": mine["up"].seconds / by_script.seconds,
        "up: (kernel - floor) / script": added / by_script.seconds,
        "refresh: plain / kernel": theirs["refresh"].seconds / mine["refresh"].seconds,
        f"CPU of {declared.COUNT} numbers: trace --declared / validate": tracing,
    }
    for name, ratio in ratios.items():
        console.print(f"{ratio:6.2f}  {name}")
    promises = {
        "up: what the kernel adds to the engine takes at most 1.5 times the script": added <= 1.5 * by_script.seconds,
        "up: no more vendor calls than the script": mine["up"].calls <= by_script.calls,
        "refresh: at most 20 vendor calls": mine["refresh"].calls <= 20,
        "trace --declared: at most 1.5 times the CPU of validate": tracing <= 1.5,
    }
    for promise, kept in promises.items():
        console.print(f"{'kept  ' if kept else 'MISSED'}  {promise}")
    return 0 if all(promises.values()) else 1


def _cell(measured: Measured) -> str:
    return f"{measured.seconds:.1f} s\n{measured.calls} calls"


if __name__ == "__main__":
    sys.exit(main())
