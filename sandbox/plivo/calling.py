"""What Plivo does with a call to a number: its inbound Zentrunk trunk (primary, then fallback URI), or an application.

plivo.com/docs/sip-trunking and Plivo's guide for xAI (read 2026-11-21). Unverified: the user part where the URI has
none (here the called number with its plus, as the guide's form only works with), and after which answers the fallback
rings (here where none came, 408 and 5xx).
"""

from __future__ import annotations

import uuid
from dataclasses import replace

from sandbox.calling import Ask, Leg, Route, Unreachable
from sandbox.exchange import JsonObject
from sandbox.plivo.account import VENDOR
from sandbox.plivo.answer import Document
from sandbox.plivo.zentrunk import INBOUND
from sandbox.store import Store
from signaling.uri import parse_sip

RANGES = (
    *("13.52.9.0/25", "216.120.187.128/26", "18.214.109.128/25", "18.215.142.0/26", "204.89.148.128/26"),
    *("3.120.121.128/26", "18.228.70.64/26", "54.233.191.0/27", "13.238.202.192/26", "18.136.1.128/26"),
    *("204.89.149.128/27", "15.207.90.192/31", "204.89.151.128/27", "204.89.151.160/27"),
)


def route(store: Store, number: str, caller: str) -> Route | None:
    """Raises Unreachable."""
    held = store.holders(VENDOR, "numbers", number.removeprefix("+"))
    if not held:
        return None
    account, owned = held[0]
    if not owned["app_id"]:
        raise Unreachable("attachment", "the number has no application and is on no trunk")
    trunk = store.shelf(VENDOR, account, "trunks").get(owned["app_id"])
    if trunk is None:
        return _application(store, account, owned, number, caller)
    if trunk["trunk_status"] != "enabled":
        raise Unreachable("trunk", f"trunk {trunk['trunk_id']} is disabled")
    uris = store.shelf(VENDOR, account, "uris")
    found = [uri for name in INBOUND if trunk[name] and (uri := uris.get(trunk[name]))]
    if not found:
        raise Unreachable("trunk", f"trunk {trunk['trunk_id']} has no URI")
    return [_leg(store, account, number, trunk, uri) for uri in found]


def _application(store: Store, account: str, owned: JsonObject, number: str, caller: str) -> Ask:
    """Its answer URL says what to do, and its fallback URL when that one fails."""
    held = store.shelf(VENDOR, account, "applications").get(owned["app_id"]) or {}
    if not held.get("answer_url"):
        raise Unreachable("attachment", f"application {owned['app_id']} takes the number's calls and has no answer URL")
    form = {
        "CallUUID": str(uuid.uuid4()),
        "From": caller.removeprefix("+"),
        "To": number.removeprefix("+"),
        "CallStatus": "ringing",
        "Direction": "inbound",
        "Event": "StartApp",
    }
    document = Document("", form, RANGES)
    ask = document.ask(held["answer_url"], held.get("answer_method") or "POST")
    if not held.get("fallback_answer_url"):
        return ask
    return replace(ask, fallback=document.ask(held["fallback_answer_url"], held.get("fallback_method") or "POST"))


def _leg(store: Store, account: str, number: str, trunk: JsonObject, uri: JsonObject) -> Leg:
    text = uri["uri"]
    target = parse_sip(text if text.startswith("sip:") else f"sip:{text}")
    digest = store.shelf(VENDOR, account, "passwords").get(uri["uri_uuid"]) if uri["authentication_needed"] else None
    domain = trunk["trunk_domain"]
    return Leg(
        str(target if target.user else replace(target, user=number)),
        encryption="required" if trunk["secure"] else "off",
        username=(digest or {}).get("username", ""),
        password=(digest or {}).get("password", ""),
        sources=RANGES,
        fails_over=lambda code: code is None or code == 408 or 500 <= code < 600,
        transfer=lambda asked: 200 if asked.partition("@")[2].partition(";")[0] == domain else 403,
    )
