"""What the suite needs to know of a carrier beyond its declaration: samples of its objects, and who owns which number."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any, Protocol

from providers.kernel import registry
from tests.reconciling import Hand

#: The objects a sample builds on, by kind: what was made before it.
Made = Mapping[str, Hand]


class World(Protocol):
    """A carrier's simulator as the suite sees it: credentials, and what the vendor itself says of a number."""

    def env(self, account: str = "main") -> dict[str, str]: ...

    def reset(self) -> None: ...

    def owned(self, number: str) -> Mapping[str, Any]:
        """The vendor's record of an owned number; KeyError when it is gone."""
        ...

    def occupy(self, number: str) -> None:
        """Let somebody else's object get the calls of a number."""
        ...

    def releases(self) -> int: ...

    def ignore(self, method: str, path: str) -> None:
        """The next such request is accepted, and nothing is done."""
        ...


class Shop(World, Protocol):
    """A simulator that sells numbers."""

    def give_back(self, number: str) -> None:
        """What somebody does in the console: the number is released, and gone for good."""
        ...

    def purchases(self) -> int: ...


@dataclass(frozen=True)
class Sample:
    """One kind of object: good inputs, every field changed, and spellings of the same."""

    kind: str
    inputs: Callable[[Made], dict[str, Any]]
    #: Tells samples of one kind apart.
    variant: str = ""
    changes: tuple[dict[str, Any], ...] = ()
    same: tuple[dict[str, Any], ...] = ()
    #: The object links a number that can be in somebody else's hands.
    attaches: bool = False
    #: The number that it links, where that is not the subject's.
    number: str = ""
    #: Inputs that change only together with what it refers to.
    together: frozenset[str] = frozenset()
    #: Every parent has it: it cannot be deleted outside, doubled or found.
    setting: bool = False
    #: No call undoes the link where there was none before: it is gone once this kind of object is.
    falls_with: str = ""
    #: A number chosen by reading alone: nothing is at the vendor, so nothing is written, and it never changes.
    chosen: bool = False
    #: A number of the account: found by the number, kept on destroy, and gone only once the vendor has it back.
    bought: bool = False
    #: Changes that are refused, whoever consents.
    final: tuple[dict[str, Any], ...] = ()
    #: Kept in the state alone: nobody can be asked, so nothing fails, drifts or is gone outside.
    kept: bool = False
    #: Inputs that the release computes: a newer one may change them.
    computed: frozenset[str] = frozenset()
    #: It refuses to be what a foreign object of its kind is: inputs of a foreign one beside it.
    foreign: Callable[[Made], dict[str, Any]] | None = None
    #: What somebody may do to it in the vendor's console that stops or diverts calls, by the field that shows it; the
    #: vendor's id of the object is given.
    switched: Mapping[str, Callable[[Any, str], object]] = field(default_factory=dict[str, Any])
    #: Where it copies from: what an answer to this path says otherwise is taken as it is, and nobody can tell.
    copied: str = ""
    #: Inputs that are secrets, for the search for leaks.
    canaries: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """In names of tests and files."""
        return f"{self.kind}-{self.variant}" if self.variant else self.kind


@dataclass(frozen=True)
class Subject:
    """A carrier under test."""

    name: str
    number: str
    world: Callable[[Any], World]
    samples: tuple[Sample, ...]
    #: Declarations a carrier must refuse, with words of the reason: kind, inputs, words.
    refusals: tuple[tuple[str, dict[str, Any], str], ...] = field(default=())


def subjects() -> dict[str, Subject]:
    """A subject for every carrier that the entry points name; one without a subject is an error, not a gap."""
    brought = {point.name: point.load for point in entry_points(group="xtel.subjects")}
    return {
        name: brought[name]() if name in brought else import_module(f"tests.conformance.subjects.{name}").SUBJECT
        for name in registry.carriers()
    }
