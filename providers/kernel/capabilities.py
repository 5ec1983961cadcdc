"""What a carrier can and cannot do towards xAI, each with its reason and the day it was read."""

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
