"""What ``--json`` prints where a verb fails: one document, the same for every verb.

The schema is ``xtel/failure.schema.json``: ``python -m xtel.failure > xtel/failure.schema.json``. A change that old readers
cannot follow raises :data:`VERSION`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from providers.kernel.errors import (
    AccountError,
    CarrierError,
    CredentialError,
    InputError,
    Temporary,
    XtelError,
    worded,
)
from providers.kernel.secrecy import one_line
from stacks.document import Refused

VERSION: Literal[1] = 1
Kind = Literal["usage", "input", "credentials", "account", "vendor", "failed", "interrupted", "unexpected"]


class FailedFinding(BaseModel):
    """One error or warning of a stack file, as `xtel validate --json` prints it."""

    model_config = ConfigDict(extra="forbid")

    file: str
    line: int
    path: str
    message: str
    severity: str


class Refusal(BaseModel):
    """How a vendor refused: its HTTP status, its own error code, and the request id that its support asks for."""

    model_config = ConfigDict(extra="forbid")

    status: int | None = Field(description="The HTTP status; null where no answer came.")
    code: str | None
    request_id: str | None
    temporary: bool = Field(description="Whether trying again later may help.")


class Failure(BaseModel):
    """Why a verb did not do what it was asked, and what to do next."""

    model_config = ConfigDict(extra="forbid")

    version: Literal[1] = VERSION
    exit: int = Field(description="The exit code: 64 wrong usage, 130 Ctrl-C, 1 everything else.")
    kind: Kind = Field(
        description="usage: the command line; input: a file or value of yours; credentials: a key is missing or refused; "
        "account: the key of another account; vendor: a vendor refused or did not answer; failed: anything else that has "
        "a next step; interrupted: Ctrl-C; unexpected: a mistake of this program."
    )
    error: str = Field(description="What went wrong, in one line without a secret.")
    next: str = Field(description="What to do next; empty where nothing is known to help.")
    findings: list[FailedFinding] = Field(
        default_factory=list[FailedFinding], description="Of a stack file that is refused: every error and warning."
    )
    vendor: Refusal | None = Field(default=None, description="Of kind vendor: the facts of its answer.")

    def as_json(self) -> dict[str, Any]:
        """For ``--json``."""
        return self.model_dump(mode="json")


def wanted(arguments: Sequence[str]) -> bool:
    """Whether a command line asks for JSON, also one that cannot be understood."""
    options = list(arguments[: arguments.index("--")] if "--" in arguments else arguments)
    return bool({"--json", "--format=json"} & {*options}) or ("--format", "json") in pairwise(options)


def of(error: BaseException, code: int = 1) -> Failure:
    """What is told of an error."""
    told = worded(error)
    kind = _kind(told) if isinstance(error, XtelError) else "unexpected"
    findings = [FailedFinding(**item.as_json()) for item in told.findings] if isinstance(told, Refused) else []
    return Failure(exit=code, kind=kind, error=told.summary, next=told.step, findings=findings, vendor=_refusal(told))


def usage(message: str, code: int, command: str) -> Failure:
    """What is told of a command line that cannot be."""
    return Failure(exit=code, kind="usage", error=one_line(message), next=f"{command} --help")


def interrupted(code: int) -> Failure:
    """What is told after Ctrl-C."""
    return Failure(exit=code, kind="interrupted", error="interrupted", next="run it again")


_KINDS: Mapping[type[XtelError], Kind] = {
    InputError: "input", CredentialError: "credentials", AccountError: "account", CarrierError: "vendor",
}  # fmt: skip


def _kind(error: XtelError) -> Kind:
    for type, kind in _KINDS.items():
        if isinstance(error, type):
            return kind
    return "failed"


def _refusal(error: XtelError) -> Refusal | None:
    if not isinstance(error, CarrierError):
        return None
    return Refusal(
        status=error.status or None,
        code=error.code or None,
        request_id=error.request_id or None,
        temporary=isinstance(error, Temporary),
    )


def schema() -> str:
    """The schema: the same bytes on every machine."""
    described = Failure.model_json_schema(mode="serialization")
    whole = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **described,
        "title": "Failure of xai-telephony",
    }
    return json.dumps(whole, indent=2, ensure_ascii=True) + "\n"


if __name__ == "__main__":
    sys.stdout.write(schema())
