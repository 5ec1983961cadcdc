"""Several stacks at once: a thread each, a line of progress each; one that fails stops no other."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, Protocol, TypeVar

from providers.kernel import errors
from providers.kernel.errors import XtelError
from xtel import terminal

#: At once, where nobody says how many: each is an engine, a program and a provider process.
PARALLEL = 4
#: Exit codes from the best to the worst.
WORSE = (0, 2, 3, 4, 1, 130)


class Interrupted(XtelError):
    """Ctrl-C came before this stack's run had ended."""


class Ended(Protocol):
    """What a verb answers for one stack."""

    @property
    def exit(self) -> int:
        """Its exit code."""
        ...

    def as_json(self) -> dict[str, Any]:
        """For ``--json``."""
        ...


FoundT = TypeVar("FoundT")
#: What is done for one stack, with a line to say how far it is.
Work = Callable[[str, terminal.Live], FoundT]


def each(
    stacks: Sequence[str], parallel: int, work: Work[FoundT], said: Callable[[FoundT], str]
) -> dict[str, FoundT | XtelError]:
    """What ``work`` answers for every stack, or why it failed, in the order of ``stacks``."""
    from concurrent.futures import ThreadPoolExecutor  # brings logging along, which no other verb needs

    with terminal.board(stacks) as show, ThreadPoolExecutor(max(1, parallel)) as pool:

        def one(stack: str) -> FoundT | XtelError:
            try:
                found = work(stack, partial(_line, partial(show, stack)))
            except Exception as error:
                failed = _failed(error)
                show(stack, str(failed))
                return failed
            except KeyboardInterrupt:
                return Interrupted("interrupted: nothing was changed")
            show(stack, said(found))
            return found

        return dict(zip(stacks, pool.map(one, stacks), strict=True))


def _failed(error: Exception) -> XtelError:
    if not isinstance(error, XtelError) and os.environ.get("XTEL_DEBUG") == "1":
        raise error
    return errors.worded(error)


@contextmanager
def _line(show: Callable[[str], None], text: str) -> Generator[Callable[[str], None]]:
    show(text)
    # Where lines do not change in place only the beginning and the end are noted.
    yield (lambda more: show(f"{text}: {more}")) if terminal.in_place() else (lambda more: None)


def worst(found: Mapping[str, Ended | XtelError]) -> int:
    """The exit code of several stacks."""
    return max(map(_code, found.values()), key=WORSE.index, default=0)


def _code(found: Ended | XtelError) -> int:
    if isinstance(found, XtelError):
        return 130 if isinstance(found, Interrupted) else 1
    return found.exit


def show(found: Mapping[str, FoundT | XtelError], said: Callable[[FoundT], str]) -> None:
    """The summary: a line a stack."""
    width = max(map(len, found), default=0)
    for stack, result in found.items():
        told = f"error: {result}" if isinstance(result, XtelError) else said(result)
        terminal.line(f"{stack:<{width}}  {told}", "red" if isinstance(result, XtelError) else "")


def as_json(found: Mapping[str, Ended | XtelError]) -> dict[str, Any]:
    """For ``--json``: what each stack alone would print, also where it fails."""
    from xtel import failure

    stacks = {
        stack: (failure.of(result, _code(result)) if isinstance(result, XtelError) else result).as_json()
        for stack, result in found.items()
    }
    return {"exit": worst(found), "stacks": stacks}
