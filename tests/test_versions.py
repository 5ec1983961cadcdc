"""Changes to objects with versions: nobody else's change is overwritten, and nothing is written for nothing."""

from __future__ import annotations

import pytest

from providers.kernel import errors, versions, waiting

Seen = tuple[int, frozenset[str]]


class Shelf:
    """An object with a version; ``rivals`` change it after so many of our reads."""

    def __init__(self, *rivals: str) -> None:
        self.version, self.entries = 1, frozenset({"theirs"})
        self.rivals, self.writes = list(rivals), 0

    def read(self) -> Seen:
        seen = (self.version, self.entries)
        if self.rivals:
            self.version, self.entries = self.version + 1, self.entries | {self.rivals.pop(0)}
        return seen

    def write(self, wanted: Seen) -> Seen:
        self.writes += 1
        version, entries = wanted
        if version != self.version:
            raise errors.Conflict("version 1 is stale", status=409)
        self.version, self.entries = version + 1, entries
        return self.version, self.entries

    def add(self, seen: Seen) -> Seen:
        return seen[0], seen[1] | {"ours"}


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "pause", lambda seconds: None)


@pytest.mark.parametrize("rivals", [(), ("a",), ("a", "b", "c", "d")])
def test_others_changes_stay(rivals: tuple[str, ...]) -> None:
    shelf = Shelf(*rivals)
    _, entries = versions.changed(shelf.read, shelf.add, shelf.write)
    assert entries == {"theirs", "ours", *rivals}
    assert shelf.writes == len(rivals) + 1


def test_what_is_so_already_is_not_written() -> None:
    shelf = Shelf()
    shelf.entries = frozenset({"ours"})
    assert versions.changed(shelf.read, shelf.add, shelf.write) == (1, {"ours"})
    assert shelf.writes == 0


def test_who_is_never_fast_enough_is_told() -> None:
    shelf = Shelf(*"abcdefgh")
    with pytest.raises(errors.Conflict, match=r"5 times in a row \(version 1 is stale\).*next: run it again when"):
        versions.changed(shelf.read, shelf.add, shelf.write)
    assert shelf.writes == versions.ATTEMPTS
    assert "ours" not in shelf.entries
