"""One authenticated request to Telnyx."""

from __future__ import annotations

from collections.abc import Callable, Collection

from sandbox import shapes
from sandbox.exchange import Answer, Call, JsonObject, json_answer
from sandbox.shapes import Model
from sandbox.store import Store
from sandbox.switches import Switches
from sandbox.telnyx import pages
from sandbox.telnyx.account import MEDIA, Account, Refusal
from sandbox.telnyx.connections import Connections
from sandbox.telnyx.kinds import Kinds
from sandbox.telnyx.numbers import Numbers
from sandbox.telnyx.orders import Orders
from sandbox.telnyx.profiles import Profiles

Endpoint = Callable[..., Answer]


class Asked:
    """A request with its organisation, and the organisation's objects."""

    def __init__(self, call: Call, account: Account, store: Store, switches: Switches) -> None:
        self.call, self.account = call, account
        organization = account.organization_id
        self.connections = Connections(store, organization)
        self.kinds = Kinds(store, organization)
        self.profiles = Profiles(store, organization)
        self.numbers = Numbers(store, switches, organization)
        self.orders = Orders(store, switches, organization, self.numbers)

    def body(self, model: Model, required: Collection[str] = ()) -> JsonObject:
        pages.query(self.call, {})
        if self.call.media != "application/json":
            raise Refusal(415, MEDIA, "The request failed because the server does not support the media type.")
        return shapes.read(shapes.parse(self.call.body), model, required)


def data(status: int, document: object) -> Answer:
    return json_answer(status, {"data": document})
