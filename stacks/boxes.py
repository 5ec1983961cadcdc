"""What numbers take, and set for all, on the machines that their files are for: a second one must not undo the first."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from providers.kernel.route import Box

_ELSEWHERE = "or box: NAME where it is on another machine"


@dataclass(frozen=True)
class Clash:
    """One number that wants what another has already: ``path`` is that of its key."""

    key: str
    path: str
    message: str


def clashes(boxes: Mapping[str, Box], lines: Mapping[str, int]) -> Iterator[Clash]:
    """Every clash between the numbers of one stack file, by the machine that each is on; ``lines`` is where each stands."""
    machines: dict[tuple[str, str], dict[str, Box]] = {}
    for key, box in boxes.items():
        machines.setdefault((box.title, box.name), {})[key] = box
    for (title, name), on_it in machines.items():
        where = f"{title} {name}".rstrip()
        for field in dict.fromkeys(field for box in on_it.values() for field in box.taken):
            yield from _taken(
                field, {key: box.taken[field] for key, box in on_it.items() if field in box.taken}, where, lines
            )
        yield from _whole(on_it, where, lines)


def _taken(
    field: str, wanted: Mapping[str, Collection[int | str]], where: str, lines: Mapping[str, int]
) -> Iterator[Clash]:
    """The first in the file keeps what it has; each other one is told the next that is free."""
    held = {each for mine in wanted.values() for each in mine}
    owner: dict[int | str, str] = {}
    for key, mine in wanted.items():
        other = next((owner[each] for each in mine if each in owner), "")
        if not other:
            owner.update(dict.fromkeys(mine, key))
            continue
        its = f"of {other} (line {lines[other]})"
        if isinstance(mine, range):
            free = _free(mine, held)
            held |= set(free)
            theirs = f"overlap with those {its}: write {field}: {free.start}"
            text = f"{field}s {mine.start} to {mine.stop - 1} of {where} {theirs}"
        else:
            text = f"{field} {', '.join(map(str, mine))} of {where} is that {its}: write another one"
        yield Clash(key, f"route.{field}", f"{text}, {_ELSEWHERE}")


def _free(wanted: range, held: set[int | str]) -> range:
    """As many, from the lowest number that nobody has any of, counted from those that are wanted."""
    while not held.isdisjoint(wanted):
        wanted = range(wanted.stop, wanted.stop + len(wanted))
    return wanted


def _whole(on_it: Mapping[str, Box], where: str, lines: Mapping[str, int]) -> Iterator[Clash]:
    first = ""
    for key, box in on_it.items():
        if not box.whole:
            continue
        if not first:
            first = key
            continue
        said = on_it[first].whole
        if differing := sorted(path for path in box.whole if box.whole[path] != said.get(path)):
            text = (
                f"{where} has one file for all its numbers, and {first} (line {lines[first]}) says something else in"
                f" {', '.join(differing)}: say the same in both, {_ELSEWHERE}"
            )
            yield Clash(key, differing[0], text)
