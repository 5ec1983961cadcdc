"""What an object says about calls: which number's calls it takes, where it sends them, who may send them, who answers.

The call path puts these together per number. A carrier says only what cannot be seen from its inputs' own values: see
:meth:`providers.kernel.object.Object.call_handling`. Inputs may hold values that are not known yet, and masked secrets.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, cast

from providers.kernel.values import target


@dataclass(frozen=True)
class Destination:
    """A SIP URI that a carrier sends calls to; the lowest rank is tried first."""

    uri: str
    rank: int = 0
    #: The digest username it is called with; empty: called without a digest; None: nobody knows.
    username: str | None = None


@dataclass(frozen=True)
class Stop:
    """A setting of an object that ends a number's calls, or takes them elsewhere: at which hop, why, and what undoes it."""

    hop: Literal["number", "attachment", "trunk"]
    why: str
    fix: str


@dataclass(frozen=True)
class CallHandling:
    """What one object contributes to the calls of a number; what it does not decide is None or empty."""

    #: The number (E.164) whose calls this object takes at its carrier: without it the carrier sends none of them our way.
    takes: str = ""
    destinations: tuple[Destination, ...] = ()
    #: Ids of the objects at its carrier that calls go on to from here, or the URL that is asked; in the order they are tried.
    tries: tuple[str, ...] = ()
    #: Id of the object whose calls it decides together with it: an origination URL is part of its trunk.
    part_of: str = ""
    #: By what others refer to it, where that is not its id: the URL at which it answers.
    known_as: str = ""
    #: Switched on: without it, what comes this way ends here. None where there is no switch.
    enabled: bool | None = None
    #: Transport of every destination, where the carrier's trunk decides it and not the URI.
    transport: Literal["tls", "tcp", "udp"] | None = None
    #: Whether the media are encrypted.
    srtp: bool | None = None
    #: Codecs that are offered, by their names in SDP (RFC 3551).
    codecs: tuple[str, ...] = ()
    #: Names of the published ranges that calls come from; empty: nobody published them. None: the carrier's own.
    sources: tuple[str, ...] | None = None
    #: How the dialled number is written where a SIP URI names none: one of the formats, or what is sent in its place.
    dialled: Literal["", "+e164", "e164", "national"] | str = ""
    #: The customer's own equipment that calls go by, as people call it (``trunk HQ gateway``): somebody must have set it up.
    equipment: str = ""
    #: Settings that let no call pass.
    stops: tuple[Stop, ...] = ()
    #: The number (E.164, or a name while it has none) that this object registers with who answers.
    registers: str = ""
    #: The SIP host at which that registration is called.
    host: str = ""
    #: Who may send calls to it: anyone, whoever logs in, whoever comes from the networks; or the number is
    #: provisioned, one of the vendor's own, and no carrier of ours sends it calls.
    auth: Literal["", "open", "digest", "allowlist", "provisioned"] = ""
    username: str = ""
    allow: tuple[str, ...] = ()
    #: Who answers: a webhook's URL, or an agent.
    webhook: str = ""
    agent: str = ""
    #: Files that a person applies, with the hash of each.
    by_hand: Mapping[str, str] = field(default_factory=dict[str, str])
    #: Deleting it gives the number back: it may be gone for good.
    releases: bool = False
    #: Making it rents the number.
    rents: bool = False


def from_values(inputs: Mapping[str, Any], references: Iterable[str] = ()) -> CallHandling:
    """What inputs show by themselves, for an object whose carrier says nothing: SIP URIs, the number, encryption.

    Calls go on to what it refers to. One that has SIP URIs of its own and takes no number is part of what it refers to.
    """
    number = inputs.get("phone_number")
    takes = number if isinstance(number, str) else ""
    destinations = tuple(Destination(uri, rank) for rank, uri in enumerate(_uris(list(inputs.values()))))
    secure = next((inputs[name] for name in ("srtp", "secure") if isinstance(inputs.get(name), bool)), None)
    others = ids(inputs, *sorted(references))
    part_of = others[0] if others and destinations and not takes else ""
    return CallHandling(
        takes=takes, destinations=destinations, tries=() if part_of else others, part_of=part_of, srtp=secure,
        releases=inputs.get("on_delete") == "release",
    )  # fmt: skip


def ids(inputs: Mapping[str, Any], *names: str) -> tuple[str, ...]:
    """The ids under these names, in their order, where there are any."""
    return tuple(str(inputs[name]) for name in names if inputs.get(name))


def _uris(value: Any) -> Iterator[str]:
    if isinstance(value, str) and value.lower().startswith("sip:"):
        try:
            yield str(target(value))
        except ValueError:
            return
    elif isinstance(value, list | tuple):
        for item in cast(list[Any], value):
            yield from _uris(item)
