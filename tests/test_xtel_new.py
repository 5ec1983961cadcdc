"""`xtel new`: what is written, that it is whole or nothing, and that the real Pulumi takes it as it is."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from importlib import metadata
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from providers.kernel import registry
from providers.kernel.capabilities import Can, Capability
from providers.kernel.errors import InputError
from stacks import document
from tests.conftest import Sandbox
from tests.test_xtel_cli import ended, run
from tests.test_xtel_sandbox import _free_port
from xtel.authoring import new
from xtel.engine import cli

SCHEMA = Path(document.__file__).parent / "schema" / "stack.json"
FILES = {
    ".gitignore",
    "Pulumi.sandbox.yaml",
    "Pulumi.yaml",
    "README.md",
    "__main__.py",
    "requirements.txt",
    "stacks/dev.yaml",
} | ({"stacks/schema/stack.json"} if SCHEMA.is_file() else set())


@pytest.fixture
def cwd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clean_env: None) -> Path:
    """An empty working directory, on a machine without a Pulumi."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(cli, "found", lambda: False)
    return tmp_path


def files(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_a_whole_project_is_written(cwd: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ended("new", "demo") == 0
    out, err = capsys.readouterr()
    demo = cwd / "demo"
    assert files(demo) == FILES
    assert os.listdir(cwd) == ["demo"]
    assert err == "there is no pulumi on PATH: install it, then pulumi stack select --create dev\n"
    assert out.startswith("demo: project demo, stack dev, Twilio\n")
    assert out.endswith("  xtel validate dev\n  pulumi preview\n  pulumi up\n")
    assert (demo / "__main__.py").read_text() == "from stacks.program import main\n\nmain()\n"
    assert (demo / "requirements.txt").read_text() == "xai-telephony[calls]\n"
    described = YAML(typ="safe").load(demo / "Pulumi.yaml")
    assert (described["name"], described["runtime"]) == ("demo", {"name": "python"})
    assert not SCHEMA.is_file() or (demo / "stacks/schema/stack.json").read_bytes() == SCHEMA.read_bytes()


@pytest.mark.parametrize(("stack", "protected"), [("prod", True), ("eu-production", True), ("dev", False)])
def test_numbers_of_a_production_stack_are_protected(cwd: Path, stack: str, protected: bool) -> None:
    assert ended("new", "demo", "--stack", stack) == 0
    found = document.read(cwd / f"demo/stacks/{stack}.yaml")
    assert [number.protect for number in found.numbers.values()] == [protected]


def test_its_stack_file_is_valid_for_the_editor_and_for_us(cwd: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ended("new", "demo", "--stack", "prod") == 0
    file = cwd / "demo/stacks/prod.yaml"
    assert file.read_text().startswith("# yaml-language-server: $schema=schema/stack.json\n")
    found = document.read(file)
    assert [number.number for number in found.numbers.values()] == ["+14155550101"]
    assert found.warnings == []
    capsys.readouterr()
    assert ended("validate", str(file)) == 0


@pytest.mark.parametrize("auth", ["allowlist", "digest"])
def test_every_line_that_is_commented_out_is_one_that_may_be_used(
    cwd: Path, auth: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    twilio = registry.carriers()["twilio"]
    can = {**twilio.can, Capability.DIGEST: Can("made up", twilio.can[Capability.DIGEST].read)}
    monkeypatch.setattr(registry, "carriers", lambda: {"twilio": dataclasses.replace(twilio, auth=auth, can=can)})
    new.make(Path("demo"), "dev", "twilio")
    file = cwd / "demo/stacks/dev.yaml"
    text = file.read_text()
    offered = re.findall(r"^    # ((?:auth|agent|fallback): .*)$", text, re.MULTILINE)
    assert len(offered) == 3
    for line in offered:
        file.write_text(text.replace(f"# {line}", line))
        (number,) = document.read(file).numbers.values()
        assert getattr(number, line.partition(":")[0])
    assert f"# auth: {{{'digest' if auth == 'digest' else 'allow'}: " in text


@pytest.mark.parametrize("name", sorted(registry.carriers()))
def test_every_line_that_is_commented_out_for_a_carrier_is_one_that_it_takes(cwd: Path, name: str) -> None:
    new.make(Path("demo"), "dev", name)
    file = cwd / "demo/stacks/dev.yaml"
    text = file.read_text()
    for line in re.findall(r"^    # ((?:auth|agent|fallback): .*)$", text, re.MULTILINE):
        file.write_text(text.replace(f"# {line}", line))
        document.read(file)


@pytest.mark.parametrize(
    ("name", "whose"),
    [("webex", "your own PBX or SBC"), ("zoom", "your own PBX or SBC"), ("vonage", "these were reported")],
)
def test_an_allowlist_says_whose_addresses_it_has(cwd: Path, name: str, whose: str) -> None:
    new.make(Path("demo"), "dev", name)
    [line] = [line for line in (cwd / "demo/stacks/dev.yaml").read_text().splitlines() if "Who may send" in line]
    assert whose in line


@pytest.mark.parametrize("name", sorted(registry.carriers()))
def test_what_its_carrier_needs_is_installed_with_it(cwd: Path, name: str) -> None:
    new.make(Path("demo"), "dev", name)
    extras = {"calls", registry.carriers()[name].extra} - {""}
    assert (cwd / "demo/requirements.txt").read_text() == f"xai-telephony[{','.join(sorted(extras))}]\n"
    assert extras <= set(metadata.metadata("xai-telephony").get_all("Provides-Extra") or ())


@pytest.mark.parametrize("name", sorted(registry.carriers()))
def test_every_carrier_can_be_begun_with(cwd: Path, name: str) -> None:
    new.make(Path("demo"), "dev", name)
    (number,) = document.read(cwd / "demo/stacks/dev.yaml").numbers.values()
    assert number.route is not None
    assert number.route.delivers == name
    readme = (cwd / "demo/README.md").read_text()
    for vendor in ("xai", name):
        assert all(credential.env in readme for credential in registry.vendor(vendor).credentials)


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("demo", "demo"),
        ("My Phones", "My-Phones"),
        ("Büro & Söhne", "Buro-Sohne"),
        ("電話", "phone-network"),
        ("...", "phone-network"),
        ("007", "007"),
        ("true", "true"),
        ("a'b\"c", "a-b-c"),
        ("x" * 120, "x" * 100),
        ("deep/er/../down", "down"),
    ],
)
def test_the_project_is_named_by_its_folder(cwd: Path, folder: str, name: str) -> None:
    made = new.make(Path(folder), "dev", "twilio")
    assert made.project == name
    assert re.fullmatch(r"[A-Za-z0-9_.-]{1,100}", name)
    assert YAML(typ="safe").load(made.folder / "Pulumi.yaml")["name"] == name
    assert files(made.folder) == FILES


def test_an_empty_folder_is_filled_and_stays_the_same_one(cwd: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = cwd.stat().st_ino
    assert ended("new", ".") == 0
    assert (cwd.stat().st_ino, files(cwd)) == (before, FILES)
    assert "  cd " not in capsys.readouterr().out


def test_what_is_there_is_listed_and_left_alone(cwd: Path, capsys: pytest.CaptureFixture[str]) -> None:
    taken = cwd / "demo"
    taken.mkdir()
    for name in ("Pulumi.yaml", ".git", "a", "b", "c", "d"):
        (taken / name).write_text(name)
    assert ended("new", "demo") == 1
    assert capsys.readouterr().err == (
        "error: demo is not empty: .git, Pulumi.yaml, a, b, c and 1 more; next: name a new or an empty folder\n"
    )
    assert {path.name: path.read_text() for path in taken.iterdir()} == {path: path for path in files(taken)}
    assert ended("new", "demo/Pulumi.yaml") == 1
    assert "demo/Pulumi.yaml is there already, and no folder" in capsys.readouterr().err
    assert ended("new", "demo/Pulumi.yaml/inside") == 1
    assert "cannot be made: Not a directory" in capsys.readouterr().err
    assert os.listdir(cwd) == ["demo"]


@pytest.mark.parametrize("folder", ["fresh", "deep/er/down", "empty"])
@pytest.mark.parametrize("breaks", ["write_text", "rename"])
def test_a_disk_that_gives_up_leaves_nothing(
    cwd: Path, folder: str, breaks: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (cwd / "empty").mkdir()
    real, calls = getattr(Path, breaks), [0]

    def failing(path: Path, *arguments: object, **more: object) -> object:
        calls[0] += 1
        if calls[0] == (1 if breaks == "rename" and folder != "empty" else 3):
            raise OSError(28, "No space left on device")
        return real(path, *arguments, **more)

    monkeypatch.setattr(Path, breaks, failing)
    with pytest.raises(InputError, match="No space left on device; next: "):
        new.make(Path(folder), "dev", "twilio")
    assert [path.name for path in cwd.rglob("*")] == ["empty"]


def test_a_carrier_that_needs_more_is_refused_before_anything_is_written(
    cwd: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    delivers = replace(registry.carriers()["twilio"], example="nobody")
    monkeypatch.setattr(registry, "carriers", lambda: {"twilio": delivers})
    with pytest.raises(InputError, match=r"cannot be made for this carrier: numbers\.support\.number: "):
        new.make(Path("demo"), "dev", "twilio")
    assert os.listdir(cwd) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "Missing argument 'DIR'."),
        (("",), "it is empty"),
        (("demo", "--stack", "../up"), "expected letters, digits"),
        (("demo", "--stack", ""), "it is empty"),
        (("demo", "--carrier", "nobody"), "expected one of "),
        (("demo", "more"), "unexpected extra argument"),
    ],
)
def test_usage_errors(cwd: Path, arguments: tuple[str, ...], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert ended("new", *arguments) == 64
    assert message in capsys.readouterr().err
    assert os.listdir(cwd) == []


def test_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert ended("new", "--help") == 0
    out = capsys.readouterr().out
    assert "xtel new demo && cd demo && pulumi preview" in out
    assert "Exit codes: 0" in out
    assert max(map(len, out.splitlines())) <= 80


def test_a_shell_with_another_python_first_is_told(
    cwd: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", os.defpath)
    assert ended("new", "my phones", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    steps = told.pop("next")
    assert steps[0] == "cd 'my phones'"
    assert re.fullmatch(r'export PATH=.*/bin\S*:"\$PATH"', steps[1])
    assert steps[2:] == ["pulumi stack select --create dev", "xtel validate dev", "pulumi preview", "pulumi up"]
    assert set(told.pop("files")) == FILES
    assert told == {
        "folder": str(cwd / "my phones"),
        "project": "my-phones",
        "stack": "dev",
        "carrier": "twilio",
        "backend": None,
        "selected": False,
        "note": "there is no pulumi on PATH: install it, then pulumi stack select --create dev",
    }


# --- with the real Pulumi ---


@pytest.fixture
def shell(tmp_path: Path, clean_env: None, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory in a shell whose backend is a folder, with our Python first on PATH."""
    (tmp_path / "backend").mkdir()
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("PULUMI_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PULUMI_BACKEND_URL", f"file://{tmp_path / 'backend'}")
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "test")
    monkeypatch.setenv("PULUMI_SKIP_UPDATE_CHECK", "1")
    (tmp_path / "work").mkdir()
    return tmp_path / "work"


def pulumi(*arguments: str, cwd: Path) -> str:
    command = ["pulumi", "--color", "never", "--non-interactive", *arguments]
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.engine
def test_pulumi_takes_it_as_it_is(shell: Path, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in sandbox.env().items():
        monkeypatch.setenv(name, value)
    done = run("new", "demo", cwd=shell)
    assert (done.returncode, done.stderr) == (0, "")
    assert "--create" not in done.stdout
    demo = shell / "demo"
    assert json.loads(pulumi("preview", "--json", cwd=demo))["changeSummary"] == {"create": 6}
    assert "+ 6 created" in pulumi("up", "--yes", cwd=demo)
    assert sandbox.numbers("twilio")["+14155550101"]["trunk_sid"]
    sandbox.forget_log()
    assert "6 unchanged" in pulumi("up", "--yes", cwd=demo)
    assert sandbox.writes() == []

    shutil.rmtree(demo)
    again = run("new", "demo", cwd=shell)
    assert again.returncode == 0
    assert "had this stack already, with 7 resources" in again.stderr


@pytest.mark.engine
def test_its_sandbox_stack_is_the_same_network(shell: Path) -> None:
    """What its README says under "On this machine alone", with a sandbox of its own."""
    assert run("new", "demo", cwd=shell).returncode == 0
    script = 'eval "$(xtel sandbox env)" && pulumi --color never --non-interactive up --yes -s sandbox'
    try:
        assert run("sandbox", "up", "--port", str(_free_port()), cwd=shell / "demo").returncode == 0
        done = subprocess.run(
            ["bash", "-c", script], cwd=shell / "demo", capture_output=True, text=True, timeout=300, check=False
        )
        assert "+ 6 created" in done.stdout, done.stdout + done.stderr
    finally:
        run("sandbox", "down", cwd=shell / "demo")


@pytest.mark.engine
def test_without_a_backend_the_command_is_named(shell: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULUMI_BACKEND_URL", f"file://{shell / 'gone'}")
    done = run("new", "demo", cwd=shell)
    assert done.returncode == 0
    assert done.stderr.startswith("no stack was selected: pulumi stack select --create dev: ")
    assert done.stderr.count("\n") == 1
    assert "  pulumi stack select --create dev\n" in done.stdout
    assert not (shell / "gone").exists()


@pytest.mark.engine
def test_a_sandbox_outside_any_project_gets_its_backend(shell: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULUMI_BACKEND_URL", f"file://{shell / '.sandbox/pulumi'}")
    (shell / ".sandbox").mkdir()
    done = run("new", "demo", "--json", cwd=shell)
    assert json.loads(done.stdout)["selected"], done.stderr
    assert (shell / ".sandbox/pulumi/.pulumi/stacks/demo/dev.json").is_file()
