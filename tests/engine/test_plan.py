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


def shown(project: Project, *arguments: str) -> bytes:
    """What it prints, whatever the verdict."""
    command = [project.python, "-m", "xtel.cli", "plan", STACK, *arguments]
    return subprocess.run(
        command, cwd=project.folder, env=project.env, capture_output=True, stdin=subprocess.DEVNULL, check=False
    ).stdout


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


MOVED = """
  london:
    number: "+442079460011"
    route: {carrier: telnyx, sip_region: Europe}
"""
DROPPED = """
  nyc:
    number: "+12125550177"
    route: {carrier: plivo}
"""


def test_a_blocked_plan_shows_what_the_state_and_the_file_know(project: Project) -> None:
    """A number that moves without consent, beside one that is dropped: the engine stops before it comes to the second."""
    project.declare(SUPPORT, MOVED, DROPPED)
    project.up()
    project.declare(SUPPORT, MOVED.replace("{carrier: telnyx, sip_region: Europe}", "{carrier: twilio}"))
    code, found = planned(project)
    numbers = {item["name"]: item for item in found["plan"]["numbers"]}
    assert (code, found["verdict"]) == (3, "blocked")
    moved, dropped = numbers["+442079460011"], numbers["+12125550177"]
    assert (moved["kind"], moved["before"]["carriers"], moved["after"]["carriers"]) == (
        "rerouted", ["telnyx"], ["twilio"],
    )  # fmt: skip
    assert moved["before"]["targets"] == ["sip:+442079460011@sip.voice.x.ai:5061;transport=tls"]
    assert (dropped["kind"], dropped["before"]["carriers"], dropped["after"]) == ("loses inbound", ["plivo"], None)
    assert found["plan"]["labels"]["+12125550177"] == "nyc · +12125550177"
    gone = {item["type"] for item in found["plan"]["objects"] if item["op"] == "delete" and not item["previewed"]}
    assert {"plivo:Attachment", "plivo:Trunk", "telnyx:Connection", "telnyx:Attachment"} <= gone
    assert found["headline"].startswith("1 number stops ringing, 1 number re-registered, 1 number rerouted")
    assert "not previewed" in found["headline"]
    saved = project.folder / "plan.json"
    saved.write_text(json.dumps(found))
    for format in ("md", "text", "html", "github"):
        assert "nyc · +12125550177" in shown(project, "--format", format, "--from", str(saved)).decode(), format


def test_three_previews_of_one_plan_give_the_same_bytes(project: Project) -> None:
    """The engine works on many objects at once, and tells of them in any order."""
    project.declare(SUPPORT, MOVED, DROPPED)
    told: dict[str, list[bytes]] = {}
    for count in range(3):
        saved = project.folder / f"plan-{count}.json"
        saved.write_bytes(shown(project, "--format", "json"))
        told.setdefault("json", []).append(saved.read_bytes())
        for format in ("md", "text", "html", "github"):
            told.setdefault(format, []).append(shown(project, "--format", format, "--from", str(saved)))
    for format, texts in told.items():
        assert texts[0] and len(set(texts)) == 1, format
    assert shown(project, "--format", "md") == told["md"][0], "a saved plan is shown as the plan itself"
