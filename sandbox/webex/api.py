"""The calls of premises-based PSTN: JSON bodies and queries, read strictly."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import urlencode

from sandbox import shapes
from sandbox.exchange import Answer, Call, JsonObject, json_answer
from sandbox.shapes import Model, array, choice, flag, record, text, whole
from sandbox.webex.account import Refusal, wrong
from sandbox.webex.routing import CERTIFICATE_BASED, REGISTERING, Routing

Endpoint = Callable[..., Answer]
PREMISE = "/v1/telephony/config/premisePstn"
_NAME, _ID = text(1, 80), text(1)
_TRUNK_CHANGE: Model = {
    "name": _NAME,
    "password": text(1),
    "dualIdentitySupportEnabled": flag,
    "maxConcurrentCalls": whole(1),
    "pChargeInfoSupportPolicy": choice("DISABLED", "ASSERTED_IDENTITY", "CONFIGURABLE_CHARGE_NUMBER"),
}
_TRUNK: Model = {
    **_TRUNK_CHANGE,
    "locationId": _ID,
    "trunkType": choice(REGISTERING, CERTIFICATE_BASED),
    "deviceType": text(1),
    "address": text(1),
    "domain": text(1),
    "port": whole(1, 65535),
}
_HOST: Model = {"address": text(1), "domain": text(1), "port": whole(1, 65535)}
_VALIDATION: Model = {
    "fqdnAddress": text(1),
    "fqdnDomain": text(1),
    "fqdnPort": whole(1, 65535),
    "trunkType": choice(REGISTERING, CERTIFICATE_BASED),
    "isRestrictedToDedicatedInstance": flag,
    "peerIdentity": text(1),
}
_GROUP: Model = {
    "name": _NAME,
    "localGateways": array(
        record({"id": _ID, "priority": whole(1, 10), "name": _NAME, "locationId": _ID}, ("id", "priority"))
    ),
}
_PLAN_CHANGE: Model = {"name": _NAME, "routeId": _ID, "routeType": choice("TRUNK", "ROUTE_GROUP")}
_PLAN: Model = {**_PLAN_CHANGE, "dialPatterns": array(text(1))}
_PATTERNS: Model = {
    "dialPatterns": array(
        record({"dialPattern": text(1), "action": choice("ADD", "DELETE")}, ("dialPattern", "action")), low=1
    ),
    "deleteAllDialPatterns": flag,
}
_TEST: Model = {
    "originatorId": _ID,
    "originatorType": choice("PEOPLE", "USER", "TRUNK"),
    "originatorNumber": text(1),
    "destination": text(1),
    "includeAppliedServices": flag,
}


def people_me(call: Call, own: Routing) -> Answer:
    _query(call, ())
    return json_answer(200, {"id": "sandbox-service-app", "displayName": "Service app", "orgId": own.account.org})


def organizations(call: Call, own: Routing) -> Answer:
    _query(call, ("max",))
    return json_answer(200, {"items": [{"id": own.account.org, "displayName": own.customer["name"]}]})


def locations(call: Call, own: Routing) -> Answer:
    query = _query(call, ("name", "id", "orgId", "max", "start"))
    found = [{**each, "orgId": own.account.org} for each in own.locations.all()]
    return json_answer(200, {"items": [each for each in found if query.get("name", "") in each["name"]]})


def list_trunks(call: Call, own: Routing) -> Answer:
    query = _query(call, ("orgId", "name", "locationName", "trunkType", "order", "max", "start"))
    shown = [
        {
            "id": each["id"],
            "name": each["name"],
            "location": each["location"],
            "inUse": any(own.usage(each["id"]).values()),
            "trunkType": each["trunkType"],
            "isRestrictedToDedicatedInstance": False,
        }
        for each in own.trunks.all()
        if query.get("name", "") in each["name"] and query.get("trunkType", each["trunkType"]) == each["trunkType"]
    ]
    return _page(call, "trunks", shown, query)


def create_trunk(call: Call, own: Routing) -> Answer:
    settings = _body(call, _TRUNK, ("name", "locationId", "password", "trunkType"))
    if settings["trunkType"] == REGISTERING and {"address", "domain", "port"} & settings.keys():
        raise wrong("address, domain and port are for CERTIFICATE_BASED")
    lacking = {"address", "domain", "maxConcurrentCalls"} - settings.keys()
    if settings["trunkType"] == CERTIFICATE_BASED and lacking:
        raise wrong(f"{', '.join(sorted(lacking))}: required to create a static certificate-based trunk")
    return json_answer(201, {"id": own.add_trunk(settings)})


def trunk(call: Call, own: Routing, id: str) -> Answer:
    """The union of what the specification and the SDK's model demand: they disagree. Never the password."""
    _query(call, ("orgId",))
    found = own.trunk(id)
    name = found["name"].replace(" ", "").lower()
    settled: JsonObject = {
        "customer": own.customer,
        "organization": own.customer,
        "otgDtgId": f"{name}1234_lgu",
        "linePort": f"{name}5678_LGU@40462196.cisco-bcld.com",
        "locationsUsingTrunk": [],
        "pilotUserId": f"{name}5678_LGU",
        "outboundProxy": {
            "sipAccessServiceType": "TRUNK",
            "dnsType": "SRV",
            "outboundProxy": "la01.sipconnect-us10.cisco-bcld.com",
            "srvPrefix": "_sips._tcp",
            "cnameRecords": "",
            "attachmentUpdated": False,
        },
        "sipAuthenticationUserName": f"{name}1234_lgu",
        "status": own.status(),
        "errorCodes": [],
        "responseStatus": [],
        "dualIdentitySupportEnabled": True,
        "port": 0,
        "isRestrictedToDedicatedInstance": False,
    }
    return json_answer(200, settled | found)


def change_trunk(call: Call, own: Routing, id: str) -> Answer:
    own.change_trunk(id, _body(call, _TRUNK_CHANGE, ("name", "password")))
    return Answer(204)


def delete_trunk(call: Call, own: Routing, id: str) -> Answer:
    _query(call, ("orgId",))
    own.remove_trunk(id)
    return Answer(204)


def trunk_usage(call: Call, own: Routing, id: str) -> Answer:
    _query(call, ("orgId",))
    own.trunk(id)
    return json_answer(200, own.usage(id))


def validate_trunk(call: Call, own: Routing) -> Answer:
    """As the specification of September 2026 has it: nothing is made."""
    asked = _body(call, _VALIDATION, ())
    if asked.get("trunkType", CERTIFICATE_BASED) == CERTIFICATE_BASED:
        return _validated(own, {name.removeprefix("fqdn").lower(): value for name, value in asked.items()})
    if {"fqdnAddress", "fqdnDomain", "fqdnPort"} & asked.keys():
        raise wrong("fqdnAddress, fqdnDomain and fqdnPort are for CERTIFICATE_BASED")
    return Answer(204)


def validate_fqdn(call: Call, own: Routing) -> Answer:
    """The older call."""
    return _validated(own, _body(call, _HOST, ()))


def _validated(own: Routing, asked: JsonObject) -> Answer:
    if not {"address", "domain"} <= asked.keys():
        raise wrong("address and domain are required")
    own.validate(asked)
    return Answer(204)


def list_groups(call: Call, own: Routing) -> Answer:
    query = _query(call, ("orgId", "name", "order", "max", "start"))
    used = {plan["routeId"] for plan in own.plans.all()}
    shown = [
        {"id": each["id"], "name": each["name"], "inUse": each["id"] in used}
        for each in own.groups.all()
        if query.get("name", "") in each["name"]
    ]
    return _page(call, "routeGroups", shown, query)


def create_group(call: Call, own: Routing) -> Answer:
    return json_answer(201, {"id": own.put_group(_body(call, _GROUP, tuple(_GROUP)))})


def group(call: Call, own: Routing, id: str) -> Answer:
    """Without its id, as the specification says."""
    _query(call, ("orgId",))
    found = own.group(id)
    gateways = [
        {**each, "name": own.trunk(each["id"])["name"], "locationId": own.trunk(each["id"])["location"]["id"]}
        for each in found["localGateways"]
    ]
    return json_answer(200, {"name": found["name"], "organization": own.customer, "localGateways": gateways})


def change_group(call: Call, own: Routing, id: str) -> Answer:
    own.put_group(_body(call, _GROUP, tuple(_GROUP)), id)
    return Answer(204)


def group_usage(call: Call, own: Routing, id: str) -> Answer:
    _query(call, ("orgId",))
    return json_answer(200, own.group_usage(id))


def delete_group(call: Call, own: Routing, id: str) -> Answer:
    _query(call, ("orgId",))
    own.remove_group(id)
    return Answer(204)


def list_plans(call: Call, own: Routing) -> Answer:
    """Unverified whether a filter compares the whole name; here it matches a part of it."""
    query = _query(call, ("orgId", "dialPlanName", "routeGroupName", "trunkName", "order", "max", "start"))
    shown = [_plan(own, each) for each in own.plans.all() if query.get("dialPlanName", "") in each["name"]]
    for name, kind in (("trunkName", "TRUNK"), ("routeGroupName", "ROUTE_GROUP")):
        if name in query:
            shown = [each for each in shown if each["routeType"] == kind and query[name] in each["routeName"]]
    return _page(call, "dialPlans", shown, query)


def create_plan(call: Call, own: Routing) -> Answer:
    """The plan is made although a pattern is refused: then it has the others."""
    settings = _body(call, _PLAN, tuple(_PLAN_CHANGE))
    patterns = settings.get("dialPatterns", [])
    problems = own.judged(patterns)
    id = own.put_plan(settings)
    refused = {each["dialPattern"] for each in problems}
    own.add_patterns(id, [each for each in patterns if each not in refused])
    return json_answer(201, {"id": id} | ({"dialPatternErrors": problems} if problems else {}))


def plan(call: Call, own: Routing, id: str) -> Answer:
    """Without its patterns."""
    _query(call, ("orgId",))
    return json_answer(200, {**_plan(own, own.plan(id)), "customer": own.customer})


def change_plan(call: Call, own: Routing, id: str) -> Answer:
    own.put_plan(_body(call, _PLAN_CHANGE, tuple(_PLAN_CHANGE)), id)
    return Answer(204)


def delete_plan(call: Call, own: Routing, id: str) -> Answer:
    _query(call, ("orgId",))
    own.remove_plan(id)
    return Answer(204)


def list_patterns(call: Call, own: Routing, id: str) -> Answer:
    query = _query(call, ("orgId", "dialPattern", "order", "max", "start"))
    own.plan(id)
    found = [each for each in own.patterns_of(id) if query.get("dialPattern", "") in each]
    return _page(call, "dialPatterns", found, query)


def change_patterns(call: Call, own: Routing, id: str) -> Answer:
    settings = _body(call, _PATTERNS, ())
    own.plan(id)
    if len(settings) != 1 or settings.get("deleteAllDialPatterns") is False:
        raise wrong("dialPatterns or deleteAllDialPatterns: true is required, one of the two")
    changes = settings.get("dialPatterns") or [
        {"dialPattern": each, "action": "DELETE"} for each in own.patterns_of(id)
    ]
    own.change_patterns(id, changes)
    return Answer(204)


def validate_patterns(call: Call, own: Routing) -> Answer:
    patterns = _body(call, {"dialPatterns": array(text(1))}, ("dialPatterns",))["dialPatterns"]
    problems = own.judged(patterns)
    return json_answer(200, {"status": "ERRORS" if problems else "OK", "dialPatternStatus": problems})


def test_routing(call: Call, own: Routing) -> Answer:
    asked = _body(call, _TEST, ("originatorId", "originatorType", "destination"))
    found = own.taken_by(asked["destination"])
    if found is None:
        return json_answer(200, {"destinationType": "UNKNOWN_NUMBER", "isRejected": True})
    way = own.way(found)
    names = {"trunkName" if found["routeType"] == "TRUNK" else "routeGroupName": way["name"]}
    user = {"dialPlanName": found["name"], "dialPattern": found["pattern"], **names}
    return json_answer(
        200,
        {"destinationType": "PBX_USER", "routingAddress": asked["destination"], "isRejected": False, "pbxUser": user},
    )


def generate_password(call: Call, own: Routing, id: str) -> Answer:
    _body(call, {"generate": array(choice("SIP"), low=1)}, ("generate",))
    own.location(id)
    return json_answer(200, {"exampleSipPassword": "Sandbox-Pass-0001"})


ROUTES: list[tuple[str, str, Endpoint]] = [
    ("GET", "/v1/people/me", people_me),
    ("GET", "/v1/organizations", organizations),
    ("GET", "/v1/locations", locations),
    ("POST", "/v1/telephony/config/locations/{id}/actions/generatePassword/invoke", generate_password),
    ("POST", "/v1/telephony/config/actions/testCallRouting/invoke", test_routing),
    ("POST", f"{PREMISE}/actions/validateDialPatterns/invoke", validate_patterns),
    ("GET", f"{PREMISE}/trunks", list_trunks),
    ("POST", f"{PREMISE}/trunks", create_trunk),
    ("GET", f"{PREMISE}/trunks/{{id}}", trunk),
    ("PUT", f"{PREMISE}/trunks/{{id}}", change_trunk),
    ("DELETE", f"{PREMISE}/trunks/{{id}}", delete_trunk),
    ("GET", f"{PREMISE}/trunks/{{id}}/usage", trunk_usage),
    ("POST", f"{PREMISE}/trunks/actions/validate/invoke", validate_trunk),
    ("POST", f"{PREMISE}/trunks/actions/fqdnValidation/invoke", validate_fqdn),
    ("GET", f"{PREMISE}/routeGroups", list_groups),
    ("POST", f"{PREMISE}/routeGroups", create_group),
    ("GET", f"{PREMISE}/routeGroups/{{id}}", group),
    ("PUT", f"{PREMISE}/routeGroups/{{id}}", change_group),
    ("DELETE", f"{PREMISE}/routeGroups/{{id}}", delete_group),
    ("GET", f"{PREMISE}/routeGroups/{{id}}/usage", group_usage),
    ("GET", f"{PREMISE}/dialPlans", list_plans),
    ("POST", f"{PREMISE}/dialPlans", create_plan),
    ("GET", f"{PREMISE}/dialPlans/{{id}}", plan),
    ("PUT", f"{PREMISE}/dialPlans/{{id}}", change_plan),
    ("DELETE", f"{PREMISE}/dialPlans/{{id}}", delete_plan),
    ("GET", f"{PREMISE}/dialPlans/{{id}}/dialPatterns", list_patterns),
    ("PUT", f"{PREMISE}/dialPlans/{{id}}/dialPatterns", change_patterns),
]


def _plan(own: Routing, found: JsonObject) -> JsonObject:
    return {**found, "routeName": own.way(found)["name"]}


def _page(call: Call, field: str, found: list[Any], query: Mapping[str, str]) -> Answer:
    """`max` and `start`, a zero-based offset; the next page stands in the Link header."""
    size, start = _whole(query, "max", 200, 1, 2000), _whole(query, "start", 0, 0, 10**6)
    headers: dict[str, str] = {}
    if start + size < len(found):
        following = urlencode({**query, "max": size, "start": start + size})
        headers["link"] = f'<{call.origin}{call.path}?{following}>; rel="next"'
    return json_answer(200, {field: found[start : start + size]}, headers)


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
            raise wrong(f"unknown query parameter {name}")
        found[name] = value
    return found


def _body(call: Call, model: Model, required: Iterable[str]) -> JsonObject:
    _query(call, ("orgId",))
    if call.media != "application/json":
        raise Refusal(415, 0, "the content type must be application/json")
    try:
        return shapes.read(shapes.parse(call.body), model, tuple(required))
    except shapes.Wrong as error:
        raise wrong(f"{error.pointer}: {error.says}") from error
