"""SIP for telephone calls: a protocol library that knows nothing of who uses it.

Calls over TLS and TCP with SDES and digest, as carriers and PBXs make them towards a SIP trunk; an own small stack, because
no library for Python has all of that. Not built: UDP, PRACK (a ``Require: 100rel`` is answered 420), ICE, forking, IPv6
media, RTCP.

The core does no input or output and takes its clock as an argument:

========================= ==============================================================================
``uri``, ``headers``,     URIs, header fields, requests and responses (RFC 3261 §7, §19, §20, §25)
``message``
``stream``                messages out of a stream (§18.3, RFC 5626 keep-alive)
``digest``                401 and 407 of both sides (RFC 7616, RFC 8760)
``transaction``           the four machines (§17, RFC 6026), for reliable transports
``dialog``                dialogs and route sets (§12)
``sdp``, ``offer``,       descriptions, offer and answer, keys (RFC 8866, RFC 3264, RFC 4568)
``sdes``
``sessiontimer``          session timers (RFC 4028)
``rtp``, ``dtmf``,        packets (RFC 3550), keys (RFC 4733), G.711 and G.722, levels and tones
``audio``
``srtp``                  SRTP by libsrtp (RFC 3711): the extra ``xai-telephony[calls]``
``certificate``           who a certificate is made out to (RFC 5922)
``proxyprotocol``         who really called, behind a load balancer
``ladder``                a call's messages in time, without its secrets
========================= ==============================================================================

On top of it, over asyncio: ``transport`` and ``connections`` (TLS and TCP), ``layer`` (transactions), ``media`` (a stream of
sound), ``call`` with ``outgoing``, ``incoming`` and ``refer``, and ``agent``, the user agent.

Calling::

    async with UserAgent(Settings(identity="sip:+12125550100@carrier.example"), ladder=(ladder := Ladder())) as agent:
        call = await agent.call("sip:+14155550100@sip.voice.x.ai;transport=tls", credentials=Credentials("hq", password))
        session = await call.answered(timeout=30)  # CallRefused has the status; TlsFailed, ResolveFailed … came before
        call.media.write_digits("15#")
        async for frame in call.media.frames():
            if audible(frame.pcm):
                break
        await call.hangup()
    print(ladder)

Being called::

    async def take(call: IncomingCall) -> None:
        if not allowed(call.peer.host):
            return call.reject(403)
        verdict, username = desk.verify(call.request)  # desk = DigestServer("x.ai", {"hq": password})
        if verdict is not Verdict.ACCEPTED:
            return call.challenge(desk, stale=verdict is Verdict.STALE)
        call.ring()
        await call.answer(codecs=[PCMU])
        async for frame in call.media.frames():
            call.media.write_payload(frame.payload)  # an echo, until the caller hangs up

    agent = UserAgent(on_call=take)
    await agent.listen("127.0.0.1", 5061, tls=server_context("chain.pem"))

All errors stand in the tree at the top of ``errors``.
"""

from __future__ import annotations

from signaling.agent import UserAgent
from signaling.audio import audible
from signaling.call import Call, CallState, Ending
from signaling.certificate import client_context, server_context
from signaling.core import Settings
from signaling.digest import Credentials, DigestServer, Verdict
from signaling.incoming import IncomingCall
from signaling.ladder import Ladder, Step
from signaling.media import Frame, MediaStream
from signaling.offer import CODECS, G722, PCMA, PCMU, Codec, Session
from signaling.outgoing import OutgoingCall
from signaling.refer import IncomingRefer, Progress, Referral
from signaling.transaction import Timers
from signaling.transport import Address, Resolver

__all__ = [
    "CODECS",
    "G722",
    "PCMA",
    "PCMU",
    "Address",
    "Call",
    "CallState",
    "Codec",
    "Credentials",
    "DigestServer",
    "Ending",
    "Frame",
    "IncomingCall",
    "IncomingRefer",
    "Ladder",
    "MediaStream",
    "OutgoingCall",
    "Progress",
    "Referral",
    "Resolver",
    "Session",
    "Settings",
    "Step",
    "Timers",
    "UserAgent",
    "Verdict",
    "audible",
    "client_context",
    "server_context",
]
