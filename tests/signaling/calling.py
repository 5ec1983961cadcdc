"""Two user agents of ours on loopback: a called one with a certificate, and a caller that trusts its CA."""

from __future__ import annotations

import asyncio
import dataclasses
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import trustme
from hypothesis import HealthCheck, settings

from signaling import audio, certificate
from signaling.agent import UserAgent
from signaling.core import Settings
from signaling.incoming import IncomingCall
from signaling.ladder import Ladder
from signaling.media import MediaStream
from signaling.transaction import Timers
from signaling.transport import Address
from signaling.uri import SipUri

HOST = "sip.voice.x.ai"
NUMBER = f"sip:+14155550100@{HOST};transport=tls"
CARRIER = Settings(identity="sip:+12125550100@carrier.example")
#: What nobody waits for on purpose: a test that hangs fails after this, on a slow machine too.
PATIENCE = 30.0
#: For Hypothesis: a machine that is busy is no finding.
patient = settings(database=None, suppress_health_check=[HealthCheck.too_slow])


class Certificates:
    """A CA, a certificate for the host that is called, and one for another name."""

    def __init__(self, folder: Path) -> None:
        authority = trustme.CA()
        self.ca = str(folder / "ca.pem")
        authority.cert_pem.write_to_path(self.ca)
        self.host, self.other = (str(folder / f"{name}.pem") for name in ("host", "other"))
        #: The same as ``host``, in two files.
        self.chain, self.key = (str(folder / f"{name}.pem") for name in ("chain", "key"))
        issued = authority.issue_cert(HOST, "127.0.0.1")
        issued.private_key_and_cert_chain_pem.write_to_path(self.host)
        issued.private_key_pem.write_to_path(self.key)
        issued.cert_chain_pems[0].write_to_path(self.chain)
        authority.issue_cert("other.example").private_key_and_cert_chain_pem.write_to_path(self.other)

    @property
    def client(self) -> ssl.SSLContext:
        return certificate.client_context(self.ca)


class Line:
    """Both agents; ``called`` listens at ``address``, ``caller`` finds it by name. Ladders of each."""

    def __init__(self, caller: UserAgent, called: UserAgent, address: Address, ladders: tuple[Ladder, Ladder]) -> None:
        self.caller, self.called, self.address = caller, called, address
        self.ladder, self.ladder_of_called = ladders

    async def ladder_has(self, word: str, times: int = 1) -> None:
        """Returns once the caller's ladder has this many messages that begin with a word."""
        while len([text for text in self.ladder.lines() if text.startswith(word)]) < times:
            await asyncio.sleep(0.01)

    def lines(self, *words: str) -> list[str]:
        """What went over the wire at the caller, as far as it holds one of these words."""
        return [line for line in self.ladder.lines() if not words or any(word in line for word in words)]


@asynccontextmanager
async def line(
    certificates: Certificates,
    on_call: Callable[[IncomingCall], Coroutine[Any, Any, None]] | None = None,
    *,
    caller: Settings = CARRIER,
    called: Settings | None = None,
    chain: str = "",
    tls: bool = True,
    proxy_protocol: bool = False,
    **handlers: Any,
) -> AsyncIterator[Line]:
    """A line between two agents. ``handlers``: ``caller_…`` and ``called_…`` go to the agents."""
    ladders = Ladder(), Ladder()
    for_called = {name.removeprefix("called_"): value for name, value in handlers.items() if name.startswith("called_")}
    for_caller = {name.removeprefix("caller_"): value for name, value in handlers.items() if name.startswith("caller_")}
    async with UserAgent(called, tls=certificates.client, ladder=ladders[1], on_call=on_call, **for_called) as server:
        context = certificate.server_context(chain or certificates.host) if tls else None
        address = await server.listen("127.0.0.1", tls=context, proxy_protocol=proxy_protocol)

        async def found(uri: SipUri) -> tuple[str, int]:
            return ("127.0.0.1", address.port) if uri.host == HOST else (uri.host, uri.port or address.port)

        async with UserAgent(
            caller, tls=certificates.client, resolver=found, ladder=ladders[0], **for_caller
        ) as client:
            yield Line(client, server, address, ladders)


def quick(settings: Settings | None = None, t1: float = 0.05, **changes: Any) -> Settings:
    """The same with short timers."""
    return dataclasses.replace(settings or CARRIER, timers=Timers(t1, 8 * t1), **changes)


def run(test: Awaitable[None]) -> None:
    """Runs a test, which fails when it hangs."""

    async def bounded() -> None:
        async with asyncio.timeout(PATIENCE):
            await test

    asyncio.run(bounded())


async def hears(media: MediaStream, hertz: float, frames: int = 5) -> None:
    """Returns once this many frames were a tone of this frequency."""
    found = 0
    async for frame in media.frames():
        found += audio.holds_tone(frame.pcm, hertz)
        if found >= frames:
            return
    raise AssertionError(f"the call ended before {hertz} Hz was heard ({found} frames)")


async def presses(media: MediaStream, digits: str) -> None:
    """Returns once these keys came."""
    found = ""
    async for digit in media.digits():
        found += digit
        if len(found) >= len(digits):
            break
    assert found == digits


def plays(media: MediaStream, hertz: float, seconds: float = 1.0) -> None:
    """Queues a tone."""
    media.write(audio.tone(hertz, seconds=seconds))
