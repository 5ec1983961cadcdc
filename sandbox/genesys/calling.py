"""What Genesys Cloud does with a number that somebody at a site dials, or that a flow transfers to.

The site's number plans give the call a classification, an outbound route takes those of that classification, and its trunk
calls xAI: any proxy of the region, with the trunk's login.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from sandbox.calling import Leg, Unreachable
from sandbox.exchange import JsonObject
from sandbox.genesys.account import ACCOUNTS
from sandbox.genesys.organisation import PASSWORD, Organisation, instance
from sandbox.store import Store
from sandbox.switches import Switches

#: Addresses that the proxies of this network call from; Genesys' own list could not be read.
PROXIES = ("203.0.113.32/29",)
_CODECS = {"audio/pcmu": "PCMU", "audio/pcma": "PCMA", "audio/opus": "opus"}


def route(store: Store, switches: Switches, number: str) -> Sequence[Leg] | None:
    """Raises Unreachable."""
    for account in ACCOUNTS:
        own = Organisation(store, switches, account)
        if own.dids.find(number):
            return _answered(own, number)
        if (legs := _to(own, number)) is not None:
            return legs
    return None


def _answered(own: Organisation, did: str) -> Sequence[Leg]:
    """A call to a number of the organisation: a call route's flow transfers it."""
    route = next((ivr for ivr in own.ivrs.all() if did in ivr["dnis"]), None)
    flow = own.flows.get(route["openHoursFlow"]["id"]) if route and "openHoursFlow" in route else None
    if flow is None:
        raise Unreachable("attachment", f"no call route brings {did} into a flow")
    for number in flow["transfers"]:
        if own.dids.find(number):
            raise Unreachable("attachment", f"flow {flow['name']} transfers to {number}, which is inside")
        if (legs := _to(own, number)) is not None:
            return legs
    raise Unreachable("attachment", f"flow {flow['name']} transfers to no number that a site sends out")


def _to(own: Organisation, number: str) -> Sequence[Leg] | None:
    """What is dialled at any site."""
    for site in own.sites.all():
        if (plan := _plan(own.plans_of(site["id"]), number)) is not None:
            return _dialled(own, site, plan, number)
    return None


def _plan(plans: list[JsonObject], number: str) -> JsonObject | None:
    """The plan of a site that the number is in, where it comes before all others that fit; no plan for whole countries."""
    first = next((plan for plan in plans if _fits(plan, number)), None)
    return first if first and first["matchType"] in {"numberList", "e164NumberList", "regex"} else None


def _fits(plan: JsonObject, number: str) -> bool:
    digits, kind = number.lstrip("+"), plan["matchType"]
    if kind == "regex":
        return re.search(plan["match"], number) is not None
    if kind == "digitLength":
        return int(plan["digitLength"]["start"]) <= len(digits) <= int(plan["digitLength"]["end"])
    if kind in {"numberList", "e164NumberList"}:
        return any(_between(each, digits) for each in plan["numbers"])
    return True  # within the country, or out of it


def _between(numbers: JsonObject, digits: str) -> bool:
    start, end = (numbers[name].lstrip("+") for name in ("start", "end"))
    return len(start) == len(digits) and start <= digits <= end


def _dialled(own: Organisation, site: JsonObject, plan: JsonObject, number: str) -> Sequence[Leg]:
    routes = own.routes_of(site["id"])
    found = next((each for each in routes if plan["classification"] in each["classificationTypes"]), None)
    if found is None:
        raise Unreachable("attachment", f"no outbound route of {site['name']} takes {plan['classification']}")
    if not found["enabled"]:
        raise Unreachable("trunk", f"outbound route {found['name']} is disabled")
    trunks = [own.trunks.get(each["id"]) for each in found["externalTrunkBases"]]
    legs = [leg for trunk in trunks if trunk and instance(trunk, "trunk_enabled") for leg in _legs(trunk, number)]
    if not legs:
        raise Unreachable("trunk", f"outbound route {found['name']} has no trunk that is in service")
    return legs


def _legs(trunk: JsonObject, number: str) -> Sequence[Leg]:
    transport = str(instance(trunk, "trunk_transport_protocolVariant")).lower()
    plain = instance(trunk, "trunk_outboundIdentity_calledAddress_omitPlusPrefix")
    user = number.lstrip("+") if plain else number
    login: dict[str, Any] = {
        "username": instance(trunk, "trunk_sip_authentication_credentials_username") or "",
        "password": instance(trunk, PASSWORD) or "",
    }
    codecs = tuple(_CODECS[each] for each in instance(trunk, "trunk_media_codec") if each in _CODECS)
    encryption = "required" if transport == "tls" and instance(trunk, "trunk_media_srtpCipherSuites") else "off"
    return [
        Leg(f"sip:{user}@{host};transport={transport}", codecs, encryption, sources=PROXIES, **login)
        for host in instance(trunk, "trunk_transport_serverProxyList")
    ]
