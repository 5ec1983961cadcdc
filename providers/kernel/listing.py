"""Reads a collection one by one while few are asked for, and whole once many are: for a run that touches hundreds."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

ItemT = TypeVar("ItemT")

#: So many single look-ups, then the whole collection is read once and shared by all threads of the run.
FEW = 3
#: Seconds in which those gather who share a fresh look, in a run that looks at more than a few.
GATHERED = 0.15
#: Of a collection with more items nobody shares a fresh look: reading it takes several pages.
LARGE = 500


class _Look(Generic[ItemT]):
    """A fresh look that has not begun, and who waits for it."""

    def __init__(self) -> None:
        self.keys: list[str] = []
        self.done = False
        self.items: dict[str, ItemT] = {}


class Listing(Generic[ItemT]):
    """A vendor's collection by key, for one run. ``fresh`` always asks the vendor: who asks while a fresh look is under way
    shares the next one, of the whole collection. A second fresh look at the same item is its own: a list may lag behind.

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
        self._turn = threading.Condition()
        self._next = _Look[ItemT]()
        self._looking = False
        self._seen: set[str] = set()
        self._size = 0

    def get(self, key: str, *, fresh: bool = False) -> ItemT | None:
        """The item under ``key``; None, or whatever the single look-up raises, when the vendor does not have it."""
        with self._lock:
            self._asked += 1
            few = self._items is None and self._asked <= FEW
            if not (fresh or few or key in self._changed):
                return self._all().get(key)
            alone = not fresh or self._size > LARGE or key in self._seen
            self._seen.add(key)
        return self._one(key) if alone else self._together(key)

    def _together(self, key: str) -> ItemT | None:
        """One look for all who asked before it began; an item that is not in it is asked for by itself."""
        with self._turn:
            look = self._next
            look.keys.append(key)
            while self._looking and not look.done:
                self._turn.wait()
            leads = not look.done
            if leads:
                self._looking = True
                if len(self._seen) > FEW:
                    self._turn.wait(GATHERED)
                self._next = _Look[ItemT]()
        if leads:
            try:
                if len(look.keys) == 1:
                    return self._one(key)
                look.items = {self._key(item): item for item in self._whole()}
                self._size = len(look.items)
            finally:
                with self._turn:
                    look.done, self._looking = True, False
                    self._turn.notify_all()
        return look.items.get(key) or self._one(key)

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
            self._size = len(self._items)
            self._changed.clear()
        return self._items
