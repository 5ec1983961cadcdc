"""What the Python SDK of Pulumi does not offer a dynamic provider, and how this project does without.

Every piece names the upstream issue that would make it needless; where there is none, what upstream would have to offer.
``tests/test_workarounds.py`` has a canary for each, which fails when the SDK no longer needs it: then it goes.
"""

from __future__ import annotations

import gc
import os
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any, TypeVar, cast

KindT = TypeVar("KindT")

#: Threads with which the SDK serves, whatever ``--parallel`` says.
SDK_THREADS = 4
#: Frames that are kept of a program's stack: so many lie between the SDK and the file that declares a resource.
_FRAMES = 6


def widen_pool(threads: int) -> None:
    """Serve with as many threads as operations may run: 400 creations would wait in line for 4. A pool that a later SDK
    hides stays as it is.

    No issue for dynamic providers (pulumi/pulumi#11116 is about programs). Upstream would have to take the number of
    threads from ``--parallel``.
    """
    for found in _every(ThreadPoolExecutor):
        if getattr(found, "_max_workers", 0) == SDK_THREADS:
            vars(found)["_max_workers"] = threads


def urn() -> str:
    """The URN of the resource that is being worked on: the SDK has it in the request and does not pass it on.

    pulumi/pulumi#9434.
    """
    frame = sys._getframe(1)  # pyright: ignore[reportPrivateUsage]
    while frame is not None:
        found = getattr(frame.f_locals.get("request"), "urn", "")
        if isinstance(found, str) and found:
            return found
        frame = frame.f_back
    return ""


def one_line_errors(worded: Callable[[BaseException], object]) -> None:
    """Errors as they are worded: the SDK answers with ``traceback.format_exc()``, its own frames and class names included.

    pulumi/pulumi#10416. What the SDK calls ``traceback`` is replaced in the module that serves, and nowhere else.
    """
    for found in _servicers():
        if serving := vars(found).get("Create"):
            serving.__globals__["traceback"] = _Told(worded)


class _Told:
    def __init__(self, worded: Callable[[BaseException], object]) -> None:
        self._worded = worded

    def format_exc(self) -> str:
        """The exception that is being handled, in one line."""
        error = sys.exc_info()[1]
        return str(self._worded(error)) if error else ""


def short_stack_traces() -> None:
    """Keep few frames of the program's stack with each resource, as the SDK does since pulumi/pulumi#20430.

    In our program they are always the same files, never the user's, and on a file backend, which writes the whole state at
    every step, they were a third of the writing. Upstream would have to offer a switch for them.
    """
    sys.tracebacklimit = _FRAMES


def engine_address() -> str:
    """Where the engine listens: it starts a plugin with its address as an argument."""
    return next((argument for argument in sys.argv[1:] if ":" in argument and "=" not in argument), "")


@cache
def engine() -> tuple[Any, Any] | None:
    """A line to the engine (its stub, and the class of a log request), None where no engine started this process: in a
    dynamic provider ``pulumi.log`` reaches standard output at best.

    pulumi/pulumi#6065.
    """
    address = engine_address()
    if not address:
        return None
    import grpc
    from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc

    return engine_pb2_grpc.EngineStub(grpc.insecure_channel(address)), engine_pb2.LogRequest


def end_with_engine() -> None:
    """Watch the engine that started this process, if one did, and end when it is gone.

    pulumi/pulumi#9780 is about ending plugins gently; a killed engine ends none of them. Upstream would have to let a
    plugin end itself when it cannot reach the engine any more.
    """
    if address := engine_address():
        threading.Thread(target=_watch, args=(address,), name="engine-watchdog", daemon=True).start()


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


#: The class with which the SDK serves.
SERVICER = "DynamicResourceProviderServicer"


def heed_cancel() -> None:
    """End every wait when the engine cancels (Ctrl-C): the SDK answers ``Cancel`` and tells no provider of it.

    The server holds the method itself, so it gets another body. pulumi/pulumi#9780; upstream would have to pass it on.
    """
    for found in _servicers():
        if cancel := vars(found).get("Cancel"):
            cancel.__code__ = _cancel.__code__


def _servicers() -> Iterator[type]:
    """The SDK's class that serves a provider, by its name: it is made in a function."""
    return (found for found in _every(type) if found.__name__ == SERVICER)


def _every(kind: type[KindT]) -> Iterator[KindT]:
    """Objects of a kind, of this process.

    By the type of each: ``isinstance`` asks a weak proxy for its class, and one whose object is gone raises.
    """
    return (cast(KindT, found) for found in gc.get_objects() if issubclass(type(found), kind))


def _cancel(_servicer: Any, _request: Any, _context: Any) -> Any:
    """Runs with the SDK's globals, so it brings what it needs."""
    from google.protobuf.empty_pb2 import Empty

    from providers.kernel import waiting

    waiting.end()
    return Empty()


def serialized(provider: Any) -> str:
    """A provider as the state holds it, for ``pulumi import --file``: the SDK cannot import a dynamic resource by its id.

    pulumi/pulumi#16175.
    """
    from pulumi.dynamic.dynamic import serialize_provider  # pyright: ignore[reportUnknownVariableType] -- untyped

    return str(serialize_provider(provider))
