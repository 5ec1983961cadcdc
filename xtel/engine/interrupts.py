"""Ctrl-C while an engine works: the first lets it end what is under way at the vendors, the second kills it.

An engine stands in a process group of its own, so that a terminal's Ctrl-C does not reach it beside ours. SIGTERM, as
jobs are cancelled with, and SIGHUP, of a terminal that is closed, mean the same. Where nothing runs they end the verb
at once.
"""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Generator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any

from xtel import terminal

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class _Asked:
    """How often the user asked to end it, and what runs."""

    def __init__(self) -> None:
        self.times = 0
        self.starting = 0
        #: Ctrl-C came where no engine ran: the command ends now, and what goes on in its threads begins none any more.
        self.over = False
        self.running: list[subprocess.Popen[Any]] = []


_asked = _Asked()


def asked() -> bool:
    """Whether the user wants this run to end."""
    return _asked.times > 0


@contextmanager
def heeded() -> Generator[None]:
    """From here on the signals are handled as said above; for the main thread of a command."""
    _asked.times, _asked.over = 0, False
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    for number, handler in before.items():
        if handler is not signal.SIG_IGN:  # nohup
            signal.signal(number, _handle)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def unheeded() -> Generator[None]:
    """What is done here must come to its end: the signals do nothing meanwhile."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    for number in before:
        signal.signal(number, signal.SIG_IGN)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def started(command: list[str], **options: Any) -> Generator[subprocess.Popen[Any]]:
    """A process of the engine, which gets the signals; at the end of the block it has ended, whatever happens in it."""
    before = _asked.times
    _asked.starting += 1
    try:
        if _asked.over and threading.current_thread() is not threading.main_thread():
            raise KeyboardInterrupt
        process = subprocess.Popen(command, process_group=0, **options)
        _asked.running.append(process)
    finally:
        _asked.starting -= 1
    try:
        if _asked.times > before:  # it came while the process was made; what is begun later is to say how things stand
            _signal(process, signal.SIGINT)
        yield process
    except BaseException as error:
        _signal(process, signal.SIGKILL if isinstance(error, subprocess.TimeoutExpired) else signal.SIGINT)
        raise
    finally:
        process.wait()
        _asked.running.remove(process)


def _handle(number: int, frame: FrameType | None) -> None:
    _asked.times += 1
    _asked.over = True  # before it is looked who begins: one of the two sees the other
    if not _asked.running and not _asked.starting:
        raise KeyboardInterrupt
    _asked.over = False
    if _asked.times == 1:
        terminal.note("ending: what is under way is waited for; once more kills it")
    for process in list(_asked.running):
        if _asked.times == 1:
            _signal(process, signal.SIGINT)
        else:
            _kill(process.pid)


def _kill(pid: int) -> None:
    """A process and all below it: of a killed engine the language host would stay."""
    told = subprocess.run(["ps", "-eo", "pid=,ppid="], capture_output=True, text=True, check=False).stdout
    rows = [(int(child), int(parent)) for child, parent in map(str.split, told.splitlines())]
    found = {pid}
    while more := {child for child, parent in rows if parent in found} - found:
        found |= more
    for each in found:
        with suppress(ProcessLookupError):
            os.kill(each, signal.SIGKILL)


def end(process: subprocess.Popen[Any]) -> None:
    """Let an engine end what is under way, and begin nothing more: nobody pressed Ctrl-C, but going on would do harm."""
    _signal(process, signal.SIGINT)


def _signal(process: subprocess.Popen[Any], number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        process.send_signal(number)
