"""The log: what was asked of whom, how long it took, and what was decided. Each room logs under its own name
(``providers``, ``xai_resources``, ``stacks``, ``xtel``), so that a program of the user's can handle them one by one.

``XTEL_LOG=debug`` shows it, and so does ``xtel -v``. Every line is redacted where it is written, whoever wrote it: bodies
and query strings are in none.
"""

from __future__ import annotations

import logging
import os
import re
import sys
from collections.abc import Callable, Mapping

from providers.kernel.secrecy import one_line

VARIABLE, DEBUG = "XTEL_LOG", "debug"
_ON = (DEBUG, "1")
ROOMS = ("providers", "xai_resources", "stacks", "xtel")
_LIMIT = 400
_LINE = re.compile(rf"\d\d:\d\d:\d\d\.\d\d\d (?:{'|'.join(ROOMS)})(?:\.\w+)*: ")


class _OneLine(logging.Formatter):
    """Time, logger and text in one redacted line; never a traceback, whose lines hold values."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s.%(msecs)03d %(name)s: %(message)s", "%H:%M:%S")

    def format(self, record: logging.LogRecord) -> str:
        record.message = record.getMessage()
        record.asctime = self.formatTime(record, self.datefmt)
        return one_line(self.formatMessage(record), _LIMIT)


class _Handler(logging.Handler):
    """Hands each line on."""

    def __init__(self, write: Callable[[str], None]) -> None:
        super().__init__(logging.DEBUG)
        self.setFormatter(_OneLine())
        self._write = write

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._write(self.format(record))
        except Exception:  # a line that cannot be written must not stop the work it speaks of
            return


def wanted(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether somebody asked for the log."""
    return environment.get(VARIABLE, "").strip().lower() in _ON


def write_to(write: Callable[[str], None]) -> None:
    """Hand every line of every room to ``write``, and to nobody else of ours."""
    silence()
    for name in ROOMS:
        room = logging.getLogger(name)
        room.addHandler(_Handler(write))
        room.setLevel(logging.DEBUG)


def silence() -> None:
    """As it was before :func:`write_to`."""
    for name in ROOMS:
        room = logging.getLogger(name)
        for handler in [each for each in room.handlers if isinstance(each, _Handler)]:
            room.removeHandler(handler)
        room.setLevel(logging.NOTSET)


def to_stderr(line: str) -> None:
    """Whoever redirected the stream in between is respected."""
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def is_line(text: str) -> bool:
    """Whether a text is a line of this log, which the engine brings along among its messages."""
    return _LINE.match(text) is not None
