"""The log of the real engine's runs: every request with its status and time, readable by whoever looks on, no secret."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from tests.conftest import Sandbox
from tests.engine.conftest import STACK, SUPPORT, Project

pytestmark = pytest.mark.engine

LINE = re.compile(
    r"^ +(?:debug: )?\d\d:\d\d:\d\d\.\d{3} providers\.kernel\.http: "
    r"(?P<vendor>\w+) (?P<method>[A-Z]+) (?P<path>/\S*): (?P<status>\d+) in \d+ ms, attempt 1, request \S+$",
    re.MULTILINE,
)
Request = tuple[str, str, str, int]


def told(output: str) -> list[Request]:
    """The requests among the diagnostics at the end of a run."""
    found = LINE.finditer(output[output.index("Diagnostics:") :] if "Diagnostics:" in output else "")
    return sorted((each["vendor"], each["method"], each["path"], int(each["status"])) for each in found)


def made(sandbox: Sandbox) -> list[Request]:
    """The requests that the sandbox answered since the last look."""
    found = [(entry["vendor"], entry["method"], entry["path"], entry["status"]) for entry in sandbox.log()]
    sandbox.forget_log()
    return sorted(found)


def test_a_stranger_sees_every_request_of_an_update(project: Project, sandbox: Sandbox) -> None:
    project.declare()
    sandbox.forget_log()
    output = project.up(XTEL_LOG="debug")
    requests = made(sandbox)
    assert len(requests) >= 10
    assert told(output) == requests
    number = output[output.rindex("xai:PhoneNumber (+14155550100):") :].partition("\n\n")[0]
    assert "xai POST /v2/phone-numbers: 200 in " in number
    assert re.search(r"operation: xai PhoneNumber \+14155550100: created phone_\w+$", number, re.MULTILINE)
    assert not re.search(r"stack trace|Traceback|\\n|\[secret\]", number)

    assert told(project.up()) == []  # nobody asked
    assert "unchanged" in (again := project.up("--debug"))
    assert "debug: " in again
    project.change("transfer: true", "transfer: false")
    sandbox.forget_log()
    assert told(project.up("--debug")) == made(sandbox)


def test_a_verb_shows_the_log_of_what_it_starts(project: Project, sandbox: Sandbox) -> None:
    project.declare(SUPPORT)
    command = [sys.executable, "-m", "xtel.cli", "-v", "plan", STACK, "--json"]
    sandbox.forget_log()
    done = subprocess.run(
        command, cwd=project.folder, env=project.env, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 2
    lines = done.stderr.splitlines()
    asked = [line.partition("http: ")[2].partition(" in ")[0] for line in lines if "kernel.http: " in line]
    assert sorted(asked) == sorted(
        f"{vendor} {method} {path}: {status}" for vendor, method, path, status in made(sandbox)
    )
    assert sum(": nothing there yet" in line for line in lines) == 4
    assert any(re.search(r"xtel\.engine\.cli: pulumi preview .*: exit 0 in \d", line) for line in lines)
    assert '"messages": []' in done.stdout  # a line of the log is no message of the plan
