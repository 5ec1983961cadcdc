"""`xtel import`, first half: what is live at xAI and at a carrier, sorted. Reads only."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from providers.kernel import errors, registry, secrecy, values
from providers.kernel.route_import import Found, RouteImport, Unmapped
from stacks import document, graph
from xai_resources.client import Client
from xai_resources.models import RegisteredNumber
from xtel.engine import state
from xtel.operations.importing.answers import Answers
from xtel.operations.importing.live import LiveStack
from xtel.operations.importing.number import ImportedNumber, NumberImport
from xtel.project import sandbox
from xtel.project.layout import Project


@dataclass(frozen=True)
class NotImported:
    """A number that stays as it is, and why."""

    number: str
    reason: str

    def as_json(self) -> dict[str, str]:
        """For ``--json``."""
        return {"number": self.number, "reason": self.reason}


@dataclass(frozen=True)
class Survey:
    """Everything live, sorted into what can be imported, what is already, and what stays."""

    file: Path
    text: str
    document: document.Document
    taken: tuple[ImportedNumber, ...]
    already: tuple[str, ...]
    left: tuple[NotImported, ...]
    #: Numbers of which secrets were given, and that are none of these.
    unused: tuple[str, ...] = ()


def survey(found: Project, stack: str, name: str, wanted: tuple[str, ...], answers: Answers) -> Survey:
    """Look at xAI and at the carrier called ``name``; ``wanted`` are the numbers in question, empty for all."""
    declared = registry.carriers()[name]
    if declared.route_import is None:
        route = ", ".join(f"{key}: {value}" for key, value in {"carrier": name, **declared.example_route}.items())
        raise errors.InputError(
            f"{declared.title} {declared.not_imported}",
            step=f"declare the number with `route: {{{route}}}` and `take_over: true`, then pulumi up",
        )
    live = LiveStack(found, stack, declared)
    return _Surveyor(live, declared.route_import, answers).survey(wanted, _applied(found, stack))


class _Surveyor:
    def __init__(self, live: LiveStack, inverse: RouteImport[Any], answers: Answers) -> None:
        self._live, self._inverse, self._answers = live, inverse, answers

    def survey(self, wanted: tuple[str, ...], applied: set[str]) -> Survey:
        live = self._live
        registered = {number.phone_number: number for number in live.ask("xai", "numbers", Client.numbers)}
        owned = set(live.ask(live.carrier.name, "numbers", self._inverse.numbers))
        known = owned | registered.keys() if self._inverse.owned else owned
        asked = wanted or tuple(sorted(known))
        taken, left = list[ImportedNumber](), list[NotImported]()
        for number in (number for number in asked if number not in applied):
            try:
                taken.append(self._taken(number, registered.get(number), number in owned))
            except (Unmapped, errors.Permanent) as reason:
                left.append(NotImported(number, str(reason)))
        already = tuple(number for number in asked if number in applied)
        unused = self._answers.unused({*already, *(each.number for each in taken)})
        return Survey(live.file, live.text, live.document, tuple(taken), already, tuple(left), unused)

    def _taken(self, e164: str, registered: RegisteredNumber | None, owned: bool) -> ImportedNumber:
        if declared := next((key for key, item in self._live.document.numbers.items() if item.number == e164), ""):
            raise Unmapped(
                f"the stack file declares it as {declared}, and it is not applied",
                step="remove that entry to import it, or pulumi up",
            )
        if registered and registered.origin == "xai_provisioned":
            raise Unmapped(
                "a number of xAI's needs no import",
                step="declare it with `origin: xai_provisioned`: pulumi up takes it over",
            )
        if not owned and (registered is None or self._inverse.owned):
            where = "registered at xAI, but" if registered else "not registered at xAI, and"
            raise Unmapped(f"{where} not a number of {self._live.account()}")
        route = self._live.ask(self._live.carrier.name, "route", self._inverse.found, e164, number=e164)
        target = route.unseen or self._target(e164, route, registered)
        if registered is None:
            where = "and it is not registered at xAI" if route.unseen else "where it is not registered"
            raise Unmapped(f"its calls go to {target}, {where}", step="declare it, then pulumi up")
        return NumberImport(self._live, registered, route, self._answers).imported()

    def _target(self, e164: str, route: Found, registered: RegisteredNumber | None) -> str:
        first, host = route.uris[0].uri, (registered.sip_host if registered else "") or values.SIP_HOST
        try:
            target = values.target(first)
        except ValueError:
            raise Unmapped(f"its calls go to {secrecy.one_line(first)}") from None
        if target.number not in {"", e164} or target.host != host.lower():
            raise Unmapped(f"its calls go to {target}, not to sip:{e164}@{host}")
        return str(target)


def _applied(found: Project, stack: str) -> set[str]:
    """The numbers that the stack's state holds."""
    held = state.of(stack, found.root, sandbox.reading(found, stack)).resources
    outputs = [item.outputs for item in held if item.type == graph.REGISTRATION]
    return {str(output.get("e164") or output.get("phone_number")) for output in outputs}
