"""Calls on a live stack: from this machine straight to the SIP host, or a real one that a carrier places.

Both come out as :class:`xtel.proof.calling.Result`, like a call in the sandbox; what nobody here can know stays empty.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from providers.kernel import operation, registry
from providers.kernel.caller import CallOrder
from providers.kernel.errors import InputError
from providers.kernel.session import Session
from providers.kernel.vendor import Carrier
from stacks import document
from xtel.engine import cli, state
from xtel.project import sandbox
from xtel.project.layout import Project
from xtel.proof import calling
from xtel.proof.calling import Line, Result

if TYPE_CHECKING:
    from signaling import UserAgent
    from signaling.errors import SignalingError
    from signaling.transport import Resolver

#: What xAI says a session costs; it is not known whether one that lasts a second is billed as a minute.
PRICE = "xAI bills each answered call by the minute of its session (US$ 0.08 on its page, read 2026-11-28)"
#: Seconds that a call may ring.
_RING = 35.0
#: Seconds for all of one call that a carrier places: it rings, talks, and is asked about.
_BUDGET = 300.0
_IDENTITY = "sip:xtel@xtel.invalid"
_HOPS = {401: "authentication", 403: "authentication", 404: "registration", 407: "authentication", 488: "media"}


@dataclass(frozen=True)
class Outside:
    """How the SIP host is reached, where that is not as everywhere: for the tests of this package."""

    resolver: Resolver | None = None
    tls: ssl.SSLContext | None = None


def lines(project: Project, stack: str, asked: Sequence[str]) -> list[Line]:
    """The numbers that are to be called, as they are applied. Raises InputError where there is none."""
    held = state.revealed(stack, project.root, sandbox.reading(project, stack))
    order = list(document.read(project.stack_file(stack)).numbers)
    found = sorted(calling.lines(held), key=lambda line: order.index(line.key) if line.key in order else len(order))
    wanted = calling.chosen(found, asked, stack)
    if not wanted:
        raise InputError(f"{stack} has no number that is applied", step=f"xtel apply {stack}")
    return wanted


# -- from this machine -------------------------------------------------------------------------------------------------


def direct(
    wanted: Sequence[Line], *, caller: str = "", seconds: float = 1.0, outside: Outside | None = None
) -> list[Result]:
    """Calls the SIP URI of each number over TLS, one after the other, with the digest that the number has."""
    try:
        return [asyncio.run(_called(line, caller, seconds, outside or Outside())) for line in wanted]
    except ImportError:
        raise InputError("calls need the libraries of an extra", step="pip install 'xai-telephony[calls]'") from None


async def _called(line: Line, caller: str, seconds: float, outside: Outside) -> Result:
    from signaling import Credentials, Ladder, Settings, UserAgent, transport
    from signaling.certificate import client_context
    from signaling.errors import SignalingError

    ladder, began = Ladder(), time.monotonic()
    settings = Settings(f"sip:{caller}@xtel.invalid" if caller else _IDENTITY, product="xtel")
    tls, resolver = outside.tls or client_context(), outside.resolver or transport.resolve
    credentials = Credentials(line.username, line.password) if line.username else None
    outcome: dict[str, Any]
    async with UserAgent(settings, tls=tls, resolver=resolver, ladder=ladder) as agent:
        try:
            outcome = await _talked(agent, line, credentials, seconds, began)
        except SignalingError as error:
            outcome = _failed(line, error)
    steps = [
        {"at": step.at, "source": step.source, "destination": step.destination, "kind": step.kind, "line": step.line,
         "text": step.text}
        for step in ladder.steps
    ]  # fmt: skip
    ended = "ended" if outcome["code"] == 200 else "failed"
    return Result(line, {"from": caller, "to": line.number, "state": ended, "outcome": outcome, "ladder": steps})


async def _talked(agent: UserAgent, line: Line, credentials: Any, seconds: float, began: float) -> dict[str, Any]:
    call = await agent.call(line.target, credentials=credentials, encryption="optional")
    session = await call.answered(_RING)
    answered = round((time.monotonic() - began) * 1000)
    await asyncio.sleep(seconds)
    await call.hangup()
    sound = {"codec": session.codec.name, "encrypted": session.encrypted, "answer_ms": answered}
    return _outcome(code=200, **sound)


def _failed(line: Line, error: SignalingError) -> dict[str, Any]:
    from signaling.errors import CallRefused, ConnectFailed, NotAcceptable, ResolveFailed

    if isinstance(error, CallRefused | NotAcceptable):
        hop = _HOPS.get(error.status, "sip")
        declared = error.status == 403 and bool(line.allowed) and not line.username
        told = "refused as declared: this machine is in none of its networks" if declared else error.reason
        return _outcome(hop=hop, code=error.status, reason=told, declared=declared)
    hop = "dns" if isinstance(error, ResolveFailed) else "tls" if isinstance(error, ConnectFailed) else "sip"
    return _outcome(hop=hop, reason=str(error))


def _outcome(**known: Any) -> dict[str, Any]:
    empty = dict.fromkeys(("hop", "code", "reason", "answered_by", "answer_ms", "codec", "encrypted", "digits"))
    return {**empty, "declared": False, **known}


# -- by a carrier ------------------------------------------------------------------------------------------------------


def carrier_of(project: Project, stack: str, caller: str) -> Carrier[Any]:
    """Who places calls from a number: the carrier that the stack file has it at, else one that can. Raises InputError."""
    declared = document.read(project.stack_file(stack)).numbers.values()
    name = next((item.route.delivers for item in declared if item.number == caller and item.route), "")
    able = [each for each in registry.carriers().values() if each.caller]
    found = registry.carriers()[name] if name else next(iter(able), None)
    if found is None or found.caller is None:
        needs = (
            f"{found.title} places no call from here: that needs {found.caller_needs}" if found else "no carrier calls"
        )
        others = " or ".join(each.title for each in able) or "none"
        raise InputError(needs, step=f"--from with a number of {others}, or --direct")
    return found


def placed(project: Project, stack: str, carrier: Carrier[Any], wanted: Sequence[Line], caller: str) -> list[Result]:
    """A real call to each number, one after the other, that the carrier places from ``caller``. Raises XtelError."""
    assert carrier.caller
    try:
        config = cli.config(project.root, stack, sandbox.reading(project, stack), reveal=True)
    except cli.PulumiUnavailable:
        config = {}
    session = Session(carrier, config.get)
    results: list[Result] = []
    for line in wanted:
        order = CallOrder(line.number, caller)
        with operation.operating(
            operation.Operation(vendor=carrier.name, object="test call", number=line.number, budget=_BUDGET)
        ):
            found = session.ask(carrier.caller.call, order)
        told = f"{carrier.title} says {found.outcome} (call {found.id})"
        outcome = _outcome(code=200) if found.answered else _outcome(hop="sip", reason=told)
        ended = "ended" if found.answered else "failed"
        call: dict[str, Any] = {
            "id": found.id,
            "from": caller,
            "to": line.number,
            "state": ended,
            "outcome": outcome,
            "ladder": [],
        }
        results.append(Result(line, call))
    return results
