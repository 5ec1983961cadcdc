"""The phone network behind the port: its state, faults, journal and switches, and the vendors that are installed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from importlib import resources
from importlib.metadata import entry_points

from sandbox import lies
from sandbox.exchange import Answer, Call, JsonObject, Seed, Vendor, is_object, json_answer, objects, only
from sandbox.faults import Fault, Faults
from sandbox.journal import Journal
from sandbox.store import Store
from sandbox.switches import Switches


def kinds() -> list[Callable[[Store, Switches], Vendor]]:
    """Every vendor that can be played here (entry points ``xtel.sandbox``): a new one touches no file of the others."""
    return [point.load() for point in sorted(entry_points(group="xtel.sandbox"), key=lambda point: point.name)]


class Network:
    """Everything behind the port: state, faults, journal, switches, and the vendors."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.interruption = asyncio.Event()
        self.switches = Switches(store)
        self.faults = Faults(store)
        self.vendors: list[Vendor] = [kind(store, self.switches) for kind in kinds()]
        self.journal = Journal(store, [secret for vendor in self.vendors for secret in vendor.secrets()])
        if not store.setting("seeded", False):
            self.reset()

    def vendor(self, path: str) -> Vendor | None:
        return next((vendor for vendor in self.vendors if vendor.owns(path)), None)

    def seed(self, document: JsonObject) -> None:
        """All or nothing."""
        names = {vendor.name: vendor for vendor in self.vendors}
        only(document, names, "vendor")
        with self.store.transaction():
            for name, part in document.items():
                names[name].seed(*_parts(name, part))

    def interrupt(self) -> None:
        """Cut off every request that still waits for a delay: neither an end nor a reset is held up by one, and
        none reaches the state that comes after."""
        self.interruption.set()
        self.interruption = asyncio.Event()

    def reset(self, seed: JsonObject | None = None) -> None:
        """Back to the first day: who owns what is as in the default seed, or in this one. Raises ValueError."""
        self.interrupt()
        self.store.clear()
        self.journal.clear()
        self.faults.load()
        self.switches.load()
        default = resources.files("sandbox").joinpath("seed.json")
        self.seed(json.loads(default.read_text()) if seed is None else seed)
        self.store.set("seeded", True)

    async def serve(self, call: Call) -> Answer | None:
        """The answer, or None to cut the connection."""
        vendor = self.vendor(call.path)
        entry = self.journal.arrive(call, vendor.name if vendor else None)
        fault = self.faults.take(call.method, call.path)
        wait = self.switches["latency"] + (fault.seconds if fault and fault.action == "delay" else 0)
        answer = self._answer(vendor, call, fault) if await self.pause(wait) else None
        if answer is not None and answer.later is not None:
            answer = await answer.later()
        entry.close(answer.status if answer else None, fault.action if fault else None)
        return answer

    async def pause(self, seconds: float) -> bool:
        """Wait; false when interrupted."""
        if not seconds:
            return True
        try:
            await asyncio.wait_for(self.interruption.wait(), seconds)
        except TimeoutError:
            return True
        return False

    def _answer(self, vendor: Vendor | None, call: Call, fault: Fault | None) -> Answer | None:
        if fault and fault.action == "drop_before":
            return None
        if fault and fault.action == "status":
            return _staged(vendor, fault)
        if vendor is None:
            return json_answer(404, {"error": f"no vendor of this sandbox serves {call.path}"})
        answer = self._played(vendor, call, fault)
        return None if fault and fault.action == "drop_after" else answer

    def _played(self, vendor: Vendor, call: Call, fault: Fault | None) -> Answer:
        """The vendor's own answer, true or not."""
        action = fault.action if fault else ""
        if action == "gone":
            return vendor.refusal(404)
        if fault and action == "ignore":
            return lies.ignored(self.store, vendor, call, fault)
        if action == "swap_id":
            return lies.swapped(self.store, vendor, call)
        if action == "endless":
            return lies.endless(vendor, call)
        answer = vendor.serve(call)
        return lies.distorted(answer, call, fault) if fault else answer


def _parts(vendor: str, part: object) -> tuple[str, Seed]:
    """Whose account (main unless `account` says other), and the collections."""
    if not is_object(part):
        raise ValueError(f"{vendor}: expected an object of collections")
    account = part.get("account", "main")
    if account not in ("main", "other"):
        raise ValueError(f"{vendor}.account: expected main or other")
    collections = {name: value for name, value in part.items() if name != "account"}
    return account, {name: objects(value, f"{vendor}.{name}") for name, value in collections.items()}


def _staged(vendor: Vendor | None, fault: Fault) -> Answer:
    """The answer a fault prescribes: the vendor's own error, or any body with any content type."""
    headers = {name.lower(): value for name, value in fault.headers.items()}
    plain = vendor.refusal(fault.status) if vendor else json_answer(fault.status, {})
    body = plain.body
    if fault.body is not None:
        body = (fault.body if isinstance(fault.body, str) else json.dumps(fault.body)).encode()
    if fault.status in (204, 304):
        body = b""  # HTTP knows no body for these two
    return Answer(fault.status, body, {**plain.headers, **headers})
