"""What no API returns and somebody has to tell: digest passwords, signing secrets, where a webhook is."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter, ValidationError

from providers.kernel import reading, secrecy
from providers.kernel.errors import InputError
from providers.kernel.spec import StrictModel, problems
from providers.kernel.values import E164, DigestPassword, SigningSecret

Kind = Literal["digest_password", "signing_secret"]
#: For a single number: the environment instead of a file.
VARIABLES: dict[Kind, str] = {"digest_password": "XTEL_DIGEST_PASSWORD", "signing_secret": "XTEL_SIGNING_SECRET"}


class Known(StrictModel):
    """The secrets of one number."""

    digest_password: DigestPassword | None = None
    signing_secret: SigningSecret | None = None


@dataclass(frozen=True)
class Answers:
    """Given beforehand, or asked for: ``ask`` gets a question and answers without an echo; empty means not known."""

    webhook: str = ""
    known: Mapping[str, Known] = field(default_factory=dict[str, Known])
    ask: Callable[[str], str] | None = None

    def secret(self, number: str, kind: Kind, question: str) -> str:
        """A secret of a number; empty when nobody knows it. Kept out of every text from here on."""
        given = getattr(self.known.get(number), kind, None)
        value = given or (self.ask(question) if self.ask else "")
        secrecy.register(value)
        return value

    def unused(self, numbers: Collection[str]) -> tuple[str, ...]:
        """The numbers besides these for which a secret was given."""
        given = {number for number, said in self.known.items() if said.model_dump(exclude_none=True)}
        return tuple(sorted(given.difference(numbers)))


def known(file: str, numbers: tuple[str, ...]) -> dict[str, Known]:
    """What a file of secrets says, by number; for a single number the environment fills in. Never shows a value."""
    told = _read(Path(file)) if file else {}
    if len(numbers) == 1:
        given = {kind: os.environ[variable] for kind, variable in VARIABLES.items() if os.environ.get(variable)}
        said = told.get(numbers[0], Known()).model_dump(exclude_none=True)
        try:
            told[numbers[0]] = Known.model_validate({**given, **said})
        except ValidationError as error:
            wrong = problems(error)[0]
            name = next(variable for kind, variable in VARIABLES.items() if kind == wrong.path)
            raise InputError(f"{name} {wrong.reason}", step=f"export {name} again") from None
    return told


def _read(file: Path) -> dict[str, Known]:
    step = 'a line per number: "+14155550100": {signing_secret: …, digest_password: …}'
    try:
        return TypeAdapter(dict[E164, Known]).validate_python(reading.yaml(file) or {})
    except ValidationError as error:
        found = problems(error)[0]
        if told := _unquoted(file, error):
            raise InputError(told, step=step) from None
        raise InputError(f"{file}: {found}", step=step) from None
    except reading.Unreadable as error:
        raise InputError(f"{file} {error}", step=step) from None


def _unquoted(file: Path, error: ValidationError) -> str:
    """A number that YAML took for one, with its line; empty where that is not what is wrong."""
    for each in error.errors():
        number: object = each["input"]
        if each["loc"][-1:] == ("[key]",) and isinstance(number, int) and not isinstance(number, bool):
            lines = reading.text(file).splitlines()
            at = next((count for count, line in enumerate(lines, 1) if re.match(rf"[\s{{]*\+?{number}\s*:", line)), 0)
            return f'{file}{f":{at}" if at else ""}: quote it, or YAML reads a number and drops the +: "+{abs(number)}"'
    return ""
