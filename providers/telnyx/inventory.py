"""What an account at Telnyx holds. Reads only."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from providers.kernel.inventory import Inventory, NamedObject, OwnedNumber
from providers.telnyx import voice
from providers.telnyx.api import PAGE, Api, listed
from providers.telnyx.connection import routed
from providers.telnyx.fqdn import uri

_CHOSEN = ("primary", "secondary", "tertiary")


def _numbers(api: Api) -> Iterator[OwnedNumber]:
    connections: dict[str, Any] = {str(each.id): each for each in api.connections.all()}
    fqdns: dict[str, Any] = {str(each.id): each for each in listed(lambda: api.client.fqdns.list(page_size=PAGE))}
    settings = {str(each.id): voice.settings(each) for each in api.voice.all()}
    for number in api.numbers.all():
        to = str(settings.get(str(number.id), {}).get("call_forwarding") or "")
        yield _number(number, connections, fqdns, to)


def _number(number: Any, connections: dict[str, Any], fqdns: dict[str, Any], forwarded: str) -> OwnedNumber:
    """What is no FQDN connection (an application, a PBX that logs in) has a name and no target that is told.

    Forwarded calls go to another number, whatever the connection says.
    """
    e164, id = str(number.phone_number), str(number.connection_id or "")
    connection = connections.get(id)
    name = str((connection or number).connection_name or "")
    attached = NamedObject("connection", id, name) if id else None
    if forwarded:
        return OwnedNumber(e164, attached, (f"tel:{forwarded}",), "its calls are forwarded")
    if connection is None:
        return OwnedNumber(e164, attached, remark="no FQDN connection" if id else "")
    if connection.active is False:
        return OwnedNumber(e164, attached, remark="the connection is switched off")
    inputs = routed(connection).inputs
    chosen = [fqdns[key] for part in _CHOSEN if (key := str(inputs[part] or "")) in fqdns]
    transport = str(connection.transport_protocol or "tls").lower()
    targets = (uri(fqdn, "" if rank else f"{e164}@", transport) for rank, fqdn in enumerate(chosen))
    return OwnedNumber(e164, attached, tuple(targets))


def _objects(api: Api) -> Iterator[NamedObject]:
    """Connections and the outbound voice profiles of transfers; an FQDN goes with its connection."""
    for each in api.connections.all():
        yield NamedObject("connection", str(each.id), str(each.connection_name or ""))
    for each in listed(lambda: api.client.outbound_voice_profiles.list(page_size=PAGE)):
        yield NamedObject("outbound voice profile", str(each.id), str(each.name or ""))


INVENTORY = Inventory[Api](_numbers, _objects)
