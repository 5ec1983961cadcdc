"""What each vendor's HTTP API does its own way: how it words a refusal, where it puts the id of a request, how it tells the
rate that is left, and which of its answers have no body. A vendor declares it beside its credentials; the HTTP policy of
:mod:`providers.kernel.http` reads answers by it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

from providers.kernel import errors


@dataclass(frozen=True)
class Refusal:
    """What a vendor says when it refuses: its own code (empty where it has none) and its words."""

    code: str = ""
    message: str = ""


@dataclass(frozen=True)
class RateHeaders:
    """Headers that tell how many requests are left in this window, and when the next one begins."""

    remaining: str
    reset: str
    #: ``reset`` is a point in time (seconds since 1970), not the seconds until then.
    epoch: bool = False
    #: Statuses beside 429 that mean "too many requests" when nothing is left or the answer names a wait.
    statuses: frozenset[int] = frozenset()


def fields_of(value: object) -> dict[str, Any]:
    """The fields of a JSON object; none where it is anything else."""
    return cast(dict[str, Any], value) if isinstance(value, dict) else {}


def first_of(value: object) -> dict[str, Any]:
    """The fields of the first object in a list, such as a refusal's ``errors``."""
    listed = cast(list[object], value) if isinstance(value, list) else []
    return fields_of(listed[0]) if listed else {}


def refusal_of(body: object) -> Refusal:
    """The common form: ``code`` and one of ``message``, ``error``, ``detail``; an object there has a ``message``.

    Also what a gateway in front of an API answers, so it is tried where a vendor's own form does not fit.
    """
    fields = fields_of(body)
    message = next((fields[key] for key in ("message", "error", "detail") if fields.get(key)), "")
    if inner := fields_of(message):
        message = inner.get("message") or json.dumps(inner, ensure_ascii=False)
    return Refusal(str(fields.get("code") or ""), str(message))


def no_advice(status: int, refusal: Refusal, path: str) -> str:
    """For a vendor whose refusals need no next step of their own."""
    return ""


def by_status(status: int, refusal: Refusal) -> type[errors.CarrierError] | None:
    """For a vendor whose statuses mean what HTTP says."""
    return None


def never_refused(body: object) -> Refusal | None:
    """For a vendor whose successes are successes."""
    return None


@dataclass(frozen=True)
class ApiConventions:
    """How one vendor's API answers."""

    #: Reads a refusal's JSON; what it leaves empty is read in the common form.
    refusal: Callable[[object], Refusal] = refusal_of
    #: The next step that helps with a refusal (status, what it says, path); empty: the kernel's own.
    advice: Callable[[int, Refusal, str], str] = no_advice
    #: What a refusal means where its status alone does not say it (423 as busy, a stale version as conflict).
    kind: Callable[[int, Refusal], type[errors.CarrierError] | None] = by_status
    #: Reads the JSON of a 2xx that is a refusal all the same; None where it is none.
    refused_in_success: Callable[[object], Refusal | None] = never_refused
    #: The header that names the error, where the body does not.
    code_header: str = ""
    #: Headers that carry the id of a request, which the vendor's support asks for; else a field of the body.
    request_id_headers: tuple[str, ...] = ("x-request-id", "request-id")
    request_id_field: str = ""
    rate: RateHeaders | None = None
    #: Verbs whose success may come without a body under any status; 204 and HEAD never have one.
    empty_answers: frozenset[str] = frozenset({"DELETE"})
    #: Some answers are XML; they are handed on as they came.
    xml: bool = False
    #: Fields that are text or null wherever they stand (ids, names, addresses): of another type, an answer is unreadable.
    #: Not where customers' own JSON stands in answers.
    texts: frozenset[str] = frozenset()


#: Of an API that declares nothing.
COMMON = ApiConventions()
