"""The network that a bundle's proxy stands in: its addresses, its names, its certificates, and the programs themselves."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import trustme

from tests.judges.inside.relay import REAL

#: The proxy's public address; a carrier's, that of a fallback, and of a host that plays xAI with a fault.
PROXY, CARRIER, PBX, OTHER = "203.0.113.10", "192.0.2.7", "198.51.100.5", "198.51.100.66"
PLATFORM = os.environ.get("XTEL_TEST_INSIDE", "kamailio")
FOLDER = Path(f"/etc/{PLATFORM}")
AUTHORITIES = Path("/etc/ssl/certs/ca-certificates.crt")


def addresses() -> None:
    """Those of this network; before anything listens in it."""
    _run("ip", "link", "set", "lo", "up")
    for address in (PROXY, CARRIER, PBX, OTHER):
        _run("ip", "address", "add", f"{address}/32", "dev", "lo")


def overlay(resolver: str, folder: Path) -> None:
    """Files laid over those of the machine: for this network's processes alone."""
    (folder / "resolv.conf").write_text(f"nameserver {resolver}\noptions timeout:1 attempts:1\n")
    (folder / "configuration").mkdir()
    (folder / "authorities").write_text("")
    _run("mount", "--bind", str(folder / "resolv.conf"), "/etc/resolv.conf")
    _run("mount", "--bind", str(folder / "configuration"), str(FOLDER))
    _run("mount", "--bind", str(folder / "authorities"), str(AUTHORITIES))


class Authority:
    """Whom the proxy's machine trusts; certificates for any name."""

    def __init__(self, folder: Path) -> None:
        self._authority, self._folder = trustme.CA(), folder
        self.ca = self._authority.cert_pem.bytes().decode()

    def certificate(self, *names: str) -> str:
        """A file with key and chain."""
        file = self._folder / f"{'+'.join(names).replace('*', 'any')}.pem"
        if not file.exists():
            self._authority.issue_cert(*names).private_key_and_cert_chain_pem.write_to_path(str(file))
        return str(file)

    def of_proxy(self) -> None:
        """Key and certificate where the bundles look for them."""
        issued = self._authority.issue_cert("proxy.example.com", PROXY)
        key, chain = {
            "kamailio": ("kamailio-selfsigned.key", "kamailio-selfsigned.pem"),
            "opensips": ("tls/key.pem", "tls/cert.pem"),
        }[PLATFORM]
        (FOLDER / key).parent.mkdir(exist_ok=True)
        issued.private_key_pem.write_to_path(str(FOLDER / key))
        issued.cert_chain_pems[0].write_to_path(str(FOLDER / chain))


@contextmanager
def proxy(folder: Path) -> Iterator[Path]:
    """Runs what lies in its folder of /etc; its log."""
    command = {
        "kamailio": [*("kamailio", "-DD", "-E", "-Y", str(folder)), *("-m", "64", "-M", "8", "-n", "2", "-N", "2")],
        "opensips": ["opensips", "-F", "-m", "64", "-M", "8"],
    }[PLATFORM]
    log = folder / "log"
    with _running([*command, "-f", str(FOLDER / f"{PLATFORM}.cfg")], log) as process:
        _listening(5060, process, log)
        yield log


@contextmanager
def rtpengine(folder: Path) -> Iterator[None]:
    """The real relay, without its kernel module."""
    command = [
        *("rtpengine", "--table=-1", f"--interface={PROXY}", f"--listen-ng={REAL[0]}:{REAL[1]}", "--foreground"),
        *("--log-stderr", "--log-level=6", "--num-threads=2", "--port-min=30000", "--port-max=31000", "--no-fallback"),
    ]
    with _running(command, folder / "rtpengine.log"), socket.socket(type=socket.SOCK_DGRAM) as asked:
        asked.settimeout(0.2)
        asked.connect(REAL)
        while True:
            with suppress(TimeoutError, ConnectionRefusedError):
                asked.send(b"1 d7:command4:pinge")
                asked.recv(1000)
                break
            time.sleep(0.05)
        yield


@contextmanager
def _running(command: list[str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, start_new_session=True)
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(3)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)  # its children too
                process.wait()


def _listening(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    while True:
        assert process.poll() is None, log.read_text()
        with suppress(OSError):
            socket.create_connection((PROXY, port), 1).close()
            return
        time.sleep(0.05)


def _run(*command: str) -> None:
    subprocess.run(command, check=True, timeout=20)
