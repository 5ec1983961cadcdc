"""What is said of many numbers alike is said once, with the list of them. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from providers.kernel import values
from providers.kernel.wording import counted
from xtel.review.plan.model import Plan

ItemT = TypeVar("ItemT")
#: What stands in a text for the number that it is about, where it is about many.
NUMBER = "NUMBER"
#: What differs in texts that say the same: foreign names, numbers, ids of objects and requests.
_VARIES = re.compile(
    r"'[^']*'|\+\d{7,15}|\b[A-Z]{2}[0-9a-f]{32}\b|(?<=request )[\w-]+|\b(?=[0-9a-f-]*\d)[0-9a-f]{8}[0-9a-f-]{8,}\b"
)

#: The beginning of a number as people write it.
_SPACED = re.compile(r"\+\d{1,3} \(?\d")


@dataclass(frozen=True)
class Alike(Generic[ItemT]):
    """Items that say the same: of one number, or of many."""

    items: tuple[ItemT, ...]
    #: What each is about: the label of a number, else an object.
    names: tuple[str, ...]
    noun: str = "number"

    @property
    def first(self) -> ItemT:
        """The one that stands for all."""
        return self.items[0]

    @property
    def many(self) -> bool:
        """Whether it is said of more than one."""
        return len(self.names) > 1

    @property
    def where(self) -> str:
        """What it is about: the one, or how many."""
        return counted(len(self.names), self.noun) if self.many else self.names[0]


def together(
    items: Iterable[ItemT], key: Callable[[ItemT], Hashable], name: Callable[[ItemT], str], noun: str = "number"
) -> list[Alike[ItemT]]:
    """The items by what they say, in the order of the first of each."""
    found: dict[Hashable, list[ItemT]] = {}
    for item in items:
        found.setdefault(key(item), []).append(item)
    return [Alike(tuple(group), tuple(dict.fromkeys(map(name, group))), noun) for group in found.values()]


class Words:
    """The words of one plan: what its numbers are called, and what a text says whatever number it is about."""

    def __init__(self, plan: Plan) -> None:
        self._labels = plan.labels

    def label(self, name: str) -> str:
        """A number by its label in the stack file and its E.164: ``support · +14155550100``."""
        return self._labels.get(name, name)

    def of_any(self, text: str, name: str) -> str:
        """A text about one number as it would be said of another: its E.164 is ``NUMBER``."""
        e164 = name if name.startswith("+") else self.label(name).rpartition(" · ")[2]
        if e164.startswith("+"):
            text = text.replace(e164, NUMBER)
            text = text.replace(values.pretty(e164), NUMBER) if _SPACED.search(text) else text
            text = text.replace(e164[1:], NUMBER)
        if name.startswith("+") or not name or name not in text:
            return text
        return re.sub(rf"(?<![\w.@-]){re.escape(name)}(?![\w.@-])", NUMBER, text)  # it has no E.164 yet

    def loosely(self, text: str, name: str) -> str:
        """The same without whatever else differs from number to number."""
        return _VARIES.sub("…", self.of_any(text, name))

    def varying(self, text: str, name: str) -> str:
        """What else differs: names, ids."""
        return ", ".join(_VARIES.findall(self.of_any(text, name)))


def said(texts: Iterable[tuple[str, str]]) -> str:
    """What texts have in common, each given exactly and loosely."""
    exactly, loosely = zip(*texts, strict=True)
    return str(exactly[0] if len(set(exactly)) == 1 else loosely[0])
