"""What can go wrong, as a tree. Every message is one line of at most 300 characters, redacted, and ends in a next step.

::

    XtelError
     +-- InputError            what the user wrote cannot be (before any request)
     |    +-- Refused          a stack file with errors, each with its line
     +-- CredentialError       a key is missing or refused
     +-- AccountError          the key belongs to another account than the object
     +-- CarrierError          a vendor said no, or said nothing
     |    +-- Cancelled        the run was ended while it waited: nothing more was asked
     |    +-- Permanent        trying again changes nothing
     |    |    +-- NotFound    404
     |    |    +-- Conflict    it exists already, or somebody else holds it
     |    |    +-- Denied      403: the account may not do this
     |    |    |    +-- Unauthenticated 401, or 403 where that is the answer to a bad key
     |    |    +-- Invalid     400, 415, 422 and every other 4xx
     |    |    +-- Unsupported 405, 501: this API does not offer the call
     |    +-- Temporary        trying again may help
     |         +-- Unreachable the request was never sent, or nothing gets through to this vendor in this run
     |         +-- RateLimited 429, the request was not carried out
     |         +-- Unavailable 5xx, time-out, cut connection, unreadable answer: the outcome is not known
     |         +-- NotApplied  accepted, but what the vendor shows afterwards is not what was asked
     +-- PulumiUnavailable     Pulumi is not here, or did not do what it was asked
     +-- Unmapped              a stack file cannot say what stands at a carrier
     +-- ImportRefused         nothing was imported
     +-- RecoveryRefused       a lock may be that of a running update
     +-- Interrupted           Ctrl-C came before a stack's run had ended
"""

from __future__ import annotations

from copy import copy
from typing import Any, Self

from providers.kernel import operation, secrecy

_MESSAGE_LIMIT = 300
#: Stands once in an error, between what happened and what to do next.
_NEXT = "; next: "


class XtelError(Exception):
    """Base of all errors this project raises on purpose: ``summary`` is what happened, ``step`` what to do next."""

    def __init__(self, message: str, *, step: str = "") -> None:
        what, inner = parted(message)  # an error that is told within another brings its own step along
        if step:
            what, inner = message.replace(_NEXT, "; "), step
        self.step = secrecy.one_line(inner, 200)
        # The step is what the reader needs most: a long reason is cut, the step is not.
        tail = f"{_NEXT}{self.step}" if self.step else ""
        self.summary = secrecy.one_line(what, _MESSAGE_LIMIT - len(tail))
        super().__init__(self.summary + tail)


class InputError(XtelError):
    """Something the user wrote cannot be; raised before any request is made."""


class CredentialError(XtelError):
    """A credential is missing, or the vendor refuses it; ``missing`` is its environment variable, empty when refused."""

    def __init__(self, message: str, *, step: str = "", missing: str = "") -> None:
        self.missing = missing
        super().__init__(message, step=step)


class AccountError(XtelError):
    """The credentials belong to another account than the object: never a sign that the object is gone."""


class CarrierError(XtelError):
    """A vendor refused or did not answer.

    ``status`` is the HTTP status (0: none), ``code`` the vendor's own error code, ``request_id`` what its support asks for,
    ``retry_after`` the seconds it asks to wait, ``reason`` its words alone.
    """

    def __init__(
        self,
        reason: str,
        *,
        status: int = 0,
        code: str = "",
        request_id: str = "",
        retry_after: float | None = None,
        step: str = "",
    ) -> None:
        self.reason, self.status, self.code, self.request_id = reason, status, code, request_id
        self.retry_after = retry_after
        subject = operation.current().subject
        facts = [f"code {code}" if code and code != str(status) else "", f"HTTP {status}" if status else ""]
        facts = [fact for fact in [*facts, f"request {request_id}" if request_id else ""] if fact]
        detail = f" ({', '.join(facts)})" if facts else ""
        room = _MESSAGE_LIMIT - len(detail) - len(step) - len(subject) - 12
        text = f"{secrecy.one_line(reason.replace(_NEXT, '; '), max(room, 60))}{detail}"
        super().__init__(f"{subject}: {text}" if subject else text, step=step)

    def reworded(self, *, reason: str = "", step: str = "") -> Self:
        """The same error with another reason or next step, where somebody knows better; its facts stay."""
        again = copy(self)
        CarrierError.__init__(
            again,
            reason or self.reason,
            status=self.status,
            code=self.code,
            request_id=self.request_id,
            retry_after=self.retry_after,
            step=step or self.step,
        )
        return again


class Cancelled(CarrierError):
    """The run was ended while it waited for a vendor."""


class Permanent(CarrierError):
    """Trying the same again changes nothing."""


class NotFound(Permanent):
    """The object is not there (404)."""


class Conflict(Permanent):
    """It exists already, or it is in somebody else's hands."""


class Denied(Permanent):
    """The account may not do this (403)."""


class Unauthenticated(Denied):
    """The vendor takes these credentials for nothing, whatever is asked with them (401, or what it answers instead)."""


class Invalid(Permanent):
    """The vendor does not accept what was sent (400, 422, other 4xx)."""


class Unsupported(Permanent):
    """This API does not offer the call (405, 501)."""


class Temporary(CarrierError):
    """Trying again later may help. ``silent``: nothing at all was heard of the vendor."""

    silent = False


class Unreachable(Temporary):
    """No connection was made: the request surely did not happen."""

    silent = True


class RateLimited(Temporary):
    """429 until the budget was spent: the request surely did not happen."""


class Unavailable(Temporary):
    """5xx, a time-out, a cut connection or an unreadable answer: whether the request happened is not known."""

    def __init__(self, reason: str, *, step: str = "", silent: bool = False, **facts: Any) -> None:
        self.silent = silent
        super().__init__(
            reason, step=step or "run it again: it looks at what is there before it changes anything", **facts
        )


class NotApplied(Temporary):
    """The vendor said yes and did not do it, or not all of it; ``fields`` are the declared ones that it shows otherwise."""

    def __init__(self, reason: str, *, fields: tuple[str, ...] = (), step: str = "", **facts: Any) -> None:
        self.fields = fields
        again = "run `pulumi up` again; if it stays so, ask the vendor's support"
        (id,) = operation.current().write_ids[-1:] or [""]
        facts.setdefault("request_id", id)
        super().__init__(reason, step=step or again, **facts)


def of(error: BaseException) -> XtelError | None:
    """The error of ours behind an exception that a vendor's SDK wrapped around it."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, XtelError):
            return seen
        seen = seen.__cause__ or seen.__context__
    return None


def parted(text: str) -> tuple[str, str]:
    """An error as text, what happened and what to do next; empty where it does not say that."""
    what, _, step = text.rpartition(_NEXT) if _NEXT in text else (text, "", "")
    return what, step


def worded(error: BaseException) -> XtelError:
    """Any exception in words for a user: ours as it is, another one without the names of its class and its library."""
    if ours := of(error):
        return ours
    from providers.kernel import spec  # takes a while to load, and is not needed where all goes well

    text = spec.sentence(error) if isinstance(error, ValueError) else str(error)
    return XtelError(
        f"something unexpected happened{f': {text}' if text else ''}",
        step="run it again with XTEL_DEBUG=1 and report it",
    )


_STATUS: dict[int, type[CarrierError]] = {
    401: Unauthenticated,
    403: Denied,
    404: NotFound,
    405: Unsupported,
    409: Conflict,
    429: RateLimited,
    501: Unsupported,
}


def by_status(status: int) -> type[CarrierError]:
    """The class of error that an HTTP status means."""
    return _STATUS.get(status, Unavailable if status >= 500 else Invalid)
