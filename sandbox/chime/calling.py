"""What Amazon does with a call to a number: its connector's origination routes; the Request-URI is the dialled number."""

from __future__ import annotations

from collections.abc import Sequence

from sandbox.aws import voice
from sandbox.calling import Leg, Unreachable
from sandbox.chime.voice import VENDOR, connector_of
from sandbox.store import Store


def route(store: Store, number: str) -> Sequence[Leg] | None:
    """Raises Unreachable."""
    held = store.holders(VENDOR, "numbers", number)
    if not held:
        return None
    account, owned = held[0]
    if owned["product_type"] != "VoiceConnector":
        raise Unreachable("attachment", "a SIP media application takes the number's calls")
    if not (id := connector_of(owned)):
        raise Unreachable("attachment", "the number is on no Voice Connector")
    return voice.legs(store, account, id, number)
