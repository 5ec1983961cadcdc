"""Amazon Chime SDK Voice and STS over HTTP: rest-json and query, signed requests, errors named in a header."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

from sandbox import shapes
from sandbox.calling import Leg
from sandbox.chime import account, calling, voice
from sandbox.chime.account import ACCOUNTS, VENDOR, Account, Asker, Refusal
from sandbox.chime.voice import Voice
from sandbox.exchange import (
    Answer,
    Call,
    JsonObject,
    MethodUnknown,
    PathUnknown,
    Routes,
    Seed,
    json_answer,
    only,
    pairs,
)
from sandbox.shapes import Model, Wrong, array, flag, text
from sandbox.store import Store
from sandbox.switches import Switches

Endpoint = Callable[..., Answer]


def _body(call: Call, model: Model, required: Sequence[str]) -> JsonObject:
    return shapes.read(shapes.parse(call.body), model, required)


def _asked(call: Call, *known: str) -> dict[str, str]:
    found = dict(call.query)
    for name in found:
        if name not in known or len(found) < len(call.query):
            raise Refusal(400, "BadRequestException", f"unknown or repeated parameter {name}")
    return found


def _page(call: Call, found: list[JsonObject], name: str, *filters: str) -> Answer:
    """A token is a position; a last page has none."""
    asked = _asked(call, "max-results", "next-token", *filters)
    size, start = asked.get("max-results", "100"), asked.get("next-token", "0")
    if not size.isdigit() or not 1 <= int(size) <= 100 or not start.isdigit():
        raise Refusal(400, "BadRequestException", "max-results is 1 to 100, and next-token as it was given")
    end = int(start) + int(size)
    more = {"NextToken": str(end)} if end < len(found) else {}
    return json_answer(200, {name: found[int(start) : end], **more})


def connectors(call: Call, own: Voice) -> Answer:
    return _page(call, own.listed(), "VoiceConnectors")


def create(call: Call, own: Voice) -> Answer:
    made = own.create(_body(call, voice.CREATE, ("Name", "RequireEncryption")))
    return json_answer(201, {"VoiceConnector": made})


def connector(call: Call, own: Voice, id: str) -> Answer:
    return json_answer(200, {"VoiceConnector": own.get(id)})


def update(call: Call, own: Voice, id: str) -> Answer:
    return json_answer(200, {"VoiceConnector": own.update(id, _body(call, voice.UPDATE, tuple(voice.UPDATE)))})


def delete(call: Call, own: Voice, id: str) -> Answer:
    own.delete(id)
    return Answer(204)


def origination(call: Call, own: Voice, id: str) -> Answer:
    return json_answer(200, {"Origination": own.origination(id)})


def originate(call: Call, own: Voice, id: str) -> Answer:
    own.originate(id, _body(call, voice.ORIGINATION, ("Origination",))["Origination"])
    return json_answer(200, {"Origination": own.origination(id)})


def not_originate(call: Call, own: Voice, id: str) -> Answer:
    own.originate(id, None)
    return Answer(204)


def associations(call: Call, own: Voice, id: str) -> Answer:
    """Which of the two it is stands in the query."""
    match _asked(call, "operation").get("operation"):
        case "associate-phone-numbers":
            model: Model = {"E164PhoneNumbers": voice.NUMBERS, "ForceAssociate": flag}
            wanted = _body(call, model, ("E164PhoneNumbers",))
            failed = own.associate(id, wanted["E164PhoneNumbers"], wanted.get("ForceAssociate", False))
        case "disassociate-phone-numbers":
            wanted = _body(call, {"E164PhoneNumbers": voice.NUMBERS}, ("E164PhoneNumbers",))
            failed = own.disassociate(id, wanted["E164PhoneNumbers"])
        case _:
            raise Refusal(400, "BadRequestException", "unknown operation")
    return json_answer(200, {"PhoneNumberErrors": failed})


def numbers(call: Call, own: Voice) -> Answer:
    return _page(call, [own.shown(each) for each in own.numbers.all()], "PhoneNumbers")


def number(call: Call, own: Voice, id: str) -> Answer:
    return json_answer(200, {"PhoneNumber": own.shown(own.number(id))})


def tags(call: Call, own: Voice) -> Answer:
    return json_answer(200, {"Tags": own.tags(_asked(call, "arn").get("arn", ""))})


def tag(call: Call, own: Voice) -> Answer:
    match _asked(call, "operation").get("operation"):
        case "tag-resource":
            wanted = _body(call, {"ResourceARN": text(1, 1024), "Tags": array(voice.TAG, 1)}, ("ResourceARN", "Tags"))
            own.tag(wanted["ResourceARN"], {each["Key"]: each["Value"] for each in wanted["Tags"]})
        case "untag-resource":
            model: Model = {"ResourceARN": text(1, 1024), "TagKeys": array(text(1, 128), 1)}
            wanted = _body(call, model, tuple(model))
            own.untag(wanted["ResourceARN"], wanted["TagKeys"])
        case _:
            raise Refusal(400, "BadRequestException", "unknown operation")
    return Answer(204)


ROUTES: list[tuple[str, str, Endpoint]] = [
    ("GET", "/voice-connectors", connectors),
    ("POST", "/voice-connectors", create),
    ("GET", "/voice-connectors/{id}", connector),
    ("PUT", "/voice-connectors/{id}", update),
    ("DELETE", "/voice-connectors/{id}", delete),
    ("POST", "/voice-connectors/{id}", associations),
    ("GET", "/voice-connectors/{id}/origination", origination),
    ("PUT", "/voice-connectors/{id}/origination", originate),
    ("DELETE", "/voice-connectors/{id}/origination", not_originate),
    ("GET", "/phone-numbers", numbers),
    ("GET", "/phone-numbers/{id}", number),
    ("GET", "/tags", tags),
    ("POST", "/tags", tag),
]
_PREFIXES = ("/voice-connectors", "/phone-numbers", "/tags")


class Chime:
    name = VENDOR

    def __init__(self, store: Store, switches: Switches) -> None:
        self._store = store
        self._routes: Routes[Endpoint] = Routes(ROUTES)

    def owns(self, path: str) -> bool:
        return path == "/" or any(path == each or path.startswith(f"{each}/") for each in _PREFIXES)

    def serve(self, call: Call) -> Answer:
        sts = call.path == "/"
        try:
            asker = account.authenticate(call)
            if sts:
                return _identity(call, asker)
            if asker.service != "chime":
                raise Refusal(
                    403, "InvalidSignatureException", "Credential should be scoped to correct service: 'chime'."
                )
            endpoint, ids = self._routes.find(call.method, call.path)
            with self._store.transaction():
                return _named_request(call, endpoint(call, Voice(self._store, asker), *ids))
        except Refusal as refusal:
            return _refuse(refusal, call, sts=sts)
        except Wrong as wrong:
            return _refuse(Refusal(400, "BadRequestException", str(wrong)), call)
        except PathUnknown:
            return _refuse(Refusal(404, "UnknownOperationException", "no such operation"), call)
        except MethodUnknown:
            return _refuse(Refusal(405, "UnknownOperationException", "no such operation"), call)

    def refusal(self, status: int) -> Answer:
        codes = {403: "ForbiddenException", 404: "NotFoundException", 409: "ConflictException"}
        busy = {429: "ThrottledClientException", 500: "ServiceFailureException", 503: "ServiceUnavailableException"}
        code = {**codes, **busy}.get(status, "BadRequestException")
        return _refuse(Refusal(status, code, "staged by a fault of the sandbox"))

    def seed(self, account: str, document: Seed) -> None:
        only(document, ("numbers",), "collection")
        own = Voice(self._store, Asker(_account(account), "us-east-1", "chime"))
        for raw in document.get("numbers", []):
            try:
                given = shapes.read(raw, voice.SEED, ("phone_number",))
            except Wrong as error:
                raise ValueError(f"chime: {error}") from error
            if own.numbers.get(given["phone_number"]):
                raise ValueError(f"chime: numbers: {given['phone_number']} is owned already")
            own.add({"product_type": "VoiceConnector", **given})

    def state(self, origin: str) -> dict[str, list[JsonObject]]:
        every = self._store.everywhere(VENDOR, "connectors")
        return {
            "numbers": [voice.view(each, ACCOUNTS[0].id) for each in self._store.everywhere(VENDOR, "numbers")],
            "connectors": [
                {**each["connector"], "Tags": each["tags"], **each.get("origination", {})} for each in every
            ],
        }

    def environment(self, account: str, style: str, origin: str) -> dict[str, str]:
        it = _account(account)
        return {"AWS_ACCESS_KEY_ID": it.key, "AWS_SECRET_ACCESS_KEY": it.secret, "AWS_BASE_URL": origin}

    def secrets(self) -> Sequence[str]:
        return [each.secret for each in ACCOUNTS]

    def kept(self) -> JsonObject:
        return {}

    def route(self, number: str, caller: str) -> Sequence[Leg] | None:
        return calling.route(self._store, number)

    def event(self, number: str) -> JsonObject | None:
        return None


def _identity(call: Call, asker: Asker) -> Answer:
    """STS GetCallerIdentity: the query protocol, answered in XML."""
    form = dict(pairs(call.body))
    if (
        call.method != "POST"
        or form != {"Action": "GetCallerIdentity", "Version": "2011-06-15"}
        or asker.service != "sts"
    ):
        raise Refusal(400, "InvalidAction", "Could not find operation")
    id = asker.account.id
    text = (
        '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>'
        f"<Arn>arn:aws:iam::{id}:user/xtel</Arn><UserId>AIDASANDBOX</UserId><Account>{id}</Account>"
        f"</GetCallerIdentityResult><ResponseMetadata><RequestId>{_request_id(call)}</RequestId></ResponseMetadata>"
        "</GetCallerIdentityResponse>"
    )
    return Answer(200, text.encode(), {"content-type": "text/xml", "x-amzn-requestid": _request_id(call)})


def _request_id(call: Call | None) -> str:
    return hashlib.sha256(call.header("amz-sdk-invocation-id").encode() if call else b"").hexdigest()[:32]


def _named_request(call: Call, answer: Answer) -> Answer:
    return Answer(answer.status, answer.body, {**answer.headers, "x-amzn-requestid": _request_id(call)})


def _refuse(refusal: Refusal, call: Call | None = None, *, sts: bool = False) -> Answer:
    id = {"x-amzn-requestid": _request_id(call)}
    if sts:
        code = {
            "UnrecognizedClientException": "InvalidClientTokenId",
            "InvalidSignatureException": "SignatureDoesNotMatch",
        }
        text = (
            '<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type>'
            f"<Code>{code.get(refusal.code, refusal.code)}</Code><Message>{refusal.message}</Message></Error></ErrorResponse>"
        )
        return Answer(refusal.status, text.encode(), {"content-type": "text/xml", **id})
    document = {"Code": refusal.code.removesuffix("Exception"), "Message": refusal.message}
    return json_answer(refusal.status, document, {"x-amzn-errortype": refusal.code, **id})


def _account(name: str) -> Account:
    return next(each for each in ACCOUNTS if each.name == name)
