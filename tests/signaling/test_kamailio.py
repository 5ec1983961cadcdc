"""A proxy that nobody here wrote stands between two of our agents: Record-Route, loose routes, requests both ways.

Where Kamailio with its TLS module is installed (Debian: kamailio kamailio-tls-modules), as XTEL_TEST_PROGRAMS promises in CI.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from signaling import Credentials, DigestServer, Ending, IncomingCall, Settings, Verdict, errors
from tests.signaling.calling import CARRIER, HOST, NUMBER, Certificates, hears, line, plays, presses, quick, run

KAMAILIO = shutil.which("kamailio")
PROMISED = "kamailio" in os.environ.get("XTEL_TEST_PROGRAMS", "").split()

ROUTES = """
debug=0
log_stderror=yes
fork=yes
children=1
tcp_children=2
enable_tls=yes
listen=tls:127.0.0.1:{port}
loadmodule "tls.so"
loadmodule "sl.so"
loadmodule "tm.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "textops.so"
loadmodule "siputils.so"
modparam("tls", "config", "{folder}/tls.cfg")
request_route {{
  if (has_totag()) {{
    if (loose_route() || (is_method("ACK") && t_check_trans())) t_relay();
    else if (!is_method("ACK")) sl_send_reply("404", "No route");
    exit;
  }}
  if (is_method("CANCEL")) {{
    if (t_check_trans()) t_relay();
    exit;
  }}
  t_check_trans();
  remove_hf("Route");
  if (is_method("INVITE")) record_route();
  $du = "sip:127.0.0.1:{target};transport=tls";
  t_relay();
}}
"""
TLS = """
[server:default]
method = TLSv1.2+
private_key = {key}
certificate = {chain}
[client:default]
method = TLSv1.2+
ca_list = {ca}
"""


@asynccontextmanager
async def proxy(certificates: Certificates, folder: Path, target: int) -> AsyncIterator[str]:
    """A running Kamailio in front of a port, as the route that leads through it."""
    if KAMAILIO is None:
        assert not PROMISED, "kamailio is not on PATH"
        pytest.skip("kamailio is not installed")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    (folder / "kamailio.cfg").write_text(ROUTES.format(port=port, folder=folder, target=target))
    (folder / "tls.cfg").write_text(TLS.format(key=certificates.key, chain=certificates.chain, ca=certificates.ca))
    with (folder / "log").open("wb") as log:
        command = [KAMAILIO, "-DD", "-E", "-f", str(folder / "kamailio.cfg"), "-Y", str(folder), "-m", "64", "-M", "8"]
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
        try:
            await _listening(port, process, folder / "log")
            yield f"sip:127.0.0.1:{port};transport=tls;lr"
        finally:
            process.terminate()
            process.wait(20)


async def _listening(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    while True:
        assert process.poll() is None, log.read_text()
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.05)
        else:
            writer.close()
            return


def test_a_call_through_a_proxy(certificates: Certificates, tmp_path: Path) -> None:
    desk = DigestServer("x.ai", {"hq": "right"})

    async def takes(call: IncomingCall) -> None:
        verdict, _ = desk.verify(call.request)
        if verdict is not Verdict.ACCEPTED:
            return call.challenge(desk)
        call.ring()
        await call.answer()
        plays(call.media, 600, 20)
        await presses(call.media, "15#")
        outcome = await (await call.refer("tel:+14155550199")).outcome()
        assert outcome.status == 200
        return await call.hangup()

    async def referred(call: Any, refer: Any) -> None:
        await refer.accept()
        await refer.report(200)

    async def test() -> None:
        caller, called = quick(CARRIER, 0.5, session_expires=3, min_se=1), Settings(min_se=1)
        async with (
            line(certificates, takes, caller=caller, called=called, caller_on_refer=referred) as wire,
            proxy(certificates, tmp_path, wire.address.port) as route,
        ):
            call = await wire.caller.call(NUMBER, routes=[route], credentials=Credentials("hq", "right"))
            await call.answered(20)
            await hears(call.media, 600)
            await wire.ladder_has("INVITE", 3)  # the second try, and the refresh
            call.media.write_digits("15#")
            assert await call.ended() == Ending("remote")
            assert {step.source for step in wire.ladder.steps if step.line.startswith(("REFER", "BYE"))} == {
                str(call.connection.peer)
            }

    run(test())


def test_cancelled_and_refused_through_a_proxy(certificates: Certificates, tmp_path: Path) -> None:
    async def takes(call: IncomingCall) -> None:
        if call.request.headers.get("X-Refuse"):
            return call.reject(403)
        call.ring()
        assert (await call.ended()).status == 487
        return None

    async def test() -> None:
        async with line(certificates, takes) as wire, proxy(certificates, tmp_path, wire.address.port) as route:
            call = await wire.caller.call(NUMBER, routes=[route])
            async for answer in call.responses():
                if answer.status == 180:
                    break
            await call.cancel()
            refused = await wire.caller.call(NUMBER, routes=[route], headers=[("X-Refuse", "yes")])
            with pytest.raises(errors.CallRefused, match="403"):
                await refused.answered(20)
            assert (await wire.caller.options(f"sip:{HOST};transport=tls")).status == 200

    run(test())
