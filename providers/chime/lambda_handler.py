"""Amazon's SIP media application asks this Lambda about every call: it bridges callers to a Voice Connector.

CONNECTOR_ARN is the connector, SECONDS how long it may ring. Nothing else is needed, and nothing of a call is kept.
"""

from __future__ import annotations

import os
from typing import Any


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Answer an event with what is to be done."""
    kind = event.get("InvocationEventType")
    people: list[dict[str, Any]] = event["CallDetails"].get("Participants") or []
    if kind == "NEW_INBOUND_CALL":
        return _do(_bridge(people[0]))
    failed: dict[str, Any] = event.get("ActionData") or {}
    if kind != "HANGUP":
        print("told of:", kind, failed.get("Type", ""), failed.get("ErrorType", ""))  # noqa: T201
    bridging = kind == "INVALID_LAMBDA_RESPONSE" or (kind == "ACTION_FAILED" and failed.get("Type") != "Hangup")
    if kind == "HANGUP" or bridging:
        # One leg is left: without this it would stay, and be billed.
        return _do(*(_hang_up(each, "480" if bridging else "0") for each in people if _connected(each)))
    return _do()


def _bridge(caller: dict[str, Any]) -> dict[str, Any]:
    if not (connector := os.environ.get("CONNECTOR_ARN", "")):
        print("CONNECTOR_ARN is not set: no call is bridged")  # noqa: T201
        return _hang_up(caller, "480")
    # The caller's own number; where they hide it, the number that they dialled, which is one of the account.
    shown = str(caller.get("From") or "")
    parameters: dict[str, Any] = {
        "CallTimeoutSeconds": int(os.environ.get("SECONDS") or 30),
        "CallerIdNumber": shown if shown.startswith("+") else caller["To"],
        "Endpoints": [{"BridgeEndpointType": "AWS", "Arn": connector, "Uri": caller["To"]}],
    }
    return {"Type": "CallAndBridge", "Parameters": parameters}


def _connected(each: dict[str, Any]) -> bool:
    return each.get("Status") != "Disconnected"


def _hang_up(each: dict[str, Any], code: str) -> dict[str, Any]:
    return {"Type": "Hangup", "Parameters": {"CallId": each["CallId"], "SipResponseCode": code}}


def _do(*actions: dict[str, Any]) -> dict[str, Any]:
    return {"SchemaVersion": "1.0", "Actions": list(actions)}
