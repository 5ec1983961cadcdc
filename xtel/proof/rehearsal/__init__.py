"""`xtel rehearse`: a change applied by the real engine and called, in a private sandbox, without credentials or network."""

from __future__ import annotations

from xtel.proof.rehearsal.run import rehearse
from xtel.proof.rehearsal.shown import plain, show

__all__ = ["plain", "rehearse", "show"]
