"""One number of somebody else's: its entry in the stack file, and its objects. Reads only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, cast

from pydantic import ValidationError

from providers.kernel import marker, ranges, secrecy, values
from providers.kernel.route import CarrierRoute
from providers.kernel.route_import import Found, Unmapped, WeightedUri
from providers.kernel.spec import problems
from stacks import crosscheck, graph
from stacks.model import Network, Number, SecretRef
from stacks.resource import NUMBER, Resource
from xai_resources.models import RegisteredNumber
from xtel.operations.importing.answers import Answers
from xtel.operations.importing.live import ELSEWHERE, ImportedResource, LiveStack


@dataclass(frozen=True)
class ImportedNumber:
    """A number that can be imported: its entry in the stack file, its objects, and what to know about it."""

    number: str
    key: str
    entry: Mapping[str, Any]
    declared: Number
    objects: tuple[ImportedResource, ...]
    secrets: Mapping[str, str] = field(repr=False)
    remarks: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """For ``--json``."""
        objects = [item.as_json() for item in self.objects]
        told = {"number": self.number, "key": self.key, "entry": dict(self.entry), "objects": objects}
        return {**told, "config_secrets": sorted(self.secrets), "remarks": list(self.remarks)}


class NumberImport:
    """From a number's registration and its route as they are live."""

    def __init__(self, live: LiveStack, registered: RegisteredNumber, route: Found, answers: Answers) -> None:
        self._live, self._registered, self._found, self._answers = live, registered, route, answers
        self._e164 = registered.phone_number
        self._secrets: dict[str, str] = {}
        self._remarks = [*route.remarks]
        if route.unseen:
            host = registered.sip_host or values.SIP_HOST
            self._remarks.append(
                f"nobody can see whom {route.unseen} calls: make sure that it is sip:{self._e164}@{host}"
            )

    def imported(self) -> ImportedNumber:
        """Raises Unmapped for what no entry says as it stands."""
        name, mark = marker.unlabel(self._registered.name)
        own = self._live.own(self._e164)
        if mark and mark != marker.digest(own):
            raise Unmapped(f"xAI's display name is marked by another stack: [xtel:{mark}]", step=ELSEWHERE)
        key = self._live.key(name, self._e164)
        entry = dict(self._entry(key, name))
        declared = self._declared(key, entry)
        try:
            needed = graph.of_number(key, declared, self._live.project, self._live.stack)
        except ValueError as error:
            raise Unmapped(secrecy.one_line(str(error))) from None
        objects = tuple(self._objects(needed))
        return ImportedNumber(self._e164, key, entry, declared, objects, self._secrets, tuple(self._remarks))

    def _entry(self, key: str, name: str) -> Iterator[tuple[str, Any]]:
        """The entry's keys, in the order in which people write them."""
        yield "number", self._e164
        if name and name != key:
            yield "name", name
        route = self._route()
        yield "route", {"carrier": route.delivers, **route.model_dump(mode="json", exclude_defaults=True)}
        yield "auth", self._auth(key, route)
        yield from self._answered(key)
        if len(self._found.uris) > 1:
            yield "fallback", [_way(way) for way in self._found.uris[1:]]
        if self._registered.sip_host and self._registered.sip_host.lower() != self._live.defaults.sip_host:
            yield "sip_host", self._registered.sip_host

    def _route(self) -> CarrierRoute:
        try:
            given = {name: value for name, value in self._found.route.items() if value is not None}
            return self._live.carrier.route.model_validate({"carrier": self._live.carrier.name, **given})
        except ValidationError as error:
            raise Unmapped(f"no route says it as it stands: {problems(error)[0]}") from None

    def _auth(self, key: str, route: CarrierRoute) -> Any:
        seen = self._registered.sip_auth
        if seen.auth_username and seen.allowed_addresses:
            raise Unmapped("xAI asks for a digest and has an allowlist: an entry says one of the two")
        if seen.auth_username:
            return {"digest": {"username": seen.auth_username, "password": self._password(key)}}
        if not seen.allowed_addresses:
            return "open"
        try:
            return {"allow": _allow(seen.allowed_addresses, route)}
        except ValueError as error:
            raise Unmapped(f"its allowlist: {error}") from None

    def _password(self, key: str) -> dict[str, str]:
        user = self._registered.sip_auth.auth_username
        value = self._answers.secret(self._e164, "digest_password", f"digest password of {self._e164} (user {user})")
        if not value:
            raise Unmapped(
                f"xAI asks for a digest (user {secrecy.one_line(user, 40)}) and never shows its password",
                step="give it with --secrets FILE; or declare the number with `take_over: true` and `replace: accept`",
            )
        self._remarks.append(
            "nobody can compare the digest password: a wrong one is sent to the carrier with the new name"
        )
        return self._secret(key, "DigestPassword", value)

    def _secret(self, key: str, suffix: str, value: str) -> dict[str, str]:
        name = self._live.secret_name(key, suffix)
        self._secrets[name] = value
        return {"secret": name}

    def _answered(self, key: str) -> Iterator[tuple[str, Any]]:
        """Who answers. xAI shows that a webhook does, not where it is, and never its signing secret."""
        number, default = self._registered, self._live.defaults.webhook
        if number.agent_id and number.webhook_id:
            raise Unmapped("an agent and a webhook answer: an entry says one of the two")
        if number.agent_id:
            yield "agent", number.agent_id
        if not number.webhook_id:
            if default and not number.agent_id:
                yield "webhook", None
            return
        url = self._answers.webhook or (default.url if default else "")
        if not url:
            raise Unmapped(f"xAI shows webhook {number.webhook_id}, but not its URL", step="give it with --webhook URL")
        self._remarks.append(f"xAI does not show where webhook {number.webhook_id} is: taken to be {url}")
        if default is None or url != default.url:
            yield "webhook", {"url": url}
        if value := self._answers.secret(
            self._e164, "signing_secret", f"signing secret of {self._e164} (empty: not known)"
        ):
            self._remarks.append("xAI shows no signing secret to compare the given one with: place a call afterwards")
            yield "signing_secret", self._secret(key, "SigningSecret", value)
        else:
            self._remarks.append(
                "its signing secret is not known: the receiver's stays valid, the output signing_secrets is empty for it "
                "until `signing_secret: {secret: NAME}` says it; a new one needs re-registering (replace: accept)"
            )

    def _declared(self, key: str, entry: Mapping[str, Any]) -> Number:
        """As the stack file is read, so that both mean the same; what the file would be refused for is a reason."""
        defaults = self._live.defaults
        try:
            number = Number.model_validate({**entry, "route": self._route()})
        except ValidationError as error:
            raise Unmapped("; ".join(str(problem) for problem in problems(error))) from None
        alone = Network.model_validate({"version": 1, "defaults": defaults, "numbers": {key: number}})
        for remark in crosscheck.remarks(alone, lambda place: 0):
            text = f"{'.'.join(map(str, remark.place[2:]))}: {remark.message}"
            if remark.severity == "error":
                raise Unmapped(f"its entry would be refused: {text}")
            self._remarks.append(text)
        return number.merged(defaults)

    def _objects(self, needed: Iterable[Resource]) -> Iterator[ImportedResource]:
        """Each resource that the entry needs, as it is live."""
        made: dict[tuple[str, str], ImportedResource] = {}
        for each in needed:
            if each.type == NUMBER:
                continue
            given = {name: self._value(value, made) for name, value in each.inputs.items()}
            found = self._live.recorded(each.vendor, each.kind, each.name, self._id(each), given)
            if each.type == graph.REGISTRATION:
                after = marker.label(str(given["name"]), str(given["marker"]))
                found = replace(found, before=self._registered.name, after=after)
            made[each.type, each.name] = found
            yield found

    def _id(self, needed: Resource) -> str:
        if needed.type == graph.REGISTRATION:
            return self._registered.phone_number_id
        if (id := self._found.ids.get(needed.part)) is None:
            raise Unmapped(f"it has no {needed.part} of its own")
        return id

    def _value(self, value: Any, made: Mapping[tuple[str, str], ImportedResource]) -> Any:
        if isinstance(value, graph.OutputOf):
            return made[value.type, value.resource].state[value.output]
        if isinstance(value, SecretRef):
            return self._secrets.get(value.secret) or self._live.secret_value(value.secret)
        if isinstance(value, Mapping):
            return {name: self._value(item, made) for name, item in cast(Mapping[str, Any], value).items()}
        return value


def _way(way: WeightedUri) -> Any:
    return way.uri if way.weight == 10 else {"uri": way.uri, "weight": way.weight}


def _allow(addresses: list[str], route: CarrierRoute) -> list[str]:
    """The allowlist as people write it: the carrier's published ranges by name where all of them are in it."""
    seen = set(values.cidrs(addresses))
    names = [name for name in route.sources() if seen >= set(values.cidrs(ranges.table(name).cidrs))]
    rest = seen - {cidr for name in names for cidr in values.cidrs(ranges.table(name).cidrs)}
    named = [*names, *values.cidrs(rest)]
    return named if set(ranges.resolve(named)) == seen else list(values.cidrs(seen))
