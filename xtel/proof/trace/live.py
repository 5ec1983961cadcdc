"""Call paths as they stand: each carrier tells what decides a number's calls, xAI what is registered. Reads only."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from providers.kernel import errors, operation, registry, waiting
from providers.kernel.inventory import LiveObject
from providers.kernel.session import Session
from providers.kernel.vendor import Carrier
from stacks import callpath
from stacks.callpath import Decided
from stacks.graph import REGISTRATION
from stacks.resource import Resource
from xai_resources.client import Client
from xai_resources.models import HostedAgent, RegisteredNumber
from xtel.proof.trace.subject import Ownership, Subject

_XAI = "xai"


@dataclass(frozen=True)
class Known:
    """What a stack knows of one number that no vendor shows: files, documents, a webhook's URL."""

    key: str
    number: str
    #: The carrier that it should be at; empty where nobody says.
    carrier: str = ""
    #: Of the state, or else the stack file.
    resources: Sequence[Resource] = ()


@dataclass
class _Vendors:
    """A session to each vendor, and what xAI told."""

    sessions: Mapping[str, Session]
    registered: Mapping[str, RegisteredNumber] = field(default_factory=dict[str, RegisteredNumber])
    #: None where xAI does not list them.
    agents: Mapping[str, str] | None = None


def read(wanted: Sequence[Known], config: Callable[[str], str | None]) -> list[Subject]:
    """The call path of each number as it stands at the vendors.

    Raises XtelError where xAI does not answer, and AccountError where credentials are of another account than the state's:
    in that one everything would seem to be gone.
    """
    vendors = _Vendors({name: Session(each, config) for name, each in registry.vendors().items()})
    _same_accounts(vendors, wanted)
    numbers = _told(vendors, Client.numbers)
    vendors.registered = {each.phone_number: each for each in numbers}
    vendors.agents = _agents(vendors)
    return waiting.at_once(lambda known: _subject(vendors, known), wanted)


def _same_accounts(vendors: _Vendors, wanted: Sequence[Known]) -> None:
    """Credentials that open no account at all are told of where they are needed."""
    resources = [each for known in wanted for each in known.resources]
    applied = {(each.vendor, str(each.outputs.get("account") or "")) for each in resources}
    for name, account in sorted(applied):
        if account and name in vendors.sessions:
            with operation.operating(operation.Operation(vendor=name, object="trace")):
                try:
                    vendors.sessions[name].require_account(account)
                except errors.AccountError:
                    raise
                except errors.XtelError:
                    continue


def _told(vendors: _Vendors, call: Callable[[Client], list[Any]]) -> list[Any]:
    with operation.operating(operation.Operation(vendor=_XAI, object="trace")):
        return vendors.sessions[_XAI].ask(call)


def _agents(vendors: _Vendors) -> Mapping[str, str] | None:
    """Asked only where an agent answers one of the numbers."""
    if not any(each.agent_id for each in vendors.registered.values()):
        return {}
    try:
        found: list[HostedAgent] = _told(vendors, Client.agents)
    except (errors.Unsupported, errors.CarrierError):  # a feature that many teams do not have
        return None
    return {each.agent_id: each.name or each.agent_id for each in found}


def _subject(vendors: _Vendors, known: Known) -> Subject:
    seen, ownership = _at_carriers(vendors, known)
    kept = [Decided.by(each) for each in known.resources if _unseen(each)]
    registered = vendors.registered.get(known.number)
    home = [Decided.by(_registration(registered, known))] if registered else []
    own = [*seen, *kept, *home]
    agents = vendors.agents or {}
    path = callpath.path(known.number, own, agents=agents)
    hidden = bool(registered and registered.webhook_id) and not path.registration.webhook
    ids = frozenset(id for each in own for id in each.ids)
    return Subject(
        known.key, path, "live", own, ids, vendors.agents, ownership, hidden_webhook=hidden and not path.registration.agent
    )  # fmt: skip


def _unseen(resource: Resource) -> bool:
    """What no API shows: files of a person, documents that somebody hosts."""
    found = callpath.declaration(resource.type)
    vendor = registry.vendors().get(resource.vendor)
    readable = isinstance(vendor, Carrier) and vendor.on_the_way is not None
    return bool(found and found.state_only) or (isinstance(vendor, Carrier) and not readable)


def _at_carriers(vendors: _Vendors, known: Known) -> tuple[list[Decided], Ownership]:
    """What decides the number's calls at the carrier that has it: the declared one is asked first, then the others."""
    names = sorted(registry.carriers(), key=lambda name: (name != known.carrier, name))
    unasked: dict[str, str] = {}
    for name in names:
        carrier = registry.carriers()[name]
        if carrier.on_the_way is None:
            if carrier.credentials:  # an account that nobody can look into, not files
                unasked[name] = "its numbers cannot be looked up"
            continue
        try:
            with operation.operating(operation.Operation(vendor=name, object="trace", number=known.number)):
                found = vendors.sessions[name].ask(_whole(carrier.on_the_way), known.number)
        except errors.NotFound as error:
            if name == known.carrier and carrier.inventory and not carrier.inventory.owned:
                return [], Ownership(unruled=name, reason=error.reason)
            continue
        except errors.XtelError as error:
            unasked[name] = error.summary
            continue
        return [_decided(name, known.number, count, each) for count, each in enumerate(found)], Ownership(name)
    return [], Ownership(unasked=unasked)


def _whole(told: Callable[[Any, str], Iterable[LiveObject]]) -> Callable[[Any, str], list[LiveObject]]:
    """The whole list: what fails on the way fails where errors are understood."""
    return lambda api, number: list(told(api, number))


def _decided(vendor: str, number: str, count: int, seen: LiveObject) -> Decided:
    """Named by its place, so that the order in which the carrier tells of its objects is kept."""
    resource = Resource(
        f"{number}/{count:02}",
        f"{vendor}:{seen.kind}",
        seen.live.inputs,
        number,
        id=seen.live.id,
        outputs=seen.live.outputs,
    )
    found = Decided.by(resource)
    return replace(found, does=replace(found.does, stops=(*seen.stops, *found.does.stops))) if seen.stops else found


def _registration(found: RegisteredNumber, known: Known) -> Resource:
    """As xAI shows it; the webhook's URL is the state's, as long as it is the same webhook."""
    ours = next((each for each in known.resources if each.type == REGISTRATION), None)
    same = ours is not None and ours.outputs.get("webhook_id") == found.webhook_id
    auth = {"auth_username": found.sip_auth.auth_username, "allowed_addresses": found.sip_auth.allowed_addresses}
    inputs: dict[str, Any] = {
        "origin": found.origin,
        "name": found.name,
        "phone_number": found.phone_number,
        "agent_id": found.agent_id,
        "sip_host": found.sip_host.lower(),
        "sip_auth": {name: value for name, value in auth.items() if value},
        "webhook": ours.inputs.get("webhook") if ours and same and found.webhook_id else None,
    }
    given = {name: value for name, value in inputs.items() if value}
    return Resource(found.phone_number, REGISTRATION, given, found.phone_number, id=found.phone_number_id)
