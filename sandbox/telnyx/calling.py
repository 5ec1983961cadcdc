"""What Telnyx does with a call to a number: its FQDN connection, in the number format that was chosen.

developers.telnyx.com (FQDN connections, failover), sip.telnyx.com (signalling addresses, version 2026-05-25).
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

import phonenumbers

from sandbox.calling import Leg, Unreachable
from sandbox.exchange import JsonObject
from sandbox.store import Store
from sandbox.telnyx.account import VENDOR
from sandbox.telnyx.connections import DEFAULTS
from sandbox.telnyx.numbers import Numbers

SOURCES = {
    "US": ("192.76.120.10/32", "64.16.250.10/32"),
    "Europe": ("185.246.41.140/32", "185.246.41.141/32"),
    "Australia": ("103.115.244.145/32", "103.115.244.146/32"),
}
CODECS = {"G722": "G722", "G711U": "PCMU", "G711A": "PCMA", "G729": "G729", "OPUS": "opus"}
_FAILOVER = frozenset({408, 480, 503, 504})


def route(store: Store, number: str) -> Sequence[Leg] | None:
    """Raises Unreachable."""
    held = store.holders(VENDOR, "numbers", number)
    if not held:
        return None
    organization, owned = held[0]
    if (status := Numbers.status(owned)) != "active":
        raise Unreachable("number", f"the number is {status}")
    if owned["voice"]["inbound_call_screening"] == "reject_calls":
        raise Unreachable("number", "the number's call screening rejects calls")
    forwarding = owned["voice"]["call_forwarding"]
    if forwarding["call_forwarding_enabled"] and forwarding.get("forwards_to"):
        raise Unreachable("attachment", "call forwarding takes the number's calls elsewhere")
    if not owned["connection_id"]:
        raise Unreachable("attachment", "the number is on no connection")
    connection = store.shelf(VENDOR, organization, "fqdn_connections").get(owned["connection_id"])
    if connection is None:
        raise Unreachable("attachment", f"{owned['connection_id']} is not an FQDN connection")
    return _legs(store, organization, owned, connection)


def _legs(store: Store, organization: str, owned: JsonObject, connection: JsonObject) -> Sequence[Leg]:
    if not connection["active"]:
        raise Unreachable("trunk", f"connection {connection['id']} is not active")
    if connection["inbound"]["channel_limit"] == 0:
        raise Unreachable("trunk", f"connection {connection['id']} has a channel limit of 0")
    inbound, shelf = connection["inbound"], store.shelf(VENDOR, organization, "fqdns")
    fqdns = [fqdn for name in DEFAULTS if inbound[name] and (fqdn := shelf.get(inbound[name]))]
    if not fqdns:
        # Unverified: a lone FQDN that nobody made the primary one.
        raise Unreachable("trunk", f"connection {connection['id']} has no primary FQDN")
    if inbound["default_routing_method"] == "round-robin":
        start = random.randrange(len(fqdns))
        fqdns = fqdns[start:] + fqdns[:start]
    user = owned["voice"]["translated_number"] or _user(owned["phone_number"], inbound, connection)
    return [
        Leg(
            _uri(user, fqdn, connection["transport_protocol"]),
            codecs=[CODECS[codec] for codec in inbound["codecs"] if codec in CODECS],
            encryption="required" if connection["encrypted_media"] else "off",
            sources=SOURCES[inbound["sip_region"] or "US"],
            fails_over=lambda code: code is None or code in _FAILOVER,
            transfer=_transfer(connection),
        )
        for fqdn in fqdns
    ]


def _user(number: str, inbound: JsonObject, connection: JsonObject) -> str:
    """The default, e164, has no plus."""
    match inbound["dnis_number_format"]:
        case "+e164":
            return number
        case "national":
            return str(phonenumbers.parse(number).national_number)
        case "sip_username":
            return str(connection["user_name"])
        case _:
            return number.removeprefix("+")


def _uri(user: str, fqdn: JsonObject, transport: str) -> str:
    port = f":{fqdn['port']}" if fqdn["dns_record_type"] == "a" else ""
    return f"sip:{user}@{fqdn['fqdn']}{port};transport={transport.lower()}"


def _transfer(connection: JsonObject) -> Callable[[str], int]:
    """No flag of its own: the leg to the target goes out through the connection's outbound voice profile."""
    return lambda target: 200 if connection["outbound"].get("outbound_voice_profile_id") else 403
