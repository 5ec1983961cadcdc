"""`xtel rotate` with the real engine: a new secret on both sides, the state true, nothing else touched."""

from __future__ import annotations

import base64
import json

import pytest
from ruamel.yaml import YAML

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
    assert "next: xtel apply" not in asked.stdout and "another stack" not in asked.stdout
    assert f"nothing was rotated; next: xtel rotate {STACK} {NUMBER} --what secret --yes" in asked.stderr
    assert kept(project, "support") == before

    done = xtel(project, "rotate", STACK, NUMBER, "--yes")
    assert "next: give the receiver both at once, the new one and the previous: xtel secrets test" in done.stdout
    after, delivery = kept(project, "support"), delivered(sandbox, NUMBER)
    assert verifies(after, **delivery) and not verifies(before, **delivery)
    assert after not in done.stdout + done.stderr and before not in done.stdout + done.stderr
    wired(sandbox, NUMBER)
    assert (sandbox.numbers("xai")[PBX]["phone_number_id"], password(project, sandbox)) == (hq, made)
    project.run("preview", "--expect-no-changes", "--stack", STACK)
    both_are_kept(project, after, before)


def both_are_kept(project: Project, after: str, before: str) -> None:
    """Until the previous one is forgotten: then the state is otherwise what it was."""
    assert previous(project) == {"support": before}
    other = kept(project, "hq")
    assert variable(project) == {after, before, other}
    assert variable(project, "--number", "support") == {after, before}
    assert before not in project.state()
    assert xtel(project, "rotate", STACK, "support", "--forget").stdout.startswith(
        f"ok: support ({NUMBER}): the previous"
    )
    assert (previous(project), kept(project, "support"), variable(project)) == ({}, after, {after, other})
    assert after not in project.state()
    project.run("preview", "--expect-no-changes", "--stack", STACK)
    assert json.loads(xtel(project, "secrets", STACK, "--forget", "--json").stdout)["forgotten"] == []


def previous(project: Project) -> dict[str, str]:
    shown = project.run("stack", "output", "previous_signing_secrets", "--show-secrets", "--json", "--stack", STACK)
    return json.loads(shown)


def variable(project: Project, *more: str) -> set[str]:
    """What the receiver would get."""
    text = xtel(project, "secrets", STACK, *more).stdout
    assert text.startswith("XAI_SIGNING_SECRETS=") and text.count("\n") == 1
    return set(text.strip().partition("=")[2].split(","))


def test_a_replacement_that_was_agreed_to_keeps_the_secret_before_too(project: Project, sandbox: Sandbox) -> None:
    project.declare(SUPPORT)
    project.up()
    before = kept(project, "support")
    project.change("allow: [twilio]", "allow: [twilio, 203.0.113.0/28]")
    project.up(XTEL_ALLOW_REPLACE=NUMBER)
    after = kept(project, "support")
    assert variable(project) == {after, before} and after != before
    project.change("transfer: true", "transfer: sip-only")  # what is changed in place keeps it
    project.change('number: "+14155550100"', 'number: "+14155550100"\n    name: Help')
    project.up()
    project.run("refresh", "--yes", "--stack", STACK)
    assert variable(project) == {after, before}
    handed_over(project, after, before)
    assert json.loads(xtel(project, "secrets", STACK, "--forget", "--json").stdout) == {
        "stack": STACK,
        "forgotten": ["support"],
    }
    assert variable(project) == {after}


def handed_over(project: Project, after: str, before: str) -> None:
    """As files, which are never overwritten unasked, and as a manifest."""
    file = project.folder / "secrets/support"
    write = ("secrets", STACK, "--format", "files", "--out", "secrets")
    assert xtel(project, *write).stdout == "secrets/support  written\n"
    assert file.read_text() == f"{after}\n{before}\n"
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert xtel(project, *write).stdout == "secrets/support  unchanged\n"
    file.write_text("somebody else's")
    refused = xtel(project, *write, code=1)
    assert "secrets/support holds something else, and was not overwritten; next: --force" in refused.stderr
    assert file.read_text() == "somebody else's"
    assert xtel(project, *write, "--force").stdout == "secrets/support  overwritten\n"
    manifest = YAML(typ="safe").load(
        xtel(project, "secrets", STACK, "--format", "kubernetes", "--name", "phone").stdout
    )
    assert (manifest["kind"], manifest["metadata"]) == ("Secret", {"name": "phone"})
    assert base64.b64decode(manifest["data"]["XAI_SIGNING_SECRETS"]).decode() == f"{after},{before}"
    told = json.loads(xtel(project, "secrets", STACK, "--json").stdout)["numbers"]["support"]
    assert told == {"number": NUMBER, "signing_secret": after, "previous_signing_secret": before}


def test_a_new_password_on_both_sides(project: Project, sandbox: Sandbox) -> None:
    project.declare(SUPPORT, HQ)
    project.up()
    before, secret, other = password(project, sandbox), kept(project, "hq"), kept(project, "support")
    assert "the number has both: password or secret" in xtel(project, "rotate", STACK, "hq", "--yes", code=64).stderr

    told = json.loads(xtel(project, "rotate", STACK, "hq", "--what", "password", "--yes", "--json").stdout)
    assert told["rotated"] and "xtel render test --number +498912345670 --with-secrets" in told["steps"][-3]
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
