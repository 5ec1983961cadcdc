"""Which secret goes to which host after a change, compared with before. Pure; never a value."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Literal

from providers.kernel.secrecy import MASK, one_line
from stacks import destinations
from stacks.destinations import DIGEST, LOGIN, SecretDestination, SecretName
from stacks.graph import REGISTRATION
from stacks.resource import UNKNOWN, Resource
from xtel.engine.step import Step
from xtel.review.plan import changes
from xtel.review.plan.calls import Part
from xtel.review.plan.model import SecretPlan

#: What people call the password that is made for a number.
MADE = "its made password"


def compared(
    found: Iterable[Part], declared: Sequence[SecretDestination], *, whole: bool, masked: bool
) -> tuple[SecretPlan, ...]:
    """Every secret's way after the change.

    ``masked``: the engine shows no secret's name. What stands in a field is then called as the stack file calls it, before
    the change too. Not ``whole``: what the preview does not list stays as the stack file has it.
    """
    listed = list(found)
    old = [part.old.resource for part in listed if part.old]
    new = [part.new.resource for part in listed if part.new]
    names = destinations.names(declared) if masked else {}
    before, after = _ways(old, names, masked=masked), _ways(new, names, masked=masked)
    if not whole:
        seen, made = {_object(part.step) for part in listed}, {(each.type, each.name) for each in new}
        unseen = [each for each in declared if (each.type, each.name) not in seen]
        logins = [each for each in declared if each.field == LOGIN and (each.type, each.name) in made]
        before, after = [*before, *unseen], [*dict.fromkeys([*after, *logins]), *unseen]
    told = _told(_known(before, _renewed(listed)), after)
    return tuple(sorted(told, key=lambda item: (item.secret, item.number, item.name, item.field, item.host)))


def _ways(resources: list[Resource], names: destinations.Names, *, masked: bool) -> list[SecretDestination]:
    found = destinations.of(resources, names)
    return [each if masked or each.secret != SecretName() else _made(each) for each in found]


def _object(step: Step) -> tuple[str, str]:
    return step.type, step.name


def _renewed(parts: Iterable[Part]) -> set[tuple[str, str, str]]:
    """Fields whose secret the engine saw change: what stood there before may have another name."""
    paths = ((part.step, path) for part in parts for path in changes.secretly(part.step))
    return {(*_object(step), re.sub(r'\["([^"]*)"\]', r".\1", path)) for step, path in paths}


def _known(before: list[SecretDestination], renewed: set[tuple[str, str, str]]) -> list[SecretDestination]:
    """The ways of before, as far as it is known whose they were: of a field with another secret than before its name tells
    only where nothing else does.
    """
    numbers = {name for _, name, field in renewed if field == DIGEST}

    def sure(way: SecretDestination) -> bool:
        return way.place not in renewed and (way.field != LOGIN or way.number not in numbers)

    names = {each.secret for each in before if sure(each)}
    return [each for each in before if sure(each) or each.secret not in names]


def _made(way: SecretDestination) -> SecretDestination:
    """What a stack file does not name is made here."""
    return replace(way, secret=SecretName(made=f"{way.number}/password"))


def _told(before: list[SecretDestination], after: list[SecretDestination]) -> Iterable[SecretPlan]:
    hosts: dict[SecretName | tuple[str, str, str], set[str]] = {}
    for each in before:
        hosts.setdefault(_known_by(each), set()).add(each.host)
    places = {(_known_by(each), each.place, each.host) for each in before}
    begun = _begun(before)
    for each in after:
        known = hosts.get(_known_by(each))
        state: Literal["new host", "new secret", "new place", "kept"]
        if known is None:
            state = "new secret"
        elif each.host not in known:
            state = "new place" if (_known_by(each), each.number) in begun else "new host"
        else:
            state = "kept" if (_known_by(each), each.place, each.host) in places else "new place"
        yield SecretPlan(
            secret=_called(each), host=_shown(each.host), state=state, number=one_line(each.number),
            before=tuple(sorted(map(_shown, known or ()))) if state == "new host" else (),
            type=one_line(each.type), name=one_line(each.name), field=one_line(each.field),
        )  # fmt: skip


def _begun(before: list[SecretDestination]) -> set[tuple[SecretName | tuple[str, str, str], str]]:
    """Passwords of numbers that are registered with them while nobody dials with them yet: a run that was cut off left it so,
    and who is to dial gets the password for the first time.
    """
    dialled = {each.number for each in before if each.type != REGISTRATION}
    return {(_known_by(each), each.number) for each in before if each.field == DIGEST and each.number not in dialled}


def _known_by(way: SecretDestination) -> SecretName | tuple[str, str, str]:
    """A secret that nothing names is told by where it stands."""
    return way.place if way.secret == SecretName() else way.secret


def _called(way: SecretDestination) -> str:
    return one_line(way.secret.name) or (MADE if way.secret.made else f"its {one_line(way.field)}")


def _shown(host: str) -> str:
    return {UNKNOWN: "a host known after apply", MASK: "a host that is secret"}.get(host) or one_line(host, 80)
