"""A call by PJSUA2, in a Python of its own: it prints, as JSON, the last status, its reason, and whether sound came.

Its argument is JSON: ``uri``, ``names`` (the address of a name server), ``ca`` (a file), ``password`` of the user hq.
"""

# Typed by nobody: the library has no types, and is not in our own environment.
# pyright: basic, reportMissingImports=false

from __future__ import annotations

import json
import sys
import time

import pjsua2  # type: ignore[import-not-found]


class Call(pjsua2.Call):
    """Remembers how it ended."""

    status, reason, over = 0, "", False

    def onCallState(self, prm):
        info = self.getInfo()
        self.status, self.reason = info.lastStatusCode, info.lastReason
        self.over = info.state == pjsua2.PJSIP_INV_STATE_DISCONNECTED


def received(call) -> int:
    """Packets of sound that came."""
    try:
        return call.getStreamStat(0).rtcp.rxStat.pkt
    except pjsua2.Error:
        return 0


def main(asked) -> None:
    endpoint = pjsua2.Endpoint()
    endpoint.libCreate()
    config = pjsua2.EpConfig()
    config.logConfig.level, config.logConfig.consoleLevel, config.logConfig.filename = 4, 0, "log"
    config.uaConfig.threadCnt = 0
    config.uaConfig.mainThreadOnly = True
    config.uaConfig.nameserver.append(asked["names"])
    endpoint.libInit(config)
    transport = pjsua2.TransportConfig()
    transport.boundAddress = "127.0.0.1"
    transport.tlsConfig.CaListFile = asked["ca"]
    transport.tlsConfig.verifyServer = True
    endpoint.transportCreate(pjsua2.PJSIP_TRANSPORT_TLS, transport)
    endpoint.libStart()
    endpoint.audDevManager().setNullDev()
    account_config = pjsua2.AccountConfig()
    account_config.idUri = "sip:+12025550143@pbx.example.com"
    account_config.sipConfig.authCreds.append(pjsua2.AuthCredInfo("digest", "*", "hq", 0, asked["password"]))
    account_config.mediaConfig.srtpUse = pjsua2.PJMEDIA_SRTP_MANDATORY
    account_config.mediaConfig.srtpSecureSignaling = 1
    account_config.mediaConfig.transportConfig.boundAddress = "127.0.0.1"
    account = pjsua2.Account()
    account.create(account_config)
    call = Call(account)
    call.makeCall(asked["uri"], pjsua2.CallOpParam(True))
    heard, end = 0, time.monotonic() + 20
    while time.monotonic() < end and not call.over and heard < 25:
        endpoint.libHandleEvents(20)
        if call.status == 200:
            heard = received(call)
    said = json.dumps({"status": call.status, "reason": call.reason, "heard": heard > 0})
    sys.stdout.write(f"{said}\n")
    sys.stdout.flush()
    if not call.over:
        call.hangup(pjsua2.CallOpParam())
        while not call.over and time.monotonic() < end + 5:
            endpoint.libHandleEvents(20)
    del call, account
    endpoint.libDestroy()


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
