"""What Vonage does with a call to a number: its voice callback, and nothing else once that is a SIP URI.

Numbers API 1.1.0: `sip` and `tel` take priority over the application's voice capability. Unverified, and so: the INVITE's
Request-URI is the callback as it stands, media are plain, G.711; addresses as a third party lists them.
"""

from __future__ import annotations

from collections.abc import Sequence

from sandbox.calling import Leg, Unreachable
from sandbox.store import Store
from sandbox.vonage.account import VENDOR

RANGES = tuple(f"216.147.{network}.{host}/32" for network in range(6) for host in (1, 2))


def route(store: Store, number: str) -> Sequence[Leg] | None:
    """Raises Unreachable."""
    held = store.holders(VENDOR, "numbers", number.removeprefix("+"))
    if not held:
        return None
    owned = held[0][1]
    kind, value = owned.get("voiceCallbackType"), owned.get("voiceCallbackValue")
    if kind == "tel":
        raise Unreachable("attachment", "the number's calls are forwarded to a telephone")
    if kind != "sip" or not value:
        what = "an application takes the number's calls" if owned.get("app_id") else "the number has no voice callback"
        raise Unreachable("attachment", what)
    return [Leg(value, sources=RANGES)]
