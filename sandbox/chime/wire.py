"""Amazon Chime SDK Voice and STS over HTTP: rest-json and query, signed requests, errors named in a header."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sandbox import shapes
from sandbox.aws import answers, quota
from sandbox.aws.account import ACCOUNTS, Asker, Refusal, authenticate, unknown
from sandbox.aws.answers import asked, body, page
from sandbox.calling import Leg
from sandbox.chime import calling, media, voice
from sandbox.chime.media import Media
from sandbox.chime.voice import VENDOR, Voice
from sandbox.exchange import Answer, Call, JsonObject, Routes, Seed, json_answer, only
from sandbox.shapes import Model, Wrong, array, flag, text
from sandbox.store import Store
from sandbox.switches import Switches

Endpoint = Callable[..., Answer]


def connectors(call: Call, own: Voice) -> Answer:
    return page(call, own.listed(), "VoiceConnectors")


def create(call: Call, own: Voice) -> Answer:
    made = own.create(body(call, voice.CREATE, ("Name", "RequireEncryption")))
    return json_answer(201, {"VoiceConnector": made})


def connector(call: Call, own: Voice, id: str) -> Answer:
    return json_answer(200, {"VoiceConnector": own.get(id)})


def update(call: Call, own: Voice, id: str) -> Answer:
    return json_answer(200, {"VoiceConnector": own.update(id, body(call, voice.UPDATE, tuple(voice.UPDATE)))})


def delete(call: Call, own: Voice, id: str) -> Answer:
    own.delete(id)
    return Answer(204)


def origination(call: Call, own: Voice, id: str) -> Answer:
    return json_answer(200, {"Origination": own.origination(id)})


def originate(call: Call, own: Voice, id: str) -> Answer:
    own.originate(id, body(call, voice.ORIGINATION, ("Origination",))["Origination"])
    return json_answer(200, {"Origination": own.origination(id)})


def not_originate(call: Call, own: Voice, id: str) -> Answer:
    own.originate(id, None)
    return Answer(204)


def associations(call: Call, own: Voice, id: str) -> Answer:
    """Which of the two it is stands in the query."""
    match asked(call, "operation").get("operation"):
        case "associate-phone-numbers":
            model: Model = {"E164PhoneNumbers": voice.NUMBERS, "ForceAssociate": flag}
            wanted = body(call, model, ("E164PhoneNumbers",))
            failed = own.associate(id, wanted["E164PhoneNumbers"], wanted.get("ForceAssociate", False))
        case "disassociate-phone-numbers":
            wanted = body(call, {"E164PhoneNumbers": voice.NUMBERS}, ("E164PhoneNumbers",))
            failed = own.disassociate(id, wanted["E164PhoneNumbers"])
        case _:
            raise Refusal(400, "BadRequestException", "unknown operation")
    return json_answer(200, {"PhoneNumberErrors": failed})


def numbers(call: Call, own: Voice) -> Answer:
    return page(call, [own.shown(each) for each in own.numbers.all()], "PhoneNumbers")


def number(call: Call, own: Voice, id: str) -> Answer:
    return json_answer(200, {"PhoneNumber": own.shown(own.number(id))})


def tags(call: Call, own: Voice) -> Answer:
    """The model says that a list of tags has one at least."""
    found = own.tags(asked(call, "arn").get("arn", ""))
    return json_answer(200, {"Tags": found} if found else {})


def tag(call: Call, own: Voice) -> Answer:
    match asked(call, "operation").get("operation"):
        case "tag-resource":
            wanted = body(call, {"ResourceARN": text(1, 1024), "Tags": array(voice.TAG, 1)}, ("ResourceARN", "Tags"))
            own.tag(wanted["ResourceARN"], {each["Key"]: each["Value"] for each in wanted["Tags"]})
        case "untag-resource":
            model: Model = {"ResourceARN": text(1, 1024), "TagKeys": array(text(1, 128), 1)}
            wanted = body(call, model, tuple(model))
            own.untag(wanted["ResourceARN"], wanted["TagKeys"])
        case _:
            raise Refusal(400, "BadRequestException", "unknown operation")
    return Answer(204)


def _media(own: Voice) -> Media:
    return Media(own.store, own.asker)


def applications(call: Call, own: Voice) -> Answer:
    return page(call, _media(own).listed(), "SipMediaApplications")


def create_application(call: Call, own: Voice) -> Answer:
    made = _media(own).create(body(call, media.CREATE, ("AwsRegion", "Name", "Endpoints")))
    return json_answer(201, {"SipMediaApplication": made})


def application(call: Call, own: Voice, id: str) -> Answer:
    return json_answer(200, {"SipMediaApplication": _media(own).application(id)["application"]})


def update_application(call: Call, own: Voice, id: str) -> Answer:
    return json_answer(200, {"SipMediaApplication": _media(own).update(id, body(call, media.UPDATE, ()))})


def delete_application(call: Call, own: Voice, id: str) -> Answer:
    _media(own).delete(id)
    return Answer(204)


def rules(call: Call, own: Voice) -> Answer:
    found = _media(own).rules(dict(call.query).get("sip-media-application", ""))
    return page(call, found, "SipRules", "sip-media-application")


def create_rule(call: Call, own: Voice) -> Answer:
    required = ("Name", "TriggerType", "TriggerValue", "TargetApplications")
    return json_answer(201, {"SipRule": _media(own).create_rule(body(call, media.CREATE_RULE, required))})


def rule(call: Call, own: Voice, id: str) -> Answer:
    return json_answer(200, {"SipRule": media.shown(_media(own).rule(id))})


def update_rule(call: Call, own: Voice, id: str) -> Answer:
    return json_answer(202, {"SipRule": _media(own).update_rule(id, body(call, media.UPDATE_RULE, ("Name",)))})


def delete_rule(call: Call, own: Voice, id: str) -> Answer:
    _media(own).delete_rule(id)
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
    ("GET", "/sip-media-applications", applications),
    ("POST", "/sip-media-applications", create_application),
    ("GET", "/sip-media-applications/{id}", application),
    ("PUT", "/sip-media-applications/{id}", update_application),
    ("DELETE", "/sip-media-applications/{id}", delete_application),
    ("GET", "/sip-rules", rules),
    ("POST", "/sip-rules", create_rule),
    ("GET", "/sip-rules/{id}", rule),
    ("PUT", "/sip-rules/{id}", update_rule),
    ("DELETE", "/sip-rules/{id}", delete_rule),
    ("GET", "/tags", tags),
    ("POST", "/tags", tag),
]
_PREFIXES = ("/voice-connectors", "/phone-numbers", "/sip-media-applications", "/sip-rules")


class Chime:
    name = VENDOR

    def __init__(self, store: Store, switches: Switches) -> None:
        self._store, self._switches = store, switches
        self._routes: Routes[Endpoint] = Routes(ROUTES, unknown)

    def owns(self, path: str) -> bool:
        """`/` is STS; `/tags/…` would be another service's."""
        return path in {"/", "/tags"} or any(path == each or path.startswith(f"{each}/") for each in _PREFIXES)

    def serve(self, call: Call) -> Answer:
        sts = call.path == "/"
        try:
            asker = authenticate(call)
            if sts:
                return self._of_the_account(call, asker)
            if asker.service != "chime":
                raise Refusal(
                    403, "InvalidSignatureException", "Credential should be scoped to correct service: 'chime'."
                )
            endpoint, ids = self._routes.find(call)
            with self._store.transaction():
                return answers.named_request(call, endpoint(call, self._voice(asker), *ids))
        except Refusal as refusal:
            xml = sts and "x-amz-target" not in call.headers
            return answers.refuse_in_xml(refusal, call) if xml else answers.refuse(refusal, call)
        except Wrong as wrong:
            return answers.refuse(Refusal(400, "BadRequestException", str(wrong)), call)

    def _of_the_account(self, call: Call, asker: Asker) -> Answer:
        """Services without a path, told apart by the credential's scope."""
        if asker.service == "servicequotas":
            return answers.named_request(call, quota.served(call, self._store, asker))
        return answers.identity(call, asker)

    def _voice(self, asker: Asker) -> Voice:
        return Voice(self._store, asker, str(self._switches["chime.associations"]))

    def refusal(self, status: int) -> Answer:
        return answers.staged(status)

    def seed(self, account: str, document: Seed) -> None:
        only(document, ("numbers", "functions"), "collection")
        own = Voice(self._store, Asker(answers.account(account), "us-east-1", "chime"))
        for raw in document.get("functions", []):
            try:
                given = shapes.read(raw, media.FUNCTION, ("name",))
            except Wrong as error:
                raise ValueError(f"chime: {error}") from error
            self._store.shelf(VENDOR, answers.account(account).id, "functions").put(given["name"], given)
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
            "applications": [
                {**each["application"], "Tags": each["tags"]} for each in self._store.everywhere(VENDOR, "applications")
            ],
            "rules": [media.shown(each) for each in self._store.everywhere(VENDOR, "rules")],
            "functions": list(self._store.everywhere(VENDOR, "functions")),
        }

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
