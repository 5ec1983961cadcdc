"""How AWS says no: rest-json and query alike, in a header, in a body, or for one number inside of a success."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from providers.kernel import errors
from providers.kernel.conventions import Refusal

#: Where a JSON service puts the code of an error, and every service the id of a request.
CODE_HEADER = "x-amzn-errortype"
REQUEST_ID_HEADERS = ("x-amzn-requestid", "x-amz-request-id")

#: What AWS answers with 403 to credentials that are wrong, and not to a right that is missing.
BAD_KEYS = frozenset(
    {
        "UnrecognizedClient", "InvalidClientTokenId", "InvalidSignature", "SignatureDoesNotMatch", "ExpiredToken",
        "IncompleteSignature", "MissingAuthenticationToken",
    }
)  # fmt: skip


def plain(code: str) -> str:
    """A code without the ending that some answers give it: ``NotFoundException`` in a header is ``NotFound`` in a body."""
    return code.removesuffix("Exception")


def refusal(body: object) -> Refusal:
    """``{"Code", "Message"}`` or ``{"message"}``; where a code stands in a header, that one counts."""
    fields = cast(dict[str, Any], body) if isinstance(body, dict) else {}
    return Refusal(str(fields.get("Code") or ""), str(fields.get("Message") or fields.get("message") or ""))


def refused_in_success(body: object) -> Refusal | None:
    """A 200 that names numbers for which it was not done: ``{"PhoneNumberErrors": [{"ErrorCode", "ErrorMessage"}]}``."""
    fields = cast(dict[str, Any], body) if isinstance(body, dict) else {}
    for failed in cast(list[dict[str, Any]], fields.get("PhoneNumberErrors") or []):
        return Refusal(str(failed.get("ErrorCode") or ""), str(failed.get("ErrorMessage") or "it was not done"))
    return None


def kind(status: int, refusal: Refusal) -> type[errors.CarrierError] | None:
    """Numbers that are elsewhere are a conflict, too many requests can be told in a success too, and bad keys are a 403."""
    if plain(refusal.code) in BAD_KEYS:
        return errors.Unauthenticated
    if status == 200:
        return {
            "PhoneNumberAssociationsExist": errors.Conflict, "VoiceConnectorGroupAssociationsExist": errors.Conflict,
            "Conflict": errors.Conflict, "NotFound": errors.NotFound, "Gone": errors.NotFound,
            "Forbidden": errors.Denied, "AccessDenied": errors.Denied, "Unauthorized": errors.Denied,
            "Unprocessable": errors.Invalid,
            "Throttled": errors.Unavailable, "Throttling": errors.Unavailable,
            "ServiceFailure": errors.Unavailable, "ServiceUnavailable": errors.Unavailable,
        }.get(plain(refusal.code))  # fmt: skip
    return None


def advice(action: str) -> Callable[[int, Refusal, str], str]:
    """The next step of a refusal. 403 is the answer to bad keys and to missing rights alike: the code tells which.

    ``action``: how IAM names what the carrier does (``chime:``).
    """

    def step(status: int, refusal: Refusal, path: str) -> str:
        if plain(refusal.code) in BAD_KEYS:
            return (
                "check the AWS credentials (`xtel doctor` shows where they come from): key, secret, and a token that"
                " ended"
            )
        return f"allow its user or role the `{action}` action of this call in IAM" if status == 403 else ""

    return step
