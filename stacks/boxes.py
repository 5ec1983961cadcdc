"""What numbers take, and set for all, on the machines that their files are for: a second one must not undo the first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from providers.kernel.route import Box


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
        for name in (box.name, *box.also):
            machines.setdefault((box.title, name), {})[key] = box
    told = set[tuple[str, str]]()  # two numbers may be together on more than one machine
    for (title, machine), on_it in machines.items():
        for clash in _on(on_it, f"{title} {machine}".rstrip(), lines):
            if (clash.key, clash.path) not in told:
                told.add((clash.key, clash.path))
                yield clash


def _on(machine: Mapping[str, Box], where: str, lines: Mapping[str, int]) -> Iterator[Clash]:
    """Those on one machine."""
    for name in dict.fromkeys(_last(path) for box in machine.values() for path in box.taken):
        yield from _taken(name, machine, where, lines)
    yield from _whole(machine, where, lines)


def _last(path: str) -> str:
    """The key itself: two routes may have it at different places."""
    return path.rpartition(".")[2]


def _taken(name: str, on_it: Mapping[str, Box], where: str, lines: Mapping[str, int]) -> Iterator[Clash]:
    """The first in the file keeps what it has; each other one is told the next that is free."""
    wanted = [
        (key, path, each) for key, box in on_it.items() for path, each in box.taken.items() if _last(path) == name
    ]
    held = {each for _, _, mine in wanted for each in mine}
    owner: dict[int | str, str] = {}
    for key, path, mine in wanted:
        other = next((owner[each] for each in mine if each in owner), "")
        if not other:
            owner.update(dict.fromkeys(mine, key))
            continue
        its = f"of {other} (line {lines[other]})"
        if isinstance(mine, range):
            free = _free(mine, held)
            held |= set(free)
            theirs = f"overlap with those {its}: write {name}: {free.start}"
            text = f"{name}s {mine.start} to {mine.stop - 1} of {where} {theirs}"
        else:
            text = f"{name} {', '.join(map(str, mine))} of {where} is that {its}: {on_it[key].another}"
        yield Clash(key, f"route.{path}", f"{text}, or {on_it[key].elsewhere}")


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
        said = {_last(path): value for path, value in on_it[first].whole.items()}
        if differing := sorted(path for path, value in box.whole.items() if value != said.get(_last(path))):
            text = (
                f"{where} has one file for all its numbers, and {first} (line {lines[first]}) says something else in"
                f" {', '.join(differing)}: say the same in both, or {box.elsewhere}"
            )
            yield Clash(key, differing[0], text)
