"""Signals to what stands for an engine: passed on once, then killed; nothing begins after the first."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from xtel.engine import interrupts

STUBBORN = """
import signal, time
signal.signal(signal.SIGINT, lambda *_: print("told", flush=True))
print("up", flush=True)
time.sleep(60)
"""


def test_without_an_engine_it_ends_the_verb() -> None:
    before = signal.getsignal(signal.SIGINT)
    with interrupts.heeded():
        assert not interrupts.asked()
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
        assert interrupts.asked()
    assert signal.getsignal(signal.SIGINT) is before
    with interrupts.heeded():
        assert not interrupts.asked()


def test_the_first_is_passed_on_and_the_second_kills(capsys: pytest.CaptureFixture[str]) -> None:
    command = [sys.executable, "-c", STUBBORN]
    with interrupts.heeded(), interrupts.started(command, stdout=subprocess.PIPE, text=True) as engine:
        assert engine.stdout and engine.stdout.readline() == "up\n"
        os.kill(os.getpid(), signal.SIGINT)
        assert engine.stdout.readline() == "told\n"
        os.kill(os.getpid(), signal.SIGINT)
        assert engine.wait(timeout=10) == -signal.SIGKILL
        engine.stdout.close()
    assert capsys.readouterr().err.count("once more kills it") == 1


def test_what_is_begun_later_to_say_how_things_stand_is_left_alone() -> None:
    with interrupts.heeded():
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
        with interrupts.started([sys.executable, "-c", ""]) as later:
            assert later.wait(timeout=10) == 0


def test_what_nohup_ignores_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with interrupts.heeded():
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_block_that_fails_leaves_no_process(tmp_path: Path) -> None:
    with (
        pytest.raises(subprocess.TimeoutExpired),
        interrupts.started([sys.executable, "-c", STUBBORN], stdout=subprocess.DEVNULL) as engine,
    ):
        engine.wait(timeout=0.5)
    assert engine.poll() == -signal.SIGKILL
