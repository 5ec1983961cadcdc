"""What a probe saw. Pure: the checks read it, :mod:`xtel.proof.trace.probe` makes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class ProbedWay:
    """What was seen of one SIP URI's host; each error in one line, empty where there was none."""

    addresses: tuple[str, ...] = ()
    #: By which record: ``SRV`` or ``A``.
    how: str = ""
    dns_error: str = ""
    tls_version: str = ""
    tls_error: str = ""
    days_left: int | None = None
    options: int | None = None
    options_error: str = ""


@dataclass(frozen=True)
class ProbedWebhook:
    """What was seen of one webhook's host."""

    error: str = ""
    days_left: int | None = None


@dataclass(frozen=True)
class Probed:
    """All that was probed, by SIP URI and by URL."""

    ways: Mapping[str, ProbedWay] = field(default_factory=dict[str, ProbedWay])
    webhooks: Mapping[str, ProbedWebhook] = field(default_factory=dict[str, ProbedWebhook])
