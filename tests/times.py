"""What each step of ``.ci/run`` took, against what it may take on two cores: shown above the last line of its last step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

#: Minutes, as agreed: who goes over one mends it by sharing runs, never by dropping cases.
BUDGETS = {"setup": 8, "lint and workflows": 4, "faults": 15, "judges": 15, "test": 25}
#: Where `.ci/run` leaves what came before: the clock at its start, then seconds and name of each step, ``;`` between.
GIVEN = "CI_TIMES"


def table(given: str, now: float) -> Iterator[str]:
    """The lines of the table; the last step is the one that runs now."""
    began, *steps = given.split(";")
    took: Mapping[str, int] = {name: int(seconds) for seconds, name in (step.split(" ", 1) for step in steps)}
    whole = int(now - float(began))
    took = {**took, "test": whole - sum(took.values())}
    yield f"{'ci step':<20}{'took':>7}{'may take':>10}"
    for name, minutes in BUDGETS.items():
        yield _line(name, took[name], minutes) if name in took else f"{name:<20}{'-':>7}{minutes:>7}:00"
    yield _line("all", whole, sum(BUDGETS.values()))


def _line(name: str, seconds: int, minutes: int) -> str:
    over = "  over its budget" if seconds > 60 * minutes else ""
    return f"{name:<20}{seconds // 60:>4}:{seconds % 60:02}{minutes:>7}:00{over}"
