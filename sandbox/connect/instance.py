"""One account's instances in one region: numbers, flows, the flow of each number, integrations, tags."""

from __future__ import annotations

import hashlib
import uuid
from typing import Any

from sandbox import stock
from sandbox.aws.account import Asker, Refusal
from sandbox.connect import language
from sandbox.exchange import JsonObject
from sandbox.shapes import Model, choice, text
from sandbox.store import Store

VENDOR = "connect"
REGIONS = (
    "us-east-1", "us-west-2", "ca-central-1", "eu-central-1", "eu-west-2", "ap-northeast-1", "ap-northeast-2",
    "ap-southeast-1", "ap-southeast-2",
)  # fmt: skip
#: Fictional, and always the same: when everything here was made.
CREATED = 1793523600.0
#: Characters of a flow's content, and flows of an instance that are here enough to have a limit.
_MOST_CONTENT, _MOST_FLOWS = 256_000, 100
INTEGRATION = "CALL_TRANSFER_CONNECTOR"
TYPES = ("CONTACT_FLOW", "CUSTOMER_QUEUE", "CUSTOMER_HOLD", "CUSTOMER_WHISPER", "AGENT_HOLD", "AGENT_WHISPER",
         "OUTBOUND_WHISPER", "AGENT_TRANSFER", "QUEUE_TRANSFER", "CAMPAIGN")  # fmt: skip
_NAME = text(1, 127)


def tags(value: Any, pointer: str) -> dict[str, str]:
    """A map of at most 50; a key has no ``aws:`` before it."""
    if not isinstance(value, dict) or not 1 <= len(value) <= 50:  # pyright: ignore[reportUnknownArgumentType]
        raise Refusal(400, "InvalidParameterException", f"{pointer}: expected 1 to 50 tags")
    found: dict[str, str] = {}
    for key, each in value.items():  # pyright: ignore[reportUnknownVariableType]
        name = text(1, 128, r"(?!aws:)[\w .:/=+@-]*")(key, pointer)
        found[name] = text(0, 256)(each, pointer)
    return found


CREATE_FLOW: Model = {
    "Name": _NAME,
    "Type": choice(*TYPES),
    "Content": text(1, _MOST_CONTENT),
    "Description": text(0, 500),
    "Status": choice("PUBLISHED", "SAVED"),
    "Tags": tags,
}
CONTENT: Model = {"Content": text(1, _MOST_CONTENT)}
METADATA: Model = {"Name": _NAME, "Description": text(0, 500), "ContactFlowState": choice("ACTIVE", "ARCHIVED")}
INTEGRATE: Model = {
    "IntegrationType": choice(INTEGRATION, "ANALYTICS_CONNECTOR", "APPLICATION", "CASES_DOMAIN", "EVENT"),
    "IntegrationArn": text(1, 2048),
    "Tags": tags,
}
ASSOCIATE: Model = {"InstanceId": text(1, 100), "ContactFlowId": text(1, 500)}
TAG: Model = {"tags": tags}
SEED_INSTANCE: Model = {"id": text(36, 36), "alias": text(1, 45), "region": choice(*REGIONS)}
SEED_NUMBER: Model = {
    "phone_number": text(1, 16, r"\+[1-9]\d{1,14}"),
    "instance": text(36, 36),
    "region": choice(*REGIONS),
    "flow": text(36, 36),
    "status": choice("CLAIMED", "IN_PROGRESS", "FAILED"),
    "target": text(1),
}
SEED_FLOW: Model = {"id": text(36, 36), "name": _NAME, "instance": text(36, 36), "content": text(1), "tags": tags}


class Connect:
    """What an account sees in a region."""

    def __init__(self, store: Store, asker: Asker) -> None:
        self._store, self._region, self._account = store, asker.region, asker.account.id
        self.instances = store.shelf(VENDOR, self._account, "instances")
        self.numbers = store.shelf(VENDOR, self._account, "numbers")
        self.flows = store.shelf(VENDOR, self._account, "flows")
        self.integrations = store.shelf(VENDOR, self._account, "integrations")

    def arn(self, *path: str) -> str:
        return f"arn:aws:connect:{self._region}:{self._account}:{'/'.join(path)}"

    def _made(self, kind: str) -> str:
        serial = self._store.setting(f"connect.{kind}", 0) + 1
        self._store.set(f"connect.{kind}", serial)
        self._store.count(f"connect.{kind}")
        return named(f"{kind} {serial}")

    # -- instances ---------------------------------------------------------------------------------------------------

    def instance(self, id: str) -> JsonObject:
        found = self.instances.get(id)
        if found is None or found["region"] != self._region:
            raise Refusal(404, "ResourceNotFoundException", f"Instance {id} was not found")
        return found

    def listed_instances(self) -> list[JsonObject]:
        return [
            {
                "Id": each["id"],
                "Arn": self.arn("instance", each["id"]),
                "IdentityManagementType": "CONNECT_MANAGED",
                "InstanceAlias": each["alias"],
                "CreatedTime": CREATED,
                "InstanceStatus": "ACTIVE",
                "InboundCallsEnabled": True,
                "OutboundCallsEnabled": True,
            }
            for each in self.instances.all()
            if each["region"] == self._region
        ]

    # -- numbers -----------------------------------------------------------------------------------------------------

    def number(self, id: str) -> JsonObject:
        """By its id or its ARN."""
        found = self.numbers.get(id.rpartition("/")[2])
        if found is None or self.instances.get(found["instance"]) is None:
            raise Refusal(404, "ResourceNotFoundException", f"Phone number {id} was not found")
        self.instance(found["instance"])
        return found

    def claimed(self, number: JsonObject) -> JsonObject:
        e164, target = number["phone_number"], number.get("target")
        return {
            "PhoneNumberId": number["id"],
            "PhoneNumberArn": self.arn("phone-number", number["id"]),
            "PhoneNumber": e164,
            "PhoneNumberCountryCode": stock.country(e164),
            "PhoneNumberType": _kind(e164),
            "TargetArn": target or self.arn("instance", number["instance"]),
            "InstanceId": number["instance"],
            "Tags": {},
            "PhoneNumberStatus": {"Status": number.get("status", "CLAIMED")},
        }

    def listed_numbers(self, instance: str) -> list[JsonObject]:
        """The ARN here is the older form, with the instance in it."""
        self.instance(instance)
        return [
            {
                "Id": each["id"],
                "Arn": self.arn("instance", instance, "phone-number", each["id"]),
                "PhoneNumber": each["phone_number"],
                "PhoneNumberType": _kind(each["phone_number"]),
                "PhoneNumberCountryCode": stock.country(each["phone_number"]),
            }
            for each in self.numbers.all()
            if each["instance"] == instance
        ]

    def associate(self, id: str, instance: str, flow: str) -> None:
        """An earlier flow is replaced without a word (unverified)."""
        number = self.number(id)
        if number["instance"] != instance:
            raise Refusal(404, "ResourceNotFoundException", "the phone number is not claimed to this instance")
        if number.get("status", "CLAIMED") != "CLAIMED":
            raise Refusal(400, "InvalidParameterException", "the phone number is not claimed yet")
        found = self.flow(instance, flow)
        if found["type"] != "CONTACT_FLOW" or found["status"] != "PUBLISHED" or found["state"] != "ACTIVE":
            raise Refusal(400, "InvalidParameterException", "a number takes a published, active inbound flow")
        self.numbers.put(number["id"], {**number, "flow": found["id"]}, number["phone_number"])

    def disassociate(self, id: str, instance: str) -> None:
        number = self.number(id)
        if number["instance"] != instance or not number.get("flow"):
            raise Refusal(404, "ResourceNotFoundException", "no flow is associated with the phone number")
        without = {name: value for name, value in number.items() if name != "flow"}
        self.numbers.put(number["id"], without, number["phone_number"])

    def links(self, instance: str) -> list[JsonObject]:
        self.instance(instance)
        return [
            {
                "ResourceId": self.arn("phone-number", each["id"]),
                "FlowId": self.arn("instance", instance, "contact-flow", each["flow"]),
                "ResourceType": "VOICE_PHONE_NUMBER",
            }
            for each in self.numbers.all()
            if each["instance"] == instance and each.get("flow")
        ]

    # -- flows -------------------------------------------------------------------------------------------------------

    def flow(self, instance: str, id: str) -> JsonObject:
        self.instance(instance)
        found = self.flows.get(id.partition(":")[0])
        if found is None or found["instance"] != instance:
            raise Refusal(404, "ResourceNotFoundException", f"Contact flow {id} was not found")
        return found

    def create_flow(self, instance: str, wanted: JsonObject) -> JsonObject:
        self.instance(instance)
        self._name_free(instance, wanted["Name"], "")
        if sum(each["instance"] == instance for each in self.flows.all()) >= _MOST_FLOWS:
            raise Refusal(429, "LimitExceededException", "The allowed limit for the resource has been exceeded.")
        status = wanted.get("Status", "PUBLISHED")
        self._checked(instance, wanted["Content"], published=status == "PUBLISHED")
        flow: JsonObject = {
            "id": self._made("flow"),
            "instance": instance,
            "name": wanted["Name"],
            "type": wanted["Type"],
            "description": wanted.get("Description", ""),
            "status": status,
            "state": "ACTIVE",
            "content": wanted["Content"],
            "tags": wanted.get("Tags", {}),
        }
        self.flows.put(flow["id"], flow)
        return {**flow, "arn": self._flow_arn(flow)}

    def _checked(self, instance: str, content: str, *, published: bool) -> None:
        if not published:
            return
        try:
            arns = language.arns(content)
        except language.Problem as problem:
            raise Refusal(400, "InvalidContactFlowException", str(problem)) from None
        bound = {each["arn"] for each in self.integrations.all() if each["instance"] == instance}
        for arn in arns:
            if arn not in bound:
                said = f"the Voice Connector {arn} is not associated with the instance"
                raise Refusal(400, "InvalidContactFlowException", said)

    def _name_free(self, instance: str, name: str, but: str) -> None:
        for each in self.flows.all():
            if each["instance"] == instance and each["name"] == name and each["id"] != but:
                raise Refusal(409, "DuplicateResourceException", "A resource with the specified name already exists.")

    def write_flow(self, instance: str, id: str, content: str) -> None:
        """With the alias it is saved; else it is published."""
        flow, saved = self.flow(instance, id), id.endswith(":$SAVED")
        self._checked(instance, content, published=not saved)
        if saved and flow["status"] == "PUBLISHED":
            self.flows.put(flow["id"], {**flow, "saved": content})
        else:
            self.flows.put(flow["id"], {**flow, "content": content, "status": flow["status"] if saved else "PUBLISHED"})

    def describe_flow(self, instance: str, id: str, wanted: JsonObject) -> None:
        flow = self.flow(instance, id)
        if "Name" in wanted:
            self._name_free(instance, wanted["Name"], flow["id"])
        names = {"Name": "name", "Description": "description", "ContactFlowState": "state"}
        self.flows.put(flow["id"], {**flow, **{names[name]: value for name, value in wanted.items()}})

    def delete_flow(self, instance: str, id: str) -> None:
        """Refused while a number has it (unverified)."""
        flow = self.flow(instance, id)
        if any(each.get("flow") == flow["id"] for each in self.numbers.all()):
            raise Refusal(400, "InvalidRequestException", "a phone number is associated with the flow")
        self.flows.remove(flow["id"])

    def shown_flow(self, instance: str, id: str) -> JsonObject:
        flow = self.flow(instance, id)
        saved = id.endswith(":$SAVED")
        if flow["status"] == "SAVED" and not saved:
            raise Refusal(404, "ContactFlowNotPublishedException", "The flow has not been published.")
        return self.view({**flow, "content": flow.get("saved", flow["content"]), "status": "SAVED"} if saved else flow)

    def view(self, flow: JsonObject) -> JsonObject:
        return {
            "Arn": self._flow_arn(flow),
            "Id": flow["id"],
            "Name": flow["name"],
            "Type": flow["type"],
            "State": flow["state"],
            "Status": flow["status"],
            "Description": flow["description"],
            "Content": flow["content"],
            "Tags": flow["tags"],
            "FlowContentSha256": hashlib.sha256(flow["content"].encode()).hexdigest(),
        }

    def listed_flows(self, instance: str, kinds: list[str]) -> list[JsonObject]:
        self.instance(instance)
        return [
            {
                "Id": each["id"],
                "Arn": self._flow_arn(each),
                "Name": each["name"],
                "ContactFlowType": each["type"],
                "ContactFlowState": each["state"],
                "ContactFlowStatus": each["status"],
            }
            for each in self.flows.all()
            if each["instance"] == instance and (not kinds or each["type"] in kinds)
        ]

    def _flow_arn(self, flow: JsonObject) -> str:
        return self.arn("instance", flow["instance"], "contact-flow", flow["id"])

    # -- integrations ------------------------------------------------------------------------------------------------

    def integrate(self, instance: str, wanted: JsonObject) -> JsonObject:
        self.instance(instance)
        arn = wanted["IntegrationArn"]
        if wanted["IntegrationType"] != INTEGRATION:
            raise Refusal(400, "InvalidRequestException", "this sandbox knows CALL_TRANSFER_CONNECTOR alone")
        connector = self._store.shelf("chime", self._account, "connectors").get(arn.rpartition("/")[2])
        if (
            connector is None
            or connector["connector"]["VoiceConnectorArn"] != arn
            or connector["connector"].get("IntegrationType") != "CONNECT_CALL_TRANSFER_CONNECTOR"
        ):
            raise Refusal(404, "ResourceNotFoundException", "no Voice Connector for call transfer has this ARN")
        if any(each["arn"] == arn and each["instance"] == instance for each in self.integrations.all()):
            raise Refusal(409, "DuplicateResourceException", "the connector is associated with the instance already")
        made: JsonObject = {
            "id": self._made("integration"), "instance": instance, "arn": arn, "tags": wanted.get("Tags", {}),
        }  # fmt: skip
        self.integrations.put(made["id"], made)
        return made

    def listed_integrations(self, instance: str, kind: str, arn: str) -> list[JsonObject]:
        self.instance(instance)
        return [
            {
                "IntegrationAssociationId": each["id"],
                "IntegrationAssociationArn": self.integration_arn(each),
                "InstanceId": instance,
                "IntegrationType": INTEGRATION,
                "IntegrationArn": each["arn"],
            }
            for each in self.integrations.all()
            if each["instance"] == instance and kind in {"", INTEGRATION} and arn in {"", each["arn"]}
        ]

    def integration_arn(self, integration: JsonObject) -> str:
        return self.arn("instance", integration["instance"], "integration-association", integration["id"])

    def separate(self, instance: str, id: str) -> None:
        found = self.integrations.get(id)
        if found is None or found["instance"] != instance:
            raise Refusal(404, "ResourceNotFoundException", f"Integration association {id} was not found")
        self.integrations.remove(id)

    # -- tags --------------------------------------------------------------------------------------------------------

    def tagged(self, arn: str) -> JsonObject:
        """A flow or an integration; numbers could be tagged too, and are not by anybody here."""
        shelves = {"contact-flow": self.flows, "integration-association": self.integrations}
        kind, _, id = arn.rpartition("/")
        shelf = shelves.get(kind.rpartition("/")[2])
        found = shelf.get(id) if shelf and arn.startswith(self.arn("instance")) else None
        if found is None:
            raise Refusal(404, "ResourceNotFoundException", f"{arn} was not found")
        return found

    def tag(self, arn: str, wanted: dict[str, str], gone: list[str]) -> None:
        found = self.tagged(arn)
        kept = {name: value for name, value in {**found["tags"], **wanted}.items() if name not in gone}
        shelf = self.flows if "content" in found else self.integrations
        shelf.put(found["id"], {**found, "tags": kept})


def named(what: str) -> str:
    """The id of something: always the same."""
    return str(uuid.UUID(hashlib.sha256(what.encode()).hexdigest()[:32]))


def _kind(e164: str) -> str:
    return "TOLL_FREE" if stock.kind(e164) == "toll_free" else "DID"
