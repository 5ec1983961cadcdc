"""A proxy that nobody here wrote: Kamailio with TLS in front of a port (Debian: kamailio kamailio-tls-modules)."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.signaling.calling import Certificates

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
listen=udp:127.0.0.1:{port}
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
verify_certificate = yes
require_certificate = yes
server_name = sip.voice.x.ai
ca_list = {ca}
"""


@contextmanager
def proxy(certificates: Certificates, folder: Path, target: int, ca: str = "") -> Iterator[int]:
    """A running Kamailio in front of a port of TLS, whose certificate is of a CA; its own port, of TLS and UDP."""
    if KAMAILIO is None:
        assert not PROMISED, "kamailio is not on PATH"
        pytest.skip("kamailio is not installed")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    (folder / "kamailio.cfg").write_text(ROUTES.format(port=port, folder=folder, target=target))
    tls = TLS.format(key=certificates.key, chain=certificates.chain, ca=ca or certificates.ca)
    (folder / "tls.cfg").write_text(tls)
    with (folder / "log").open("wb") as log:
        command = [KAMAILIO, "-DD", "-E", "-f", str(folder / "kamailio.cfg"), "-Y", str(folder), "-m", "64", "-M", "8"]
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
        try:
            _listening(port, process, folder / "log")
            yield port
        finally:
            process.terminate()
            process.wait(20)


def route(port: int) -> str:
    """The way through it."""
    return f"sip:127.0.0.1:{port};transport=tls;lr"


def _listening(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    while True:
        assert process.poll() is None, log.read_text()
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
