"""One authenticated request to Plivo."""

from __future__ import annotations

from collections.abc import Callable, Collection

from sandbox import shapes
from sandbox.exchange import Answer, Call, JsonObject, json_answer
from sandbox.plivo import pages
from sandbox.plivo.account import Account, Refusal, misread, new_uuid
from sandbox.plivo.numbers import Numbers
from sandbox.plivo.zentrunk import Shelves
from sandbox.shapes import Model
from sandbox.store import Store

Endpoint = Callable[..., Answer]


class Asked:
    """A request with its account, and the account's objects."""

    def __init__(self, call: Call, account: Account, store: Store) -> None:
        self.call, self.account = call, account
        self.zentrunk = Shelves(store, account.auth_id)
        self.numbers = Numbers(store, account.auth_id)
        self.applications = self.numbers.applications

    def body(self, model: Model, required: Collection[str] = (), absent: int = 400) -> JsonObject:
        """ "Plivo only accepts input of the type application/json." An empty body is no parameters and no mistake."""
        pages.query(self.call, ())
        if self.call.media != "application/json":
            raise Refusal(400, "the content type must be application/json")
        try:
            return shapes.read(shapes.parse(self.call.body or b"{}"), model, required)
        except shapes.Wrong as error:
            raise misread(error, absent) from error


def plain(status: int, document: JsonObject) -> Answer:
    """Every answer with a body carries the id of its request."""
    return json_answer(status, {"api_id": new_uuid(), **document})
