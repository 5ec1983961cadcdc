"""One audio stream of a call: RTP over UDP (IPv4), paced in real time, with SRTP, codec and keys.

It sends a frame each 20 ms from its start to its end, silence where nothing is queued, as telephones do.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import deque
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Final

from signaling import audio, dtmf, rtp
from signaling.audio import FRAME_BYTES, FRAME_SAMPLES, FRAME_SECONDS, SILENCE, Coder
from signaling.dtmf import EventPayload, EventReceiver
from signaling.errors import CallEnded, ParseError
from signaling.offer import Session
from signaling.rtp import Reception, RtpPacket
from signaling.srtp import Protector, Unprotector

#: Frames that wait for a reader; with more the oldest go, so that what is read is never older than this (5 s).
_WAITING: Final = 250
#: How far the clock may run away before frames are left out instead of sent in one burst.
_LATEST: Final = 0.5


@dataclass(frozen=True)
class Frame:
    """What one packet brought: the codec's bytes, and how many packets are missing before it."""

    payload: bytes
    sequence: int
    timestamp: int
    lost: int
    _coder: Coder

    @property
    def pcm(self) -> bytes:
        """The same as PCM, 8000 samples a second. To be read once and in order: G.722 remembers."""
        return self._coder.decode(self.payload)


@dataclass(frozen=True)
class _Sound:
    pcm: bytes


@dataclass(frozen=True)
class _Payload:
    payload: bytes


@dataclass(frozen=True)
class _Key:
    payload: EventPayload
    begins: bool


#: Told source, destination and one line: the first packet each way, and each key.
Report = Callable[[str, str, str], None]


def _unheard(source: str, destination: str, line: str) -> None:
    """Nobody wants to know."""


class MediaStream(asyncio.DatagramProtocol):
    """A socket from ``open`` to ``close``; RTP flows from ``start`` on.

    ``lose``, where set, is asked for each datagram before it is sent, and loses it on the way when it says so.
    """

    def __init__(self, report: Report = _unheard) -> None:
        self.session: Session | None = None
        self.reception = Reception()
        self.sent = 0
        self.lose: Callable[[bytes], bool] | None = None
        self._report = report
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.DatagramTransport | None = None
        self._queue: deque[_Sound | _Payload | _Key] = deque()
        self._partial = b""
        self._frames: deque[Frame] = deque(maxlen=_WAITING)
        self._digits: deque[str] = deque()
        self._events = EventReceiver()
        self._sequence, self._timestamp = secrets.randbits(15), secrets.randbits(31)
        self._ssrc = secrets.randbits(32)
        self._event_timestamp = 0
        self._protector: Protector | None = None
        self._unprotector: Unprotector | None = None
        self._encoder: Coder | None = None
        self._decoder: Coder | None = None
        self._tick: asyncio.Handle | None = None
        self._due = 0.0
        self._lost_before = 0
        self._wakers: set[asyncio.Future[None]] = set()
        self.closed = False
        #: Where RTP is heard.
        self.address, self.port = "", 0

    @classmethod
    async def open(cls, address: str, report: Report = _unheard) -> MediaStream:
        """A stream that listens at a free port of this address."""
        loop = asyncio.get_running_loop()
        _, stream = await loop.create_datagram_endpoint(lambda: cls(report), local_addr=(address, 0))
        return stream

    # --- asyncio.DatagramProtocol ---

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:
        self._transport = transport
        self.address, self.port = transport.get_extra_info("sockname")[:2]

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        session = self.session
        if session is None or self.closed:
            return
        try:
            packet = rtp.parse(self._unprotector.unprotect(data) if self._unprotector else data)
        except ParseError:
            return
        if packet.payload_type == session.event_type:
            self._take_event(session, packet)
        elif packet.payload_type == session.payload_type and session.receive and self._decoder is not None:
            self._take_sound(session, packet, self._decoder)

    def error_received(self, exc: Exception) -> None:
        """A port that is closed at the peer: what is sent there is lost, as on any network."""

    # --- life ---

    def start(self, session: Session) -> None:
        """Begins to send and to take what comes; again with another session after a new offer and answer.

        Raises LibraryMissing.
        """
        old = self.session
        if old is None or old.encrypt != session.encrypt:
            self._protector = Protector(session.encrypt) if session.encrypt else None
        if old is None or old.decrypt != session.decrypt:
            self._unprotector = Unprotector(session.decrypt) if session.decrypt else None
        if old is None or old.codec != session.codec:
            self._encoder, self._decoder = audio.coder(session.codec.name), audio.coder(session.codec.name)
        self.session = session
        if self._tick is None and not self.closed:
            self._due = self._loop.time()
            self._tick = self._loop.call_soon(self._send_due)

    def close(self) -> None:
        """Ends the stream; whoever waits for a frame or a key is told so."""
        if self.closed:
            return
        self.closed = True
        if self._tick is not None:
            self._tick.cancel()
        if self._transport is not None:
            self._transport.close()
        self._wake()

    # --- sending ---

    def write(self, pcm: bytes) -> None:
        """Queues PCM of any length (16 bit, 8000 samples a second)."""
        whole = self._partial + pcm
        end = len(whole) // FRAME_BYTES * FRAME_BYTES
        self._queue.extend(_Sound(whole[place : place + FRAME_BYTES]) for place in range(0, end, FRAME_BYTES))
        self._partial = whole[end:]

    def write_payload(self, payload: bytes) -> None:
        """Queues 20 ms in the session's own codec (160 bytes), as they came from somewhere else."""
        self._queue.append(_Payload(payload))

    def write_digits(self, digits: str, milliseconds: int = 100, gap: int = 60) -> None:
        """Queues keys as RTP events, after what is queued already. Raises ValueError for what is no key.

        A silence follows the last one too: some peers lose a key that a BYE follows closely.
        """
        if self.session is None or self.session.event_type is None:
            raise ValueError("the call has no telephone-event: the peer offered none")
        for digit in digits:
            self._queue.extend(_Key(payload, begins) for payload, begins in dtmf.events(digit, milliseconds))
            self._queue.extend([_Sound(SILENCE)] * (gap // 20))

    def flush(self) -> None:
        """Forgets the sound that is queued and not sent yet. Keys go out all the same: one without end never ends."""
        self._queue = deque(item for item in self._queue if isinstance(item, _Key))
        self._partial = b""

    async def drain(self) -> None:
        """Waits until all that is queued was sent. Raises CallEnded when the call ends before."""
        while self._queue or self._partial:
            await self._next_change()

    def _send_due(self) -> None:
        now = self._loop.time()
        if now - self._due > _LATEST:
            skipped = int((now - self._due) / FRAME_SECONDS)
            self._due += skipped * FRAME_SECONDS
            self._timestamp += skipped * FRAME_SAMPLES
        while self._due <= now:
            self._send_one()
            self._due += FRAME_SECONDS
        self._tick = self._loop.call_at(self._due, self._send_due)

    def _send_one(self) -> None:
        session = self.session
        if not self._queue and self._partial:
            self._queue.append(_Sound(self._partial + bytes(FRAME_BYTES - len(self._partial))))
            self._partial = b""
        item = self._queue.popleft() if self._queue else _Sound(SILENCE)
        if session is None or self._encoder is None or not session.send:
            # On hold time goes on, and what is queued with it.
            pass
        elif isinstance(item, _Key):
            self._send_key(session, item)
        else:
            payload = item.payload if isinstance(item, _Payload) else self._encoder.encode(item.pcm)
            self._send(session, session.payload_type, payload, self._timestamp, self.sent == 0)
        self._timestamp += FRAME_SAMPLES
        if not self._queue:
            self._wake()

    def _send_key(self, session: Session, item: _Key) -> None:
        if session.event_type is None:
            return
        if item.begins:
            self._event_timestamp = self._timestamp
            self._step(session, f"telephone-event {dtmf.DIGITS[item.payload.event]}", sent=True)
        self._send(session, session.event_type, item.payload.encode(), self._event_timestamp, item.begins)

    def _send(self, session: Session, kind: int, payload: bytes, timestamp: int, marker: bool) -> None:
        packet = RtpPacket(kind, self._sequence & 0xFFFF, timestamp & 0xFFFFFFFF, self._ssrc, payload, marker).encode()
        self._sequence += 1
        data = self._protector.protect(packet) if self._protector else packet
        if self.sent == 0:
            self._step(session, _first(session), sent=True)
        self.sent += 1
        if self._transport is not None and not (self.lose and self.lose(data)):
            self._transport.sendto(data, (session.address, session.port))

    # --- receiving ---

    async def frames(self) -> AsyncIterator[Frame]:
        """Sound in its order, until the call ends. For one reader.

        A packet that comes twice, or after one that was sent later, is left out; what nobody reads for 5 s is dropped.
        """
        while True:
            while self._frames:
                yield self._frames.popleft()
            if self.closed:
                return
            await self._next_change(quiet=True)

    async def digits(self) -> AsyncIterator[str]:
        """Keys that the peer presses (RFC 4733), until the call ends. For one reader."""
        while True:
            while self._digits:
                yield self._digits.popleft()
            if self.closed:
                return
            await self._next_change(quiet=True)

    def _take_sound(self, session: Session, packet: RtpPacket, decoder: Coder) -> None:
        if not self._count(session, packet):
            return
        lost = self.reception.lost
        missing, self._lost_before = max(0, lost - self._lost_before), lost
        self._frames.append(Frame(packet.payload, packet.sequence, packet.timestamp, missing, decoder))
        self._wake()

    def _take_event(self, session: Session, packet: RtpPacket) -> None:
        if packet.ssrc != self.reception.ssrc:
            self._events = EventReceiver()
        self._count(session, packet)
        digit = self._events.receive(packet)
        if digit is not None:
            self._step(session, f"telephone-event {digit}", sent=False)
            self._digits.append(digit)
            self._wake()

    def _count(self, session: Session, packet: RtpPacket) -> bool:
        if self.reception.packets == 0:
            self._step(session, _first(session), sent=False)
        return self.reception.count(packet, self._loop.time())

    def _step(self, session: Session, line: str, *, sent: bool) -> None:
        here, there = f"{self.address}:{self.port}", f"{session.address}:{session.port}"
        self._report(here if sent else there, there if sent else here, line)

    # --- waiting ---

    async def _next_change(self, *, quiet: bool = False) -> None:
        if self.closed and not quiet:
            raise CallEnded("the call ended")
        waker: asyncio.Future[None] = self._loop.create_future()
        self._wakers.add(waker)
        try:
            await waker
        finally:
            self._wakers.discard(waker)

    def _wake(self) -> None:
        for waker in self._wakers:
            if not waker.done():
                waker.set_result(None)


def _first(session: Session) -> str:
    return f"{'SRTP' if session.encrypted else 'RTP'} {session.codec.name}"
