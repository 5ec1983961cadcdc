"""`xtel comment` against a forge over real HTTP: one comment, found again, edited in place, and nobody else's touched."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import pytest
from starlette.responses import HTMLResponse, JSONResponse, Response

from providers.kernel.secrecy import MASK
from tests import forge as forges
from tests import record
from tests.forge import TOKEN, Store, github, gitlab
from tests.test_plan import _check_prose
from tests.test_xtel_cli import ended, run
from xtel.review.plan.model import Review
from xtel.review.report import comment as text
from xtel.review.report import outside
from xtel.review.report.markdown import BUDGET
from xtel.review.report.view import Links

MARKER = "<!-- xtel:plan -->"


@pytest.fixture(autouse=True)
def nowhere(monkeypatch: pytest.MonkeyPatch, clean_env: None) -> None:
    """In no pipeline, whoever runs the tests."""
    for name in list(os.environ):
        if name.startswith(("GITHUB_", "GITLAB_", "CI_")) or name == "CI":
            monkeypatch.delenv(name)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "Pulumi.yaml").write_text("name: phones\nruntime: python\n")
    (tmp_path / "stacks").mkdir()
    return tmp_path


@pytest.fixture
def hub() -> Iterator[Store]:
    with forges.serving(Store(), github.answer) as store:
        yield store


@pytest.fixture
def lab() -> Iterator[Store]:
    with forges.serving(Store(me="project_42_bot", may={"api"}), gitlab.answer) as store:
        yield store


def in_github(store: Store, **more: str) -> dict[str, str]:
    """A job of a pull request."""
    return {
        "GITHUB_ACTIONS": "true", "GITHUB_API_URL": store.url, "GITHUB_TOKEN": TOKEN, "GITHUB_REPOSITORY": "acme/phones",
        "GITHUB_REF": "refs/pull/7/merge", "GITHUB_SERVER_URL": "https://github.example", "GITHUB_RUN_ID": "99", **more,
    }  # fmt: skip


def in_gitlab(store: Store, **more: str) -> dict[str, str]:
    return {
        "GITLAB_CI": "true", "CI_API_V4_URL": store.url, "GITLAB_TOKEN": TOKEN, "CI_PROJECT_ID": gitlab.PROJECT,
        "CI_MERGE_REQUEST_IID": "7", "CI_PROJECT_URL": "https://gitlab.example/acme/phones",
        "CI_PIPELINE_URL": "https://gitlab.example/acme/phones/-/pipelines/5", "CI_COMMIT_SHA": "c" * 40, **more,
    }  # fmt: skip


@pytest.fixture(params=["github", "gitlab"])
def either(request: pytest.FixtureRequest) -> tuple[Store, dict[str, str], Callable[..., dict[str, Any]]]:
    """A forge, the environment of a job there, and how somebody comments there."""
    if request.param == "github":
        store: Store = request.getfixturevalue("hub")
        return store, in_github(store), github.comment
    store = request.getfixturevalue("lab")
    return store, in_gitlab(store), gitlab.note


def plan(folder: Path, case: str, stack: str = "prod", change: Callable[[Any], None] = lambda told: None) -> str:
    """A recorded plan as a file, under another stack's name."""
    told = json.loads((record.CASES / case / "report.json").read_text())
    told["plan"]["stack"] = stack
    change(told)
    file = folder / f"{stack}.json"
    file.write_text(json.dumps(told))
    return file.name


def comment(*arguments: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """The verb in this process: a new one for each would take most of the time."""
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.chdir(cwd)
        for name, value in environment.items():
            patch.setenv(name, value)
        code = ended("comment", *arguments)
    assert TOKEN not in out.getvalue() + err.getvalue()
    return subprocess.CompletedProcess(arguments, code, out.getvalue(), err.getvalue())


def bodies(store: Store, number: int = 7) -> list[str]:
    return [found["body"] for found in store.comments[number]]


def refused(done: subprocess.CompletedProcess[str], *words: str) -> None:
    assert (done.returncode, done.stdout) == (1, ""), done.stdout + done.stderr
    [line] = done.stderr.splitlines()
    assert line.startswith("error: ") and "; next: " in line and len(line) <= 310
    for word in words:
        assert word in line


def test_it_is_posted_then_edited_in_place_then_left(project: Path, either: Any) -> None:
    store, env, _ = either
    first = comment(plan(project, "create"), cwd=project, **env)
    assert first.returncode == 0, first.stderr
    assert re.fullmatch(r"posted https://\S+note?\S*\d+\n|posted https://\S+issuecomment-\d+\n", first.stdout)
    [body] = bodies(store)
    assert body.startswith(f"{MARKER}\n<!-- xtel:reviewed ")
    assert "### ☎️ prod: **safe** · 5 numbers start ringing" in body
    again = comment(plan(project, "refused"), cwd=project, **env)
    assert again.stdout.replace("edited", "posted") == first.stdout
    [body] = bodies(store)
    assert "blocked** · " in body
    assert comment("prod.json", cwd=project, **env).stdout.startswith("unchanged ")
    assert len(store.writes()) == 2


def test_the_comment_is_found_behind_hundreds_and_nobody_elses_is_touched(project: Path, either: Any) -> None:
    store, env, write = either
    write(store, 7, "mallory", f"{MARKER}\nI am first")
    for count in range(130):
        write(store, 7, "alice", f"comment {count}")
    write(store, 7, store.me, f"I quote\n{MARKER}")
    mine = write(store, 7, store.me, f"{MARKER}\nold")
    for count in range(130):
        write(store, 7, "bob", f"{MARKER}\nforged {count}")
    before = bodies(store)
    assert comment(plan(project, "create"), cwd=project, **env).stdout.startswith("edited ")
    assert [index for index, (old, new) in enumerate(zip(before, bodies(store), strict=True)) if old != new] == [132]
    assert "prod: **safe**" in mine["body"]
    assert len([line for line in store.log if line.startswith("GET") and line.endswith(("comments", "notes"))]) == 2


def test_two_stacks_are_one_comment_with_a_row_each_the_worst_first(project: Path, hub: Store) -> None:
    files = [plan(project, "unchanged", "apac"), plan(project, "create", "eu"), plan(project, "refused", "us")]
    assert comment(*files, "gone.json", cwd=project, **in_github(hub)).returncode == 0
    [body] = bodies(hub)
    rows = [line for line in body.splitlines() if re.match(r"\| .*\| `", line)][:4]
    assert [re.findall(r"`(\w+)`", row)[0] for row in rows] == ["gone", "us", "eu", "apac"]
    assert "### ☎️ 4 stacks: **incomplete** · 1 incomplete, 1 blocked, 1 safe, 1 no changes" in body
    assert body.count("<details open><summary>") == 2 and body.count("<summary>eu</summary>") == 1
    assert "<summary>apac</summary>" not in body
    assert body.count("<details") == body.count("</details>")
    assert set(text.reviewed(body)) == {"us", "eu", "apac"}


@pytest.mark.parametrize("log", ["error: pulumi preview: no such backend; next: set one\n", "", None])
def test_a_plan_that_failed_is_posted_with_its_reason(project: Path, hub: Store, log: str | None) -> None:
    if log is not None:
        (project / "prod.log").write_text(f"asking every vendor\n{log}")
    (project / "prod.json").write_text("")
    assert comment("prod.json", cwd=project, **in_github(hub)).returncode == 0
    [body] = bodies(hub)
    reason = "pulumi preview: no such backend; next: set one" if log else "it ended without a word"
    assert f"### ☎️ prod: **incomplete** · there is no plan\n**The plan failed:** {reason}\n" in body
    assert "[job's log](https://github.example/acme/phones/actions/runs/99)" in body
    assert text.reviewed(body) == {}
    (project / "prod.json").write_text('{"half": ')
    comment("prod.json", cwd=project, **in_github(hub))
    assert "prod.json is not what xtel plan --json prints" in bodies(hub)[0]
    assert comment(plan(project, "failed"), cwd=project, **in_github(hub)).stdout.startswith("edited ")
    assert "**The plan is incomplete:**" in bodies(hub)[0]


def _grown(told: Any) -> None:
    """Hundreds of dangers, objects and routes."""
    told["findings"] = [
        {**item, "what": f"{count}: {item['what']}"} for count in range(200) for item in told["findings"]
    ]
    told["plan"]["objects"] *= 50
    told["plan"]["numbers"] *= 50


@pytest.mark.parametrize(("stacks", "case"), [(1, "refused"), (3, "refused"), (40, "refused"), (120, "create")])
def test_what_is_too_long_is_cut_and_no_verdict_is(project: Path, hub: Store, stacks: int, case: str) -> None:
    names = [f"stack-{count}" for count in range(stacks)]
    files = [plan(project, case, name, _grown) if stacks < 10 else plan(project, case, name) for name in names]
    assert comment(*files, cwd=project, **in_github(hub)).returncode == 0
    [body] = bodies(hub)
    assert 2_000 < len(body) <= BUDGET
    for name in names:
        assert f"`{name}`" in body or stacks == 1
    word = "blocked" if case == "refused" else "safe"
    assert body.count(word) >= stacks
    assert body.count("<details") == body.count("</details>")
    assert set(text.reviewed(body)) == set(names)
    if stacks <= 3:
        assert "more findings: the JSON and HTML reports have all of them" in body


HOSTILE = "a-->`|\n/close\n@everyone <img src=x> [x](javascript:y) https://evil.example ::error::"


def test_foreign_text_stays_text(project: Path, either: Any) -> None:
    store, env, _ = either

    def hostile(told: Any) -> None:
        told["headline"] = HOSTILE
        told["plan"]["why_incomplete"] = HOSTILE

    (project / "log.log").write_text(f"error: {HOSTILE}\n/merge")
    files = [plan(project, "hostile", "a-->b", hostile), plan(project, "hostile", "c"), "log.json"]
    done = comment(*files, cwd=project, **env)
    assert done.returncode == 0, done.stderr
    [body] = bodies(store)
    first, second, *rest = body.splitlines()
    assert first == MARKER and second.count("-->") == 1 and second.endswith(" -->")
    assert set(text.reviewed(body)) == {"a-->b", "c"}
    for line in "\n".join(rest).split("```")[::2]:
        for prose in line.splitlines():
            if not prose.startswith(("<!--", "| ", "|--")):
                _check_prose(prose)
    assert not re.search(r"(?m)^\s*/\w", body) or store.me == "github-actions[bot]"


def test_dry_run_asks_nobody_and_needs_no_token(project: Path) -> None:
    done = comment(plan(project, "create"), "--dry-run", cwd=project)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"{MARKER}\n") and "prod: **safe**" in done.stdout


def test_dry_run_as_json_is_json(project: Path) -> None:
    done = comment(plan(project, "create"), "--dry-run", "--json", cwd=project)
    told = json.loads(done.stdout)
    assert (told["done"], told["url"], told["body"].splitlines()[0]) == ("printed", "", MARKER)
    drifted = comment("--drift", drift(project, "eu"), "--dry-run", "--json", cwd=project)
    assert "Phone network changed outside (eu)" in json.loads(drifted.stdout)["body"]


def test_time_and_run_alone_edit_nothing(project: Path, either: Any) -> None:
    """When it was planned and by which run stands in it; only what a reviewer would read differently makes an edit."""
    store, env, _ = either
    later = {"GITHUB_RUN_ID": "100"} if "GITHUB_TOKEN" in env else {"CI_PIPELINE_URL": "https://gitlab.example/p/6"}
    file = plan(project, "delete")
    assert comment(file, cwd=project, **env).stdout.startswith("posted ")
    [body] = bodies(store)
    last = body.strip().splitlines()[-1]
    assert re.fullmatch(r"planned \d{4}-\d\d-\d\d \d\d:\d\d UTC · \[job\]\(https://\S+\)", last)
    os.utime(project / file, (0, 0))
    told = json.loads((project / file).read_text())
    for finding in told["findings"]:
        finding["accept"] = finding["accept"].replace("2026-12-05", "2026-12-09")
    (project / file).write_text(json.dumps(told))
    assert comment(file, cwd=project, **{**env, **later}).stdout.startswith("unchanged ")
    other = {"GITHUB_SHA": "d" * 40} if "GITHUB_TOKEN" in env else {"CI_COMMIT_SHA": "d" * 40}
    (project / "stacks/prod.yaml").write_text((record.CASES / "delete/stack.yaml").read_text())
    assert comment(file, cwd=project, **{**env, **later, **other}).stdout.startswith("edited ")
    assert "commit `ddddddd`" in bodies(store)[0]


def test_whose_change_it_is(project: Path, hub: Store, lab: Store) -> None:
    (project / "stacks/prod.yaml").write_text((record.CASES / "create/stack.yaml").read_text())
    event = {"pull_request": {"number": 7, "head": {"sha": "e" * 40}, "user": {"login": "mona"}}}
    (project / "event.json").write_text(json.dumps(event))
    comment(plan(project, "create"), cwd=project, **in_github(hub, GITHUB_EVENT_PATH=str(project / "event.json")))
    assert "commit `eeeeeee` by mona" in bodies(hub)[0]
    assert f"https://github.example/acme/phones/blob/{'e' * 40}/stacks/prod.yaml#L" in bodies(hub)[0]
    comment("prod.json", cwd=project, **in_gitlab(lab, CI_COMMIT_AUTHOR="Ada <ada@example.com>"))
    assert "commit `ccccccc` by Ada\n" in bodies(lab)[0] and "ada@example" not in bodies(lab)[0]


def test_lines_are_linked_where_the_repository_is_known(project: Path, lab: Store) -> None:
    (project / "stacks/prod.yaml").write_text((record.CASES / "create/stack.yaml").read_text())
    assert comment(plan(project, "create"), cwd=project, **in_gitlab(lab)).returncode == 0
    assert f"https://gitlab.example/acme/phones/-/blob/{'c' * 40}/stacks/prod.yaml#L" in bodies(lab)[0]


def test_several_projects_keep_their_comments_apart(project: Path, hub: Store) -> None:
    comment(plan(project, "create"), "--name", "phones", cwd=project, **in_github(hub))
    comment("prod.json", "--name", "fax", cwd=project, **in_github(hub))
    assert [body.splitlines()[0] for body in bodies(hub)] == [
        "<!-- xtel:plan name=phones -->",
        "<!-- xtel:plan name=fax -->",
    ]
    assert comment("prod.json", "--name", "phones", cwd=project, **in_github(hub)).stdout.startswith("unchanged ")


# --- what goes wrong ---


@pytest.mark.parametrize(("right", "need"), [("pulls:read", "`pull-requests: write`"), ("", "`pull-requests: read`")])
def test_a_403_names_the_permission(project: Path, hub: Store, right: str, need: str) -> None:
    hub.may = {right}
    refused(comment(plan(project, "create"), cwd=project, **in_github(hub)), "acme/phones#7", "HTTP 403", need)
    assert bodies(hub) == []


def test_a_403_of_gitlab_names_scope_and_role(project: Path, lab: Store) -> None:
    lab.may = set()
    refused(comment(plan(project, "create"), cwd=project, **in_gitlab(lab)), "HTTP 403", "scope `api`", "Reporter")


def test_401_404_and_a_repository_that_moved(project: Path, either: Any) -> None:
    store, env, _ = either
    file = plan(project, "create")
    token = "GITHUB_TOKEN" if "GITHUB_TOKEN" in env else "GITLAB_TOKEN"
    refused(comment(file, cwd=project, **{**env, token: "another-token-1"}), f"refuses the token in {token}")
    refused(comment(file, "--pr", "8", cwd=project, **env), "HTTP 404", "check the repository and the number")
    moved = Response(status_code=301, headers={"location": "https://forge.invalid/repositories/1"})
    store.faults.append(lambda request: None if request.url.path.endswith("/user") else moved)
    refused(comment(file, "--as", store.me, cwd=project, **env), "it has moved")
    assert store.writes() == []


def test_passing_faults_are_retried_and_nothing_is_written_twice(project: Path, either: Any) -> None:
    store, env, _ = either
    store.faults += [
        lambda request: HTMLResponse("<h1>Bad gateway</h1>", 502),
        lambda request: JSONResponse({"message": "slow down"}, 429, headers={"retry-after": "0"}),
        lambda request: Response(status_code=503) if request.method == "POST" else None,
    ]
    assert comment(plan(project, "create"), cwd=project, **env).stdout.startswith("posted ")
    assert (store.faults, len(bodies(store))) == ([], 1)
    store.comments[7].clear()
    store.after.append(Response("half", 502))  # it was written, and the answer is lost
    assert comment("prod.json", cwd=project, **env).stdout.startswith("unchanged ")
    assert len(bodies(store)) == 1


def test_a_limit_that_github_hides_in_a_403_is_waited_for(project: Path, hub: Store) -> None:
    reset = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(time.time()) + 1)}
    hub.faults.append(lambda request: JSONResponse({"message": "API rate limit exceeded"}, 403, headers=reset))
    hub.faults.append(lambda request: JSONResponse({"message": "secondary"}, 403, headers={"retry-after": "0"}))
    assert comment(plan(project, "create"), cwd=project, **in_github(hub)).stdout.startswith("posted ")
    assert hub.faults == []


def test_a_forge_that_is_down_stays_an_error(project: Path, hub: Store) -> None:
    hub.faults += [lambda request: Response(status_code=500) if request.method == "POST" else None for _ in range(3)]
    refused(comment(plan(project, "create"), cwd=project, **in_github(hub)), "HTTP 500")
    assert bodies(hub) == []


def test_the_token_is_in_no_comment(project: Path, hub: Store) -> None:
    (project / "prod.log").write_text(f"error: the token {TOKEN} is in the log\n")
    done = run("comment", "prod.json", cwd=project, **in_github(hub))
    assert (done.returncode, done.stderr) == (0, "") and TOKEN not in done.stdout
    assert TOKEN not in bodies(hub)[0] and MASK in bodies(hub)[0].replace("&#91;", "[").replace("&#93;", "]")
    echo = JSONResponse({"message": f"bad {TOKEN}"}, 422)
    hub.faults.append(lambda request: echo if request.method == "PATCH" else None)
    refused(comment(plan(project, "create"), cwd=project, **in_github(hub)), MASK)


def test_who_the_token_writes_as(project: Path, hub: Store) -> None:
    hub.me, hub.knows_me = "alice", True
    env = in_github(hub, GITHUB_ACTIONS="")
    assert comment(plan(project, "create"), cwd=project, **env).stdout.startswith("posted ")
    assert comment("prod.json", cwd=project, **env).stdout.startswith("unchanged ")
    hub.me, hub.knows_me = "my-app[bot]", False
    refused(comment("prod.json", cwd=project, **env), "--as 'my-app[bot]'")
    posted = comment("prod.json", cwd=project, **in_github(hub))
    assert "give --as 'my-app[bot]'" in posted.stderr
    assert comment("prod.json", "--as", "my-app[bot]", cwd=project, **env).stdout.startswith("unchanged ")


@pytest.mark.parametrize(
    ("gone", "words"),
    [
        ("GITHUB_TOKEN", "GITHUB_TOKEN is not set"),
        ("GITHUB_REPOSITORY", "--repository OWNER/NAME"),
        ("GITHUB_REF", "--pr N"),
    ],
)
def test_what_is_not_known_is_asked_for(project: Path, hub: Store, gone: str, words: str) -> None:
    refused(comment(plan(project, "create"), cwd=project, **{**in_github(hub), gone: ""}), words)
    assert hub.log == []


def test_outside_of_a_pipeline_and_with_a_job_token(project: Path, lab: Store) -> None:
    refused(comment(plan(project, "create"), cwd=project), "--forge github or --forge gitlab")
    env = {**in_gitlab(lab), "GITLAB_TOKEN": "", "CI_JOB_TOKEN": "job-token"}
    refused(comment("prod.json", cwd=project, **env), "CI_JOB_TOKEN may not write comments")
    plain = {**in_github(lab), "GITHUB_API_URL": "http://api.github.example"}
    refused(comment("prod.json", cwd=project, **plain), "GITHUB_API_URL must be an https URL")


def test_the_event_file_names_the_pull_request(project: Path, hub: Store) -> None:
    (project / "event.json").write_text('{"pull_request": {"number": 7}}')
    env = in_github(hub, GITHUB_REF="refs/heads/main", GITHUB_EVENT_PATH=str(project / "event.json"))
    assert comment(plan(project, "create"), cwd=project, **env).stdout.startswith("posted ")


@pytest.mark.parametrize(
    "arguments", [(), ("a.json", "--checksum", "prod"), ("a.json", "--name", "a--b"), ("a.json", "--pr", "0")]
)
def test_usage_errors(project: Path, arguments: tuple[str, ...]) -> None:
    assert comment(*arguments, cwd=project).returncode == 64


def test_two_plans_of_one_stack_are_refused(project: Path, hub: Store) -> None:
    plan(project, "create")
    (project / "copy.json").write_text((project / "prod.json").read_text())
    refused(comment("prod.json", "copy.json", cwd=project, **in_github(hub)), "two files are about the stack prod")


# --- the checksum that was reviewed ---

SHA = "a" * 40
HUB_MERGES = [
    {"number": 5, "merged_at": None, "merge_commit_sha": SHA},
    {"number": 6, "merged_at": "2026-11-20T10:00:00Z", "merge_commit_sha": "b" * 40},
    {"number": 7, "merged_at": "2026-11-21T10:00:00Z", "merge_commit_sha": SHA},
]
LAB_MERGES = [
    {"iid": 5, "state": "opened", "merge_commit_sha": None, "squash_commit_sha": None, "sha": SHA},
    {"iid": 7, "state": "merged", "merge_commit_sha": None, "squash_commit_sha": SHA, "sha": "b" * 40},
]


def test_the_reviewed_checksum_is_read_from_the_merged_request(project: Path, either: Any) -> None:
    store, env, write = either
    store.merges[SHA] = HUB_MERGES if "GITHUB_TOKEN" in env else LAB_MERGES
    forged = f'{MARKER}\n<!-- xtel:reviewed {{"prod": {{"verdict": "safe", "checksum": "{"6" * 16}"}}}} -->'
    write(store, 7, "mallory", forged)
    env = {**env, "GITHUB_SHA": SHA, "CI_COMMIT_SHA": SHA}
    refused(comment("--checksum", "prod", cwd=project, **env), "no pull request of this commit holds a plan of prod")
    comment(plan(project, "create"), plan(project, "refused", "eu"), "gone.json", cwd=project, **env)
    write(store, 7, "mallory", forged)
    done = comment("--checksum", "prod", cwd=project, **env)
    expected = json.loads((project / "prod.json").read_text())["plan"]["checksum"]
    assert (done.returncode, done.stdout, len(expected)) == (0, f"{expected}\n", 16), done.stderr
    refused(comment("--checksum", "eu", cwd=project, **env), "is blocked")
    refused(comment("--checksum", "gone", cwd=project, **env), "no pull request of this commit")
    told = comment("--checksum", "prod", "--pr", "7", "--json", cwd=project, **env)
    assert json.loads(told.stdout) == {"stack": "prod", "checksum": expected}
    refused(comment("--checksum", "prod", "--commit", "main", cwd=project, **env), "--commit SHA")


@pytest.mark.parametrize(
    "record",
    [
        {"verdict": "safe", "checksum": "6" * 15 + "\n"}, {"verdict": "safe", "checksum": "6" * 17},
        {"verdict": "safe", "checksum": "6" * 16 + "\nother=output"}, {"verdict": "safe", "checksum": "${{ secrets.KEY }}"},
        {"verdict": "safe", "checksum": "6" * 16 + "\n"}, {"verdict": "safe", "checksum": "A" * 16},
        {"verdict": "safe", "checksum": 6666666666666666}, {"verdict": "safe", "checksum": ["6" * 16]},
        {"verdict": "fine", "checksum": "6" * 16}, {"verdict": ["safe"], "checksum": "6" * 16}, {"checksum": "6" * 16},
        {"verdict": "safe", "checksum": "\u0666" * 16}, "6" * 16, ["safe", "6" * 16], None,
    ],
)  # fmt: skip
def test_nothing_but_a_checksum_comes_out_of_a_comment(project: Path, either: Any, record: Any) -> None:
    """Whoever may edit the comment writes nothing else into the outputs of the job that reads it."""
    store, env, write = either
    store.merges[SHA] = HUB_MERGES if "GITHUB_TOKEN" in env else LAB_MERGES
    write(store, 7, store.me, f"{MARKER}\n<!-- xtel:reviewed {json.dumps({'prod': record})} -->")
    found = comment("--checksum", "prod", cwd=project, **{**env, "GITHUB_SHA": SHA, "CI_COMMIT_SHA": SHA})
    refused(found, "no pull request of this commit holds a plan of prod")
    assert found.stdout == ""


# --- drift ---


def drift(folder: Path, stack: str, *, silent: bool = False, found: bool = True) -> str:
    finding = {"number": "+14155550100", "rings": not silent, "object": "twilio:Trunk", "what": "secure off | @all",
               "apply": "puts it back"}  # fmt: skip
    told = {
        "stack": stack,
        "drift": found,
        "stopped_ringing": ["+14155550100"] if silent and found else [],
        "numbers": {"+14155550100": [finding] if found else []},
        "notes": [],
    }
    (folder / f"{stack}.json").write_text(json.dumps(told))
    return f"{stack}.json"


def test_one_issue_is_opened_edited_and_closed(project: Path, either: Any) -> None:
    store, env, _ = either
    text_of, shut = ("body", "closed") if "GITHUB_TOKEN" in env else ("description", "closed")
    if text_of == "body":
        github.issue(store, "mallory", "not ours", outside.MARKER)
        github.issue(store, store.me, "a pull request", outside.MARKER, pull_request={})
        for count in range(110):
            github.issue(store, store.me, f"other {count}", "")
    others = len(store.issues)
    none = comment("--drift", drift(project, "prod", found=False), cwd=project, **env)
    assert (none.stdout, len(store.issues)) == ("no drift, and no issue\n", others), none.stderr
    opened = comment("--drift", drift(project, "prod", silent=True), "eu.json", cwd=project, **env)
    assert opened.stdout.startswith("opened https://"), opened.stderr
    issue = store.issues[-1]
    assert issue["title"] == "Phone network changed outside (prod, eu): 1 number stopped ringing"
    assert (
        "| +14155550100 | ⛔ stopped ringing: twilio:Trunk secure off &#124; @\u200ball | puts it back |"
        in issue[text_of]
    )
    assert "Not every vendor could be asked: it ended without a word" in issue[text_of]
    edited = comment("--drift", drift(project, "prod", found=False), "eu.json", cwd=project, **env)
    assert edited.stdout.startswith("edited ") and issue["state"] in {"open", "opened"}
    closed = comment("--drift", "prod.json", drift(project, "eu", found=False), cwd=project, **env)
    assert closed.stdout.startswith("closed ") and issue["state"] == shut
    assert "Nothing is changed outside any more." in issue[text_of]
    assert len(store.issues) == others + 1
    assert comment("--drift", "prod.json", cwd=project, **env).stdout == "no drift, and no issue\n"


def test_calls_that_do_not_arrive_are_in_the_same_issue(project: Path, either: Any) -> None:
    store, env, _ = either
    hop = {"hop": "registration", "verdict": "fail", "why": "nobody registered 14155550100"}
    number = {"key": "support", "number": "+14155550100", "verdict": "fail", "ends_at": "registration", "hops": [hop]}
    fine = {"key": "hq", "number": "+498912345670", "verdict": "pass", "ends_at": None, "hops": []}
    trace = {"version": 1, "stack": "prod", "source": "live", "numbers": [number, fine]}
    outcome = {"hop": "media", "code": 488, "reason": "no common | codec"}
    failed = {"key": "sales", "number": "+12125550110", "answered": False, "good": False, "outcome": outcome}
    calls = {"stack": "prod", "calls": [failed, {**failed, "good": True}]}
    for name, told in (("prod.trace", trace), ("prod.calls", calls)):
        (project / f"{name}.json").write_text(json.dumps(told))
    files = [drift(project, "prod", found=False), "prod.trace.json", "prod.calls.json"]
    opened = comment("--drift", *files, cwd=project, **env)
    assert opened.stdout.startswith("opened https://"), opened.stderr
    issue = store.issues[-1]
    assert issue["title"] == "Phone network (prod): calls do not arrive at 2 numbers"
    text = issue.get("body") or issue["description"]
    assert "| support · +14155550100 | registration: nobody registered 14155550100 |" in text
    assert "| sales · +12125550110 | media 488: no common &#124; codec |" in text
    assert "hq" not in text and "Changed outside" not in text
    for name, told in (("prod.trace", {**trace, "numbers": [fine]}), ("prod.calls", {**calls, "calls": []})):
        (project / f"{name}.json").write_text(json.dumps(told))
    assert comment("--drift", *files, cwd=project, **env).stdout.startswith("closed ")


def test_a_403_for_issues_names_their_permission(project: Path, hub: Store) -> None:
    hub.may = {"issues:read"}
    refused(comment("--drift", drift(project, "prod"), cwd=project, **in_github(hub)), "`issues: write`")


def test_a_long_drift_is_cut() -> None:
    rows = [{"rings": True, "object": "o" * 200, "what": "w" * 200, "apply": "a" * 200}] * 300
    entry = outside.Outside("prod", {"drift": True, "stopped_ringing": [], "numbers": {"+14155550100": rows}})
    body = outside.body([entry], "")
    assert len(body) <= BUDGET and body.endswith("more; `xtel drift` shows all.\n")


# --- pure ---


def test_the_same_plans_give_the_same_bytes_in_any_order() -> None:
    told = json.loads((record.CASES / "create/report.json").read_text())
    reviews = []
    for stack in ("b", "a", "c"):
        told["plan"]["stack"] = stack
        reviews.append(Review.model_validate(told))
    links = {"a": Links("https://x.example/", "a.yaml", "1")}
    assert text.comment(reviews, links) == text.comment(reviews[::-1], links)
    assert text.reviewed("") == text.reviewed(f"{MARKER}\n<!-- xtel:reviewed {{nothing}} -->") == {}
