"""Outbound voice profiles, without HTTP: who may be called, needed where calls are transferred."""

from __future__ import annotations

from sandbox.exchange import JsonObject
from sandbox.shapes import Model, array, choice, flag, nullable, number, record, text, whole
from sandbox.store import Store
from sandbox.telnyx import fields
from sandbox.telnyx.account import NO_ASSOCIATE, VENDOR, missing, new_id, now, wrong

_TIME = text(1, 16, r"([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d+)?)?Z?", "expected a UTC time of day")
PROFILE: Model = {
    "name": text(3, says="expected a name of at least 3 characters"),
    "billing_group_id": nullable(fields.UUID),
    "calling_window": record({"calls_per_cld": whole(0), "start_time": _TIME, "end_time": _TIME}),
    # Not in the request of the OpenAPI file of 2026-07-16, but in the answer and in the SDK's parameters.
    "call_recording": record(
        {
            "call_recording_type": choice("all", "none", "by_caller_phone_number"),
            "call_recording_caller_phone_numbers": array(text(8, 16, r"\+[1-9]\d+", "expected an E.164 number")),
            "call_recording_channels": choice("single", "dual"),
            "call_recording_format": choice("wav", "mp3"),
        }
    ),
    "concurrent_call_limit": nullable(whole(0)),
    "daily_spend_limit": text(1, 20, r"\d+(\.\d{1,2})?", "expected an amount such as 100.00"),
    **dict.fromkeys(("daily_spend_limit_enabled", "enabled"), flag),
    "max_destination_rate": number,
    "service_plan": choice("global"),
    "traffic_type": choice("conversational"),
    "usage_payment_method": choice("rate-deck"),
    "whitelisted_destinations": array(text(2, 2, r"[A-Z]{2}", "expected an alpha-2 country code"), unique=True),
    "tags": fields.TAGS,
}


class Profiles:
    def __init__(self, store: Store, organization: str) -> None:
        self.shelf = store.shelf(VENDOR, organization, "outbound_voice_profiles")
        self._connections = store.shelf(VENDOR, organization, "fqdn_connections")

    def get(self, id: str) -> JsonObject:
        profile = self.shelf.get(id)
        if profile is None:
            raise missing()
        return {**profile, "connections_count": self._users(id)}

    def all(self) -> list[JsonObject]:
        return [self.get(profile["id"]) for profile in self.shelf.all()]

    def _users(self, id: str) -> int:
        return sum(each["outbound"].get("outbound_voice_profile_id") == id for each in self._connections.all())

    def create(self, wanted: JsonObject) -> JsonObject:
        self._check(wanted)
        time = now()
        profile: JsonObject = {
            "id": wanted.pop("id", None) or new_id(),
            "record_type": "outbound_voice_profile",
            **dict.fromkeys(("billing_group_id", "concurrent_call_limit")),
            "daily_spend_limit_enabled": False,
            "enabled": True,
            "tags": [],
            "service_plan": "global",
            "traffic_type": "conversational",
            "usage_payment_method": "rate-deck",
            "whitelisted_destinations": ["US", "CA"],
            **wanted,
            "created_at": time,
            "updated_at": time,
        }
        self.shelf.put(profile["id"], profile)
        return self.get(profile["id"])

    def update(self, id: str, changes: JsonObject) -> JsonObject:
        self.get(id)
        self._check(changes)
        self.shelf.put(id, {**(self.shelf.get(id) or {}), **changes, "updated_at": now()})
        return self.get(id)

    @staticmethod
    def _check(wanted: JsonObject) -> None:
        if wanted.get("billing_group_id"):
            raise wrong("/billing_group_id", "Billing group not found", NO_ASSOCIATE)  # this sandbox has none

    def delete(self, id: str) -> JsonObject:
        """Unverified: a profile that connections still use. Refusing is the strict reading."""
        profile = self.get(id)
        if profile["connections_count"]:
            raise wrong("/", "The outbound voice profile is in use by a connection")
        self.shelf.remove(id)
        return profile
