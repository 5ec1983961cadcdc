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

from providers.kernel import reading
from providers.kernel.errors import InputError, XtelError
from providers.kernel.secrecy import one_line
from stacks import document, graph, instructions
from stacks.document import Document
from xtel import terminal
from xtel.engine import cli, events, fleet, state
from xtel.project import sources
from xtel.project.layout import Project, shown, unwritten
from xtel.review import plan, rehearsal, rules
from xtel.review.forge import github, gitlab
from xtel.review.plan import Context, Preview, Review, price, unseen
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
        return _saved(project, stack, saved)
    return judged(project, stack, read(run(project, stack, refresh=refresh, live=live)), "engine", refreshed=refresh)


def rehearsed(review: Review, file: Path) -> Review:
    """The same with the rehearsal in a file. Raises InputError for one of another stack."""
    found = rehearsal.read(file)
    if found.stack != review.plan.stack:
        named = f"{file} is a rehearsal of the stack {one_line(found.stack, 80)}"
        raise InputError(named, step=f"not {review.plan.stack}")
    return rules.rehearsed(review, found)


def _saved(project: Project, stack: str, name: str) -> Review:
    """The plan of a saved preview, or the one that `xtel plan --json` printed, as it was judged then."""
    text = saved_text(name)
    try:
        if found := plan.saved(text):
            if found.plan.stack != stack:
                raise InputError(f"{name} is a plan of the stack {one_line(found.plan.stack, 80)}", step=f"not {stack}")
            return found
        return judged(project, stack, plan.read(text), "preview file")
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError):
        raise InputError(
            f"{name} is neither a plan, a preview nor an event log: its values have other forms",
            step="pulumi preview --json > preview.json, or xtel plan --json > plan.json",
        ) from None


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


def show(review: Review, *, onward: bool = True) -> None:
    """A plan on the terminal; ``onward``: with the command that applies it."""
    for line, style in text.lines(review, onward=onward):
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
    if preview.failed and source == "engine":
        preview = completed(project, stack, preview, declared)
    context = Context(
        stack=stack, file=str(file), declared=declaring.entries(declared), source=source, compared=compared,
        refreshed=refreshed, checksum=bound, prices=price.table(),
        secrets=declaring.secrets(declared),
    )  # fmt: skip
    return rules.judge(plan.build(preview, context), policy(project, stack, declared))


def completed(project: Project, stack: str, preview: Preview, declared: Document) -> Preview:
    """With what the state and the stack file know of what the preview did not come to; as it is where there is no state."""
    from xtel.project import sandbox

    try:
        held = state.of(stack, project.root, sandbox.reading(project, stack))
    except cli.PulumiUnavailable:
        return preview
    return unseen.completed(preview, held, declared, stack)


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
    """Where the stack file can be read, and whose change it is, as a job's environment says; elsewhere nothing is linked."""
    lab = os.environ.get("GITLAB_CI") == "true" or bool(os.environ.get("CI_PROJECT_URL"))
    change = (gitlab if lab else github).change()
    workspace = os.environ.get("CI_PROJECT_DIR" if lab else "GITHUB_WORKSPACE", "")
    file = project.stack_file(stack).resolve()
    root = Path(workspace) if workspace else project.root
    path = file.relative_to(root.resolve()).as_posix() if file.is_relative_to(root.resolve()) else shown(file)
    return Links(change.files, path, change.commit, change.author)


def write(path: Path, text: str) -> None:
    """The report as a file."""
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path} cannot be written: {unwritten(error)}", step="name another file with --out") from None


def saved_text(saved: str) -> str:
    """The text of a saved preview; ``-`` is standard input. Raises InputError."""
    try:
        return sys.stdin.read() if saved == "-" else reading.text(Path(saved), reading.RECORDED)
    except (OSError, ValueError) as error:
        why = str(error) if isinstance(error, reading.Unreadable) else f"cannot be read: {one_line(str(error))}"
        raise InputError(f"{saved} {why}", step="name a saved preview, or - for standard input") from None
