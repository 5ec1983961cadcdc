"""`xtel plan` on the real engine: nothing applied, the same checksum for the same plan, blocked where it is refused."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest

from tests.conftest import Sandbox
from tests.engine.conftest import STACK, SUPPORT, Project

pytestmark = pytest.mark.engine


def planned(project: Project, *arguments: str) -> tuple[int, dict[str, Any]]:
    command = [project.python, "-m", "xtel.cli", "plan", STACK, "--json", *arguments]
    done = subprocess.run(
        command,
        cwd=project.folder,
        env=project.env,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    return done.returncode, json.loads(done.stdout)


def test_a_plan_from_nothing_to_nothing(project: Project, sandbox: Sandbox) -> None:
    project.declare()
    sandbox.forget_log()
    code, first = planned(project)
    assert (code, first["verdict"], first["plan"]["ops"]["create"]) == (2, "safe", 4)
    assert sandbox.writes() == []
    assert planned(project)[1]["plan"]["checksum"] == first["plan"]["checksum"]
    project.up()
    code, after = planned(project, "--refresh")
    assert (code, after["verdict"], after["plan"]["refreshed"]) == (0, "none", True)
    assert after["plan"]["checksum"] != first["plan"]["checksum"]
    assert project.secret("support") not in json.dumps([first, after])
    project.change("allow: [twilio]", "allow: [twilio, 203.0.113.0/28]")
    code, refused = planned(project)
    assert (code, refused["verdict"]) == (3, "blocked")
    assert refused["plan"]["numbers"][0]["widened"]["addresses4"] == 16
    project.declare(SUPPORT.replace("{carrier: twilio, transfer: true}", "{carrier: twilio}"))
    assert planned(project)[1]["verdict"] == "safe"
