"""How a number's route that somebody else made reads in the words of the stack file: the inverse of ``CarrierRoute.objects``.

A carrier declares it as ``Carrier.route_import``; ``xtel import`` does the rest: states come from the objects' own ``read``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from providers.kernel import errors
from providers.kernel.wording import counted

ApiT = TypeVar("ApiT")


class Unmapped(errors.XtelError):
    """A stack file cannot say this number's route as it stands."""


@dataclass(frozen=True)
class WeightedUri:
    """A SIP URI that a carrier tries, with its share among those of one priority."""

    uri: str
    weight: int = 10


@dataclass(frozen=True)
class Found:
    """A number's route as it stands at its carrier.

    ``route`` holds the keys of the stack file's route (those at their default are left out later), ``ids`` the id of each
    piece by its name, ``uris`` the URIs in the order they are tried: the target first, fallbacks after it. ``remarks`` say
    what is left as it is beside it. ``unseen`` names what gets the calls of a number and shows nobody whom it calls (an SBC):
    then there are no ``uris``, and a person must know.
    """

    route: Mapping[str, Any]
    ids: Mapping[str, str]
    uris: tuple[WeightedUri, ...]
    remarks: tuple[str, ...] = ()
    unseen: str = ""


@dataclass(frozen=True)
class RouteImport(Generic[ApiT]):
    """What ``xtel import`` asks a carrier; both only read. ``found`` raises Unmapped for what no stack file can say.

    ``owned``: the numbers are the account's. Where they are others', whose calls it is told to send somewhere, ``found`` says
    of any number that is asked for by name why it does not; others that they know nothing of are not listed.
    """

    numbers: Callable[[ApiT], Iterable[str]]
    found: Callable[[ApiT, str], Found]
    owned: bool = True


def alone(number: str, holder: str, of: Mapping[str, str]) -> None:
    """Raise Unmapped when the object ``holder`` has other numbers too; ``of`` tells who holds each number."""
    others = sum(held == holder for held in of.values()) - 1
    if others > 0:
        raise Unmapped(
            f"{holder} carries {counted(others, 'other number')}: a shared one is not imported",
            step=f"give {number} one of its own, or declare it with `take_over: true`",
        )
