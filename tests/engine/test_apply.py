"""`xtel apply` on the real engine: exactly what was reviewed, or nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.conftest import Sandbox
from tests.engine.conftest import STACK, Project
from tests.killing import xtel

pytestmark = pytest.mark.engine
SALES = """
  sales:
    number: "+12125550110"
    route: {carrier: twilio}
    auth: {allow: [twilio]}
"""
LONDON = """
  london:
    number: "+442079460011"
    route: {carrier: telnyx, sip_region: Europe}
    auth: {allow: ["telnyx:europe"]}
"""


def planned(project: Project, *arguments: str, code: int) -> dict[str, Any]:
    return json.loads(xtel(project, "plan", STACK, "--json", *arguments, code=code).stdout)


def applied(project: Project, *arguments: str, code: int = 0, **env: str) -> dict[str, Any]:
    return json.loads(xtel(project, "apply", STACK, "--json", *arguments, code=code, **env).stdout)


def trunk(project: Project, sandbox: Sandbox, **changes: str) -> None:
    """Somebody changes the one trunk in Twilio's console."""
    [found] = sandbox.state()["twilio"]["trunks"]
    who = (project.env["TWILIO_ACCOUNT_SID"], project.env["TWILIO_AUTH_TOKEN"])
    sandbox.http.post(f"/v1/Trunks/{found['sid']}", data=changes, auth=who).raise_for_status()


def test_from_nothing_to_nothing(project: Project, sandbox: Sandbox) -> None:
    project.declare()
    sandbox.forget_log()
    alone = xtel(project, "apply", STACK, code=1)
    assert "test: safe · 1 number starts ringing" in alone.stdout
    assert f"error: nothing was applied; next: xtel apply {STACK} --checksum" in alone.stderr
    assert sandbox.writes() == []
    known = planned(project, code=2)["plan"]["checksum"]
    result = applied(project, "--checksum", known)
    assert (result["outcome"], result["checksum"], result["new_secrets"]) == ("applied", known, ["+14155550100"])
    [number] = result["numbers"]
    assert "twilio Attachment made" in number["done"] and number["left"] == []
    assert project.secret("support") not in json.dumps(result)
    sandbox.forget_log()
    again = xtel(project, "apply", STACK, "--yes")
    assert again.stdout.startswith("test: nothing to do: 1 number rings as before")
    stale = xtel(project, "apply", STACK, "--checksum", known, code=4)
    assert "is not any more what plan" in stale.stderr and "nothing is left to do" in stale.stderr
    assert sandbox.writes() == []
