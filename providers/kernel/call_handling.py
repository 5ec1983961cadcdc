"""What an object says about calls: which number's calls it takes, where it sends them, who may send them, who answers.

The call path puts these together per number. A carrier says only what cannot be seen from its inputs' own values: see
:meth:`providers.kernel.object.Object.call_handling`. Inputs may hold values that are not known yet, and masked secrets.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, cast

from providers.kernel.values import target


@dataclass(frozen=True)
class Destination:
    """A SIP URI that a carrier sends calls to; the lowest rank is tried first."""

    uri: str
    rank: int = 0


@dataclass(frozen=True)
class CallHandling:
    """What one object contributes to the calls of a number; what it does not decide is None or empty."""

    #: The number (E.164) whose calls this object takes at its carrier: without it the carrier sends none of them our way.
    takes: str = ""
    destinations: tuple[Destination, ...] = ()
    #: Ids of the objects that hold destinations, in the order they are tried, where this object chooses among them.
    tries: tuple[str, ...] = ()
    #: Switched on: without it, what comes this way ends here. None where there is no switch.
    enabled: bool | None = None
    #: Transport of every destination, where the carrier's trunk decides it and not the URI.
    transport: Literal["tls", "tcp", "udp"] | None = None
    #: Whether the media are encrypted.
    srtp: bool | None = None
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


def from_values(inputs: Mapping[str, Any]) -> CallHandling:
    """What inputs show by themselves, for an object whose carrier says nothing: SIP URIs, the number, encryption."""
    number = inputs.get("phone_number")
    destinations = tuple(Destination(uri, rank) for rank, uri in enumerate(_uris(list(inputs.values()))))
    secure = next((inputs[name] for name in ("srtp", "secure") if isinstance(inputs.get(name), bool)), None)
    return CallHandling(
        takes=number if isinstance(number, str) else "", destinations=destinations, srtp=secure,
        releases=inputs.get("on_delete") == "release",
    )  # fmt: skip


def _uris(value: Any) -> Iterator[str]:
    if isinstance(value, str) and value.lower().startswith("sip:"):
        try:
            yield str(target(value))
        except ValueError:
            return
    elif isinstance(value, list | tuple):
        for item in cast(list[Any], value):
            yield from _uris(item)
