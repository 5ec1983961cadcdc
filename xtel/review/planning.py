"""`xtel plan`: gets a preview from the engine, a file or two versions of the stack file, and has it judged."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Literal

from providers.kernel.errors import InputError, XtelError
from providers.kernel.secrecy import one_line
from stacks import document, graph, instructions
from stacks.document import Document
from xtel import terminal
from xtel.engine import cli, events, fleet
from xtel.project import sources
from xtel.project.layout import Project, shown
from xtel.review import plan, rules
from xtel.review.plan import Context, Preview, Review, price
from xtel.review.plan import declared as declaring
from xtel.review.plan.checksum import checksum
from xtel.review.report import Links, text, view

Source = Literal["engine", "preview file", "stack files"]


def review(
    project: Project,
    stack: str,
    *,
    base: str = "",
    saved: str = "",
    refresh: bool = False,
    live: terminal.Live = terminal.live,
) -> Review:
    """The plan of a stack and its verdict. Raises XtelError where there is nothing to judge."""
    if base:
        file = project.stack_file(stack)
        return judged(project, stack, _between(project, stack, base, file), "stack files", compared=base)
    if saved:
        return judged(project, stack, plan.read(_text(saved)), "preview file")
    return judged(project, stack, read(run(project, stack, refresh=refresh, live=live)), "engine", refreshed=refresh)


def review_all(project: Project, parallel: int, *, refresh: bool = False) -> dict[str, Review | XtelError]:
    """The plan of every stack of the project, or why there is none."""
    return fleet.each(
        project.stacks(), parallel, lambda stack, live: review(project, stack, refresh=refresh, live=live), summary
    )


def show_all(reviews: Mapping[str, Review | XtelError]) -> None:
    """The plan of every stack that changes, and last a line for each."""
    for found in reviews.values():
        if isinstance(found, Review) and found.verdict != "none":
            show(found)
            terminal.line("")
    fleet.show(reviews, summary)


def show(review: Review) -> None:
    """A plan on the terminal."""
    for line, style in text.lines(review):
        terminal.line(line, style)


def summary(review: Review) -> str:
    """A plan in one line."""
    return f"{view.worded(review)} · {review.headline} · plan {review.plan.checksum}"


def judged(
    project: Project, stack: str, preview: Preview, source: Source, *, compared: str = "", refreshed: bool = False
) -> Review:
    """The plan of a preview, with the stack file's labels, its checksum and what the rules say."""
    file = project.stack_file(stack)
    declared = document.read(file)
    bound = "" if compared else checksum(stack, preview, sources.sources(project, stack, file))
    context = Context(
        stack=stack, file=str(file), declared=declaring.entries(declared), source=source, compared=compared,
        refreshed=refreshed, checksum=bound, prices=price.table(),
    )  # fmt: skip
    return rules.judge(plan.build(preview, context), policy(project, stack, declared))


def run(
    project: Project,
    stack: str,
    *,
    refresh: bool = False,
    environment: Mapping[str, str] | None = None,
    narrowed: Sequence[str] = (),
    live: terminal.Live = terminal.live,
) -> events.Run:
    """`pulumi preview`, in the environment as it is; for the sandbox's stack also in a shell that was told nothing.

    ``narrowed`` are Pulumi's options that leave resources out (``--target``).
    """
    from xtel.project import sandbox

    document.read(project.stack_file(stack))  # what is wrong with it is said before anybody is asked
    variables = {**sandbox.reading(project, stack), **(environment or {})}
    arguments = ["preview", "--stack", stack, *(["--refresh"] if refresh else []), *narrowed]
    return events.shown("planning", arguments, project.root, variables, live)


def read(run: events.Run) -> Preview:
    """What a preview said. One that failed is a preview too: what it saw, and why it stopped; without a word it raises."""
    if not run.log.strip():
        raise cli.PulumiUnavailable(f"pulumi preview: {run.error or 'it said nothing'}")
    return plan.read(run.log)


def _between(project: Project, stack: str, base: str, file: Path) -> Preview:
    """The stack file of a revision and of today; one that did not exist then was empty."""
    after = document.read(file)
    content = sources.at(base, file)
    if content is None:
        return declaring.preview(stack, None, after)
    with tempfile.TemporaryDirectory() as folder:
        old = Path(folder) / file.name
        old.write_bytes(content)
        try:
            before = document.read(old, partial(_instructions, project, base))
        except document.Refused as refused:
            first = refused.findings[0]
            raise InputError(
                f"{file} at {base} cannot be read: line {first.line}: {first.message}",
                step="compare with a later revision",
            ) from None
    return declaring.preview(stack, before, after)


def _instructions(project: Project, base: str, named: str) -> str:
    """The text of an agent's file at a revision."""
    content = sources.at(base, instructions.inside(project.root, named))
    if content is None:
        raise ValueError(f"is not there at {base}")
    return instructions.checked(content)


def policy(project: Project, stack: str, declared: Document) -> rules.RuleSettings:
    """By what the plans of a stack are judged today."""
    network = declared.network
    plain = sources.plain_secrets(project, stack, graph.secrets(graph.of_document(declared)))
    return rules.RuleSettings(datetime.now(UTC).date(), network.accept, network.limits, plain)


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
