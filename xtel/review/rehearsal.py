"""What a rehearsal found: each number before and after a change that was applied and called in a private sandbox.

Typed, without a secret, and published as JSON: ``python -m xtel.review.rehearsal > xtel/review/rehearsal.schema.json``. A
change that old readers cannot follow raises :data:`VERSION`. Pure.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError

from providers.kernel import reading
from providers.kernel.errors import InputError
from providers.kernel.wording import counted
from xtel.failure import Failure
from xtel.review.item import Item

VERSION: Literal[1] = 1
Verdict = Literal[
    "as before",
    "as declared",
    "gone as declared",
    "does not answer",
    "answered by another",
    "rings otherwise",
    "still answers",
    "not applied",
    "changes again",
]
GOOD: frozenset[Verdict] = frozenset({"as before", "as declared", "gone as declared"})


class Ring(Item):
    """What became of one call."""

    answered: bool
    by: str = Field(default="", description="`webhook:<url>` or `agent:<id>`.")
    uri: str = Field(default="", description="The SIP URI that was called last.")
    codec: str = ""
    encrypted: bool = Field(default=False, description="Whether the sound was encrypted (SRTP).")
    hop: str = Field(default="", description="Where a call that nobody answered ended.")
    code: int | None = Field(default=None, description="The SIP status that it ended with, where one came.")
    reason: str = ""
    ladder: tuple[str, ...] = Field(default=(), description="The messages of a call that nobody answered, in time.")

    @property
    def said(self) -> str:
        """In a few words: who answered, or where it ended."""
        if self.answered:
            kind, _, who = self.by.partition(":")
            return f"{kind} {who}"
        return f"{self.hop or 'unfinished'}{f' {self.code}' if self.code else ''}"

    @property
    def way(self) -> tuple[Any, ...]:
        """What must be the same where nothing was to change."""
        return self.answered, self.by, self.uri, self.codec, self.encrypted


class RehearsedNumber(Item):
    """One number: how it rang before and after, and whether that is what the stack file declares."""

    number: str = Field(description="E.164; the key of one that was not bought.")
    key: str = Field(description="Its label in the stack file.")
    carrier: str = Field(default="", description="Who delivers its calls after the change; empty: xAI itself.")
    before: Ring | None = Field(default=None, description="Null: it was not in the base.")
    after: Ring | None = Field(default=None, description="Null: it could not be called.")
    verdict: Verdict
    why: str = Field(default="", description="What is wrong, in a line; empty for a good verdict.")
    note: str = Field(default="", description="What an apply needs beside the file: consent.")

    @property
    def good(self) -> bool:
        """Whether it is as declared."""
        return self.verdict in GOOD


class Rehearsal(Item):
    """A change, applied to a private sandbox by the real engine and called there."""

    version: Literal[1] = VERSION
    stack: str
    file: str = Field(default="", description="Stack file, relative to the project.")
    base: str = Field(default="", description="Git revision that was applied first; empty: nothing was.")
    numbers: tuple[RehearsedNumber, ...]
    stable: bool = Field(description="Whether the plan after it was empty.")
    problems: tuple[str, ...] = Field(
        default=(), description="What was not applied, or would change again, and is of no single number."
    )

    @property
    def good(self) -> bool:
        """Whether all is as declared."""
        return not self.problems and all(item.good for item in self.numbers)

    @property
    def said(self) -> str:
        """In a line: ``9 of 9 answer as declared``."""
        if self.problems and not self.numbers:
            return self.problems[0]
        bad = [item for item in self.numbers if not item.good]
        good = len(self.numbers) - len(bad)
        told = f"{good} of {len(self.numbers)} answer{'s' if len(self.numbers) == 1 else ''} as declared"
        which = f"; not {', '.join(item.key for item in bad[:5])}{', …' if len(bad) > 5 else ''}" if bad else ""
        more = f"; {counted(len(self.problems), 'other problem')}" if self.problems else ""
        return f"{told}{which}{more}"

    @property
    def exit(self) -> int:
        """0 all answer as declared, 2 some do not."""
        return 0 if self.good else 2

    def as_json(self) -> dict[str, Any]:
        """For ``--json``."""
        return self.model_dump(mode="json")


def failed(stack: str, reason: str) -> Rehearsal:
    """What stands for a rehearsal that did not come to its end."""
    return Rehearsal(stack=stack, numbers=(), stable=False, problems=(f"the rehearsal failed: {reason}",))


def read(file: Path) -> Rehearsal:
    """What `xtel rehearse --json` wrote. Raises InputError, with the reason where the rehearsal itself failed."""
    try:
        text = reading.text(file, reading.RECORDED)
    except reading.Unreadable as error:
        raise InputError(f"{file} {error}", step="name what xtel rehearse --json wrote") from None
    try:
        return Rehearsal.model_validate_json(text)
    except ValidationError:
        pass
    try:
        raise InputError(f"the rehearsal failed: {Failure.model_validate_json(text).error}")
    except ValidationError:
        raise InputError(f"{file} is no rehearsal", step="save one: xtel rehearse STACK --json > FILE") from None


def schema() -> str:
    """The schema of :class:`Rehearsal`: the same bytes on every machine."""
    described = Rehearsal.model_json_schema(mode="serialization")
    draft = "https://json-schema.org/draft/2020-12/schema"
    whole = {"$schema": draft, **described, "title": "Rehearsal of xai-telephony"}
    return json.dumps(whole, indent=2, ensure_ascii=True) + "\n"


if __name__ == "__main__":
    sys.stdout.write(schema())
