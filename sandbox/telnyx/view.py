"""Objects as the API shows them."""

from __future__ import annotations

import time

from sandbox import stock
from sandbox.exchange import JsonObject
from sandbox.telnyx.connections import MASK
from sandbox.telnyx.numbers import Numbers

# Fields of a number in the answer to its deletion: fewer, and none of them may be null.
DELETED = (
    *("activated_at", "billing_group_id", "call_forwarding_enabled", "call_recording_enabled"),
    *("caller_id_name_enabled", "cnam_listing_enabled", "connection_id", "connection_name", "created_at"),
    *("customer_reference", "deletion_lock_enabled", "emergency_address_id", "emergency_enabled", "external_pin"),
    *("hd_voice_enabled", "id", "messaging_profile_id", "messaging_profile_name", "phone_number"),
    *("phone_number_type", "purchased_at", "record_type", "status", "t38_fax_gateway_enabled", "tags", "updated_at"),
)
NAMES = ("id", "record_type", "active", "anchorsite_override", "connection_name", "created_at", "tags", "updated_at")
WEBHOOKS = ("webhook_api_version", "webhook_event_failover_url", "webhook_event_url")


def connection(thing: JsonObject, password: str = MASK) -> JsonObject:
    """Organisations made since 2026-09-08 see a password only in the answer to the request that set it."""
    return {**thing, "password": password}


def summary(thing: JsonObject) -> JsonObject:
    """A connection of any kind, as /connections shows it."""
    profile = thing["outbound"].get("outbound_voice_profile_id")
    shown = {name: thing[name] for name in (*NAMES, *WEBHOOKS) if name in thing}
    return {**shown, "webhook_event_url": thing.get("webhook_event_url")} | (
        {"outbound_voice_profile_id": profile} if profile else {}
    )


def number(thing: JsonObject, numbers: Numbers) -> JsonObject:
    holder = numbers.connection(thing["connection_id"])
    status, voice = numbers.status(thing), thing["voice"]
    shown = {name: value for name, value in thing.items() if name not in ("active_from", "voice")}
    return {
        **shown,
        "record_type": "phone_number",
        "activated_at": None if status.endswith("-pending") else thing["purchased_at"],
        "billing_group_id": None,
        "call_forwarding_enabled": voice["call_forwarding"]["call_forwarding_enabled"],
        "call_recording_enabled": voice["call_recording"]["inbound_call_recording_enabled"],
        "caller_id_name_enabled": voice["caller_id_name_enabled"],
        "cnam_listing_enabled": voice["cnam_listing"]["cnam_listing_enabled"],
        "connection_name": (holder.get("connection_name") or holder["application_name"]) if holder else None,
        "country_iso_alpha2": stock.country(thing["phone_number"]),
        "emergency_address_id": None,
        "emergency_enabled": False,
        "emergency_status": "disabled",
        "inbound_call_screening": voice["inbound_call_screening"],
        **dict.fromkeys(("messaging_profile_id", "messaging_profile_name")),
        "phone_number_type": stock.kind(thing["phone_number"]),
        "source_type": "number_order",
        "status": status,
        "t38_fax_gateway_enabled": voice["media_features"]["t38_fax_gateway_enabled"],
    }


def deleted(thing: JsonObject, numbers: Numbers) -> JsonObject:
    shown = {**number(thing, numbers), "status": "deleted"}
    return {name: shown[name] for name in DELETED if shown[name] is not None}


def voice(thing: JsonObject) -> JsonObject:
    own = ("connection_id", "customer_reference")
    return {
        **{name: value for name, value in thing["voice"].items() if name != "caller_id_name_enabled"},
        **{name: thing[name] for name in own if thing[name] is not None},
        "emergency": {"emergency_enabled": False, "emergency_status": "disabled"},
        "id": thing["id"],
        "phone_number": thing["phone_number"],
        "record_type": "voice_settings",
    }


def _status(thing: JsonObject) -> str:
    return "success" if thing["ready_at"] <= time.time() else "pending"


def listed_order(thing: JsonObject) -> JsonObject:
    return {
        **{name: value for name, value in thing.items() if name != "ready_at"},
        "record_type": "number_order",
        "phone_numbers_count": len(thing["phone_numbers"]),
        "requirements_met": True,
        "status": _status(thing),
    }


def order(thing: JsonObject) -> JsonObject:
    numbers: list[JsonObject] = [
        {
            **each,
            "record_type": "number_order_phone_number",
            "country_code": stock.country(each["phone_number"]),
            "country_iso_alpha2": stock.country(each["phone_number"]),
            "phone_number_type": stock.kind(each["phone_number"]),
            "regulatory_requirements": [],
            "requirements_met": True,
            "requirements_status": "approved",
            "status": _status(thing),
        }
        for each in thing["phone_numbers"]
    ]
    return {**listed_order(thing), "phone_numbers": numbers}


def offer(e164: str, monthly: str, upfront: str) -> JsonObject:
    return {
        "best_effort": False,
        "cost_information": {"currency": "USD", "monthly_cost": monthly, "upfront_cost": upfront},
        "features": [{"name": name} for name in ("sms", "voice", "fax", "emergency")],
        "phone_number": e164,
        "quickship": True,
        "record_type": "available_phone_number",
        "region_information": [{"region_name": stock.country(e164), "region_type": "country_code"}],
        "reservable": True,
        "vanity_format": "",
    }
