"""What is known of each call: its state, outcome and ladder, as the control API shows them."""

from __future__ import annotations

import json
import time
import uuid
from collections import OrderedDict
from collections.abc import Mapping
from typing import Final, Literal

from sandbox.calling import Failure
from sandbox.exchange import JsonObject
from sandbox.journal import Veil
from signaling import Session, Step
from signaling.ladder import Kind, masked
from signaling.transport import Address

State = Literal["ringing", "answered", "failed", "ended"]
#: Calls that are remembered; with more the oldest are forgotten.
_KEPT: Final = 1000


class Record:
    """One call, from the caller's dialling to its end."""

    def __init__(self, caller: str, number: str, veil: Veil) -> None:
        self.id = str(uuid.uuid4())
        self.caller, self.number = caller, number
        self.state: State = "ringing"
        self.began = time.time()
        self.failure: Failure | None = None
        self.answered_by: str | None = None
        self.digits = ""
        self.outside = False
        self._veil = veil
        self._session: Session | None = None
        self._answer_ms: int | None = None
        self._steps: list[Step] = []

    def step(self, step: Step) -> None:
        """A message of this call, masked already."""
        self._steps.append(step)

    def note(self, kind: Kind, ends: tuple[str, str], line: str, text: str = "") -> None:
        """A message that is no SIP: from the first of ``ends`` to the second."""
        shown = masked(self._veil.text(text or line))
        self._steps.append(Step(time.time(), *ends, kind, masked(self._veil.text(line)), shown))

    def event(self, ends: tuple[str, str], event: JsonObject) -> None:
        """An event of the realtime session."""
        self.note("websocket", ends, str(event.get("type", "")), json.dumps(self._veil.tree(event)))

    def headers(self, headers: Mapping[str, str], body: str) -> str:
        """An HTTP message's text without its secrets."""
        return "\n".join([*(f"{name}: {value}" for name, value in headers.items()), "", body])

    def answer(self, session: Session) -> None:
        """Somebody took the call."""
        if self.state == "ringing":
            self.state, self.failure, self._session = "answered", None, session
            self._answer_ms = round((time.time() - self.began) * 1000)

    def refuse(self, failure: Failure) -> None:
        """The SIP host did not take it; a carrier may have another URI to try, a telephone has not."""
        self.failure = failure
        if self.outside:
            self.fail(failure)

    def fail(self, failure: Failure) -> None:
        """Nobody did."""
        if self.state in {"ringing", "failed"}:
            self.state, self.failure = "failed", failure

    def again(self) -> None:
        """It was refused, and is tried once more."""
        if self.state == "failed":
            self.state, self.failure = "ringing", None

    def end(self) -> None:
        """It is over."""
        if self.state == "answered":
            self.state = "ended"

    @property
    def over(self) -> bool:
        """Whether nothing more happens."""
        return self.state in {"failed", "ended"}

    def document(self) -> JsonObject:
        """For the control API. ``hop`` and ``reason`` are null for a call that was answered, its code 200."""
        failure, session = self.failure if self.state == "failed" else None, self._session
        answered = self.state in {"answered", "ended"}
        outcome = {
            "hop": failure.hop if failure else None,
            "code": 200 if answered else failure.code if failure else None,
            "reason": failure.reason if failure else None,
            "answered_by": self.answered_by if answered else None,
            "answer_ms": self._answer_ms,
            "codec": session.codec.name if session else None,
            "encrypted": session.encrypted if session else None,
            "digits": self.digits,
        }
        steps = [
            {
                "at": step.at,
                "source": step.source,
                "destination": step.destination,
                "kind": step.kind,
                "line": step.line,
                "text": step.text,
            }
            for step in sorted(self._steps, key=lambda step: step.at)
        ]
        return {
            "id": self.id,
            "from": self.caller,
            "to": self.number,
            "state": self.state,
            "outcome": outcome,
            "ladder": steps,
        }


class Records:
    """All calls, and which one a connection or a dialog belongs to."""

    def __init__(self, veil: Veil) -> None:
        self._veil = veil
        self._all: OrderedDict[str, Record] = OrderedDict()
        self._by_peer: dict[Address, Record] = {}
        self._by_dialog: OrderedDict[str, Record] = OrderedDict()

    def new(self, caller: str, number: str) -> Record:
        """A call begins."""
        record = Record(caller, number, self._veil)
        self._all[record.id] = record
        while len(self._all) > _KEPT:
            self._all.popitem(last=False)
        return record

    def expect(self, peer: Address, record: Record) -> None:
        """What comes from this address is part of that call."""
        self._by_peer[peer] = record

    def forget(self, peer: Address) -> None:
        """Nothing comes from this address any more."""
        self._by_peer.pop(peer, None)

    def expected(self, peer: Address) -> Record | None:
        """The call that this sandbox places from an address."""
        return self._by_peer.get(peer)

    def outside(self, dialog: str, caller: str, number: str) -> Record:
        """A call of somebody else's telephone begins."""
        record = self._by_dialog[dialog] = self.new(caller, number)
        record.outside = True
        while len(self._by_dialog) > _KEPT:
            self._by_dialog.popitem(last=False)
        return record

    def dialog(self, call_id: str) -> Record | None:
        """The call of somebody else's telephone by its Call-ID."""
        return self._by_dialog.get(call_id)

    def get(self, id: str) -> Record | None:
        """A call by its id."""
        return self._all.get(id)

    def to(self, number: str) -> list[Record]:
        """The calls to a number, or all of them; oldest first."""
        return [record for record in self._all.values() if number in {"", record.number}]

    def clear(self) -> None:
        """Forget all."""
        for held in (self._all, self._by_peer, self._by_dialog):
            held.clear()
