"""Waiting that ends with the run: whoever ended it must not sit through what a vendor asked us to wait."""

from __future__ import annotations

import threading

from providers.kernel import errors

_ended = threading.Event()


def pause(seconds: float) -> None:
    """Wait so long. Raises Cancelled as soon as the run is ended; in the main thread Ctrl-C ends it as well."""
    if _ended.wait(seconds):
        raise errors.Cancelled("the run was ended while it waited", step="run it again; what was made is kept")


def end() -> None:
    """The run is ended: nothing waits any more, in no thread. Requests that are under way go on to their answer."""
    _ended.set()
