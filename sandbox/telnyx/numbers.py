"""Phone numbers of an organisation and their voice settings, without HTTP."""

from __future__ import annotations

import time
from typing import Any

from sandbox import stock
from sandbox.exchange import JsonObject, is_object
from sandbox.shapes import Model, array, choice, flag, invalid, record, text
from sandbox.store import Store
from sandbox.switches import Switches
from sandbox.telnyx import fields
from sandbox.telnyx.account import INACTIVE, NO_ASSOCIATE, VENDOR, Refusal, missing, new_id, now, wrong
from sandbox.telnyx.connections import KINDS

STATUSES = (
    *("purchase-pending", "purchase-failed", "port-pending", "port-failed", "active", "deleted", "emergency-only"),
    *("ported-out", "port-out-pending", "requirement-info-pending", "requirement-info-under-review"),
    *("requirement-info-exception", "provision-pending"),
)


def _connection(value: Any, pointer: str) -> str | None:
    """Which of null and "" unassigns is unknown; what is neither one nor an id is refused at once."""
    return value if value in (None, "") else fields.ID(value, pointer)


def e164(value: Any, pointer: str) -> str:
    number = text()(value, pointer)
    if not stock.E164.fullmatch(number):
        raise invalid(pointer, f"{number!r} is not in +E.164 format")
    return number


def _target(value: Any, pointer: str) -> str:
    return "" if value == "" else e164(value, pointer)


# `id` is read-only and `connection_id` alone can be emptied: the OpenAPI file lets no other field be null.
UPDATE: Model = {
    "address_id": text(1),
    "billing_group_id": fields.UUID,
    "connection_id": _connection,
    "customer_reference": text(),
    "external_pin": text(),
    "hd_voice_enabled": flag,
    "tags": array(text(1)),
}
SEED: Model = {
    **UPDATE,
    "id": fields.ID,
    "phone_number": e164,
    "status": choice(*STATUSES),
    "deletion_lock_enabled": flag,
}
VOICE: Model = {
    "call_forwarding": record(
        {
            "call_forwarding_enabled": flag,
            "forwarding_type": choice("always", "on-failure"),
            "forwards_to": _target,
        }
    ),
    "call_recording": record(
        {
            "inbound_call_recording_channels": choice("single", "dual"),
            "inbound_call_recording_enabled": flag,
            "inbound_call_recording_format": choice("wav", "mp3"),
        }
    ),
    "caller_id_name_enabled": flag,
    "cnam_listing": record(
        {"cnam_listing_details": text(0, 15, r"[A-Za-z0-9 ]*"), "cnam_listing_enabled": flag},
    ),
    "inbound_call_screening": choice("disabled", "reject_calls", "flag_calls"),
    "media_features": record(
        dict.fromkeys(("accept_any_rtp_packets_enabled", "rtp_auto_adjust_enabled", "t38_fax_gateway_enabled"), flag)
    ),
    "tech_prefix_enabled": flag,
    "translated_number": text(0, None, r"\+?[A-Za-z0-9]*", "expected alphanumeric characters"),
    "usage_payment_method": choice("pay-per-minute", "channel"),
}


def _voice(given: JsonObject) -> JsonObject:
    """Complete settings; objects in them are replaced as a whole, as in connections."""
    defaults: JsonObject = {
        "call_forwarding": {"call_forwarding_enabled": True},
        "call_recording": {
            "inbound_call_recording_channels": "single",
            "inbound_call_recording_enabled": False,
            "inbound_call_recording_format": "wav",
        },
        "caller_id_name_enabled": False,
        "cnam_listing": {"cnam_listing_enabled": False},
        "inbound_call_screening": "disabled",
        "media_features": {
            "accept_any_rtp_packets_enabled": False,
            "rtp_auto_adjust_enabled": True,
            "t38_fax_gateway_enabled": False,
        },
        "tech_prefix_enabled": False,
        "translated_number": "",
        "usage_payment_method": "pay-per-minute",
    }
    for name, value in given.items():
        default = defaults[name]
        defaults[name] = {**default, **value} if is_object(default) else value
    return defaults


class Numbers:
    def __init__(self, store: Store, switches: Switches, organization: str) -> None:
        self._store, self._switches = store, switches
        self.shelf = store.shelf(VENDOR, organization, "numbers")
        self._connections = [store.shelf(VENDOR, organization, name) for name in KINDS]

    def get(self, id: str) -> JsonObject:
        number = self.shelf.get(id)
        if number is None:
            raise missing()
        return number

    def connection(self, id: str | None) -> JsonObject | None:
        found = (shelf.get(id) for shelf in self._connections) if id else ()
        return next((connection for connection in found if connection), None)

    @staticmethod
    def status(number: JsonObject) -> str:
        """A bought number is not active at once; nothing happens in between, so its status follows from the time."""
        return "purchase-pending" if number["active_from"] > time.time() else number["status"]

    def add(self, wanted: JsonObject, active_from: float = 0) -> JsonObject:
        stamp = now()
        number: JsonObject = {
            "id": wanted.pop("id", None) or new_id(),
            "connection_id": None,
            "customer_reference": None,
            "deletion_lock_enabled": False,
            "external_pin": None,
            "hd_voice_enabled": False,
            "status": "active",
            "tags": [],
            **wanted,
            "active_from": active_from,
            "voice": _voice({}),
            "created_at": stamp,
            "purchased_at": stamp,
            "updated_at": stamp,
        }
        self._check(number)
        self.shelf.put(number["id"], number, number["phone_number"])
        return number

    def _check(self, changes: JsonObject) -> None:
        connection = changes.get("connection_id")
        if connection and not self.connection(connection):
            raise wrong("/connection_id", "Connection not found", NO_ASSOCIATE)
        for name in ("address_id", "billing_group_id"):
            if changes.get(name):
                raise wrong(f"/{name}", f"{name} not found", NO_ASSOCIATE)  # this sandbox has none of either

    def _unassigned(self, changes: JsonObject) -> JsonObject:
        """Unverified: whether null or "" takes a number off its connection. One of them does, the switch says which,
        and the other is refused: a client must be ready for both."""
        if "connection_id" not in changes or changes["connection_id"]:
            return changes
        working = None if self._switches["telnyx.unassign"] == "null" else ""
        if changes["connection_id"] != working:
            raise wrong("/connection_id", "connection_id is invalid")
        return {**changes, "connection_id": None}

    def update(self, id: str, changes: JsonObject) -> JsonObject:
        number = self._active(id)
        changes = self._unassigned(changes)
        self._check(changes)
        return self._save({**number, **changes})

    def update_voice(self, id: str, changes: JsonObject) -> JsonObject:
        number = self._active(id)
        made = _voice(changes)
        return self._save({**number, "voice": {**number["voice"], **{name: made[name] for name in changes}}})

    def _active(self, id: str) -> JsonObject:
        """Unverified: settings of a number that is not (yet) active. Code 10001 exists; here it is used."""
        number = self.get(id)
        if self.status(number) != "active":
            raise Refusal(422, INACTIVE, f"The phone number is {self.status(number)}.", "/")
        return number

    def _save(self, number: JsonObject) -> JsonObject:
        number = {**number, "updated_at": now()}
        self.shelf.put(number["id"], number, number["phone_number"])
        return number

    def release(self, id: str) -> JsonObject:
        number = self.get(id)
        if number["deletion_lock_enabled"]:
            raise wrong("/deletion_lock_enabled", "The phone number is locked against deletion")
        self.shelf.remove(id)
        self._store.shelf(VENDOR, "", "released").put(number["phone_number"], {"phone_number": number["phone_number"]})
        self._store.count("releases")
        return {**number, "status": "deleted"}
