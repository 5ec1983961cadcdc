"""The flow language, version 2019-10-30: what PUBLISHED checks, and what a call meets.

Sources: AWS's pages on flow actions, the export of a console, and what two projects saw the live API refuse (Sep 2026). They
name two things differently; a flow may follow either, but not both.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from sandbox.exchange import JsonObject, is_array, is_object

TRANSFER, HANG_UP = "TransferParticipantToThirdParty", "DisconnectParticipant"
_NAMES = {
    "CallTransferConnector": "ThirdPartyConnectionTimeLimitSeconds",
    "ChimeConnector": "ThirdPartyConnectionTimeoutSeconds",
}
#: With ContinueFlowExecution a flow must say what follows each way in which a transfer ends.
_ERRORS = {"True": {"CallFailed", "ConnectionTimeLimitExceeded", "NoMatchingError"}, "False": {"NoMatchingError"}}
_CONNECTOR = {"VoiceConnectorType", "VoiceConnectorArn", "FromUser", "ToUser"}


class Problem(Exception):
    """Why a flow cannot be published."""


@dataclass(frozen=True)
class Transfer:
    arn: str
    to: str
    caller: str
    context: str


def parsed(content: str) -> dict[str, JsonObject]:
    """Actions by identifier; the first is under the empty name. Raises Problem."""
    try:
        flow = json.loads(content)
    except ValueError:
        raise Problem("the content is not JSON") from None
    if not is_object(flow) or flow.get("Version") != "2019-10-30" or not is_array(flow.get("Actions")):
        raise Problem("Version must be 2019-10-30, and Actions a list")
    actions: dict[str, JsonObject] = {}
    for each in flow["Actions"]:
        if not is_object(each) or {"Identifier", "Type", "Parameters", "Transitions"} - set(each):
            raise Problem("an action has Identifier, Type, Parameters and Transitions")
        if each["Identifier"] in actions:
            raise Problem(f"action {each['Identifier']} stands twice")
        actions[each["Identifier"]] = each
    for each in actions.values():
        _check(each, actions)
    if flow.get("StartAction") not in actions:
        raise Problem("StartAction names no action")
    return {"": actions[flow["StartAction"]], **actions}


def _check(action: JsonObject, actions: dict[str, JsonObject]) -> None:
    leads = action["Transitions"]
    failed: list[JsonObject] = leads.get("Errors", [])
    for name in [*([leads["NextAction"]] if "NextAction" in leads else []), *(each["NextAction"] for each in failed)]:
        if name not in actions:
            raise Problem(f"action {action['Identifier']} goes on to {name}, which is no action")
    if action["Type"] == TRANSFER:
        _check_transfer(action["Parameters"], {str(each["ErrorType"]) for each in failed}, leads)


def _check_transfer(given: JsonObject, errors: set[str], leads: JsonObject) -> None:
    connector = given.get("VoiceConnector")
    if not is_object(connector) or set(connector) - {"UserToUserInformation"} != _CONNECTOR:
        raise Problem(f"{TRANSFER}: VoiceConnector has {', '.join(sorted(_CONNECTOR))}")
    texts = [*connector.values(), *(value for name, value in given.items() if name != "VoiceConnector")]
    if not all(isinstance(value, str) and value for value in texts):
        raise Problem(f"{TRANSFER}: every parameter is text")
    limit = _NAMES.get(connector["VoiceConnectorType"])
    if limit is None or set(given) != {"VoiceConnector", "ContinueFlowExecution", limit}:
        raise Problem(
            f"{TRANSFER}: VoiceConnectorType, time limit and ContinueFlowExecution are required, in one spelling"
        )
    if not re.fullmatch(r"\d{1,3}", given[limit]) or int(given[limit]) > 600:
        raise Problem(f"{TRANSFER}: {limit} is 0 to 600")
    if errors != _ERRORS.get(given["ContinueFlowExecution"]) or "NextAction" not in leads:
        raise Problem(f"{TRANSFER}: the errors are not those that ContinueFlowExecution asks for")


def transfer(content: str) -> Transfer | None:
    """What becomes of a call; None where it is not transferred to a connector at once."""
    first = parsed(content)[""]
    if first["Type"] != TRANSFER:
        return None
    way = first["Parameters"]["VoiceConnector"]
    return Transfer(
        way["VoiceConnectorArn"], way["ToUser"], way["FromUser"], str(way.get("UserToUserInformation") or "")
    )


def arns(content: str) -> list[str]:
    """The connectors that a flow names."""
    each = parsed(content).values()
    return [str(one["Parameters"]["VoiceConnector"]["VoiceConnectorArn"]) for one in each if one["Type"] == TRANSFER]
