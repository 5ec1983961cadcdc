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
    # What is expected of a call beside its answer.
    done = xtel(project, "call", STACK, "hq", "--expect", "answered-by=agent:a,within=0.0001")
    assert done.returncode == 2 and "0 of 1 numbers were as expected" in done.stdout
    assert "expected agent:a, webhook:https://voice.example.com/calls answered" in " ".join(done.stdout.split())

    # The same stack, with nothing that says it is the sandbox's: live.
    del project.env["XTEL_SANDBOX_URL"]
    done = xtel(project, "call", STACK, "support", "--from", "+14155550101")
    assert done.returncode == 1 and done.stderr.endswith("error: nobody was called; next: agree to it, or say --yes\n")
    assert "1 call to test, where a production receiver will ring; xAI bills" in done.stderr
    sandbox.switch(xai__webhook_pace=0.001)
    done = xtel(project, "call", STACK, "support", "--from", "+14155550101", "--yes", "--json")
    assert done.returncode == 2, done.stderr
    [call] = json.loads(done.stdout)["calls"]
    assert (call["outcome"]["reason"].split(" (")[0], call["good"]) == ("Twilio says failed", False)
    done = xtel(project, "call", STACK, "support", "--from", "+498912345670", "--yes")
    assert done.returncode == 1 and " places no call from here: that needs the PBX itself" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["call"], 64, "name a number, or say --all"),
        (["call", STACK, "support", "--all"], 64, "--all is every number: name none"),
        (["call", STACK, "support", "--from", "5"], 64, "expected a number like +12025550143"),
        (["call", STACK, "support", "--out", "f"], 64, "it goes with --format json, svg or html"),
        (["call", STACK, "support", "--expect", "within=soon"], 64, "within: expected seconds, such as 5"),
        (["call", STACK, "nobody"], 1, "nobody is no number of test that is applied"),
        (["call", STACK, "--all"], 1, "test has no number that is applied; next: pulumi up -s test"),
    ],
)
def test_what_cannot_be_called(project: Project, arguments: list[str], code: int, says: str) -> None:
    (project.folder / f"stacks/{STACK}.yaml").write_text(HEAD + SUPPORT)
    done = xtel(project, *arguments)
    assert (done.returncode, says in done.stderr) == (code, True), done.stderr


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ([], "test is live: say how it is called"),
        (["--direct", "--from", "+14155550100"], "they exclude each other on a live stack"),
        (["--from", "+14155550100", "--expect", "within=5"], "--from tells neither who answered nor when"),
        (["--direct", "--expect", "answered-by=agent:a"], "--direct does not tell who answered"),
    ],
    ids=["none", "both", "from", "direct"],
)
def test_a_live_stack_is_called_as_somebody_says(project: Project, more: list[str], says: str) -> None:
    (project.folder / f"stacks/{STACK}.yaml").write_text(HEAD + SUPPORT)
    del project.env["XTEL_SANDBOX_URL"]
    done = xtel(project, "call", STACK, "--all", *more)
    assert done.returncode == 64 and says in done.stderr
