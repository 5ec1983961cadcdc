"""From trunks and numbers that exist to the words of the stack file. Reads only."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from providers.kernel.route_import import Found, Unmapped, WeightedUri, alone
from providers.kernel.values import target
from providers.twilio.api import Api
from providers.twilio.attachment import holder

_TRANSFERS: dict[str, bool | str] = {"enable-all": True, "disable-all": False, "sip-only": "sip-only"}


def numbers(api: Api) -> Iterable[str]:
    """Every number of the account."""
    return [number.phone_number for number in api.number_listing.all()]


def found(api: Api, e164: str) -> Found:
    """The number's trunk with its origination URLs and recording."""
    owned: dict[str, Any] = {number.phone_number: number for number in api.number_listing.all()}
    number = owned[e164]
    sid = str(number.trunk_sid or "")
    if not sid:
        raise Unmapped(f"it is on no trunk{': ' + ringing if (ringing := holder(number)) else ''}")
    alone(e164, sid, {key: str(item.trunk_sid or "") for key, item in owned.items()})
    urls: list[Any] = sorted(api.origination_urls(sid), key=lambda url: (url.priority or 0, url.sid or ""))
    if not urls:
        raise Unmapped(f"trunk {sid} has no origination URL")
    recording: Any = api.trunks(sid).recordings().fetch()
    recorded = recording.mode != "do-not-record"
    names = ["origination-url", *(f"fallback-{count}" for count in range(1, len(urls)))]
    ids = {"trunk": sid, "attachment": str(number.sid), **({"recording": sid} if recorded else {})}
    route = {
        **_route(api.trunk_listing.get(sid)),
        **_url(urls[0].sip_url),
        "priority": urls[0].priority,
        "recording": {"mode": recording.mode, "trim": recording.trim} if recorded else None,
    }
    uris = tuple(WeightedUri(url.sip_url, url.weight) for url in urls)
    return Found(route, {**ids, **{name: url.sid for name, url in zip(names, urls, strict=True)}}, uris)


def _route(trunk: Any) -> dict[str, Any]:
    url, method = trunk.disaster_recovery_url, trunk.disaster_recovery_method or "POST"
    return {
        "transfer": _TRANSFERS.get(trunk.transfer_mode, trunk.transfer_mode),
        "transfer_caller_id": trunk.transfer_caller_id,
        "secure": bool(trunk.secure),
        "cnam_lookup": bool(trunk.cnam_lookup_enabled),
        "disaster_recovery": {"url": url, "method": method} if url else None,
    }


def _url(sip_url: str) -> dict[str, Any]:
    """Edge, region, port and whether it names a number; any other parameter shows as a difference later."""
    try:
        way = target(sip_url)
    except ValueError:
        return {}
    given = dict(way.parameters)
    named = {name: given[name] for name in ("edge", "region") if name in given}
    return {**named, "port": way.port, "host_only": not way.number}
