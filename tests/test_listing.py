"""A collection read one by one or whole: never older than the call that asks for it fresh, and shared by many at once."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from providers.kernel import errors, listing
from providers.kernel.listing import Listing

LATENCY = 0.02


class Shelf:
    """A vendor's collection: what it holds, and what was asked of it."""

    def __init__(self) -> None:
        self.items: dict[str, str] = {}
        self.asked: list[str] = []

    def whole(self) -> Iterator[str]:
        self.asked.append("*")
        now = list(self.items.values())
        time.sleep(LATENCY)
        return iter(now)

    def one(self, key: str) -> str:
        self.asked.append(key)
        now = self.items.get(key)
        time.sleep(LATENCY)
        if now is None:
            raise errors.NotFound(key, status=404)
        return now

    def listing(self) -> Listing[str]:
        return Listing[str](self.whole, lambda item: item.split("=")[0], self.one)


def at_once(found: Listing[str], keys: Iterable[str]) -> list[Future[str | None]]:
    """A fresh look at each, all at the same time."""
    with ThreadPoolExecutor(8) as pool:
        return [pool.submit(found.get, key, fresh=True) for key in keys]


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


def test_few_are_asked_one_by_one_and_many_as_a_whole(shelf: Shelf) -> None:
    shelf.items = {f"k{count}": f"k{count}=1" for count in range(9)}
    found = shelf.listing()
    assert [found.get(key) for key in shelf.items] == list(shelf.items.values())
    assert shelf.asked == ["k0", "k1", "k2", "*"]


def test_many_who_look_at_once_share_looks_and_see_what_they_wrote(shelf: Shelf) -> None:
    """40 writers, each of which looks at what it wrote: every one sees it, in far fewer than 40 requests."""
    found = shelf.listing()

    def write_and_look(count: int) -> str | None:
        key = f"k{count}"
        shelf.items[key] = f"{key}={count}"
        return found.get(key, fresh=True)

    with ThreadPoolExecutor(8) as pool:
        seen = list(pool.map(write_and_look, range(40)))
    assert seen == [f"k{count}={count}" for count in range(40)]
    assert len(shelf.asked) < 20


def test_a_second_look_at_the_same_item_is_its_own(shelf: Shelf) -> None:
    """A list may lag behind: what it showed must not be all there ever is."""
    shelf.items = {f"k{count}": f"k{count}=1" for count in range(8)}
    found = shelf.listing()
    at_once(found, shelf.items)
    shelf.asked.clear()
    at_once(found, shelf.items)
    assert sorted(shelf.asked) == sorted(shelf.items)


def test_what_a_shared_look_does_not_hold_is_asked_for_by_itself(shelf: Shelf) -> None:
    shelf.items = {"k0": "k0=1"}
    found = shelf.listing()
    looks = at_once(found, ["k0", "gone1", "gone2", "gone3"])
    assert looks[0].result() == "k0=1"
    assert all(isinstance(look.exception(), errors.NotFound) for look in looks[1:])
    assert {"gone1", "gone2", "gone3"} <= set(shelf.asked)


def test_a_collection_of_many_pages_is_not_read_whole_for_a_few(shelf: Shelf) -> None:
    shelf.items = {f"k{count}": f"k{count}=1" for count in range(listing.LARGE + 1)}
    found = shelf.listing()
    assert len(found.all()) == listing.LARGE + 1
    shelf.asked.clear()
    at_once(found, list(shelf.items)[:8])
    assert "*" not in shelf.asked


def test_a_shared_look_that_fails_fails_for_one_alone(shelf: Shelf) -> None:
    shelf.items = {f"k{count}": f"k{count}=1" for count in range(8)}

    def broken() -> Iterator[str]:
        shelf.asked.append("*")
        raise errors.Unavailable("busy", status=503)

    found = Listing[str](broken, lambda item: item.split("=")[0], shelf.one)
    looks = at_once(found, shelf.items)
    failed = [look for look in looks if look.exception()]
    assert len(failed) == shelf.asked.count("*")
    assert len(failed) < len(looks)
