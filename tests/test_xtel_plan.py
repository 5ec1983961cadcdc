"""`xtel plan` without an engine: a saved preview, two versions of the stack file, formats, exit codes."""

from __future__ import annotations

import io
import json
import subprocess
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from tests import record
from tests.test_xtel_cli import ended, run

FILE = """version: 1
defaults:
  webhook: {url: https://voice.example.com/calls}
numbers:
  support:
    number: "+14155550100"
    route: {carrier: twilio}
  nyc:
    number: "+12125550177"
    route: {carrier: plivo}
    auth: {digest: {username: nyc, password: {secret: nycPassword}}}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project in a git repository, with one commit."""
    (tmp_path / "stacks").mkdir()
    (tmp_path / "Pulumi.yaml").write_text("name: test\nruntime: python\n")
    (tmp_path / "stacks/test.yaml").write_text(FILE)
    git(tmp_path, "init", "--quiet", "--initial-branch=main")
    commit(tmp_path)
    return tmp_path


def git(folder: Path, *arguments: str) -> None:
    who = ["-c", "user.name=Tester", "-c", "user.email=tester@example.com", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True)


def commit(folder: Path) -> None:
    git(folder, "add", "-A")
    git(folder, "commit", "--quiet", "-m", "x")


def inside(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """The verb in this process: a new one for each would take most of the time."""
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.chdir(cwd)
        code = ended(*arguments)
    return subprocess.CompletedProcess(arguments, code, out.getvalue(), err.getvalue())


def change(folder: Path, old: str, new: str) -> None:
    file = folder / "stacks/test.yaml"
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new))


@pytest.mark.parametrize(
    ("case", "code"), [("unchanged", 0), ("create", 2), ("shared", 2), ("refused", 3), ("failed", 1), ("protected", 3)]
)
@pytest.mark.parametrize("source", ["events.jsonl", "preview.json"])
def test_exit_codes_of_a_saved_preview(project: Path, case: str, code: int, source: str) -> None:
    (project / "stacks/test.yaml").write_text((record.CASES / case / "stack.yaml").read_text())
    done = run("plan", "test", "--from", str(record.CASES / case / source), cwd=project, PATH="")
    assert (done.returncode, done.stderr) == (code, "")
    assert done.stdout.startswith("test: ")
    assert "\x1b" not in done.stdout


def test_every_format_and_a_file(project: Path) -> None:
    saved = str(record.CASES / "create/events.jsonl")
    starts = {"md": "<!-- xtel:plan stack=test -->", "json": "{", "github": "::notice ", "html": "<!doctype html>"}
    for format, start in starts.items():
        done = run("plan", "test", "--from", saved, "--format", format, cwd=project)
        assert done.stdout.startswith(start) and done.returncode == 2
        out = project / f"report.{format}"
        written = run("plan", "test", "--from", saved, "--format", format, "--out", str(out), cwd=project)
        assert (written.stdout, written.returncode) == ("", 2)
        assert f"test: safe · 5 numbers start ringing; written to {out}" in written.stderr
        assert out.read_text() == done.stdout
    found = json.loads(run("plan", "test", "--from", saved, "--json", cwd=project).stdout)
    assert (found["verdict"], found["plan"]["source"], found["plan"]["policy"]) == ("safe", "preview file", None)


def test_annotations_stand_on_the_lines_of_the_repository(project: Path) -> None:
    (project / "stacks/test.yaml").write_text((record.CASES / "refused/stack.yaml").read_text())
    saved = str(record.CASES / "refused/events.jsonl")
    env = {"GITHUB_WORKSPACE": str(project), "GITHUB_SERVER_URL": "https://git.example.com", "GITHUB_SHA": "abc"}
    done = run("plan", "test", "--from", saved, "--format", "github", cwd=project, **env)
    assert "::error file=stacks/test.yaml,line=5,title=support · +14155550100%3A refused::" in done.stdout
    linked = run("plan", "test", "--from", saved, "--format", "md", cwd=project, GITHUB_REPOSITORY="acme/phones", **env)
    assert "https://git.example.com/acme/phones/blob/abc/stacks/test.yaml#L5" in linked.stdout


def test_two_versions_of_a_file_need_nobody(project: Path) -> None:
    same = run("plan", "test", "--base", "main", cwd=project, PATH="/usr/bin:/bin")
    assert (same.returncode, same.stdout.splitlines()[0]) == (0, "test: no changes · 2 numbers ring as before")
    change(project, "{carrier: twilio}", "{carrier: telnyx}")
    moved = run("plan", "test", "--base", "main", "--json", cwd=project, PATH="/usr/bin:/bin")
    found = json.loads(moved.stdout)
    [number] = found["plan"]["numbers"]
    assert (number["kind"], number["before"]["carriers"], number["after"]["carriers"]) == (
        "rerouted", ["twilio"], ["telnyx"],
    )  # fmt: skip
    assert number["after"]["targets"] == ["sip:+14155550100@sip.voice.x.ai:5061;transport=tls"]
    assert number["two_routes"] is False
    assert (found["plan"]["compared"], found["plan"]["checksum"]) == ("main", "")
    assert (moved.returncode, found["verdict"], number["replacement"]["consent"]) == (3, "blocked", "missing")
    change(project, "{carrier: telnyx}", "{carrier: telnyx}\n    replace: accept")
    accepted = json.loads(run("plan", "test", "--base", "main", "--json", cwd=project).stdout)
    assert (accepted["verdict"], accepted["plan"]["numbers"][0]["replacement"]["consent"]) == ("needs a look", "given")


def test_a_number_that_leaves_is_found_without_an_engine(project: Path) -> None:
    file = project / "stacks/test.yaml"
    file.write_text(file.read_text().split("  nyc:")[0])
    done = run("plan", "test", "--base", "HEAD", cwd=project)
    assert done.returncode == 3
    assert "test: dangerous, blocked · 1 number stops ringing" in done.stdout
    line = 'accept:\n  - {rule: number-keeps-inbound, number: "+12125550177", until: 2999-12-31, why: it leaves}\n'
    file.write_text(file.read_text() + line)
    assert run("plan", "test", "--base", "HEAD", cwd=project).stdout.startswith(
        "test: dangerous, accepted · 1 number stops ringing"
    )


BRANCH = """version: 1
defaults:
  webhook: {url: https://voice.example.com/calls}
agents:
  sales:
    instructions: Greet and qualify.
    tools:
      - {type: mcp, server_url: "https://crm.example.com/mcp", server_label: crm, authorization: {secret: crmToken}}
  night: {instructions_file: agents/night.md}
numbers:
  support:
    number: "+14155550100"
    route: {carrier: twilio}
    agent: sales
"""
BOUGHT = """  nyc:
    route: {carrier: plivo, buy: {country: US}}
    auth: {digest: {username: nyc}}
"""


@pytest.fixture
def branch(project: Path) -> Path:
    """A project whose main has two agents and a number, one agent with its instructions in a file."""
    (project / "agents").mkdir()
    (project / "agents/night.md").write_text("Take a message.\n")
    (project / "stacks/test.yaml").write_text(BRANCH)
    commit(project)
    return project


def changed_on_branch(folder: Path) -> None:
    change(folder, "Greet and qualify.", "Greet, qualify and book.")
    change(folder, "crm.example.com", "crm.example.net")
    change(folder, "agent: sales\n", f"agent: sales\n    on_delete: release\n{BOUGHT}")
    (folder / "agents/night.md").unlink()  # the folder, too, is there at the base alone
    (folder / "agents").rmdir()
    (folder / "prompts").mkdir()
    (folder / "prompts/night.md").write_text("Take a name and a number.\n")
    change(folder, "agents/night.md", "prompts/night.md")


def test_agents_purchases_and_releases_show_between_two_versions(branch: Path) -> None:
    changed_on_branch(branch)
    done = run("plan", "test", "--base", "main", "--json", cwd=branch, PATH="/usr/bin:/bin")
    found = json.loads(done.stdout)
    objects = {item["name"]: item for item in found["plan"]["objects"]}
    changes = {
        name: {each["path"]: (each["before"], each["after"]) for each in item["changes"]}
        for name, item in objects.items()
    }
    assert changes["sales"]["instructions"] == ("Greet and qualify.", "Greet, qualify and book.")
    assert changes["sales"]["tools[crm].server_url"] == ("https://crm.example.com/mcp", "https://crm.example.net/mcp")
    assert changes["night"] == {"instructions": ("Take a message.", "Take a name and a number.")}
    assert objects["+14155550100/purchase"]["op"] == "create"
    assert changes["+14155550100/purchase"]["on_delete"] == ("", "release")
    made = {name: item["type"] for name, item in objects.items() if item["op"] == "create"}
    assert made == {
        "+14155550100/purchase": "twilio:Purchase",
        "nyc/password": "xai:Password",
        "nyc/choice": "plivo:Choice",
        "nyc/purchase": "plivo:Purchase",
        "nyc": "xai:PhoneNumber",
        "nyc/uri": "plivo:Uri",
        "nyc/trunk": "plivo:Trunk",
        "nyc/attachment": "plivo:Attachment",
    }
    assert changes["nyc/purchase"]["phone_number"] == ("", "known after apply")
    numbers = {number["name"]: number for number in found["plan"]["numbers"]}
    assert (numbers["nyc"]["kind"], numbers["nyc"]["e164"]) == ("gains inbound", "")
    assert numbers["nyc"]["after"]["targets"] == ["sip:…@sip.voice.x.ai;transport=tls"]
    assert numbers["+14155550100"]["after"]["agent"] == "sales"
    assert (done.returncode, found["verdict"], found["headline"]) == (
        3, "blocked",
        "1 known secret goes to a new host, 1 number is bought, 1 number starts ringing, "
        "agent night changes: 0 numbers, agent sales changes: 1 number",
    )  # fmt: skip
    told = {finding["what"]: finding["number"] for finding in found["findings"] if finding["level"] == "warning"}
    assert told == {
        "is given back when it leaves the stack": "+14155550100",
        "a number is bought for it": "nyc",
        "its instructions change in 1 line; it answers 1 number": "",
        "what it may call changes; crm goes to crm.example.net with its authorization; it answers 1 number": "",
        "its instructions change in 1 line; it answers 0 numbers": "",
    }


@pytest.mark.parametrize("format", ["text", "md"])
def test_people_read_the_same_of_them(branch: Path, format: str) -> None:
    changed_on_branch(branch)
    told = run("plan", "test", "--base", "main", "--format", format, cwd=branch).stdout
    for line in (
        "instructions           Greet and qualify. → Greet, qualify and book.",
        "instructions           Take a message. → Take a name and a number.",
        "tools[crm].server_url  https://crm.example.com/mcp → https://crm.example.net/mcp",
        "what it may call changes; crm goes to crm.example.net with its authorization; it answers 1 number",
        "twilio:Purchase        purchase created",
        "is given back when it leaves the stack",
        "a number is bought for it",
        "plivo:Purchase         purchase created",
        "Plivo → sip:…@sip.voice.x.ai;transport=tls",
    ):
        assert line in told, line


@pytest.mark.parametrize("format", ["text", "md", "json"])
def test_a_tools_secret_in_plain_configuration_is_found(branch: Path, format: str) -> None:
    config = branch / "Pulumi.test.yaml"
    change(branch, "authorization: {secret: crmToken}", "headers: {X-Key: {secret: crmToken}}")
    config.write_text("config:\n  test:crmToken: canary-0123456789\n  test:other: plain\n")
    done = run("plan", "test", "--base", "main", "--format", format, cwd=branch)
    assert "test:crmToken stands in the clear in the stack's configuration" in done.stdout
    assert "secret-not-in-plain-config" in done.stdout
    assert (done.returncode, "canary" in done.stdout + done.stderr, "test:other" in done.stdout) == (3, False, False)
    config.write_text("config:\n  test:crmToken:\n    secure: v1:abcdefgh:0123456789\n")
    assert run("plan", "test", "--base", "main", cwd=branch).returncode == 2


def test_instructions_that_a_revision_does_not_have(branch: Path) -> None:
    (branch / "agents/night.md").rename(branch / "agents/evening.md")
    commit(branch)  # main names a file that is not there
    change(branch, "agents/night.md", "agents/evening.md")
    done = run("plan", "test", "--base", "main", cwd=branch)
    assert (done.returncode, done.stdout) == (1, "")
    [line] = done.stderr.splitlines()
    assert "test.yaml at main cannot be read: line 9: is not there at main; next: " in line


def test_another_agent_answers_and_a_renamed_one_is_the_same(branch: Path) -> None:
    change(branch, "agent: sales", "agent: night")
    [number] = json.loads(run("plan", "test", "--base", "main", "--json", cwd=branch).stdout)["plan"]["numbers"]
    assert (number["kind"], number["before"]["agent"], number["after"]["agent"]) == ("rerouted", "sales", "night")
    (branch / "stacks/test.yaml").write_text(BRANCH)
    change(branch, "  sales:\n", "  selling:\n    name: sales\n    was: [sales]\n")
    change(branch, "agent: sales", "agent: selling")
    found = json.loads(run("plan", "test", "--base", "main", "--json", cwd=branch).stdout)
    assert (found["plan"]["numbers"], found["plan"]["ops"]) == (
        [], {"create": 0, "update": 1, "replace": 0, "delete": 0},
    )  # fmt: skip


def test_a_number_still_to_be_bought_changes_without_its_digits(branch: Path) -> None:
    file = branch / "stacks/test.yaml"
    file.write_text(BRANCH + BOUGHT)
    commit(branch)
    change(branch, BOUGHT, BOUGHT.replace("nyc:", "ny:", 1) + "    was: [nyc]\n    sip_host: sip.eu.voice.x.ai\n")
    found = json.loads(run("plan", "test", "--base", "main", "--json", cwd=branch).stdout)["plan"]
    [number] = found["numbers"]
    assert (number["name"], number["kind"], number["before"]["targets"], number["after"]["targets"]) == (
        "ny", "rerouted", ["sip:…@sip.voice.x.ai;transport=tls"], ["sip:…@sip.eu.voice.x.ai;transport=tls"],
    )  # fmt: skip
    assert (found["ops"]["create"], found["ops"]["delete"]) == (0, 0)
    assert [item["name"] for item in found["objects"] if item["op"] == "replace"] == ["ny"]


def test_a_file_that_did_not_exist_was_empty(project: Path) -> None:
    (project / "stacks/new.yaml").write_text(FILE)
    done = run("plan", "new", "--base", "main", cwd=project)
    assert (done.returncode, done.stdout.splitlines()[0]) == (2, "new: safe · 2 numbers start ringing")


@pytest.mark.parametrize("format", ["text", "md", "json", "github", "html"])
def test_a_saved_plan_is_shown_in_every_format(project: Path, format: str) -> None:
    (project / "stacks/test.yaml").write_text((record.CASES / "refused/stack.yaml").read_text())
    saved = str(record.CASES / "refused/events.jsonl")
    kept = project / "plan.json"
    kept.write_text(run("plan", "test", "--from", saved, "--json", cwd=project).stdout)
    again = run("plan", "test", "--from", str(kept), "--format", format, cwd=project)
    first = run("plan", "test", "--from", saved, "--format", format, cwd=project)
    assert (again.returncode, again.stdout, again.stderr) == (3, first.stdout, "")


PLAN = (record.CASES / "create/report.json").read_text()
STEP = {"op": "create", "urn": "urn:pulumi:test::p::pulumi-python:dynamic/xai:PhoneNumber::+14155550100"}


@pytest.mark.parametrize(
    "text",
    [
        "{}", "[]", "null", "1", '"x"', "[" * 100_000, '{"a":' * 100_000, PLAN[:2000], PLAN.replace('"safe"', "5"),
        PLAN.replace('"numbers": [', '"numbers": [7, '), '{"verdict": 1, "plan": 2}',
        json.dumps({"steps": 5}), json.dumps({"steps": [1]}), json.dumps({"steps": [{"urn": 5}]}),
        json.dumps({"steps": [{**STEP, "newState": 7}, {**STEP, "newState": {"inputs": [1]}}, None]}),
        json.dumps({"steps": [{**STEP, "detailedDiff": 3}]}), json.dumps({"steps": [], "diagnostics": 3}),
        json.dumps({"steps": [], "diagnostics": ["x"]}), '{"sequence": 1, "resourcePreEvent": 5}',
        '{"sequence": 1, "resourcePreEvent": {"metadata": []}}\n{"sequence": 2, "summaryEvent": 5}',
        '{"sequence": 1, "diagnosticEvent": "x"}', '{"sequence": 1, "policyEvent": [1]}', "\x00", "\ufeff{}",
    ],
    ids=lambda text: text[:40],
)  # fmt: skip
def test_whatever_else_is_given_is_one_line(project: Path, text: str) -> None:
    (project / "odd.json").write_text(text)
    done = inside("plan", "test", "--from", "odd.json", cwd=project)
    assert (done.returncode, done.stdout) == (1, ""), done.stdout
    [line] = done.stderr.splitlines()
    assert line.startswith("error: ") and "; next: " in line and len(line) <= 310
    assert "Traceback" not in line and "pydantic" not in line


def test_a_saved_plan_of_another_stack_is_refused(project: Path) -> None:
    (project / "plan.json").write_text(PLAN.replace('"stack": "test"', '"stack": "other"'))
    done = inside("plan", "test", "--from", "plan.json", cwd=project)
    assert (done.returncode, done.stdout) == (1, "")
    assert "plan.json is a plan of the stack other" in done.stderr


def test_what_the_plan_proposes_is_refused_until_its_reason_is_written(project: Path) -> None:
    file = project / "stacks/test.yaml"
    file.write_text(file.read_text().split("  nyc:")[0])
    told = run("plan", "test", "--base", "HEAD", cwd=project).stdout
    block = "\n".join(line[2:] for line in told.split("stands there once):\n")[1].split("\n\n")[0].splitlines())
    whole = file.read_text()
    file.write_text(f"{whole}{block}\n")
    refused = run("validate", "test", cwd=project)
    assert refused.returncode == 1 and "why: must say why in your own words" in refused.stderr + refused.stdout
    file.write_text(f"{whole}{block}\n".replace("WRITE WHY", "the office closes"))
    assert run("plan", "test", "--base", "HEAD", cwd=project).stdout.startswith("test: dangerous, accepted · ")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--base", "nosuch"], "git has no revision nosuch"),
        (["--base=--output=x"], "--output=x is no git revision"),
        (["--from", "nosuch.json"], "nosuch.json cannot be read"),
        (["--from", "Pulumi.yaml"], "this is neither the output of `pulumi preview --json` nor an event log"),
    ],
)
def test_errors_have_one_line_and_a_next_step(project: Path, arguments: list[str], message: str) -> None:
    done = run("plan", "test", *arguments, cwd=project)
    assert (done.returncode, done.stdout) == (1, "")
    [line] = done.stderr.splitlines()
    assert line.startswith(f"error: {message}") and "; next: " in line


def test_options_that_exclude_each_other(project: Path) -> None:
    assert run("plan", "test", "--base", "main", "--refresh", cwd=project).returncode == 64


def test_without_a_pulumi_the_next_step_is_said(project: Path) -> None:
    done = run("plan", "test", cwd=project, PULUMI_BACKEND_URL=f"file://{project}/nosuch")
    assert (done.returncode, done.stdout) == (1, "")
    progress, error = done.stderr.splitlines()
    assert progress == "planning" and error.startswith("error: pulumi preview: ")
