"""No secret of a run is readable anywhere: every output at every verbosity, logs, plans, the state, the sandbox's log."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import Sandbox
from tests.engine.conftest import SUPPORT, Project

pytestmark = [pytest.mark.engine, pytest.mark.plain]

CANARY = "canary-Given-77"
TOKEN = "canary-Token-88"
NYC = """
  nyc:
    number: "+12125550177"
    route: {carrier: plivo}
    auth: {digest: {username: xai-nyc}}
"""
HQ = """
  hq:
    number: "+498912345670"
    route: {carrier: sip, platform: asterisk}
    auth: {digest: {username: hq, password: {secret: hqPassword}}}
    webhook: {url: https://a.example/, auth_url: https://b.example/, auth_token: {secret: hookToken}}
"""


def secrets(project: Project, sandbox: Sandbox) -> list[str]:
    """Everything that must never be read: credentials, what was given, what was made."""
    known = sandbox.secrets()
    credentials = [project.env[name] for name in ("XAI_API_KEY", "TWILIO_AUTH_TOKEN", "PLIVO_AUTH_TOKEN")]
    made = [login["password"] for login in known["digest"].values()]
    signing = list(known["signing_secrets"].values())
    assert len(made) == 2
    assert len(signing) == 3
    return [CANARY, TOKEN, *credentials, *made, *signing]


@pytest.fixture
def network(project: Project) -> Project:
    project.declare(SUPPORT, NYC, HQ)
    project.run("config", "set", "--secret", "hqPassword", CANARY)
    project.run("config", "set", "--secret", "hookToken", TOKEN)
    return project


def ours(log: str) -> str:
    """A log without the lines in which the engine itself writes down every value it sends: from verbosity 9 on, for every
    provider there is. Nobody but the engine can keep secrets out of those (README, "Secrets").
    """
    return "\n".join(line for line in log.splitlines() if "arshaling property for RPC[" not in line)


def test_no_text_of_a_run_shows_a_secret(network: Project, sandbox: Sandbox, tmp_path: Path) -> None:
    loud = ("-v=9", "--logtostderr", "--logflow")
    louder_than_needed = network.run("preview", "--diff", "-v=8", "--logtostderr", "--logflow")
    events = tmp_path / "events.jsonl"
    texts = [
        louder_than_needed,
        ours(network.run("preview", "--diff", *loud)),
        network.run("preview", "--json"),
        ours(network.up("--diff", "--event-log", str(events), *loud, PULUMI_DEBUG_COMMANDS="1", XTEL_LOG="debug")),
        network.run("preview", "--json", "--show-sames"),
        network.run("preview", "--save-plan", str(tmp_path / "plan.json"), PULUMI_EXPERIMENTAL="1"),
        ours(network.run("refresh", "--yes", "--diff", "--debug", *loud)),
        network.run("stack", "--show-urns"),
        network.run("stack", "output", "--json"),
        network.run("stack", "export"),
        network.run("config"),
        network.state(),
        events.read_text(),
        (tmp_path / "plan.json").read_text(),
        json.dumps(sandbox.log()),
    ]
    found = secrets(network, sandbox)
    texts.append(ours(network.run("destroy", "--yes", "--diff", *loud, XTEL_LOG="debug")))
    assert all("providers.kernel.http: xai " in texts[place] for place in (3, 6, -1))
    for number, text in enumerate(texts):
        for place, secret in enumerate(found):
            assert secret not in text, (number, place)


def test_no_failure_shows_a_secret(network: Project, sandbox: Sandbox) -> None:
    """A vendor that repeats what it was sent, an answer nobody understands, tracebacks on."""
    network.up()
    found = secrets(network, sandbox)
    network.change("xai-nyc", "xai-new")
    echo = {"error": " ".join(found), "message": " ".join(found), "code": 1}
    texts: list[str] = []
    for debug in ("0", "1"):
        for body, status in ((echo, 400), ({"phone_number": found}, 200)):
            sandbox.fault("* /v2/**", "status", status=status, body=body, times=40)
            sandbox.fault("* /v1/Account/**", "status", status=status, body=body, times=40)
            env = {"XTEL_DEBUG": debug, "XTEL_LOG": "debug", "XTEL_ALLOW_REPLACE": "+12125550177"}
            texts.append(network.up("-v=8", "--logtostderr", code=None, **env))
            sandbox.http.delete("/_sandbox/faults").raise_for_status()
    for number, text in enumerate(texts):
        assert "error" in text
        for place, secret in enumerate(found):
            assert secret not in text, (number, place)


def test_a_made_password_is_written_into_its_file_alone(project: Project, sandbox: Sandbox) -> None:
    made = HQ.replace(", password: {secret: hqPassword}", "").replace(", auth_token: {secret: hookToken}", "")
    project.declare(made.replace(", auth_url: https://b.example/", ""))
    xtel = str(Path(sys.executable).parent / "xtel")
    command = [xtel, "-v", "render", "test", "--number", "hq", "--with-secrets"]

    def render() -> subprocess.CompletedProcess[str]:
        return subprocess.run(command, cwd=project.folder, env=project.env, capture_output=True, text=True, check=False)

    early = render()
    assert early.returncode == 1
    assert "+498912345670 has no password yet: the stack makes it; next: pulumi up" in early.stderr
    project.up()
    password = sandbox.secrets()["digest"]["+498912345670"]["password"]
    done = render()
    assert done.returncode == 0, done.stderr
    assert password not in done.stdout + done.stderr
    [file] = [
        path for path in (project.folder / "bundles").rglob("*") if path.is_file() and password in path.read_text()
    ]
    assert file.name.endswith("_secret.conf")
    assert file.stat().st_mode & 0o777 == 0o600
