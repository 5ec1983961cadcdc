"""The pages of the carriers are true: the first stack file and every command of each run as they stand there."""

from __future__ import annotations

import pytest

from tests.conftest import ROOT, Sandbox
from tests.engine import (
    test_chime,
    test_connect,
    test_genesys,
    test_plivo,
    test_telnyx,
    test_vonage,
    test_webex,
    test_zoom,
)
from tests.engine.conftest import HEAD, SUPPORT, Project
from tests.engine.test_readme import blocks, commands, run
from tests.test_xtel_plan import commit, git

pytestmark = [pytest.mark.engine, pytest.mark.plain]


@pytest.mark.parametrize(
    ("page", "number", "checks"),
    [
        ("plivo", test_plivo.NYC_NUMBER, test_plivo),
        ("telnyx", test_telnyx.LONDON_NUMBER, test_telnyx),
        ("vonage", test_vonage.NUMBER, test_vonage),
        ("chime", test_chime.NUMBER, test_chime),
        ("connect", test_connect.NUMBER, test_connect),
        ("webex", test_webex.NUMBER, test_webex),
        ("zoom", test_zoom.NUMBER, test_zoom),
        ("genesys", test_genesys.NUMBER, test_genesys),
    ],
)
def test_stack_file_and_commands_run(project: Project, sandbox: Sandbox, page: str, number: str, checks) -> None:
    text = (ROOT / f"docs/{page}.md").read_text()
    [stack, *_] = blocks(text, "yaml")
    (project.folder / "stacks/prod.yaml").write_text(stack)
    found = commands(text)
    assert "pulumi up --yes" in found
    destroying = found.index("pulumi destroy --yes")
    before = checks.objects(sandbox)
    for command in found[:destroying]:
        run(project, command)
    checks.wired(sandbox, number)
    for command in found[destroying:]:
        run(project, command)
    assert checks.objects(sandbox) == before


def test_operating_a_network(project: Project, sandbox: Sandbox) -> None:
    stack = project.folder / "stacks/prod.yaml"
    stack.write_text(HEAD + SUPPORT)
    run(project, "pulumi stack select --create prod")
    run(project, "pulumi up --yes")
    before = sandbox.secrets()["signing_secrets"]
    found = commands((ROOT / "docs/operations.md").read_text())
    assert [command.split()[1] for command in found] == [
        "recover",
        "recover",
        "drift",
        "inventory",
        "rotate",
        "secrets",
        "rotate",
    ]
    for command in found:
        run(project, command)
    assert sandbox.secrets()["signing_secrets"] != before


def test_buying_and_releasing_numbers(project: Project, sandbox: Sandbox) -> None:
    text = (ROOT / "docs/numbers.md").read_text()
    [stack, *_] = blocks(text, "yaml")
    (project.folder / "stacks/prod.yaml").write_text(stack)
    found = commands(text)
    assert "pulumi up --yes" in found
    for command in found:
        run(project, command)
    counters = sandbox.state()["counters"]
    assert (counters["purchases"], counters["releases"]) == (1, 0)


def test_files_for_a_pbx(project: Project, sandbox: Sandbox) -> None:
    text = (ROOT / "docs/sip.md").read_text()
    [stack, *_] = blocks(text, "yaml")
    (project.folder / "stacks/prod.yaml").write_text(
        f"version: 1\ndefaults:\n  webhook: {{url: https://voice.example.com/calls}}\n{stack}"
    )
    run(project, "pulumi stack select --create prod")
    project.run("config", "set", "--secret", "hqSipPassword", "canary-5678", "--stack", "prod")
    run(project, "pulumi up --yes")
    assert sandbox.secrets()["digest"]["+498912345670"]["password"] == "canary-5678"
    found = commands(text)
    assert len(found) == 3
    for command in found:
        run(project, command)
    [secret] = (project.folder / "bundles/prod").rglob("*secret.conf")
    assert "canary-5678" in secret.read_text()
    assert secret.stat().st_mode & 0o077 == 0


def test_tracing_a_network(project: Project, sandbox: Sandbox) -> None:
    (project.folder / "stacks/prod.yaml").write_text(HEAD + SUPPORT)
    run(project, "pulumi stack select --create prod")
    run(project, "pulumi up --yes")
    found = commands((ROOT / "docs/trace.md").read_text())
    assert [command.split()[1] for command in found] == ["trace"] * 4
    for command in found:
        run(project, command)


def test_rehearsing_a_change(project: Project, sandbox: Sandbox) -> None:
    (project.folder / "stacks/prod.yaml").write_text(HEAD + SUPPORT)
    (project.folder / ".gitignore").write_text("/.venv\n/backend\n/home\n")
    git(project.folder, "init", "--quiet", "--initial-branch=main")
    commit(project.folder)
    found = commands((ROOT / "docs/rehearsal.md").read_text())
    assert [command.split()[1] for command in found] == ["rehearse", "rehearse", "rehearse", "plan"]
    for command in (found[0], *found[2:]):  # the second is the third without a file
        run(project, command)


def test_calling_a_network(project: Project, sandbox: Sandbox) -> None:
    (project.folder / "stacks/sandbox.yaml").write_text(HEAD + SUPPORT)
    project.run("stack", "select", "--create", "sandbox")
    project.run("up", "--yes", "--stack", "sandbox")
    found = commands((ROOT / "docs/calls.md").read_text())
    assert [command.split()[1] for command in found] == ["call"] * 4
    for command in found:
        run(project, command)
