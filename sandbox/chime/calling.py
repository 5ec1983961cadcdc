"""What Amazon does with a call to a number: its connector's origination routes; the Request-URI is the dialled number.

A number for SIP media applications comes to a connector by its SIP rule, an application and the Lambda that this asks.
"""

from __future__ import annotations

from collections.abc import Sequence

from sandbox.aws import voice
from sandbox.calling import Leg, Unreachable
from sandbox.chime import functions
from sandbox.chime.media import DIAL_IN
from sandbox.chime.voice import VENDOR, connector_of
from sandbox.exchange import JsonObject
from sandbox.store import Store


def route(store: Store, number: str, caller: str) -> Sequence[Leg] | None:
    """Raises Unreachable."""
    held = store.holders(VENDOR, "numbers", number)
    if not held:
        return None
    account, owned = held[0]
    if owned["product_type"] == DIAL_IN:
        return _by_a_rule(store, account, owned, caller)
    if not (id := connector_of(owned)):
        raise Unreachable("attachment", "the number is on no Voice Connector")
    return voice.legs(store, account, id, number)


def _by_a_rule(store: Store, account: str, owned: JsonObject, caller: str) -> Sequence[Leg]:
    """The application with the lowest priority that answers; what ends a call in one region is told of the first."""
    number, id = str(owned["phone_number"]), str(owned.get("sip_rule") or "")
    if not id:
        raise Unreachable("attachment", "no SIP rule has the number")
    rule = store.shelf(VENDOR, account, "rules").get(id)
    if rule is None:
        raise Unreachable("attachment", f"SIP rule {id} is gone")
    if rule["Disabled"]:
        raise Unreachable("trunk", f"SIP rule {id} is disabled")
    ended: Unreachable | None = None
    for target in sorted(rule["TargetApplications"], key=lambda each: each["Priority"]):
        try:
            return _asked(store, account, target["SipMediaApplicationId"], number, caller)
        except Unreachable as error:
            ended = ended or error
    raise ended or Unreachable("attachment", f"SIP rule {id} has no application")


def _asked(store: Store, account: str, id: str, number: str, caller: str) -> Sequence[Leg]:
    """An application asks its Lambda, which bridges the call to a connector."""
    found = store.shelf(VENDOR, account, "applications").get(id)
    if found is None:
        raise Unreachable("attachment", f"SIP media application {id} is gone")
    arn = found["application"]["Endpoints"][0]["LambdaArn"]
    connector = functions.connector(store, account, arn, found["tags"])
    bridge = functions.bridged(functions.answer(connector, number, caller))
    to = bridge.arn.rpartition("/")[2]
    if store.shelf(VENDOR, account, "connectors").get(to) is None:
        raise Unreachable("trunk", f"the Lambda {arn} bridges to {to}, which is no connector of the account")
    return voice.legs(store, account, to, bridge.uri)
