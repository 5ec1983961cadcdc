"""One gate for every verb that changes something live: what `apply` would not do, no other verb does."""

from __future__ import annotations

import json

import pytest

from tests.conftest import Sandbox
from tests.engine.conftest import STACK, SUPPORT, Project
from tests.engine.test_apply import LONDON, SALES
from tests.killing import killed, xtel

pytestmark = pytest.mark.engine
NUMBERS = ("+14155550100", "+12125550110", "+442079460011")
SIP_ONLY = SUPPORT.replace("transfer: true", "transfer: sip-only")
OPEN = SUPPORT.replace("{allow: [twilio]}", "open")


def test_recover_deletes_nothing_that_apply_would_not(project: Project, sandbox: Sandbox) -> None:
    project.declare(SUPPORT, SALES, LONDON)
    project.up()
    secrets = sandbox.secrets()["signing_secrets"]
    project.declare(" {}\n")
    sandbox.forget_log()
    for arguments in (["--yes"], []):
        refused = xtel(project, "recover", STACK, *arguments, code=3)
        assert "test: dangerous, blocked · 3 numbers stop ringing" in refused.stdout
        assert f"error: {STACK} is blocked; nothing was applied; next: correct it, or accept it in" in refused.stderr
        assert "nothing had to be done" not in refused.stdout
    told = json.loads(xtel(project, "recover", STACK, "--yes", "--json", code=3).stdout)
    assert (told["outcome"], told["exit"], told["recovered"], told["applied"]) == ("blocked", 3, False, [])
    assert told["review"]["verdict"] == "blocked"
    assert sandbox.writes() == [] and sandbox.secrets()["signing_secrets"] == secrets


def test_recover_asks_for_what_no_killed_run_had_begun(project: Project, sandbox: Sandbox) -> None:
    project.declare()
    project.up()
    project.declare(SIP_ONLY)
    sandbox.forget_log()
    asked = xtel(project, "recover", STACK, code=1)
    assert "twilio:Trunk" in asked.stdout and "transfer_mode" in asked.stdout
    assert f"error: nothing was applied; next: xtel recover {STACK} --yes" in asked.stderr
    assert sandbox.writes() == []
    done = xtel(project, "recover", STACK, "--yes").stdout
    assert "applied   +14155550100: twilio Trunk changed" in done and "transfer_mode" in done.split("pending")[0]

    project.declare(SIP_ONLY, SALES)
    assert xtel(project, "recover", STACK, code=1).stderr.count("nothing was applied") == 1
    assert "+12125550110" not in sandbox.numbers("xai")


def test_recover_goes_on_with_a_killed_run_and_no_further(project: Project, sandbox: Sandbox) -> None:
    """The killed run was registering a number; since then somebody took another one out of the file."""
    project.declare(SALES)
    project.up()
    project.declare(SALES, SUPPORT)
    killed(project, "POST /v2/phone-numbers", "engine")
    project.declare(SUPPORT)
    refused = xtel(project, "recover", STACK, "--yes", code=3)
    assert "+12125550110" in refused.stdout and "+12125550110" in sandbox.numbers("xai")
    assert "xai PhoneNumber creating" in refused.stdout  # still known: it is cleared when all is done
    project.declare(SALES, SUPPORT)
    done = xtel(project, "recover", STACK).stdout
    assert "secret    +14155550100 has a new signing secret" in done and set(sandbox.numbers("xai")) > set(NUMBERS[:2])
    assert "no operation was left open" in xtel(project, "recover", STACK).stdout


def test_recover_replaces_only_with_consent(project: Project, sandbox: Sandbox) -> None:
    project.declare()
    project.up()
    accept = 'accept:\n  - {rule: no-open-allowlist, until: 2999-12-31, why: "it is meant"}\n'
    project.declare(OPEN, accept)
    sandbox.forget_log()
    refused = xtel(project, "recover", STACK, "--yes", code=3)
    assert "next: correct it, or --allow-replace +14155550100, then: xtel plan" in refused.stderr
    assert sandbox.writes() == []
    told = json.loads(xtel(project, "recover", STACK, "--yes", "--json", "--allow-replace", "+1 415 555 0100").stdout)
    assert (told["recovered"], told["new_secrets"]) == (True, ["+14155550100"])


def test_each_unfinished_number_says_what_is_there_and_what_is_missing(project: Project, sandbox: Sandbox) -> None:
    project.declare(SALES)
    sandbox.fault("POST /v1/Trunks/*/PhoneNumbers", "status", status=400)
    failed = xtel(project, "apply", STACK, "--yes", code=1)
    [line] = [line for line in failed.stdout.splitlines() if " now: " in line]
    for kind in ("twilio OriginationUrl", "twilio Trunk", "xai PhoneNumber"):
        assert kind in line.split("; missing")[0]
    assert line.strip().startswith("+12125550110 now: there: ")
    assert line.endswith("; missing: twilio Attachment; it does not ring")
    assert f"what exists is kept: xtel apply {STACK} goes on from there, and makes nothing twice" in failed.stdout

    sandbox.fault("POST /v1/Trunks/*/PhoneNumbers", "status", status=400)
    told = json.loads(xtel(project, "recover", STACK, "--json", code=1).stdout)
    [number] = told["standing"]
    assert (number["number"], number["missing"], number["rings"]) == ("+12125550110", ["twilio Attachment"], False)
    assert "xai PhoneNumber" in number["exists"] and told["next"].endswith(f"xtel recover {STACK}")
    sandbox.forget_log()
    assert json.loads(xtel(project, "apply", STACK, "--yes", "--json").stdout)["standing"] == []
    assert [line.rpartition("/")[2] for line in sandbox.writes()] == ["PhoneNumbers"]


def test_a_stale_plan_says_what_differs(project: Project, sandbox: Sandbox) -> None:
    project.declare(SUPPORT, SALES)
    project.up()
    project.declare(SIP_ONLY, SALES)
    saved = project.folder / "plan.json"
    saved.write_text(xtel(project, "plan", STACK, "--refresh", "--json", code=2).stdout)
    project.declare(SIP_ONLY, SALES.replace("{carrier: twilio}", "{carrier: twilio, transfer: true}"))
    sandbox.forget_log()
    stale = xtel(project, "apply", STACK, "--reviewed", "plan.json", code=4)
    lines = stale.stdout.splitlines()
    assert any(line.startswith("now ") and "+12125550110/trunk" in line for line in lines)
    assert any("transfer_mode" in line and "enable-all" in line for line in lines)
    assert not any("+14155550100" in line for line in lines), stale.stdout
    assert f"next: review what differs, then: xtel apply {STACK} --checksum " in stale.stderr
    short = xtel(project, "apply", STACK, "--checksum", json.loads(saved.read_text())["plan"]["checksum"], code=4)
    assert (
        "+14155550100/trunk" in short.stdout and "Routing" not in short.stdout and len(short.stdout.splitlines()) < 25
    )
    assert sandbox.writes() == []
    project.declare(SIP_ONLY, SALES)
    assert "ok: test is as" in xtel(project, "apply", STACK, "--reviewed", "plan.json").stdout
