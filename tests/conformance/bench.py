"""One object of a carrier on its simulator, with everything it builds on: what the suite and the fault table drive."""

from __future__ import annotations

import json
import os
import time
from importlib.metadata import version
from pathlib import Path
from typing import cast

import pytest

from providers.kernel import http, limits, waiting
from tests.conformance.subject import Sample, Shop, Subject, World
from tests.conformance.wire import Wire
from tests.reconciling import Hand

STATES = Path(os.environ.get("XTEL_STATES") or Path(__file__).parent / "states")


class Bench:
    """One object of a carrier with everything it builds on already made, and the line its requests go over."""

    def __init__(self, subject: Subject, sample: Sample, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        self.subject, self.sample, self.world = subject, sample, world
        self.number = sample.number or subject.number
        self.monkeypatch = monkeypatch
        self.wire = Wire()
        monkeypatch.setattr(http, "network", lambda: self.wire)
        self.waits: list[float] = []
        monkeypatch.setattr(http.time, "sleep", self.slept)
        monkeypatch.setattr(waiting, "pause", self.slept)
        monkeypatch.setattr(limits, "clock", lambda: time.monotonic() + sum(self.waits))
        for name, value in world.env().items():
            monkeypatch.setenv(name, value)
        self.made: dict[str, Hand] = {}
        for before in subject.samples[: subject.samples.index(sample)]:
            if before.attaches or before.setting:
                continue
            self.made[before.kind] = self._hand(before)
            self.made[before.kind].up(**before.inputs(self.made))
        self.hand = self._hand(sample)
        self.inputs = sample.inputs(self.made)
        self.wire.log.clear()

    def slept(self, seconds: float) -> None:
        self.waits.append(seconds)

    def _hand(self, sample: Sample) -> Hand:
        return Hand(f"{self.subject.name}:{sample.kind}", {}, self.monkeypatch)

    def remake(self, kind: str) -> None:
        """Somebody deleted what the object builds on; it is made again, and the object built on that."""
        before = next(sample for sample in self.subject.samples if sample.kind == kind)
        self.made[kind].destroy()
        assert not self.hand.refresh()
        self.made[kind].up(**before.inputs(self.made))
        self.inputs = self.sample.inputs(self.made)

    @property
    def shop(self) -> Shop:
        """The simulator of a carrier that sells numbers."""
        return cast(Shop, self.world)

    def another(self) -> Hand:
        """The same object in another run that has no state of it."""
        return self._hand(self.sample)

    def keep(self) -> None:
        """Keep today's state as the data of this release, for every later one to load."""
        folder = STATES / version("xai-telephony")
        folder.mkdir(parents=True, exist_ok=True)
        kept = {"declared": self.inputs, "inputs": self.hand.inputs, "state": self.hand.state}
        file = folder / f"{self.subject.name}.{self.sample.name}.json"
        file.write_text(json.dumps(kept, indent=1, sort_keys=True) + "\n")

    def as_account(self, account: str) -> None:
        for name, value in self.world.env(account).items():
            self.monkeypatch.setenv(name, value)
