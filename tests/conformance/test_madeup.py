"""A carrier that nobody here knows passes the whole suite: found by entry point, no other file touched."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.conftest import ROOT

MADE_UP = Path(__file__).parent / "madeup"


def test_acme_passes_the_suite(tmp_path: Path) -> None:
    env = os.environ | {"PYTHONPATH": f"{MADE_UP}:{ROOT}", "XTEL_STATES": str(tmp_path)}
    for more in (["-k", "acme and create_then_no_change", "--write-states"], ["-k", "acme"]):
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:xdist", "-o", "addopts=",
                   "tests/conformance/test_conformance.py", *more]  # fmt: skip
        done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == 0, done.stdout[-4000:]
    found = re.search(r"(\d+) passed", done.stdout)
    assert found
    assert int(found[1]) >= 30
    assert "skipped" not in done.stdout


def test_its_module_is_small() -> None:
    assert len((MADE_UP / "acme.py").read_text().splitlines()) < 130
