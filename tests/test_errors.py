"""Errors are one line, name the subject, and never hold a secret."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from types import ModuleType

import pytest
from pydantic import BaseModel, ValidationError

import providers
import stacks
import xai_resources
import xtel
from providers.kernel import errors, operation, secrecy
from providers.kernel.operation import Operation
from stacks.document import Refused
from tests.wording import assert_ours
from xtel import failure


def test_an_error_names_everything_and_ends_in_a_step() -> None:
    with operation.operating(Operation(vendor="twilio", object="Trunk", number="+14155550100")):
        error = errors.NotFound("gone", status=404, code="20404", request_id="RQ1", step="look again")
    assert str(error) == "twilio Trunk +14155550100: gone (code 20404, HTTP 404, request RQ1); next: look again"


def test_a_long_reason_is_cut_and_the_step_stays() -> None:
    error = errors.Invalid("x" * 1000 + "\n\x1b[31mred", step="do this")
    assert len(str(error)) <= 300
    assert str(error).endswith("; next: do this")
    assert "\n" not in str(error)
    assert "\x1b" not in str(error)


@pytest.mark.parametrize(
    "text",
    [
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "Authorization: Bearer abc.def-123",
        "Basic QUM6dG9rZW4=",
        "xai-abcdefghijklmnop",
        "https://user:hunter2@host/",
        "my registered-secret here",
    ],
)
def test_secrets_are_masked(text: str) -> None:
    secrecy.register("registered-secret")
    shown = str(errors.XtelError(text))
    assert secrecy.MASK in shown
    assert not any(word in shown for word in ("MfKQ", "abc.def", "QUM6", "abcdefgh", "hunter2", "registered-secret"))


def test_classes_by_status() -> None:
    found = {
        status: errors.by_status(status).__name__ for status in (400, 401, 403, 404, 405, 409, 422, 429, 500, 501, 503)
    }
    assert found == {
        400: "Invalid", 401: "Unauthenticated", 403: "Denied", 404: "NotFound", 405: "Unsupported", 409: "Conflict",
        422: "Invalid", 429: "RateLimited", 500: "Unavailable", 501: "Unsupported", 503: "Unavailable",
    }  # fmt: skip


def test_ours_behind_an_sdk_exception() -> None:
    ours = errors.Denied("no")
    try:
        try:
            raise ours
        except errors.Denied as error:
            raise RuntimeError("sdk") from error
    except RuntimeError as wrapped:
        assert errors.of(wrapped) is ours
    assert errors.of(ValueError()) is None


def test_a_text_that_was_seen_before_its_secret_was_known_is_redacted_from_then_on() -> None:
    assert secrecy.redact("it is late-comer-7") == "it is late-comer-7"
    secrecy.register("late-comer-7")
    assert secrecy.redact("it is late-comer-7") == secrecy.one_line("it is\nlate-comer-7") == "it is [secret]"
    assert "late-comer-7" not in f"{vars(secrecy)['_secrets']!r}"


def modules() -> list[ModuleType]:
    """Everything of ours."""
    rooms = (providers, xai_resources, stacks, xtel)
    return [
        importlib.import_module(found.name)
        for room in rooms
        for found in pkgutil.walk_packages(room.__path__, f"{room.__name__}.")
    ]


def drawn() -> dict[str, str]:
    """The tree in the docstring: each error with the one above it."""
    path: list[tuple[int, str]] = []
    found: dict[str, str] = {}
    for line in (errors.__doc__ or "").partition("::")[2].splitlines():
        if not line.strip():
            continue
        name = line.lstrip(" |").removeprefix("+--").split()[0]
        indent = line.index("+--" if "+--" in line else name)
        path = [above for above in path if above[0] < indent]
        found[name] = path[-1][1] if path else "Exception"
        path.append((indent, name))
    return found


def test_all_our_errors_stand_in_the_tree_that_is_drawn() -> None:
    raised = {
        kind
        for module in modules()
        for kind in vars(module).values()
        if inspect.isclass(kind) and issubclass(kind, Exception) and kind.__name__[0] != "_"
    }
    ours = {kind for kind in raised if kind.__module__.startswith(ROOMS) and kind.__module__ not in LIBRARY}
    assert {kind.__name__: kind.__mro__[1].__name__ for kind in ours} == drawn()
    assert len({kind.__name__ for kind in ours}) == len(ours)


ROOMS = ("providers.", "xai_resources.", "stacks.", "xtel.")
#: What receivers import without anything else of ours has errors of its own, and so has whoever reads a hostile file.
LIBRARY = {"xai_resources.webhook", "xai_resources.calls", "xai_resources.realtime", "providers.kernel.reading"}


def test_an_error_that_is_worded_anew_keeps_its_facts() -> None:
    error = errors.RateLimited("no", status=429, code="7", request_id="RQ1", retry_after=3.0, step="wait")
    again = error.reworded(reason="it was not bought")
    assert type(again) is errors.RateLimited
    assert (again.reason, again.step) == ("it was not bought", "wait")
    assert (again.status, again.code, again.request_id, again.retry_after) == (429, "7", "RQ1", 3.0)
    assert error.reworded(step="other").reason == "no"
    shown = errors.NotApplied("accepted, but not done", fields=("name",)).reworded(reason="it was undone")
    assert (shown.reason, shown.fields) == ("it was undone", ("name",))


def test_the_step_and_the_rest_are_told_apart() -> None:
    error = errors.Invalid("no; next: this is the vendor's text", status=400, step="do this")
    assert error.summary == "no; this is the vendor's text (HTTP 400)"
    assert str(error) == f"{error.summary}; next: {error.step}"
    assert errors.parted(str(error)) == (error.summary, "do this")


def test_an_error_told_within_another_has_one_next_step() -> None:
    inner = errors.NotFound("gone", step="look")
    assert str(errors.XtelError(f"pulumi up: {inner}")) == "pulumi up: gone; next: look"
    assert (
        str(errors.XtelError(f"pulumi up: {inner}", step="then recover")) == "pulumi up: gone; look; next: then recover"
    )
    assert errors.XtelError(str(inner)).step == "look"


def kinds() -> list[type[errors.XtelError]]:
    found: list[type[errors.XtelError]] = [errors.XtelError]
    for kind in found:
        found += kind.__subclasses__()
    return [kind for kind in found if kind.__name__ in {*drawn(), "XtelError"}]


def test_no_error_of_the_tree_says_its_class() -> None:
    modules()
    assert {kind.__name__ for kind in kinds()} == {*drawn(), "XtelError"}
    for kind in kinds():
        if kind is Refused:
            continue
        error = kind("the number is gone; next: theirs", step="do this")
        assert errors.worded(error) is error
        assert_ours(str(error))
        assert_ours(failure.of(error).error)


class Model(BaseModel):
    """Somebody else's words."""

    count: int


@pytest.mark.parametrize("error", [KeyError("x"), ValueError("a\nb"), RuntimeError(), TimeoutError("late"), "pydantic"])
def test_an_exception_that_nobody_foresaw_is_worded_too(error: Exception | str) -> None:
    if isinstance(error, str):
        with pytest.raises(ValidationError) as caught:
            Model.model_validate({"count": "many"})
        error = caught.value
    told = errors.worded(error)
    assert_ours(str(told))
    assert str(told).startswith("something unexpected happened")
    assert str(told).endswith("; next: run it again with XTEL_DEBUG=1 and report it")
    found = failure.of(error)
    assert (found.kind, found.error, found.next) == ("unexpected", told.summary, told.step)
