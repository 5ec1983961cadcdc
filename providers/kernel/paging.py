"""Lists that come page by page, whoever turns the pages: an SDK, or a module of ours.

A page must be what it says it is (a list under the name that the vendor documents: an answer without it is no empty list),
must not come twice, and the pages must end. The HTTP policy shows every page to the walk that it belongs to, so that no
lister can forget to look.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from typing import Any, TypeVar, cast

from providers.kernel import errors, operation
from providers.kernel.wording import counted

ItemT = TypeVar("ItemT")

#: Of the smallest pages that are known (20 items) as many as an account of 20,000 objects has.
MAX_PAGES = 1000
#: Seconds that a list may take when the operation's own time is spent.
LEAST = 10.0
_REPORT = "run it again; if it stays so, tell the vendor's support"


class Walk:
    """The pages of one list that were seen so far."""

    def __init__(self, names: tuple[str, ...], *, empty_object: bool = False) -> None:
        self._names, self._empty_object = names, empty_object
        self._until = time.monotonic() + max(operation.current().remaining(), LEAST)
        self._addresses = set[str]()
        self._contents = set[bytes]()
        self.path = ""

    def listed(self, path: str, body: object) -> list[Any]:
        """The items of a page. Raises Unavailable where it has none under their name: that is not an empty list."""
        self.path = path
        if isinstance(body, list):
            return cast(list[Any], body)
        if self._empty_object and body == {}:
            return []
        fields: dict[str, Any] = cast(dict[str, Any], body) if isinstance(body, dict) else {}
        found = next((fields[name] for name in self._names if isinstance(fields.get(name), list)), None)
        if found is None:
            raise errors.Unavailable(f"{path} answered without {self._names[0]}: nobody knows what it lists")
        return cast(list[Any], found)

    def turned(self, path: str, address: str, body: object) -> None:
        """A page has come. Raises Unavailable where it has come before, or where the pages do not end."""
        items = self.listed(path, body)
        content = hashlib.sha256(json.dumps(items, sort_keys=True).encode()).digest() if items else b""
        if address in self._addresses or (items and content in self._contents):
            raise errors.Unavailable(f"{path} gives the same page again: its list has no end", step=_REPORT)
        self._addresses.add(address)
        self._contents.add(content)
        if len(self._addresses) >= MAX_PAGES:
            raise errors.Unavailable(f"{path} has over {counted(MAX_PAGES, 'page')}", step=_REPORT)
        if time.monotonic() > self._until:
            pages = counted(len(self._addresses), "page")
            raise errors.Unavailable(f"{path} did not end in time, after {pages}", step=_REPORT)


_walk: ContextVar[Walk | None] = ContextVar("walk", default=None)


def walking() -> Walk | None:
    """The list that this thread reads."""
    return _walk.get()


def whole(
    pages: Callable[[], Iterable[ItemT]],
    *names: str,
    key: Callable[[ItemT], object],
    may_lack: bool = False,
    empty_object: bool = False,
) -> list[ItemT]:
    """Everything in a list. ``names`` are those of the items' field in an answer, ``key`` what each item is known by.

    Raises Unavailable where the list does not end, repeats itself, lacks its field, or holds an item without a key; also
    where it is not there itself, which says nothing of any item. ``may_lack``: then that is NotFound, as for the list of a
    parent that may be gone. ``empty_object``: where there is nothing the vendor answers ``{}``, and documents that.
    """
    walk = Walk(names, empty_object=empty_object)
    token = _walk.set(walk)
    try:
        items = list(pages())
    except errors.NotFound as error:
        if may_lack and not walk.path:
            raise
        raise errors.Unavailable(f"the list, or a page of it, is not there: {error.reason}", status=404) from None
    finally:
        _walk.reset(token)
    for item in items:
        known_by = key(item)
        if not (isinstance(known_by, str) and known_by):
            raise errors.Unavailable(f"{walk.path} lists an item without what it is known by", step=_REPORT)
    return items
