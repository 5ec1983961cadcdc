"""`xtel rehearse` with the real engine: what a change does to each number, with no credential, and nothing left behind."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Sandbox
from tests.engine.conftest import HEAD, STACK, SUPPORT, Project
from tests.engine.test_interrupted import below, gone
from tests.test_rehearsal import checked
from tests.test_xtel_plan import commit, git

pytestmark = pytest.mark.engine
#: With all that needs making up: secrets of three shapes, a number of xAI's, an agent that exists, a login for a token.
BASE = """
  reception:
    number: "+14155550101"
    route: {carrier: twilio, mode: twiml, voice_url: "https://voice.example.com/twiml"}
    auth: {digest: {username: xai-reception, password: {secret: receptionPassword}}}
  hq:
    number: "+498912345670"
    route: {carrier: sip, platform: asterisk}
    webhook: {url: https://hq.example.com/calls, auth_url: https://hq.example.com/token, auth_token: {secret: hqToken}}
  nyc:
    number: "+12125550199"
    route: {carrier: plivo}
    auth: {digest: {username: nyc, password: {secret: nycPassword}}}
  london:
    number: "+442079460019"
    route: {carrier: telnyx}
  console:
    origin: xai_provisioned
    number: "+16505550123"
    agent: agent_0123
"""


@pytest.fixture
def alone(project: Project, tmp_path: Path) -> Project:
    """A project under git, of which the shell knows no sandbox and only credentials that nobody takes."""
    for name in [name for name in project.env if name.startswith(("XTEL_", "XAI_", "TWILIO_", "TELNYX_", "PLIVO_"))]:
        del project.env[name]
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    project.env |= {"XAI_API_KEY": "real", "TWILIO_API_KEY": "SKreal", "TMPDIR": str(temporary)}
    (project.folder / ".gitignore").write_text("/.venv\n/backend\n/home\n/temporary\n")
    (project.folder / f"stacks/{STACK}.yaml").write_text(HEAD + SUPPORT + BASE)
    git(project.folder, "init", "--quiet", "--initial-branch=main")
    commit(project.folder)
    return project


def rehearse(project: Project, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [str(Path(project.python).parent / "xtel"), "rehearse", STACK, *arguments]
    return subprocess.run(command, cwd=project.folder, env=project.env, capture_output=True, text=True, check=False)


def left(project: Project) -> list[str]:
    """What it left of its temporary files."""
    return [path.name for path in Path(project.env["TMPDIR"]).iterdir()]


def test_a_change_is_applied_and_called_over_its_base(alone: Project, sandbox: Sandbox) -> None:
    sandbox.forget_log()
    alone.change('"+442079460019"\n    route: {carrier: telnyx}', '"+442079460019"\n    route: {carrier: twilio}')
    alone.change("carrier: twilio, transfer: true}", "carrier: twilio, transfer: true}\n    webhook: null")
    alone.change('  nyc:\n    number: "+12125550199"', '  york:\n    number: "+12125550198"')
    before = alone.state()
    done = rehearse(alone, "--base", "HEAD", "--json")
    assert done.returncode == 2, done.stderr
    found = checked(done.stdout)
    numbers: dict[str, dict[str, Any]] = {item["key"]: item for item in found["numbers"]}
    assert {key: item["verdict"] for key, item in numbers.items()} == {
        "support": "does not answer",
        "reception": "as before",
        "hq": "as before",
        "york": "as declared",
        "london": "as declared",
        "console": "as before",
        "nyc": "gone as declared",
    }
    assert (found["stable"], found["problems"], found["base"]) == (True, [], "HEAD")
    assert numbers["support"]["before"]["by"] == "webhook:https://voice.example.com/calls"
    assert numbers["support"]["why"] == "agent 480: the number has neither an agent nor a webhook"
    assert "INVITE sip:+14155550100@sip.voice.x.ai" in " ".join(numbers["support"]["after"]["ladder"])
    assert (numbers["london"]["note"], numbers["york"]["note"]) == ("an apply needs consent to re-register it", "")
    assert numbers["console"]["after"]["by"] == "agent:agent_0123"
    assert numbers["hq"]["after"]["encrypted"] is True
    assert [line for line in done.stderr.splitlines() if line] == [
        "applying the base", "calling every number", "applying the change", "calling every number", "planning again",
    ]  # fmt: skip
    assert (left(alone), sandbox.log(), alone.state()) == ([], [], before)


def test_a_new_network_is_made_from_nothing(alone: Project) -> None:
    done = rehearse(alone, "--format", "md")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("### ☎️ ✅ test rehearsed from nothing: 6 of 6 answer as declared\n")
    assert "| `hq · +498912345670` | — | `webhook https://hq.example.com/calls` | as declared |" in done.stdout
    assert left(alone) == []


def test_ctrl_c_ends_all_that_it_started(alone: Project) -> None:
    command = [str(Path(alone.python).parent / "xtel"), "rehearse", STACK]
    running = subprocess.Popen(
        command, cwd=alone.folder, env=alone.env, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    assert running.stderr
    assert running.stderr.readline() == "applying the change\n"
    time.sleep(1)
    started = below(running.pid)
    assert len(started) > 1
    running.send_signal(signal.SIGINT)
    _, err = running.communicate(timeout=60)
    assert running.returncode == 130 and "interrupted" in err
    assert gone(started) and left(alone) == []


def test_what_cannot_be_rehearsed_says_why(alone: Project) -> None:
    done = rehearse(alone, "--base", "nosuch", "--json")
    assert (done.returncode, json.loads(done.stdout)["error"]) == (1, "git has no revision nosuch")
    (alone.folder / "__main__.py").write_text("raise SystemExit('no')\n")
    done = rehearse(alone)
    assert done.returncode == 1 and done.stderr.splitlines()[-1].startswith("error: applying the change: ")
    assert left(alone) == []
