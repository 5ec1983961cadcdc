"""One call on its way, from the object that takes it to whoever answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal

from providers.kernel import values
from providers.kernel.call_handling import CallHandling, Destination
from providers.kernel.secrecy import one_line
from stacks.callpath.decided import Decided
from stacks.callpath.hops import CallPath, Hop, HopState, Way
from stacks.resource import UNKNOWN

#: At which xAI may take SIP over TLS: 5061, also where a URI names none (RFC 3263); its page for Telnyx says 5060.
_PORTS = frozenset({None, 5060, 5061})
_AT_XAI = frozenset({"registration", "authentication", "webhook", "agent"})


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
            equipment=tuple(map(one_line, self._equipment)),
            registration=home.does if home else CallHandling(),
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

    @property
    def _equipment(self) -> list[str]:
        """What a call passes says it; where that is not known yet, what is shared there and has no id yet."""
        passed = [each for leg in self._open for each in leg.passed]
        coming = {leg.taker.vendor for leg in self._open if leg.taker and leg.coming}
        made = [each for each in self.shared if each.vendor in coming and not each.resource.id]
        told = {each.does.equipment for each in passed} - {""} or {each.does.equipment for each in made} - {""}
        return sorted(told)

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
