"""The flow language of Amazon Connect (version 2019-10-30), as far as a flow needs it that transfers calls to a connector.

Consoles export other names for two things than AWS's action pages write (both read 2026-11-28); which of them a live
instance takes was never tried, so both are here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast

VERSION = "2019-10-30"
Spelling = Literal["console", "pages"]
#: VoiceConnectorType, and the name of the seconds until nobody answered.
_NAMES: dict[Spelling, tuple[str, str]] = {
    "console": ("CallTransferConnector", "ThirdPartyConnectionTimeLimitSeconds"),
    "pages": ("ChimeConnector", "ThirdPartyConnectionTimeoutSeconds"),
}
_TRANSFER, _HANG_UP = "TransferParticipantToThirdParty", "DisconnectParticipant"
#: What the far end sees as the caller: who called.
_CALLER = "$.CustomerEndpoint.Address"


@dataclass(frozen=True)
class Transfer:
    """All that the flow does with a call: to which connector, as which number, and what goes with it."""

    connector_arn: str
    to: str
    seconds: int
    #: Text or contact attributes for the header User-to-User; empty: none.
    user_to_user: str = ""
    spelling: Spelling = "console"


def written(transfer: Transfer) -> str:
    """The flow. Parameters are text, booleans too; Connect leaves the call once it is handed over, and is paid no longer."""
    kind, limit = _NAMES[transfer.spelling]
    connector = {
        "VoiceConnectorType": kind,
        "VoiceConnectorArn": transfer.connector_arn,
        "FromUser": _CALLER,
        "ToUser": transfer.to,
        **({"UserToUserInformation": transfer.user_to_user} if transfer.user_to_user else {}),
    }
    parameters = {limit: str(transfer.seconds), "ContinueFlowExecution": "False", "VoiceConnector": connector}
    leads = {"NextAction": "end", "Errors": [{"NextAction": "end", "ErrorType": "NoMatchingError"}]}
    actions: list[dict[str, Any]] = [
        {"Identifier": "to-xai", "Type": _TRANSFER, "Parameters": parameters, "Transitions": leads},
        {"Identifier": "end", "Type": _HANG_UP, "Parameters": {}, "Transitions": {}},
    ]
    return json.dumps({"Version": VERSION, "StartAction": "to-xai", "Metadata": {}, "Actions": actions})


def read(content: str) -> Transfer | None:
    """What a flow does, whatever its designer called and placed its steps; None where it does anything else."""
    try:
        flow = _fields(json.loads(content))
        listed: list[Any] = flow["Actions"]
        steps = {str(step["Identifier"]): step for step in map(_fields, listed)}
        first = steps[str(flow["StartAction"])]
        if flow["Version"] != VERSION or first["Type"] != _TRANSFER:
            return None
        transfer = _transfer(_fields(first["Parameters"]))
        after = _fields(first["Transitions"])
        failed: list[Any] = after["Errors"]
        next_steps = [after["NextAction"], *(_fields(each)["NextAction"] for each in failed)]
        return transfer if all(steps[str(each)]["Type"] == _HANG_UP for each in next_steps) else None
    except (KeyError, TypeError, ValueError):
        return None


def _transfer(parameters: Mapping[str, Any]) -> Transfer | None:
    connector = _fields(parameters["VoiceConnector"])
    for spelling, (kind, limit) in _NAMES.items():
        if connector["VoiceConnectorType"] == kind and limit in parameters:
            found = Transfer(
                str(connector["VoiceConnectorArn"]),
                str(connector["ToUser"]),
                int(parameters[limit]),
                str(connector.get("UserToUserInformation") or ""),
                spelling,
            )
            again = _fields(json.loads(written(found)))["Actions"][0]["Parameters"]
            return found if again == parameters else None
    return None


def _fields(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError("it is no flow")
    return cast(dict[str, Any], value)
