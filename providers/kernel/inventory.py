"""What an account at a carrier holds: its numbers with what gets their calls, and the objects that carry a name.

A carrier declares it as ``Carrier.inventory``; ``xtel inventory`` does the rest. For one that does not,
:func:`from_routes` tells what its ``route_import`` knows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from providers.kernel.call_handling import Stop
from providers.kernel.object import Live
from providers.kernel.route_import import RouteImport, Unmapped

ApiT = TypeVar("ApiT")


@dataclass(frozen=True)
class NamedObject:
    """An object that may carry a marker: what the carrier calls its kind, its id, its name (the marker, where it is ours)."""

    kind: str
    id: str
    name: str = ""


@dataclass(frozen=True)
class OwnedNumber:
    """A number (E.164) of the account, what gets its calls, and where they go from there, in the order tried.

    ``attached`` is None where nothing gets them. ``targets`` are SIP URIs, or the URL that is asked; what no API tells is
    left out. ``remark`` says why calls go nowhere, or why nobody can tell where.
    """

    number: str
    attached: NamedObject | None = None
    targets: tuple[str, ...] = ()
    remark: str = ""


@dataclass(frozen=True)
class LiveObject:
    """One of the objects that decide a number's calls: its kind, as the carrier declares it, and how it stands."""

    kind: str
    live: Live
    #: What ends its calls besides what its inputs say.
    stops: tuple[Stop, ...] = ()


@dataclass(frozen=True)
class Inventory(Generic[ApiT]):
    """What `xtel inventory` asks a carrier. Both only read, page by page.

    ``owned``: the numbers are the account's. Where they are others', whose calls it is told to send somewhere, one that is
    not there is no number that nobody has: its rule is gone.
    """

    numbers: Callable[[ApiT], Iterable[OwnedNumber]]
    objects: Callable[[ApiT], Iterable[NamedObject]]
    owned: bool = True


def from_routes(routes: RouteImport[ApiT]) -> Inventory[ApiT]:
    """Every number, and the URIs of those whose route a stack file can say; of objects nothing is known."""

    def numbers(api: ApiT) -> Iterator[OwnedNumber]:
        for number in routes.numbers(api):
            try:
                found = routes.found(api, number)
            except Unmapped as reason:
                yield OwnedNumber(number, remark=reason.summary)
                continue
            kind, id = next(iter(found.ids.items()), ("", ""))
            attached = NamedObject(kind, id) if id else None
            yield OwnedNumber(number, attached, tuple(way.uri for way in found.uris))

    return Inventory(numbers, lambda _: ())
