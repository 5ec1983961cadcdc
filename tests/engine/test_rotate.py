"""`xtel rotate` with the real engine: a new secret on both sides, the state true, nothing else touched."""

from __future__ import annotations

import json

import pytest

from tests.conftest import Sandbox
from tests.engine.conftest import STACK, SUPPORT, Project
from tests.engine.test_lifecycle import NUMBER, wired
from tests.killing import delivered, kept, killed, verifies, xtel

pytestmark = pytest.mark.engine
PBX = "+498912345670"
HQ = """
  hq:
    number: "+498912345670"
    route: {carrier: sip, platform: asterisk}
    auth: {digest: {username: hq}}
"""


def password(project: Project, sandbox: Sandbox, number: str = PBX) -> str:
    """The number's digest password, which xAI and the state must agree on."""
    resources = project.resources()
    held = json.loads(resources[f"xai:Password {number}/password"]["outputs"]["value"]["plaintext"])
    registered = resources[f"xai:PhoneNumber {number}"]["outputs"]["sip_auth"]["auth_password"]
    assert json.loads(registered["plaintext"]) == held
    assert sandbox.secrets()["digest"][number]["password"] == held
    return held


def test_a_new_signing_secret(project: Project, sandbox: Sandbox) -> None:
    project.declare(SUPPORT, HQ)
    project.up()
    before, made = kept(project, "support"), password(project, sandbox)
    hq = sandbox.numbers("xai")[PBX]["phone_number_id"]

    asked = xtel(project, "rotate", STACK, "support", code=1)
    assert "breaks: the signing secret changes too, and xAI shows the new one only afterwards" in asked.stdout
    assert f"nothing was rotated; next: xtel rotate {STACK} {NUMBER} --what secret --yes" in asked.stderr
    assert kept(project, "support") == before

    done = xtel(project, "rotate", STACK, NUMBER, "--yes")
    assert "next: give the receiver the new one at once: pulumi stack output signing_secrets" in done.stdout
    after, delivery = kept(project, "support"), delivered(sandbox, NUMBER)
    assert verifies(after, **delivery) and not verifies(before, **delivery)
    assert after not in done.stdout + done.stderr and before not in done.stdout + done.stderr
    wired(sandbox, NUMBER)
    assert (sandbox.numbers("xai")[PBX]["phone_number_id"], password(project, sandbox)) == (hq, made)
    project.run("preview", "--expect-no-changes", "--stack", STACK)


def test_a_new_password_on_both_sides(project: Project, sandbox: Sandbox) -> None:
    project.declare(SUPPORT, HQ)
    project.up()
    before, secret, other = password(project, sandbox), kept(project, "hq"), kept(project, "support")
    assert "the number has both: password or secret" in xtel(project, "rotate", STACK, "hq", "--yes", code=64).stderr

    told = json.loads(xtel(project, "rotate", STACK, "hq", "--what", "password", "--yes", "--json").stdout)
    assert told["rotated"] and "xtel render test --number +498912345670 --with-secrets" in told["steps"][-2]
    after = password(project, sandbox)
    assert after != before
    assert after not in json.dumps(told) + project.state()
    assert verifies(kept(project, "hq"), **delivered(sandbox, PBX)) and kept(project, "hq") != secret
    assert kept(project, "support") == other
    project.run("preview", "--expect-no-changes", "--stack", STACK)


def test_what_cannot_be_rotated_says_what_to_do(project: Project, sandbox: Sandbox) -> None:
    project.declare(SUPPORT, HQ.replace("username: hq", "username: hq, password: {secret: hqSip}"))
    project.run("config", "set", "--secret", "hqSip", "canary-5678")
    project.up()
    sandbox.forget_log()
    own = xtel(project, "rotate", STACK, "hq", "--what", "password", "--yes", code=1).stderr
    assert "is your config secret hqSip, not a made one; next: pulumi config set --secret hqSip" in own
    assert "has no digest password" in xtel(project, "rotate", STACK, "support", "--what", "password", code=1).stderr
    unknown = xtel(project, "rotate", STACK, "sales", code=1).stderr
    assert "test has no applied number sales; next: name one by key or number: support, hq" in unknown
    project.change("transfer: true", "transfer: sip-only")
    changed = xtel(project, "rotate", STACK, "support", "--yes", code=1).stderr
    assert f"{NUMBER} has changes that are not applied: twilio Trunk; nothing was rotated" in changed
    assert sandbox.writes() == []


def test_a_killed_rotation_is_recovered(project: Project, sandbox: Sandbox) -> None:
    project.declare(HQ)
    project.up()
    before = password(project, sandbox)
    urn = project.resources()[f"xai:Password {PBX}/password"]["urn"]
    killed(
        project,
        "POST /v2/phone-numbers",
        "both",
        "--target-replace",
        urn,
        "--target-dependents",
        XTEL_ALLOW_REPLACE=PBX,
    )
    xtel(project, "recover", STACK, XTEL_ALLOW_REPLACE=PBX)
    assert password(project, sandbox) != before
    assert verifies(kept(project, "hq"), **delivered(sandbox, PBX))
    project.run("preview", "--expect-no-changes", "--stack", STACK)
