"""Whether xAI's SIP host takes a call: a registered number, an allowed address or a login, a common codec.

In this order, as each step needs what the one before found. docs.x.ai: the user part is the number; "choose one SIP
authentication method"; G.711 or G.722.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sandbox.calling import Failure, Hop, Registrar, Registration
from sandbox.switches import Switches
from signaling import CODECS, Credentials, DigestServer, IncomingCall, Verdict
from signaling.errors import NotAcceptable, ParseError
from signaling.offer import Local, answer
from signaling.uri import SipUri

E164: Final = re.compile(r"\+[1-9]\d{6,14}")
REALM: Final = "sip.voice.x.ai"


@dataclass(frozen=True)
class _Desk:
    """The digest of one number, while its credentials and the switches stay."""

    credentials: Credentials
    algorithms: tuple[str, ...]
    server: DigestServer


class Admission:
    """Answers what it refuses, and says why."""

    def __init__(self, registrar: Registrar, switches: Switches) -> None:
        self._registrar, self._switches = registrar, switches
        self._desks: dict[str, _Desk] = {}

    def admit(self, call: IncomingCall) -> Registration | Failure:
        """The number that is called, or where the call ended, having answered it."""
        user = call.request.uri.user if isinstance(call.request.uri, SipUri) else None
        number = self._registrar.registered(user) if user and E164.fullmatch(user) else None
        if number is None:
            return self._refuse(call, "registration", 404, f"no number is registered as {user or 'an empty user part'}")
        if number.allowed and not _allowed(call.peer.host, number.allowed):
            return self._refuse(call, "authentication", 403, f"{call.peer.host} is in no range of the allowlist")
        if number.username and (failure := self._log_in(call, number)):
            return failure
        try:
            encryption = self._switches["xai.sip_encryption"]
            if call.request.sdp is not None:
                answer(call.request.sdp, Local("127.0.0.1", 9, CODECS, encryption))
        except (NotAcceptable, ParseError) as error:
            return self._refuse(call, "media", error.status, error.reason)
        return number

    def _log_in(self, call: IncomingCall, number: Registration) -> Failure | None:
        proxy, desk = self._switches["xai.sip_challenge"] == 407, self._desk(number)
        verdict, _ = desk.verify(call.request, proxy=proxy)
        if verdict is Verdict.ACCEPTED:
            return None
        call.challenge(desk, stale=verdict is Verdict.STALE, proxy=proxy)
        return Failure("authentication", 407 if proxy else 401, verdict.value)

    def _desk(self, number: Registration) -> DigestServer:
        credentials = Credentials(number.username, number.password)
        algorithms = ("MD5", "SHA-256") if self._switches["xai.sip_sha256"] else ("MD5",)
        held = self._desks.get(number.number)
        if held is None or (held.credentials, held.algorithms) != (credentials, algorithms):
            server = DigestServer(REALM, {number.username: number.password}, algorithms=algorithms)
            held = self._desks[number.number] = _Desk(credentials, algorithms, server)
        return held.server

    @staticmethod
    def _refuse(call: IncomingCall, hop: Hop, status: int, reason: str) -> Failure:
        call.reject(status)
        return Failure(hop, status, reason)


def _allowed(host: str, ranges: Sequence[str]) -> bool:
    return any(ipaddress.ip_address(host) in ipaddress.ip_network(each) for each in ranges)
