"""Reads a collection one by one while few are asked for, and whole once many are: for a run that touches hundreds."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

ItemT = TypeVar("ItemT")

#: So many single look-ups, then the whole collection is read once and shared by all threads of the run.
FEW = 3


class Listing(Generic[ItemT]):
    """A vendor's collection by key, for one run. ``fresh`` always asks the vendor.

    What is read whole is as old as the start of the run at worst. That is safe for a first look, because only this run
    makes objects with this stack's marker; what this run writes it notes here, and whatever follows a lost answer asks
    ``fresh``.
    """

    def __init__(
        self,
        whole: Callable[[], Iterable[ItemT]],
        key: Callable[[ItemT], str],
        one: Callable[[str], ItemT | None],
    ) -> None:
        self._whole, self._key, self._one = whole, key, one
        self._items: dict[str, ItemT] | None = None
        self._changed: set[str] = set()
        self._asked = 0
        self._lock = threading.Lock()

    def get(self, key: str, *, fresh: bool = False) -> ItemT | None:
        """The item under ``key``; None, or whatever the single look-up raises, when the vendor does not have it."""
        with self._lock:
            self._asked += 1
            few = self._items is None and self._asked <= FEW
            if not (fresh or few or key in self._changed):
                return self._all().get(key)
        return self._one(key)

    def all(self, *, fresh: bool = False) -> list[ItemT]:
        """Every item; one that this run changed is not among them unless ``fresh``."""
        with self._lock:
            if fresh:
                self._items = None
            return [item for key, item in self._all().items() if key not in self._changed]

    def note(self, item: ItemT) -> ItemT:
        """This run made or changed the item: what was read before is old. Answers the item."""
        with self._lock:
            key = self._key(item)
            self._changed.discard(key)
            if self._items is not None:
                self._items[key] = item
        return item

    def changed(self, key: str) -> None:
        """This run changed or deleted the item under ``key``: the next look-up asks the vendor."""
        with self._lock:
            self._changed.add(key)

    def _all(self) -> dict[str, ItemT]:
        if self._items is None:
            self._items = {self._key(item): item for item in self._whole()}
            self._changed.clear()
        return self._items
