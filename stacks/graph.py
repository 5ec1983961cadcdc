"""The graph: every resource that a stack file needs, with all that ``pulumi up`` would be told of it. Pure, no Pulumi.

The program realises it, a plan between two versions of a file compares two of it, an import is matched against it. What only
the engine has is typed: :class:`~stacks.reference.SecretRef`, :class:`MadePassword`, :class:`OutputOf`, :class:`NumberText`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, cast

from providers.kernel import marker, purchase, registry
from providers.kernel.preflight import Ahead
from providers.kernel.route import CarrierRoute, Leg, Login, Ref, RouteObject
from providers.kernel.secrecy import MASK
from providers.kernel.values import NUMBER_TO_COME, Target
from providers.kernel.values import UNKNOWN as UNKNOWN_YET
from stacks.agent import ID_PREFIX, Agent
from stacks.model import Auth, Digest, Number, Webhook
from stacks.reference import SecretRef
from stacks.resource import NUMBER, UNKNOWN, Resource

REGISTRATION, PASSWORD, AGENT = "xai:PhoneNumber", "xai:Password", "xai:Agent"
#: Without its +, which a login may leave out.
_DIGITS = NUMBER_TO_COME.lstrip("+")
#: How plans write a number that is yet to be bought.
_TO_COME = "…"


@dataclass(frozen=True)
class OutputOf:
    """An output of another resource, known once that one is made: its name, the output, and its type."""

    resource: str
    output: str
    type: str


@dataclass(frozen=True)
class MadePassword:
    """The value of a password that is made as a resource of its own, and is a secret."""

    resource: str


@dataclass(frozen=True)
class NumberText:
    """A text that holds a number which is still to be bought; ``choice`` is the number in it, once that one is made."""

    choice: OutputOf
    text: str

    def __str__(self) -> str:
        return self.with_sign("NUMBER")

    @property
    def alone(self) -> bool:
        """Whether it is the number and nothing else."""
        return self.text == NUMBER_TO_COME

    def with_sign(self, sign: str) -> str:
        """The text for people, with a sign in the number's place."""
        return self.text.replace(NUMBER_TO_COME, sign).replace(_DIGITS, sign)

    def filled(self, e164: str) -> str:
        """The text once the number is known."""
        return self.text.replace(_DIGITS, e164.lstrip("+"))


class Declared(Protocol):
    """What a stack file declares: agents and numbers by their keys, defaults and instruction files filled in."""

    @property
    def agents(self) -> Mapping[str, Agent]: ...

    @property
    def numbers(self) -> Mapping[str, Number]: ...


def of_document(document: Declared, project: str = "", stack: str = "") -> tuple[Resource, ...]:
    """Every resource of a stack, agents first, what numbers share once. ``project`` and ``stack`` make the markers.

    Raises ValueError for what a carrier cannot do; a document that was read has been checked for that.
    """
    found: dict[tuple[str, str], Resource] = {}
    for key, agent in document.agents.items():
        found[AGENT, key] = of_agent(key, agent, project, stack)
    for key, number in document.numbers.items():
        for resource in of_number(key, number, project, stack):
            found.setdefault((resource.type, resource.name), resource)
    return tuple(found.values())


def of_agent(key: str, agent: Agent, project: str = "", stack: str = "") -> Resource:
    """The hosted agent, under its key."""
    inputs = {**agent.inputs(key), **_marker(project, stack, key)}
    return Resource(key, AGENT, inputs, protect=agent.protect, aliases=agent.was)


def of_number(key: str, number: Number, project: str = "", stack: str = "") -> tuple[Resource, ...]:
    """What one number needs, in the order it is made: the number first, what takes its calls last.

    A number is named by its E.164, so that renaming its key changes nothing but a defaulted display name. Raises ValueError
    for what the carrier cannot do.
    """
    return tuple(_Wiring(key, number, project, stack).resources())


def leg(key: str, number: Number, stack: str = "STACK") -> Leg:
    """The leg of a call that the number's carrier makes towards xAI; the stack's name is for commands in files."""
    return replace(_Wiring(key, number).leg, stack=stack)


def target(number: Number) -> Target:
    """Where the number's calls go."""
    return Target(number=_e164(number), host=number.sip_host)


def target_text(key: str, number: Number) -> str | NumberText:
    """The same as text, such as ``sip:+14155550100@sip.voice.x.ai;transport=tls``."""
    return _text(key, number, str(target(number)))


def number_text(key: str, number: Number) -> str | NumberText:
    """The number in E.164; empty for one that xAI is to choose."""
    return _text(key, number, _e164(number))


def _text(key: str, number: Number, text: str) -> str | NumberText:
    return NumberText(_chosen(key, number), text) if number.buy else text


def _chosen(name: str, number: Number) -> OutputOf:
    """The number that is chosen for a purchase."""
    return OutputOf(f"{name}/choice", "e164", f"{_carrier(number)}:Choice")


def _carrier(number: Number) -> str:
    return number.route.delivers if number.route else ""


def registration(resources: Iterable[Resource]) -> Resource:
    """A number's registration at xAI, among the resources that it needs."""
    return next(resource for resource in resources if resource.type == REGISTRATION)


def secrets(resources: Iterable[Resource]) -> frozenset[str]:
    """Names of the config secrets that these resources need."""
    return frozenset(name for resource in resources for name in _references(resource.inputs))


def password_secret(registration: Resource) -> str:
    """Name of the config secret that is the password of a number's login; empty where one is made, or none is needed."""
    auth: Mapping[str, Any] = registration.inputs.get("sip_auth") or {}
    password = auth.get("auth_password")
    return password.secret if isinstance(password, SecretRef) else ""


def plain(resource: Resource) -> Resource:
    """A resource as a plan or a call path reads it, with what a file knows of a value that only the engine has.

    Of a secret that is its name (another secret shows as another), of an agent its key, of a number to be bought a sign.
    """
    inputs = {name: _plain(value) for name, value in resource.inputs.items() if value is not None}
    return replace(resource, inputs=inputs)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        items = cast(Mapping[str, Any], value).items()
        return {name: _plain(item) for name, item in items if item is not None}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in cast(list[Any], value)]
    return _plain_stand_in(value)


def _plain_stand_in(value: Any) -> Any:
    if isinstance(value, SecretRef):
        return f"{MASK} {value.secret}"
    if isinstance(value, MadePassword):
        return MASK
    if isinstance(value, OutputOf):
        return value.resource if value.type == AGENT else UNKNOWN
    if isinstance(value, NumberText):
        return UNKNOWN if value.alone else value.with_sign(_TO_COME)
    return value


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, SecretRef):
        yield value.secret
    for item in _inside(value):
        yield from _references(item)


def _asked(value: Any) -> Any:
    """An input as far as it may be told and is known before anything is made."""
    if isinstance(value, Mapping):
        return {name: _asked(item) for name, item in cast(Mapping[str, Any], value).items()}
    if isinstance(value, list | tuple):
        return [_asked(item) for item in cast(list[Any], value)]
    return UNKNOWN_YET if isinstance(value, SecretRef | MadePassword | OutputOf | NumberText) else value


def _inside(value: Any) -> Iterable[Any]:
    if isinstance(value, Mapping):
        return cast(Mapping[str, Any], value).values()
    return cast(Iterable[Any], value) if isinstance(value, list | tuple) else ()


def _e164(number: Number) -> str:
    return number.number or (NUMBER_TO_COME if number.buy else "")


def _marker(project: str, stack: str, name: str) -> dict[str, str]:
    return {"marker": marker.marker(project, stack, name)} if project else {}


class _Wiring:
    """One number on its way to resources."""

    def __init__(self, key: str, number: Number, project: str = "", stack: str = "") -> None:
        self._key, self._number = key, number
        self._name = number.number or key
        self._owner, self._carrier = (project, stack), _carrier(number)
        self._marker = _marker(*self._owner, self._name)
        self._sip_auth = _sip_auth(number, f"{self._name}/password")
        limit = registry.carriers()[self._carrier].object_limit if self._carrier else None
        self._limited = limit[0] if limit else ""
        #: Names of the objects that may not be possible: what takes the calls, what has a limit, what a route has asked.
        self._asked = set[str]()

    @property
    def leg(self) -> Leg:
        number, auth = self._number, self._sip_auth or {}
        login = Login(auth["auth_username"], auth["auth_password"]) if "auth_username" in auth else None
        # What gets the calls of a number that was bought just now is the account's default: nobody's wish.
        take_over = number.take_over or number.buy is not None
        return Leg(_e164(number), target(number), number.fallback, take_over, login, number.did)

    def resources(self) -> Iterator[Resource]:
        needed = tuple(self._needed())
        for place, each in enumerate(needed):
            yield replace(each, ahead=tuple(self._ahead(each, needed[place + 1 :])))

    def _needed(self) -> Iterator[Resource]:
        number = self._number
        yield Resource(self._name, NUMBER, protect=number.protect, aliases=number.was)
        if self._password_is_made:
            yield self._own(f"{self._name}/password", PASSWORD, {})
        bought = tuple(self._objects(_purchase(number)))
        yield from bought
        waits = tuple(each.name for each in bought)
        yield self._own(self._name, REGISTRATION, self._registration(), waits)
        if number.route and _e164(number):
            yield from self._objects(number.route.objects(self.leg), registered=True)

    def _ahead(self, made: Resource, later: Sequence[Resource]) -> Iterator[Ahead]:
        """What is asked before ``made`` is: the registration's credentials, the limits of an account, who has the number.

        Whoever has the number's calls stands in the way of its registration; of a number that is registered it was asked
        then, and somebody who has taken it since is put right by the attachment itself.
        """
        if made.shared or made.type == NUMBER or made.kind == "Choice":
            return
        for each in later:
            if each.type == REGISTRATION:
                yield Ahead(each.type, {"phone_number": UNKNOWN_YET, **self._marker})
            elif each.name in self._asked:
                agreed = {} if made.type == REGISTRATION else {"take_over": True}
                yield Ahead(each.type, {name: _asked(value) for name, value in each.inputs.items()} | agreed)

    @property
    def _password_is_made(self) -> bool:
        return isinstance((self._sip_auth or {}).get("auth_password"), MadePassword)

    def _type(self, object: RouteObject) -> str:
        return f"{self._carrier}:{object.kind}"

    def _holder(self, object: RouteObject) -> str:
        """What is shared is named by its carrier, the rest by the number."""
        return f"{self._carrier if object.shared else self._name}/{object.name}"

    def _objects(self, objects: Sequence[RouteObject], *, registered: bool = False) -> Iterator[Resource]:
        """The objects of a route; what takes calls comes last, when the number can answer them."""
        names = {each.name: self._holder(each) for each in objects}
        types = {each.name: self._type(each) for each in objects}
        for each in objects:
            inputs = {
                field: OutputOf(names[value.part], value.output, types[value.part]) if isinstance(value, Ref) else value
                for field, value in each.inputs.items()
            }
            waits = tuple(names[after] for after in each.after)
            if each.last or each.asked or (each.kind == self._limited and not each.shared):
                self._asked.add(names[each.name])
            if each.shared:
                inputs |= _marker(*self._owner, self._carrier)
                yield Resource(names[each.name], types[each.name], inputs, depends_on=waits, shared=True)
            else:
                # After the registration: where that is refused, nothing of the number stands at its carrier.
                waits += (self._name,) if registered else ()
                yield self._own(names[each.name], types[each.name], inputs, waits)

    def _own(self, name: str, type: str, inputs: Mapping[str, Any], depends_on: tuple[str, ...] = ()) -> Resource:
        given = {**inputs, **self._marker}
        given = {field: self._typed(value) for field, value in given.items()} if self._number.buy else given
        return Resource(name, type, given, self._name, depends_on, protect=self._number.protect)

    def _typed(self, value: Any) -> Any:
        """Texts that hold the number to come, as the stand-in for them."""
        if isinstance(value, str) and _DIGITS in value:
            return NumberText(_chosen(self._name, self._number), value)
        if isinstance(value, Mapping):
            return {name: self._typed(item) for name, item in cast(Mapping[str, Any], value).items()}
        if isinstance(value, list | tuple):
            return [self._typed(item) for item in cast(list[Any], value)]
        return value

    def _registration(self) -> dict[str, Any]:
        number = self._number
        declared = number.agent and not number.agent.startswith(ID_PREFIX)
        agent = OutputOf(number.agent, "id", AGENT) if number.agent and declared else number.agent
        given = {
            "origin": number.origin,
            "name": number.name or self._key,
            "phone_number": _e164(number) or None,
            "area_code": number.area_code,
            "agent_id": agent,
            "sip_auth": self._sip_auth,
            "webhook": _webhook(number.webhook),
            "sip_host": number.sip_host,
            "known_secret": number.signing_secret,
            "take_over": number.take_over or None,
            "replace": number.replace,
        }
        return {name: value for name, value in given.items() if value is not None}


def _purchase(number: Number) -> tuple[RouteObject, ...]:
    """What makes the number ours, before everything else; only for one that is bought, or may be given back."""
    on_delete = {"on_delete": number.on_delete} if number.on_delete else {}
    if number.buy:
        choice = RouteObject("choice", "Choice", {"buy": number.buy.model_dump(exclude_none=True)})
        e164 = Ref("choice", "e164")
        return choice, RouteObject("purchase", "Purchase", {"phone_number": e164, **on_delete})
    if on_delete and number.number and isinstance(number.route, purchase.Route):
        return (RouteObject("purchase", "Purchase", {"phone_number": number.number, "owned": True, **on_delete}),)
    return ()


def _sip_auth(number: Number, password: str) -> dict[str, Any] | None:
    auth = number.auth
    if auth == "open" or number.origin == "xai_provisioned":
        return None
    if auth is None and number.route:
        auth = _best(number.route, _e164(number))
    if auth is None:
        return None
    if auth.digest:
        return {"auth_username": auth.digest.username, "auth_password": auth.digest.password or MadePassword(password)}
    return {"allow": list(auth.allow or ())}


def _best(route: CarrierRoute, number: str) -> Auth:
    """What the carrier does best towards xAI, where the file leaves ``auth`` out."""
    declared = registry.carriers()[route.delivers]
    if declared.auth == "digest":
        return Auth(allow=None, digest=Digest.model_construct(username=f"xtel{number.lstrip('+')}", password=None))
    return Auth(allow=route.sources(), digest=None)


def _webhook(webhook: Webhook | None) -> dict[str, Any] | None:
    if webhook is None:
        return None
    given: dict[str, str | SecretRef | None] = {
        "url": webhook.url,
        "name": webhook.name,
        "auth_url": webhook.auth_url,
        "auth_token": webhook.auth_token,
    }
    return {name: value for name, value in given.items() if value is not None}
