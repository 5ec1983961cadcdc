"""A backend whose disk is full: the run ends at the first save that fails, and what was made is found again."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys

import pytest

from tests.conftest import ROOT, Sandbox
from tests.engine.conftest import STACK, Project
from tests.engine.test_lifecycle import NUMBER, wired
from tests.killing import xtel

pytestmark = pytest.mark.engine


def namespaces() -> bool:
    """Whether this machine lets a user mount a disk of their own."""
    tool = shutil.which("unshare")
    if not tool:
        return False
    return subprocess.run([tool, "-Urm", "true"], capture_output=True, check=False).returncode == 0


@pytest.mark.plain
def test_a_full_disk_ends_the_run_and_everything_is_found_again() -> None:
    if not namespaces():
        assert not os.environ.get("CI"), "user namespaces are needed"
        pytest.skip("user namespaces are not allowed here")
    command = ["unshare", "-Urm", sys.executable, "-m", "tests.disk", "--room", "100"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)["told"]
    assert "apply ended with 1" in told and "the state cannot be saved: " in told


@pytest.mark.parametrize("left", ["cut", "emptied"])
def test_a_damaged_state_is_never_read_as_nothing_declared(project: Project, sandbox: Sandbox, left: str) -> None:
    project.declare()
    project.up()
    project.up("--refresh")  # which keeps the state before it as a backup
    file = project.folder / f"backend/.pulumi/stacks/xai-telephony/{STACK}.json"
    text = file.read_text()
    empty = {"version": 3, "checkpoint": {"stack": f"organization/xai-telephony/{STACK}", "latest": None}}
    file.write_text(text[: len(text) // 2] if left == "cut" else json.dumps(empty))
    file.with_name(f"{file.name}.attrs").unlink(missing_ok=True)
    for verb in ("drift", "routes"):
        told = xtel(project, verb, STACK, code=None)
        assert "xtel recover" in told.stderr, told.stderr
        assert "declared only" not in told.stdout and "as applied" not in told.stdout
    assert xtel(project, "drift", STACK, code=None).returncode == 1
    refused = xtel(project, "recover", STACK, code=1)
    assert "nothing was done; next: xtel recover test --yes puts in its place test." in refused.stderr
    secret = sandbox.secrets()["signing_secrets"][NUMBER]
    told = json.loads(xtel(project, "recover", STACK, "--yes", "--json").stdout)
    assert told["recovered"] and "with 7 resources" in told["restored"], told
    wired(sandbox, NUMBER)
    assert project.secret("support") == secret
