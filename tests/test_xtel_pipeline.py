"""`xtel new --ci`: what is written is safe to run, and its script steps do what they say, against real programs."""

from __future__ import annotations

import html
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from stacks import document, schema
from tests import forge as forges
from tests import record
from tests.conftest import ROOT, Sandbox
from tests.forge import TOKEN, Store, github, gitlab
from tests.test_xtel_cli import ended, run
from tests.test_xtel_comment import in_github, in_gitlab, nowhere  # noqa: F401
from tests.test_xtel_new import shell  # noqa: F401
from tests.test_xtel_plan import commit, git
from xtel.authoring import pipelines
from xtel.engine import cli
from xtel.project import layout, sources

SHA = "a" * 40
WORKFLOWS = [f".github/workflows/xtel-{name}.yml" for name in ("validate", "plan", "apply", "drift")]
COMMON = [".devcontainer/devcontainer.json", ".pre-commit-config.yaml"]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clean_env: None) -> Path:
    """A project with both systems' pipelines, and this Python's programs first on PATH, but no Pulumi."""
    monkeypatch.setattr(cli, "found", lambda: False)
    monkeypatch.chdir(tmp_path)
    assert ended("new", "demo", "--ci", "github") == 0
    monkeypatch.chdir("demo")
    assert ended("new", ".", "--ci", "gitlab") == 0
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("xtel", "python3"):
        (programs / name).symlink_to(Path(sys.executable).parent / name)
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    return Path.cwd()


@pytest.fixture
def hub() -> Iterator[Store]:
    with forges.serving(Store(), github.answer) as store:
        yield store


@pytest.fixture
def lab() -> Iterator[Store]:
    with forges.serving(Store(me="project_42_bot", may={"api"}), gitlab.answer) as store:
        yield store


def workflow(folder: Path, name: str) -> dict[str, Any]:
    return yaml.load((folder / f".github/workflows/xtel-{name}.yml").read_text(), yaml.BaseLoader)


def step(folder: Path, flow: str, job: str, name: str) -> str:
    """The script of a named step."""
    [found] = [item for item in workflow(folder, flow)["jobs"][job]["steps"] if item.get("name") == name]
    return found["run"]


def lines(folder: Path, job: str) -> str:
    """The script of a GitLab job, as its runner joins it."""
    return "\n".join(yaml.load((folder / ".gitlab-ci.yml").read_text(), yaml.BaseLoader)[job]["script"])


def bash(script: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """As both runners start it."""
    command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script]
    env = {**os.environ, **environment}
    return subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, timeout=300, check=False)


# --- what is written ---


def test_a_new_project_and_one_that_exists_get_the_same_files(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for path in (*WORKFLOWS, *COMMON, ".gitlab-ci.yml"):
        assert (project / path).is_file()
    before = {path: (project / path).read_text() for path in WORKFLOWS}
    (project / WORKFLOWS[0]).write_text("mine")
    (project / WORKFLOWS[1]).unlink()
    capsys.readouterr()
    assert ended("new", ".", "--ci", "github", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["stacks"], told["files"]) == (["dev"], [WORKFLOWS[1]])
    assert set(told["kept"]) == {*COMMON, *WORKFLOWS} - {WORKFLOWS[1]}
    assert (project / WORKFLOWS[0]).read_text() == "mine"
    assert (project / WORKFLOWS[1]).read_text() == before[WORKFLOWS[1]]


def triggers(paths: list[str], file: str) -> bool:
    """Whether a push that changes this file starts a workflow: the last pattern that matches it decides."""
    found = False
    for pattern in paths:
        form = re.escape(pattern.removeprefix("!")).replace(r"\*\*", ".*").replace(r"\*", "[^/]*")
        if re.fullmatch(form, file):
            found = not pattern.startswith("!")
    return found


#: Where an agent's instructions may stand: anywhere in the project.
PROMPTS = ["agents/sales.md", "prompt.txt", "docs/calls/sales.txt", "README.md", "agents/night/sales.md"]
#: Every field of a stack file that names a file of the project; `ca_file` is a path on the PBX.
NAMING = {("Agent", "instructions_file")}


def test_every_change_of_what_a_stack_reads_starts_the_apply(project: Path) -> None:
    stack = project / "stacks/dev.yaml"
    (project / "networks").mkdir()
    text = stack.read_text()
    for index, prompt in enumerate(PROMPTS):
        (project / prompt).parent.mkdir(parents=True, exist_ok=True)
        (project / prompt).write_text("Greet.")
        text += "agents:\n" * (not index) + f"  a{index}: {{instructions_file: {prompt}}}\n"
    (project / "networks/dev.yaml").write_text(text)
    (project / "Pulumi.dev.yaml").write_text("config: {'xtel:file': networks/dev.yaml}\n")
    stack.unlink()
    (project / "stacks/other.yaml").write_text("version: 1\nnumbers: {}\n")
    here = layout.Project(project)
    files = sources.read_by(here, "dev", document.read(here.stack_file("dev")))
    assert set(PROMPTS) < set(files)
    assert {"Pulumi.yaml", "Pulumi.dev.yaml", "__main__.py", "networks/dev.yaml", "requirements.txt"} < set(files)
    (project / WORKFLOWS[2]).unlink()
    assert ended("new", ".", "--ci", "github") == 0
    paths = workflow(project, "apply")["on"]["push"]["paths"]
    assert [file for file in files if not triggers(paths, file)] == []
    assert not triggers(paths, "CHANGELOG.md")
    named = {
        (name, field) for name, said in schema.build()["definitions"].items() for field in said.get("properties", ())
        if field.endswith("file")
    }  # fmt: skip
    assert named - {("sip", "ca_file"), ("sip", "profile")} == NAMING, (
        "sources.read_by must list what a new field names"
    )


def test_files_of_later_start_the_apply_without_a_new_workflow(project: Path) -> None:
    paths = workflow(project, "apply")["on"]["push"]["paths"]
    for file in ("stacks/eu.yaml", "Pulumi.eu.yaml", "network/helpers.py", "agents/new/sales.md", "templates/x.j2"):
        assert triggers(paths, file), file
    assert not triggers(paths, "README.md")
    assert "changes" not in (project / ".gitlab-ci.yml").read_text()


def test_every_stack_and_every_carrier_of_a_project_is_in_them(project: Path) -> None:
    text = (project / "stacks/dev.yaml").read_text().replace("carrier: twilio", "carrier: plivo")
    (project / "stacks/eu.yaml").write_text(text)
    (project / "stacks/sandbox.yaml").write_text(text)
    for path in WORKFLOWS:
        (project / path).unlink()
    assert ended("new", ".", "--ci", "github") == 0
    plan = workflow(project, "plan")["jobs"]
    assert plan["plan"]["strategy"]["matrix"]["stack"] == ["dev", "eu"]
    told = " ".join(f"plans/{name}.json --rehearsed plans/{name}.rehearsal.json" for name in ("dev", "eu"))
    assert step(project, "plan", "comment", "Comment") == f"xtel comment {told}"
    [env] = [item["env"] for item in plan["plan"]["steps"] if item.get("name") == "Plan"]
    assert {"XAI_API_KEY", "TWILIO_AUTH_TOKEN", "PLIVO_AUTH_TOKEN", "PULUMI_CONFIG_PASSPHRASE"} < env.keys()
    assert "TELNYX_API_KEY" not in env
    assert (
        len([item for item in workflow(project, "drift")["jobs"]["drift"]["steps"] if "Drift" in item.get("name", "")])
        == 2
    )


def test_a_project_without_a_stack_of_its_own_is_refused(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / "stacks/dev.yaml").rename(project / "stacks/sandbox.yaml")
    assert ended("new", ".", "--ci", "github") == 1
    assert "there is no stack in stacks but the sandbox's; next: " in capsys.readouterr().err
    (project / "stacks/sandbox.yaml").rename(project / "stacks/a b.yaml")
    assert ended("new", ".", "--ci", "github") == 1
    assert "a b is no name for a stack" in capsys.readouterr().err


def test_actions_are_pinned_by_commit_and_nothing_runs_for_foreign_code_with_secrets(project: Path) -> None:
    for path in WORKFLOWS:
        text = (project / path).read_text()
        uses = re.findall(r"uses: (.*)", text)
        assert uses and all(re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", item) for item in uses), path
        assert set(uses) <= set(pipelines.PINS.values())
        assert "pull_request_target" not in text and "workflow_run" not in text
        assert text.count("persist-credentials: false") == text.count("actions/checkout@")
        for job in yaml.safe_load(text)[
            "jobs"
        ].values():  # an expression is pasted into a script before a shell reads it
            assert not [item for item in job["steps"] if "${{" in item.get("run", "")]


def test_permissions_are_the_least_and_no_job_has_both_secrets_and_a_pen(project: Path) -> None:
    asked: dict[str, dict[str, str]] = {}
    for name in ("validate", "plan", "apply", "drift"):
        flow = workflow(project, name)
        assert flow["permissions"] == {}
        for title, job in flow["jobs"].items():
            asked[f"{name}.{title}"] = job["permissions"]
            assert "timeout-minutes" in job and "env" not in job
            for item in job["steps"]:
                secret = "secrets." in json.dumps(item)
                assert not secret or item["name"] in {"Plan", "Apply", "Drift of dev", "Trace of dev", "Calls of dev"}
                assert not (secret and "github.token" in json.dumps(item))
    read = {"contents": "read"}
    assert asked == {
        "validate.validate": read,
        "plan.plan": read,
        "plan.rehearse": read,
        "plan.comment": {**read, "pull-requests": "write"},
        "plan.fork": read,
        "apply.apply": {**read, "pull-requests": "read"},
        "drift.drift": {**read, "issues": "write"},
    }


def test_changes_are_rehearsed_over_what_they_are_merged_into_without_a_credential(project: Path) -> None:
    job = json.dumps(workflow(project, "plan")["jobs"]["rehearse"])
    assert "secrets." not in job and "vars." not in job
    named = step(project, "plan", "rehearse", "Rehearse")
    assert """xtel rehearse "$STACK" --base 'HEAD^1' --json --out "$file.json" """ in named
    forked = step(project, "plan", "fork", "Rehearse")
    assert forked == """xtel rehearse "$STACK" --base 'HEAD^1' --format md >>"$GITHUB_STEP_SUMMARY" || [ $? -eq 2 ]"""
    assert """xtel rehearse "$STACK" --base "$base" --json --out "$file.json" """ in lines(project, "rehearse")
    assert """xtel rehearse "$STACK" --base "$CI_MERGE_REQUEST_DIFF_BASE_SHA" """ in lines(project, "fork")


def test_calls_at_night_are_asked_for_and_the_trace_can_be_switched_off(project: Path) -> None:
    steps = {item.get("name"): item for item in workflow(project, "drift")["jobs"]["drift"]["steps"]}
    assert steps["Trace of dev"]["if"] == "${{ !cancelled() && vars.XTEL_TRACE != 'off' }}"
    assert steps["Calls of dev"]["if"] == "${{ !cancelled() && vars.XTEL_CALL_FROM != '' }}"
    assert 'xtel trace "$STACK" --live --json ' in steps["Trace of dev"]["run"]
    assert 'xtel call "$STACK" --all --from "$CALL_FROM" --yes --json ' in steps["Calls of dev"]["run"]
    script = lines(project, "drift")
    assert 'test "$XTEL_TRACE" = off ||' in script and 'test -z "$XTEL_CALL_FROM" ||' in script


def test_plans_and_applies_wait_for_each_other_by_stack(project: Path) -> None:
    plan, apply = workflow(project, "plan")["jobs"]["plan"], workflow(project, "apply")["jobs"]["apply"]
    assert plan["concurrency"]["group"] == "xtel-plan-${{ matrix.stack }}-${{ github.event.number }}"
    assert apply["concurrency"] == {"group": "xtel-apply-${{ matrix.stack }}", "cancel-in-progress": "false"}
    assert apply["environment"] == "${{ matrix.stack }}"
    assert workflow(project, "apply")["on"]["push"]["branches"] == ["main"]
    assert workflow(project, "plan")["on"] == {"pull_request": ""}


def test_the_hook_and_the_container(project: Path) -> None:
    for file in (project / ".pre-commit-config.yaml", ROOT / ".pre-commit-hooks.yaml"):
        found = yaml.safe_load(file.read_text())
        [hook] = found["repos"][0]["hooks"] if isinstance(found, dict) else found
        assert (hook["entry"], hook["pass_filenames"], hook["always_run"]) == ("xtel validate", False, True)
        assert "files" not in hook
    container = json.loads((project / ".devcontainer/devcontainer.json").read_text())
    assert (container["name"], container["image"]) == ("demo", f"pulumi/pulumi-python:{pipelines.PULUMI}")


def test_the_pulumi_of_the_pipelines_is_the_one_that_is_tested() -> None:
    assert f'VERSION = "{pipelines.PULUMI}"' in (ROOT / "tools/engine/install.py").read_text()


# --- the page ---


def test_the_page_says_what_is_true(project: Path, hub: Store) -> None:
    page = (ROOT / "docs/pipelines.md").read_text()
    for path in (*WORKFLOWS, *COMMON, ".gitlab-ci.yml"):
        assert f"`{path}`" in page
    for name in ("validate", "plan", "apply", "drift"):
        for job in workflow(project, name)["jobs"].values():
            for right, level in job["permissions"].items():
                assert f"`{right}: {level}`" in page
    for pin in pipelines.PINS.values():
        action, _, sum = pin.partition(" # ")
        assert f"| `{action.partition('@')[0]}` | {sum} |" in page
    assert f"Pulumi {pipelines.PULUMI}" in page


def test_the_commands_of_the_page_run(project: Path, hub: Store) -> None:
    page = (ROOT / "docs/pipelines.md").read_text()
    commands = [line for block in re.findall(r"```sh\n(.*?)```", page, re.DOTALL) for line in block.splitlines()]
    assert len(commands) >= 8
    git(project, "init", "--quiet", "--initial-branch=main")
    commit(project)
    (project / "plans").mkdir()
    (project / "drift").mkdir()
    recorded = json.loads((record.CASES / "create/report.json").read_text())
    recorded["plan"]["stack"] = "dev"
    (project / "plans/dev.json").write_text(json.dumps(recorded))
    nothing = {"stack": "dev", "drift": False, "stopped_ringing": [], "numbers": {}, "notes": []}
    (project / "drift/dev.json").write_text(json.dumps(nothing))
    (project / "plans/eu.log").write_text("error: no such stack\n")
    hub.merges[SHA] = [{"number": 7, "merged_at": "2026-11-21T10:00:00Z", "merge_commit_sha": SHA}]
    for command in commands:
        done = bash(command, project, **in_github(hub, GITHUB_SHA=SHA))
        assert done.returncode == 0, (command, done.stderr)


# --- the script steps, without an engine ---


def test_validate(project: Path) -> None:
    for script in (step(project, "validate", "validate", "Validate"), lines(project, "validate")):
        assert bash(script, project).returncode == 0
    (project / "stacks/dev.yaml").write_text("version: 2\n")
    assert bash(step(project, "validate", "validate", "Validate"), project).returncode == 1


def test_a_fork_gets_the_routing_table_with_no_engine_and_no_secret(project: Path) -> None:
    git(project, "init", "--quiet", "--initial-branch=main")
    commit(project)
    file = project / "stacks/dev.yaml"
    file.write_text(file.read_text().replace("+14155550101", "+14155550102"))
    commit(project)
    told = {"STACK": "dev", "GITHUB_STEP_SUMMARY": str(project / "summary.md")}
    blocked = bash(step(project, "plan", "fork", "Compare"), project, **told)
    assert blocked.returncode == 1 and "::error file=stacks/dev.yaml" not in blocked.stderr
    assert "::error " in blocked.stdout and "number-keeps-inbound" in blocked.stdout
    assert "**Routing**" in (project / "summary.md").read_text()
    base = bash("git rev-parse HEAD^1", project).stdout.strip()
    done = bash(lines(project, "fork"), project, STACK="dev", CI_MERGE_REQUEST_DIFF_BASE_SHA=base)
    assert done.returncode == 1 and "dev: " in done.stdout.splitlines()[0]
    accept = 'accept:\n  - {rule: number-keeps-inbound, number: "+14155550101", until: 2999-12-31, why: it leaves}\n'
    file.write_text(file.read_text() + accept)
    assert bash(step(project, "plan", "fork", "Compare"), project, **told).returncode == 0
    compared = [line for line in lines(project, "fork").splitlines() if "rehearse" not in line]
    script = "\n".join(compared)
    assert bash(script, project, STACK="dev", CI_MERGE_REQUEST_DIFF_BASE_SHA=base).returncode == 0


def test_a_plan_that_fails_fails_the_job_and_is_commented(project: Path, hub: Store, lab: Store) -> None:
    nowhere_to_go = {"STACK": "dev", "PULUMI_BACKEND_URL": f"file://{project}/gone"}
    scripts = [
        (step(project, "plan", "plan", "Plan"), step(project, "plan", "comment", "Comment"), in_github(hub), hub)
    ]
    scripts += [(lines(project, "plan"), lines(project, "comment"), in_gitlab(lab), lab)]
    for plan, comment, env, store in scripts:
        failed = bash(plan, project, **nowhere_to_go)
        assert failed.returncode == 1 and "error: pulumi preview: " in failed.stderr
        posted = bash(comment, project, **env)
        assert posted.returncode == 0, posted.stderr
        [found] = store.comments[7]
        assert "### ☎️ dev: **incomplete** · there is no plan\n**The plan failed:** pulumi preview: " in found["body"]


def test_nothing_is_applied_that_nobody_reviewed(project: Path, hub: Store, lab: Store) -> None:
    hub.merges[SHA] = [{"number": 7, "merged_at": "2026-11-21T10:00:00Z", "merge_commit_sha": SHA}]
    lab.merges[SHA] = [{"iid": 7, "state": "merged", "merge_commit_sha": SHA, "squash_commit_sha": None, "sha": None}]
    reviewed = step(project, "apply", "apply", "Reviewed")
    told = {"STACK": "dev", "GIVEN": "", "GITHUB_OUTPUT": str(project / "output"), "GITHUB_SHA": SHA}
    done = bash(reviewed, project, **in_github(hub), **told)
    assert done.returncode == 1 and not (project / "output").exists()
    assert "no pull request of this commit holds a plan of dev to apply; next: xtel plan dev" in done.stderr
    first, then = lines(project, "apply").splitlines()
    assert then == 'xtel apply "$STACK" --checksum "$sum" --yes'
    env = {**in_gitlab(lab), "CI_COMMIT_SHA": SHA, "STACK": "dev"}
    assert bash(f"{first}\necho applied", project, **env).stdout == ""
    assert bash(f"{first}\necho $sum", project, **env, CHECKSUM="0123456789abcdef").stdout == "0123456789abcdef\n"
    given = bash(reviewed, project, **in_github(hub), **{**told, "GIVEN": "0123456789abcdef"})
    assert (given.returncode, (project / "output").read_text()) == (0, "sum=0123456789abcdef\n")


# --- the script steps, with the real Pulumi and the sandbox ---


@pytest.mark.engine
def test_a_pull_request_from_plan_to_drift(
    shell: Path,  # noqa: F811
    sandbox: Sandbox,
    hub: Store,
    lab: Store,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in sandbox.env().items():
        monkeypatch.setenv(name, value)
    assert run("new", "demo", "--ci", "github", cwd=shell).returncode == 0
    demo = shell / "demo"
    assert run("new", ".", "--ci", "gitlab", cwd=demo).returncode == 0
    git(demo, "init", "--quiet", "--initial-branch=main")
    commit(demo)
    (demo / "README.md").write_text("More.\n")
    commit(demo)
    sandbox.forget_log()
    rehearsed = bash(step(demo, "plan", "rehearse", "Rehearse"), demo, STACK="dev")
    assert (rehearsed.returncode, sandbox.log()) == (0, []), rehearsed.stderr
    planned = bash(step(demo, "plan", "plan", "Plan"), demo, STACK="dev")
    assert planned.returncode == 0, planned.stderr
    assert bash(step(demo, "plan", "comment", "Comment"), demo, **in_github(hub)).returncode == 0
    assert bash(lines(demo, "comment"), demo, **in_gitlab(lab)).returncode == 0
    for store in (hub, lab):
        [found] = store.comments[7]
        assert "### ☎️ dev: **safe** · 1 number starts ringing" in found["body"]
        assert "✅ rehearsed over HEAD^1: 1 of 1 answers as declared" in html.unescape(found["body"])
        assert TOKEN not in found["body"]

    hub.merges[SHA] = [{"number": 7, "merged_at": "2026-11-21T10:00:00Z", "merge_commit_sha": SHA}]
    told = {"STACK": "dev", "GIVEN": "", "GITHUB_OUTPUT": str(demo / "output"), "GITHUB_SHA": SHA}
    reviewed = bash(step(demo, "apply", "apply", "Reviewed"), demo, **in_github(hub), **told)
    assert reviewed.returncode == 0, reviewed.stderr
    again = json.loads(run("plan", "dev", "--json", cwd=demo).stdout)["plan"]["checksum"]
    assert (demo / "output").read_text() == f"sum={again}\n"

    stale = bash(step(demo, "apply", "apply", "Apply"), demo, STACK="dev", SUM="0" * 16)
    assert (stale.returncode, sandbox.writes()) == (4, []) and again in stale.stderr, stale.stdout + stale.stderr
    applied = bash(step(demo, "apply", "apply", "Apply"), demo, STACK="dev", SUM=again)
    assert applied.returncode == 0, applied.stdout + applied.stderr
    assert sandbox.numbers("twilio")["+14155550101"]["trunk_sid"]
    lab.merges[SHA] = [{"iid": 7, "state": "merged", "merge_commit_sha": SHA, "squash_commit_sha": None, "sha": None}]
    late = bash(lines(demo, "apply"), demo, **{**in_gitlab(lab), "CI_COMMIT_SHA": SHA}, STACK="dev")
    assert late.returncode == 4, late.stdout + late.stderr  # it is applied already: what was reviewed is past
    nightly, issue = step(demo, "drift", "drift", "Drift of dev"), step(demo, "drift", "drift", "Issue")
    assert bash(nightly, demo, STACK="dev").returncode == 0
    assert bash(issue, demo, **in_github(hub)).stdout == "no drift, and no issue\n"
    traced = bash(step(demo, "drift", "drift", "Trace of dev"), demo, STACK="dev")
    assert traced.returncode == 0, traced.stdout + traced.stderr
    assert json.loads((demo / "drift/dev.trace.json").read_text())["source"] == "live"
    assert bash(issue, demo, **in_github(hub)).stdout == "no drift, and no issue\n"
    monkeypatch.setenv("XTEL_TRACE", "off")
    (demo / "drift/dev.trace.json").unlink()
    quiet = bash(lines(demo, "drift"), demo, **in_gitlab(lab))
    assert (quiet.returncode, quiet.stdout) == (0, "no drift, and no issue\n"), quiet.stderr
    broken = {"PULUMI_BACKEND_URL": f"file://{shell}/gone"}
    assert bash(nightly, demo, STACK="dev", **broken).returncode == 1
    assert bash(issue, demo, **in_github(hub)).stdout.startswith("opened ")
    assert "Not every vendor could be asked: " in hub.issues[-1]["body"]
    down = bash(lines(demo, "drift"), demo, **in_gitlab(lab), **broken)
    assert down.returncode == 1 and down.stdout.startswith("opened ")
    assert bash(nightly, demo, STACK="dev").returncode == 0
    assert bash(issue, demo, **in_github(hub)).stdout.startswith("closed ")
