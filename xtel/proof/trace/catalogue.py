"""The catalogue: every check that a trace makes, and what only a call shows, by id."""

from __future__ import annotations

from providers.kernel.errors import InputError
from xtel.proof.trace import call_only, carrier_checks, way_checks, xai_checks
from xtel.proof.trace.subject import Check

#: In the order of the hops.
CHECKS: tuple[Check, ...] = (*carrier_checks.CHECKS, *way_checks.CHECKS, *xai_checks.CHECKS)
#: What no configuration and no probe shows.
CALL_ONLY: tuple[Check, ...] = call_only.CHECKS
_BY_ID = {check.id: check for check in (*CHECKS, *CALL_ONLY)}


def find(id: str) -> Check:
    """The check of an id. Raises InputError."""
    try:
        return _BY_ID[id.strip().upper()]
    except KeyError:
        raise InputError(f"there is no check {id}", step=f"one of {', '.join(_BY_ID)}") from None


def explained(check: Check) -> list[str]:
    """A check for people, a line each."""
    asked = "Asks" if check.decide else "Symptom"
    how = "Decides" if check.decide else "Cause"
    return [
        f"{check.id}  {check.hop}",
        f"{asked}:   {check.question}",
        f"{how}: {check.how}",
        f"Fix:    {check.fix}",
        f"Source: {check.source} ({check.read})",
        *([] if check.decide else ["Only a call shows it: xtel call."]),
    ]
