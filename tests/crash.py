"""``make crash``: runs of `pulumi up` killed at a random moment, each brought back by `xtel recover` and checked.

The clock of a kill is the vendors' log, not the machine's: after a random number of requests and a random part of a
request's latency. Each run begins with nothing applied; it ends well when the vendors hold what an undisturbed run leaves
(ids and secrets aside), every signing secret verifies what the sandbox signs with it, and a preview has nothing to do.

``--lies``: until it is killed the vendors also lie. Of what they accept some is not done, some answers name another object,
some are lost, and some objects are not found for a while although they are listed.
"""

from __future__ import annotations

import argparse
import difflib
import json
import random
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.conftest import ROOT, Sandbox, serving
from tests.engine.conftest import Project
from tests.killing import VICTIMS, delivered, kept, kill, network, verifies, xtel

STACK = "sandbox"
LATENCY = 0.1
HOW = (*VICTIMS, "network")
WRITES = ("POST /**", "PUT /**", "PATCH /**")
ECHOES = ("unchanged", "asked")
#: Reads of one object, which the lists of their vendors show all the same.
GONE = (
    "/v2/phone-numbers/*",
    "/v1/Trunks/*",
    "/v2/fqdn_connections/*",
    "/v1/Account/*/Number/*/",
    "/v1/Account/*/Zentrunk/**",
)


@dataclass(frozen=True)
class Moment:
    """When and what is killed: after so many requests and seconds; ``network``: an answer is lost with both processes."""

    how: str
    requests: int
    seconds: float

    def __str__(self) -> str:
        return f"{self.how} killed {self.seconds * 1000:.0f} ms after request {self.requests}"


Lie = dict[str, Any]


def lies(dice: random.Random) -> list[Lie]:
    """What the vendors do to some of the requests until the kill, each of it again and again."""
    return [
        {"match": "POST /**", "action": "ignore", "every": dice.randint(4, 25), "times": 3, "echo": dice.choice(ECHOES)},
        {"match": dice.choice(WRITES), "action": "swap_id", "every": dice.randint(4, 25), "times": 2},
        {"match": "* /**", "action": "drop_after", "every": dice.randint(10, 60), "times": 2},
        {"match": f"GET {dice.choice(GONE)}", "action": "gone", "seconds": 2},
    ]  # fmt: skip


def demo(folder: Path, sandbox: Sandbox) -> Project:
    """The demo's stack with nothing applied, and the vendors as on the first day."""
    sandbox.reset()
    sandbox.switch(latency=LATENCY)
    folder.mkdir()
    project = Project(folder, sandbox)
    for name in ("Pulumi.sandbox.yaml", "stacks/sandbox.yaml"):
        shutil.copy(ROOT / name, folder / name)
    project.env["PULUMI_CONFIG_PASSPHRASE"] = "sandbox"
    project.run("stack", "select", "--create", STACK)
    sandbox.forget_log()
    return project


def undisturbed(folder: Path, sandbox: Sandbox) -> tuple[str, int]:
    """What the vendors hold after a run that nobody kills, and how many requests it takes."""
    project = demo(folder, sandbox)
    project.run("up", "--yes", "--skip-preview", "--stack", STACK)
    return network(sandbox), len(sandbox.log())


def disturb(project: Project, moment: Moment, told: Sequence[Lie] = ()) -> bool:
    """A run that is killed; false when it was through before its moment came."""
    sandbox = project.sandbox
    for lie in told:
        sandbox.fault(**lie)
    if moment.how == "network":
        sandbox.fault("* /**", "drop_after", every=moment.requests)
    running = project.start("up", "--yes", "--skip-preview", "--stack", STACK)
    deadline = time.monotonic() + 300
    while len(sandbox.log()) < moment.requests and running.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    time.sleep(moment.seconds)
    alive = running.poll() is None
    kill(running, "both" if moment.how == "network" else moment.how)
    sandbox.http.delete("/_sandbox/faults").raise_for_status()
    return alive


def check(project: Project, wanted: str) -> None:
    """Recover, and compare with the run that nobody killed."""
    sandbox = project.sandbox
    _recover(project)
    found = network(sandbox)
    assert found == wanted, _difference(wanted, found)
    keys = _keys(project)
    for number, secret in sandbox.secrets()["signing_secrets"].items():
        key = next(key for key in keys if keys[key] == number)
        held = kept(project, key, STACK)
        assert held == secret and verifies(held, **delivered(sandbox, number)), (
            f"{number}: its secret is not the kept one"
        )
    project.run("preview", "--expect-no-changes", "--stack", STACK)


def _recover(project: Project) -> None:
    """A provider that was killed alone leaves the engine's word that nothing was made: then the consent is a person's."""
    if xtel(project, "recover", STACK, code=None).returncode:
        numbers = ",".join(project.sandbox.secrets()["signing_secrets"])
        xtel(project, "recover", STACK, "--yes", XTEL_ALLOW_REPLACE=numbers)


def _keys(project: Project) -> dict[str, str]:
    shown = json.loads(project.run("stack", "output", "numbers", "--json", "--stack", STACK))
    return {key: entry["number"] for key, entry in shown.items()}


def _difference(wanted: str, found: str) -> str:
    lines = difflib.unified_diff(wanted.splitlines(), found.splitlines(), "undisturbed", "recovered", lineterm="", n=1)
    return "the vendors hold something else\n" + "\n".join(lines)


def say(text: str) -> None:
    """A line, at once: twenty runs take a while."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main() -> int:
    """N runs, a line each."""
    options = argparse.ArgumentParser(prog="python -m tests.crash", description=__doc__)
    options.add_argument("--runs", type=int, default=20)
    options.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    options.add_argument("--lies", action="store_true", help="the vendors lie until the kill")
    chosen = options.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    say(f"seed {chosen.seed}")
    dice, failed = random.Random(chosen.seed), 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with serving(folder) as url:
            sandbox = Sandbox(url)
            wanted, requests = undisturbed(folder / "undisturbed", sandbox)
            for count in range(1, chosen.runs + 1):
                moment = Moment(dice.choice(HOW), dice.randint(1, requests), dice.random() * LATENCY * 2)
                told = lies(dice) if chosen.lies else []
                failed += not one(folder / f"run{count}", sandbox, wanted, moment, told, f"{count}/{chosen.runs}")
    say(f"{chosen.runs - failed} passed, {failed} failed")
    return 1 if failed else 0


def one(folder: Path, sandbox: Sandbox, wanted: str, moment: Moment, told: Sequence[Lie], count: str) -> bool:
    """One run, told in a line; what failed is told whole."""
    try:
        project = demo(folder, sandbox)
        alive = disturb(project, moment, told)
        check(project, wanted)
    except Exception:
        say(f"{count} FAILED  {moment} {told or ''}\n{traceback.format_exc()}")
        return False
    say(f"{count} ok      {moment}{'' if alive else ' (the run was through by then)'}")
    return True


if __name__ == "__main__":
    sys.exit(main())
