"""Two runs of one stack at once, each with a backend of its own: each number ends in one state, and its secret is live."""

from __future__ import annotations

import json
import random
import subprocess
import time
from pathlib import Path

import pytest

from tests.conftest import Sandbox
from tests.engine.conftest import Project
from tests.engine.test_lifecycle import NUMBER, OTHER, SALES, SUPPORT
from tests.engine.warm import Warm
from tests.killing import delivered, verifies

pytestmark = pytest.mark.engine
#: Seconds by which the second begins later; in between they get into each other's requests.
OFFSETS = (0.0, 0.7)


def pair(tmp_path: Path, sandbox: Sandbox, warm: Warm | None) -> list[Project]:
    """The same network, declared in two clones."""
    found: list[Project] = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir(parents=True)
        found.append(Project(tmp_path / name, sandbox, warm and warm.bin))
        found[-1].declare(SUPPORT, SALES)
    return found


def race(projects: list[Project], offset: float) -> list[str]:
    """What both say, started so many seconds apart."""
    running: list[subprocess.Popen[str]] = []
    for project in projects:
        running.append(project.start("up", "--yes", "--skip-preview", "--continue-on-error", "--stack", "test"))
        time.sleep(offset)
    return [each.communicate(timeout=300)[0] for each in running]


def judge(projects: list[Project], said: list[str], sandbox: Sandbox) -> None:
    """Each registration is in one state, whose secret signs; whoever came too late says who has it."""
    held = [project.resources() for project in projects]
    for number in (NUMBER, OTHER):
        has = [f"xai:PhoneNumber {number}" in state for state in held]
        assert sorted(has) == [False, True], (number, said)
        winner = held[has.index(True)][f"xai:PhoneNumber {number}"]
        secret: str = json.loads(winner["outputs"]["signing_secret"]["plaintext"])
        assert verifies(secret, **delivered(sandbox, number))
        told = " ".join(said[has.index(False)].split())
        assert "another run of this stack" in told or "this state does not hold its signing secret" in told, told
    assert len(sandbox.numbers("xai")) == len({NUMBER, OTHER}) + 1  # and the one of the seed


@pytest.mark.parametrize("offset", OFFSETS)
def test_each_number_ends_in_one_state(tmp_path: Path, sandbox: Sandbox, warm: Warm, offset: float) -> None:
    projects = pair(tmp_path, sandbox, warm)
    judge(projects, race(projects, offset), sandbox)


def main(runs: int = 20) -> None:
    """The same, many times at random offsets: ``python -m tests.engine.test_at_once``."""
    import tempfile

    from tests.conftest import serving

    dice = random.Random()
    with tempfile.TemporaryDirectory() as name, serving(Path(name)) as url:
        for run in range(runs):
            sandbox, offset = Sandbox(url), dice.random() * 4
            sandbox.reset()
            projects = pair(Path(name) / str(run), sandbox, None)
            judge(projects, race(projects, offset), sandbox)
            print(f"{run + 1}/{runs} ok, {offset:.2f} s apart", flush=True)  # noqa: T201 -- a script's progress


if __name__ == "__main__":
    main()
