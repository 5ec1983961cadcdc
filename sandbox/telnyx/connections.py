"""FQDN connections and their FQDNs, without HTTP."""

from __future__ import annotations

import ipaddress
import re
import secrets as entropy
from typing import Any

from sandbox.exchange import JsonObject
from sandbox.shapes import Model, invalid, nullable, text, whole
from sandbox.store import Store
from sandbox.telnyx import fields
from sandbox.telnyx.account import NO_ASSOCIATE, VENDOR, missing, new_id, now, wrong
from sandbox.telnyx.fields import FQDN_DEFAULTS, INBOUND_DEFAULTS, OUTBOUND_DEFAULTS

MASK = "********"
DEFAULTS = ("default_primary_fqdn_id", "default_secondary_fqdn_id", "default_tertiary_fqdn_id")
# Every collection whose objects a number's `connection_id` may name. One space of ids for all of them.
KINDS = ("fqdn_connections", "credential_connections", "call_control_applications")


def hostname(value: Any, pointer: str) -> str:
    """A fully qualified name: an address is what IP connections are for."""
    name = text(1, 253)(value, pointer)
    labels = name.split(".")
    if len(labels) < 2 or not all(re.fullmatch(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)", label) for label in labels):
        raise invalid(pointer, f"{name} is not a fully qualified domain name")
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return name
    raise invalid(pointer, f"{name} is an IP address, not a fully qualified domain name")


def _record_type(value: Any, pointer: str) -> str:
    if value not in ("a", "srv"):
        raise invalid(pointer, "dns_record_type must be a or srv")
    return value


FQDN: Model = {
    "connection_id": fields.ID,
    "fqdn": hostname,
    "dns_record_type": _record_type,
    "port": nullable(whole(1, 65535)),
}
FQDN_REQUIRED = ("fqdn", "dns_record_type", "connection_id")


class Connections:
    """The FQDN connections of one organisation. Their digest credentials lie beside them."""

    def __init__(self, store: Store, organization: str) -> None:
        self._store = store
        self.shelf = store.shelf(VENDOR, organization, "fqdn_connections")
        self.fqdns = store.shelf(VENDOR, organization, "fqdns")
        self.passwords = store.shelf(VENDOR, organization, "passwords")
        self._profiles = store.shelf(VENDOR, organization, "outbound_voice_profiles")
        self._numbers = store.shelf(VENDOR, organization, "numbers")

    def get(self, id: str) -> JsonObject:
        connection = self.shelf.get(id)
        if connection is None:
            raise missing()
        return connection

    def create(self, wanted: JsonObject) -> JsonObject:
        """Names need not be unique: nothing says that Telnyx refuses a second one, so the client must look."""
        time = now()
        id = wanted.pop("id", None) or new_id()
        connection: JsonObject = {
            "id": id,
            "record_type": "fqdn_connection",
            **FQDN_DEFAULTS,
            **wanted,
            **fields.parts(wanted, True, INBOUND_DEFAULTS, OUTBOUND_DEFAULTS),
            "user_name": f"user{entropy.token_hex(6)}",
            "created_at": time,
            "updated_at": time,
        }
        self._check(connection, wanted)
        self.passwords.put(id, {"user_name": connection["user_name"], "password": entropy.token_urlsafe(18)})
        self._save(connection)
        if connection["microsoft_teams_sbc"]:  # "a *.mstsbc.telnyx.tech FQDN will be created automatically"
            self.add_fqdn({"connection_id": id, "fqdn": f"{id}.mstsbc.telnyx.tech", "dns_record_type": "srv"})
        return connection

    def update(self, id: str, changes: JsonObject) -> JsonObject:
        parts = fields.parts(changes, False, INBOUND_DEFAULTS, OUTBOUND_DEFAULTS)
        connection = {**self.get(id), **changes, **parts, "updated_at": now()}
        self._check(connection, changes)
        self._save(connection)
        return connection

    def _save(self, connection: JsonObject) -> None:
        self.shelf.put(connection["id"], connection, connection["inbound"]["sip_subdomain"] or "")

    def _check(self, connection: JsonObject, given: JsonObject) -> None:
        """What only the whole connection tells."""
        transport, inbound = connection["transport_protocol"], connection["inbound"]
        # The OpenAPI file says the opposite ("cannot be set if the transport is TLS"), the newer SDK says this; a
        # guide of Telnyx and one of a customer set both.
        for pointer, holder in (("", connection), ("/outbound", connection["outbound"])):
            if holder["encrypted_media"] and transport != "TLS":
                raise wrong(f"{pointer}/encrypted_media", "Can only be set when the SIP transport protocol is TLS")
        if transport == "UDP":
            # The default list holds them too, so only a list that somebody chose is a mistake.
            if any(codec in fields.STREAM_CODECS for codec in given.get("inbound", {}).get("codecs", [])):
                raise wrong("/inbound/codecs", "OPUS and H.264 are available only with TCP or TLS transport")
            if inbound["isup_headers_enabled"]:
                raise wrong("/inbound/isup_headers_enabled", "Available only with TCP or TLS transport")
        for name in DEFAULTS:
            fqdn = self.fqdns.get(inbound[name]) if inbound[name] else None
            if inbound[name] and (fqdn is None or fqdn["connection_id"] != connection["id"]):
                raise wrong(f"/inbound/{name}", "Value must be the ID of an FQDN set on the connection", NO_ASSOCIATE)
        self._check_subdomain(connection)
        profile = connection["outbound"].get("outbound_voice_profile_id")
        if profile and not self._profiles.get(profile):
            raise wrong("/outbound/outbound_voice_profile_id", "Outbound voice profile not found", NO_ASSOCIATE)

    def _check_subdomain(self, connection: JsonObject) -> None:
        """A host name under sip.telnyx.com: one connection of all organisations can have it."""
        name = connection["inbound"]["sip_subdomain"]
        holders = self._store.holders(VENDOR, "fqdn_connections", name) if name else []
        if any(holder["id"] != connection["id"] for _, holder in holders):
            raise wrong("/inbound/sip_subdomain", f"{name} has already been taken")

    def delete(self, id: str) -> JsonObject:
        """Unverified: numbers still assigned. Refusing is the strict reading; FQDNs are part of their connection."""
        connection = self.get(id)
        if any(number["connection_id"] == id for number in self._numbers.all()):
            raise wrong("/", "The connection is in use: phone numbers are assigned to it")
        for fqdn in self.fqdns_of(id):
            self.fqdns.remove(fqdn["id"])
        self.shelf.remove(id)
        self.passwords.remove(id)
        return connection

    def fqdns_of(self, id: str) -> list[JsonObject]:
        return [fqdn for fqdn in self.fqdns.all() if fqdn["connection_id"] == id]

    def fqdn(self, id: str) -> JsonObject:
        fqdn = self.fqdns.get(id)
        if fqdn is None:
            raise missing()
        return fqdn

    def add_fqdn(self, wanted: JsonObject) -> JsonObject:
        time = now()
        made = {"id": wanted.pop("id", None) or new_id(), "record_type": "fqdn", **wanted}
        fqdn = {**self._with_port(made, wanted), "created_at": time, "updated_at": time}
        self.fqdns.put(fqdn["id"], fqdn)
        return fqdn

    def change_fqdn(self, id: str, changes: JsonObject) -> JsonObject:
        before = self.fqdn(id)
        if changes.get("connection_id", before["connection_id"]) != before["connection_id"]:
            self._let_go(before, "/connection_id")
        fqdn = {**self._with_port({**before, **changes}, changes), "updated_at": now()}
        self.fqdns.put(id, fqdn)
        return fqdn

    def _with_port(self, fqdn: JsonObject, given: JsonObject) -> JsonObject:
        """ "Where a port is not set, the record type must be srv; where a port is set, it must be a. If it is a and
        a port is not specified, 5060 will be used." Changing to srv therefore takes `port: null`."""
        if not self.shelf.get(fqdn["connection_id"]):
            raise wrong("/connection_id", "FQDN connection not found", NO_ASSOCIATE)
        port = fqdn.pop("port", None)
        if fqdn["dns_record_type"] == "a":
            return {**fqdn, "port": port or 5060}
        if port is not None:
            raise wrong("/port" if "port" in given else "/dns_record_type", "A port cannot be set on an srv record")
        return fqdn

    def remove_fqdn(self, id: str) -> JsonObject:
        fqdn = self.fqdn(id)
        self._let_go(fqdn, "/")
        self.fqdns.remove(id)
        return fqdn

    def _let_go(self, fqdn: JsonObject, pointer: str) -> None:
        """Unverified: deleting (or moving away) an FQDN that calls are routed to. Refusing is the strict reading: it
        must be taken out of the connection's defaults first."""
        connection = self.get(fqdn["connection_id"])
        for name in DEFAULTS:
            if connection["inbound"][name] == fqdn["id"]:
                raise wrong(pointer, f"The FQDN is the connection's {name}")
