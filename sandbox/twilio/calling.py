"""What Twilio does with a call to a number: Elastic SIP Trunking, or TwiML of an application or a voice URL.

twilio.com/docs/sip-trunking (origination: order, failover, the called number as user part), /docs/voice/twiml/sip,
/docs/sip-trunking/ip-addresses; read 2026-11-21. A trunk wins over an application, an application over a URL.
"""

from __future__ import annotations

import random
import secrets
from collections.abc import Callable, Sequence
from dataclasses import replace

from sandbox.calling import Ask, Leg, Route, Step, Unreachable
from sandbox.exchange import JsonObject
from sandbox.store import Store
from sandbox.twilio.account import API_VERSION, VENDOR
from sandbox.twilio.twiml import Document
from signaling.uri import SipUri, parse_sip

#: "You MUST allow ALL of these: Twilio does not guarantee which edge" its calls leave from.
RANGES = (
    *("54.172.60.0/30", "54.244.51.0/30", "54.171.127.192/30", "35.156.191.128/30"),
    *("54.65.63.192/30", "54.169.127.128/30", "54.252.254.64/30", "177.71.206.192/30"),
)
_FINAL = frozenset({400, 404, 405, 410, 416, 482, 484, 486})


def route(store: Store, number: str, caller: str, *, enhanced: bool = True) -> Route | None:
    """Raises Unreachable."""
    held = store.holders(VENDOR, "numbers", number)
    if not held:
        return None
    account, owned = held[0]
    if owned["voice_receive_mode"] == "fax":
        raise Unreachable("attachment", "the number receives faxes: its voice_receive_mode is fax")
    document = _document(account, number, caller, enhanced=enhanced)
    if owned["trunk_sid"]:
        return _trunk(store, account, owned, document)
    handler = owned
    if owned["voice_application_sid"]:
        handler = store.shelf(VENDOR, account, "applications").get(owned["voice_application_sid"]) or {}
    if not handler.get("voice_url"):
        raise Unreachable("attachment", "the number is on no trunk, and no voice URL or application takes its calls")
    return _asked(handler, document)


def _trunk(store: Store, account: str, owned: JsonObject, document: Document) -> Sequence[Step]:
    """Its URLs, then its disaster recovery URL: "if an error occurs while sending SIP traffic towards the configured
    Origination URL". Unverified: which answers count as one (here those after which the next URL is tried)."""
    trunk = store.shelf(VENDOR, account, "trunks").get(owned["trunk_sid"]) or {}
    urls = [
        url for url in store.shelf(VENDOR, account, "origination_urls").all() if url["trunk_sid"] == owned["trunk_sid"]
    ]
    usable = [url for url in urls if url["enabled"]]
    if not usable:
        why = "none of its origination URLs is enabled" if urls else "it has no origination URL"
        raise Unreachable("trunk", f"no valid origination URI on trunk {owned['trunk_sid']} (32010): {why}")
    legs: list[Step] = [
        Leg(
            str(_called(parse_sip(url["sip_url"]), owned["phone_number"])),
            encryption="required" if trunk["secure"] else "off",
            headers=[("X-Twilio-CallSid", _call_sid())],
            sources=RANGES,
            fails_over=_next_url,
            transfer=_transfer(trunk["transfer_mode"]),
        )
        for url in _order(usable)
    ]
    if trunk["disaster_recovery_url"]:
        legs.append(document.ask(trunk["disaster_recovery_url"], trunk["disaster_recovery_method"]))
    return legs


def _call_sid() -> str:
    return f"CA{secrets.token_hex(16)}"


def _called(uri: SipUri, number: str) -> SipUri:
    """Without a user part the called number stands there; a fixed one is sent for every number of the trunk."""
    return uri if uri.user is not None else replace(uri, user=number)


def _order(urls: list[JsonObject]) -> list[JsonObject]:
    """Lowest priority first; within one, at random by weight."""
    ordered: list[JsonObject] = []
    for priority in sorted({url["priority"] for url in urls}):
        left = [url for url in urls if url["priority"] == priority]
        while left:
            ordered.append(random.choices(left, [url["weight"] for url in left])[0])
            left.remove(ordered[-1])
    return ordered


def _next_url(code: int | None) -> bool:
    return code is None or (code not in _FINAL and code < 600)


def _transfer(mode: str) -> Callable[[str], int]:
    """Error 32218: the trunk's transfer mode does not allow it."""

    def answer(target: str) -> int:
        allowed = mode == "enable-all" or (mode == "sip-only" and target.startswith("sip:"))
        return 200 if allowed else 603

    return answer


def _document(account: str, number: str, caller: str, *, enhanced: bool) -> Document:
    form = {
        "CallSid": _call_sid(),
        "AccountSid": account,
        "From": caller,
        "To": number,
        "CallStatus": "ringing",
        "ApiVersion": API_VERSION,
        "Direction": "inbound",
    }
    return Document("", form, RANGES, enhanced)


def _asked(handler: JsonObject, document: Document) -> Ask:
    """The fallback URL is for a document that cannot be had or read, not for a leg that fails."""
    ask = document.ask(handler["voice_url"], handler["voice_method"])
    if not handler.get("voice_fallback_url"):
        return ask
    return replace(ask, fallback=document.ask(handler["voice_fallback_url"], handler["voice_fallback_method"]))
