"""Lists by NextToken, what may be absent, and what is not known everywhere yet."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from providers.kernel import errors, paging, waiting

#: A resource as an answer shows it.
Found = dict[str, Any]
_PAGE = 100
#: Seconds between looks at what was just made and may not be found yet: a minute was reported of Voice Connectors.
_SETTLING = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0)


def absent(ask: Callable[[], Found]) -> Found | None:
    """The answer; None where there is no such thing."""
    try:
        return ask()
    except errors.NotFound:
        return None


def settled(call: Callable[[], Any], field: str) -> Any:
    """What is done to something that was just made, which not every part of Amazon knows yet.

    Raises NotApplied, naming the declared ``field`` that is not as asked for, when it is still not known after a minute.
    """
    for wait in _SETTLING:
        try:
            return call()
        except errors.NotFound:
            waiting.pause(wait)
    try:
        return call()
    except errors.NotFound as error:
        reason = f"it was accepted, but not done: {field} cannot be set: {error.reason}"
        raise errors.NotApplied(reason, fields=(field,)) from None


def pages(ask: Callable[..., Found], collection: str, key: str, *, size: int = _PAGE, **asked: Any) -> list[Found]:
    """Every item of a list, known by ``key``; ``asked``: further parameters of each request."""
    return paging.whole(partial(_items, ask, collection, {**asked, "MaxResults": size}), collection, key=_by(key))


def _by(key: str) -> Callable[[Found], Any]:
    return lambda found: found.get(key)


def _items(ask: Callable[..., Found], collection: str, asked: Found) -> Iterator[Found]:
    token: Found = {}
    while True:
        page = ask(**asked, **token)
        yield from page.get(collection) or []
        if not page.get("NextToken"):
            return
        token = {"NextToken": page["NextToken"]}
