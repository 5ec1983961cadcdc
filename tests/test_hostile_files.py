"""Files that nobody should have written: each verb that reads them says what is wrong in time, and does nothing else."""

from __future__ import annotations

import base64
import os
import socket
import time
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from providers.kernel import reading
from tests.test_xtel_cli import ended, run
from tests.test_xtel_plan import inside
from xtel.operations.importing import answers
from xtel.project import layout

CASES: dict[str, dict[str, Any]] = YAML(typ="safe").load(
    (Path(__file__).parent / "cases/hostile/stackfiles.yaml").read_text(encoding="utf-8")
)
GOOD = """version: 1
defaults: {webhook: {url: https://voice.example.com/calls}}
numbers:
  support: {number: "+14155550100", route: {carrier: twilio}}
"""
#: Seconds in which anything is refused, on a machine that has much else to do.
PATIENCE = 45


def content(case: dict[str, Any]) -> bytes:
    turns = case.get("repeat", [])
    repeated = "".join(text * count for text, count in zip(turns[::2], turns[1::2], strict=True))
    return base64.b64decode(case["base64"]) if "base64" in case else (case.get("text", "") + repeated).encode()


@pytest.fixture
def project(tmp_path: Path, clean_env: None) -> Path:
    root = tmp_path / "project"
    (root / "stacks").mkdir(parents=True)
    (root / "Pulumi.yaml").write_text("name: test\nruntime: python\n")
    (root / "stacks/test.yaml").write_text(GOOD)
    return root


def odd(folder: Path, suffix: str = "") -> dict[str, Path]:
    """What is no file to read, by its kind."""
    (outside := folder.parent / f"outside{suffix}").write_text("secret prose\n")
    (folder / ".hidden").mkdir()
    (folder / f".hidden/a{suffix}").write_text("secret prose\n")
    made = {
        name: folder / f"{name}{suffix}"
        for name in (
            "out",
            "loop",
            "pipe",
            "folder",
            "socket",
            "large",
            "latin",
            "nothing",
            "hidden",
            "dangling",
            "device",
        )
    }
    made["out"].symlink_to(outside)
    made["loop"].symlink_to(made["loop"])
    made["dangling"].symlink_to(folder / "nowhere")
    made["hidden"].symlink_to(folder / f".hidden/a{suffix}")
    made["device"].symlink_to("/dev/zero")
    os.mkfifo(made["pipe"])
    made["folder"].mkdir()
    made["large"].write_bytes(b"a" * 10_000_000)
    made["latin"].write_bytes(b"caf\xe9\n")
    made["nothing"].write_bytes(b"")
    here = Path.cwd()
    with socket.socket(socket.AF_UNIX) as listening:
        os.chdir(folder)  # a socket's path is short
        try:
            listening.bind(made["socket"].name)
        finally:
            os.chdir(here)
    return made


@pytest.mark.parametrize("name", sorted(CASES))
def test_a_hostile_stack_file_is_refused_with_its_line(name: str, project: Path) -> None:
    (project / "stacks/test.yaml").write_bytes(content(CASES[name]))
    if name.startswith("instructions-"):
        odd(project, ".md")
    before = sorted(path.relative_to(project).as_posix() for path in project.rglob("*"))
    started = time.monotonic()
    done = inside("validate", "test", cwd=project)
    assert time.monotonic() - started < PATIENCE
    assert (done.returncode, done.stderr) == (1, "")
    *findings, last = done.stdout.splitlines()
    assert last.startswith("failed: ")
    assert findings and all(line.startswith("stacks/test.yaml:") and line.split(":")[1].isdigit() for line in findings)
    assert all(len(line) < 400 and line.isprintable() for line in findings)
    assert not [word for word in ("hunter2secret", "secret prose", "Traceback", "root:") if word in done.stdout]
    assert sorted(path.relative_to(project).as_posix() for path in project.rglob("*")) == before


@pytest.mark.parametrize("kind", ["loop", "pipe", "folder", "socket", "device", "dangling"])
@pytest.mark.parametrize("verb", ["validate", "plan", "routes", "render", "apply"])
def test_a_stack_file_that_is_no_file(verb: str, kind: str, project: Path) -> None:
    (project / "stacks/test.yaml").unlink()
    odd(project)[kind].rename(project / "stacks/test.yaml")
    if kind == "loop":
        (project / "stacks/test.yaml").unlink()
        (project / "stacks/test.yaml").symlink_to(project / "stacks/test.yaml")
    done = inside(verb, "test", cwd=project)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("error: there is no stack file stacks/test.yaml")


@pytest.mark.parametrize(
    "kind", ["loop", "pipe", "folder", "socket", "device", "dangling", "latin", "nothing", "large"]
)
@pytest.mark.parametrize(
    "arguments",
    [("plan", "test", "--from"), ("apply", "test", "--reviewed"), ("doctor", "--matrix"), ("comment", "--dry-run")],
    ids=lambda arguments: arguments[0],
)
def test_what_is_no_file_is_not_waited_for(kind: str, arguments: tuple[str, ...], project: Path) -> None:
    file = odd(project)[kind]
    started = time.monotonic()
    given = (f"--matrix={file}",) if arguments[0] == "doctor" else (arguments[-1], str(file))
    done = inside(*arguments[:-1], *given, cwd=project)
    assert time.monotonic() - started < PATIENCE
    assert "Traceback" not in done.stderr
    if arguments[0] == "comment":  # a plan that cannot be read is a plan that failed
        assert done.returncode == 0 and "**incomplete**" in done.stdout
    else:
        assert done.returncode in {1, 64} and done.stderr.splitlines()[-1].startswith("error: ")


JSON = {
    "deep": "[" * 100_000, "deep-maps": '{"a":' * 100_000, "nan": '{"verdict": NaN, "plan": {}}', "list": "[]",
    "word": "hello", "nul": "\0", "huge-int": '{"steps": ' + "9" * 5000 + "}", "steps-as-text": '{"steps": "x"}',
    "half": '{"steps": [{"op": "create", "urn": "\\ud800"}]}', "plan-of-nothing": '{"verdict": "none", "plan": null}',
    "empty-plan": '{"verdict": "none", "plan": {}}', "duplicate": '{"verdict": "none", "verdict": "safe", "plan": []}',
    "proto": '{"__proto__": {"a": 1}}', "two": "{}{}", "mark": "\ufeff{}", "lines": "{}\n" * 1000, "null": "null",
    "true": "true", "open": '{"steps": [', "nested-events": '{"resourcePreEvent": ' * 2000,
    "event-without-metadata": '{"resourcePreEvent": {}}\n', "template": "{{ 7*7 }}", "yaml": "steps: []\n",
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(JSON))
def test_a_hostile_preview_plan_or_log_is_one_line(name: str, project: Path) -> None:
    (project / "given.json").write_text(JSON[name], encoding="utf-8")
    for arguments in (("plan", "test", "--from", "given.json"), ("apply", "test", "--reviewed", "given.json")):
        done = inside(*arguments, cwd=project)
        assert (done.returncode, done.stdout) == (1, ""), arguments
        assert done.stderr.startswith("error: ") and done.stderr.count("\n") == 1
    for more in ((), ("--drift",)):
        done = inside("comment", "--dry-run", *more, "given.json", cwd=project)
        assert done.returncode == 0 and done.stderr == ""


YAMLS = {
    "python": "!!python/object/apply:os.system [touch owned]", "laughs": "a: &a [x]\nb: &b [*a, *a]\nconfig: *b\n",
    "merges": "a0: &a0 {k: v}\n" + "".join(f"a{i}: &a{i} {{<<: [*a{i - 1}, *a{i - 1}]}}\n" for i in range(1, 40)),
    "deep": "[" * 50_000, "cycle": "config: &c {xtel:file: *c}", "list": "[]", "word": "x", "nul": "a: \0", "tab": "\t:",
    "date": "name: 9999-99-99", "duplicate": "name: a\nname: b\n", "config-as-a-list": "config: [a]",
    "file-as-a-list": "config: {xtel:file: [a]}", "file-outside": "config: {xtel:file: ../../../etc/passwd}",
    "file-a-device": "config: {xtel:file: /dev/zero}", "file-with-nul": 'config: {xtel:file: "a\\0b"}',
    "file-too-long": f"config: {{xtel:file: {'a' * 5000}}}", "keys": "config: {1: 2, null: 3, [a]: 4}",
}  # fmt: skip


@pytest.mark.parametrize("place", ["Pulumi.yaml", "Pulumi.test.yaml"])
@pytest.mark.parametrize("name", sorted(YAMLS))
def test_a_hostile_configuration_stops_nothing_but_its_stack(name: str, place: str, project: Path) -> None:
    (project / place).write_text(YAMLS[name])
    started = time.monotonic()
    for arguments in (("validate", "test"), ("plan", "test", "--from", "nosuch.json")):
        done = inside(*arguments, cwd=project)
        assert done.returncode in {0, 1} and "Traceback" not in done.stderr and "unexpected" not in done.stderr
    assert layout.Project(project).names() == ["test"]
    assert time.monotonic() - started < PATIENCE
    assert not (project / "owned").exists()


@pytest.mark.parametrize("name", ["python", "deep", "merges", "nul", "word"])
def test_a_hostile_file_of_secrets(name: str, project: Path) -> None:
    (project / "secrets.yaml").write_text(YAMLS[name])
    with pytest.raises(answers.InputError) as refused:
        answers._read(project / "secrets.yaml")
    assert len(str(refused.value)) <= 300


def test_what_may_be_read_is_read(tmp_path: Path) -> None:
    (file := tmp_path / "a").write_bytes("\ufeffä\r\n".encode())
    assert reading.text(file) == "ä\r\n"
    assert reading.content(file, 7) == file.read_bytes()
    for most, words in ((6, "is over 0 kB: split it"), (10, "")):
        if words:
            with pytest.raises(reading.Unreadable, match=words):
                reading.content(file, most, "split it")
    with pytest.raises(reading.Unreadable, match="no name of a file"):
        reading.content(Path("a\0b"))


def test_the_command_itself(project: Path) -> None:
    """Some of them as a user meets them."""
    for name in ("billion-laughs", "deep-lists", "nul", "tag-python-object"):
        (project / "stacks/test.yaml").write_bytes(content(CASES[name]))
        done = run("validate", "test", cwd=project)
        assert done.returncode == 1 and done.stdout.startswith("stacks/test.yaml:") and done.stderr == ""


def test_many_findings_take_seconds(project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: Any) -> None:
    monkeypatch.chdir(project)
    (project / "stacks/test.yaml").write_text(GOOD + "".join(f"k{count}: 1\n" for count in range(20_000)))
    started = time.process_time()
    assert ended("validate", "test") == 1
    assert capsys.readouterr().out.count("is not a known key") == 20_000
    assert time.process_time() - started < 12
