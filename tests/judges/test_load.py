"""200 calls, 20 a second: each is answered and heard, nothing is left of them, and memory does not grow."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.calling import wiring
from tests.calling.wiring import NUMBERS, Receiver
from tests.judges import sipp
from tests.judges.conftest import Edge
from tests.sandbox.conftest import Server

CALLS, RATE = 200, 20
NUMBER = NUMBERS["sip"]
#: MB by which 200 calls may let the process grow, with their ladders; and 200 more, when those before them are forgotten.
FIRST, MORE = 40, 15
#: Seconds for which SIP remembers an INVITE that was accepted: 64 times T1 (RFC 6026), and a little.
REMEMBERED = 33


class Process:
    """What the sandbox's process takes."""

    def __init__(self, sandbox: Server) -> None:
        self._folder = Path(f"/proc/{sandbox.process.pid}")
        if not self._folder.exists():
            pytest.skip("the kernel shows no processes here")

    def memory(self) -> float:
        """Resident, in MB."""
        return int(self._folder.joinpath("status").read_text().partition("VmRSS:")[2].split()[0]) / 1024

    def files(self) -> int:
        """Sockets, mostly."""
        return len(os.listdir(self._folder / "fd"))


def settled(sandbox: Server) -> list[dict[str, Any]]:
    """All calls, when none rings or is answered any more."""
    end = time.monotonic() + 10
    while True:
        calls = sandbox.http.get("/_sandbox/calls", timeout=30).json()
        if all(call["state"] in {"ended", "failed"} for call in calls) or time.monotonic() > end:
            return calls
        time.sleep(0.2)


def twice(sandbox: Server, wired: Callable[[], object], load: Callable[[int], object]) -> list[list[dict[str, Any]]]:
    """The load twice, with a pause after which the first one is forgotten; the calls of each."""
    process, rounds = Process(sandbox), list[list[dict[str, Any]]]()
    wired()
    load(RATE)  # what is loaded and made with the first calls alone
    settled(sandbox)
    files, before = process.files(), process.memory()
    used: list[float] = []
    for pause in (REMEMBERED, 0):
        sandbox.control("POST", "reset")
        wired()
        load(CALLS)
        rounds.append(settled(sandbox))
        used.append(process.memory())
        time.sleep(pause)
    assert process.files() <= files + 2
    assert used[0] - before < FIRST, (before, used)
    assert used[1] - used[0] < MORE, (before, used)
    return rounds


def test_calls_of_a_generator(sandbox: Server, edge: Edge, tmp_path: Path) -> None:
    """sipp through Kamailio: login, session refresh and hanging up, its echo heard."""
    counted: list[dict[str, int]] = []

    def load(count: int) -> None:
        # With a rate, sipp ends one call before the count that it is given.
        counted.append(sipp.calls(tmp_path, sipp.TALKS, NUMBER, edge.proxy, count + 1, RATE))

    rounds = twice(sandbox, lambda: wiring.xai(sandbox, NUMBER, digest="hq", agent=True), load)
    for calls, generator in zip(rounds, counted[1:], strict=True):
        assert len(calls) == generator["OutgoingCall"] == generator["SuccessfulCall"] >= CALLS
        assert generator["OutOfCallMsgs"] == 0
        assert (
            generator["Retransmissions"] + generator["DeadCallMsgs"] <= CALLS // 20
        )  # a machine may stop for half a second
        assert Counter(call["state"] for call in calls) == {"ended": len(calls)}
        for call in calls:
            lines = [step["line"] for step in call["ladder"]]
            assert lines.count("RTP PCMU") == 2  # ours, and its echo
            assert len([line for line in lines if line.startswith("INVITE")]) == 3  # twice to log in, once to refresh


def test_calls_of_the_control_api(sandbox: Server, receiver: Receiver) -> None:
    """Our own telephones, encrypted, each with a connection of its own; the application joins each call."""

    def wired() -> None:
        wiring.xai(sandbox, NUMBER)
        receiver.stand_in()

    def load(count: int) -> None:
        began = time.monotonic()
        for place in range(count):
            time.sleep(max(0.0, began + place / RATE - time.monotonic()))
            wiring.begin(sandbox, NUMBER, seconds=1, leg={"srtp": True})

    for calls in twice(sandbox, wired, load):
        assert Counter((call["state"], call["outcome"]["encrypted"]) for call in calls) == {("ended", True): CALLS}
        assert all([step["line"] for step in call["ladder"]].count("SRTP PCMU") == 2 for call in calls)
