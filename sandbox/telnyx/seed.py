"""Objects that are simply there: nobody bought or made them through the API. Fields have the API's own names."""

from __future__ import annotations

from sandbox.exchange import JsonObject, Seed, only
from sandbox.shapes import Model, read
from sandbox.telnyx import fields, kinds, numbers, profiles
from sandbox.telnyx.connections import DEFAULTS, FQDN, FQDN_REQUIRED, Connections
from sandbox.telnyx.kinds import Kinds
from sandbox.telnyx.numbers import Numbers
from sandbox.telnyx.profiles import Profiles

COLLECTIONS = (
    *("outbound_voice_profiles", "fqdn_connections", "fqdns", "credential_connections"),
    *("call_control_applications", "numbers"),
)
ID: Model = {"id": fields.ID}


def fill(connections: Connections, others: Kinds, own_profiles: Profiles, own: Numbers, document: Seed) -> None:
    """Read by the same rules as a request, so that no state exists here which the API could not hold."""
    only(document, COLLECTIONS, "collection")
    for raw in document.get("outbound_voice_profiles", []):
        own_profiles.create(read(raw, {**profiles.PROFILE, **ID}, ("name",)))
    chosen = [_connection(connections, raw) for raw in document.get("fqdn_connections", [])]
    for raw in document.get("fqdns", []):
        connections.add_fqdn(read(raw, {**FQDN, **ID}, FQDN_REQUIRED))
    for id, inbound in chosen:  # only now do the FQDNs exist that they name
        connections.update(id, {"inbound": inbound})
    for raw in document.get("credential_connections", []):
        others.add_credential(kinds.CREDENTIAL_SEED(raw, ""))
    for raw in document.get("call_control_applications", []):
        others.add_application(kinds.APPLICATION_SEED(raw, ""))
    for raw in document.get("numbers", []):
        number = read(raw, numbers.SEED, ("phone_number",))
        if own.shelf.find(number["phone_number"]):
            raise ValueError(f"numbers: {number['phone_number']} is owned already")
        own.add({**number, "connection_id": number.get("connection_id") or None})


def _connection(connections: Connections, raw: JsonObject) -> tuple[str, JsonObject]:
    wanted = read(raw, {**fields.CREATE, **ID}, ("connection_name",))
    inbound = wanted.get("inbound", {})
    without = {name: value for name, value in inbound.items() if name not in DEFAULTS}
    return connections.create({**wanted, "inbound": without})["id"], inbound
