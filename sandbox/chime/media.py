"""SIP media applications and SIP rules: which Lambda is asked about a call, and what it is asked for.

A rule belongs to the endpoint's region, its targets to theirs. Sources: the API's model, AWS's pages (read 2026-11-28).
"""

from __future__ import annotations

import hashlib
from typing import Any

from sandbox.aws.account import Asker, Refusal
from sandbox.chime.voice import CREATED, NAME, REGIONS, TAG, VENDOR
from sandbox.exchange import JsonObject
from sandbox.shapes import Model, array, choice, flag, invalid, record, text, whole
from sandbox.store import Store

DIAL_IN = "SipMediaApplicationDialIn"
_ARN = r"arn:aws:lambda:[a-z]{2}-[a-z]+-\d:\d{12}:function:[a-zA-Z0-9-_]+(:(\$LATEST|[a-zA-Z0-9-_]+))?"
LAMBDA = text(1, 10000, _ARN)


def _endpoints(value: Any, pointer: str) -> list[JsonObject]:
    found = array(record({"LambdaArn": LAMBDA}, ("LambdaArn",)), 1)(value, pointer)
    if len(found) > 1:
        raise invalid(pointer, "expected 1")
    return found


def _targets(value: Any, pointer: str) -> list[JsonObject]:
    """One application of a region at most."""
    fields: Model = {"SipMediaApplicationId": text(1), "Priority": whole(1), "AwsRegion": choice(*REGIONS)}
    found = array(record(fields, tuple(fields)), 1)(value, pointer)
    if len(found) > 25 or len({each["AwsRegion"] for each in found}) < len(found):
        raise invalid(pointer, "expected at most 25, and one of a region")
    return found


CREATE: Model = {"AwsRegion": choice(*REGIONS), "Name": NAME, "Endpoints": _endpoints, "Tags": array(TAG, 1)}
UPDATE: Model = {"Name": NAME, "Endpoints": _endpoints}
UPDATE_RULE: Model = {"Name": NAME, "Disabled": flag, "TargetApplications": _targets}
CREATE_RULE: Model = {
    **UPDATE_RULE, "TriggerType": choice("ToPhoneNumber", "RequestUriHostname"), "TriggerValue": text(1),
}  # fmt: skip
#: A Lambda that somebody has deployed, and the connector that it bridges to.
FUNCTION: Model = {"name": LAMBDA, "connector": text(1, 200, r"arn:aws:chime:[a-z0-9-]+:\d{12}:vc/[a-z0-9-]+")}


class Media:
    def __init__(self, store: Store, asker: Asker) -> None:
        self._store, self._region, self._account = store, asker.region, asker.account.id
        self._applications = store.shelf(VENDOR, self._account, "applications")
        self._rules = store.shelf(VENDOR, self._account, "rules")
        self._numbers = store.shelf(VENDOR, self._account, "numbers")

    def _id(self, what: str) -> str:
        made = self._store.setting("chime.serial", 0) + 1
        self._store.set("chime.serial", made)
        hexed = hashlib.sha256(f"{what} {made}".encode()).hexdigest()
        return "-".join((hexed[:8], hexed[8:12], hexed[12:16], hexed[16:20], hexed[20:32]))

    # -- applications ------------------------------------------------------------------------------------------------

    def create(self, wanted: JsonObject) -> JsonObject:
        if wanted["AwsRegion"] != self._region:
            raise Refusal(400, "BadRequestException", "AwsRegion is not the region of this endpoint")
        self._require_here(wanted["Endpoints"])
        self._store.count("chime.applications")
        id = self._id("application")
        document: JsonObject = {
            "SipMediaApplicationId": id,
            "AwsRegion": self._region,
            "Name": wanted["Name"],
            "Endpoints": wanted["Endpoints"],
            "CreatedTimestamp": CREATED,
            "UpdatedTimestamp": CREATED,
            "SipMediaApplicationArn": f"arn:aws:chime:{self._region}:{self._account}:sma/{id}",
        }
        tags = {tag["Key"]: tag["Value"] for tag in wanted.get("Tags", [])}
        self._applications.put(id, {"application": document, "tags": tags})
        return document

    def _require_here(self, endpoints: list[JsonObject]) -> None:
        """The Lambda is of the application's region."""
        if endpoints[0]["LambdaArn"].split(":")[3] != self._region:
            raise Refusal(400, "BadRequestException", "the Lambda function is in another region")

    def listed(self) -> list[JsonObject]:
        every = (each["application"] for each in self._applications.all())
        return [each for each in every if each["AwsRegion"] == self._region]

    def application(self, id: str) -> JsonObject:
        found = self._applications.get(id)
        if found is None or found["application"]["AwsRegion"] != self._region:
            raise Refusal(404, "NotFoundException", f"SIP media application {id} was not found")
        return found

    def update(self, id: str, wanted: JsonObject) -> JsonObject:
        found = self.application(id)
        self._require_here(wanted.get("Endpoints", found["application"]["Endpoints"]))
        found["application"].update(wanted)
        self._applications.put(id, found)
        return found["application"]

    def delete(self, id: str) -> None:
        self.application(id)
        if any(id in _aimed(rule) for rule in self._rules.all()):
            raise Refusal(409, "ConflictException", "a SIP rule has the SIP media application as a target")
        self._applications.remove(id)

    # -- rules -------------------------------------------------------------------------------------------------------

    def create_rule(self, wanted: JsonObject) -> JsonObject:
        """Unverified: what else Amazon asks of the number, and which of its endpoints know the rule."""
        trigger = (wanted["TriggerType"], wanted["TriggerValue"])
        if any((each["TriggerType"], each["TriggerValue"]) == trigger for each in self._rules.all()):
            raise Refusal(409, "ConflictException", "another SIP rule has this trigger")
        number = self._numbers.get(wanted["TriggerValue"]) if trigger[0] == "ToPhoneNumber" else None
        if trigger[0] == "ToPhoneNumber" and (number is None or number["product_type"] != DIAL_IN):
            raise Refusal(400, "BadRequestException", f"{trigger[1]} is no number of this account for SIP rules")
        self._require_known(wanted["TargetApplications"])
        self._store.count("chime.rules")
        id = self._id("rule")
        rule: JsonObject = {
            "SipRuleId": id,
            "Disabled": False,
            **wanted,
            "CreatedTimestamp": CREATED,
            "UpdatedTimestamp": CREATED,
        }
        self._rules.put(id, {**rule, "region": self._region})
        if number is not None:
            self._numbers.put(trigger[1], {**number, "sip_rule": id}, trigger[1])
        return rule

    def _require_known(self, targets: list[JsonObject]) -> None:
        for each in targets:
            found = self._applications.get(each["SipMediaApplicationId"])
            if found is None or found["application"]["AwsRegion"] != each["AwsRegion"]:
                raise Refusal(400, "BadRequestException", f"no such SIP media application in {each['AwsRegion']}")

    def rules(self, application: str) -> list[JsonObject]:
        found = [each for each in self._rules.all() if each["region"] == self._region]
        return [shown(each) for each in found if application in {"", *_aimed(each)}]

    def rule(self, id: str) -> JsonObject:
        found = self._rules.get(id)
        if found is None or found["region"] != self._region:
            raise Refusal(404, "NotFoundException", f"SIP rule {id} was not found")
        return found

    def update_rule(self, id: str, wanted: JsonObject) -> JsonObject:
        found = self.rule(id)
        self._require_known(wanted.get("TargetApplications", []))
        self._rules.put(id, {**found, **wanted})
        return shown(self.rule(id))

    def delete_rule(self, id: str) -> None:
        found = self.rule(id)
        if not found["Disabled"]:
            raise Refusal(409, "ConflictException", "a SIP rule that is enabled cannot be deleted")
        self._rules.remove(id)
        if number := self._numbers.get(found["TriggerValue"]):
            kept = {name: value for name, value in number.items() if name != "sip_rule"}
            self._numbers.put(found["TriggerValue"], kept, found["TriggerValue"])


def shown(rule: JsonObject) -> JsonObject:
    return {name: value for name, value in rule.items() if name != "region"}


def _aimed(rule: JsonObject) -> set[str]:
    return {each["SipMediaApplicationId"] for each in rule["TargetApplications"]}
