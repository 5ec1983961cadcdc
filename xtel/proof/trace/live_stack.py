"""A stack's numbers, as a live trace looks for them: what its file and its state know that no vendor shows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from providers.kernel import values
from providers.kernel.errors import InputError
from stacks import document, graph
from stacks.document import Document
from stacks.resource import Resource
from xtel import terminal
from xtel.engine import cli, state
from xtel.engine.state import State
from xtel.project import sandbox
from xtel.project.layout import Project
from xtel.proof.trace import live
from xtel.proof.trace.live import Known
from xtel.proof.trace.subject import Subject

_E164 = re.compile(values.E164_PATTERN)


def subjects(project: Project, stack: str, asked: Sequence[str], notes: list[str]) -> list[Subject]:
    """The call paths of the numbers that were asked for, as they stand. Raises XtelError where xAI cannot be asked."""
    found, held = _file(project, stack, asked), State()
    environment = sandbox.reading(project, stack)
    config: Mapping[str, str | None] = {}
    try:
        held = state.of(stack, project.root, environment)
        config = cli.config(project.root, stack, environment, reveal=True)
    except cli.PulumiUnavailable as error:
        notes.append(f"without the state, which alone knows the webhooks' URLs: {error.summary}")
    wanted = _wanted(list(_known(found, held)), asked, stack)
    with terminal.working("asking xAI and the carriers"):
        return live.read(wanted, config.get)


def _file(project: Project, stack: str, asked: Sequence[str]) -> Document | None:
    """The stack file; none is needed for numbers that are named in full."""
    try:
        return document.read(project.stack_file(stack))
    except document.Refused:
        raise
    except InputError:
        if asked and all(map(_E164.match, asked)):
            return None
        raise


def _known(found: Document | None, held: State) -> Iterator[Known]:
    """The numbers of the file, then those that the state alone has."""
    applied = _by_number(held.resources)
    declared = _by_number(map(graph.plain, graph.of_document(found))) if found else {}
    for key, number in (found.numbers if found else {}).items():
        name = number.number or key
        carrier = number.route.delivers if number.route else ""
        resources = applied.pop(name, None) or declared.get(name, [])
        yield Known(key, number.number or _bought(resources), carrier, resources)
    for name, resources in applied.items():
        yield Known(held.labels.get(name, name), name, "", resources)


def _by_number(resources: Iterable[Resource]) -> dict[str, list[Resource]]:
    found: dict[str, list[Resource]] = {}
    for each in resources:
        if each.parent:
            found.setdefault(each.parent, []).append(each)
    return found


def _bought(resources: Iterable[Resource]) -> str:
    """The number of one that is declared by what it should be like, once it is bought."""
    told = (str(each.outputs.get("e164") or "") for each in resources)
    return next((number for number in told if _E164.match(number)), "")


def _wanted(known: list[Known], asked: Sequence[str], stack: str) -> list[Known]:
    """Those that were asked for; a number that no stack knows is looked for all the same."""
    if not asked:
        return [each for each in known if each.number]
    by_name = {name: each for each in known for name in (each.key, each.number) if name}
    for name in asked:
        if name not in by_name and not _E164.match(name):
            raise InputError(f"{name} is no number of {stack}", step=f"name one of: {', '.join(by_name) or 'none'}")
    found = [by_name.get(name) or Known(name, name) for name in dict.fromkeys(asked)]
    for each in found:
        if not each.number:
            raise InputError(f"{each.key} is not bought yet", step=f"xtel apply {stack}")
    return found
