"""``tools/engine/install.py`` as `make setup` runs it, on machines made of fake programs: no network, no real build."""

from __future__ import annotations

import http.server
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

ENGINE = Path(__file__).resolve().parent.parent / "tools" / "engine"
SCRIPT = ENGINE / "install.py"
HOST = "pulumi-language-python"
SCRIPTS = ("pulumi-language-python-exec", "pulumi-resource-pulumi-python")
FOLDER = "pulumi-v3.258.0"

FAKE_GO = """#!/bin/sh
echo "${{PWD##*/}}|$GOFLAGS|$GOTOOLCHAIN|$GOWORK|$GOPROXY|$*" >> {root}/go.log
case "$1" in
env) cat {root}/go.json ;;
list) echo {root}/sdk ;;
build)
  while [ "$1" != -o ]; do shift; done
  echo "go: downloading example.com/module v1.2.3"
  echo "example.com/module/package"
  {body}
  echo '#!/bin/sh' > "$2"; echo 'echo v3.258.0' >> "$2"; chmod 755 "$2" ;;
esac
"""


MIRROR = {"GOPROXY": "file:///mirror"}


class Machine:
    """A computer: a home, a PATH with nothing on it but what a test puts there, and a closed port as the vendor."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.bin, self.link = root / "bin", root / "venv" / "bin"
        self.cache = root / "cache" / "xai-telephony"
        self.path = [self.bin]
        self.url = f"http://127.0.0.1:{closed_port()}/"
        self.bin.mkdir()
        for name in ("sh", "cat", "chmod", "mkdir", "sleep", "cp"):
            (self.bin / name).symlink_to(str(shutil.which(name)))

    @property
    def pulumi(self) -> Path:
        return self.link / "pulumi"

    def environment(self, **more: str) -> dict[str, str]:
        path = os.pathsep.join(map(str, self.path))
        return {"PATH": path, "HOME": str(self.root), "XDG_CACHE_HOME": str(self.root / "cache"), **more}

    def command(self, *arguments: str) -> list[str]:
        chosen = arguments or ("--link", str(self.link))
        return [sys.executable, str(SCRIPT), "--installer-url", self.url, *chosen]

    def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return ask(self.command(*arguments), self.environment(**environment))

    def start(self, **environment: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self.command(),
            env=self.environment(**environment),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def put_pulumi(self, folder: Path, version: str = "v3.258.0", host: bool = True) -> Path:
        program(folder / "pulumi", f"#!/bin/sh\n[ \"$1$PULUMI_SKIP_UPDATE_CHECK\" = version1 ] && echo '{version}'\n")
        if host:
            program(folder / HOST, "#!/bin/sh\n")
        return folder / "pulumi"

    def put_cache(self, folder: str = FOLDER) -> Path:
        for name in SCRIPTS:
            program(self.cache / folder / "bin" / name, "script")
        return self.put_pulumi(self.cache / folder / "bin")

    def put_go(self, version: str = "go1.26.8", toolchain: str = "local", body: str = "") -> None:
        facts = {"GOVERSION": version, "GOTOOLCHAIN": toolchain, "GOHOSTOS": "linux", "GOHOSTARCH": "amd64"}
        (self.root / "go.json").write_text(json.dumps(facts))
        for folder, name in zip(("cmd", "dist"), SCRIPTS, strict=True):
            program(self.root / "sdk" / "python" / folder / name, f"official {name}", mode=0o444)
        program(self.bin / "go", FAKE_GO.format(root=self.root, body=body))

    def go_calls(self) -> list[list[str]]:
        log = self.root / "go.log"
        return [line.split("|") for line in log.read_text().splitlines()] if log.exists() else []

    def left_in_cache(self) -> list[str]:
        return sorted(entry.name for entry in self.cache.iterdir() if entry.name != "engine.lock")


def program(file: Path, text: str, mode: int = 0o755) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.unlink(missing_ok=True)
    file.write_text(text)
    file.chmod(mode)


def ask(command: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.02)


@contextmanager
def served(body: bytes) -> Generator[str]:
    """An address on this machine that answers with ``body``."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/"
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


# What is there already


def test_path_comes_before_the_cache(machine: Machine) -> None:
    on_path = machine.put_pulumi(machine.bin, "v3.255.0")
    machine.put_cache()
    result = machine.run()
    assert result.returncode == 0, result.stderr
    assert machine.pulumi.readlink() == on_path
    assert result.stdout.count("\n") == 1
    assert "pulumi v3.255.0 (found on PATH)" in result.stdout


@pytest.mark.parametrize("version", ["v3.254.9", "v2.300.0", "3.99.1", "nonsense", ""])
def test_a_pulumi_that_is_too_old_or_says_no_version_is_skipped(machine: Machine, version: str) -> None:
    machine.put_pulumi(machine.bin, version)
    cached = machine.put_cache()
    assert machine.run().returncode == 0
    assert machine.pulumi.readlink() == cached


@pytest.mark.parametrize("version", ["v3.255.0", "3.300.1", "v4.0.0-beta.1"])
def test_versions_that_are_new_enough(machine: Machine, version: str) -> None:
    machine.put_pulumi(machine.bin, version)
    assert machine.run().returncode == 0


def test_the_next_pulumi_on_path_is_tried(machine: Machine) -> None:
    machine.put_pulumi(machine.root / "old", "v3.100.0")
    good = machine.put_pulumi(machine.root / "new", "v3.260.0")
    machine.path = [machine.root / "old", machine.root / "new", *machine.path]
    assert machine.run().returncode == 0
    assert machine.pulumi.readlink() == good


def test_without_a_language_host_a_pulumi_is_skipped_and_says_why(machine: Machine) -> None:
    machine.put_pulumi(machine.bin, host=False)
    result = machine.run(XTEL_ENGINE="path")
    assert result.returncode == 1
    assert f"has no {HOST} beside it or on PATH" in result.stderr


def test_the_language_host_may_be_elsewhere_on_path(machine: Machine) -> None:
    machine.put_pulumi(machine.bin, host=False)
    program(machine.root / "hosts" / HOST, "#!/bin/sh\n")
    machine.path.append(machine.root / "hosts")
    assert machine.run().returncode == 0


def test_a_link_on_path_is_followed_to_the_real_file(machine: Machine) -> None:
    real = machine.put_pulumi(machine.root / "opt")
    (machine.bin / "pulumi").symlink_to(real)
    assert machine.run().returncode == 0
    assert machine.pulumi.readlink() == real


def test_our_own_link_on_path_is_never_its_own_target(machine: Machine) -> None:
    """In an activated environment our link comes first on PATH; another link may point at it in turn."""
    cached = machine.put_cache()
    machine.link.mkdir(parents=True)
    machine.pulumi.symlink_to(cached)
    (machine.bin / "pulumi").symlink_to(machine.pulumi)
    machine.path = [machine.link, machine.bin]
    for _ in range(2):
        assert machine.run().returncode == 0
        assert machine.pulumi.readlink() == cached


def test_a_broken_link_is_replaced(machine: Machine) -> None:
    cached = machine.put_cache()
    machine.link.mkdir(parents=True)
    machine.pulumi.symlink_to(machine.root / "gone")
    machine.path.insert(0, machine.link)
    assert machine.run().returncode == 0
    assert machine.pulumi.readlink() == cached
    assert [entry.name for entry in machine.link.iterdir()] == ["pulumi"]


def test_a_link_that_works_is_kept_whatever_path_says(machine: Machine) -> None:
    real = machine.put_pulumi(machine.root / "opt")
    machine.link.mkdir(parents=True)
    machine.pulumi.symlink_to(real)
    machine.put_pulumi(machine.bin, "v3.270.0")
    assert "(kept)" in machine.run().stdout
    assert machine.pulumi.readlink() == real


def test_a_file_that_is_not_ours_is_not_overwritten(machine: Machine) -> None:
    machine.put_go()
    program(machine.pulumi, "somebody's")
    result = machine.run()
    assert result.returncode == 1
    assert "not a link of ours" in result.stderr
    assert machine.pulumi.read_text() == "somebody's"
    assert machine.go_calls() == []


def test_the_vendors_build_in_the_cache_is_preferred(machine: Machine) -> None:
    machine.put_cache()
    vendor = machine.put_cache(f"{FOLDER}-vendor")
    assert machine.run().returncode == 0
    assert machine.pulumi.readlink() == vendor


# Nothing there, nothing possible


def test_nothing_works(machine: Machine) -> None:
    began = time.monotonic()
    result = machine.run()
    assert result.returncode == 1
    assert time.monotonic() - began < 5
    assert not machine.pulumi.is_symlink()
    rows = {line.split()[0]: line for line in result.stderr.splitlines() if line.startswith("  ") and "- " not in line}
    assert list(rows) == ["path", "cache", "vendor", "build"]
    assert "no pulumi on PATH" in rows["path"]
    assert "nothing in" in rows["cache"]
    assert f"{machine.url} cannot be fetched" in rows["vendor"]
    assert "go is not on PATH" in rows["build"]
    for remedy in ("install the Pulumi CLI, v3.255.0", "reach https://get.pulumi.com", "install Go 1.25.11"):
        assert remedy in result.stderr
    assert "Traceback" not in result.stderr


def test_a_cache_that_cannot_be_made_is_a_reason(machine: Machine) -> None:
    machine.put_go()
    (machine.root / "cache").write_text("a file")
    result = machine.run()
    assert result.returncode == 1
    assert "Traceback" not in result.stderr
    assert "xai-telephony" in result.stderr


def test_wrong_usage(machine: Machine) -> None:
    assert machine.run(XTEL_ENGINE="brew").returncode == 2
    no_link = ask([sys.executable, str(SCRIPT)], machine.environment())
    assert no_link.returncode == 2
    assert "--link" in no_link.stderr


# The build


def test_the_build_makes_a_complete_folder(machine: Machine) -> None:
    machine.put_go()
    before = {file: file.read_bytes() for file in ENGINE.glob("*/go.*")}
    result = machine.run(GOFLAGS="-mod=vendor -race", GOWORK="/x/go.work", **MIRROR)
    assert result.returncode == 0, result.stderr
    folder = machine.cache / FOLDER / "bin"
    assert machine.pulumi.readlink() == folder / "pulumi"
    assert {file.name for file in folder.iterdir()} == {"pulumi", HOST, *SCRIPTS}
    for name in SCRIPTS:
        assert (folder / name).read_text() == f"official {name}"
        assert (folder / name).stat().st_mode & 0o777 == 0o755
    assert machine.left_in_cache() == [FOLDER]
    assert {file: file.read_bytes() for file in ENGINE.glob("*/go.*")} == before
    assert "(built by Go)" in result.stdout


def test_the_command_lines_of_the_build(machine: Machine) -> None:
    machine.put_go()
    assert machine.run(GOFLAGS="-mod=vendor -race", **MIRROR).returncode == 0
    asked, language, cli, listed = machine.go_calls()
    assert asked[-1].startswith("env -json GOVERSION")
    assert [call[0] for call in (language, cli, listed)] == ["language", "cli", "cli"]
    assert [call[1:5] for call in (language, cli, listed)] == [["-mod=readonly", "", "off", "file:///mirror"]] * 3
    flag = "-X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version="
    start = "build -v -mod=readonly -ldflags -s -w"
    assert cli[-1].startswith(f"{start} {flag}v3.258.0 -o ")
    assert cli[-1].endswith("/bin/pulumi github.com/pulumi/pulumi/pkg/v3/cmd/pulumi")
    assert language[-1].startswith(f"{start} {flag}v3.79.0 -o ")
    assert language[-1].endswith(f"/bin/{HOST} github.com/pulumi/pulumi/sdk/v3/python/cmd/{HOST}")
    assert listed[-1] == "list -mod=readonly -m -f {{.Dir}} github.com/pulumi/pulumi/sdk/v3"


def test_the_modules_hold_the_versions_that_the_script_names() -> None:
    cli, language = ((ENGINE / name / "go.mod").read_text() for name in ("cli", "language"))
    assert "\ngo 1.25.11\n" in cli
    for line in ("github.com/pulumi/pulumi/pkg/v3 v3.258.0", "github.com/pulumi/pulumi/sdk/v3 v3.258.0"):
        assert line in cli
    assert "github.com/pulumi/pulumi/sdk/v3 v3.79.0" in language


def test_a_second_run_calls_no_go_and_a_fresh_clone_takes_the_cache(machine: Machine) -> None:
    machine.put_go()
    assert machine.run().returncode == 0
    calls = machine.go_calls()
    assert "(kept)" in machine.run().stdout
    machine.pulumi.unlink()
    assert "from our cache" in machine.run().stdout
    assert machine.go_calls() == calls


def test_an_incomplete_folder_is_built_again_and_leftovers_go(machine: Machine) -> None:
    machine.put_go()
    machine.put_cache()
    (machine.cache / FOLDER / "bin" / SCRIPTS[1]).unlink()
    (machine.cache / f".{FOLDER}.killed" / "bin").mkdir(parents=True)
    result = machine.run()
    assert "(built by Go)" in result.stdout, result.stderr
    assert machine.left_in_cache() == [FOLDER]


def test_a_build_that_fails_leaves_nothing_and_shows_what_go_said(machine: Machine) -> None:
    machine.put_go(body="echo 'go: example.com/module: lookup disabled'; echo 'second line'; exit 1")
    result = machine.run()
    assert result.returncode == 1
    assert "  build   go exits 1: go: example.com/module: lookup disabled" in result.stderr
    assert "second line" in result.stderr
    assert "example.com/module/package" not in result.stderr
    assert machine.left_in_cache() == []


def test_missing_scripts_in_the_module_cache_fail_the_build(machine: Machine) -> None:
    machine.put_go()
    shutil.rmtree(machine.root / "sdk")
    result = machine.run()
    assert result.returncode == 1
    assert SCRIPTS[0] in result.stderr
    assert machine.left_in_cache() == []


ENDINGS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


# A test run in the background or under nohup hands ignored signals down, and an ignored one stays ignored.
@pytest.mark.parametrize("ending", [one for one in ENDINGS if signal.getsignal(one) != signal.SIG_IGN])
def test_an_interrupted_build_leaves_nothing_half_made(machine: Machine, ending: signal.Signals) -> None:
    machine.put_go(body=f"echo $$ > {machine.root}/pid; sleep 60")
    pid = machine.root / "pid"
    process = machine.start()
    wait_for(lambda: pid.exists() and pid.read_text() != "", "the build")
    assert len(machine.left_in_cache()) == 1
    process.send_signal(ending)
    _, said = process.communicate(timeout=20)
    assert process.returncode == 128 + ending
    assert "Traceback" not in said
    assert machine.left_in_cache() == []
    assert not machine.pulumi.is_symlink()
    wait_for(lambda: not alive(int(pid.read_text())), "the end of go")


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{pid}/stat")
    try:  # one that ended but that nobody has waited for yet runs no more
        return stat.read_text().rpartition(")")[2].split()[0] != "Z" if Path("/proc/self/stat").exists() else True
    except FileNotFoundError:
        return False


def test_two_at_once_build_once(machine: Machine) -> None:
    gate = machine.root / "gate"
    machine.put_go(body=f"while [ ! -e {gate} ]; do sleep 0.05; done")
    first = machine.start(XTEL_ENGINE="build")
    wait_for(lambda: len(machine.go_calls()) == 2, "the first build")
    second = machine.start()
    assert second.stderr is not None
    assert "Waiting for another set-up" in second.stderr.readline()
    gate.touch()
    assert "(built by Go)" in first.communicate(timeout=20)[0]
    assert "from our cache" in second.communicate(timeout=20)[0]
    assert sum(call[-1].startswith("build") for call in machine.go_calls()) == 2


@pytest.mark.parametrize(
    ("version", "toolchain", "reason"),
    [
        ("go1.25.10", "local", "GOTOOLCHAIN=local forbids"),
        ("go1.22.0", "go1.22.0", "GOTOOLCHAIN=go1.22.0 forbids"),
        ("go1.20.14", "auto", "or 1.21, which can fetch it"),
        ("", "auto", "is too old"),
    ],
)
def test_a_go_that_is_too_old_fails_at_once(machine: Machine, version: str, toolchain: str, reason: str) -> None:
    machine.put_go(version, toolchain)
    result = machine.run()
    assert result.returncode == 1
    assert reason in result.stderr
    assert "1.25.11" in result.stderr
    assert len(machine.go_calls()) == 1


@pytest.mark.parametrize(
    ("version", "toolchain", "chosen"),
    [
        ("go1.21.0", "auto", "go1.25.11"),
        ("go1.24.1", "go1.24.1+auto", "go1.25.11"),
        ("go1.24.1", "local+path", "go1.25.11+path"),
        ("go1.25.11", "local", ""),
        ("go1.27rc1", "auto", ""),
    ],
)
def test_an_older_go_fetches_the_toolchain_that_is_needed(
    machine: Machine, version: str, toolchain: str, chosen: str
) -> None:
    machine.put_go(version, toolchain)
    assert machine.run().returncode == 0
    assert {call[2] for call in machine.go_calls()[1:]} == {chosen}


# The vendor's installer


INSTALL = """#!/bin/sh
echo "$@" > {log}
while [ "$1" != --install-root ]; do shift; done
mkdir -p "$2/bin"; cp {source}/* "$2/bin/"
"""


def test_the_vendors_installer_comes_before_the_build(machine: Machine) -> None:
    machine.put_go()
    source = machine.put_cache("elsewhere").parent
    log = machine.root / "install.log"
    with served(INSTALL.format(log=log, source=source).encode()) as machine.url:
        result = machine.run()
    assert result.returncode == 0, result.stderr
    assert "(by the vendor's installer)" in result.stdout
    assert machine.pulumi.readlink() == machine.cache / f"{FOLDER}-vendor" / "bin" / "pulumi"
    options = log.read_text().split()
    assert options[:3] == ["--version", "3.258.0", "--install-root"]
    assert options[4:] == ["--no-edit-path"]
    assert machine.go_calls() == []
    assert machine.left_in_cache() == ["elsewhere", f"{FOLDER}-vendor"]


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        (b"#!/bin/sh\necho first\necho no such release >&2\nexit 3\n", "sh exits 3: no such release"),
        (b"#!/bin/sh\nexit 0\n", "nothing in"),
        (b"<html>please log in</html>", "did not answer with a shell script"),
    ],
)
def test_an_installer_that_fails_gives_way_to_the_build(machine: Machine, script: bytes, reason: str) -> None:
    with served(script) as machine.url:
        alone = machine.run(XTEL_ENGINE="vendor")
        assert alone.returncode == 1
        assert reason in alone.stderr
        assert machine.left_in_cache() == []
        machine.put_go()
        assert "(built by Go)" in machine.run().stdout


def test_a_vendor_that_never_answers_is_given_up(machine: Machine) -> None:
    program_text = (
        f"import sys; sys.path.insert(0, {str(ENGINE)!r}); import install; install.FETCH_SECONDS = 0.3\n"
        "try: install.fetch(sys.argv[1])\n"
        "except install.Unavailable as reason: print(reason)"
    )
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        result = ask([sys.executable, "-B", "-c", program_text, url], machine.environment())
    assert "cannot be fetched" in result.stdout, result.stderr


# One method alone, and asking


def test_one_method_alone(machine: Machine) -> None:
    on_path, cached = machine.put_pulumi(machine.bin), machine.put_cache()
    for method, expected in (("cache", cached), ("path", on_path), ("build", cached)):
        assert machine.run(XTEL_ENGINE=method).returncode == 0
        assert machine.pulumi.readlink() == expected
    result = machine.run(XTEL_ENGINE="vendor")
    assert result.returncode == 1
    assert "path " not in result.stderr.partition("Any one")[0]


def test_print_shows_the_folder_and_installs_nothing(machine: Machine) -> None:
    machine.put_go()
    nothing = machine.run("--print")
    assert (nothing.returncode, nothing.stdout) == (1, "")
    cached = machine.put_cache()
    assert machine.run("--print").stdout == f"{cached.parent}\n"
    assert machine.run("--print", "--link", str(machine.link)).stdout == f"{cached.parent}\n"
    assert machine.go_calls() == []
    assert not machine.link.exists()


def test_no_registry_and_no_path_of_a_machine_in_the_files() -> None:
    text = "".join(file.read_text() for file in (SCRIPT, *ENGINE.glob("*/go.mod")))
    for word in ("proxy" + ".golang.org", "pypi" + ".org", "GOPROXY" + "=", "/" + "root/", "/" + "home/"):
        assert word not in text
