"""Who calls and who is called in the private network: telephones of our own at addresses of theirs."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

from signaling import Settings, UserAgent
from signaling.certificate import server_context
from signaling.incoming import IncomingCall
from signaling.ladder import Ladder
from tests.judges.inside.conftest import NUMBER
from tests.judges.inside.network import CARRIER, PROXY


class Person:
    """A user agent, what went over its wire, and the names that it was called by."""

    def __init__(self) -> None:
        self.ladder, self.names = Ladder(), list[str | None]()

    def messages(self, start: str) -> list[str]:
        """Whole messages whose first line begins so."""
        return [step.text for step in self.ladder.steps if step.kind == "sip" and step.line.startswith(start)]


class Carrier(Person):
    """Who delivers the number: plain SIP, plain sound."""

    def __init__(self, **handlers: Any) -> None:
        super().__init__()
        settings = Settings("sip:+12025550143@carrier.example", encryption="off", media_address=CARRIER)
        self.agent = UserAgent(settings, ladder=self.ladder, **handlers)

    async def call(self, dialled: str = NUMBER) -> Any:
        """Begins a call."""
        return await self.agent.call(f"sip:{dialled}@{PROXY};transport=tcp", source=CARRIER)


@asynccontextmanager
async def called(
    place: str,
    certificate: str,
    on_call: Callable[[IncomingCall], Coroutine[Any, Any, None]],
    **settings: Any,
) -> AsyncIterator[Person]:
    """Somebody who is called over TLS at an ``address:port``, with this certificate."""
    person = Person()
    host, _, port = place.partition(":")

    def named(socket: ssl.SSLObject | ssl.SSLSocket, name: str | None, context: ssl.SSLContext) -> None:
        person.names.append(name)

    context = server_context(certificate)
    context.sni_callback = named
    about = Settings(f"sip:called@{host}", media_address=host, **settings)
    async with UserAgent(about, ladder=person.ladder, on_call=on_call) as agent:
        await agent.listen(host, int(port), tls=context)
        yield person


async def answers(call: IncomingCall) -> None:
    """Answers, and talks until the other side hangs up."""
    await call.answer()
    await call.ended()
