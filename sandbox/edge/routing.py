"""What a carrier does with a call, step by step: legs, several at once, documents that say what comes next."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Final

from sandbox.calling import Ask, Carrier, Failure, Leg, Rang, Ring, Route, Step, Stop, Unreachable
from sandbox.edge.outgoing import Outgoing, Undelivered
from sandbox.edge.receivers import Receivers
from sandbox.edge.record import Record

#: Documents and numbers that may lead from one to the next.
_DOCUMENTS: Final = 10


@dataclass(frozen=True)
class Wanted:
    """A call as it was asked for. ``leg``: called instead of what a carrier would; ``source``: comes from there.

    ``carrier``: whose call it is, where several own the number, as while it is ported.
    """

    number: str
    caller: str = "+14155550142"
    digits: str = ""
    seconds: float = 1.0
    leg: Leg | None = None
    source: str = ""
    carrier: str = ""


class Race:
    """Several legs that ring at once; ``winner``: which of them answered first."""

    def __init__(self) -> None:
        self.won = asyncio.Event()
        self.winner: int | None = None


@dataclass(frozen=True)
class Entry:
    """One of a race. What rings behind a number that is itself one of several must win both races."""

    race: Race = field(default_factory=Race)
    place: int = 0
    outer: Entry | None = None

    def take(self) -> bool:
        """Whoever answers first has the call: False where another one has it."""
        if self.race.won.is_set() or (self.outer is not None and not self.outer.take()):
            return False
        self.race.winner = self.place
        self.race.won.set()
        return True


@dataclass(frozen=True)
class Placed:
    """A call under way: what was asked for, who may answer it, and after how many documents and numbers."""

    record: Record
    wanted: Wanted
    entry: Entry = field(default_factory=Entry)
    depth: int = 0


class Routing:
    """Follows routes. ``call`` places one leg."""

    def __init__(
        self,
        carriers: Sequence[Carrier],
        outgoing: Outgoing,
        receivers: Receivers,
        call: Callable[[Placed, Leg], Awaitable[Failure | None]],
    ) -> None:
        self._carriers, self._outgoing, self._receivers, self._call = carriers, outgoing, receivers, call

    async def follow(self, placed: Placed) -> Failure | None:
        """Step by step. None: somebody answered, and the call ended as calls do. Raises Unreachable."""
        wanted = placed.wanted
        route = [wanted.leg] if wanted.leg is not None else self._carried(wanted)
        return await self._followed(placed, route)

    def _carried(self, wanted: Wanted) -> Route:
        for carrier in self._carriers:
            if wanted.carrier not in {"", carrier.name}:
                continue
            route = carrier.route(wanted.number, wanted.caller)
            if route is not None:
                return route
        raise Unreachable("number", f"no carrier of this sandbox owns {wanted.number}")

    async def _followed(self, placed: Placed, route: Route, failure: Failure | None = None) -> Failure | None:
        """``failure``: how it went before the route, which is told where the route leads to nobody."""
        if isinstance(route, Ask):
            if placed.depth >= _DOCUMENTS:
                raise Unreachable("attachment", f"more than {_DOCUMENTS} documents one after the other")
            route, placed = await self._asked(placed.record, route), replace(placed, depth=placed.depth + 1)
        for step in route:
            failure, goes_on = await self._step(placed, step, failure)
            if not goes_on:
                return failure
        return failure or Failure("trunk", None, "there is no URI to call")

    async def _step(self, placed: Placed, step: Step, before: Failure | None) -> tuple[Failure | None, bool]:
        """How a step ended, and whether the next one is done. ``before``: how the last one failed."""
        match step:
            case Stop():
                return before or Failure("attachment", None, step.reason), False
            case Ask():
                return await self._redirected(placed, step, before), False
            case Ring():
                failure, after = await self._ring(placed, step)
                if after is not None:
                    return await self._after(placed, after, failure), False
                return failure, failure is not None
            case _:
                failure = await self._call(placed, step)
                return failure, failure is not None and step.fails_over(failure.code)

    async def _redirected(self, placed: Placed, ask: Ask, failure: Failure | None) -> Failure | None:
        """What went wrong before says more than that nobody could be asked afterwards."""
        try:
            return await self._followed(placed, ask, failure)
        except Unreachable as error:
            return failure or error.failure

    async def _after(self, placed: Placed, ask: Ask, failure: Failure | None) -> Failure | None:
        """The URL that hears how a ring ended. When the call was answered it is over, whatever the URL says."""
        if failure is not None:
            return await self._redirected(placed, ask, failure)
        with suppress(Unreachable):
            await self._asked(placed.record, ask)
        return None

    async def _asked(self, record: Record, ask: Ask) -> Sequence[Step]:
        try:
            return ask.read(await self._outgoing.ask(ask, record))
        except (Undelivered, Unreachable) as error:
            if ask.fallback is not None:
                return await self._asked(record, ask.fallback)
            if isinstance(error, Undelivered):
                known = self._receivers.url(ask.url) is not None
                raise Unreachable("attachment" if known else "dns", str(error)) from None
            raise

    # --- several at once ---

    async def _ring(self, placed: Placed, ring: Ring) -> tuple[Failure | None, Ask | None]:
        if not ring.legs:
            return Failure("attachment", None, "nobody is dialled that SIP reaches"), None
        race = Race()
        branches = [
            asyncio.ensure_future(self._branch(replace(placed, entry=Entry(race, place, placed.entry)), leg))
            for place, leg in enumerate(ring.legs)
        ]
        won, lost = asyncio.ensure_future(race.won.wait()), asyncio.ensure_future(asyncio.wait(branches))
        try:
            await asyncio.wait([won, lost], timeout=ring.seconds, return_when=asyncio.FIRST_COMPLETED)
            late = not won.done() and not lost.done()
            for place, branch in enumerate(branches):
                if place != race.winner:
                    branch.cancel()
            found = await asyncio.gather(*branches, return_exceptions=True)
        finally:
            for task in (won, lost, *branches):
                task.cancel()
        for each in found:
            if isinstance(each, Exception):
                raise each
        if race.winner is not None:
            return None, ring.action(Rang("completed", 200))
        failures = [each for each in found if isinstance(each, Failure)]
        failure = Failure("sip", None, f"nobody answered within {ring.seconds:g} s") if late else failures[0]
        return failure, ring.action(_rang(failure, late=late))

    async def _branch(self, placed: Placed, leg: Leg | str) -> Failure | None:
        try:
            if isinstance(leg, Leg):
                return await self._call(placed, leg)
            if placed.depth >= _DOCUMENTS:
                raise Unreachable("number", f"{leg} leads back to itself")
            route = self._carried(replace(placed.wanted, number=leg, carrier=""))
            return await self._followed(replace(placed, depth=placed.depth + 1), route)
        except Unreachable as error:
            return error.failure


def _rang(failure: Failure, *, late: bool) -> Rang:
    if late or failure.code in (408, 480, 487):
        return Rang("no-answer", failure.code)
    return Rang("busy" if failure.code in (486, 600) else "failed", failure.code)
