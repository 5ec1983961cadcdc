"""`xtel apply` on the real engine: exactly what was reviewed, or nothing."""

from __future__ import annotations

import json
import re
import subprocess
import sysconfig
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT, Sandbox
from tests.engine.conftest import HEAD, STACK, SUPPORT, Project
from tests.engine.test_readme import commands
from tests.engine.test_webex import OWN
from tests.killing import xtel
from tests.wording import assert_ours
from xtel.operations import apply as applying
from xtel.project import layout as projects

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


def git(folder: Path, *arguments: str) -> None:
    who = ["-c", "user.name=Tester", "-c", "user.email=tester@example.com", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True)


def push(folder: Path, branch: str) -> None:
    """All that was edited, as a commit that the remote has."""
    git(folder, "add", "-A")
    git(folder, "commit", "--quiet", "-m", branch)
    git(folder, "push", "--quiet", "origin", branch)


def trunk(project: Project, sandbox: Sandbox, number: str, **changes: str) -> None:
    """Somebody changes a number's trunk in Twilio's console."""
    marker = f"xtel/xai-telephony/{STACK}/{number}"
    [found] = [item for item in sandbox.state()["twilio"]["trunks"] if item["friendly_name"] == marker]
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


def test_what_is_left_to_people_is_said(project: Project, sandbox: Sandbox) -> None:
    """As `pulumi up` warns: a made trunk that nobody has connected, files that nobody has applied; each once, no secret."""
    project.declare(OWN)
    result = applied(project, "--yes")
    told = [(item["number"], item["object"], item["text"]) for item in result["warnings"]]
    assert len(told) == len(set(told))
    [connect] = [text for _, named, text in told if named == "webex Trunk"]
    assert connect.startswith("someone must connect the local gateway to trunk xtel ")
    [files] = [(number, text) for number, named, text in told if named == "webex Gateway"]
    assert files[0] == "+14155550171" and files[1].startswith("someone must apply these files to the local gateway (")
    assert project.secret("support") not in json.dumps(result)
    project.declare(OWN.replace("Headquarters", "Branch"))
    shown = xtel(project, "apply", STACK, "--yes").stdout
    assert shown.startswith("test: needs a look · 1 number rerouted")
    assert (
        len(re.findall(r"^warning: .*: webex Trunk: someone must connect the local gateway to trunk", shown, re.M)) == 1
    )
    assert applied(project, "--yes")["warnings"] == []


def test_a_pull_request_that_is_dangerous(project: Project, sandbox: Sandbox, tmp_path_factory) -> None:
    """One number loses its route, one opens to the world, one moves to another carrier; two local folders are the remote."""
    sandbox.seed({"twilio": {"numbers": [{"phone_number": "+442079460011"}]}})
    remote = tmp_path_factory.mktemp("remote")
    git(remote, "init", "--quiet", "--bare", "--initial-branch=main")
    project.declare(SUPPORT, SALES, LONDON)
    (project.folder / ".gitignore").write_text("backend\nhome\n.venv\n__pycache__\n")
    git(project.folder, "init", "--quiet", "--initial-branch=main")
    git(project.folder, "remote", "add", "origin", str(remote))
    push(project.folder, "main")
    applied(project, "--yes")

    git(project.folder, "switch", "--quiet", "-c", "change")
    opened = SALES.replace("{allow: [twilio]}", "open") + "    replace: accept\n"
    moved = LONDON.replace("{carrier: telnyx, sip_region: Europe}", "{carrier: twilio}")
    moved = moved.replace('["telnyx:europe"]', "[twilio]") + "    replace: accept\n"
    silent = SUPPORT.replace("    route: {carrier: twilio, transfer: true}\n", "")
    project.declare(silent, opened, moved)
    push(project.folder, "change")
    sandbox.forget_log()
    report = xtel(project, "plan", STACK, "--refresh", "--format", "md", code=3).stdout
    assert "### ☎️ test: **dangerous, blocked** · 1 number stops ringing" in report
    table = report.split("**Routing**")[0]
    for number in ("+14155550100", "+12125550110", "+442079460011"):
        assert number in table
    assert xtel(project, "plan", STACK, "--base", "origin/main", code=3).stdout.startswith("test: dangerous, blocked")
    refused = xtel(project, "apply", STACK, "--yes", code=3)
    assert "error: test is blocked; nothing was applied; next: correct it, or accept it in" in refused.stderr
    assert sandbox.writes() == []

    accepted = [
        f'  - {{rule: {rule}, number: "{number}", until: 2999-12-31, why: "it is meant"}}\n'
        for rule, number in (("number-keeps-inbound", "+14155550100"), ("no-open-allowlist", "+12125550110"))
    ]
    project.declare(silent, opened, moved, "accept:\n", *accepted)
    push(project.folder, "change")
    review = planned(project, "--refresh", code=2)
    assert (review["verdict"], review["plan"]["total"]) == ("dangerous", 3)

    kept = sandbox.numbers("xai")["+14155550100"]["phone_number_id"]
    trunk(project, sandbox, number="+12125550110", TransferMode="enable-all")
    sandbox.forget_log()
    stale = xtel(project, "apply", STACK, "--checksum", review["plan"]["checksum"], "--yes", code=4)
    assert "transfer_mode" in stale.stdout and "is not any more what plan" in stale.stderr
    assert sandbox.writes() == []

    trunk(project, sandbox, number="+12125550110", TransferMode="disable-all")
    sandbox.forget_log()
    result = applied(project, "--checksum", review["plan"]["checksum"], "--yes")
    assert {item["number"] for item in result["numbers"]} == {"+14155550100", "+12125550110", "+442079460011"}
    assert set(result["new_secrets"]) == {"+12125550110", "+442079460011"}
    numbers = sandbox.numbers("xai")
    assert numbers["+14155550100"]["phone_number_id"] == kept
    assert "sip_auth" not in numbers["+12125550110"] and numbers["+442079460011"]["sip_auth"]["allowed_addresses"]
    twilio = sandbox.numbers("twilio")
    assert (twilio["+14155550100"]["trunk_sid"], bool(twilio["+442079460011"]["trunk_sid"])) == (None, True)
    assert sandbox.state()["telnyx"]["fqdn_connections"] == []
    assert sandbox.state()["counters"]["releases"] == 0
    assert planned(project, "--refresh", code=0)["verdict"] == "none"


@pytest.fixture
def inside(project: Project, monkeypatch: pytest.MonkeyPatch) -> projects.Project:
    """The project as this process sees it: between two steps of an apply something can be changed."""
    monkeypatch.chdir(project.folder)
    for name, value in project.env.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setitem(sysconfig.get_config_vars(), "base", str(project.folder / ".venv"))  # whose programs it starts
    return projects.here()


def test_what_moves_between_plan_and_update_stops_it(
    project: Project, sandbox: Sandbox, inside: projects.Project
) -> None:
    order = applying.Order()
    project.declare()
    project.up()
    project.change("transfer: true", "transfer: sip-only")

    reviewed = applying.prepare(inside, STACK, order)
    trunk(project, sandbox, "+14155550100", Secure="true")
    sandbox.forget_log()
    moved = applying.carry_out(inside, reviewed, order)
    assert (moved.outcome, moved.exit, sandbox.writes()) == ("stale", 4, [])
    assert "was changed while it was planned; nothing was applied" in moved.said
    assert [item.path for item in moved.review.plan.objects[0].changes] == ["secure", "transfer_mode"]

    reviewed = applying.prepare(inside, STACK, order)
    project.change("url: https://voice.example.com/calls", "url: https://voice.example.com/other")
    edited = applying.carry_out(inside, reviewed, order)
    assert (edited.outcome, sandbox.writes()) == ("stale", [])
    project.change("url: https://voice.example.com/other", "url: https://voice.example.com/calls")

    reviewed = applying.prepare(inside, STACK, order)
    done = applying.carry_out(inside, reviewed, order)
    assert (done.outcome, done.numbers[0].done, done.new_secrets) == ("applied", ("twilio Trunk changed",), ())


def test_a_file_that_declares_nothing_any_more_is_guarded_too(
    project: Project, sandbox: Sandbox, inside: projects.Project
) -> None:
    project.declare()
    project.up()
    accept = 'accept:\n  - {rule: number-keeps-inbound, until: 2999-12-31, why: "closed"}\n'
    project.declare("numbers: {}\n", accept, head="version: 1\n")
    reviewed = applying.prepare(inside, STACK, order := applying.Order())
    trunk(project, sandbox, "+14155550100", Secure="true")
    sandbox.forget_log()
    assert (applying.carry_out(inside, reviewed, order).outcome, sandbox.writes()) == ("stale", [])
    done = applying.carry_out(inside, applying.prepare(inside, STACK, order), order)
    assert done.outcome == "applied" and "xai PhoneNumber removed" in done.numbers[0].done
    assert sandbox.numbers("xai").get("+14155550100") is None
    assert sandbox.state()["counters"]["releases"] == 0


def test_a_failed_update_says_which_numbers_are_wired(project: Project, sandbox: Sandbox) -> None:
    project.declare()
    applied(project, "--yes")
    project.declare(SUPPORT.replace("transfer: true", "transfer: sip-only"), SALES)
    sandbox.fault("POST /v1/Trunks/*/PhoneNumbers", "status", status=400)
    failed = xtel(project, "apply", STACK, "--yes", code=1)
    [line] = [line for line in failed.stdout.splitlines() if "; not done: " in line and line.startswith("+1212")]
    assert line.endswith("; not done: twilio Attachment: it does not ring")
    assert f"next: when that is put right: xtel recover {STACK}" in failed.stderr
    assert_ours(failed.stderr.splitlines()[-1])
    xtel(project, "recover", STACK)
    assert applied(project, "--yes")["outcome"] == "nothing to do"

    project.declare(SUPPORT, SALES)
    sandbox.fault("POST /v1/Trunks/*", "status", status=400)
    result = applied(project, "--yes", code=1)
    assert (result["outcome"], result["numbers"]) == (
        "failed", [{"number": "+14155550100", "done": [], "left": ["twilio Trunk"], "rings": True}],
    )  # fmt: skip
    assert "twilio Trunk +14155550100: Staged by a fault" in result["error"] and result["next"].endswith(
        f"xtel recover {STACK}"
    )


def test_every_stack_at_once(project: Project, sandbox: Sandbox) -> None:
    sandbox.seed({"twilio": {"numbers": [{"phone_number": f"+1415555020{index}"} for index in range(3)]}})
    project.declare()
    for index, stack in enumerate(("lab", "office", "shop")):
        project.run("stack", "select", "--create", stack)
        text = SUPPORT.replace("+14155550100", f"+1415555020{index}")
        (project.folder / f"stacks/{stack}.yaml").write_text(HEAD + text)
    office = project.folder / "stacks/office.yaml"
    right = office.read_text()
    office.write_text(right.replace("twilio, transfer", "nobody, transfer"))
    sandbox.forget_log()
    plans = json.loads(xtel(project, "plan", "--all", "--json", code=1).stdout)
    assert {stack: plan["exit"] if "exit" in plan else plan["verdict"] for stack, plan in plans["stacks"].items()} == {
        "lab": "safe", "office": 1, "shop": "safe", "test": "safe",
    }  # fmt: skip
    unasked = xtel(project, "apply", "--all", code=1)
    assert "nothing was applied; next: xtel apply lab --checksum" in unasked.stdout
    assert sandbox.writes() == []

    first = xtel(project, "apply", "--all", "--parallel", "2", "--yes", code=1)
    lines = first.stdout.splitlines()
    assert lines[-4:][1].startswith("office  error: stacks/office.yaml:7: numbers.support.route.carrier: no carrier")
    assert [line for line in lines[-4:] if line.endswith("applied: 1 number changed")] == [lines[-4], *lines[-2:]]
    assert "lab     planning" in first.stderr and "lab     applying" in first.stderr
    office.write_text(right)
    second = json.loads(xtel(project, "apply", "--all", "--yes", "--json").stdout)
    outcomes = {stack: result["outcome"] for stack, result in second["stacks"].items()}
    assert outcomes == {"lab": "nothing to do", "office": "applied", "shop": "nothing to do", "test": "nothing to do"}
    sandbox.forget_log()
    third = xtel(project, "apply", "--all", "--yes")
    assert third.stdout.count("nothing to do: 1 number rings as before") == 4
    assert sandbox.writes() == []


def test_the_page_is_true(project: Project, sandbox: Sandbox) -> None:
    project.run("stack", "select", "--create", "prod")
    (project.folder / "stacks/prod.yaml").write_text(HEAD + SUPPORT)
    page = (ROOT / "docs/plan.md").read_text().split("## Applying")[1]
    codes = [
        subprocess.run(command, shell=True, cwd=project.folder, env=project.env, capture_output=True, check=False)
        for command in commands(page)
    ]
    assert [done.returncode for done in codes] == [2, 0, 0, 0], codes
    assert b"ok: prod is as stacks/prod.yaml declares it" in codes[1].stdout
    assert b"nothing to do: 1 number rings as before" in codes[3].stdout
    assert sandbox.numbers("twilio")["+14155550100"]["trunk_sid"]
