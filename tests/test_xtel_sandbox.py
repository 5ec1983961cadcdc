"""`xtel sandbox`: the life of the process, in a project of its own; a developer's sandbox is never touched."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.conftest import _FOREIGN, ROOT
from tests.test_xtel_cli import run

Xtel = Callable[..., subprocess.CompletedProcess[str]]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project in a folder whose name a shell must be told apart."""
    root = tmp_path / "it's a project"
    root.mkdir()
    for name in ("Pulumi.yaml", "Pulumi.sandbox.yaml", "__main__.py"):
        shutil.copy(ROOT / name, root / name)
    shutil.copytree(ROOT / "stacks", root / "stacks", ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    return root


@pytest.fixture
def xtel(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Xtel]:
    """`xtel sandbox …` in that project; what it started is stopped."""
    for name in list(os.environ):
        if name.startswith(_FOREIGN):
            monkeypatch.delenv(name)
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path / "home"))
    try:
        yield lambda *arguments, **more: run("sandbox", *arguments, cwd=more.pop("cwd", root), **more)
    finally:
        run("sandbox", "down", cwd=root)


def _exports(text: str) -> dict[str, str]:
    """What a shell has after it evaluated the lines."""
    script = f"{text}\n{shlex.quote(sys.executable)} -c 'import json, os; print(json.dumps(dict(os.environ)))'"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=60, check=True)
    return json.loads(done.stdout)


def test_the_whole_life(root: Path, xtel: Xtel) -> None:
    port = _free_port()
    url = f"http://127.0.0.1:{port}"
    assert (xtel("status").returncode, xtel("down").stdout) == (1, "sandbox: not up, nothing to stop\n")

    started = xtel("up", "--port", str(port))
    assert (started.returncode, started.stderr) == (0, "")
    assert started.stdout.startswith(f"sandbox: up at {url} (process ")
    pid = json.loads((root / ".sandbox/ready.json").read_text())["pid"]

    again = xtel("up")
    assert (again.returncode, again.stdout) == (0, f"sandbox: already up at {url} (process {pid})\n")
    status = xtel("status", "--json", cwd=root / "stacks")
    assert json.loads(status.stdout) == {
        "up": True,
        "pid": pid,
        "port": port,
        "url": url,
        "folder": str(root / ".sandbox"),
    }
    assert status.returncode == 0

    numbers = httpx.get(f"{url}/_sandbox/state").json()["twilio"]["numbers"]
    seeded = {"twilio": {"numbers": [{"phone_number": "+14155550177"}]}}
    httpx.post(f"{url}/_sandbox/seed", json=seeded).raise_for_status()
    stopped = xtel("down")
    assert (stopped.returncode, stopped.stdout) == (0, f"sandbox: down (process {pid} ended)\n")
    with pytest.raises(httpx.ConnectError):
        httpx.get(url)

    assert xtel("up", "--port", str(port)).returncode == 0
    held = httpx.get(f"{url}/_sandbox/state").json()["twilio"]["numbers"]
    assert len(held) == len(numbers) + 1, "what it holds outlives down and up"
    assert xtel("reset").returncode == 0
    assert len(httpx.get(f"{url}/_sandbox/state").json()["twilio"]["numbers"]) == len(numbers)


def test_env_points_a_shell_at_the_sandbox_and_at_its_stack(root: Path, xtel: Xtel) -> None:
    port = _free_port()
    assert xtel("up", "--port", str(port)).returncode == 0
    done = xtel("env", PATH=f"/first:{Path(sys.executable).parent}:{os.environ['PATH']}", TWILIO_API_KEY="SKreal")
    assert (done.returncode, done.stderr) == (0, "")
    assert all(line.startswith("export ") and line.endswith("'") for line in done.stdout.splitlines())
    found = _exports(done.stdout)
    assert found["PATH"].startswith(f"{Path(sys.executable).parent}:/first:")
    assert found["PULUMI_BACKEND_URL"] == f"file://{root}/.sandbox/pulumi"
    assert (found["PULUMI_CONFIG_PASSPHRASE"], found["PULUMI_PARALLEL"]) == ("sandbox", "32")
    assert found["XTEL_SANDBOX_URL"] == found["TWILIO_BASE_URL"] == f"http://127.0.0.1:{port}"
    assert found["TWILIO_API_KEY"] == "", "a real key in the shell would win over the sandbox's token"
    other = json.loads(xtel("env", "--account", "other", "--json").stdout)
    assert other["TWILIO_ACCOUNT_SID"] != found["TWILIO_ACCOUNT_SID"]
    assert other.get("XTEL_SANDBOX_URL") == found["XTEL_SANDBOX_URL"]


def test_env_leaves_a_path_alone_that_begins_with_our_programs(xtel: Xtel) -> None:
    assert xtel("up", "--port", str(_free_port())).returncode == 0
    done = xtel("env", PATH=f"{Path(sys.executable).parent}:/usr/bin:/bin")
    assert "export PATH=" not in done.stdout


def test_env_fails_visibly_when_the_sandbox_is_down(xtel: Xtel) -> None:
    done = xtel("env")
    assert (done.returncode, done.stdout) == (1, "false\n")
    assert done.stderr == "error: the sandbox is not up; next: xtel sandbox up\n"


@pytest.mark.engine
def test_up_selects_the_stack_and_reset_forgets_what_was_applied(root: Path, xtel: Xtel) -> None:
    assert shutil.which("pulumi", path=str(Path(sys.executable).parent)), "no pulumi beside this Python: make setup"
    assert xtel("up", "--port", str(_free_port())).returncode == 0
    environment = _exports(xtel("env").stdout)

    def pulumi(*arguments: str) -> str:
        command = ["pulumi", "--non-interactive", *arguments]
        done = subprocess.run(
            command, cwd=root, env=environment, capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert [stack["name"] for stack in json.loads(pulumi("stack", "ls", "--json"))] == ["sandbox"]
    assert pulumi("stack", "--show-name").strip() == "sandbox"
    assert (root / "Pulumi.sandbox.yaml").read_text() == (ROOT / "Pulumi.sandbox.yaml").read_text()
    left = root / ".sandbox/pulumi/left"
    left.touch()
    assert "the state of the stack sandbox is removed" in xtel("reset").stdout
    assert not left.exists()
    assert pulumi("stack", "--show-name").strip() == "sandbox"
    assert xtel("down").returncode == 0
    assert xtel("reset").returncode == 0
    assert not list((root / ".sandbox").glob("sandbox.db*"))


def test_a_process_that_is_not_our_sandbox_is_never_touched(root: Path, xtel: Xtel) -> None:
    """After a reboot the pid in ready.json may be anybody's."""
    with subprocess.Popen(["sleep", "60"]) as stranger:
        try:
            (root / ".sandbox").mkdir()
            told = {"pid": stranger.pid, "port": 9, "url": "http://127.0.0.1:9"}
            (root / ".sandbox/ready.json").write_text(json.dumps(told))
            assert xtel("status").returncode == 1
            assert xtel("down").stdout == "sandbox: not up, nothing to stop\n"
            assert stranger.poll() is None
        finally:
            stranger.kill()


def test_a_port_in_use_is_an_error_with_a_way_out(xtel: Xtel) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = xtel("up", "--port", str(port))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"error: port {port} cannot be used: ")
    assert done.stderr.endswith("; next: leave --port out, any free one is taken\n")


def test_a_sandbox_that_cannot_start_says_why(root: Path, xtel: Xtel) -> None:
    (root / ".sandbox/sandbox.db").mkdir(parents=True)
    done = xtel("up", "--port", str(_free_port()))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("error: the sandbox did not start: cannot start: ")
    assert done.stderr.endswith("; next: read .sandbox/sandbox.log\n")


def test_two_terminals_at_once_start_one_sandbox(root: Path, xtel: Xtel) -> None:
    command = [str(Path(sys.executable).parent / "xtel"), "sandbox", "up", "--port", str(_free_port())]
    both = [subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    texts = sorted(process.communicate(timeout=120)[0].splitlines()[0] for process in both)
    assert [process.returncode for process in both] == [0, 0]
    assert texts[0].replace("already up", "up") == texts[1]


def test_without_a_project_there_is_a_sandbox_but_no_stack(root: Path, xtel: Xtel) -> None:
    (root / "Pulumi.yaml").unlink()
    done = xtel("up", "--port", str(_free_port()))
    assert done.returncode == 0
    assert done.stderr == "no Pulumi.yaml here or above: no stack was made\n"
