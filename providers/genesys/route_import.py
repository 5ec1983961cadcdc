"""From number plans, outbound routes, trunks and flows that exist to the words of the stack file. Reads only.

Each of them must be one number's alone: what more than the number uses belongs to somebody who is not asked here.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

from providers.genesys import attachment, flow, flow_text, trunk
from providers.genesys.api import FLOWS, IVRS, TRUNKS, Api, within
from providers.genesys.api import Found as Seen
from providers.genesys.flow_text import Options
from providers.genesys.outbound_route import trunks
from providers.genesys.trunk import METABASE
from providers.kernel import errors
from providers.kernel.route_import import Found, Unmapped, WeightedUri
from providers.kernel.wording import counted

#: What a call route has beside its open hours when somebody made more of it.
_HOURS = ("closedHoursFlow", "holidayHoursFlow", "scheduleGroup")


def numbers(api: Api) -> Iterable[str]:
    """Every number that a site's number plans list, alone or among others."""
    return {number for _, plans in api.site_plans for plan in plans for number in attachment.numbers(plan)}


def found(api: Api, number: str) -> Found:
    """The number's entry among the number plans of a site, its outbound route, its trunk, and the flow of a DID."""
    site, plan = _plan(api, number)
    route = _route(api, site, plan, number)
    base = _trunk(api, route, number)
    if inside := attachment.inside(api, number):
        raise Unmapped(inside.reason, step=inside.step)
    seen = trunk.live(api, base).inputs
    classification = str(plan["classification"])
    keys, ids, remarks = _callers(api, number)
    said = {
        "site": site["name"],
        "codecs": seen["codecs"],
        "classification": None if classification == attachment.classified(number) else classification,
        **keys,
    }
    uri = f"sip:{number}@{seen['host']}:{seen['port']};transport={seen['transport']}"
    made = {"attachment": number, "outbound-route": str(route["id"]), "trunk": str(base["id"])}
    return Found(said, {**made, **ids}, (WeightedUri(uri),), remarks)


def _plan(api: Api, number: str) -> tuple[Seen, Seen]:
    """The site at which the number is dialled, and its entry there."""
    holding = [(site, plan) for site, plans in api.site_plans for plan in plans if attachment.lists(plan, number)]
    own = [(site, plan) for site, plan in holding if attachment.alone(plan)]
    if not own:
        raise _shared("number plan", *_first(holding, number), "other numbers", number)
    if len(own) > 1:
        told = ", ".join(f"{plan.get('name')} of site {site.get('name')}" for site, plan in own)
        raise Unmapped(f"it has {len(own)} number plans: {told}", step="leave one of them, then import")
    [(site, plan)] = own
    if plan.get("matchType") not in attachment.LISTS:
        raise Unmapped(f"number plan {plan.get('name')} is a pattern", step="make it a list of this one number")
    plans = next(plans for each, plans in api.site_plans if each is site)
    if (first := attachment.taker(plans, number)) is not plan:
        name = first.get("name") if first else ""
        raise Unmapped(f"number plan {name}, which comes before {plan.get('name')}, may take its calls")
    for other in plans:
        if other is not plan and other.get("classification") == plan.get("classification"):
            raise _shared("classification", site, plan, f"calls of number plan {other.get('name')}", number)
    return site, plan


def _first(holding: list[tuple[Seen, Seen]], number: str) -> tuple[Seen, Seen]:
    if not holding:
        raise Unmapped("no site has it in a number plan of its own")
    return holding[0]


def _route(api: Api, site: Seen, plan: Seen, number: str) -> Seen:
    """The outbound route that takes calls of the entry's classification, and of no other."""
    classification, where = plan.get("classification"), site["id"]
    routes = [
        each for each in api.all_routes
        if _of(each, "site") == where and classification in cast(list[str], each.get("classificationTypes") or [])
    ]  # fmt: skip
    if len(routes) != 1:
        takes = f"{len(routes)} outbound routes take" if routes else "no outbound route takes"
        raise Unmapped(f"{takes} calls of its classification {classification} at site {site.get('name')}")
    [route] = routes
    if others := [str(each) for each in route["classificationTypes"] if each != classification]:
        raise _shared("outbound route", site, route, f"calls of classification {', '.join(others)}", number)
    _changeable("outbound route", route)
    return route


def _trunk(api: Api, route: Seen, number: str) -> Seen:
    """The one trunk by which they leave, and none else's."""
    ids = trunks(route)
    if len(ids) != 1:
        raise Unmapped(f"outbound route {route.get('name')} has {counted(len(ids), 'trunk')}: a route here has one")
    found = api.there(within(TRUNKS, ids[0]))
    for other in api.all_routes:
        if other["id"] != route["id"] and ids[0] in trunks(other):
            raise _shared("trunk", None, found, f"calls of outbound route {other.get('name')}", number)
    _changeable("trunk", found)
    if _of(found, "trunkMetabase") != METABASE:
        raise Unmapped(f"trunk {found.get('name')} is none of BYOC Cloud towards a carrier")
    return found


def _callers(api: Api, number: str) -> tuple[Seen, dict[str, str], tuple[str, ...]]:
    """The DID whose callers a flow brings to the number, where flow and call route are as they are published from here."""
    try:
        flows = [
            each for each in api.listed(FLOWS, name=flow_text.name(number), type="inboundcall")
            if each.get("name") == flow_text.name(number)
        ]  # fmt: skip
        ids = {str(each["id"]) for each in flows}
        routes = [each for each in api.listed(IVRS) if _of(each, "openHoursFlow") in ids] if ids else []
    except errors.Denied:
        return {}, {}, ("whether a flow brings callers of a DID to it is not known: this client may not look",)
    if not flows:
        return {}, {}, ()
    if len(flows) == len(routes) == 1 and _published(number, flows[0], routes[0]):
        did = str(routes[0]["dnis"][0])
        return {"did": did, "publish": True}, {"flow": ids.pop(), "call-route": str(routes[0]["id"])}, ()
    told = ", ".join([f"flow {flow_text.name(number)}", *(f"call route {each.get('name')}" for each in routes)])
    return {}, {}, (f"{told}: not as they are published from here, so they stay, and `did` is left out",)


def _published(number: str, seen: Seen, route: Seen) -> bool:
    """Whether they are those of a route with `publish: true`, in the greeting and language that need no keys."""
    mark, _ = flow_text.described(str(seen.get("description") or ""))
    usual = {"phone_number": number, **Options().model_dump()}
    as_made = flow.live(seen, number, mark).inputs["content"] == flow_text.content(usual)
    own = route.get("name") == mark and not any(route.get(name) for name in _HOURS)
    return as_made and own and len(cast(list[Any], route.get("dnis") or [])) == 1


def _changeable(kind: str, found: Seen) -> None:
    if found.get("managed") is True:
        raise Unmapped(f"{kind} {found.get('name')} is managed by Genesys: no API changes it")


def _shared(kind: str, site: Seen | None, found: Seen, others: str, number: str) -> Unmapped:
    name = found.get("classification") if kind == "classification" else found.get("name")
    where = f" of site {site.get('name')}" if site else ""
    return Unmapped(
        f"{kind} {name}{where} has {others} too: a shared one is not imported",
        step=f"give {number} one of its own, or declare it with `take_over: true`",
    )


def _of(found: Seen, name: str) -> str:
    return str(cast(Seen, found.get(name) or {}).get("id") or "")
