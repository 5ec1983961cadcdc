"""The bundles of proxies, byte for byte where they belong, in a network of their own (Linux namespaces; no root).

The calls themselves are tests of ``tests/judges/inside/calls.py``, which run there in one go; here stands what each said.
OpenSIPS has no Debian package: its bundle runs on a machine that has it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from tests.judges.inside import calls
from tests.judges.programs import program
from tests.sandbox.conftest import ROOT

CALLS = sorted(name for name in vars(calls) if name.startswith("test_"))
#: Its processes end with it.
NETWORK = ("unshare", "--user", "--map-root-user", "--net", "--mount", "--pid", "--fork", "--kill-child")


@pytest.fixture(scope="module", params=["kamailio", "opensips"])
def said(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """By call, what went wrong in each of its cases, or why that was left out; nothing where it went well."""
    for name in (request.param, "unshare"):
        program(name)
    if subprocess.run([*NETWORK, "true"], capture_output=True, timeout=20, check=False).returncode:
        assert not os.environ.get("CI"), "no private network can be made here (unprivileged user namespaces)"
        pytest.skip("no private network can be made here")
    folder = tmp_path_factory.mktemp("inside")
    report = folder / "report.xml"
    command = [*NETWORK, sys.executable, "-m", "pytest", "-q", "-n0", "-p", "no:cacheprovider", f"--junitxml={report}"]
    done = subprocess.run(
        [*command, f"--basetemp={folder / 'calls'}", str(Path(calls.__file__).relative_to(ROOT))],
        cwd=ROOT,
        env={**os.environ, "XTEL_TEST_INSIDE": request.param},
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert report.exists(), done.stdout + done.stderr
    found: dict[str, list[str]] = {}
    for case in ET.parse(report).iter("testcase"):
        faults = "\n".join(str(fault.text) for kind in ("failure", "error") for fault in case.findall(kind))
        skipped = "".join(f"skipped: {left.get('message')}" for left in case.findall("skipped"))
        found.setdefault(str(case.get("name")).partition("[")[0], []).append(faults or skipped)
    return found


@pytest.mark.parametrize("call", CALLS)
def test_a_call_through_the_bundle(call: str, said: dict[str, list[str]]) -> None:
    outcomes = said[call]
    faults = [outcome for outcome in outcomes if outcome and not outcome.startswith("skipped: ")]
    assert not faults, "\n".join(faults)
    if all(outcomes):
        pytest.skip(outcomes[0])
