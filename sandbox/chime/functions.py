"""The Lambda that a SIP media application asks about a call: what it is told, and what may stand in its answer.

The code is a person's, and not run here: a deployed function answers as the documented CallAndBridge to the one connector it
was told of. AWS's pages on SIP media applications, read 2026-11-28.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sandbox.calling import Unreachable
from sandbox.chime.voice import VENDOR
from sandbox.exchange import JsonObject
from sandbox.shapes import Model, Wrong, array, choice, invalid, read, record, text, whole
from sandbox.store import Store

_E164 = text(1, 16, r"\+?[1-9]\d{1,14}")
_ENDPOINT: Model = {
    "BridgeEndpointType": choice("AWS", "PSTN"),
    "Arn": text(1, 200, r"arn:aws:chime:[a-z0-9-]+:\d{12}:(vc|vcg)/[a-z0-9-]+"),
    "Uri": text(1, 100),
}
_BRIDGE: Model = {
    "CallTimeoutSeconds": whole(1, 120),
    "CallerIdNumber": _E164,
    "SipHeaders": lambda value, pointer: value,
    "RingbackTone": lambda value, pointer: value,
    "Endpoints": array(record(_ENDPOINT, ("BridgeEndpointType", "Uri")), 1),
}
_HANGUP: Model = {"CallId": text(1), "SipResponseCode": text(1), "ParticipantTag": choice("LEG-A", "LEG-B")}


@dataclass(frozen=True)
class Bridge:
    """What CallAndBridge says: the connector's ARN, the user part of the new call, the caller, seconds."""

    arn: str
    uri: str
    caller: str
    seconds: int


def event(kind: str, number: str, caller: str, arn: str, *legs: tuple[str, str]) -> JsonObject:
    """What a function is told: a call comes in, somebody hung up, an action failed. ``legs``: tag and id of each."""
    region, account = arn.split(":")[3:5]
    told = {"To": number, "From": caller, "StartTimeInMilliseconds": "1764000000000", "Status": "Connected"}
    return {
        "SchemaVersion": "1.0",
        "Sequence": 1,
        "InvocationEventType": kind,
        "CallDetails": {
            "TransactionId": "a1b2c3d4-0000-4000-8000-000000000001",
            "AwsAccountId": account,
            "AwsRegion": region,
            "SipRuleId": "a1b2c3d4-0000-4000-8000-000000000002",
            "SipMediaApplicationId": "a1b2c3d4-0000-4000-8000-000000000003",
            "Participants": [
                {**told, "CallId": id, "ParticipantTag": tag, "Direction": "Inbound" if tag == "LEG-A" else "Outbound"}
                for tag, id in legs or (("LEG-A", "call-a"),)
            ],
        },
    }


def answer(arn: str, number: str, caller: str) -> JsonObject:
    """What the documented function answers to NEW_INBOUND_CALL."""
    endpoint = {"BridgeEndpointType": "AWS", "Arn": arn, "Uri": number}
    parameters = {"CallTimeoutSeconds": 30, "CallerIdNumber": caller, "Endpoints": [endpoint]}
    return {"SchemaVersion": "1.0", "Actions": [{"Type": "CallAndBridge", "Parameters": parameters}]}


def actions(answered: Any) -> list[JsonObject]:
    """The actions of an answer, each checked. Raises Wrong."""
    found = read(
        answered,
        {"SchemaVersion": choice("1.0"), "Actions": array(_action), "TransactionAttributes": lambda value, _: value},
        ("SchemaVersion", "Actions"),
    )
    return found["Actions"]


def _action(value: Any, pointer: str) -> JsonObject:
    found = read(
        value,
        {"Type": choice("CallAndBridge", "Hangup"), "Parameters": lambda given, _: given},
        ("Type", "Parameters"),
        pointer,
    )
    model, needed = (_BRIDGE, ("Endpoints",)) if found["Type"] == "CallAndBridge" else (_HANGUP, ())
    read(found["Parameters"], model, needed, f"{pointer}/Parameters")
    if found["Type"] == "CallAndBridge" and len(found["Parameters"]["Endpoints"]) > 1:
        raise invalid(f"{pointer}/Parameters/Endpoints", "expected 1")
    return found


def bridged(answered: Any) -> Bridge:
    """The first action of an answer to a new call. Raises Unreachable for one that bridges to nothing here."""
    try:
        found = actions(answered)
    except Wrong as wrong:
        raise Unreachable("trunk", f"the Lambda's answer is not understood: {wrong}") from wrong
    if not found or found[0]["Type"] != "CallAndBridge":
        raise Unreachable("trunk", "the Lambda does not bridge the call")
    parameters = found[0]["Parameters"]
    endpoint = parameters["Endpoints"][0]
    if endpoint["BridgeEndpointType"] != "AWS" or "Arn" not in endpoint:
        raise Unreachable("trunk", "the Lambda bridges the call to a telephone number, and to no connector")
    seconds, caller = parameters.get("CallTimeoutSeconds", 30), str(parameters.get("CallerIdNumber", ""))
    return Bridge(endpoint["Arn"], endpoint["Uri"], caller, seconds)


def connector(store: Store, account: str, arn: str, tags: JsonObject) -> str:
    """The ARN that a deployed function bridges to: the one it was told of, or, where the seed names none, the connector with
    the tags of the application that asks, as a person would set it. Raises Unreachable.
    """
    found = store.shelf(VENDOR, account, "functions").get(arn)
    if found is None or arn.split(":")[4] != account:
        raise Unreachable("trunk", f"the Lambda {arn} is not deployed, or Amazon may not invoke it")
    if given := found.get("connector"):
        return str(given)
    region = arn.split(":")[3]
    alike = [
        each["connector"]["VoiceConnectorArn"]
        for each in store.shelf(VENDOR, account, "connectors").all()
        if tags and each["tags"] == tags and each["connector"]["AwsRegion"] == region
    ]
    if not alike:
        raise Unreachable("trunk", f"the Lambda {arn} has no connector to bridge to")
    return str(alike[0])
