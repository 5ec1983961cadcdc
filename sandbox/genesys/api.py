"""The calls of Genesys Cloud's telephony: JSON bodies and queries, read strictly."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any

from sandbox.exchange import Answer, Call, JsonObject, is_object, json_answer
from sandbox.genesys.account import wrong
from sandbox.genesys.asked import COMMON, PAGE, PREFIX, REF, asked, body, called, page
from sandbox.genesys.organisation import METABASE, PASSWORD, TEMPLATE, Organisation
from sandbox.shapes import Model, array, choice, flag, invalid, record, text, whole

Endpoint = Callable[..., Answer]
EDGES = f"{PREFIX}/api/v2/telephony/providers/edges"


def _any_object(value: Any, pointer: str) -> JsonObject:
    if not is_object(value):
        raise invalid(pointer, "expected an object")
    return value


def _properties(value: Any, pointer: str) -> JsonObject:
    """Each one ``{"value": {"instance": …}}``."""
    for name, each in _any_object(value, pointer).items():
        if not is_object(each) or not is_object(each.get("value")) or "instance" not in each["value"]:
            raise invalid(f"{pointer}/{name}", "expected value.instance")
    return value


_TRUNK: Model = {
    **COMMON, "trunkMetabase": REF, "properties": _properties, "trunkType": choice("EXTERNAL"), "inboundSite": REF,
}  # fmt: skip
_ROUTE: Model = {
    **COMMON, "classificationTypes": array(text(1), unique=True), "enabled": flag,
    "distribution": choice("SEQUENTIAL", "RANDOM"), "externalTrunkBases": array(REF), "site": REF,
}  # fmt: skip
_RANGE = record({"start": text(1, 30, r"\+?\d+"), "end": text(1, 30, r"\+?\d+")}, ("start", "end"))
_KINDS = ("digitLength", "e164NumberList", "interCountryCode", "intraCountryCode", "numberList", "regex")
_PLAN: Model = {
    **COMMON, "match": text(1), "normalizedFormat": text(), "priority": whole(1), "numbers": array(_RANGE, low=1),
    "digitLength": record({"start": text(1, 2, r"\d+"), "end": text(1, 2, r"\d+")}, ("start", "end")),
    "classification": text(1, 100), "matchType": choice(*_KINDS),
}  # fmt: skip


def me(call: Call, own: Organisation) -> Answer:
    asked(call, ())
    sites = own.sites.all()
    shown = {"id": own.account.org, "name": f"Sandbox {own.account.name}", "state": "active"}
    return json_answer(200, {**shown, **({"defaultSiteId": sites[0]["id"]} if sites else {})})


def list_sites(call: Call, own: Organisation) -> Answer:
    query = asked(call, (*PAGE, "name", "managed"))
    return page(call, query, called(own.sites.all(), query))


def site(call: Call, own: Organisation, id: str) -> Answer:
    asked(call, ())
    return json_answer(200, own.get(own.sites, id, "site"))


def plans(call: Call, own: Organisation, site: str) -> Answer:
    """A bare array, in the order in which they are tried."""
    asked(call, ())
    return json_answer(200, own.plans_of(site))


def write_plans(call: Call, own: Organisation, site: str) -> Answer:
    written = body(call, array(record(_PLAN, ("name", "classification", "matchType"))))
    for plan in written:
        needs = {"digitLength": "digitLength", "regex": "match"}.get(plan["matchType"], "")
        needs = "numbers" if plan["matchType"].endswith("umberList") else needs
        if needs and needs not in plan:
            raise wrong(f"{needs} is required for {plan['matchType']}.", "REQUIRED_FIELD_MISSING")
    return json_answer(200, own.write_plans(site, written))


def template(call: Call, own: Organisation) -> Answer:
    """The whole default body of a trunk of one kind."""
    if asked(call, ("trunkMetabaseId",)).get("trunkMetabaseId") != METABASE:
        raise wrong("There is no such trunk metabase.")
    properties = {name: {"value": {"default": value, "instance": value}} for name, value in TEMPLATE.items()}
    shown = {"name": "Template", "trunkMetabase": {"id": METABASE}, "properties": properties, "trunkType": "EXTERNAL"}
    return json_answer(200, deepcopy(shown))


def list_trunks(call: Call, own: Organisation) -> Answer:
    """Without their properties, unless those are asked for."""
    query = asked(call, (*PAGE, "name", "managed", "ignoreHidden", "recordingEnabled", "expand"))
    found = [shown(own, trunk) for trunk in called(own.trunks.all(), query)]
    if query.get("expand") != "properties":
        found = [{name: value for name, value in each.items() if name != "properties"} for each in found]
    return page(call, query, found)


def create_trunk(call: Call, own: Organisation) -> Answer:
    settings = body(call, record(_TRUNK, ("name", "trunkMetabase", "properties")))
    return json_answer(200, shown(own, own.add_trunk(_without(settings, "id", "version"))))


def trunk(call: Call, own: Organisation, id: str) -> Answer:
    asked(call, ("ignoreHidden",))
    return json_answer(200, shown(own, own.get(own.trunks, id, "trunk base")))


def change_trunk(call: Call, own: Organisation, id: str) -> Answer:
    settings = body(call, record(_TRUNK, ("name", "trunkMetabase", "properties", "version")))
    return json_answer(200, shown(own, own.change_trunk(id, settings)))


def delete_trunk(call: Call, own: Organisation, id: str) -> Answer:
    asked(call, ())
    own.remove_trunk(id)
    return Answer(204)


def shown(own: Organisation, trunk: JsonObject) -> JsonObject:
    """A trunk without its password, and with the name of its site."""
    properties = {name: value for name, value in trunk["properties"].items() if name != PASSWORD}
    site = own.sites.get(trunk["inboundSite"]["id"])
    inbound = {**trunk["inboundSite"], **({"name": site["name"]} if site else {})}
    return {**trunk, "properties": properties, "inboundSite": inbound}


def all_routes(call: Call, own: Organisation) -> Answer:
    query = asked(call, ("pageNumber", "pageSize", "sortBy", "name", "site.id", "externalTrunkBases.ids"))
    site = query.get("site.id")
    found = [each for each in own.routes.all() if site in (None, each["site"]["id"])]
    return page(call, query, _using(called(found, query), query))


def list_routes(call: Call, own: Organisation, site: str) -> Answer:
    query = asked(call, ("pageNumber", "pageSize", "sortBy", "name", "externalTrunkBases.ids"))
    return page(call, query, [_based(each) for each in _using(called(own.routes_of(site), query), query)])


def create_route(call: Call, own: Organisation, site: str) -> Answer:
    settings = body(call, record(_ROUTE, ("name", "classificationTypes", "externalTrunkBases")))
    return json_answer(200, _based(own.add_route(site, _without(settings, "id", "version"))))


def route(call: Call, own: Organisation, site: str, id: str) -> Answer:
    asked(call, ())
    return json_answer(200, _based(own.route(site, id)))


def change_route(call: Call, own: Organisation, site: str, id: str) -> Answer:
    settings = body(call, record(_ROUTE, ("name", "classificationTypes", "externalTrunkBases", "version")))
    return json_answer(200, _based(own.change_route(site, id, settings)))


def delete_route(call: Call, own: Organisation, site: str, id: str) -> Answer:
    asked(call, ())
    own.remove_route(site, id)
    return Answer(204)


def list_dids(call: Call, own: Organisation) -> Answer:
    query = asked(call, ("type", "id", "numberMatch", "pageSize", "pageNumber", "sortOrder"))
    kinds = {"ASSIGNED": (True,), "UNASSIGNED": (False,), "ASSIGNED_AND_UNASSIGNED": (True, False)}
    if query.get("type") not in kinds:
        raise wrong("type is required.", "REQUIRED_FIELD_MISSING")
    wanted = [did for did in own.dids.all() if did["assigned"] in kinds[query["type"]]]
    return page(call, query, [did for did in wanted if query.get("numberMatch", "") in did["number"]])


ROUTES: list[tuple[str, str, Endpoint]] = [
    ("GET", f"{PREFIX}/api/v2/organizations/me", me),
    ("GET", f"{EDGES}/sites", list_sites),
    ("GET", f"{EDGES}/sites/{{id}}", site),
    ("GET", f"{EDGES}/sites/{{id}}/numberplans", plans),
    ("PUT", f"{EDGES}/sites/{{id}}/numberplans", write_plans),
    ("GET", f"{EDGES}/sites/{{id}}/outboundroutes", list_routes),
    ("POST", f"{EDGES}/sites/{{id}}/outboundroutes", create_route),
    ("GET", f"{EDGES}/sites/{{id}}/outboundroutes/{{route}}", route),
    ("PUT", f"{EDGES}/sites/{{id}}/outboundroutes/{{route}}", change_route),
    ("DELETE", f"{EDGES}/sites/{{id}}/outboundroutes/{{route}}", delete_route),
    ("GET", f"{EDGES}/outboundroutes", all_routes),
    ("GET", f"{EDGES}/trunkbasesettings/template", template),
    ("GET", f"{EDGES}/trunkbasesettings", list_trunks),
    ("POST", f"{EDGES}/trunkbasesettings", create_trunk),
    ("GET", f"{EDGES}/trunkbasesettings/{{id}}", trunk),
    ("PUT", f"{EDGES}/trunkbasesettings/{{id}}", change_trunk),
    ("DELETE", f"{EDGES}/trunkbasesettings/{{id}}", delete_trunk),
    ("GET", f"{EDGES}/didpools/dids", list_dids),
]


def _based(route: JsonObject) -> JsonObject:
    """Below its site a route does not name it."""
    return _without(route, "site", "managed")


def _without(found: JsonObject, *names: str) -> JsonObject:
    return {name: value for name, value in found.items() if name not in names}


def _using(found: list[JsonObject], query: Mapping[str, str]) -> list[JsonObject]:
    id = query.get("externalTrunkBases.ids")
    return [each for each in found if id is None or id in {base["id"] for base in each["externalTrunkBases"]}]
