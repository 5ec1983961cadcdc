"""A password made here and kept in the state: a number that is replaced keeps it."""

from __future__ import annotations

import secrets
import string
from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import Field

from providers.kernel.object import Live, Object
from providers.kernel.spec import Spec
from providers.kernel.values import Whole
from xai_resources.client import Client

_ALPHABET = string.ascii_letters + string.digits
#: Plivo takes 5 to 20 characters, letters and digits, and wants one of ~!@#$%^&*()_+; the underscore is safe in every file.
_LENGTH = 20


class PasswordSpec(Spec):
    """A made password."""

    generation: Whole = Field(1, ge=1, description="Raise it to make a new password.")


class Password(Object[Client, PasswordSpec]):
    """A digest password, made once and valid at every carrier: 20 letters and digits with one underscore.

    Calls: none. Secrets: ``value``. Changes in place: nothing; a higher ``generation`` makes a new one. Delete: forgets it.
    """

    kind = "Password"
    spec: ClassVar[type[Spec]] = PasswordSpec
    replaces = frozenset({"generation"})
    state_only = True
    outputs = ("value",)
    secrets = ("value",)

    def find(self, api: Client, spec: PasswordSpec, *, fresh: bool) -> Live | None:
        """It lives in the state alone."""
        return None

    def read(self, api: Client, id: str, state: Mapping[str, Any], *, fresh: bool) -> Live | None:
        """As the state has it."""
        return Live(id, {})

    def create(self, api: Client, spec: PasswordSpec) -> Live:
        """A new one."""
        return Live(secrets.token_hex(8), {}, {"value": new()})

    def delete(self, api: Client, id: str, state: Mapping[str, Any]) -> None:
        """Nothing to do anywhere."""


def new() -> str:
    """A password that every carrier takes: about 113 bits from the system's random source."""
    place = 1 + secrets.randbelow(_LENGTH - 2)
    letters = [secrets.choice(_ALPHABET) for _ in range(_LENGTH)]
    letters[place] = "_"
    return "".join(letters)
