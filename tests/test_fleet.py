"""Several stacks at once: so many together, each with its result, and Ctrl-C waits for none where no engine runs."""

from __future__ import annotations

import subprocess
import sys
import threading
import time

from providers.kernel import errors
from xtel import terminal
from xtel.engine import fleet

WAITING = """
import os, signal, sys, threading, time
from xtel.engine import fleet, interrupts
together = threading.Barrier(2, lambda: threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start())
def work(stack, live):
    os.write(1, f"begun {stack}\\n".encode())
    together.wait()
    time.sleep(1 if len(sys.argv) > 1 else 60)
    with interrupts.started([sys.executable, "-c", "print('engine', flush=True)"]) as engine:
        engine.wait()
    return stack
with interrupts.heeded():
    try:
        fleet.each(["a", "b", "c"], 2, work, str)
    finally:
        time.sleep(1.5 if len(sys.argv) > 1 else 0)
"""


def interrupted(*arguments: str) -> tuple[str, str, float]:
    """What was printed, and how long it took."""
    started = time.monotonic()
    command = [sys.executable, "-c", WAITING, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=40, check=False)
    return done.stdout, done.stderr, time.monotonic() - started


def test_ctrl_c_waits_for_no_stack_and_begins_none() -> None:
    out, err, seconds = interrupted()
    assert "KeyboardInterrupt" in err
    assert seconds < 15
    assert sorted(out.splitlines()) == ["begun a", "begun b"]


def test_no_engine_begins_once_the_command_ends() -> None:
    out, err, _ = interrupted("short")
    assert "KeyboardInterrupt" in err
    assert "engine" not in out
    assert sorted(out.splitlines()) == ["begun a", "begun b"]


def test_so_many_at_once_in_their_order_and_one_that_fails_stops_no_other() -> None:
    together, most, lock = 0, 0, threading.Lock()

    def work(stack: str, live: terminal.Live) -> str:
        nonlocal together, most
        with lock:
            together += 1
            most = max(most, together)
        time.sleep(0.1)
        with lock:
            together -= 1
        if stack == "b":
            raise errors.InputError("no such stack")
        return stack

    found = fleet.each(["d", "b", "a", "c"], 2, work, str)
    assert most == 2
    assert list(found) == ["d", "b", "a", "c"]
    assert isinstance(found["b"], errors.InputError)
    assert [found[name] for name in "dac"] == ["d", "a", "c"]
