"""What Webex does with a call that somebody in the organisation makes to a number.

The dial plan that has it as a pattern sends it to its local gateway, and that calls xAI as the number's bundle says: files
that a person applies, taken here as applied. Webex itself never calls xAI.
"""

from __future__ import annotations

from collections.abc import Sequence

from sandbox.calling import Leg, Unreachable
from sandbox.store import Store
from sandbox.switches import Switches
from sandbox.webex.account import ACCOUNTS
from sandbox.webex.routing import Routing

#: The address that a local gateway of this network calls from.
GATEWAY = "203.0.113.10/32"


def route(store: Store, switches: Switches, number: str) -> Sequence[Leg] | None:
    """Raises Unreachable."""
    for account in ACCOUNTS:
        own = Routing(store, switches, account)
        if own.taken_by(number):
            if own.status() != "ONLINE":
                raise Unreachable("trunk", f"the local gateway's trunk is {own.status()}")
            uri = f"sip:{number}@sip.voice.x.ai:5061;transport=tls"
            return [Leg(uri, ("PCMU", "PCMA", "G722"), "required", sources=(GATEWAY,))]
    return None
