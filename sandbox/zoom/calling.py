"""What Zoom Phone does with a call that one of its users makes to a number.

The first routing rule that the number fits sends it to an SBC of the customer's, and that calls xAI as the number's bundle
says: files that a person applies, taken here as applied. Zoom itself never calls xAI. What a user of the account has as a
number comes before any rule; so would an external contact's, and none is here. Unverified: that a BYOC number which nobody
has comes to a rule.
"""

from __future__ import annotations

from collections.abc import Sequence

from sandbox.calling import Leg, Unreachable
from sandbox.store import Store
from sandbox.zoom.account import ACCOUNTS
from sandbox.zoom.numbers import Numbers
from sandbox.zoom.routing import SIP_GROUP, Routing

#: The address that an SBC of this network calls from.
SBC = "203.0.113.20/32"


def route(store: Store, number: str) -> Sequence[Leg] | None:
    """Raises Unreachable."""
    for account in ACCOUNTS:
        if who := Numbers(store, account).holder(number):
            raise Unreachable("attachment", f"{who} has the number at Zoom, and gets its calls")
        own = Routing(store, account)
        rule = own.taking(number)
        if rule and rule["type"] != SIP_GROUP:
            raise Unreachable("attachment", f"routing rule {rule['name']} sends it to {rule['type']}")
        if rule:
            dialled = f"+{str(rule.get('translation') or number).lstrip('+')}"
            uri = f"sip:{dialled}@sip.voice.x.ai:5061;transport=tls"
            return [Leg(uri, ("PCMU", "PCMA", "G722"), "required", sources=(SBC,))]
    return None
