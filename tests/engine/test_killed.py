"""Runs that are killed at a request boundary, then `xtel recover`: exactly the declared network, a secret that verifies."""

from __future__ import annotations

import json
import time

import pytest

from tests.conftest import Sandbox
from tests.engine.conftest import STACK, Project
from tests.engine.test_lifecycle import NUMBER, wired
from tests.killing import VICTIMS, delivered, kept, killed, verifies, xtel

pytestmark = [pytest.mark.engine, pytest.mark.plain]


def whole(project: Project, sandbox: Sandbox) -> None:
    """One object each, a secret that verifies, and nothing left to do."""
    wired(sandbox, NUMBER)
    assert verifies(kept(project, "support"), **delivered(sandbox, NUMBER))
    project.run("preview", "--expect-no-changes", "--stack", STACK)
    assert "pending_operations" not in json.loads(project.state())["checkpoint"]["latest"]


@pytest.mark.parametrize(
    ("match", "victim"),
    [
        ("POST /v2/phone-numbers", "engine"),
        ("POST /v2/phone-numbers", "provider"),
        ("POST /v2/phone-numbers", "both"),
        ("POST /v1/Trunks", "both"),
        ("POST /v1/Trunks/*/OriginationUrls", "provider"),
        ("POST /v1/Trunks/*/PhoneNumbers", "engine"),
    ],
)
def test_killed_while_creating(project: Project, sandbox: Sandbox, match: str, victim: str) -> None:
    assert victim in VICTIMS
    consent = dict[str, str]()
    project.declare()
    killed(project, match, victim)
    if (match, victim) == ("POST /v2/phone-numbers", "provider"):  # the engine lived, and noted a failed create
        deadline = time.monotonic() + 30
        while NUMBER not in sandbox.numbers("xai"):
            assert time.monotonic() < deadline
            time.sleep(0.1)
        refused = xtel(project, "recover", STACK, code=3)
        assert f"XTEL_ALLOW_REPLACE={NUMBER} deletes and re-registers it" in refused.stdout
        consent = {"XTEL_ALLOW_REPLACE": NUMBER}
    told = json.loads(xtel(project, "recover", STACK, "--json", **consent).stdout)
    whole(project, sandbox)
    assert told["recovered"] and not told["outside"]
    assert bool(told["locks"]) == bool(told["pending"]) == (victim != "provider")
    if "phone-numbers" in match:
        assert told["new_secrets"] == [NUMBER]
    assert sandbox.state()["counters"] == {"purchases": 0, "releases": 0}


def test_killed_while_pulumi_wrote_its_metadata(project: Project, sandbox: Sandbox) -> None:
    project.declare()
    project.up()
    [metadata] = (project.folder / "backend/.pulumi/stacks").rglob(f"{STACK}.json.attrs")
    metadata.write_text("")
    assert "EOF" in project.run("stack", "export", "--stack", STACK, code=None)
    told = json.loads(xtel(project, "recover", STACK, "--json").stdout)
    whole(project, sandbox)
    assert (told["recovered"], told["mended"], told["applied"]) == (True, [metadata.name], [])
