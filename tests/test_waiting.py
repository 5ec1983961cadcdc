"""Waiting ends with the run, and what is asked at once is answered in its order."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

from providers.kernel import errors, waiting

INTERRUPTED = """
import os, signal, threading, time
from providers.kernel import waiting
signal.signal(signal.SIGINT, signal.default_int_handler)
threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT)).start()
waiting.at_once(time.sleep, [60, 60])
"""


def test_answers_come_in_order_and_errors_come_out() -> None:
    assert waiting.at_once(lambda seconds: time.sleep(seconds) or seconds, [0.1, 0.0, 0.05]) == [0.1, 0.0, 0.05]

    def refused(index: int) -> int:
        raise errors.InputError(f"no {index}")

    with pytest.raises(errors.InputError, match="no 1"):
        waiting.at_once(refused, [1, 2])


def test_ctrl_c_waits_for_nobody() -> None:
    started = time.monotonic()
    done = subprocess.run([sys.executable, "-c", INTERRUPTED], capture_output=True, text=True, timeout=30, check=False)
    assert time.monotonic() - started < 10
    assert "KeyboardInterrupt" in done.stderr
