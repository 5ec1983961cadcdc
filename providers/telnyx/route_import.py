"""From connections, FQDNs and numbers that exist to the words of the stack file. Reads only."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from providers.kernel import errors
from providers.kernel.route_import import Found, Unmapped, WeightedUri, alone
from providers.telnyx.api import Api, listed
from providers.telnyx.connection import routed
from providers.telnyx.fqdn import PORT

_CHOSEN = ("primary", "secondary", "tertiary")


def numbers(api: Api) -> Iterable[str]:
    """Every number of the account."""
    return [number.phone_number for number in api.numbers.all()]


def found(api: Api, e164: str) -> Found:
    """The number's connection with the FQDNs it has chosen, and its outbound voice profile.

    How numbers are written, transport and media show as differences later.
    """
    owned: dict[str, Any] = {number.phone_number: number for number in api.numbers.all()}
    id = str(owned[e164].connection_id or "")
    if not id:
        raise Unmapped("it is assigned to no connection")
    alone(e164, id, {key: str(item.connection_id or "") for key, item in owned.items()})
    connection = _connection(api, id)
    routing = routed(connection).inputs
    fqdns = _fqdns(api, id, [str(routing[name]) for name in _CHOSEN if routing[name]])
    settings = connection.inbound.model_dump(exclude_unset=True)
    profile = connection.outbound.outbound_voice_profile_id if connection.outbound else None
    route = {
        "sip_region": settings.get("sip_region"),
        "codecs": settings.get("codecs"),
        "srtp": connection.encrypted_media == "SRTP",
        "routing": routing["method"],
        "record": fqdns[0].dns_record_type,
        "port": None if fqdns[0].port == PORT else fqdns[0].port,
        "transfer": {"countries": _countries(api, profile)} if profile else False,
    }
    names = ("fqdn", "fallback-1", "fallback-2")
    ids = {"connection": id, "routing": id, "attachment": str(owned[e164].id)}
    parts = {name: str(fqdn.id) for name, fqdn in zip(names, fqdns, strict=False)}
    target, *fallbacks = fqdns
    uris = (WeightedUri(_uri(target, f"{e164}@")), *(WeightedUri(_uri(fqdn)) for fqdn in fallbacks))
    return Found(route, {**ids, **parts, **({"profile": str(profile)} if profile else {})}, uris)


def _connection(api: Api, id: str) -> Any:
    try:
        connection = api.connections.get(id)
    except errors.NotFound:
        connection = None
    if connection is None:
        raise Unmapped(f"connection {id}, which gets its calls, is no FQDN connection")
    return connection


def _fqdns(api: Api, connection: str, chosen: list[str]) -> list[Any]:
    """The chosen ones in their order; one that is not chosen would be forgotten with its connection."""
    there = {str(item.id): item for item in listed(lambda: api.client.fqdns.list(filter={"connection_id": connection}))}
    if not chosen or chosen[0] not in there:
        raise Unmapped(f"connection {connection} has chosen no primary FQDN")
    if others := [item.fqdn for id, item in there.items() if id not in chosen]:
        raise Unmapped(f"connection {connection} has FQDNs that it has not chosen: {', '.join(map(str, others))}")
    return [there[id] for id in chosen]


def _countries(api: Api, profile: str) -> list[str]:
    """Where transfers may go; a profile of several connections would become one number's."""
    using = sum(
        1 for item in api.connections.all() if item.outbound and item.outbound.outbound_voice_profile_id == profile
    )
    if using > 1:
        raise Unmapped(f"outbound voice profile {profile} serves {using} connections", step="give it one of its own")
    found: Any = api.client.outbound_voice_profiles.retrieve(profile).data
    return sorted(found.whitelisted_destinations or ())


def _uri(fqdn: Any, user: str = "") -> str:
    port = f":{fqdn.port}" if fqdn.port and fqdn.port != PORT else ""
    return f"sip:{user}{fqdn.fqdn}{port};transport=tls"
