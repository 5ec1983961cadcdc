"""The call path: what the objects of a stack do with a call to one of its numbers, hop by hop. Pure.

Number at its carrier, attachment, trunk, each SIP URI in the order tried, registration at xAI with who may call, webhook or
agent. The resources may come from anywhere: a stack file, a preview, the state, what vendors show.

A call goes from the object that takes it to what that one refers to, as each carrier says of its own objects
(:class:`~providers.kernel.call_handling.CallHandling`). Where a reference is not known yet, or its carrier is not installed
here, the number's own objects at that carrier stand for it, or else those that numbers share.
"""

from __future__ import annotations

import copy
import ipaddress
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
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
#: At which xAI may take SIP over TLS: 5061, also where a URI names none (RFC 3263); its page for Telnyx says 5060.
_PORTS = frozenset({None, 5060, 5061})
#: Not known yet, and still there: what is bought or made in this run.
_COMING = frozenset({"phone_number", "agent_id"})
#: A carrier's object that says this says nothing about calls.
_SILENT = CallHandling()
_AT_XAI = frozenset({"registration", "authentication", "webhook", "agent"})


@dataclass(frozen=True)
class Hop:
    """One step of a call, and the object that decides it."""

    name: HopName
    state: HopState
    #: Name of the resource; empty where none decides it, or none is there.
    resource: str = ""
    #: For people: the URI, who may call, who answers, why it ends here.
    says: str = ""

    @property
    def ends(self) -> bool:
        """Whether a call ends here."""
        return self.state in {"stopped", "missing"}


@dataclass(frozen=True)
class Way:
    """A SIP URI that is called: what holds it, and as what. ``target`` is None for what is no SIP URI."""

    by: Decided
    to: Destination
    uri: str
    target: values.Target | None
    #: Whether it is the registration's own, and is let in, as far as anything is known.
    reaches: bool


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
    #: What takes its calls, all that they pass, and the URIs in the order they are tried.
    takers: tuple[Decided, ...] = ()
    passed: tuple[Decided, ...] = ()
    ways: tuple[Way, ...] = ()

    @property
    def arrives(self) -> bool:
        """Whether a call reaches the number's registration at xAI, as far as anything is known."""
        return not any(hop.ends for hop in self.hops if hop.name not in {"webhook", "agent"})

    @property
    def attached(self) -> bool:
        """Whether its carrier sends its calls our way, as far as anything is known."""
        return not any(hop.ends for hop in self.hops if hop.name == "attachment")

    @property
    def unregistered(self) -> Hop | None:
        """Its registration, where no object tells of one: for a state, which holds every object there is."""
        return None if self.registered_by else Hop("registration", "missing")

    @property
    def answered_by(self) -> str:
        """Who answers, for people: ``agent sales``, or a webhook's URL; empty for nobody."""
        hop = next((hop for hop in self.hops if hop.name in {"webhook", "agent"} and not hop.ends), None)
        return "" if hop is None or not hop.says else f"agent {hop.says}" if hop.name == "agent" else hop.says

    @property
    def ends_at(self) -> Hop | None:
        """The first hop at which a call ends; None for one that somebody answers, as far as anything is known."""
        return next((hop for hop in self.hops if hop.ends), None)


# -- what one object does ----------------------------------------------------------------------------------------------


def declaration(type: str) -> Object[Any, Any] | None:
    """The declaration of a kind of object; None where its vendor is not installed here."""
    vendor, _, kind = type.partition(":")
    try:
        return registry.vendor(vendor).object(kind)
    except InputError:
        return None


def _handling(found: Object[Any, Any] | None, inputs: Mapping[str, Any]) -> CallHandling:
    """What an object does with calls; a vendor that is not installed, or stumbles, leaves what the values show."""
    known = inputs
    if UNKNOWN in inputs.values():
        coming = _COMING | found.references if found else _COMING
        known = {name: value for name, value in inputs.items() if value != UNKNOWN or name in coming}
    try:
        return found.call_handling(known) if found else call_handling.from_values(known)
    except (AttributeError, KeyError, TypeError, ValueError):  # foreign code on masked or partial values
        return call_handling.from_values(known)


@dataclass(frozen=True, slots=True)
class Decided:
    """A resource and what it does with calls."""

    resource: Resource
    does: CallHandling
    #: By what others refer to it: its id, and what its vendor calls it.
    ids: frozenset[str]
    #: Its carrier is installed here, and would say where its calls go.
    declared: bool
    #: Its carrier says that it has nothing to do with calls.
    silent: bool
    #: Its declaration has references: one that refers to nothing sends calls nowhere.
    refers: bool

    @classmethod
    def by(cls, resource: Resource) -> Decided:
        """What one resource decides; what only its vendor knows of it counts as well, but no secret."""
        found, shown = declaration(resource.type), resource.outputs
        named = [name for name in found.outputs if name in shown and name not in found.secrets] if found else ()
        told = {name: shown[name] for name in named}
        does = _handling(found, {**told, **resource.inputs} if told else resource.inputs)
        # What takes calls is referred to by nobody: the ids that it holds are those of others.
        held = (resource.id, does.known_as, *(() if does.takes else told.values()))
        ids = frozenset(text for text in held if isinstance(text, str) and text)
        return cls(
            resource, does, ids, found is not None, bool(found) and does == _SILENT, bool(found and found.references)
        )

    @property
    def vendor(self) -> str:
        """The vendor it lives at."""
        return self.resource.vendor

    @property
    def key(self) -> tuple[str, str]:
        """Type and name: the same whoever tells of it."""
        return self.resource.type, self.resource.name

    @property
    def order(self) -> tuple[Any, ...]:
        """When it is tried, where nothing chooses: by rank, fallbacks last, then by name."""
        rank = min((each.rank for each in self.does.destinations), default=0)
        return rank, "fallback" in self.resource.part, self.resource.name


# -- one call ----------------------------------------------------------------------------------------------------------


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

    ``others`` are objects from another source (another moment, the stack file): a hop that only they decide is missing
    here; one that nobody decides is unknown, and taken to be as it should. ``agents`` are names by id. ``complete``: every
    resource of the stack was told; else an id that is not among them may be one that was not.
    """
    return _Path(number, own, shared, others, complete=complete).walk(agents or {})


Transport = Literal["tls", "tcp", "udp"]


def written(number: str, dialled: str) -> str:
    """A dialled number as a carrier writes it into a SIP URI; what is none of the formats is sent in its place."""
    if dialled in {"", "+e164"} or not number.startswith("+"):
        return number
    if dialled == "e164":
        return number.lstrip("+")
    if dialled == "national":
        return values.national(number)
    return dialled


@dataclass(frozen=True)
class _Called:
    """A SIP URI as it is called; one that is none has no target."""

    text: str
    target: values.Target | None


@lru_cache(maxsize=8192)
def _called(uri: str, number: str, transport: Transport | None) -> _Called:
    """With the dialled number before the host, where the carrier fills it in."""
    try:
        target = values.target(uri)
    except ValueError:
        return _Called(one_line(uri), None)
    filled = {"number": target.number or number, **({"transport": transport} if transport else {})}
    target = target.model_copy(update=filled)
    return _Called(one_line(str(target)), target)


@dataclass
class _Leg:
    """What one carrier does with a call, from the object that takes it on."""

    taker: Decided | None
    passed: list[Decided] = field(default_factory=list[Decided])
    #: Destinations in the order they are tried.
    tried: list[tuple[Decided, Destination]] = field(default_factory=list[tuple[Decided, Destination]])
    #: What is switched off.
    off: list[Decided] = field(default_factory=list[Decided])
    #: Ids that nothing here has, with what refers to them.
    lost: list[tuple[Decided, str]] = field(default_factory=list[tuple[Decided, str]])
    #: Something it refers to is not known yet.
    coming: bool = False

    @property
    def transport(self) -> Transport | None:
        """What its trunk calls with, where that is not the URI's to say."""
        return next((each.does.transport for each in self.passed if each.does.transport), None)

    @property
    def dialled(self) -> str:
        """How the dialled number is written: what rewrites it counts more than the format it would have."""
        return next((each.does.dialled for each in self.passed if each.does.dialled), "")

    @property
    def strays(self) -> tuple[Decided, str] | None:
        """What takes the call, and sends it to an object that is not here; None where it does not."""
        return None if self.tried else next((item for item in self.lost if item[0] is self.taker), None)


class _Path:
    """One call on its way."""

    def __init__(
        self,
        number: str,
        own: Sequence[Decided],
        shared: Sequence[Decided],
        others: Sequence[Decided],
        *,
        complete: bool,
    ) -> None:
        self.number, self.own, self.others, self.complete = number, own, others, complete
        self.shared = [each for each in shared if not each.silent]
        self._home = next((each for each in own if each.does.registers), None)
        #: What an id at a carrier means, and what decides the calls of the object that has it.
        self._by_id: dict[tuple[str, str], list[Decided]] = {}
        self._parts: dict[tuple[str, str], list[Decided]] = {}
        for each in [*own, *self.shared]:
            if not each.silent:
                self._indexed(each)
        self._vendors = {each.vendor for each in [*own, *others] if not each.resource.shared} - {"xai"}
        takers = sorted((each for each in own if each.does.takes), key=lambda each: (each.vendor, *each.order))
        self._legs = [self._followed(each) for each in takers] or self._assumptions()
        self._open = [leg for leg in self._legs if not self._strayed(leg)] or self._assumptions()

    def _indexed(self, each: Decided) -> None:
        """A setting of another object may have that one's id: it is part of it, and not what the id means."""
        vendor, part_of = each.vendor, each.does.part_of
        if part_of:
            self._parts.setdefault((vendor, part_of), []).append(each)
        for id in each.ids:
            if id != part_of:
                self._by_id.setdefault((vendor, id), []).append(each)

    def walk(self, agents: Mapping[str, str]) -> CallPath:
        """All hops, one after the other."""
        home = self._home
        tried = [item for leg in self._open for item in leg.tried]
        called = [
            _called(to.uri, written(self.number, leg.dialled), leg.transport)
            for leg in self._open
            for _, to in leg.tried
        ]
        ways = [
            Way(each, to, uri.text, uri.target, self._reaches(uri, to))
            for (each, to), uri in zip(tried, called, strict=True)
        ]
        provisioned = bool(home and home.does.auth == "provisioned")  # no carrier is between
        legs = () if provisioned else (*self._attachment(), *self._trunks(), *self._sip(ways))
        return CallPath(
            self.number,
            (*legs, self._registration(), *(self._at_xai(home, agents) if home else ())),
            carriers=tuple(map(one_line, self._carriers)),
            vendors=tuple(map(one_line, self._near)),
            targets=tuple(each.text for each in called),
            srtp=self._srtp,
            registration=home.does if home else _SILENT,
            registered_by=home.resource.name if home else "",
            takers=tuple(leg.taker for leg in self._legs if leg.taker),
            passed=tuple({id(each): each for leg in self._open for each in leg.passed}.values()),
            ways=tuple(ways),
        )

    @property
    def _carriers(self) -> list[str]:
        return sorted({leg.taker.vendor for leg in self._open if leg.taker})

    @property
    def _near(self) -> list[str]:
        """The carriers whose objects count: those that take its calls; where none does, all that have objects of it."""
        return self._carriers or sorted(self._vendors)

    @property
    def _srtp(self) -> bool | None:
        """Whether all that a call passes encrypts; where it passes nothing, what the number's own objects would do."""
        passed = [each for leg in self._open for each in leg.passed]
        said = [each.does.srtp for each in passed if each.does.srtp is not None]
        said = said or [each.does.srtp for each in self.own if each.does.srtp is not None]
        return all(said) if said else None

    # -- from object to object ---------------------------------------------------------------------------------------

    def _followed(self, taker: Decided) -> _Leg:
        leg = _Leg(taker)
        self._visit(taker, leg)
        if leg.coming or not (leg.tried or leg.lost or leg.off or self._trusted(taker)):
            self._assume(leg, taker.vendor)
        return leg

    def _assumptions(self) -> list[_Leg]:
        """Where calls would go, at each carrier with objects of the number."""
        legs: list[_Leg] = []
        for vendor in sorted(self._vendors):
            legs.append(_Leg(None))
            self._assume(legs[-1], vendor)
        return legs

    def _assume(self, leg: _Leg, vendor: str) -> None:
        """The number's own objects at a carrier, or else those that its numbers share."""
        mine = [each for each in self.own if each.vendor == vendor]
        if not any(each.does.destinations for each in mine):
            mine += [each for each in self.shared if each.vendor == vendor]
        mine = [each for each in mine if not each.does.takes]
        next_ones = {id for each in mine for id in each.does.tries}  # they come after what goes on to them
        for each in sorted(mine, key=lambda item: (not next_ones.isdisjoint(item.ids), *item.order)):
            self._visit(each, leg, alone=True)

    def _trusted(self, taker: Decided) -> bool:
        """Whether it would say where its calls go."""
        return self.complete and taker.declared

    def _visit(self, each: Decided, leg: _Leg, *, alone: bool = False) -> None:
        """What an object does with the call, then those that are part of it, then those it goes on to."""
        if each.silent or any(each is other for other in leg.passed):
            return
        leg.passed.append(each)
        if each.does.enabled is False or each.does.stops:
            leg.off.append(each)
            return
        leg.tried += [(each, to) for to in sorted(each.does.destinations, key=lambda item: item.rank)]
        self._visit_parts(each, leg)
        for id in each.does.tries:
            if id == UNKNOWN:
                leg.coming = True
            elif found := self._by_id.get((each.vendor, id)):
                for other in sorted(found, key=lambda item: item.order):
                    self._visit(other, leg)
            elif not alone and self._judged(each):
                leg.lost.append((each, id))

    def _visit_parts(self, each: Decided, leg: _Leg) -> None:
        parts = [part for id in each.ids for part in self._parts.get((each.vendor, id), ())]
        for part in sorted(parts, key=lambda item: item.order):
            self._visit(part, leg)

    def _judged(self, each: Decided) -> bool:
        """Whether an id that is not here is one of somebody else: where any other id of that carrier is known."""
        same = [other for other in [*self.own, *self.shared] if other.vendor == each.vendor]
        return self.complete and any(other.ids for other in same if other is not each and not other.does.takes)

    # -- at the carrier ----------------------------------------------------------------------------------------------

    def _strayed(self, leg: _Leg) -> bool:
        halted = leg.taker is not None and bool(leg.taker.does.stops)
        return halted or leg.strays is not None or self._refers_to_nothing(leg)

    def _refers_to_nothing(self, leg: _Leg) -> bool:
        """Whether its carrier would say where the calls go, and it goes nowhere: somebody took the reference away."""
        taker = leg.taker
        if taker is None or leg.tried or taker.does.tries or taker.does.destinations:
            return False
        return self._trusted(taker) and taker.refers

    def _attachment(self) -> list[Hop]:
        taken = [(leg, leg.taker) for leg in self._legs if leg.taker]
        for leg, taker in taken:
            if not self._strayed(leg):
                return [Hop("attachment", "ok", taker.resource.name)]
        for leg, taker in taken:
            return self._astray(leg, taker)
        decided = next((each for each in self.others if each.does.takes), None)
        state: HopState = "missing" if decided or self._unattached else "unknown"
        return [Hop("attachment", state, decided.resource.name if decided else "")]

    def _astray(self, leg: _Leg, taker: Decided) -> list[Hop]:
        """Calls that go to nothing of ours; what they went to may just be gone."""
        name, id = taker.resource.name, leg.strays[1] if leg.strays else ""
        if stop := next(iter(taker.does.stops), None):
            return [Hop("attachment", "stopped", name, one_line(stop.why))]
        if gone := next((each for each in self.others if id in each.ids and not each.does.takes), None):
            return [Hop("attachment", "ok", name), Hop("trunk", "missing", gone.resource.name, "it is not there")]
        return [
            Hop("attachment", "stopped", name, "its calls go somewhere else" if id else "it sends its calls nowhere")
        ]

    @property
    def _unattached(self) -> bool:
        """Whether a carrier has objects for its calls, and nothing that takes them."""
        return self.complete and any(
            each.does.destinations or each.does.tries or each.does.part_of or each.does.enabled is not None
            for each in self.own
        )

    def _trunks(self) -> Iterator[Hop]:
        """What is between the attachment and the SIP URIs."""
        for leg in self._open if any(leg.taker for leg in self._open) else ():
            for each in leg.passed:
                if any(each is other for other in leg.off):
                    yield Hop("trunk", "stopped", each.resource.name, next((it.why for it in each.does.stops), "off"))
                elif each is not leg.taker and not each.does.destinations:
                    yield Hop("trunk", "ok", each.resource.name)

    def _sip(self, ways: Sequence[Way]) -> list[Hop]:
        """The URIs in their order; none of them is the registration's: the call never comes to xAI."""
        if ways:
            comes = any(way.reaches for way in ways)
            other: HopState = "unknown" if comes else "stopped"  # a fallback, or the only way there is
            found = [Hop("sip", "ok" if way.reaches else other, way.by.resource.name, way.uri) for way in ways]
            return found if comes else [*self._gone(), *found]
        if any(leg.off for leg in self._open):
            return []
        if gone := list(self._gone()):
            return gone
        lost = any(leg.lost for leg in self._open)
        here = any(each.vendor in self._near and each.does.destinations for each in [*self.own, *self.shared])
        return [Hop("sip", "missing" if lost or here or self._leads_nowhere else "unknown")]

    def _gone(self) -> Iterator[Hop]:
        """What chose among SIP URIs, or held one, and is not there."""
        here = {each.key for each in [*self.own, *self.shared]}
        for each in sorted(self.others, key=lambda item: (not item.does.tries, *item.order)):
            told = each.does.destinations or (each.does.tries and not each.does.takes)
            if told and each.vendor in self._near and each.key not in here:
                yield Hop(
                    "sip" if each.does.destinations else "trunk", "missing", each.resource.name, "it is not there"
                )

    @property
    def _leads_nowhere(self) -> bool:
        """Whether an object that gets the calls is known, and all that it sends them to: nothing."""
        return self.complete and any(
            leg.taker and not leg.coming and len(leg.passed) > 1 and self._trusted(leg.taker) for leg in self._open
        )

    def _reaches(self, called: _Called, to: Destination) -> bool:
        """Whether a URI is the registration's own, and is let in: another host is a fallback. Unknown counts as reached,
        and so does port 5060, of which the documents disagree.
        """
        home = self._home.does if self._home else None
        if home is None or not home.host or called.target is None:
            return True
        if home.auth == "digest" and to.username is not None and to.username != home.username:
            return False
        dialled = called.target.number in {self.number, ""} or not self.number.startswith("+")  # or not bought yet
        over_tls = called.target.transport == "tls" and called.target.port in _PORTS
        return called.target.host == home.host.lower() and dialled and over_tls

    # -- at xAI ------------------------------------------------------------------------------------------------------

    def _registration(self) -> Hop:
        if self._home:
            return Hop("registration", "ok", self._home.resource.name)
        decided = next((each for each in self.others if each.does.registers and not each.resource.shared), None)
        return Hop("registration", "missing" if decided else "unknown", decided.resource.name if decided else "")

    def _at_xai(self, home: Decided, agents: Mapping[str, str]) -> tuple[Hop, Hop]:
        """Who may call, and who answers."""
        does, name = home.does, home.resource.name
        said = {"digest": f"digest {does.username}", "allowlist": f"{len(does.allow)} networks"}
        text = one_line(said.get(does.auth, does.auth)) if does.auth == "digest" else said.get(does.auth, does.auth)
        admitted = Hop("authentication", "ok" if does.auth else "unknown", name, text)
        if does.agent:
            return admitted, self._agent(does.agent, name, agents)
        if does.webhook:
            return admitted, Hop("webhook", "ok", name, one_line(does.webhook))
        if does.auth == "provisioned":  # who answers was chosen in the console
            return admitted, Hop("agent", "unknown", name)
        return admitted, Hop("webhook", "missing", name)

    def _agent(self, id: str, by: str, agents: Mapping[str, str]) -> Hop:
        """The agent; one of the stack that is not there any more answers nobody."""
        gone = next((each for each in self.others if each.resource.kind == "Agent" and id in each.ids), None)
        if gone and id not in agents:
            return Hop("agent", "missing", gone.resource.name, "it is gone")
        return Hop("agent", "ok", by, one_line(agents.get(id, id)))


def _indexed(found: Iterable[tuple[str, str, Decided]]) -> dict[tuple[str, str], list[Decided]]:
    index: dict[tuple[str, str], list[Decided]] = {}
    for vendor, id, each in found:
        index.setdefault((vendor, id), []).append(each)
    return index


# -- all of a stack ----------------------------------------------------------------------------------------------------


class CallNetwork:
    """All resources of a stack as one source tells of them, and the call paths over them."""

    def __init__(self, resources: Iterable[Resource]) -> None:
        self._place([Decided.by(each) for each in resources if each.type != NUMBER])

    def _place(self, found: list[Decided]) -> None:
        self._found = found
        self._own: dict[str, list[Decided]] = {}
        for each in found:
            if each.resource.parent:
                self._own.setdefault(each.resource.parent, []).append(each)
        self._agents = [each for each in found if each.resource.kind == "Agent"]
        self._answering = {id: each.resource.name for each in self._agents for id in each.ids}
        self._shared = [each for each in found if each.resource.shared and not each.silent]

    @property
    def agents(self) -> set[str]:
        """The names of its agents, which are no numbers."""
        return {each.resource.name for each in self._agents}

    @property
    def answering(self) -> dict[str, str]:
        """The names of its agents by their ids."""
        return dict(self._answering)

    @property
    def numbers(self) -> list[str]:
        """The names of its numbers: E.164, or a key while there is none."""
        return sorted(self._own)

    def own(self, number: str) -> list[Decided]:
        """The objects of one number alone."""
        return self._own.get(number, [])

    def path(self, number: str, others: CallNetwork | None = None) -> CallPath:
        """What becomes of a call to a number; see :func:`path` for ``others``."""
        own = self.own(number)
        told = (number, *(text for each in own for text in (each.does.takes, each.does.registers)))
        e164 = next((text for text in told if re.match(values.E164_PATTERN, text)), "")
        before = [*others.own(number), *others._shared, *others._agents] if others else ()
        return path(e164, own, self._shared, others=before, agents=self._answering)

    def instead(self, resource: Resource, other: Resource | None) -> CallNetwork:
        """The same network with one resource as it is elsewhere; None: without it."""
        key, new = (resource.type, resource.name), [Decided.by(other)] if other else []
        changed = copy.copy(self)
        if number := resource.parent:
            changed._own = {**self._own, number: [*(each for each in self.own(number) if each.key != key), *new]}
            return changed
        changed._place([*(each for each in self._found if each.key != key), *new])
        return changed


def stopped(before: CallPath, after: CallPath) -> str:
    """The hop at which calls end that went on before; empty where they still go on, or did not before."""
    ended = {hop.name for hop in before.hops if hop.ends}
    if (name := next((hop.name for hop in after.hops if hop.ends and hop.name not in ended), "")) or not before.arrives:
        return name
    return "" if _admits(after.registration, before.registration) else "authentication"


def _admits(now: CallHandling, was: CallHandling) -> bool:
    """Whether everyone who could call before still may."""
    if now.auth == "digest":
        return was.auth == "digest" and now.username == was.username
    if now.auth == "allowlist":
        return was.auth == "open" or (was.auth == "allowlist" and _covers(now.allow, was.allow))
    return True


def _covers(now: Sequence[str], was: Sequence[str]) -> bool:
    """Whether networks hold all of others."""
    if set(was) <= set(now):
        return True
    try:
        held = list(map(ipaddress.ip_network, values.cidrs(now)))
        return all(any(_inside(ipaddress.ip_network(each), other) for other in held) for each in values.cidrs(was))
    except ValueError:  # the whole internet, or masked
        return False


def _inside(one: Any, other: Any) -> bool:
    return bool(one.version == other.version and one.subnet_of(other))


def users(resources: Iterable[Resource]) -> dict[tuple[str, str], frozenset[str]]:
    """The numbers that each resource serves, by its type and name: its own, or for a shared one those that refer to it."""
    found = [Decided.by(each) for each in resources if each.type != NUMBER]
    by_id = _indexed((each.vendor, id, each) for each in found for id in each.ids)
    near: dict[int, list[Decided]] = {id(each): [] for each in found}
    serves = {id(each): {each.resource.parent} if each.resource.parent else set[str]() for each in found}
    for each in found:
        for other in (other for ref in _referred(each) for other in by_id.get((each.vendor, ref), ())):
            if other is not each:
                near[id(each)].append(other)
                near[id(other)].append(each)
    for each in found:
        if each.resource.parent:
            _spread(each, near, serves)
    return {each.key: frozenset(serves[id(each)]) for each in found}


def _spread(each: Decided, near: Mapping[int, Sequence[Decided]], serves: Mapping[int, set[str]]) -> None:
    """A number's object uses what it refers to, and what that belongs together with; never another number's objects."""
    waiting, number = [each], each.resource.parent
    while waiting:
        for other in near[id(waiting.pop())]:
            if not other.resource.parent and number not in serves[id(other)]:
                serves[id(other)].add(number)
                waiting.append(other)


def _referred(each: Decided) -> set[str]:
    """The ids of what it is built on, and of the agent that answers it."""
    found = declaration(each.resource.type)
    names = found.references if found else ()
    told = {str(each.resource.inputs[name]) for name in names if each.resource.inputs.get(name)}
    return told | ({each.does.agent} if each.does.agent else set[str]())
