"""The provider process: its threads, its end, and its line to the engine. Set up once per process."""

from __future__ import annotations

import gc
import os
import socket
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

from providers.kernel import errors, limits, secrecy

_INFO, _WARNING = 1, 2


@cache
def set_up() -> None:
    """Readable errors, enough threads, and an end when the engine ends. Only ever called inside the provider process."""
    if os.environ.get("XTEL_DEBUG") != "1":
        sys.tracebacklimit = 0  # the SDK prints traceback.format_exc(): this leaves "Class: message"
        for kind in _kinds(errors.XtelError):
            kind.__module__ = "builtins"  # and this leaves the package's path out of it
    _widen_pool()
    end_with_engine()


def _kinds(kind: type[Exception]) -> Iterator[type[Exception]]:
    yield kind
    for below in kind.__subclasses__():
        yield from _kinds(below)


def engine_address() -> str:
    """Where the engine listens: it starts the provider with its address as an argument."""
    return next((argument for argument in sys.argv[1:] if ":" in argument and "=" not in argument), "")


def end_with_engine() -> None:
    """Watch the engine that started this process, if one did, and end when it is gone."""
    if address := engine_address():
        threading.Thread(target=_watch, args=(address,), name="engine-watchdog", daemon=True).start()


def _widen_pool() -> None:
    """The SDK serves with 4 threads; 400 creations wait in line. If a later SDK hides its pool, 4 remain."""
    for found in gc.get_objects():
        if isinstance(found, ThreadPoolExecutor) and getattr(found, "_max_workers", 0) == 4:
            vars(found)["_max_workers"] = limits.PROCESS_LIMIT


def _watch(address: str) -> None:
    """End the process when nobody listens at the engine's address: a killed engine leaves its providers creating."""
    host, _, port = address.rpartition(":")
    while True:
        time.sleep(1)
        try:
            socket.create_connection((host or "127.0.0.1", int(port)), timeout=5).close()
        except ConnectionRefusedError:
            os._exit(1)
        except OSError:
            continue  # out of sockets or slow: not a proof


def urn() -> str:
    """The URN of the resource that is being worked on: the SDK has it in the request but does not pass it on."""
    frame = sys._getframe(1)  # pyright: ignore[reportPrivateUsage]
    while frame is not None:
        found = getattr(frame.f_locals.get("request"), "urn", "")
        if isinstance(found, str) and found:
            return found
        frame = frame.f_back
    return ""


def progress(resource: str, message: str) -> None:
    """Show what a running step waits for, on the resource's line."""
    _log(_INFO, resource, message, ephemeral=True)


def warn(resource: str, message: str) -> None:
    """A warning on a resource, kept in the output and in `--json` diagnostics."""
    _log(_WARNING, resource, message, ephemeral=False)


def inform(resource: str, message: str) -> None:
    """Something worth knowing about a resource, kept like a warning."""
    _log(_INFO, resource, message, ephemeral=False)


def _log(severity: int, resource: str, message: str, *, ephemeral: bool) -> None:
    engine = _engine()
    if engine is None:
        return
    stub, request = engine
    text = secrecy.one_line(message, 600)
    try:
        stub.Log(request(severity=severity, message=text, urn=resource, ephemeral=ephemeral), timeout=5)
    except Exception:
        return  # a message that cannot be shown must not stop the work it speaks of


@cache
def _engine() -> tuple[Any, Any] | None:
    address = engine_address()
    if not address:
        return None
    import grpc
    from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc

    return engine_pb2_grpc.EngineStub(grpc.insecure_channel(address)), engine_pb2.LogRequest
