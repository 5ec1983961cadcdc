"""Who calls the SIP host by name checks the name in its certificate: programs that nobody here wrote say so."""

from __future__ import annotations

import asyncio
import json
import subprocess
from pathlib import Path

import pytest

from tests.calling import wiring
from tests.calling.wiring import NUMBERS
from tests.judges.names import names
from tests.judges.programs import PJSUA2, program
from tests.sandbox.conftest import Server

NUMBER = NUMBERS["sip"]
RIGHT, OTHER = "sip.voice.x.ai", "pbx.example.com"


@pytest.mark.parametrize(("name", "said"), [(RIGHT, 0), (OTHER, 1)])
def test_openssl(sandbox: Server, name: str, said: int) -> None:
    command = [program("openssl"), "s_client", "-brief", "-verify_return_error", "-verify_hostname", name]
    where = [
        "-servername",
        name,
        "-connect",
        sandbox.env["XTEL_SANDBOX_SIP"],
        "-CAfile",
        sandbox.env["XTEL_SANDBOX_CA"],
    ]
    done = subprocess.run([*command, *where], input="", capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == said, done.stderr
    assert ("Verification: OK" if said == 0 else "hostname mismatch") in done.stderr


@pytest.mark.parametrize(("name", "status"), [(RIGHT, 200), (OTHER, 503)])
def test_pjsua2(sandbox: Server, name: str, status: int, tmp_path: Path) -> None:
    """It finds the host by SRV and A of the name that it dials, and gets no further where the certificate has another."""
    program("pjsua2")
    wiring.xai(sandbox, NUMBER, digest="hq", agent=True)
    with names({name: sandbox.env["XTEL_SANDBOX_SIP"]}) as server:
        asked = {
            "uri": f"sip:{NUMBER}@{name};transport=tls",
            "names": server,
            "ca": sandbox.env["XTEL_SANDBOX_CA"],
            "password": wiring.PASSWORD,
        }
        script = Path(__file__).with_name("pjsua2_calls.py")
        command = [PJSUA2, str(script), json.dumps(asked)]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    log = (tmp_path / "log").read_text()
    assert done.returncode == 0, done.stderr + log
    (last,) = [line for line in done.stdout.splitlines() if line.startswith("{")]
    said = json.loads(last)
    assert said["status"] == status, log
    if name == OTHER:
        assert "certificate" in said["reason"].lower(), said["reason"]
        assert sandbox.control("GET", "calls") == []
        return
    found = wiring.the_call(sandbox, NUMBER)
    assert (found["state"], found["outcome"]["encrypted"], said["heard"]) == ("ended", True, True)


@pytest.mark.parametrize("name", [RIGHT, OTHER])
def test_baresip(sandbox: Server, name: str) -> None:
    """The same of a telephone that looks at the certificate by itself."""
    baresip = pytest.importorskip("baresip")
    wiring.xai(sandbox, NUMBER, digest="hq", agent=True)

    async def main(server: str) -> None:
        runtime = baresip.Runtime()
        extra = f"sip_cafile {sandbox.env['XTEL_SANDBOX_CA']}\nsip_verify_server yes\ndns_server {server}:53\n"
        await runtime.start(baresip.Config(net_interface="127.0.0.1", extra_config_text=extra))
        try:
            account = baresip.Account(
                user="hq",
                domain=name,
                password=wiring.PASSWORD,
                transport="tls",
                reg_interval=0,
                audio_codecs=("pcmu", "pcma"),
                extra_params=("mediaenc=srtp-mand",),
            )
            agent = await baresip.UserAgent.create(runtime, account)
            call = await agent.dial(f"sip:{NUMBER}@{name};transport=tls")
            if name == RIGHT:
                await call.wait_established(10)
                await asyncio.sleep(0.3)
                await call.hangup()
                await asyncio.sleep(0.3)
                return
            with pytest.raises(baresip.CallFailed):
                await call.wait_established(10)
        finally:
            await runtime.close()

    with names({name: sandbox.env["XTEL_SANDBOX_SIP"]}) as server:
        asyncio.run(main(server))
    if name == RIGHT:
        assert wiring.the_call(sandbox, NUMBER)["outcome"]["encrypted"] is True
    else:
        assert sandbox.control("GET", "calls") == []
