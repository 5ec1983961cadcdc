"""What a check looks at: one call path, where it is told from, and what was seen beside it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING, Final

from providers.kernel import values
from providers.kernel.call_handling import CallHandling
from stacks.callpath import CallPath, Decided, Way, declaration
from xtel.proof.trace.model import HopName, Source, Teller, Verdict

if TYPE_CHECKING:
    from xtel.proof.trace.seen import Probed


@dataclass(frozen=True, slots=True)
class Answer:
    """What a check says; ``fix`` left out is the one of the catalogue."""

    verdict: Verdict
    why: str
    by: Decided | str = ""
    fix: str = ""
    told_by: Teller = ""


def ok(why: str, by: Decided | str = "") -> Answer:
    """The call passes here."""
    return Answer("pass", why, by)


def bad(why: str, by: Decided | str = "", fix: str = "") -> Answer:
    """The call ends here."""
    return Answer("fail", why, by, fix)


def unknown(why: str, told_by: Teller, by: Decided | str = "", fix: str = "") -> Answer:
    """Nothing here can tell, and who would."""
    return Answer("unknown", why, by, fix, told_by)


@dataclass(frozen=True)
class Check:
    """One check of the catalogue.

    ``decide`` answers for one subject, or None where it does not apply; without one the check stands for what only a call
    shows: ``question`` is then the symptom and ``how`` its cause.
    """

    id: str
    hop: HopName
    question: str
    how: str
    fix: str
    source: str
    #: The day on which the source was read, or of which it is.
    read: str
    decide: Callable[[Subject], Answer | None] | None = None
    #: Asked of each SIP URI in the order they are tried: the first one that nothing stands against counts.
    per_way: bool = False


@dataclass(frozen=True)
class Ownership:
    """Which carrier's account has a number; ``unasked`` are those that could not be asked, with why.

    ``unruled`` is a carrier that owns no numbers and should send this one's calls on, but does not; ``reason`` is its own.
    """

    owner: str = ""
    unruled: str = ""
    reason: str = ""
    unasked: Mapping[str, str] = field(default_factory=dict[str, str])


_NOBODY: Final = CallHandling()


@dataclass(frozen=True)
class Subject:
    """One number's call path as one source tells of it."""

    key: str
    path: CallPath
    source: Source
    #: The number's own objects, and all ids that are known to be there.
    own: Sequence[Decided] = ()
    ids: frozenset[str] = frozenset()
    #: Names of the agents that are there, by id; None where they cannot be listed.
    agents: Mapping[str, str] | None = None
    #: Of ``live``: whose number it is.
    ownership: Ownership = Ownership()
    #: Of ``live``: the registration has a webhook whose URL nobody shows.
    hidden_webhook: bool = False
    probed: Probed | None = None
    way: Way | None = None

    def on(self, way: Way) -> Subject:
        """The same on one of its SIP URIs."""
        return replace(self, way=way)

    @property
    def number(self) -> str:
        """E.164; empty while there is none."""
        return self.path.number

    @property
    def home(self) -> Decided | None:
        """The registration at xAI."""
        return next((each for each in self.own if each.does.registers), None)

    @property
    def registration(self) -> CallHandling:
        """What it says; nothing where there is none."""
        return self.home.does if self.home else _NOBODY

    @property
    def provisioned(self) -> bool:
        """A number of xAI's own: no carrier is between."""
        return self.registration.auth == "provisioned"

    @property
    def taker(self) -> Decided | None:
        """What takes its calls at the carrier."""
        return next(iter(self.path.takers), None)

    @property
    def by_hand(self) -> Decided | None:
        """What a person sets up with files, where that is what takes the calls: no vendor holds it."""
        return next((each for each in self.path.takers if _of_files(each.resource.type)), None)

    @property
    def passed_by_hand(self) -> Decided | None:
        """The same of what calls pass further on: a gateway, a function."""
        return next((each for each in self.path.passed if _of_files(each.resource.type)), None)

    @property
    def asked_url(self) -> str:
        """The URL that the carrier asks what to do; empty where it asks none."""
        tries = (text for each in (*self.path.takers, *self.path.passed) for text in each.does.tries)
        return next((text for text in tries if text.startswith(("https:", "http:"))), "")

    @property
    def host(self) -> str:
        """The SIP host at which the number is registered."""
        return (self.registration.host or values.SIP_HOST).lower()

    @property
    def vendor(self) -> str:
        """The carrier that delivers its calls; empty where none is known."""
        return next((each.vendor for each in (*self.path.takers, *self.path.passed)), next(iter(self.path.vendors), ""))

    @property
    def ours(self) -> tuple[Way, ...]:
        """The SIP URIs that lead to xAI's host; where none does, all of them."""
        found = tuple(way for way in self.path.ways if way.target and way.target.host == self.host)
        return found or self.path.ways


@cache
def _of_files(type: str) -> bool:
    found = declaration(type)
    return bool(found and found.state_only)


def named(by: Decided | str, source: Source) -> str:
    """An object as a person finds it: vendor and kind, the resource's name, the vendor's id; live the id alone."""
    if isinstance(by, str):
        return by
    resource = by.resource
    kind, id = resource.type.replace(":", " "), resource.id
    if source == "live" and id:
        return f"{kind} {id}"
    return f"{kind} {resource.name}" + (f" ({id})" if id and id not in resource.name else "")
