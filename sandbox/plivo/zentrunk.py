"""Zentrunk: trunks and what they are made of, without HTTP.

Pages "Trunks", "Origination URIs", "Credentials" and "IP access control lists" of plivo.com/docs/sip-trunking/api,
read 2026-11-21, and what Plivo's own command line (plivo/plivo-cli) says of the live service.
"""

from __future__ import annotations

import ipaddress
import re
from typing import Any

from sandbox.exchange import JsonObject
from sandbox.plivo.account import VENDOR, Refusal, missing, new_number, new_uuid
from sandbox.shapes import Model, array, choice, flag, invalid, nullable, text
from sandbox.store import Store

UUID = text(36, 36, r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", "expected a UUID")
PARTS = ("primary_uri_uuid", "fallback_uri_uuid", "ipacl_uuid", "credential_uuid")
INBOUND, OUTBOUND = PARTS[:2], PARTS[2:]
# Said of credentials: 5 to 20 letters and digits; a password may hold, and must hold, one of these too.
SPECIAL = "~!@#$%^&*()_+"
USERNAME = text(5, 20, r"[A-Za-z0-9]+", "expected 5 to 20 letters and digits")
_PASSWORD = rf"(?=.*[{re.escape(SPECIAL)}])[A-Za-z0-9{re.escape(SPECIAL)}]+"
PASSWORD = text(5, 20, _PASSWORD, f"expected 5 to 20 letters, digits and {SPECIAL}, with at least one of the latter")
URI_TEXT = re.compile(
    r"(sip:(?P<user>[A-Za-z0-9\-_.!~*'()&=+$,%]+@)?)?(?P<host>[A-Za-z0-9.-]+)(:(?P<port>\d{1,5}))?"
    r"(;transport=(?P<transport>udp|tcp|tls))?"
)


def destination(value: Any, pointer: str) -> str:
    """`host[:port][;transport=…]`, with or without `sip:` and then with or without a user: FQDN or IP address."""
    match = URI_TEXT.fullmatch(text(1, 255)(value, pointer))
    if not match or not _is_host(match["host"]) or not 0 < int(match["port"] or 1) <= 65535:
        raise invalid(pointer, "expected host[:port][;transport=udp|tcp|tls] or sip:user@host")
    return value


def _is_host(host: str) -> bool:
    if re.fullmatch(r"[\d.]+", host):
        try:
            ipaddress.IPv4Address(host)
        except ValueError:
            return False
        return True
    labels = host.split(".")
    return len(labels) > 1 and all(re.fullmatch(r"(?!-)[A-Za-z0-9-]{1,63}(?<!-)", label) for label in labels)


def network(value: Any, pointer: str) -> str:
    try:
        ipaddress.IPv4Network(text(7)(value, pointer))
    except ValueError as error:
        raise invalid(pointer, f"{value} is neither an IPv4 address nor a range") from error
    return value


TRUNK: Model = {
    "name": text(1, 255),
    "trunk_direction": choice("inbound", "outbound"),
    "trunk_status": choice("enabled", "disabled"),
    "secure": flag,
    **dict.fromkeys(PARTS, nullable(UUID)),
}
URI: Model = {
    "name": text(0, 255),
    "uri": destination,
    "authentication_needed": flag,
    # Unverified: no page limits these two. The user name is free; the password follows the rule for credentials,
    # so that a password that works here works anywhere at Plivo.
    "username": text(0, 255, r"[^\s:@]*", "expected no blanks, colons or @"),
    "password": nullable(lambda value, pointer: "" if value == "" else PASSWORD(value, pointer), ""),
}
CREDENTIAL: Model = {"name": text(0, 255), "username": USERNAME, "password": PASSWORD}
IPACL: Model = {"name": text(0, 255), "ip_addresses": array(network, low=1, unique=True)}


class Shelves:
    """The simple ones: made, changed, deleted; a trunk points at them by UUID."""

    def __init__(self, store: Store, auth_id: str) -> None:
        self._numbers = store.shelf(VENDOR, auth_id, "numbers")
        self.trunks = store.shelf(VENDOR, auth_id, "trunks")
        self.uris = store.shelf(VENDOR, auth_id, "uris")
        self.credentials = store.shelf(VENDOR, auth_id, "credentials")
        self.ipacls = store.shelf(VENDOR, auth_id, "ipacls")
        self.passwords = store.shelf(VENDOR, auth_id, "passwords")
        # By the field that names them, in a trunk as well as in the object itself.
        self.kinds = {"uri_uuid": self.uris, "credential_uuid": self.credentials, "ipacl_uuid": self.ipacls}

    def get(self, key: str, id: str) -> JsonObject:
        thing = self.kinds[key].get(id)
        if thing is None:
            raise missing()
        return thing

    def put(self, key: str, wanted: JsonObject) -> JsonObject:
        """Add an object, or replace it where it stands. Its password lies beside it: no answer repeats one."""
        thing = {"name": "", **wanted}
        id = thing.setdefault(key, new_uuid())
        password = thing.pop("password", None)
        if password:
            self.passwords.put(id, {"username": thing["username"], "password": password})
        self.kinds[key].put(id, thing)
        return thing

    def put_uri(self, wanted: JsonObject, before: JsonObject | None = None) -> JsonObject:
        """User name and password come together, whenever authentication is asked for: "required if
        authentication_needed=true". Plivo's command line says of credentials that a password without a user name is
        refused, and that every update rewrites the password."""
        needed = wanted.get("authentication_needed", False if before is None else before["authentication_needed"])
        given = [name for name in ("username", "password") if wanted.get(name)]
        if not needed and given:
            raise Refusal(400, "username and password are for authentication_needed=true only")
        turned = needed and (before is None or "authentication_needed" in wanted)
        if len(given) == 1 or (turned and not given):
            raise Refusal(422, "username and password are required when authentication_needed is true")
        thing: JsonObject = {"authentication_needed": False, "username": "", **(before or {}), **wanted}
        if not needed:
            thing |= {"username": "", "password": ""}
            self.passwords.remove(thing.get("uri_uuid", ""))
        return self.put("uri_uuid", thing)

    def remove(self, key: str, id: str) -> None:
        """Deleting a URI in use ALSO deletes the trunks that point at it (Plivo's published agent skill). Unverified
        for credentials and access lists; the same is the worse case for a client that does not look first."""
        self.get(key, id)
        for trunk in self.trunks.all():
            if id in [trunk[part] for part in PARTS]:
                self.remove_trunk(trunk["trunk_id"])
        self.kinds[key].remove(id)
        self.passwords.remove(id)

    def trunk(self, id: str) -> JsonObject:
        trunk = self.trunks.get(id)
        if trunk is None:
            raise missing()
        return trunk

    def add_trunk(self, wanted: JsonObject) -> JsonObject:
        id = wanted.pop("trunk_id", None) or new_number()
        trunk: JsonObject = {
            "trunk_id": id,
            "trunk_domain": f"{id}.zt.plivo.com",
            "trunk_status": "enabled",
            "secure": False,
            **dict.fromkeys(PARTS),
            **wanted,
        }
        self._check_trunk(trunk)
        self.trunks.put(id, trunk, trunk["name"])
        return trunk

    def change_trunk(self, id: str, changes: JsonObject) -> JsonObject:
        before = self.trunk(id)
        # Unverified: a change of direction. An inbound trunk with numbers cannot become an outbound one.
        if changes["trunk_direction"] != before["trunk_direction"]:
            raise Refusal(400, "trunk_direction cannot be changed")
        trunk = {**before, **changes}
        self._check_trunk(trunk)
        self.trunks.put(id, trunk, trunk["name"])
        return trunk

    def _check_trunk(self, trunk: JsonObject) -> None:
        own, foreign = (INBOUND, OUTBOUND) if trunk["trunk_direction"] == "inbound" else (OUTBOUND, INBOUND)
        for name in foreign:
            if trunk[name]:
                raise Refusal(400, f"{name} is not for an {trunk['trunk_direction']} trunk")
        if own is INBOUND and not trunk["primary_uri_uuid"]:
            raise Refusal(400, "primary_uri_uuid is required for an inbound trunk")
        if own is OUTBOUND and not (trunk["ipacl_uuid"] or trunk["credential_uuid"]):
            raise Refusal(400, "ipacl_uuid or credential_uuid is required for an outbound trunk")
        for name in own:
            key = "uri_uuid" if name.endswith("_uri_uuid") else name
            if trunk[name] and not self.kinds[key].get(trunk[name]):
                # "404: invalid trunk ID, credential ID, or URI ID" (page "Overview").
                raise Refusal(404, f"{name} {trunk[name]} not found")
        namesake = self.trunks.find(trunk["name"])
        if namesake and namesake["trunk_id"] != trunk["trunk_id"]:
            raise Refusal(400, f"A trunk with the same name {trunk['name']} already exists")

    def remove_trunk(self, id: str) -> None:
        """Its numbers stay, without a route."""
        self.trunk(id)
        self.trunks.remove(id)
        for number in self._numbers.all():
            if number["app_id"] == id:
                self._numbers.put(number["number"], {**number, "app_id": None}, number["number"])
