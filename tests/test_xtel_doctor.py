"""`xtel doctor`: what it finds, what it says to do, and that it never shows a secret."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import subprocess
import sys
import sysconfig
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from providers.kernel import ranges
from tests.conftest import Sandbox
from tests.engine.conftest import Project
from tests.test_xtel_cli import ended
from xtel import terminal
from xtel.authoring import doctor
from xtel.engine import cli
from xtel.project import programs

HEAD = "version: 1\ndefaults: {webhook: {url: https://voice.example.com/calls}}\nnumbers:\n"
FILE = HEAD + '  one: {number: "+14155550100", route: {carrier: twilio}, auth: {allow: [twilio]}}\n'
DESK = HEAD + '  desk: {origin: xai_provisioned, number: "+16505550123", agent: agent_1}\n'
SECRETS = ("XAI_API_KEY", "TWILIO_AUTH_TOKEN", "TWILIO_API_SECRET")
SECTIONS = ["Tools", "State", "Credentials", "Accounts", "Ranges", "Shadowed packages"]


class Pulumi:
    """Answers in the place of the real one."""

    def __init__(self) -> None:
        self.version = "v3.258.0\n"
        self.config: dict[str, Any] = {}
        self.passphrase = True
        self.state: str = "{}"
        self.asked: list[str] = []
        self.backend = {"url": "s3://acme-phones", "user": "ops"}

    def run(self, arguments: list[str], root: Path, environment: dict[str, str]) -> str:
        self.asked.append(" ".join(arguments))
        if arguments == ["version"]:
            return self.version
        if arguments[0] == "whoami":
            return json.dumps(self.backend)
        if arguments[0] == "stack":
            return self.state
        assert arguments[:2] == ["config", "--json"]
        assert arguments[-2:] == ["--stack", "dev"]
        if "--show-secrets" not in arguments:
            hidden = {key: {"secret": True} for key, entry in self.config.items() if entry["secret"]}
            return json.dumps({**self.config, **hidden})
        if not self.passphrase:
            raise cli.PulumiUnavailable("pulumi config: incorrect passphrase")
        return json.dumps(self.config)


@pytest.fixture
def pulumi(monkeypatch: pytest.MonkeyPatch) -> Pulumi:
    found = Pulumi()
    monkeypatch.setattr(cli, "run", found.run)
    monkeypatch.setattr(doctor, "_today", lambda: date(2026, 11, 21))  # no table gets old while tests are run
    return found


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clean_env: None, pulumi: Pulumi) -> Path:
    """A project with the stack `dev`, which is the working directory."""
    (tmp_path / "stacks").mkdir()
    (tmp_path / "Pulumi.yaml").write_text("name: test\nruntime: python\n")
    (tmp_path / "stacks/dev.yaml").write_text(FILE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f"{sysconfig.get_path('scripts')}:{os.environ['PATH']}")
    return tmp_path


@pytest.fixture
def env(project: Path, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The shell has the sandbox's credentials."""
    found = sandbox.env()
    for name, value in found.items():
        monkeypatch.setenv(name, value)
    return found


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str]]:
    """Runs it; answers the exit code and what it printed."""

    def run(*arguments: str) -> tuple[int, str]:
        code = ended("doctor", *arguments)
        return code, capsys.readouterr().out

    return run


Told = Callable[..., tuple[int, str]]


def checks(told: Told, *arguments: str) -> dict[str, dict[str, Any]]:
    """Every check by its name."""
    code, out = told(*arguments, "--json")
    report = json.loads(out)
    assert code == (0 if report["ok"] else 1)
    assert list(report["sections"]) == SECTIONS
    return {check["name"]: check for checks in report["sections"].values() for check in checks}


def test_all_is_good_and_no_secret_is_shown(env: dict[str, str], told: Told) -> None:
    code, out = told("dev")
    assert code == 0
    assert out.endswith("\nok: nothing is missing\n")
    lines = out.splitlines()
    lists = [line for line in lines if "not used here: " in line]  # a terminal folds them, a pipe does not
    assert max(len(line) for line in lines if "/" not in line and line not in lists) <= 80
    assert [line for line in lines if line in SECTIONS] == SECTIONS
    assert "✓ ok      TWILIO_AUTH_TOKEN  set by the environment" in lines
    assert f"✓ ok      Twilio             account {env['TWILIO_ACCOUNT_SID']} (" in out
    assert "✓ ok      xAI                team 00000000-0000-4000-8000-000000000001 (" in out
    assert "✓ ok      stack file         stacks/dev.yaml: 1 number" in lines
    for name in SECRETS:
        assert name not in env or env[name] not in out


def test_not_even_a_part_of_a_secret_is_shown(
    env: dict[str, str], pulumi: Pulumi, monkeypatch: pytest.MonkeyPatch, told: Told
) -> None:
    secret = "QjZxWvKpYbNdRtLm"
    pulumi.config = {"xai:apiKey": {"value": f"x{secret}", "secret": True}}
    for name in (*SECRETS, "TWILIO_API_KEY"):
        monkeypatch.setenv(name, secret)
    for arguments in (("dev",), ("dev", "--json"), ("dev", "--offline"), ()):
        _, out = told(*arguments)
        assert not any(secret[at : at + 3] in out for at in range(len(secret) - 2))


def test_json_is_one_document(env: dict[str, str], told: Told) -> None:
    code, out = told("dev", "--json")
    report = json.loads(out)
    assert (code, report["ok"], report["stack"]) == (0, True, "dev")
    assert report["carriers"]["twilio"]["digest"] == {
        "can": False, "text": "no: an origination URL has no credentials; mode: twiml has", "read": "2026-11-21",
    }  # fmt: skip
    assert {check["status"] for checks in report["sections"].values() for check in checks} <= {"ok", "skipped"}


def test_what_the_stack_needs_and_does_not_have(project: Path, told: Told) -> None:
    code, out = told("dev")
    assert code == 1
    assert out.endswith("\nfailed: 3 problems\n")
    assert (
        "✗ missing TWILIO_AUTH_TOKEN  Twilio needs it, or TWILIO_API_KEY and TWILIO_API_SECRET\n"
        "          next: export TWILIO_AUTH_TOKEN=… or `pulumi config set --secret twilio:authToken …`\n"
    ) in out
    found = checks(told, "dev")
    assert {name for name, check in found.items() if check["status"] == "missing"} == {
        "XAI_API_KEY", "TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN",
    }  # fmt: skip
    assert found["TWILIO_API_KEY"]["status"] == "skipped"


def test_only_the_vendors_of_the_stack(env: dict[str, str], project: Path, sandbox: Sandbox, told: Told) -> None:
    (project / "stacks/dev.yaml").write_text(DESK)
    sandbox.forget_log()
    found = checks(told, "dev")
    assert found["Twilio"] == {"name": "Twilio", "status": "skipped", "detail": "not used by this stack", "step": ""}
    assert found["xAI"]["status"] == "ok"
    assert [entry["path"] for entry in sandbox.log()] == ["/v1/api-key"]


def test_without_a_stack_nothing_is_needed(project: Path, monkeypatch: pytest.MonkeyPatch, told: Told) -> None:
    found = checks(told)
    assert found["Twilio"]["detail"] == (
        "not set: TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN (or TWILIO_API_KEY and TWILIO_API_SECRET)"
    )
    assert found["Chime"]["detail"] == (  # a session token alone would not do, nor a region
        "not set: AWS_ACCESS_KEY_ID (or AWS_PROFILE), AWS_SECRET_ACCESS_KEY (or AWS_PROFILE)"
    )
    assert found["Plivo"]["detail"] == "not set: PLIVO_AUTH_ID, PLIVO_AUTH_TOKEN"  # not what is wrong with a stand-in
    monkeypatch.setenv("TWILIO_ACCOUNT_SID", "AC1")
    found = checks(told)
    assert (found["TWILIO_AUTH_TOKEN"]["status"], found["TWILIO_ACCOUNT_SID"]["status"]) == ("warning", "ok")
    assert "Twilio" not in found


def test_an_api_key_stands_for_the_token(env: dict[str, str], monkeypatch: pytest.MonkeyPatch, told: Told) -> None:
    monkeypatch.delenv("TWILIO_AUTH_TOKEN")
    monkeypatch.setenv("TWILIO_API_KEY", "SK1")
    assert checks(told, "dev")["TWILIO_AUTH_TOKEN"]["status"] == "missing"
    monkeypatch.setenv("TWILIO_API_SECRET", "very-secret")
    found = checks(told, "dev", "--offline")
    assert found["TWILIO_AUTH_TOKEN"]["detail"] == "not set, not needed"


def test_a_refused_key_is_one_line(env: dict[str, str], monkeypatch: pytest.MonkeyPatch, told: Told) -> None:
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", "refused-secret-token")
    code, out = told("dev")
    assert code == 1
    (line,) = [line for line in out.splitlines() if line.startswith("✗")]
    assert line.startswith(
        "✗ error   Twilio             twilio account: Authenticate (code 20003, HTTP 401, request RQ"
    )
    assert "refused-secret" not in out


def test_offline_asks_nobody(env: dict[str, str], sandbox: Sandbox, pulumi: Pulumi, told: Told) -> None:
    pulumi.config = {"xai:apiKey": {"value": "nosuch", "secret": True}}
    sandbox.forget_log()
    found = checks(told, "dev", "--offline")
    assert found["Twilio"]["detail"] == "not asked (--offline)"
    assert sandbox.log() == []
    assert not any("--show-secrets" in asked for asked in pulumi.asked)


def test_config_wins_also_when_it_is_a_secret(
    env: dict[str, str], pulumi: Pulumi, monkeypatch: pytest.MonkeyPatch, told: Told
) -> None:
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", "of another account")
    pulumi.config = {
        "twilio:authToken": {"value": env["TWILIO_AUTH_TOKEN"], "secret": True},
        "twilio:accountSid": {"value": env["TWILIO_ACCOUNT_SID"], "secret": False},
    }
    code, out = told("dev")
    assert code == 0
    assert "✓ ok      TWILIO_AUTH_TOKEN  set by the stack's config (twilio:authToken)\n" in out
    assert " ms)" in out.partition("Twilio  ")[2]
    assert env["TWILIO_AUTH_TOKEN"] not in out
    pulumi.passphrase = False
    found = checks(told, "dev")["stack config"]
    assert (found["status"], found["detail"]) == (
        "error", "its secrets cannot be decrypted: pulumi config: incorrect passphrase",
    )  # fmt: skip
    assert "export PULUMI_CONFIG_PASSPHRASE_FILE=FILE" in found["step"]


def test_a_config_that_cannot_be_read_is_a_warning(
    env: dict[str, str], monkeypatch: pytest.MonkeyPatch, told: Told
) -> None:
    def run(arguments: list[str], *_: object) -> str:
        if arguments != ["version"]:
            raise cli.PulumiUnavailable("no backend")
        return "v3.300.0"

    monkeypatch.setattr(cli, "run", run)
    found = checks(told, "dev")
    assert found["stack config"]["status"] == "warning"
    assert (found["Twilio"]["status"], found["xAI"]["status"]) == ("ok", "ok")


def test_a_vendor_that_does_not_answer(env: dict[str, str], monkeypatch: pytest.MonkeyPatch, told: Told) -> None:
    monkeypatch.setenv("TWILIO_BASE_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("XAI_BASE_URL", "http://voice.example.com")
    started = time.monotonic()
    found = checks(told, "dev")
    assert time.monotonic() - started < 20
    assert found["Twilio"]["detail"].startswith("twilio account: cannot reach 127.0.0.1:9: connection refused")
    assert found["Twilio"]["step"].startswith("check the network")
    assert found["xAI"]["detail"].startswith("XAI_BASE_URL must be an https URL")
    assert "XAI_BASE_URL" not in found


def test_a_bad_stack_file_is_one_finding_of_many(project: Path, told: Told) -> None:
    (project / "stacks/dev.yaml").write_text("version: 1\n")
    found = checks(told, "dev")["stack file"]
    assert (found["status"], found["step"]) == ("error", "xtel validate dev")
    assert ended("doctor", "nosuch") == 1


def test_tools(project: Path, pulumi: Pulumi, monkeypatch: pytest.MonkeyPatch, told: Told, tmp_path: Path) -> None:
    pulumi.version = "v3.254.9"
    found = checks(told)
    assert found["pulumi"]["detail"].endswith("pulumi: older than 3.255.0")
    assert (found["pulumi"]["status"], found["pulumi"]["step"]) == ("error", "make setup")
    pulumi.version = "v3.300.0-alpha.1+dirty"
    assert checks(told)["pulumi"]["status"] == "ok"
    pulumi.version = "unknown"
    assert checks(told)["pulumi"]["detail"].endswith("it does not say which version it is")

    alone = tmp_path / "bin"
    alone.mkdir()
    (alone / "pulumi").touch(0o755)
    monkeypatch.setattr(programs, "search_path", lambda: str(alone))
    pulumi.version = "v3.255.0"
    found = checks(told)
    assert (found["pulumi"]["status"], found["language host"]["status"]) == ("ok", "missing")
    (alone / "pulumi").unlink()
    assert checks(told)["pulumi"]["status"] == "missing"

    monkeypatch.setenv("PATH", "/nosuch")
    assert checks(told)["python3 on PATH"]["status"] == "warning"


def test_versions_are_read_without_importing_an_sdk(project: Path) -> None:
    code = (
        "import sys\nfrom xtel.authoring import doctor\nfound = list(doctor._packages())\n"
        "print(' '.join(check.detail for check in found))\n"
        "print({'twilio', 'telnyx', 'plivo', 'pulumi'} & set(sys.modules))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    versions, imported = done.stdout.splitlines()
    assert all(f"{name} " in versions for name in ("pulumi", "twilio", "telnyx", "plivo", "httpx", "pydantic"))
    assert imported == "set()"


def test_a_missing_or_old_package_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def version(name: str) -> str:
        if name == "twilio":
            raise doctor.metadata.PackageNotFoundError(name)
        return "1.2" if name == "telnyx" else "99.1.0"

    monkeypatch.setattr(doctor.metadata, "version", version)
    found = {check.name: check for check in doctor._packages()}
    assert (found["twilio"].status, found["telnyx"].status) == ("missing", "error")
    assert found["twilio"].step.startswith("pip install 'twilio>=9.")
    assert found["telnyx"].detail.startswith("1.2 is not >=4.")


def test_where_the_state_is(
    env: dict[str, str], project: Path, pulumi: Pulumi, monkeypatch: pytest.MonkeyPatch, told: Told
) -> None:
    assert checks(told)["backend"]["detail"] == "s3://acme-phones, as ops"
    assert "passphrase" not in checks(told, "dev")  # a stack that is not made yet
    (project / "Pulumi.dev.yaml").write_text("encryptionsalt: v1:abc\n")
    found = checks(told, "dev")["passphrase"]
    assert (found["status"], found["detail"]) == ("missing", "not set")
    assert "export PULUMI_CONFIG_PASSPHRASE_FILE=FILE" in found["step"]
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "")  # an empty one is one
    assert checks(told, "dev")["passphrase"]["status"] == "ok"
    (project / "Pulumi.dev.yaml").write_text("secretsprovider: awskms://alias/phones\n")
    assert checks(told, "dev")["secrets provider"]["detail"] == "awskms://alias/phones"


@pytest.mark.parametrize(("arguments", "status"), [(("dev",), "missing"), ((), "warning")])
def test_nobody_is_logged_in(
    env: dict[str, str], arguments: tuple[str, ...], status: str, monkeypatch: pytest.MonkeyPatch, told: Told
) -> None:
    def run(arguments: list[str], *_: object) -> str:
        if arguments != ["version"]:
            raise cli.PulumiUnavailable("pulumi: PULUMI_ACCESS_TOKEN must be set for login during non-interactive")
        return "v3.300.0"

    monkeypatch.setattr(cli, "run", run)
    found = checks(told, *arguments)["backend"]
    assert found["status"] == status
    for line in ("pulumi login URL", "export PULUMI_BACKEND_URL=URL", "export PULUMI_CONFIG_PASSPHRASE_FILE=FILE"):
        assert line in found["step"]


def test_ranges_by_who_publishes_them(project: Path, told: Told) -> None:
    everybody = json.loads(told("--json")[1])["sections"]["Ranges"]
    assert [check["name"] for check in everybody] == sorted({name.partition(":")[0] for name in _labels()})
    (project / "stacks/dev.yaml").write_text(FILE.replace("[twilio]", "[twilio, 'telnyx:europe', didww]"))
    *used, others = json.loads(told("dev", "--json")[1])["sections"]["Ranges"]
    assert [check["name"] for check in used] == ["didww", "telnyx", "twilio"]
    assert others == {
        "name": "others", "status": "skipped", "detail": "not used here: chime, connect, livekit, plivo", "step": "",
    }  # fmt: skip


def _labels() -> set[str]:
    return {table.label for table in ranges.tables()}


def test_every_column_of_the_carriers_has_its_gap(env: dict[str, str], told: Told) -> None:
    _, out = told()
    head, *rows = out.partition("\nCarriers\n")[2].split("\n  why and how")[0].splitlines()
    starts = [match.start() for match in re.finditer(r"\S+(?: \S+)*", head)]
    assert len(rows) >= 8
    for row in rows:
        cells = re.split(r" {2,}", row.strip())
        assert len(cells) == len(starts) + 1, row
        assert [row[start - 1] + row[start] for start in starts] == [f" {cell[0]}" for cell in cells[1:]], row


@pytest.mark.parametrize(("age", "status"), [(0, "ok"), (1, "ok"), (180, "ok"), (181, "warning")])
def test_old_tables(monkeypatch: pytest.MonkeyPatch, age: int, status: str) -> None:
    table = ranges.newest("twilio")
    monkeypatch.setattr(doctor, "_today", lambda: table.read + timedelta(age))
    found = next(check for check in doctor._tables() if check.name == "twilio")
    assert found.status == status
    assert f"read {table.read}, {age} day{'' if age == 1 else 's'} ago" == found.detail
    assert bool(found.step) is (status == "warning")


def test_only_the_newest_table_of_a_name_is_old(monkeypatch: pytest.MonkeyPatch) -> None:
    table = ranges.newest("twilio")
    old = dataclasses.replace(table, read=date(2020, 1, 1))
    monkeypatch.setattr(ranges, "tables", lambda: (old, table))
    monkeypatch.setattr(doctor, "_today", lambda: table.read)
    (found,) = doctor._tables()
    assert found.status == "ok"


def test_other_networks_than_registered(env: dict[str, str], pulumi: Pulumi, told: Told) -> None:
    auth = {"allow": ["twilio"], "allowed_addresses": [*ranges.resolve(["twilio"])[1:], "203.0.113.0/30"]}
    outputs = {"phone_number": "+14155550100", "sip_auth": auth}
    number = {"urn": "urn:pulumi:dev::test::pulumi-python:dynamic/xai:PhoneNumber::+14155550100", "outputs": outputs}
    pulumi.state = json.dumps({"deployment": {"resources": [number]}})
    found = checks(told, "dev")["one"]
    assert found == {
        "name": "one",
        "status": "warning",
        "detail": "the newest table has 1 more and 1 fewer networks than are allowed",
        "step": "xtel ranges update dev",
    }


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("twilio.py", "twilio"),
        ("httpx/__init__.py", "httpx"),
        ("pydantic.py", "pydantic"),
        ("jinja2/__init__.py", "jinja2"),
        ("stacks/__init__.py", "stacks"),
        ("providers/__init__.py", "providers"),
        ("xai_resources.py", "xai_resources"),
        ("logging.py", "logging"),
    ],
)
def test_files_that_hide_a_package(project: Path, told: Told, file: str, name: str) -> None:
    place = project / file
    place.parent.mkdir(exist_ok=True)
    place.touch()
    found = checks(told, "--offline")[name]
    hiding = file.removesuffix("/__init__.py")
    assert found["status"] == "error"
    assert found["detail"] == f"{hiding} hides the package {name}"
    assert found["step"] == f"rename {hiding}"


def test_also_in_the_working_directory_and_nothing_harmless(
    project: Path, monkeypatch: pytest.MonkeyPatch, told: Told
) -> None:
    (project / "twilio").mkdir()  # no package: Python goes on looking
    (project / "test.py").touch()
    (project / "docs").mkdir()
    assert checks(told)["installation"]["status"] == "ok"
    assert told()[0] == 0
    (project / "docs/telnyx.py").touch()
    assert told()[0] == 0
    monkeypatch.chdir(project / "docs")
    assert checks(told)["telnyx"]["detail"] == "telnyx.py hides the package telnyx"


def test_another_installation_is_an_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("providers", "stacks", "xai_resources"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").touch()
    spec = doctor.PathFinder.find_spec("providers", [str(tmp_path)])
    monkeypatch.setattr(doctor, "find_spec", lambda name: spec)
    (found,) = doctor._installed()
    assert found.status == "error"
    assert found.detail.startswith(f"providers comes from {tmp_path}")


def test_on_a_terminal_it_is_coloured_and_folded(
    env: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLORTERM", "")
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.delenv("NO_COLOR", raising=False)
    doctor._show(doctor.Check("name", "error", "word " * 30, "a step " * 20), 18)
    out = capsys.readouterr().out
    assert out.startswith("\x1b[31m✗ error   name               word word")
    assert out.count("\n") == 4
    assert "next: a step" in out.splitlines()[-1]


def test_a_credential_of_two_carriers_stands_there_once(
    env: dict[str, str], monkeypatch: pytest.MonkeyPatch, told: Told
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    lines = told("--offline")[1].splitlines()
    assert [line.split()[2] for line in lines if "set by" in line and "AWS_" in line] == [
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
    ]


def test_progress_is_shown_while_vendors_are_asked(
    env: dict[str, str], monkeypatch: pytest.MonkeyPatch, told: Told
) -> None:
    shown: list[str] = []
    working = terminal.working
    monkeypatch.setattr(terminal, "working", lambda text: shown.append(text) or working(text))
    told("dev")
    assert shown == ["asking xAI, Twilio"]


def test_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert ended("doctor", "--help") == 0
    out = capsys.readouterr().out
    assert "xtel doctor" in out.partition("Example")[2]
    assert "Exit codes: 0" in out
    assert "--matrix" not in out
    assert max(map(len, out.splitlines())) <= 80
    assert ended("doctor", "a", "b") == ended("doctor", "--nosuch") == 64


@pytest.mark.engine
def test_with_the_real_pulumi(tmp_path: Path, sandbox: Sandbox) -> None:
    project = Project(tmp_path, sandbox)
    project.declare()
    project.run("config", "set", "--secret", "xai:apiKey", project.env["XAI_API_KEY"])
    environment = os.environ | project.env | {"XAI_API_KEY": "of another team"}
    done = subprocess.run(
        [str(Path(sys.executable).parent / "xtel"), "doctor", "test"],
        cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert "XAI_API_KEY        set by the stack's config (xai:apiKey)\n" in done.stdout
    assert "team 00000000-0000-4000-8000-000000000001 (" in done.stdout
    assert "\x1b" not in done.stdout
