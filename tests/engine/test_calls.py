"""`xtel call` on networks that a real `pulumi up` made: who answers, and where a call ends after somebody's change."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import httpx
import pytest

from tests.conftest import Sandbox
from tests.engine.conftest import HEAD, STACK, SUPPORT, Project

pytestmark = [pytest.mark.engine]
MORE = """
  reception:
    number: "+14155550101"
    take_over: true
    route: {carrier: twilio, mode: twiml, voice_url: "https://voice.example.com/twiml"}
    auth: {digest: {username: xai-reception}}
  hq:
    number: "+498912345670"
    route: {carrier: sip, platform: asterisk}
    auth: {allow: [203.0.113.0/28]}
"""


def xtel(project: Project, *arguments: str) -> subprocess.CompletedProcess[str]:
    program = str(Path(project.python).parent / "xtel")
    return subprocess.run(
        [program, *arguments], cwd=project.folder, env=project.env, capture_output=True, text=True, check=False
    )


def test_who_answers_and_what_a_change_at_the_carrier_does(project: Project, sandbox: Sandbox, tmp_path: Path) -> None:
    (project.folder / f"stacks/{STACK}.yaml").write_text(HEAD + SUPPORT + MORE)
    project.up()
    done = xtel(project, "call", STACK, "--all", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    calls: dict[str, Any] = {call["key"]: call for call in json.loads(done.stdout)["calls"]}
    assert list(calls) == ["support", "reception", "hq"]
    assert {call["outcome"]["answered_by"] for call in calls.values()} == {"webhook:https://voice.example.com/calls"}
    assert calls["hq"]["ladder"][0]["source"].startswith("203.0.113.0:")
    assert [call["outcome"]["encrypted"] for call in calls.values()] == [False, False, True]

    # Nobody receives any more: what stood in for the webhook ended with the calls.
    assert sandbox.http.get("/_sandbox/calls", params={"to": "+14155550100"}).json()[-1]["state"] == "ended"

    env = sandbox.env()
    [url] = [url for url in sandbox.state()["twilio"]["origination_urls"] if "+14155550100" in url["sip_url"]]
    path = f"/v1/Trunks/{url['trunk_sid']}/OriginationUrls/{url['sid']}"
    form = {"SipUrl": "sip:14155550100@sip.voice.x.ai;transport=tls"}
    auth = (env["TWILIO_ACCOUNT_SID"], env["TWILIO_AUTH_TOKEN"])
    httpx.post(sandbox.url + path, data=form, auth=auth).raise_for_status()
    report = tmp_path / "calls.xml"
    done = xtel(project, "call", STACK, "support", "hq", "--junit", str(report))
    assert done.returncode == 2, done.stdout + done.stderr
    assert "registration 404: no number is registered as 14155550100" in " ".join(done.stdout.split())
    assert "INVITE sip:14155550100@sip.voice.x.ai;transport=tls SIP/2.0" in done.stdout
    assert "1 of 2 numbers were answered" in done.stdout
    suite = ElementTree.parse(report).getroot()
    assert (suite.get("tests"), suite.get("failures")) == ("2", "1")
    # A trace says so before: the state does not know of it, the vendors do.
    done = xtel(project, "trace", STACK, "support", "--live", "--probe", "--json")
    [traced] = json.loads(done.stdout)["numbers"]
    assert (done.returncode, traced["ends_at"]) == (2, "registration"), done.stdout + done.stderr
    assert traced["hops"][6]["object"] == f"twilio OriginationUrl {url['sid']}"
    for source in ([], ["--plan"], ["--declared"]):
        done = xtel(project, "trace", STACK, "--json", *source)
        found = json.loads(done.stdout)["numbers"]
        assert done.returncode == 0, done.stdout + done.stderr
        assert [each["key"] for each in found] == ["support", "reception", "hq"]
    # Past the carrier the number still answers.
    assert xtel(project, "call", STACK, "support", "--direct", "--from", "+12025550143").returncode == 0


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["call"], 64, "name a number, or say --all"),
        (["call", STACK, "support", "--all"], 64, "--all is every number: name none"),
        (["call", STACK, "support", "--from", "5"], 64, "expected a number like +12025550143"),
        (["call", STACK, "nobody"], 1, "nobody is no number of test that is applied"),
        (["call", STACK, "--all"], 1, "test has no number that is applied; next: pulumi up -s test"),
    ],
)
def test_what_cannot_be_called(project: Project, arguments: list[str], code: int, says: str) -> None:
    (project.folder / f"stacks/{STACK}.yaml").write_text(HEAD + SUPPORT)
    done = xtel(project, *arguments)
    assert (done.returncode, says in done.stderr) == (code, True), done.stderr


def test_calls_stay_in_the_sandbox(project: Project) -> None:
    (project.folder / f"stacks/{STACK}.yaml").write_text(HEAD + SUPPORT)
    del project.env["XTEL_SANDBOX_URL"]
    done = xtel(project, "call", STACK, "--all")
    assert done.returncode == 1
    assert (
        done.stderr == "error: calls are placed in the sandbox: test is no stack of it; next: xtel call sandbox --all\n"
    )
