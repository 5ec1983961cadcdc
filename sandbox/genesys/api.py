"""The calls of Genesys Cloud's telephony: JSON bodies and queries, read strictly."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from typing import Any
from urllib.parse import urlencode

from sandbox import shapes
from sandbox.exchange import Answer, Call, JsonObject, is_object, json_answer
from sandbox.genesys.account import Refusal, wrong
from sandbox.genesys.organisation import METABASE, PASSWORD, TEMPLATE, Organisation
from sandbox.shapes import Model, Shape, array, choice, flag, invalid, record, text, whole

Endpoint = Callable[..., Answer]
#: Every path of Genesys is below it here: its token is asked for at a path that another vendor has too.
PREFIX = "/genesys"
EDGES = f"{PREFIX}/api/v2/telephony/providers/edges"
_PAGE = ("pageNumber", "pageSize", "sortBy", "sortOrder")
_REF = record({"id": text(1), "name": text(), "selfUri": text()}, ("id",))


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


#: What every object has; a client may send back what it read.
_COMMON: Model = {
    "id": text(1), "name": text(1, 100), "description": text(), "version": whole(1), "state": text(), "selfUri": text(),
    "managed": flag,
}  # fmt: skip
_TRUNK: Model = {
    **_COMMON, "trunkMetabase": _REF, "properties": _properties, "trunkType": choice("EXTERNAL"), "inboundSite": _REF,
}  # fmt: skip
_ROUTE: Model = {
    **_COMMON, "classificationTypes": array(text(1), unique=True), "enabled": flag,
    "distribution": choice("SEQUENTIAL", "RANDOM"), "externalTrunkBases": array(_REF), "site": _REF,
}  # fmt: skip
_RANGE = record({"start": text(1, 30, r"\+?\d+"), "end": text(1, 30, r"\+?\d+")}, ("start", "end"))
_KINDS = ("digitLength", "e164NumberList", "interCountryCode", "intraCountryCode", "numberList", "regex")
_PLAN: Model = {
    **_COMMON, "match": text(1), "normalizedFormat": text(), "priority": whole(1), "numbers": array(_RANGE, low=1),
    "digitLength": record({"start": text(1, 2, r"\d+"), "end": text(1, 2, r"\d+")}, ("start", "end")),
    "classification": text(1, 100), "matchType": choice(*_KINDS),
}  # fmt: skip


def me(call: Call, own: Organisation) -> Answer:
    _query(call, ())
    sites = own.sites.all()
    shown = {"id": own.account.org, "name": f"Sandbox {own.account.name}", "state": "active"}
    return json_answer(200, {**shown, **({"defaultSiteId": sites[0]["id"]} if sites else {})})


def list_sites(call: Call, own: Organisation) -> Answer:
    query = _query(call, (*_PAGE, "name", "managed"))
    return _page(call, query, _called(own.sites.all(), query))


def site(call: Call, own: Organisation, id: str) -> Answer:
    _query(call, ())
    return json_answer(200, own.get(own.sites, id, "site"))


def plans(call: Call, own: Organisation, site: str) -> Answer:
    """A bare array, in the order in which they are tried."""
    _query(call, ())
    return json_answer(200, own.plans_of(site))


def write_plans(call: Call, own: Organisation, site: str) -> Answer:
    written = _body(call, array(record(_PLAN, ("name", "classification", "matchType"))))
    for plan in written:
        needs = {"digitLength": "digitLength", "regex": "match"}.get(plan["matchType"], "")
        needs = "numbers" if plan["matchType"].endswith("umberList") else needs
        if needs and needs not in plan:
            raise wrong(f"{needs} is required for {plan['matchType']}.", "REQUIRED_FIELD_MISSING")
    return json_answer(200, own.write_plans(site, written))


def template(call: Call, own: Organisation) -> Answer:
    """The whole default body of a trunk of one kind."""
    if _query(call, ("trunkMetabaseId",)).get("trunkMetabaseId") != METABASE:
        raise wrong("There is no such trunk metabase.")
    properties = {name: {"value": {"default": value, "instance": value}} for name, value in TEMPLATE.items()}
    body = {"name": "Template", "trunkMetabase": {"id": METABASE}, "properties": properties, "trunkType": "EXTERNAL"}
    return json_answer(200, deepcopy(body))


def list_trunks(call: Call, own: Organisation) -> Answer:
    """Without their properties, unless those are asked for."""
    query = _query(call, (*_PAGE, "name", "managed", "ignoreHidden", "recordingEnabled", "expand"))
    found = [shown(own, trunk) for trunk in _called(own.trunks.all(), query)]
    if query.get("expand") != "properties":
        found = [{name: value for name, value in each.items() if name != "properties"} for each in found]
    return _page(call, query, found)


def create_trunk(call: Call, own: Organisation) -> Answer:
    settings = _body(call, record(_TRUNK, ("name", "trunkMetabase", "properties")))
    return json_answer(200, shown(own, own.add_trunk(_without(settings, "id", "version"))))


def trunk(call: Call, own: Organisation, id: str) -> Answer:
    _query(call, ("ignoreHidden",))
    return json_answer(200, shown(own, own.get(own.trunks, id, "trunk base")))


def change_trunk(call: Call, own: Organisation, id: str) -> Answer:
    settings = _body(call, record(_TRUNK, ("name", "trunkMetabase", "properties", "version")))
    return json_answer(200, shown(own, own.change_trunk(id, settings)))


def delete_trunk(call: Call, own: Organisation, id: str) -> Answer:
    _query(call, ())
    own.remove_trunk(id)
    return Answer(204)


def shown(own: Organisation, trunk: JsonObject) -> JsonObject:
    """A trunk without its password, and with the name of its site."""
    properties = {name: value for name, value in trunk["properties"].items() if name != PASSWORD}
    site = own.sites.get(trunk["inboundSite"]["id"])
    inbound = {**trunk["inboundSite"], **({"name": site["name"]} if site else {})}
    return {**trunk, "properties": properties, "inboundSite": inbound}


def all_routes(call: Call, own: Organisation) -> Answer:
    query = _query(call, ("pageNumber", "pageSize", "sortBy", "name", "site.id", "externalTrunkBases.ids"))
    site = query.get("site.id")
    found = [each for each in own.routes.all() if site in (None, each["site"]["id"])]
    return _page(call, query, _using(_called(found, query), query))


def list_routes(call: Call, own: Organisation, site: str) -> Answer:
    query = _query(call, ("pageNumber", "pageSize", "sortBy", "name", "externalTrunkBases.ids"))
    return _page(call, query, [_based(each) for each in _using(_called(own.routes_of(site), query), query)])


def create_route(call: Call, own: Organisation, site: str) -> Answer:
    settings = _body(call, record(_ROUTE, ("name", "classificationTypes", "externalTrunkBases")))
    return json_answer(200, _based(own.add_route(site, _without(settings, "id", "version"))))


def route(call: Call, own: Organisation, site: str, id: str) -> Answer:
    _query(call, ())
    return json_answer(200, _based(own.route(site, id)))


def change_route(call: Call, own: Organisation, site: str, id: str) -> Answer:
    settings = _body(call, record(_ROUTE, ("name", "classificationTypes", "externalTrunkBases", "version")))
    return json_answer(200, _based(own.change_route(site, id, settings)))


def delete_route(call: Call, own: Organisation, site: str, id: str) -> Answer:
    _query(call, ())
    own.remove_route(site, id)
    return Answer(204)


def list_dids(call: Call, own: Organisation) -> Answer:
    query = _query(call, ("type", "id", "numberMatch", "pageSize", "pageNumber", "sortOrder"))
    kinds = {"ASSIGNED": (True,), "UNASSIGNED": (False,), "ASSIGNED_AND_UNASSIGNED": (True, False)}
    if query.get("type") not in kinds:
        raise wrong("type is required.", "REQUIRED_FIELD_MISSING")
    wanted = [did for did in own.dids.all() if did["assigned"] in kinds[query["type"]]]
    return _page(call, query, [did for did in wanted if query.get("numberMatch", "") in did["number"]])


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


def _called(found: list[JsonObject], query: Mapping[str, str]) -> list[JsonObject]:
    """The filter matches parts of names, whatever their case: unverified."""
    return [each for each in found if query.get("name", "").lower() in each["name"].lower()]


def _using(found: list[JsonObject], query: Mapping[str, str]) -> list[JsonObject]:
    asked = query.get("externalTrunkBases.ids")
    return [each for each in found if asked is None or asked in {base["id"] for base in each["externalTrunkBases"]}]


def _page(call: Call, query: Mapping[str, str], found: list[JsonObject]) -> Answer:
    size, number = _whole(query, "pageSize", 25, 1, 100), _whole(query, "pageNumber", 1, 1, 10**6)
    pages = -(-len(found) // size)
    body: JsonObject = {
        "entities": found[(number - 1) * size : number * size],
        "pageSize": size,
        "pageNumber": number,
        "total": len(found),
        "pageCount": pages,
    }
    if number < pages:
        following = urlencode({**query, "pageSize": size, "pageNumber": number + 1})
        body["nextUri"] = f"{call.path.removeprefix(PREFIX)}?{following}"
    return json_answer(200, body)


def _whole(query: Mapping[str, str], name: str, default: int, low: int, high: int) -> int:
    value = query.get(name, str(default))
    if not (value.isascii() and value.isdigit() and low <= int(value) <= high):
        raise wrong(f"{name}: expected {low} to {high}")
    return int(value)


def _query(call: Call, known: Iterable[str]) -> dict[str, str]:
    """Unverified: whether the live API minds a parameter that it does not know. Refused here: it guards a client."""
    found: dict[str, str] = {}
    for name, value in call.query:
        if name not in known or name in found:
            raise wrong(f"unknown query parameter {name}, or given twice")
        found[name] = value
    return found


def _body(call: Call, shape: Shape) -> Any:
    """Unverified likewise for an unknown field."""
    _query(call, ())
    if call.media != "application/json":
        raise Refusal(415, "unsupported.media.type", "the content type must be application/json")
    try:
        return shape(shapes.parse(call.body), "")
    except shapes.Wrong as error:
        code = "REQUIRED_FIELD_MISSING" if error.kind == shapes.MISSING else "bad.request"
        raise wrong(f"{error.pointer}: {error.says}", code) from error
