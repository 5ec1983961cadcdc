"""Call routes (IVRs), inbound call flows and the jobs that publish them."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from sandbox.exchange import Answer, Call, JsonObject, is_array, is_object, json_answer
from sandbox.genesys.account import ACCOUNTS, Refusal, identifier, missing, wrong
from sandbox.genesys.asked import COMMON, PAGE, PREFIX, REF, asked, body, called, page
from sandbox.genesys.organisation import Organisation
from sandbox.shapes import Model, array, flag, record, text

Endpoint = Callable[..., Answer]
FLOWS, IVRS, UPLOADS = f"{PREFIX}/api/v2/flows", f"{PREFIX}/api/v2/architect/ivrs", f"{PREFIX}/uploads"
#: What a DID that a call route answers is assigned to.
_BY_A_ROUTE = "IVR_CONFIG"
_IVR: Model = {
    **COMMON, "dnis": array(text(1, 20, r"\+[1-9]\d{6,14}"), unique=True), "openHoursFlow": REF, "closedHoursFlow": REF,
}  # fmt: skip


# -- flows -------------------------------------------------------------------------------------------------------------


def list_flows(call: Call, own: Organisation) -> Answer:
    query = asked(call, (*PAGE, "type", "name", "deleted"))
    if query.get("type", "inboundcall").lower() != "inboundcall":
        return page(call, query, [])
    return page(call, query, [shown(flow) for flow in called(own.flows.all(), query)])


def flow(call: Call, own: Organisation, id: str) -> Answer:
    asked(call, ("deleted",))
    return json_answer(200, shown(own.living(own.flows, id, "flow")))


def delete_flow(call: Call, own: Organisation, id: str) -> Answer:
    asked(call, ())
    own.living(own.flows, id, "flow")
    if any(ivr["openHoursFlow"]["id"] == id for ivr in own.ivrs.all() if "openHoursFlow" in ivr):
        raise Refusal(409, "architect.object.in.use", "The flow is used by a call route.")
    own.flows.remove(id)
    return Answer(204)


def shown(flow: JsonObject) -> JsonObject:
    """A flow without its text: that is to be had in another form alone."""
    return {name: value for name, value in flow.items() if name not in {"text", "transfers"}}


# -- jobs --------------------------------------------------------------------------------------------------------------


def register_job(call: Call, own: Organisation) -> Answer:
    """Nothing is done until its text is uploaded."""
    body(call, record({"createStubs": flag}))
    id = identifier()
    own.jobs.put(id, {"id": id, "status": "Registered", "command": "Publish"})
    headers = {"x-amz-meta-jobid": id, "content-type": "application/octet-stream"}
    url = f"{call.origin}{UPLOADS}/{id}?X-Amz-Signature={identifier(id).replace('-', '')}"
    return json_answer(200, {"id": id, "presignedUrl": url, "headers": headers})


def job(call: Call, own: Organisation, id: str) -> Answer:
    query = asked(call, ("expand",))
    found = own.living(own.jobs, id, "job")
    hidden = () if query.get("expand") == "messages" else ("messages",)
    return json_answer(200, {name: value for name, value in found.items() if name not in hidden})


def upload(call: Call, of: Callable[[Any], Organisation]) -> Answer:
    """PUT of a flow's text to the address of a job: with exactly its headers, and without a token of anybody's."""
    id = call.path.removeprefix(f"{UPLOADS}/")
    own = next((each for each in map(of, ACCOUNTS) if each.jobs.get(id)), None)
    signed = dict(call.query).get("X-Amz-Signature") == identifier(id).replace("-", "")
    if call.method != "PUT" or own is None or not signed:
        return Answer(
            403 if own else 404, b"<Error><Code>AccessDenied</Code></Error>", {"content-type": "application/xml"}
        )
    told = call.header("x-amz-meta-jobid") == id and call.media == "application/octet-stream"
    if not told or call.header("authorization"):
        return Answer(400, b"<Error><Code>InvalidRequest</Code></Error>", {"content-type": "application/xml"})
    own.jobs.put(id, {**own.living(own.jobs, id, "job"), **_published(own, call.body)})
    return Answer(200)


def _published(own: Organisation, content: bytes) -> JsonObject:
    """How a job ends."""
    try:
        read = _read(content)
    except ValueError as error:
        return {"status": "Failure", "messages": [{"type": "Error", "text": str(error)}]}
    now = own.flows.find(read["name"].lower())
    version = {"id": str(int(now["publishedVersion"]["id"]) + 1) if now else "1"}
    id = now["id"] if now else identifier()
    told = {"id": id, "type": "INBOUNDCALL", "active": True, "deleted": False, "publishedVersion": version}
    own.flows.put(id, {**told, **read}, read["name"].lower())
    return {"status": "Success", "flow": {"id": id}, "messages": []}


def _read(content: bytes) -> JsonObject:
    """Name, description and text of a flow; raises ValueError for what Architect could not publish."""
    try:
        document: Any = YAML(typ="safe", pure=True).load(io.StringIO(content.decode()))  # pyright: ignore[reportUnknownMemberType]
    except (UnicodeDecodeError, YAMLError):
        raise ValueError("The YAML could not be read.") from None
    root = document.get("inboundCall") if is_object(document) else None
    if not is_object(root) or len(document) != 1:
        raise ValueError("Expected inboundCall at the root.")
    known = {"name", "description", "division", "defaultLanguage", "startUpRef", "initialGreeting", "menus", "tasks"}
    if unknown := sorted(root.keys() - known):
        raise ValueError(f"Unknown property {unknown[0]}.")
    if lacking := sorted({"name", "defaultLanguage", "startUpRef"} - root.keys()):
        raise ValueError(f"{lacking[0]} is required.")
    tasks: list[JsonObject] = [each["task"] for each in root.get("tasks") or list[Any]()]
    if root["startUpRef"] not in {f"/inboundCall/tasks/task[{task['refId']}]" for task in tasks}:
        raise ValueError("startUpRef names nothing.")
    return {
        "name": str(root["name"]),
        "description": str(root.get("description") or ""),
        "text": content.decode(),
        "transfers": [number for task in tasks for number in _targets(task.get("actions"))],
    }


def _targets(actions: Any) -> list[str]:
    """The numbers that its transfers dial."""
    if not is_array(actions):
        raise ValueError("actions is required.")
    found: list[str] = []
    for each in actions:
        if not is_object(each) or list(each) != ["transferToNumber"]:
            raise ValueError("Unknown action.")
        settings = each["transferToNumber"]
        if not {"name", "targetNumber", "connectTimeout"} <= settings.keys():
            raise ValueError("transferToNumber: name, targetNumber and connectTimeout are required.")
        found.append(str(settings["targetNumber"]["lit"]))
    return found


# -- call routes -------------------------------------------------------------------------------------------------------


def list_ivrs(call: Call, own: Organisation) -> Answer:
    query = asked(call, (*PAGE, "name", "dnis"))
    found = [ivr for ivr in own.ivrs.all() if query.get("dnis") in (None, *ivr["dnis"])]
    return page(call, query, called(found, query))


def create_ivr(call: Call, own: Organisation) -> Answer:
    settings = body(call, record(_IVR, ("name",)))
    kept = {name: value for name, value in settings.items() if name not in {"id", "version"}}
    return json_answer(200, _put(own, {"id": identifier(), "version": 1, "state": "active", **kept}))


def ivr(call: Call, own: Organisation, id: str) -> Answer:
    asked(call, ())
    return json_answer(200, own.get(own.ivrs, id, "call route"))


def change_ivr(call: Call, own: Organisation, id: str) -> Answer:
    settings = body(call, record(_IVR, ("name", "version")))
    return json_answer(200, _put(own, own.newer(own.living(own.ivrs, id, "call route"), settings)))


def delete_ivr(call: Call, own: Organisation, id: str) -> Answer:
    asked(call, ())
    found = own.living(own.ivrs, id, "call route")
    own.bury(own.ivrs, found)
    _assigned(own)
    return Answer(204)


def _put(own: Organisation, ivr: JsonObject) -> JsonObject:
    ivr = {"dnis": [], **ivr}
    if "openHoursFlow" in ivr and own.flows.get(ivr["openHoursFlow"]["id"]) is None:
        raise missing("flow")
    for number in ivr["dnis"]:
        did = own.dids.find(number)
        if did is None:
            raise wrong("didPoolId is required")
        taken = any(number in other["dnis"] for other in own.ivrs.all() if other["id"] != ivr["id"])
        if taken or (did["assigned"] and did["ownerType"] != _BY_A_ROUTE):
            raise Refusal(409, "did.already.assigned", f"{number} is assigned already.")
    own.ivrs.put(ivr["id"], ivr)
    _assigned(own)
    return ivr


def _assigned(own: Organisation) -> None:
    """DIDs of call routes are assigned to them."""
    numbers = {number for ivr in own.ivrs.all() for number in ivr["dnis"]}
    for did in own.dids.all():
        kept = {name: value for name, value in did.items() if name not in {"assigned", "ownerType"}}
        if did["number"] in numbers:
            own.dids.put(did["id"], {**kept, "assigned": True, "ownerType": _BY_A_ROUTE}, did["number"])
        elif did.get("ownerType") == _BY_A_ROUTE:
            own.dids.put(did["id"], {**kept, "assigned": False}, did["number"])


ROUTES: list[tuple[str, str, Endpoint]] = [
    ("GET", FLOWS, list_flows),
    ("POST", f"{FLOWS}/jobs", register_job),
    ("GET", f"{FLOWS}/jobs/{{id}}", job),
    ("GET", f"{FLOWS}/{{id}}", flow),
    ("DELETE", f"{FLOWS}/{{id}}", delete_flow),
    ("GET", IVRS, list_ivrs),
    ("POST", IVRS, create_ivr),
    ("GET", f"{IVRS}/{{id}}", ivr),
    ("PUT", f"{IVRS}/{{id}}", change_ivr),
    ("DELETE", f"{IVRS}/{{id}}", delete_ivr),
]
