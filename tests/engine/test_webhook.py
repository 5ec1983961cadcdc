"""`xtel webhook` beside a network that was applied: a receiver that answers a real call, and is tested from outside."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.calling import wiring
from tests.conftest import Sandbox
from tests.engine.conftest import STACK, SUPPORT, Project
from tests.engine.test_lifecycle import NUMBER
from tests.killing import kept, xtel

pytestmark = pytest.mark.engine


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def listening(project: Project, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """`xtel webhook listen` in the background, once it listens."""
    program = str(Path(project.python).parent / "xtel")
    command = [program, "webhook", "listen", *arguments]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=project.folder, env=project.env, stdout=pipe, stderr=pipe, text=True) as process:
        assert process.stderr
        try:
            assert process.stderr.readline().startswith("listening at http://127.0.0.1:")
            assert "the sandbox delivers here" in process.stderr.readline()
            yield process
        finally:
            process.kill()


def call(project: Project, sandbox: Sandbox, **more: Any) -> dict[str, Any]:
    placed = sandbox.http.post("/_sandbox/calls", json={"to": NUMBER, "seconds": 1, **more}).raise_for_status().json()

    class Control:
        def control(self, method: str, path: str) -> Any:
            return sandbox.http.request(method, f"/_sandbox/{path}").raise_for_status().json()

    return wiring.until(Control(), placed["id"], {"failed", "ended"})  # pyright: ignore[reportArgumentType]


def test_a_call_is_answered_and_the_receiver_stands_the_test(project: Project, sandbox: Sandbox) -> None:
    project.declare(SUPPORT)
    project.up()
    port = str(free_port())
    with listening(project, STACK, "--port", port, "--answer", "Hello, this is a test.", "--json") as receiver:
        found = call(project, sandbox, digits="5")
        assert found["outcome"]["answered_by"] == "webhook:https://voice.example.com/calls"
        url = f"http://127.0.0.1:{port}/calls"
        told = json.loads(xtel(project, "webhook", "test", STACK, "support", "--url", url, "--json").stdout)
        assert told["right"] and [each["genuine"] for each in told["deliveries"]].count(False) == 12
        assert kept(project, "support") not in json.dumps(told)
        receiver.send_signal(signal.SIGINT)
        out, err = receiver.communicate(timeout=20)
    assert receiver.returncode == 130
    assert "4 calls" in err
    heard = [json.loads(line) for line in out.splitlines()]
    of_call = [each for each in heard if each.get("call_id") == found["id"]]
    assert [each["kind"] for each in of_call] == ["incoming", "joined", "said", "key", "ended"] or [
        each["kind"] for each in of_call
    ] == ["incoming", "joined", "key", "said", "ended"]
    assert {"said": "Hello, this is a test.", "key": "5"}.items() <= {
        each["kind"]: each.get("text") for each in of_call
    }.items()
    assert of_call[0]["to"] == NUMBER
    assert [each["kind"] for each in heard].count("refused") == 11  # the one that is too large is not even read
    assert [each["text"] for each in heard if each["kind"] == "failed"] == [
        "xAI opened no session: HTTP 404, no such call: it is over, or was joined already"
    ] * 3
    assert call(project, sandbox)["outcome"]["hop"] == "webhook"  # nobody stands in any more


def test_what_cannot_be_listened_to_or_tested(project: Project, sandbox: Sandbox) -> None:
    project.declare(SUPPORT)
    project.up()
    assert (
        "is whoever stands in for it; next: name your own: --url"
        in xtel(project, "webhook", "test", STACK, "support", code=1).stderr
    )
    unknown = xtel(project, "webhook", "test", STACK, "nobody", "--url", "http://127.0.0.1:9/", code=1).stderr
    assert "nobody is no number of test with a webhook that is applied; next: name one of: support" in unknown
    nobody = xtel(project, "webhook", "test", STACK, NUMBER, "--url", "http://127.0.0.1:9/calls", "--json", code=1)
    assert json.loads(nobody.stdout)["error"].startswith("nothing listens at http://127.0.0.1:9/calls")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        busy = xtel(project, "webhook", "listen", STACK, "--port", str(taken.getsockname()[1]), code=1).stderr
    assert "cannot be used: Address already in use; next: name another: --port 9001" in busy
    assert "no signing secret" in xtel(project, "webhook", "listen", code=1).stderr
