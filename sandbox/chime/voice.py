"""The Voice API of one account in one region: connectors are a region's, numbers the account's."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any

from sandbox import stock
from sandbox.aws import quota
from sandbox.aws.account import Asker, Refusal
from sandbox.exchange import JsonObject
from sandbox.shapes import Model, Shape, array, choice, flag, invalid, record, text, whole
from sandbox.store import Shelf, Store

VENDOR = "chime"
REGIONS = (
    "us-east-1", "us-west-2", "ca-central-1", "eu-central-1", "eu-west-1", "eu-west-2", "ap-northeast-1",
    "ap-northeast-2", "ap-southeast-1", "ap-southeast-2",
)  # fmt: skip
#: Where Amazon's own samples ask for numbers and put them on connectors.
NUMBERS_REGION = "us-east-1"
#: Fictional, and always the same: when everything here was made.
CREATED = "2026-11-01T09:00:00Z"
#: The kind of connector that Amazon Connect transfers calls to.
TRANSFER = "CONNECT_CALL_TRANSFER_CONNECTOR"
NAME = text(1, 256, r"[a-zA-Z0-9 _.-]+")
TAG = record({"Key": text(1, 128), "Value": text(0, 256)}, ("Key", "Value"))
ROUTE_FIELDS: Model = {
    "Host": text(1, 253),
    "Port": whole(0, 65535),
    "Protocol": choice("TCP", "UDP"),
    "Priority": whole(1, 100),
    "Weight": whole(1, 100),
}
CREATE: Model = {
    "Name": NAME,
    "RequireEncryption": flag,
    "AwsRegion": choice(*REGIONS),
    "Tags": array(TAG, 1),
    "IntegrationType": choice(TRANSFER, "CONNECT_ANALYTICS_CONNECTOR"),
    "NetworkType": choice("IPV4_ONLY", "DUAL_STACK"),
}
UPDATE: Model = {"Name": NAME, "RequireEncryption": flag}


def _routes(value: Any, pointer: str) -> list[JsonObject]:
    found = array(record(ROUTE_FIELDS, ("Host", "Protocol", "Priority", "Weight")))(value, pointer)
    if len(found) > 20:
        raise invalid(pointer, "expected at most 20")
    return [{"Port": 5060, **each} for each in found]


def _origination(value: Any, pointer: str) -> JsonObject:
    found = record({"Routes": _routes, "Disabled": flag})(value, pointer)
    if not found:
        raise invalid(pointer, "expected Routes or Disabled")
    return {"Routes": [], "Disabled": False, **found}


ORIGINATION: Model = {"Origination": _origination}
E164 = text(1, 16, r"\+?[1-9]\d{1,14}")
NUMBERS: Shape = array(E164, 1)


class Voice:
    def __init__(self, store: Store, asker: Asker, associations: str = "numbers") -> None:
        self.store, self.asker = store, asker
        self._store, self._region, self._account = store, asker.region, asker.account
        self._associations = associations
        self._connectors = store.shelf(VENDOR, asker.account.id, "connectors")
        self._applications = store.shelf(VENDOR, asker.account.id, "applications")
        self.numbers = store.shelf(VENDOR, asker.account.id, "numbers")

    # -- connectors ------------------------------------------------------------------------------------------------

    def create(self, wanted: JsonObject) -> JsonObject:
        """Names are not unique. Unverified: an endpoint of one region that is asked for another one's connector."""
        region = wanted.get("AwsRegion", "us-east-1")
        if region != self._region:
            raise Refusal(400, "BadRequestException", "AwsRegion is not the region of this endpoint")
        self._require_granted(wanted.get("IntegrationType"))
        self._store.count("chime.connectors")
        made = self._store.setting("chime.serial", 0) + 1
        self._store.set("chime.serial", made)
        id = hashlib.sha256(f"connector {made}".encode()).hexdigest()[:22]
        document: JsonObject = {
            "VoiceConnectorId": id,
            "AwsRegion": region,
            "Name": wanted["Name"],
            "OutboundHostName": f"{id}.voiceconnector.chime.aws",
            "RequireEncryption": wanted["RequireEncryption"],
            "CreatedTimestamp": CREATED,
            "UpdatedTimestamp": CREATED,
            "VoiceConnectorArn": f"arn:aws:chime:{region}:{self._account.id}:vc/{id}",
            "NetworkType": wanted.get("NetworkType", "IPV4_ONLY"),
            **({"IntegrationType": wanted["IntegrationType"]} if wanted.get("IntegrationType") else {}),
        }
        tags = {tag["Key"]: tag["Value"] for tag in wanted.get("Tags", [])}
        self._connectors.put(id, {"connector": document, "tags": tags})
        return document

    def _require_granted(self, kind: str | None) -> None:
        """A kind of connector for another service is one that AWS grants; so many of it, and none to begin with."""
        if kind is None:
            return
        granted = quota.granted(self._store, self._account.id, self._region) if kind == TRANSFER else 0
        if not granted:
            raise Refusal(403, "AccessDeniedException", "IntegrationType is not enabled for this account")
        if sum(each.get("IntegrationType") == kind for each in self.listed()) >= granted:
            raise Refusal(400, "ResourceLimitExceededException", "no more connectors of this kind are granted")

    def _connector(self, id: str) -> JsonObject:
        found = self._connectors.get(id)
        if found is None or found["connector"]["AwsRegion"] != self._region:
            raise Refusal(404, "NotFoundException", f"Voice Connector {id} was not found")
        return found

    def _require_associable(self, id: str) -> None:
        """Where numbers are, connectors of every region are known, or each in its own: nothing documents it."""
        if self._associations == "connectors":
            self._connector(id)
        elif self._region != NUMBERS_REGION or self._connectors.get(id) is None:
            raise Refusal(404, "NotFoundException", f"Voice Connector {id} was not found")

    def get(self, id: str) -> JsonObject:
        return self._connector(id)["connector"]

    def listed(self) -> list[JsonObject]:
        every = (each["connector"] for each in self._connectors.all())
        return [each for each in every if each["AwsRegion"] == self._region]

    def update(self, id: str, wanted: JsonObject) -> JsonObject:
        found = self._connector(id)
        found["connector"].update(wanted)
        self._connectors.put(id, found)
        return found["connector"]

    def delete(self, id: str) -> None:
        self._connector(id)
        if any(connector_of(number) == id for number in self.numbers.all()):
            raise Refusal(409, "ConflictException", "phone numbers are associated with the Voice Connector")
        if any(each["arn"].endswith(f"/{id}") for each in self._store.everywhere("connect", "integrations")):
            raise Refusal(
                409, "ConflictException", "an instance of Amazon Connect is associated with the Voice Connector"
            )
        self._connectors.remove(id)

    def origination(self, id: str) -> JsonObject:
        if (found := self._connector(id).get("origination")) is None:
            raise Refusal(404, "NotFoundException", "the Voice Connector has no origination")
        return found

    def originate(self, id: str, wanted: JsonObject | None) -> None:
        found = self._connector(id)
        found.pop("origination", None)
        if wanted is not None:
            found["origination"] = wanted
        self._connectors.put(id, found)

    # -- tags --------------------------------------------------------------------------------------------------------

    def _tagged(self, arn: str) -> tuple[Shelf, str, JsonObject]:
        """A connector or a SIP media application of this region; rules have no ARN."""
        match = re.fullmatch(r"arn:aws:chime:([a-z0-9-]+):(\d{12}):(vc|sma)/([a-z0-9-]+)", arn)
        if match and (match[1], match[2]) == (self._region, self._account.id):
            shelf = self._connectors if match[3] == "vc" else self._applications
            found = shelf.get(match[4])
            if found and found["connector" if match[3] == "vc" else "application"]["AwsRegion"] == self._region:
                return shelf, match[4], found
        raise Refusal(404, "NotFoundException", f"{arn} was not found")

    def tags(self, arn: str) -> list[JsonObject]:
        return [{"Key": key, "Value": value} for key, value in self._tagged(arn)[2]["tags"].items()]

    def tag(self, arn: str, tags: Mapping[str, str]) -> None:
        shelf, id, found = self._tagged(arn)
        found["tags"].update(tags)
        if len(found["tags"]) > 50:
            raise Refusal(400, "ResourceLimitExceededException", "a resource has at most 50 tags")
        shelf.put(id, found)

    def untag(self, arn: str, keys: list[str]) -> None:
        shelf, id, found = self._tagged(arn)
        found["tags"] = {key: value for key, value in found["tags"].items() if key not in keys}
        shelf.put(id, found)

    # -- numbers -----------------------------------------------------------------------------------------------------

    def add(self, number: JsonObject) -> None:
        self.numbers.put(number["phone_number"], number, number["phone_number"])

    def shown(self, number: JsonObject) -> JsonObject:
        return view(number, self._account.id)

    def number(self, id: str) -> JsonObject:
        """By the number; what came back percent-encoded and is encoded once more is no number."""
        found = self.numbers.get(id if id.startswith("+") else f"+{id}")
        if found is None:
            raise Refusal(404, "NotFoundException", f"Phone number {id} was not found")
        return found

    def associate(self, id: str, numbers: list[str], force: bool) -> list[JsonObject]:
        """A 200 that tells for each number what stood in the way."""
        self._require_associable(id)
        failed: list[JsonObject] = []
        for e164 in numbers:
            found = self.numbers.get(e164)
            if found is None:
                failed.append(_failed(e164, "NotFound", "the phone number was not found"))
            elif found["product_type"] != "VoiceConnector":
                failed.append(_failed(e164, "Unprocessable", "the product type of the number is not VoiceConnector"))
            elif (by := connector_of(found)) not in {"", id} and not force:
                failed.append(_failed(e164, "PhoneNumberAssociationsExist", f"it is associated with {by}"))
            else:
                self.add({**found, "connector": id})
        return failed

    def disassociate(self, id: str, numbers: list[str]) -> list[JsonObject]:
        self._require_associable(id)
        failed: list[JsonObject] = []
        for e164 in numbers:
            found = self.numbers.get(e164)
            if found is None or connector_of(found) != id:
                failed.append(_failed(e164, "NotFound", "the phone number is not associated with the Voice Connector"))
            else:
                self.add({**found, "connector": ""})
        return failed


def connector_of(number: JsonObject) -> str:
    return str(number.get("connector") or "")


def _failed(e164: str, code: str, message: str) -> JsonObject:
    return {"PhoneNumberId": e164.replace("+", "%2B"), "ErrorCode": code, "ErrorMessage": message}


def view(number: JsonObject, account: str) -> JsonObject:
    """What an answer shows; the id is percent-encoded, as in AWS's own examples."""
    e164, by = number["phone_number"], connector_of(number)
    links = [{"Value": by, "Name": "VoiceConnectorId", "AssociatedTimestamp": CREATED}] if by else []
    if rule := number.get("sip_rule"):
        links.append({"Value": rule, "Name": "SipRuleId", "AssociatedTimestamp": CREATED})
    return {
        "PhoneNumberId": e164.replace("+", "%2B"),
        "PhoneNumberArn": f"arn:aws:chime::{account}:phone-number/{e164}",
        "E164PhoneNumber": e164,
        "Country": stock.country(e164),
        "Type": "TollFree" if stock.kind(e164) == "toll_free" else "Local",
        "ProductType": number["product_type"],
        "Status": number.get("status") or ("Assigned" if links else "Unassigned"),
        "Capabilities": {"InboundCall": True, "OutboundCall": True},
        "Associations": links,
        "CreatedTimestamp": CREATED,
        "UpdatedTimestamp": CREATED,
    }


SEED: Model = {
    "phone_number": text(1, 16, r"\+[1-9]\d{1,14}"),
    "product_type": choice("VoiceConnector", "SipMediaApplicationDialIn"),
    "status": text(1),
    "sip_rule": text(1),
}
