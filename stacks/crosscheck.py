"""What no entry of a stack file shows alone: numbers against their carriers, and against each other. Pure."""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

from providers.kernel import purchase, ranges, registry, spec, values
from providers.kernel.capabilities import Ability, Cannot, Capability
from providers.kernel.route import Leg
from providers.kernel.vendor import Carrier
from providers.kernel.wording import did_you_mean
from stacks import boxes, graph
from stacks.agent import ID_PREFIX, Agent
from stacks.model import Auth, Common, Network, Number
from stacks.positions import Location
from stacks.resource import Resource
from xai_resources.agent import EFFORTS, MODELS, VOICES


@dataclass(frozen=True)
class Remark:
    """Something about a place in the file: an error, or a warning."""

    place: Location
    message: str
    severity: str = "error"


class _Entry:
    """One number with its defaults, the objects it needs, and where in the file it says what."""

    def __init__(self, key: str, said: Number, number: Number, defaults: Common) -> None:
        self.key, self.number = key, number
        self._said, self._defaults = said.model_fields_set, defaults.model_fields_set
        self._needed: tuple[Resource, ...] = ()
        self.problem = ""
        if self.unlisted:
            return
        try:
            self._needed = graph.of_number(key, self.number)
        except ValueError as error:
            self.problem = spec.sentence(error)

    def place(self, field: str) -> Location:
        """Where a field is said: at the number, or in the defaults for all."""
        inherited = field not in self._said and field in self._defaults
        return ("defaults", field) if inherited else ("numbers", self.key, field)

    @property
    def carrier(self) -> Carrier[Any] | None:
        """The carrier that delivers the number."""
        return registry.carriers().get(self.number.route.delivers) if self.number.route else None

    def ability(self, capability: Capability) -> Ability | None:
        """What the route can, or its carrier in general."""
        own = self.number.route.abilities().get(capability) if self.number.route else None
        return own or (self.carrier.can.get(capability) if self.carrier else None)

    @property
    def leg(self) -> Leg:
        """The leg of a call that the carrier makes towards xAI."""
        return graph.leg(self.key, self.number)

    @property
    def unlisted(self) -> bool:
        """Whether ``auth`` is left out although the carrier has no published ranges that could stand for it."""
        route = self.number.route
        best = self.carrier.auth if self.carrier and self.number.auth is None else ""
        return best == "allowlist" and not (route and route.sources() and all(map(_table, route.sources())))

    @property
    def objects(self) -> list[Resource]:
        """The carrier's objects for this number; none when they cannot be."""
        return [each for each in self._needed if self.carrier and each.vendor == self.carrier.name]

    @property
    def shared(self) -> dict[str, Resource]:
        """Those of them that other numbers use too."""
        return _shared(self._needed)


def remarks(network: Network, line: Callable[[Location], int]) -> Iterator[Remark]:
    """Everything that is wrong or worth a warning; ``line`` tells where in the file a place is."""
    merged = network.merged()
    entries = [_Entry(key, said, merged[key], network.defaults) for key, said in network.numbers.items()]
    yield from _twice(entries, line)
    yield from _spelled_twice(entries)
    yield from _brought(entries)
    for entry in entries:
        yield from _answered(entry)
        yield from _kept(entry)
        yield from _wired(entry)
        yield from _delivered(entry)
        yield from _fallback(entry)
        yield from _repeated(entry)
        yield from _auth(entry)
    yield from _crowded(entries)
    yield from _at_odds(entries, line)
    yield from _on_one_box(entries, line)
    yield from _renamed("numbers", network.numbers, line)
    yield from _assigned(network, line)
    yield from _renamed("agents", network.agents, line)
    yield from _voiced(network)
    yield from _reviewed(network)


def _twice(entries: list[_Entry], line: Callable[[Location], int]) -> Iterator[Remark]:
    seen: dict[str, str] = {}
    for entry in entries:
        number, place = entry.number.number, ("numbers", entry.key, "number")
        if number is None:
            continue
        if number in seen:
            first = f"{seen[number]} in line {line(('numbers', seen[number]))}"
            yield Remark(place, f"{number} is declared twice: also as {first}; remove one of the two")
            continue
        seen[number] = entry.key
        if values.improbable(number):
            yield Remark(place, "is possible, but no such number is assigned: a typing error?", "warning")


def _answered(entry: _Entry) -> Iterator[Remark]:
    number, place = entry.number, ("numbers", entry.key)
    if not number.route and not number.auth and number.origin == "byo_trunk":
        yield Remark(place, "needs a route, or auth that says who may send its calls")
    if not number.webhook and not number.agent and number.origin == "byo_trunk":
        yield Remark(place, "nobody answers: give it a webhook or an agent", "warning")
    if number.auth == "open":
        yield Remark(entry.place("auth"), "open: anyone on the internet can call this number in", "warning")


def _kept(entry: _Entry) -> Iterator[Remark]:
    if entry.number.on_delete and not isinstance(entry.number.route, purchase.Route):
        sellers = [name for name, declared in registry.carriers().items() if issubclass(declared.route, purchase.Route)]
        text = f"is for numbers at a carrier that can take them back ({', '.join(sellers)}): remove on_delete"
        yield Remark(entry.place("on_delete"), text)


def _wired(entry: _Entry) -> Iterator[Remark]:
    """What the route's own class refuses: because of the fallback when it would do without."""
    if not entry.problem:
        return
    field = "route"
    if entry.number.fallback:
        try:
            graph.of_number(entry.key, entry.number.model_copy(update={"fallback": ()}))
            field = "fallback"
        except ValueError:
            pass
    yield Remark(entry.place(field), entry.problem)


def _delivered(entry: _Entry) -> Iterator[Remark]:
    """Further spellings are for whoever matches them: a carrier with an API knows its own numbers."""
    if entry.number.did and not (entry.number.route and entry.number.route.matches_did):
        names = [name for name, declared in registry.carriers().items() if declared.route.matches_did]
        text = f"is for what matches the delivered number itself (carrier: {', '.join(names)}): remove did"
        yield Remark(entry.place("did"), text)


def _spelled_twice(entries: list[_Entry]) -> Iterator[Remark]:
    """A spelling that stands for two numbers would ring whichever a PBX reads first."""
    seen: dict[str, _Entry] = {}
    for entry in entries:
        number = entry.number.number or ""
        for spelling in {number, number.lstrip("+")} - {""}:
            seen.setdefault(spelling, entry)
    for entry in entries:
        for index, spelling in enumerate(entry.number.did):
            if (other := seen.setdefault(spelling, entry)) is not entry:
                text = f"{spelling} stands for {other.key} too: a spelling belongs to one number; remove one"
                yield Remark((*entry.place("did"), index), text)


def _brought(entries: list[_Entry]) -> Iterator[Remark]:
    """A number whose callers are brought to another one cannot be registered itself."""
    keys = {entry.number.number: entry.key for entry in entries if entry.number.number}
    for entry in entries:
        if (route := entry.number.route) is None:
            continue
        for name, number in route.brings().items():
            if (other := keys.get(number, entry.key)) != entry.key:
                text = (
                    f"{number} is the number of {other}, and its callers would be brought to {entry.key}: write another"
                )
                yield Remark((*entry.place("route"), name), text)


def _fallback(entry: _Entry) -> Iterator[Remark]:
    if not entry.number.fallback:
        return
    place = entry.place("fallback")
    if entry.number.route is None:
        yield Remark(place, "needs a route: it is the carrier that tries a fallback; add a route or remove fallback")
    elif entry.carrier and isinstance(ability := entry.ability(Capability.FALLBACK), Cannot):
        yield Remark(place, f"{entry.carrier.title} has no fallback ({ability.why}): remove fallback")


def _repeated(entry: _Entry) -> Iterator[Remark]:
    """What stands in a list twice once it is spelled in one way, and a fallback that is where the calls go first."""
    number, route = entry.number, entry.number.route
    uris = [way.uri for way in number.fallback]
    first = str(values.Target(number=number.number or "", host=number.sip_host))
    for index, uri in enumerate(uris):
        place = (*entry.place("fallback"), index)
        if uri in uris[:index]:
            yield Remark(place, f"is fallback.{uris.index(uri)} again, spelled in another way or not: remove one")
        elif uri == first:
            yield Remark(place, "is where its calls go first: a fallback is somebody else; remove it")
    for name in type(route).model_fields if route else ():
        value: Any = getattr(route, name)
        listed = cast(tuple[Any, ...], value) if isinstance(value, tuple) else ()
        for index, item in enumerate(listed):
            if item in listed[:index]:
                yield Remark((*entry.place("route"), name, index), f"{item} stands in this list twice: remove one")


def _auth(entry: _Entry) -> Iterator[Remark]:
    """Whether the carrier's calls get in at all: what is declared, or the carrier's best where nothing is."""
    auth, declared, route = entry.number.auth, entry.carrier, entry.number.route
    for index, network in enumerate(auth.allow or () if isinstance(auth, Auth) else ()):
        if not ranges.is_name(network) and (kind := values.unreached(network)):
            text = f"{network} is {kind}: nothing from it arrives over the internet, so it lets nobody call"
            yield Remark((*entry.place("auth"), "allow", index), text, "warning")
    if declared and entry.unlisted:
        text = (
            f"{declared.title} publishes no address ranges: add auth: {{allow: [CIDR]}} with the addresses of its calls"
        )
        yield Remark(("numbers", entry.key), text)
    if declared is None or route is None or not isinstance(auth, Auth):
        return
    names = [name for name in route.sources() if _table(name)]
    if auth.digest is not None:
        ability = entry.ability(Capability.DIGEST)
        if isinstance(ability, Cannot):
            way = f"write auth: {{allow: [{', '.join(names)}]}}" if names else "write auth: {allow: [CIDR]}"
            place = (*entry.place("auth"), "digest")
            yield Remark(place, f"{declared.title} cannot log in with a digest ({ability.why}): {way}")
        return
    place = (*entry.place("auth"), "allow")
    for name in names:
        yield from _uncovered(auth.allow or (), name, declared.title, place)
    if (address := route.own_addresses()) is not None:
        yield from _unlike(auth.allow or (), address, place)


def _unlike(allow: tuple[str, ...], address: str, place: Location) -> Iterator[Remark]:
    """What an allowlist says of calls that come from a machine of one's own: its address, and nobody else's ranges."""
    for index, entry in enumerate(allow):
        if ranges.is_name(entry):
            text = f"{entry} is not where these calls come from: write the public address of the PBX or SBC as a CIDR"
            yield Remark((*place, index), text)
            return
    if values.is_address(address) and not _covers(allow, address):
        text = f"{address}, the route's address, is in none of these networks: its calls would be refused; add {address}/32"
        yield Remark(place, text, "warning")


def _covers(allow: tuple[str, ...], address: str) -> bool:
    found = ipaddress.ip_network(address)
    return any(_contains(ipaddress.ip_network(cidr), found) for cidr in ranges.resolve(allow))


def _uncovered(allow: tuple[str, ...], name: str, title: str, place: Location) -> Iterator[Remark]:
    """A table named with an older date counts: it is what the number was registered with, and `xtel ranges` moves it."""
    table = ranges.table(name)
    if any(ranges.is_name(entry) and ranges.table(entry).label == table.label for entry in allow):
        return
    allowed = [ipaddress.ip_network(cidr) for cidr in ranges.resolve(allow)]
    missing = sum(
        not any(_contains(network, ipaddress.ip_network(cidr)) for network in allowed) for cidr in table.cidrs
    )
    if missing:
        yield Remark(
            place,
            f"{missing} of {title}'s {len(table.cidrs)} networks are missing, and calls from them would be refused:"
            f" add {name}",
        )


def _contains(
    outer: ipaddress.IPv4Network | ipaddress.IPv6Network, inner: ipaddress.IPv4Network | ipaddress.IPv6Network
) -> bool:
    return outer.version == inner.version and inner.subnet_of(outer)  # type: ignore[arg-type]


def _table(name: str) -> bool:
    """Whether a carrier's published ranges are known: a PBX has none."""
    try:
        return bool(ranges.table(name))
    except ValueError:
        return False


def _crowded(entries: list[_Entry]) -> Iterator[Remark]:
    """More objects of one kind than the account may have; what is shared counts once."""
    counts: Counter[str] = Counter()
    seen = set[str]()
    for entry in entries:
        if entry.carrier is None or entry.carrier.object_limit is None:
            continue
        name, title, (kind, most, way_out) = entry.carrier.name, entry.carrier.title, entry.carrier.object_limit
        before = counts[name]
        for each in entry.objects:
            if each.kind == kind and each.name not in seen:
                counts[name] += 1
                seen.add(each.name)
        if before <= most < counts[name]:
            text = f"{entry.key} needs {kind} {counts[name]} at {title}, and an account has at most {most}: {way_out}"
            yield Remark(entry.place("route"), text)


def _at_odds(entries: list[_Entry], line: Callable[[Location], int]) -> Iterator[Remark]:
    """Numbers that use the same objects must want the same of them, and the same on them: what one lacks it gets too."""
    first: dict[str, _Entry] = {}
    for entry in entries:
        if entry.carrier is None or not entry.shared:
            continue
        others = {first[name].key: first[name] for name in entry.shared if name in first}
        for name in entry.shared:
            first.setdefault(name, entry)
        other = next((each for each in others.values() if _contradict(entry.shared, each.shared)), None)
        if other is not None:
            fields = _differing(entry, other)
            what = ", ".join(fields)
            place = next((entry.place(field.split(".")[0]) for field in fields), ("numbers", entry.key, "route"))
            part = next(each.part for name, each in entry.shared.items() if name in other.shared)
            yield Remark(
                place,
                f"shares one {entry.carrier.title} {part} with {other.key} (line {line(('numbers', other.key))}),"
                f" which says something else in {what}: say the same in both, or do not share it",
            )


def _contradict(one: Mapping[str, Resource], other: Mapping[str, Resource]) -> bool:
    """Whether they differ in what both have, or in what refers to it; what only leads to it is each number's own affair."""
    common = one.keys() & other.keys()
    alone = [each for mine in (one, other) for name, each in mine.items() if name not in common]
    on_it = (
        value.resource in common
        for each in alone
        for value in each.inputs.values()
        if isinstance(value, graph.OutputOf)
    )
    return any(one[name] != other[name] for name in common) or any(on_it)


def _on_one_box(entries: list[_Entry], line: Callable[[Location], int]) -> Iterator[Remark]:
    """What two numbers' files would take from each other on the machine that they are for."""
    found = {
        entry.key: box
        for entry in entries
        if (route := entry.number.route)
        and not (entry.unlisted or entry.problem)
        and (box := route.stands_on(entry.leg))
    }
    for clash in boxes.clashes(found, {key: line(("numbers", key)) for key in found}):
        yield Remark(("numbers", clash.key, *clash.path.split(".")), clash.message)


def _differing(entry: _Entry, other: _Entry) -> list[str]:
    """What of a number's route, fallback and host makes its shared objects differ from those of another number."""
    mine, theirs = entry.number, other.number
    route, theirs_route = mine.route, theirs.route
    if route is None or theirs_route is None:
        return []
    changes: dict[str, Number] = {
        field: mine.model_copy(update={field: getattr(theirs, field)})
        for field in ("fallback", "sip_host")
        if getattr(mine, field) != getattr(theirs, field)
    }
    for key in sorted({path.split(".")[0] for path in spec.changed(route.model_dump(), theirs_route.model_dump())}):
        copied = route.model_copy(update={key: getattr(theirs_route, key, None)})
        changes[f"route.{key}"] = mine.model_copy(update={"route": copied})
    mattering = [name for name, changed in changes.items() if _shared_if(entry.key, changed) != entry.shared]
    return sorted(mattering or changes, key=lambda name: not name.startswith("route."))


def _shared_if(key: str, number: Number) -> dict[str, Resource]:
    try:
        return _shared(graph.of_number(key, number))
    except ValueError:
        return {}


def _shared(needed: Iterable[Resource]) -> dict[str, Resource]:
    return {each.name: each for each in needed if each.shared}


def _assigned(network: Network, line: Callable[[Location], int]) -> Iterator[Remark]:
    """Which agent answers which number, said on either side: both must know each other, and say the same."""
    for key in network.agents:
        if key.startswith(ID_PREFIX):
            yield Remark(("agents", key), f"begins like an id at xAI ({ID_PREFIX}…): choose another key")
    for key, number in network.numbers.items():
        if number.agent and number.agent not in network.agents and not number.agent.startswith(ID_PREFIX):
            known = _known(number.agent, network.agents, "agent")
            way = "" if known.endswith("?") else f": declare it, or name one that exists by its id ({ID_PREFIX}…)"
            yield Remark(("numbers", key, "agent"), f"no agent {number.agent!r} is declared under agents{known}{way}")
    answered: dict[str, str] = {}
    for key, agent in network.agents.items():
        for index, name in enumerate(agent.numbers):
            place: Location = ("agents", key, "numbers", index)
            if problem := _at_odds_with(network, key, name, answered, line):
                yield Remark(place, problem)
            answered.setdefault(name, key)


def _voiced(network: Network) -> Iterator[Remark]:
    """A voice may be a team's own, and xAI has new models: what nobody documents is only doubted."""
    for key, agent in network.agents.items():
        if not (voice := agent.voice):
            continue
        effort = voice.reasoning.effort if voice.reasoning else None
        for path, said, known, what in (
            (("voice_id",), voice.voice_id, VOICES, "voice"),
            (("model",), voice.model, MODELS, "model"),
            (("reasoning", "effort"), effort, EFFORTS, "effort"),
        ):
            if said and said not in known and (guess := did_you_mean(said, known)):
                more = " (one of your own is right as it is)" if what == "voice" else ""
                text = f"is none of the {what}s that xAI documents: {guess}{more}"
                yield Remark(("agents", key, "voice", *path), text, "warning")


def _at_odds_with(
    network: Network, key: str, name: str, answered: Mapping[str, str], line: Callable[[Location], int]
) -> str:
    """Why an agent cannot answer the number that it names; empty when it can."""
    number = network.numbers.get(name)
    if number is None:
        return f"no number {name!r} is declared{_known(name, network.numbers, 'number')}"
    if name in answered:
        return f"{name} stands twice, here and under {answered[name]}: one agent answers a number"
    here = f"line {line(('numbers', name))}"
    if number.webhook:
        return f"{name} ({here}) has a webhook of its own: remove the webhook, or {name} from this list"
    if number.agent and number.agent != key:
        return f"{name} ({here}) says agent: {number.agent}: say the same on both sides, or on one alone"
    return ""


def _known(name: str, entries: Mapping[str, Any], what: str) -> str:
    """The key that was meant, where that can be guessed; else those that there are."""
    if guess := did_you_mean(name, entries):
        return f": {guess}"
    return f" ({what}s: {', '.join(list(entries)[:5])}{', …' if len(entries) > 5 else ''})" if entries else ""


def _renamed(
    section: str, entries: Mapping[str, Number] | Mapping[str, Agent], line: Callable[[Location], int]
) -> Iterator[Remark]:
    """``was`` names what is gone: a key that is there cannot also be an earlier name of another."""
    what = section.removesuffix("s")
    taken: dict[str, str] = {}
    for key, entry in entries.items():
        for index, old in enumerate(entry.was):
            place: Location = (section, key, "was", index)
            if old == key:
                yield Remark(place, f"is the key of this {what} now: was lists earlier keys only; remove it")
            elif old in entries:
                here = f"another {what} in line {line((section, old))}"
                yield Remark(place, f"{old} is the key of {here}: was lists keys that are gone; remove it")
            elif old in taken:
                yield Remark(place, f"{old} was the key of {taken[old]} already: one {what} alone can have been it")
            taken.setdefault(old, key)


#: Rules about numbers that may be leaving: the file no longer has them.
_LEAVING = frozenset({"number-keeps-inbound", "no-release", "max-delete"})


def _reviewed(network: Network) -> Iterator[Remark]:
    """What is accepted for numbers that are not here, or not any more; limits of carriers that are not installed."""
    numbers = {*network.numbers, *(number.number for number in network.numbers.values())}
    for index, entry in enumerate(network.accept):
        place: Location = ("accept", index)
        if entry.number and entry.number not in numbers and entry.rule not in _LEAVING:
            yield Remark(
                (*place, "number"), f"{entry.number} is not declared in this file: correct it, or remove the entry"
            )
        if entry.until < datetime.now(UTC).date():
            text = f"expired on {entry.until}: {entry.rule} stops again; remove the entry, or give it a later day"
            yield Remark((*place, "until"), text, "warning")
    for name in network.limits.carriers:
        if name not in registry.carriers():
            yield Remark(("limits", "carriers", name), registry.no_carrier(name))
