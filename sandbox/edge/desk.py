"""All of the edge, as the control API and the server use it: its life, calls that are asked for, and who receives them."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from pathlib import Path

from starlette.websockets import WebSocket

from sandbox.calling import CallsOut, Carrier, Clients, Leg, Registrar
from sandbox.edge import dialing
from sandbox.edge.authority import NAME, Authority
from sandbox.edge.dialing import Dialing
from sandbox.edge.host import Host
from sandbox.edge.outgoing import Outgoing
from sandbox.edge.receivers import Receivers
from sandbox.edge.record import Record, Records
from sandbox.edge.routing import Wanted
from sandbox.exchange import JsonObject, Vendor, is_array, is_object, only
from sandbox.journal import Veil
from sandbox.line import deny
from sandbox.realtime.door import Door
from sandbox.switches import Switches
from signaling.offer import Encryption

#: A number as somebody dials it: with or without a plus, and wrong ones too.
DIALLED = re.compile(r"\+?[0-9]{3,20}")
KEYS = re.compile(r"[0-9*#A-Da-d]{0,64}")
FIELDS = ("to", "from", "digits", "seconds", "carrier", "leg")
LEG_FIELDS = ("uri", "username", "password", "codecs", "srtp", "source")


class Desk:
    """Places calls, and knows of all that there were."""

    def __init__(self, vendors: Sequence[Vendor], switches: Switches, ca: Path) -> None:
        self._switches, self._ca = switches, ca
        veil = Veil([secret for vendor in vendors for secret in vendor.secrets()])
        self._records, self.receivers = Records(veil), Receivers()
        for vendor in vendors:
            if isinstance(vendor, CallsOut):
                vendor.connect(self)
        registrar = next((vendor for vendor in vendors if isinstance(vendor, Registrar)), None)
        self._carriers = [vendor for vendor in vendors if isinstance(vendor, Carrier)]
        self._registrar = registrar
        clients = next((vendor for vendor in vendors if isinstance(vendor, Clients)), None)
        self._door = Door(clients, switches) if clients else None
        self._outgoing = Outgoing(self.receivers)
        self._host: Host | None = None
        self._dialing: Dialing | None = None
        self._authority: Authority | None = None
        self._why = "the edge is not up"
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """The SIP host takes calls from now on. Without the libraries of the extra ``calls`` the APIs alone are played."""
        if self._registrar is None or self._door is None:
            return
        try:
            self._authority = Authority(self._ca)
        except ImportError as error:
            self._why = f"calls need {error.name}; next: pip install 'xai-telephony[calls]'"
            return
        host = Host(self._registrar, self._switches, self._records, self._outgoing, self._door)
        await host.start(self._authority)
        self._registrar.control(host)
        self._host, self._dialing = host, Dialing(self._carriers, host, self._records, self.receivers)

    async def stop(self) -> None:
        """Ends all calls and takes no more."""
        await self._end_calls()
        if self._host is not None:
            await self._host.close()

    async def reset(self) -> None:
        """No call was ever made."""
        await self._end_calls()
        if self._host is not None:
            await self._host.clear()
        self._records.clear()
        self.receivers.clear()

    async def _end_calls(self) -> None:
        if self._door is not None:
            self._door.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def environment(self) -> dict[str, str]:
        """Where the SIP host is, and whom to trust."""
        if self._host is None or self._authority is None:
            return {}
        return {"XTEL_SANDBOX_SIP": str(self._host.address), "XTEL_SANDBOX_CA": str(self._authority.file)}

    async def join(self, socket: WebSocket) -> None:
        """A realtime session's WebSocket: that of a call, or one without."""
        if "call_id" not in socket.query_params and self._door is not None:
            await self._door.open(socket)
            return
        if self._host is None:
            await deny(socket, 503, self._why)
        await self._host.join(socket)

    def place(self, document: JsonObject) -> Record:
        """Begins a call. Raises ValueError."""
        wanted = _wanted(document)
        if wanted.carrier and wanted.carrier not in {carrier.name for carrier in self._carriers}:
            raise ValueError(f"carrier: expected one of {', '.join(carrier.name for carrier in self._carriers)}")
        if self._dialing is None:
            raise ValueError(self._why)
        record = self._records.new(wanted.caller, wanted.number)
        task = asyncio.get_running_loop().create_task(self._dialing.place(record, wanted))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return record

    def dial(self, to: str, caller: str, digits: str, seconds: float) -> str:
        """Begins a call that a vendor's API was asked for. Raises ValueError."""
        return self.place({"to": to, "from": caller, "digits": digits, "seconds": seconds}).id

    def call(self, id: str) -> JsonObject | None:
        """A call as it stands."""
        record = self._records.get(id)
        return record.document() if record else None

    def calls(self, number: str) -> list[JsonObject]:
        """The calls to a number; to any where none is named."""
        return [record.document() for record in self._records.to(number)]


def _wanted(given: JsonObject) -> Wanted:
    document = _said(given)
    only(document, FIELDS, "field")
    number, caller = document.get("to"), document.get("from", Wanted.caller)
    for name, value in (("to", number), ("from", caller)):
        if not isinstance(value, str) or not DIALLED.fullmatch(value):
            raise ValueError(f"{name}: expected a number like +14155550100")
    digits, seconds = document.get("digits", ""), document.get("seconds", Wanted.seconds)
    if not isinstance(digits, str) or not KEYS.fullmatch(digits):
        raise ValueError("digits: expected up to 64 of 0 to 9, *, #, A to D")
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds <= 600:
        raise ValueError("seconds: expected 0 to 600")
    carrier = document.get("carrier", "")
    if not isinstance(carrier, str):
        raise ValueError("carrier: expected text")
    raw = document.get("leg", {})
    if not is_object(raw):
        raise ValueError("leg: expected an object")
    raw = _said(raw)
    wanted = Wanted(str(number), str(caller), digits, float(seconds), _leg(raw, str(number)), carrier=carrier)
    return dialing.with_source(wanted, str(raw["source"])) if raw.get("source") else wanted


def _said(given: JsonObject) -> JsonObject:
    """Without what is null: it says nothing."""
    return {name: value for name, value in given.items() if value is not None}


def _leg(raw: JsonObject, number: str) -> Leg | None:
    """What a PBX or somebody's own SIP client would do; a source alone leaves it to the carrier."""
    only(raw, LEG_FIELDS, "field of leg")
    for name in ("uri", "username", "password", "source"):
        if not isinstance(raw.get(name, ""), str):
            raise ValueError(f"leg.{name}: expected text")
    if not raw.keys() - {"source"}:
        return None
    codecs = raw.get("codecs", ["PCMU", "PCMA"])
    if not is_array(codecs) or not all(isinstance(codec, str) for codec in codecs):
        raise ValueError("leg.codecs: expected a list of names")
    dialing.offered(codecs)
    return Leg(
        raw.get("uri") or f"sip:{number}@{NAME};transport=tls",
        codecs=codecs,
        encryption=_encryption(raw.get("srtp", False)),
        username=raw.get("username", ""),
        password=raw.get("password", ""),
    )


def _encryption(value: object) -> Encryption:
    named: dict[object, Encryption] = {"required": "required", "optional": "optional", "off": "off"}
    if isinstance(value, bool):
        return "required" if value else "off"
    if value not in named:
        raise ValueError("leg.srtp: expected true, false, required, optional or off")
    return named[value]
