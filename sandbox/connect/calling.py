"""What Amazon Connect does with a call: the number's flow, which transfers it to a Voice Connector, and that one's routes.

Which user part a connector writes is the flow's ToUser; the routes of its origination by priority, then by weight. With
encryption TCP is TLS and media are SRTP (AWS's pages). Connect leaves the call when it is handed over.
"""

from __future__ import annotations

from collections.abc import Sequence

from sandbox.aws import voice
from sandbox.calling import Leg, Unreachable
from sandbox.connect import language
from sandbox.connect.instance import VENDOR
from sandbox.exchange import JsonObject
from sandbox.store import Store


def route(store: Store, number: str, caller: str) -> Sequence[Leg] | None:
    """Raises Unreachable."""
    held = store.holders(VENDOR, "numbers", number)
    if not held:
        return None
    account, owned = held[0]
    if owned.get("status", "CLAIMED") != "CLAIMED":
        raise Unreachable("number", f"the number's status is {owned['status']}")
    transfer = _transfer(store, account, owned)
    bound = store.shelf(VENDOR, account, "integrations").all()
    if not any(each["arn"] == transfer.arn and each["instance"] == owned["instance"] for each in bound):
        raise Unreachable("trunk", "the instance is not associated with the connector")
    spoken = {"$.CustomerEndpoint.Address": caller, "$.SystemEndpoint.Address": number, "$.ContactId": owned["id"]}
    to = spoken.get(transfer.to, transfer.to)
    context = spoken.get(transfer.context, "" if transfer.context.startswith("$.") else transfer.context)
    headers = (("User-to-User", context),) if context else ()
    return voice.legs(store, account, transfer.arn.rpartition("/")[2], to, headers)


def _transfer(store: Store, account: str, owned: JsonObject) -> language.Transfer:
    flow = store.shelf(VENDOR, account, "flows").get(str(owned.get("flow") or ""))
    if flow is None:
        raise Unreachable("attachment", "no flow gets the number's calls")
    if flow["status"] != "PUBLISHED" or flow["state"] != "ACTIVE":
        raise Unreachable("trunk", f"flow {flow['name']} is not published, or archived")
    try:
        found = language.transfer(flow["content"])
    except language.Problem as problem:
        raise Unreachable("trunk", f"flow {flow['name']}: {problem}") from None
    if found is None:
        raise Unreachable("trunk", f"flow {flow['name']} transfers calls to no connector")
    return found
