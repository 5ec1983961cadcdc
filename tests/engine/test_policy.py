"""The policy pack under the real engine: it says what `xtel plan` says, and what must not be fails a plain preview."""

from __future__ import annotations

import json
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import grpc
import pytest
from pulumi.runtime.proto import analyzer_pb2
from pulumi.runtime.proto.analyzer_pb2_grpc import AnalyzerStub

from tests.conftest import ROOT, Sandbox
from tests.engine.conftest import STACK, SUPPORT, Project

pytestmark = pytest.mark.engine

LONDON = """
  london:
    number: "+442079460011"
    route: {carrier: telnyx, sip_region: Europe, srtp: true}
    auth: {allow: [telnyx:europe]}
"""
NYC = """
  nyc:
    number: "+12125550177"
    route: {carrier: plivo}
    auth: {digest: {username: nyc, password: {secret: shared}}}
"""
HQ = """
  hq:
    number: "+498912345670"
    route: {carrier: sip, platform: asterisk}
    auth: {digest: {username: hq, password: {secret: shared}}}
"""
PACK = Path(sys.executable).parent / "xtel-policy"
SECRET = "hunter2_Kx8vQ"
Found = set[tuple[str, str]]


def reported(project: Project) -> tuple[str, Found, Found]:
    """What a preview prints, and the findings in its events: those that fail it, and the others."""
    log = project.folder / "events.jsonl"
    log.unlink(missing_ok=True)
    output = project.run(
        "preview", "--stack", STACK, "--policy-pack", str(PACK), "--event-log", str(log),
        code=None, PULUMI_DEBUG_COMMANDS="1",
    )  # fmt: skip
    told = [event["policyEvent"] for event in map(json.loads, log.read_text().splitlines()) if "policyEvent" in event]
    stops, warns = (
        {(item["policyName"], _number(item["message"])) for item in told if item["enforcementLevel"] == level}
        for level in ("mandatory", "advisory")
    )
    return output, stops, warns


def _number(message: str) -> str:
    first = message.split(":", maxsplit=1)[0]
    return first if first.startswith("+") else ""


def planned(project: Project, *arguments: str) -> tuple[str, Found, Found]:
    """The verdict of `xtel plan`, and the same findings."""
    command = [project.python, "-m", "xtel.cli", "plan", STACK, "--json", *arguments]
    done = subprocess.run(command, cwd=project.folder, env=project.env, capture_output=True, text=True, check=False)
    review = json.loads(done.stdout)
    ruled = [item for item in review["findings"] if item["rule"]]
    stops = {(item["rule"], item["number"]) for item in ruled if item["level"] == "danger" and not item["accepted"]}
    return review["verdict"], stops, {(item["rule"], item["number"]) for item in ruled} - stops


def agreed(project: Project) -> tuple[str, str, Found, Found]:
    """What both say: the preview of the pack in a terminal, the plan's verdict, and the findings."""
    output, *pack = reported(project)
    verdict, *found = planned(project)
    assert pack == found
    assert [verdict, *found] == list(planned(project, "--from", str(project.folder / "events.jsonl")))
    return output, verdict, *pack


def test_a_pack_reports_what_a_plan_reports(project: Project, sandbox: Sandbox) -> None:
    project.run("config", "set", "--secret", "shared", SECRET)
    project.declare(SUPPORT, LONDON, NYC, HQ)
    _, verdict, stops, warns = agreed(project)
    assert (verdict, stops) == ("needs a look", set())
    assert warns == {("no-shared-credential", number) for number in ("+12125550177", "+498912345670")}
    project.up("--policy-pack", str(PACK))
    assert agreed(project)[1:] == ("none", set(), set())

    opened = LONDON.replace("auth: {allow: [telnyx:europe]}", "auth: open\n    replace: accept")
    moved = NYC.replace("{carrier: plivo}", "{carrier: sip, platform: kamailio}")
    project.declare(opened.replace("srtp: true", "srtp: false"), moved, HQ.replace("}", ", port: 5070}", 1))
    sandbox.forget_log()
    output, verdict, stops, warns = agreed(project)
    assert verdict == "blocked"
    assert stops == {("number-keeps-inbound", "+14155550100"), ("no-open-allowlist", "+442079460011")}
    assert warns == {("srtp-kept", "+442079460011")}
    assert "[mandatory]  number-keeps-inbound" in output and "error: preview failed" in output
    assert SECRET not in output
    project.up("--policy-pack", str(PACK), code=1)
    assert sandbox.writes() == []

    rules = [f'{{rule: {rule}, number: "{number}", until: 2999-01-01, why: moved}}' for rule, number in sorted(stops)]
    file = project.folder / "stacks" / f"{STACK}.yaml"
    file.write_text(f"{file.read_text()}accept: [{', '.join(rules)}]\n")
    output, verdict, left, accepted = agreed(project)
    assert (verdict, left, accepted) == ("dangerous", set(), stops | warns)
    assert "accepted until 2999-01-01: moved" in output


def test_a_state_that_cannot_be_read_is_an_error(project: Project) -> None:
    """As the engine asks it: judging against nothing would find nothing."""
    env = project.env | {"PULUMI_BACKEND_URL": f"file://{project.folder / 'nowhere'}"}
    with subprocess.Popen([str(PACK)], cwd=project.folder, env=env, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            channel = grpc.insecure_channel(f"127.0.0.1:{int(process.stdout.readline())}")
            with pytest.raises(grpc.RpcError, match="the state cannot be read: pulumi stack export"):
                AnalyzerStub(channel).ConfigureStack(analyzer_pb2.AnalyzerStackConfigureRequest(stack=STACK))
        finally:
            process.send_signal(signal.SIGINT)
    assert process.returncode == 0


def test_the_page_shows_how_to_run_it(project: Project) -> None:
    page = (ROOT / "docs/plan.md").read_text()
    [command] = [line for line in page.splitlines() if "--policy-pack" in line and line.startswith("pulumi preview")]
    project.declare()
    assert "xtel@v" in project.run(*shlex.split(command, comments=True)[1:], "--stack", STACK)
