"""A conversation's items in their order, and what is kept of it for a session that resumes it."""

from __future__ import annotations

import copy
import time
import uuid
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from sandbox.exchange import JsonObject
from sandbox.realtime.reading import Complaint

#: Conversations that are kept; with more the oldest are forgotten.
_KEPT: Final = 1000
#: "Persisted and replayed: user and assistant transcripts, assistant tool calls, and your function_call_output results."
_PERSISTED: Final = ("user", "assistant", None)


def new_id(kind: str) -> str:
    """An id as the examples show them: a word, an underscore, and what makes it unique."""
    return f"{kind}_{uuid.uuid4().hex}"


class Conversation:
    """What was said, oldest first."""

    def __init__(self) -> None:
        self.items: list[JsonObject] = []

    def add(self, item: JsonObject, after: str | None = None) -> tuple[JsonObject, str | None]:
        """Adds an item at the end or after another one; gives it as it is kept, and the id of the one before."""
        place = len(self.items) if after is None else self._place(after, "previous_item_id") + 1
        kept = {"id": new_id("msg"), "object": "realtime.item", "status": "completed", **copy.deepcopy(item)}
        if any(each["id"] == kept["id"] for each in self.items):
            raise Complaint("An item with this id exists already.", "item.id")
        self.items.insert(place, kept)
        return kept, self.items[place - 1]["id"] if place else None

    def get(self, id: str) -> JsonObject:
        """An item. Raises Complaint."""
        return self.items[self._place(id, "item_id")]

    def delete(self, id: str) -> None:
        """Raises Complaint."""
        del self.items[self._place(id, "item_id")]

    def _place(self, id: str, param: str) -> int:
        for place, item in enumerate(self.items):
            if item["id"] == id:
                return place
        raise Complaint(f"Item with {param} '{id[:60]}' not found.", param)


class Memory:
    """Conversations whose sessions opted in, by team and conversation id."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._held: OrderedDict[tuple[str, str], tuple[float, list[JsonObject]]] = OrderedDict()

    def keep(self, team: str, id: str, item: JsonObject) -> None:
        """A turn of a conversation."""
        if item.get("role") not in _PERSISTED:
            return
        _, items = self._held.pop((team, id), (0.0, []))
        self._held[team, id] = (self._clock(), [*(each for each in items if each["id"] != item["id"]), item])
        while len(self._held) > _KEPT:
            self._held.popitem(last=False)

    def recall(self, team: str, id: str, expiry: float) -> list[JsonObject]:
        """What is kept of a conversation, unless nothing was said in it for so many seconds."""
        at, items = self._held.get((team, id), (0.0, []))
        if items and self._clock() - at > expiry:
            del self._held[team, id]
            return []
        return [dict(item) for item in items]

    def drop(self, team: str, id: str, item_id: str) -> None:
        """An item was deleted from its conversation."""
        if (held := self._held.get((team, id))) is not None:
            self._held[team, id] = (held[0], [item for item in held[1] if item["id"] != item_id])

    def clear(self) -> None:
        """Forget all."""
        self._held.clear()
