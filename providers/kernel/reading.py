"""Files that somebody else wrote, read whole or refused: bounded, regular, UTF-8; nothing hangs and nothing is executed."""

from __future__ import annotations

import os
import stat
import warnings
from pathlib import Path
from typing import Any, cast

from ruamel.yaml import YAML
from ruamel.yaml.parser import Parser
from ruamel.yaml.scanner import Scanner

#: Bytes of a file that people write; of what the engine or this tool wrote (a plan of thousands of numbers).
WRITTEN, RECORDED = 1_000_000, 200_000_000
#: Values and brackets in a YAML file: the largest network has fewer, and ruamel.yaml takes a second for ten thousand.
_EVENTS = 150_000


class Unreadable(ValueError):
    """Why a file cannot be read, as the rest of a sentence that begins with its name."""


class TooLarge(Unreadable):
    """It has more bytes than anybody needs for what it is."""


def content(path: Path, most: int = WRITTEN, advice: str = "") -> bytes:
    """The bytes of a regular file. Raises Unreadable; ``advice`` is for who has a larger one than ``most`` bytes."""
    try:
        # Without waiting: a pipe that nobody writes to would be waited for for ever.
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except OSError as error:
        raise Unreadable(f"cannot be read: {error.strerror or 'no such file'}") from None
    except ValueError:  # of a NUL
        raise Unreadable("cannot be read: this is no name of a file") from None
    try:
        found = _regular(handle, most)
    except OSError as error:
        raise Unreadable(f"cannot be read: {error.strerror}") from None
    finally:
        os.close(handle)
    if len(found) > most:
        size = f"{most // 1000} kB" if most <= WRITTEN else f"{most // 1_000_000} MB"
        raise TooLarge(f"is over {size}{': ' if advice else ''}{advice}")
    return found


def _regular(handle: int, most: int) -> bytes:
    mode = os.fstat(handle).st_mode
    if not stat.S_ISREG(mode):
        kind = "a folder" if stat.S_ISDIR(mode) else "a pipe" if stat.S_ISFIFO(mode) else "a device"
        raise Unreadable(f"is {kind}: name a file")
    with os.fdopen(handle, "rb", closefd=False) as stream:
        return stream.read(most + 1)


def decoded(found: bytes) -> str:
    """A file's text, without a byte order mark. Raises Unreadable."""
    try:
        return found.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Unreadable("is not UTF-8 text: save it as UTF-8") from None


def text(path: Path, most: int = WRITTEN, advice: str = "") -> str:
    """The text of a regular file, without a byte order mark. Raises Unreadable."""
    return decoded(content(path, most, advice))


class BoundedParser(Parser):
    """A parser of YAML that gives up on a file that would keep it busy for minutes."""

    def __init__(self, loader: Any) -> None:
        cast(Any, super()).__init__(loader)
        self._left = _EVENTS

    def get_event(self) -> Any:
        """The next event. Raises Unreadable where there are too many."""
        self._left -= 1
        if self._left < 0:
            raise Unreadable("holds too many values: split it")
        return cast(Any, super()).get_event()


def yaml(path: Path) -> Any:
    """What a small YAML file says: plain values, no tag is obeyed. Raises Unreadable, never with a value of it."""
    said = text(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an anchor that is used again
            # Not `safe`, which copies what is merged (<<) each time: thirty lines could fill the memory.
            loader = YAML(typ="rt")
            loader.Scanner, loader.Parser = Scanner, BoundedParser
            return cast(Any, loader).load(said)
    except Exception:  # ruamel raises KeyError, ValueError, RecursionError and more for what is hostile
        raise Unreadable("is not YAML") from None
