"""Waiting that ends with the run: whoever ended it must not sit through what a vendor asked us to wait."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from typing import TypeVar

from providers.kernel import errors

ItemT = TypeVar("ItemT")
AnswerT = TypeVar("AnswerT")
_ended = threading.Event()


def pause(seconds: float) -> None:
    """Wait so long. Raises Cancelled as soon as the run is ended; in the main thread Ctrl-C ends it as well."""
    if _ended.wait(seconds):
        raise errors.Cancelled("the run was ended while it waited", step="run it again; what was made is kept")


def end() -> None:
    """The run is ended: nothing waits any more, in no thread. Requests that are under way go on to their answer."""
    _ended.set()


def at_once(call: Callable[[ItemT], AnswerT], items: Iterable[ItemT]) -> list[AnswerT]:
    """What ``call`` answers for each, all asked at the same time, in their order. Nothing waits for them after Ctrl-C."""
    asked: list[Future[AnswerT]] = []
    for item in items:
        asked.append(Future())
        threading.Thread(target=_answer, args=(asked[-1], call, item), daemon=True).start()
    try:
        return [each.result() for each in asked]
    except KeyboardInterrupt:
        end()
        raise


def _answer(asked: Future[AnswerT], call: Callable[[ItemT], AnswerT], item: ItemT) -> None:
    try:
        asked.set_result(call(item))
    except BaseException as error:
        asked.set_exception(error)
