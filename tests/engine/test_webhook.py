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


class Control:
    """The control API, as the helpers of real calls use it."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.http = sandbox.http

    def control(self, method: str, path: str, document: object = None) -> Any:
        return self.http.request(method, f"/_sandbox/{path}", json=document).raise_for_status().json()


def call(sandbox: Sandbox, until: str = "ended", **more: Any) -> dict[str, Any]:
    """A call to the number, once it has come so far."""
    control: Any = Control(sandbox)
    return wiring.until(control, wiring.begin(control, NUMBER, **{"seconds": 1, **more}), {"failed", until})


def test_a_call_is_answered_and_the_receiver_stands_the_test(project: Project, sandbox: Sandbox) -> None:
    project.declare(SUPPORT)
    project.up()
    port = str(free_port())
    with listening(project, STACK, "--port", port, "--answer", "Hello, this is a test.", "--json") as receiver:
        found = call(sandbox, digits="5")
        assert found["outcome"]["answered_by"] == "webhook:https://voice.example.com/calls"
        url = f"http://127.0.0.1:{port}/calls"
        told = json.loads(xtel(project, "webhook", "test", STACK, "support", "--url", url, "--json").stdout)
        assert told["right"] and [each["genuine"] for each in told["deliveries"]].count(False) == 12
        assert kept(project, "support") not in json.dumps(told)
        receiver.send_signal(signal.SIGINT)
        out, err = receiver.communicate(timeout=20)
    assert receiver.returncode == 130
    assert "1 call\n" in err
    heard = [json.loads(line) for line in out.splitlines()]
    of_call = [each for each in heard if each.get("call_id") == found["id"]]
    assert [each["kind"] for each in of_call] == ["incoming", "joined", "said", "key", "ended"] or [
        each["kind"] for each in of_call
    ] == ["incoming", "joined", "key", "said", "ended"]
    assert {"said": "Hello, this is a test.", "key": "5"}.items() <= {
        each["kind"]: each.get("text") for each in of_call
    }.items()
    assert of_call[0]["to"] == NUMBER
    assert [each["kind"] for each in heard].count("refused") == 12  # also the one that is too large to be read
    kinds = [each["kind"] for each in heard]
    assert kinds.count("test") == 3 and "failed" not in kinds  # a call that there is not is joined by nobody
    assert call(sandbox)["outcome"]["hop"] == "webhook"  # nobody stands in any more
    who_listens_answers(project)


def who_listens_answers(project: Project) -> None:
    """`xtel call` leaves a webhook to its listener; of two listeners the later has the calls while it listens."""
    port, other = str(free_port()), str(free_port())
    mine = f"https://voice.example.com/calls: http://127.0.0.1:{port}/calls"
    command = [str(Path(project.python).parent / "xtel"), "webhook", "listen", STACK, "--port", other]
    with listening(project, STACK, "--port", port, "--answer", "Hello.", "--calls", "2") as receiver:
        assert f"{mine} stands in for it\n" in xtel(project, "call", STACK, "support").stderr
        with subprocess.Popen(
            command, cwd=project.folder, env=project.env, stderr=subprocess.PIPE, text=True
        ) as second:
            assert second.stderr
            assert second.stderr.readline() == f"{mine} stood in for it, and does again afterwards\n"
            assert second.stderr.readline().startswith("listening at")
            second.send_signal(signal.SIGINT)
            assert second.wait(20) == 130
        assert xtel(project, "call", STACK, "support").returncode == 0
        assert receiver.wait(20) == 0


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


AGENT = """version: 1
defaults:
  webhook: {url: https://voice.example.com/calls}
agents:
  sales:
    name: Sales
    instructions: Greet and qualify.
    voice: {voice_id: leo, vad_threshold: 0.95, model: grok-voice-3.0, reasoning: {effort: none}}
    tools:
      - type: function
        function: {name: book_room, parameters: {type: object, properties: {day: {type: string}}, required: [day]}}
      - {type: mcp, server_url: "https://crm.example.com/mcp", server_label: crm}
numbers:"""


def test_calls_are_ended_and_transferred_and_agents_tried(project: Project, sandbox: Sandbox) -> None:
    project.declare(SUPPORT, head=AGENT)
    project.up()
    with listening(project, STACK, "--port", str(free_port()), "--answer", "Hello.", "--calls", "2") as receiver:
        one = call(sandbox, "answered", seconds=20)["id"]
        assert xtel(project, "calls", "hangup", one).stdout == f"{one}: ended\n"
        two = call(sandbox, "answered", seconds=20)["id"]
        done = json.loads(xtel(project, "calls", "refer", two, "+14155550188", "--json").stdout)
        assert (done["outcome"], done["sip_code"]) == ("answered", None)
        assert receiver.wait(20) == 0
    assert json.loads(xtel(project, "calls", "hangup", one, "--json").stdout) == {"call_id": one, "ended": False}
    gone = xtel(project, "calls", "refer", two, "tel:+14155550188", code=1).stderr
    assert "HTTP 404" in gone and "next: see that the call stands" in gone
    wrong = xtel(project, "calls", "refer", two, "somebody", code=1).stderr
    assert "a transfer goes to a tel: or sip: URI" in wrong
    agents_answer(project, sandbox)


def agents_answer(project: Project, sandbox: Sandbox) -> None:
    """By key and by id, as stored and otherwise."""
    told = json.loads(xtel(project, "agent", "try", "sales", "--say", "Hello there", "--json").stdout)
    assert "My voice is leo. I was told: Greet and qualify. You said: Hello there" in told["text"]
    assert (told["name"], told["voice"], told["model"]) == ("Sales", "leo", "grok-voice-3.0")
    assert told["audio"]["format"] == "pcm16"
    assert told["audio"]["seconds"] > 1 and told["first_ms"] <= told["done_ms"]
    id = told["agent_id"]
    for name in ("g711_ulaw", "g711_alaw"):
        more = ("--voice", "eve", "--model", "grok-voice-3.0", "--format", name, "--json")
        other = json.loads(xtel(project, "agent", "try", id, "--say", "Hi", *more).stdout)
        assert other["audio"]["seconds"] == other["audio"]["bytes"] / 8000 > 1
        assert (other["voice"], other["model"]) == ("eve", "grok-voice-3.0")
    called = xtel(project, "agent", "try", "sales", "--stack", STACK, "--say", "Please book_room for me")
    assert called.stdout == 'calls book_room({"day": "sandbox"})\n'
    assert "its MCP servers are left out" in called.stderr
    refused = xtel(project, "agent", "try", id, "--say", "Hi", "--model", "grok-9", code=1).stderr
    assert "HTTP 404" in refused
    unknown = xtel(project, "agent", "try", "nobody", "--say", "Hi", code=1).stderr
    assert "no stack declares an agent nobody; next: name a key of `agents:`" in unknown
    nowhere = xtel(project, "agent", "try", "agent_nowhere", "--say", "Hi", code=1).stderr
    assert "404" in nowhere
    project.env.pop("XAI_API_KEY")
    assert "XAI_API_KEY is not set" in xtel(project, "agent", "try", id, "--say", "Hi", code=1).stderr
