"""`xtel plan`: gets a preview from the engine, a file or two versions of the stack file, and has it judged."""

from __future__ import annotations

import os
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from providers.kernel.errors import InputError
from providers.kernel.secrecy import one_line
from stacks import document
from stacks.document import Document
from xtel import engine, plan, rules, sources
from xtel.plan import Context, Preview, Review, price
from xtel.plan import declared as declaring
from xtel.plan.checksum import checksum
from xtel.project import Project, shown
from xtel.report import Links

#: A preview asks every vendor; a stack of a thousand numbers takes minutes.
_SECONDS = 3600


def review(project: Project, stack: str, *, base: str = "", saved: str = "", refresh: bool = False) -> Review:
    """The plan of a stack and its verdict. Raises XtelError where there is nothing to judge."""
    file = project.stack_file(stack)
    declared = document.read(file)
    if base:
        preview, source = _between(stack, base, file, declared), "stack files"
    elif saved:
        preview, source = plan.read(_text(saved)), "preview file"
    else:
        preview, source = run(project, stack, refresh=refresh), "engine"
    context = Context(
        stack=stack, file=str(file), declared=declaring.entries(declared), source=source, compared=base,
        refreshed=refresh, checksum="" if base else checksum(stack, preview, sources.sources(project, stack, file)),
        prices=price.table(),
    )  # fmt: skip
    return rules.judge(plan.build(preview, context), policy(project, stack, declared))


def run(project: Project, stack: str, *, refresh: bool = False) -> Preview:
    """What `pulumi preview` says, in the environment as it is; for the sandbox's stack also in a shell that was told nothing.

    A preview that failed is a preview too: what it saw, and why it stopped.
    """
    from xtel import local  # its HTTP client takes longer to load than a saved preview to read

    environment = {**local.reading(project, stack), "PULUMI_DEBUG_COMMANDS": "1"}
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "events.jsonl"
        arguments = [
            "preview",
            "--json",
            "--stack",
            stack,
            "--event-log",
            str(log),
            *(["--refresh"] if refresh else []),
        ]
        done = engine.ask(arguments, project.root, environment, _SECONDS)
        events = log.read_text(encoding="utf-8") if log.is_file() else ""
    if events.strip():
        return plan.read(events)
    if done.stdout.lstrip().startswith("{"):
        return plan.read(done.stdout)
    raise engine.Unavailable(f"pulumi preview: {engine.reason(done.stderr or done.stdout)}")


def _between(stack: str, base: str, file: Path, after: Document) -> Preview:
    """The stack file of a revision and of today; one that did not exist then was empty."""
    content = sources.at(base, file)
    if content is None:
        return declaring.preview(stack, None, after)
    with tempfile.TemporaryDirectory() as folder:
        old = Path(folder) / file.name
        old.write_bytes(content)
        try:
            before = document.read(old)
        except document.Refused as refused:
            first = refused.findings[0]
            raise InputError(
                f"{file} at {base} cannot be read: line {first.line}: {first.message}",
                step="compare with a later revision",
            ) from None
    return declaring.preview(stack, before, after)


def policy(project: Project, stack: str, declared: Document) -> rules.Policy:
    """By what the plans of a stack are judged today."""
    network = declared.network
    plain = sources.plain_secrets(project, stack, declaring.secrets(declared))
    return rules.Policy(datetime.now(UTC).date(), network.accept, network.limits, plain)


def links(project: Project, stack: str) -> Links:
    """Where the stack file can be read, as a GitHub job's environment says; elsewhere nothing is linked."""
    server, repository = os.environ.get("GITHUB_SERVER_URL", ""), os.environ.get("GITHUB_REPOSITORY", "")
    commit, workspace = os.environ.get("GITHUB_SHA", ""), os.environ.get("GITHUB_WORKSPACE", "")
    file = project.stack_file(stack).resolve()
    root = Path(workspace) if workspace else project.root
    path = file.relative_to(root.resolve()).as_posix() if file.is_relative_to(root.resolve()) else shown(file)
    base = f"{server}/{repository}/blob/{commit}/" if server and repository and commit else ""
    return Links(base, path, commit)


def write(path: Path, text: str) -> None:
    """The report as a file."""
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}", step="name another file with --out") from None


def _text(saved: str) -> str:
    try:
        return sys.stdin.read() if saved == "-" else Path(saved).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{saved} cannot be read: {one_line(str(error))}", step="name a saved preview") from None
