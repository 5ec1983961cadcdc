"""One authenticated request to Twilio."""

from __future__ import annotations

from collections.abc import Callable

from sandbox.exchange import Answer, Call
from sandbox.store import Store
from sandbox.twilio.numbers import Applications, Numbers
from sandbox.twilio.trunks import Trunks

Endpoint = Callable[..., Answer]


class Asked:
    """A request with its account, and the account's objects."""

    def __init__(self, call: Call, account_sid: str, store: Store) -> None:
        self.call, self.sid = call, account_sid
        self.trunks = Trunks(store, account_sid)
        self.numbers = Numbers(store, account_sid)
        self.applications = Applications(store, account_sid)
