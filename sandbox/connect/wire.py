"""Amazon Connect over HTTP: rest-json, signed requests, errors named in a header; some successes have no body."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

from sandbox import shapes
from sandbox.aws import answers, quota
from sandbox.aws.account import ACCOUNTS, Asker, Refusal, authenticate, unknown
from sandbox.calling import Leg
from sandbox.connect import calling, instance
from sandbox.connect.instance import VENDOR, Connect
from sandbox.exchange import Answer, Call, JsonObject, Routes, Seed, json_answer, only
from sandbox.shapes import Model, Wrong
from sandbox.store import Store
from sandbox.switches import Switches

Endpoint = Callable[..., Answer]
#: Connect answers these without a body.
_DONE = Answer(200)


def _asked(call: Call, *known: str, several: str = "") -> dict[str, str]:
    """Query parameters; one may stand there several times."""
    found = {name: value for name, value in call.query if name != several}
    if set(found) - set(known) or len(found) < sum(name != several for name, _ in call.query):
        raise Refusal(400, "InvalidParameterException", "unknown or repeated parameter")
    return found


def _body(call: Call, model: Model, required: Sequence[str]) -> JsonObject:
    return shapes.read(shapes.parse(call.body), model, required)


def _page(call: Call, found: list[JsonObject], name: str, most: int, *filters: str, several: str = "") -> Answer:
    """A token is a position; a last page has none."""
    given = _asked(call, "maxResults", "nextToken", *filters, several=several)
    size, start = given.get("maxResults", str(most)), given.get("nextToken", "0")
    if not size.isdigit() or not 1 <= int(size) <= most or not start.isdigit():
        raise Refusal(400, "InvalidParameterException", f"maxResults is 1 to {most}, and nextToken as it was given")
    end = int(start) + int(size)
    more = {"NextToken": str(end)} if end < len(found) else {}
    return json_answer(200, {name: found[int(start) : end], **more})


def instances(call: Call, own: Connect) -> Answer:
    return _page(call, own.listed_instances(), "InstanceSummaryList", 10)


def numbers(call: Call, own: Connect, id: str) -> Answer:
    return _page(call, own.listed_numbers(id), "PhoneNumberSummaryList", 1000)


def number(call: Call, own: Connect, id: str) -> Answer:
    return json_answer(200, {"ClaimedPhoneNumberSummary": own.claimed(own.number(id))})


def associate(call: Call, own: Connect, id: str) -> Answer:
    wanted = _body(call, instance.ASSOCIATE, tuple(instance.ASSOCIATE))
    own.associate(id, wanted["InstanceId"], wanted["ContactFlowId"])
    return _DONE


def disassociate(call: Call, own: Connect, id: str) -> Answer:
    own.disassociate(id, _asked(call, "instanceId").get("instanceId", ""))
    return _DONE


def links(call: Call, own: Connect, id: str) -> Answer:
    if _asked(call, "maxResults", "nextToken", "ResourceType").get("ResourceType") not in {None, "VOICE_PHONE_NUMBER"}:
        raise Refusal(400, "InvalidParameterException", "this sandbox knows VOICE_PHONE_NUMBER alone")
    return _page(call, own.links(id), "FlowAssociationSummaryList", 1000, "ResourceType")


def create_flow(call: Call, own: Connect, id: str) -> Answer:
    made = own.create_flow(id, _body(call, instance.CREATE_FLOW, ("Name", "Type", "Content")))
    shown = own.shown_flow(id, f"{made['id']}:$SAVED")
    return json_answer(
        200,
        {"ContactFlowId": made["id"], "ContactFlowArn": made["arn"], "FlowContentSha256": shown["FlowContentSha256"]},
    )


def flows(call: Call, own: Connect, id: str) -> Answer:
    kinds = [value for name, value in call.query if name == "contactFlowTypes"]
    return _page(call, own.listed_flows(id, kinds), "ContactFlowSummaryList", 1000, several="contactFlowTypes")


def flow(call: Call, own: Connect, id: str, flow: str) -> Answer:
    return json_answer(200, {"ContactFlow": own.shown_flow(id, flow)})


def write_flow(call: Call, own: Connect, id: str, flow: str) -> Answer:
    own.write_flow(id, flow, _body(call, instance.CONTENT, ("Content",))["Content"])
    return json_answer(200, {})


def describe_flow(call: Call, own: Connect, id: str, flow: str) -> Answer:
    own.describe_flow(id, flow, _body(call, instance.METADATA, ()))
    return json_answer(200, {})


def delete_flow(call: Call, own: Connect, id: str, flow: str) -> Answer:
    own.delete_flow(id, flow)
    return json_answer(200, {})


def integrate(call: Call, own: Connect, id: str) -> Answer:
    made = own.integrate(id, _body(call, instance.INTEGRATE, ("IntegrationType", "IntegrationArn")))
    arn = own.integration_arn(made)
    return json_answer(200, {"IntegrationAssociationId": made["id"], "IntegrationAssociationArn": arn})


def integrations(call: Call, own: Connect, id: str) -> Answer:
    filters = ("integrationType", "integrationArn")
    asked = _asked(call, "maxResults", "nextToken", *filters)
    found = own.listed_integrations(id, asked.get(filters[0], ""), asked.get(filters[1], ""))
    return _page(call, found, "IntegrationAssociationSummaryList", 100, *filters)


def separate(call: Call, own: Connect, id: str, integration: str) -> Answer:
    own.separate(id, integration)
    return _DONE


def tags(call: Call, own: Connect, arn: str) -> Answer:
    return json_answer(200, {"tags": own.tagged(arn)["tags"]})


def tag(call: Call, own: Connect, arn: str) -> Answer:
    own.tag(arn, _body(call, instance.TAG, ("tags",))["tags"], [])
    return _DONE


def untag(call: Call, own: Connect, arn: str) -> Answer:
    own.tag(arn, {}, [value for name, value in call.query if name == "tagKeys"])
    return _DONE


ROUTES: list[tuple[str, str, Endpoint]] = [
    ("GET", "/instance", instances),
    ("PUT", "/instance/{id}/integration-associations", integrate),
    ("GET", "/instance/{id}/integration-associations", integrations),
    ("DELETE", "/instance/{id}/integration-associations/{integration}", separate),
    ("GET", "/phone-numbers-summary/{id}", numbers),
    ("GET", "/phone-number/{id}", number),
    ("PUT", "/phone-number/{id}/contact-flow", associate),
    ("DELETE", "/phone-number/{id}/contact-flow", disassociate),
    ("GET", "/flow-associations-summary/{id}", links),
    ("PUT", "/contact-flows/{id}", create_flow),
    ("GET", "/contact-flows-summary/{id}", flows),
    ("GET", "/contact-flows/{id}/{flow}", flow),
    ("DELETE", "/contact-flows/{id}/{flow}", delete_flow),
    ("POST", "/contact-flows/{id}/{flow}/content", write_flow),
    ("POST", "/contact-flows/{id}/{flow}/metadata", describe_flow),
]
#: An ARN has slashes in it, which arrive decoded.
TAGS: dict[str, Endpoint] = {"GET": tags, "POST": tag, "DELETE": untag}
_PREFIXES = tuple(sorted({path.split("/")[1] for _, path, _ in ROUTES} | {"tags"}))


class AmazonConnect:
    name = VENDOR

    def __init__(self, store: Store, switches: Switches) -> None:
        self._store = store
        self._routes: Routes[Endpoint] = Routes(ROUTES, unknown)

    def owns(self, path: str) -> bool:
        """`/tags` without an ARN after it is another service's."""
        return path == "/instance" or path.startswith(tuple(f"/{each}/" for each in _PREFIXES))

    def serve(self, call: Call) -> Answer:
        try:
            asker = authenticate(call)
            if asker.service != "connect":
                raise Refusal(
                    403, "InvalidSignatureException", "Credential should be scoped to correct service: 'connect'."
                )
            endpoint, ids = self._found(call)
            with self._store.transaction():
                return answers.named_request(call, endpoint(call, Connect(self._store, asker), *ids))
        except Refusal as refusal:
            return _refuse(refusal, call)
        except Wrong as wrong:
            return _refuse(Refusal(400, "InvalidRequestException", str(wrong)), call)

    def _found(self, call: Call) -> tuple[Endpoint, tuple[str, ...]]:
        if not call.path.startswith("/tags/"):
            return self._routes.find(call)
        if call.method not in TAGS:
            raise unknown(call, 405)
        return TAGS[call.method], (call.path.removeprefix("/tags/"),)

    def refusal(self, status: int) -> Answer:
        codes = {403: "AccessDeniedException", 404: "ResourceNotFoundException", 409: "DuplicateResourceException"}
        busy = {429: "ThrottlingException", 500: "InternalServiceException", 503: "ServiceUnavailable"}
        code = {**codes, **busy}.get(status, "InvalidRequestException")
        return _refuse(Refusal(status, code, "staged by a fault of the sandbox"))

    def seed(self, account: str, document: Seed) -> None:
        only(document, ("quotas", "instances", "flows", "numbers"), "collection")
        try:
            self._seed(answers.account(account).id, document)
        except (Wrong, Refusal) as error:
            raise ValueError(f"connect: {error}") from error

    def _seed(self, account: str, document: Seed) -> None:
        for raw in document.get("quotas", []):
            given = shapes.read(raw, quota.SEED, tuple(quota.SEED))
            quota.grant(self._store, account, given["region"], given["value"])
        for raw in document.get("instances", []):
            given = shapes.read(raw, instance.SEED_INSTANCE, tuple(instance.SEED_INSTANCE))
            self._store.shelf(VENDOR, account, "instances").put(given["id"], given)
        for raw in document.get("flows", []):
            given = shapes.read(raw, instance.SEED_FLOW, ("id", "name", "instance", "content"))
            plain: JsonObject = {
                "type": "CONTACT_FLOW",
                "description": "",
                "status": "PUBLISHED",
                "state": "ACTIVE",
                "tags": {},
            }
            self._store.shelf(VENDOR, account, "flows").put(given["id"], {**plain, **given})
        for raw in document.get("numbers", []):
            given = shapes.read(raw, instance.SEED_NUMBER, ("phone_number",))
            number, region = given["phone_number"], given.pop("region", "us-east-1")
            if self._store.holders(VENDOR, "numbers", number):
                raise ValueError(f"connect: numbers: {number} is claimed already")
            id = instance.named(number)
            given["instance"] = self._instance(account, given.get("instance", ""), region)
            self._store.shelf(VENDOR, account, "numbers").put(id, {"id": id, **given}, number)

    def _instance(self, account: str, id: str, region: str) -> str:
        """The instance of a number, or the first one of its region; where there is none, one with what AWS grants."""
        shelf = self._store.shelf(VENDOR, account, "instances")
        found = next(
            (each["id"] for each in shelf.all() if each["id"] == id or (not id and each["region"] == region)), ""
        )
        if not found:
            found = id or instance.named(f"instance {region}")
            shelf.put(found, {"id": found, "alias": "contact-center", "region": region})
            quota.grant(self._store, account, region, 5)
        return found

    def state(self, origin: str) -> dict[str, list[JsonObject]]:
        """By instance, as its lists and look-ups show it."""
        seen: dict[str, list[JsonObject]] = {
            "instances": [],
            "numbers": [],
            "flows": [],
            "integrations": [],
            "links": [],
        }
        for account in ACCOUNTS:
            for each in self._store.shelf(VENDOR, account.id, "instances").all():
                own, id = Connect(self._store, Asker(account, each["region"], "connect")), each["id"]
                seen["instances"] += [one for one in own.listed_instances() if one["Id"] == id]
                seen["numbers"] += [own.claimed(one) for one in own.numbers.all() if one["instance"] == id]
                seen["flows"] += [own.view(one) for one in own.flows.all() if one["instance"] == id]
                seen["integrations"] += [
                    {**one, "Tags": own.tagged(one["IntegrationAssociationArn"])["tags"]}
                    for one in own.listed_integrations(id, "", "")
                ]
                seen["links"] += own.links(id)
        return seen

    def environment(self, account: str, style: str, origin: str) -> dict[str, str]:
        return answers.environment(account, origin)

    def secrets(self) -> Sequence[str]:
        return [each.secret for each in ACCOUNTS]

    def kept(self) -> JsonObject:
        return {}

    def route(self, number: str, caller: str) -> Sequence[Leg] | None:
        return calling.route(self._store, number, caller)

    def event(self, number: str) -> JsonObject | None:
        return None


def _refuse(refusal: Refusal, call: Call | None = None) -> Answer:
    """As Connect says it; a flow is refused without a message, but with its problems."""
    plain = answers.refuse(refusal, call)
    document: JsonObject = {"Message": refusal.message}
    if refusal.code == "InvalidContactFlowException":
        document = {"problems": [{"message": refusal.message}]}
    return Answer(refusal.status, json.dumps(document).encode(), plain.headers)
