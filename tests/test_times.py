from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests import times

GIVEN = "1000;75 setup;190 lint and workflows;901 faults"


def test_every_step_stands_beside_its_budget() -> None:
    assert list(times.table(GIVEN, 1000 + 75 + 190 + 901 + 1300)) == [
        "ci step                took  may take",
        "setup                  1:15      8:00",
        "lint and workflows     3:10      4:00",
        "faults                15:01     15:00  over its budget",
        "judges                    -     15:00",
        "test                  21:40     25:00",
        "all                   41:06     67:00",
    ]


def test_the_runners_own_line_stays_the_last(tmp_path: Path) -> None:
    (tmp_path / "test_one.py").write_text("def test_one(): assert False\n")
    command = [sys.executable, *["-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "tests.conftest", "."]]
    env = os.environ | {times.GIVEN: GIVEN, "PYTHONPATH": str(Path(times.__file__).parents[1])}
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    *_, table, last = done.stdout.splitlines()
    assert table.startswith("all ") and last.startswith("1 failed in ")
