"""What the stack files of this project declare, as an inventory compares it with what is there. Asks nobody."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field

from providers.kernel import marker
from providers.kernel.errors import InputError
from stacks import document, graph
from xtel.operations.inventory.model import DeclaredBy, UnreadFile
from xtel.project.layout import SANDBOX, Project, settings


@dataclass
class Declared:
    """The numbers and markers of every stack file; ``project`` is empty outside of a Pulumi project."""

    project: str = ""
    stacks: list[str] = field(default_factory=list[str])
    #: By E.164: each stack that declares it, with the carrier of its route.
    numbers: dict[str, dict[str, str]] = field(default_factory=dict[str, dict[str, str]])
    #: The stack by each marker that an object of it carries.
    markers: dict[str, str] = field(default_factory=dict[str, str])
    #: The same by the digest that stands in a display name at xAI.
    digests: dict[str, str] = field(default_factory=dict[str, str])
    unread: list[UnreadFile] = field(default_factory=list[UnreadFile])

    def by(self, number: str, *names: str) -> tuple[DeclaredBy, ...]:
        """Who declares a number: stack files, and whoever the names of its objects say."""
        files = [DeclaredBy(project=self.project, stack=stack, by="file") for stack in self.numbers.get(number, ())]
        known = {(each.project, each.stack) for each in files}
        marked = dict.fromkeys(owner for name in names if (owner := self.owner(number, name)) and owner not in known)
        return (*files, *(DeclaredBy(project=project, stack=stack, by="marker") for project, stack in marked))

    def owner(self, number: str, name: str) -> tuple[str, str] | None:
        """Project and stack that a name shows, as a marker or as the digest of one in a display name at xAI."""
        digest = marker.unlabel(name)[1]
        if stack := self.markers.get(name) or self.digests.get(digest):
            return self.project, stack
        if read := marker.read(name):
            return read
        ours = (stack for stack in self.stacks if digest == marker.digest(marker.marker(self.project, stack, number)))
        return next(((self.project, stack) for stack in ours), None) if digest and self.project else None

    def undeclared(self, number: str, name: str) -> str:
        """The stack of this project whose marker a name carries, where no stack file declares it; else empty."""
        owner = self.owner(number, name)
        known = name in self.markers or marker.unlabel(name)[1] in self.digests
        if known or not owner or not self.project or owner[0] != self.project:
            return ""
        return "" if owner[1] in {each.stack for each in self.unread} else owner[1]


def read(found: Project) -> Declared:
    """Every stack file of the project, the sandbox's too; one with errors is named in ``unread``."""
    declared = Declared(project=str(settings(found.root / "Pulumi.yaml").get("name") or ""))
    for stack in _stacks(found):
        declared.stacks.append(stack)
        try:
            _add(declared, stack, document.read(found.stack_file(stack)))
        except (InputError, ValueError) as error:
            declared.unread.append(UnreadFile(stack=stack, error=str(error)))
    return declared


def _stacks(found: Project) -> Iterator[str]:
    with suppress(InputError):  # no stack file at all, or none but the sandbox's
        yield from found.stacks()
    with suppress(InputError):  # its configuration may name another stack's file, as in a project of `xtel new`
        found.stack_file(SANDBOX)
        yield SANDBOX


def _add(declared: Declared, stack: str, network: document.Document) -> None:
    for number in network.numbers.values():
        if number.number:
            declared.numbers.setdefault(number.number, {})[stack] = number.route.delivers if number.route else ""
    for resource in graph.of_document(network, declared.project, stack):
        if isinstance(mark := resource.inputs.get("marker"), str):
            declared.markers[mark] = stack
            declared.digests[marker.digest(mark)] = stack
