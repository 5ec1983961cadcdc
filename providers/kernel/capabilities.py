"""What a carrier offers: what it can and cannot do towards the target, and the ranges it publishes, each with its day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import Enum


class Capability(Enum):
    """One thing a user may want of a carrier; the value is the heading in tables."""

    API = "API"
    TLS = "TLS"
    SRTP = "SRTP"
    DIGEST = "digest"
    ALLOWLIST = "allowlist"
    TRANSFER = "transfer"
    FALLBACK = "fallback"
    CODECS = "codecs"
    SHARED = "numbers per trunk"
    BUYING = "buys numbers"


@dataclass(frozen=True)
class Can:
    """It can; ``how`` says by what, in a few words."""

    how: str
    read: date
    able = True

    def __str__(self) -> str:
        return self.how


@dataclass(frozen=True)
class Cannot:
    """It cannot; ``why`` ends up in the refusal of a declaration that asks for it."""

    why: str
    read: date
    able = False

    def __str__(self) -> str:
        return f"no: {self.why}"


Ability = Can | Cannot


@dataclass(frozen=True)
class Table:
    """The signaling CIDRs a carrier published, read on ``read`` from ``source``."""

    name: str
    read: date
    source: str
    cidrs: tuple[str, ...]
    region: str = ""

    @property
    def label(self) -> str:
        """``acme`` or ``acme:europe``."""
        return f"{self.name}:{self.region}" if self.region else self.name

    @property
    def dated(self) -> str:
        """The name that always means this table: ``acme@2026-11-21``."""
        return f"{self.label}@{self.read.isoformat()}"
