"""The call path: what the objects of a stack do with a call to one of its numbers, hop by hop. Pure.

Number at its carrier, attachment, trunk, each SIP URI in the order tried, registration at xAI with who may call, webhook or
agent. The resources may come from anywhere: a stack file, a preview, the state, what vendors show.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from providers.kernel import call_handling, registry, values
from providers.kernel.call_handling import CallHandling, Destination
from providers.kernel.errors import InputError
from providers.kernel.object import Object
from providers.kernel.secrecy import one_line
from stacks.resource import NUMBER, UNKNOWN, Resource

HopName = Literal["attachment", "trunk", "sip", "registration", "authentication", "webhook", "agent"]
#: ok; stopped: an object ends the call here; missing: the object that decides it is not there; unknown: nothing tells.
HopState = Literal["ok", "stopped", "missing", "unknown"]
#: Not known yet, and still there: what is bought or made in this run.
_COMING = frozenset({"phone_number", "agent_id"})


@dataclass(frozen=True)
class Hop:
    """One step of a call, and the object that decides it."""

    name: HopName
    state: HopState
    #: Name of the resource; empty where none decides it, or none is there.
    resource: str = ""
    #: For people: the URI, who may call, who answers.
    says: str = ""

    @property
    def ends(self) -> bool:
        """Whether a call ends here."""
        return self.state in {"stopped", "missing"}


@dataclass(frozen=True)
class CallPath:
    """What becomes of a call to one number."""

    number: str
    hops: tuple[Hop, ...]
    #: Carriers that take its calls; two are two routes.
    carriers: tuple[str, ...] = ()
    #: Carriers that have objects of it, whether they take its calls or not.
    vendors: tuple[str, ...] = ()
    #: SIP URIs in the order they are tried.
    targets: tuple[str, ...] = ()
    srtp: bool | None = None
    #: What its registration says; nothing where it has none.
    registration: CallHandling = field(default_factory=CallHandling)
    #: Name of the registration's resource.
    registered_by: str = ""

    @property
    def arrives(self) -> bool:
        """Whether a call reaches the number's registration at xAI, as far as anything is known."""
        return not any(hop.ends for hop in self.hops if hop.name not in {"webhook", "agent"})

    @property
    def attached(self) -> bool:
        """Whether its carrier sends its calls our way, as far as anything is known."""
        return not any(hop.ends for hop in self.hops if hop.name == "attachment")

    @property
    def answered_by(self) -> str:
        """Who answers, for people: ``agent sales``, or a webhook's URL; empty for nobody."""
        hop = next((hop for hop in self.hops if hop.name in {"webhook", "agent"} and not hop.ends), None)
        return "" if hop is None else f"agent {hop.says}" if hop.name == "agent" else hop.says

    @property
    def ends_at(self) -> Hop | None:
        """The first hop at which a call ends; None for one that somebody answers, as far as anything is known."""
        return next((hop for hop in self.hops if hop.ends), None)


def declaration(type: str) -> Object[Any, Any] | None:
    """The declaration of a kind of object; None where its vendor is not installed here."""
    vendor, _, kind = type.partition(":")
    try:
        return registry.vendor(vendor).object(kind)
    except InputError:
        return None


def handling(type: str, inputs: Mapping[str, Any]) -> CallHandling:
    """What an object does with calls; a vendor that is not installed, or stumbles, leaves what the values show."""
    found = declaration(type)
    coming = _COMING | (found.references if found else frozenset[str]())
    known = {name: value for name, value in inputs.items() if value != UNKNOWN or name in coming}
    try:
        return found.call_handling(known) if found else call_handling.from_values(known)
    except (AttributeError, KeyError, TypeError, ValueError):  # foreign code on masked or partial values
        return call_handling.from_values(known)


@dataclass(frozen=True)
class Decided:
    """A resource and what it does with calls."""

    resource: Resource
    does: CallHandling

    @classmethod
    def by(cls, resource: Resource) -> Decided:
        """What one resource decides."""
        return cls(resource, handling(resource.type, resource.inputs))


def path(
    number: str,
    own: Sequence[Decided],
    shared: Sequence[Decided] = (),
    *,
    others: Sequence[Decided] = (),
    agents: Mapping[str, str] | None = None,
    complete: bool = True,
) -> CallPath:
    """The path of a call to ``number`` over its ``own`` objects and those that numbers share.

    ``others`` are objects of this number from another source (another moment, the stack file): a hop that only they decide
    is missing here; one that nobody decides is unknown, and taken to be as it should. ``agents`` are names by id.
    ``complete``: every resource of the stack was told; else an id that is not among them may be one that was not.
    """
    return _Path(number, own, shared, others, agents or {}, complete).walk()


@dataclass(frozen=True)
class _Path:
    """One call on its way."""

    number: str
    own: Sequence[Decided]
    shared: Sequence[Decided]
    others: Sequence[Decided]
    agents: Mapping[str, str]
    complete: bool

    def walk(self) -> CallPath:
        attachment, home = self._attachment(), self._home
        near = self._near
        tried = [item for vendor in near for item in self._tried(vendor)]
        targets = tuple(self._spelled(destination, transport) for _, destination, transport in tried)
        provisioned = bool(home and home.does.auth == "provisioned")  # no carrier is between
        legs = () if provisioned else (attachment, *self._trunks(near), *self._sip(tried, targets, near))
        encrypted = [
            each.does.srtp
            for each in [*self.own, *(each for each in self.shared if each.resource.vendor in near)]
            if each.does.srtp is not None
        ]
        return CallPath(
            self.number,
            (*legs, self._registration(), *(self._at_xai(home) if home else ())),
            carriers=tuple(map(one_line, self._carriers)),
            vendors=tuple(map(one_line, near)),
            targets=targets,
            srtp=all(encrypted) if encrypted else None,
            registration=home.does if home else CallHandling(),
            registered_by=home.resource.name if home else "",
        )

    @cached_property
    def _all(self) -> list[Decided]:
        return [*self.own, *self.shared]

    @cached_property
    def _home(self) -> Decided | None:
        return next((each for each in self.own if each.does.registers), None)

    @cached_property
    def _takers(self) -> list[Decided]:
        """What takes the number's calls, and sends them to an object of ours."""
        return [each for each in self.own if each.does.takes and not (self.complete and self._points_elsewhere(each))]

    @property
    def _carriers(self) -> list[str]:
        return sorted({each.resource.vendor for each in self._takers})

    @property
    def _near(self) -> list[str]:
        """The carriers whose objects count: those that take its calls; where none does, all that have objects of it."""
        vendors = {each.resource.vendor for each in [*self.own, *self.others]}
        return self._carriers or sorted(vendors - {"xai"})

    # -- at the carrier ----------------------------------------------------------------------------------------------

    def _attachment(self) -> Hop:
        if self._takers:
            return Hop("attachment", "ok", self._takers[0].resource.name)
        if strayed := next((each for each in self.own if each.does.takes), None):
            return Hop("attachment", "stopped", strayed.resource.name, "its calls go somewhere else")
        decided = next((each for each in self.others if each.does.takes), None)
        return Hop("attachment", "missing" if decided else "unknown", decided.resource.name if decided else "")

    def _points_elsewhere(self, taker: Decided) -> bool:
        """Whether what takes the calls points at an object that is none of ours."""
        found = declaration(taker.resource.type)
        pointed = {taker.resource.inputs.get(name) for name in (found.references if found else ())} - {None, UNKNOWN}
        if not pointed:
            return False
        near = [each.resource for each in self._all if each.resource.vendor == taker.resource.vendor]
        ids = {id for each in near if each is not taker.resource for id in ids_of(each)}
        return bool(ids) and not pointed & ids

    def _trunks(self, near: Sequence[str]) -> list[Hop]:
        """What has a switch: a trunk or connection; one that is off ends the call."""
        return [
            Hop(
                "trunk",
                "ok" if each.does.enabled else "stopped",
                each.resource.name,
                "" if each.does.enabled else "off",
            )
            for each in self._all
            if each.does.enabled is not None and each.resource.vendor in near
        ]

    def _tried(self, vendor: str) -> list[tuple[Decided, Destination, str | None]]:
        """A carrier's destinations in the order they are tried: the number's own, or those its numbers share."""
        mine = [each for each in self.own if each.resource.vendor == vendor]
        if not any(each.does.destinations for each in mine):
            mine = [*mine, *(each for each in self.shared if each.resource.vendor == vendor)]
        transport = next((each.does.transport for each in mine if each.does.transport), None)
        order = [id for each in mine for id in each.does.tries]
        ranked: list[tuple[tuple[Any, ...], Decided, Destination]] = []
        for each in mine:
            place = _place(order, ids_of(each.resource))
            for count, destination in enumerate(each.does.destinations) if place is not None else ():
                last = "fallback" in each.resource.part
                ranked.append(((place, destination.rank, last, each.resource.name, count), each, destination))
        return [(each, destination, transport) for _, each, destination in sorted(ranked, key=lambda item: item[0])]

    def _spelled(self, destination: Destination, transport: str | None) -> str:
        """The URI as it is called: the dialled number before the host where the carrier fills it in."""
        try:
            target = values.target(destination.uri)
        except ValueError:
            return one_line(destination.uri)
        filled = {"number": target.number or self.number, **({"transport": transport} if transport else {})}
        return one_line(str(target.model_copy(update=filled)))

    def _sip(self, tried: list[Any], targets: Sequence[str], near: Sequence[str]) -> list[Hop]:
        """The URIs in their order; none of them is the registration's: the call never comes to xAI."""
        chooser = next((each for each in self.others if each.does.tries and each.resource.vendor in near), None)
        if chooser and not any(each.does.tries for each in self._all):
            return [Hop("sip", "missing", chooser.resource.name)]
        if tried:
            state: HopState = "ok" if any(map(self._reaches, targets)) else "stopped"
            return [Hop("sip", state, each.resource.name, uri) for (each, *_), uri in zip(tried, targets, strict=True)]
        decides = [
            each for each in [*self.own, *self.others] if each.does.destinations and each.resource.vendor in near
        ]
        here = any(each.resource.vendor in near for each in self.shared)
        return [Hop("sip", "missing" if decides or here else "unknown")]

    def _reaches(self, target: str) -> bool:
        """Whether a URI is the registration's own: another host is a fallback. Unknown counts as reached."""
        if self._home is None or not self._home.does.host:
            return True
        try:
            return values.target(target).host == self._home.does.host.lower()
        except ValueError:
            return True

    # -- at xAI ------------------------------------------------------------------------------------------------------

    def _registration(self) -> Hop:
        if self._home:
            return Hop("registration", "ok", self._home.resource.name)
        decided = next((each for each in self.others if each.does.registers), None)
        return Hop("registration", "missing" if decided else "unknown", decided.resource.name if decided else "")

    def _at_xai(self, home: Decided) -> tuple[Hop, Hop]:
        """Who may call, and who answers."""
        does, name = home.does, home.resource.name
        said = {"digest": f"digest {does.username}", "allowlist": f"{len(does.allow)} networks"}.get(
            does.auth, does.auth
        )
        admitted = Hop("authentication", "ok" if does.auth else "unknown", name, one_line(said))
        if does.agent:
            return admitted, Hop("agent", "ok", name, one_line(self.agents.get(does.agent, does.agent)))
        return admitted, Hop("webhook", "ok" if does.webhook else "missing", name, one_line(does.webhook))


def _place(order: Sequence[str], ids: set[str]) -> int | None:
    """At which place an object is tried, among the ids that somebody chose; None for one that is not chosen."""
    if not order or not ids:
        return 0
    chosen = next((place for place, id in enumerate(order) if id in ids), None)
    return order.index(UNKNOWN) if chosen is None and UNKNOWN in order else chosen  # a preview may not know it yet


def ids_of(resource: Resource) -> set[str]:
    """By what other objects refer to it: its id, and what its vendor calls it in its outputs."""
    return {text for text in (resource.id, *resource.outputs.values()) if isinstance(text, str) and text}


class Network:
    """All resources of a stack as one source tells of them, and the call paths over them."""

    def __init__(self, resources: Iterable[Resource]) -> None:
        found = [Decided.by(each) for each in resources if each.type != NUMBER]
        self._own: dict[str, list[Decided]] = {}
        for each in found:
            if each.resource.parent:
                self._own.setdefault(each.resource.parent, []).append(each)
        self._shared = [each for each in found if each.resource.shared]
        self._agents = {each.resource.id: each.resource.name for each in found if each.resource.kind == "Agent"}

    @property
    def agents(self) -> set[str]:
        """The names of its agents, which are no numbers."""
        return {*self._agents.values()}

    @property
    def numbers(self) -> list[str]:
        """The names of its numbers: E.164, or a key while there is none."""
        return sorted(self._own)

    def own(self, number: str) -> list[Decided]:
        """The objects of one number alone."""
        return self._own.get(number, [])

    def path(self, number: str, others: Network | None = None) -> CallPath:
        """What becomes of a call to a number; see :func:`path` for ``others``."""
        own = self.own(number)
        told = (number, *(each.resource.inputs.get("phone_number") for each in own))
        e164 = next((text for text in told if isinstance(text, str) and re.match(values.E164_PATTERN, text)), "")
        return path(e164, own, self._shared, others=others.own(number) if others else (), agents=self._agents)

    def instead(self, resource: Resource, other: Resource | None) -> Network:
        """The same network with one resource as it is elsewhere; None: without it."""
        changed = copy.copy(self)
        if resource.parent:
            changed._own = {**self._own, resource.parent: _swapped(self.own(resource.parent), resource, other)}
        else:
            changed._shared = _swapped(self._shared, resource, other)
        return changed


def _swapped(found: Iterable[Decided], resource: Resource, other: Resource | None) -> list[Decided]:
    same = resource.type, resource.name
    kept = [each for each in found if (each.resource.type, each.resource.name) != same]
    return [*kept, Decided.by(other)] if other else kept


def stopped(before: CallPath, after: CallPath) -> str:
    """The hop at which calls end that went on before; empty where they still go on, or did not before."""
    ended = {hop.name for hop in before.hops if hop.ends}
    if (name := next((hop.name for hop in after.hops if hop.ends and hop.name not in ended), "")) or not before.arrives:
        return name
    had, has = before.registration, after.registration
    shut_out = had.auth == "allowlist" and has.auth == "allowlist" and not set(had.allow) <= set(has.allow)
    other = {had.auth, has.auth} > {"digest"} or (had.auth == has.auth == "digest" and had.username != has.username)
    return "authentication" if shut_out or (other and has.auth != "open") else ""


def users(resources: Iterable[Resource]) -> dict[str, frozenset[str]]:
    """The numbers that each resource serves, by its name: its own, or for a shared one those whose objects refer to it."""
    found = list(resources)
    serves = {(each.type, each.name): {each.parent} if each.parent else set[str]() for each in found}
    shared = [each for each in found if each.shared]
    links = [(one, other) for one in shared for other in found if one is not other and _linked(one, other)]
    for _ in shared:  # a URL refers to a trunk that a number's attachment refers to
        for one, other in links:
            serves[one.type, one.name] |= serves[other.type, other.name]
    return {each.name: frozenset(serves[each.type, each.name]) for each in found}


def _linked(one: Resource, other: Resource) -> bool:
    """Whether one is built on the other: it refers to the other's id."""
    return one.vendor == other.vendor and bool(_referred(one) & ids_of(other) or _referred(other) & ids_of(one))


def _referred(resource: Resource) -> set[str]:
    found = declaration(resource.type)
    return {str(resource.inputs[name]) for name in (found.references if found else ()) if resource.inputs.get(name)}
