"""`python -m sandbox`: starts the phone network on this machine."""

from __future__ import annotations

import argparse
import ipaddress
import json
import os
import signal
import socket
import sqlite3
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from types import FrameType

import uvicorn

from sandbox.app import Sandbox
from sandbox.edge.desk import Desk
from sandbox.line import Line
from sandbox.network import Network
from sandbox.store import Store


class Server(uvicorn.Server):
    """Says in a file that it is listening: only then is the port, chosen by the system, worth anything."""

    ready: Path | None = None

    def __init__(self, config: uvicorn.Config, network: Network, desk: Desk) -> None:
        super().__init__(config)
        self.network, self.desk = network, desk

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self.network.interrupt()
        await self.desk.stop()
        await super().shutdown(sockets)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await self.desk.start()
        await super().startup(sockets)
        if self.ready is None or not sockets:
            return
        host, port = sockets[0].getsockname()[:2]
        url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
        # Renamed into place: a reader that polls must never see half a document.
        partial = self.ready.with_name(f"{self.ready.name}.{os.getpid()}")
        partial.write_text(json.dumps({"port": port, "pid": os.getpid(), "url": url}) + "\n")
        partial.replace(self.ready)


def _loopback(text: str) -> str:
    """The credentials are public and there is no TLS: this server must not be reachable from outside."""
    try:
        inside = text == "localhost" or ipaddress.ip_address(text).is_loopback
    except ValueError:
        inside = False
    if not inside:
        raise argparse.ArgumentTypeError(f"{text} is not a loopback address")
    return "127.0.0.1" if text == "localhost" else text


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description="A phone network on this machine.")
    parser.add_argument("--host", type=_loopback, default="127.0.0.1", help="a loopback address (%(default)s)")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one (%(default)s)")
    parser.add_argument("--db", default=":memory:", help="SQLite file that keeps the state (in memory by default)")
    parser.add_argument("--ready", type=Path, help="file to write port, pid and url to, once listening")
    return parser.parse_args(argv)


def _leave(number: int, frame: FrameType | None) -> None:
    """uvicorn raises the signal again after its own shutdown: being told to stop and stopping is a success."""
    raise SystemExit(0)


def _serve(arguments: argparse.Namespace, listener: socket.socket, store: Store) -> None:
    network = Network(store)
    desk = Desk(network.vendors, network.switches, _authority_file(arguments))
    config = uvicorn.Config(
        Sandbox(network, desk),
        http=Line,
        ws="websockets-sansio" if find_spec("websockets") else "none",
        loop="asyncio",
        lifespan="off",
        log_level="error",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        # Pooled clients keep a connection for a while: closing it under them would be a fault nobody asked for.
        timeout_keep_alive=120,
        timeout_graceful_shutdown=1,
    )
    server = Server(config, network, desk)
    server.ready = arguments.ready
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _leave)
    try:
        server.run(sockets=[listener])
    finally:
        _withdraw(arguments.ready)


def _authority_file(arguments: argparse.Namespace) -> Path:
    """Where callers find whom to trust: beside the state, else beside the file that says where the sandbox is."""
    beside = Path(arguments.db) if arguments.db != ":memory:" else arguments.ready
    folder = beside.resolve().parent if beside else Path(tempfile.mkdtemp(prefix="xtel-sandbox-"))
    return folder / "ca.pem"


def _withdraw(ready: Path | None) -> None:
    """Nobody is listening any more. The file may be that of a successor by now."""
    with suppress(OSError, ValueError):
        if ready and json.loads(ready.read_text())["pid"] == os.getpid():
            ready.unlink()


def main(argv: Sequence[str] | None = None) -> None:
    arguments = _arguments(argv)
    family = socket.AF_INET6 if ":" in arguments.host else socket.AF_INET
    # IPPROTO_TCP said aloud: asyncio switches Nagle's algorithm off only on sockets that name it, and an answer
    # whose head and body go out in two writes would wait 40 ms for the client's acknowledgement.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((arguments.host, arguments.port))
        store = Store(arguments.db)
    except (OSError, OverflowError, sqlite3.Error) as error:
        sys.exit(f"sandbox: cannot start: {error}")
    try:
        _serve(arguments, listener, store)
    finally:
        store.close()


if __name__ == "__main__":
    main()
