"""The rehearsal itself: the base as if it lived, the change applied over it, the plan after it, and a call to each number."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from providers.kernel.errors import InputError, XtelError
from providers.kernel.secrecy import one_line
from stacks import document
from stacks.document import Document
from xtel import terminal
from xtel.engine import cli, events, state
from xtel.engine.state import State
from xtel.engine.step import Diagnostic, group_of, is_object, object_of
from xtel.project.layout import Project
from xtel.proof import calling
from xtel.proof.calling import Line
from xtel.proof.rehearsal import judged, made, stage
from xtel.proof.rehearsal.judged import Applied, Told
from xtel.proof.rehearsal.stage import Stage
from xtel.review.rehearsal import Rehearsal

#: The variables that let the engine replace and release numbers: nothing is lost in a rehearsal.
CONSENT = ("XTEL_ALLOW_REPLACE", "XTEL_ALLOW_RELEASE")
_UP = ("up", "--yes", "--skip-preview", "--continue-on-error", "--stack")
#: Seconds of talk: who answers is known at once, and sound has come by then.
_TALK = 0.3


@dataclass(frozen=True)
class Version:
    """One version of the project: where its copy is, and what its stack file declares."""

    project: Project
    declared: Document


def rehearse(
    project: Project,
    stack: str,
    *,
    base: str = "",
    live: terminal.Live = terminal.live,
) -> Rehearsal:
    """Applies and calls a stack's file as it stands over the one of a git revision; nothing real is asked or changed.

    What needs consent has it here, and the report says which number does. Raises XtelError where it cannot be rehearsed.
    """
    file = project.stack_file(stack)
    now = document.read(file)
    if not cli.found():
        raise cli.PulumiUnavailable("a rehearsal needs pulumi, and there is none on PATH", step="make setup")
    with stage.opened(stack.rpartition("/")[2]) as here:
        work = _Work(here, live)
        before = _version_at(project, here, base) if base else None
        after = Version(stage.copied(project, here.folder / "after"), now)
        here.seed([version.declared for version in (before, after) if version])
        earlier = work.applied(before, "applying the base") if before else None
        later = work.applied(after, "applying the change", earlier)
        found = Rehearsal(stack=stack, file=str(file), base=base, numbers=(), stable=True)
        return judged.judged(found, earlier, later, list(work.changing(after)))


def _version_at(project: Project, here: Stage, base: str) -> Version | None:
    """The project at the base; None where the stack is new."""
    found = stage.checked_out(project, base, here.folder / "before")
    try:
        return Version(found, document.read(found.stack_file(here.stack)))
    except document.Refused as refused:
        first = refused.findings[0]
        told = f"the stack file at {base} cannot be read: line {first.line}: {first.message}"
        raise InputError(told, step="take a later revision as --base") from None
    except InputError:  # it is new
        return None


@dataclass(frozen=True)
class _Work:
    """What is done on the stage."""

    here: Stage
    live: terminal.Live

    def applied(self, version: Version, text: str, earlier: Applied | None = None) -> Applied:
        """One version applied and called; what only the ``earlier`` one had is called as well."""
        here, root = self.here, version.project.root
        here.set(version.project, version.declared)
        consent = ",".join(line.number for line in earlier.lines) if earlier else ""
        variables = {**here.environment, **(dict.fromkeys(CONSENT, consent) if consent else {})}
        run = events.shown(text, [*_UP, here.stack], root, variables, self.live)
        held = state.revealed(here.stack, root, here.environment)
        if run.error and not held.resources:
            raise XtelError(f"{text}: {run.error}", step=f"xtel validate {here.stack}")
        found = _lines(held, version.declared)
        left = [
            line for line in (earlier.lines if earlier else ()) if line.number not in {each.number for each in found}
        ]
        with self.live("calling every number"):
            results = calling.placed(here.url, held, [*found, *left], seconds=_TALK)
        calls = {result.line.number: result for result in results}
        problems = tuple(_problems(run.diagnostics, run.error))
        return Applied(version.declared, tuple(found), calls, judged.agents(held), problems)

    def changing(self, version: Version) -> Iterator[Told]:
        """What the plan after the change would still change: of whom, and what."""
        arguments = ["preview", "--stack", self.here.stack]
        run = events.shown("planning again", arguments, version.project.root, self.here.environment, self.live)
        steps = {step.urn: step for step in run.steps if is_object(step.urn) and step.op != "same"}
        for urn, step in steps.items():
            yield group_of(urn), f"{object_of(urn)}: another {step.op} is planned"
        if run.error and not steps:
            yield "", f"the plan after it failed: {run.error}"


def _lines(held: State, declared: Document) -> list[Line]:
    """The numbers that are applied, each with whose call it is, in the order of the file."""
    order = {key: place for place, key in enumerate(declared.numbers)}
    found = [
        replace(line, carrier=_delivers(declared, line.key))
        for line in calling.lines(held)
    ]  # fmt: skip
    return sorted(found, key=lambda line: order.get(line.key, len(order)))


def _delivers(declared: Document, key: str) -> str:
    number = declared.numbers.get(key)
    carrier = made.carrier(number) if number else ""
    return carrier if carrier != "sip" else ""


def _problems(diagnostics: Sequence[Diagnostic], error: str) -> Iterator[Told]:
    """What was not applied: of which number, key or object, and why."""
    named = [item for item in diagnostics if item.severity == "error" and item.urn and is_object(item.urn)]
    for item in named:
        yield group_of(item.urn), f"{object_of(item.urn)}: {one_line(item.text)}"
    if error and not named:
        yield "", one_line(error)
