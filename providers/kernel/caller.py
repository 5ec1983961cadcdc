"""Test calls that a carrier places from a number of the account: what is asked, and what became of it. Real, and billed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

ApiT = TypeVar("ApiT")


@dataclass(frozen=True)
class CallOrder:
    """A call from one number to another, both in E.164: keys to press once it is answered, and seconds of talk."""

    number: str
    caller: str
    digits: str = ""
    talk: int = 5
    #: Seconds it may ring, and may take from its answer to its end whatever happens.
    ring: int = 40
    limit: int = 60


@dataclass(frozen=True)
class PlacedCall:
    """A call that ended, as the carrier tells it: its id, its own word for the outcome, seconds from answer to end."""

    id: str
    answered: bool
    outcome: str
    seconds: int = 0


@dataclass(frozen=True)
class Caller(Generic[ApiT]):
    """How a carrier places a test call; ``price`` is what is known of its cost, in a few words.

    ``call`` waits for its end, and hangs up where it is interrupted. Raises XtelError.
    """

    call: Callable[[ApiT, CallOrder], PlacedCall]
    price: str
