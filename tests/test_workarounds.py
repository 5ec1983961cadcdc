"""Each workaround works, and its canary: what Pulumi's SDK does without it. A canary that fails is good news: read the
workaround's docstring, see whether the SDK offers it by now, and delete the workaround.
"""

from __future__ import annotations

import inspect
import socket
import subprocess
import sys
import time
import weakref
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf import json_format, struct_pb2
from google.protobuf.empty_pb2 import Empty
from pulumi.dynamic import ResourceProvider
from pulumi.dynamic.dynamic import serialize_provider
from pulumi.runtime import resource
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

from providers.kernel import limits, workarounds
from tests.plain_provider import Plain

ROOT = Path(__file__).resolve().parent.parent
URN = "urn:pulumi:dev::proj::pulumi-python:dynamic:Resource::name"


class Process:
    """The SDK's provider process, as the engine starts it and talks to it."""

    def __init__(self, line: str, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.stub = provider_pb2_grpc.ResourceProviderStub(grpc.insecure_channel(f"127.0.0.1:{line.strip()}"))
        self.stub.Configure(provider_pb2.ConfigureRequest(), timeout=20)

    def create(self, do: str, *, set_up: bool = False) -> Any:
        properties = struct_pb2.Struct()
        properties.update({"__provider": serialize_provider(Plain()), "do": do, "set_up": set_up})
        answer = self.stub.Create(provider_pb2.CreateRequest(urn=URN, properties=properties), timeout=20)
        return json_format.MessageToDict(answer.properties)["told"]

    def most_at_once(self) -> int:
        with ThreadPoolExecutor(12) as pool:
            return int(max(pool.map(lambda _: self.create("count"), range(12))))


@contextmanager
def engine() -> Generator[str]:
    """Somebody who listens at an address, as the engine does."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


@contextmanager
def started(address: str) -> Generator[Process]:
    command = [sys.executable, "-u", "-m", "pulumi.dynamic", *([address] if address else [])]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield Process(process.stdout.readline(), process)
        finally:
            process.kill()


@pytest.fixture
def plugin() -> Generator[Process]:
    with started("") as found:
        yield found


def test_threads(plugin: Process) -> None:
    assert plugin.most_at_once() == workarounds.SDK_THREADS, "the SDK widened its pool: see widen_pool"
    with started("") as ours:
        ours.create("line", set_up=True)
        assert ours.most_at_once() > workarounds.SDK_THREADS
    assert limits.PROCESS_LIMIT > workarounds.SDK_THREADS


def test_urn(plugin: Process) -> None:
    assert plugin.create("urn") == URN
    told = {name: inspect.signature(getattr(ResourceProvider, name)).parameters for name in ("check", "create", "read")}
    named = {name for name, parameters in told.items() if "urn" in " ".join(parameters).lower()}
    assert {name: len(parameters) for name, parameters in told.items()} == {"check": 3, "create": 2, "read": 3}
    assert named == set(), "the SDK passes the URN on: see urn"


def test_errors(plugin: Process) -> None:
    with pytest.raises(grpc.RpcError) as plain:
        plugin.create("fail")
    told = plain.value.details()
    assert told.startswith("Traceback (most recent call last):"), "the SDK prints no traceback: see one_line_errors"
    assert "providers.kernel.errors.InputError" in told
    with pytest.raises(grpc.RpcError) as foreign:
        plugin.create("stumble", set_up=True)
    assert foreign.value.details() == (
        "something unexpected happened: 'colour'; next: run it again with XTEL_DEBUG=1 and report it"
    )
    with pytest.raises(grpc.RpcError) as ours:
        plugin.create("fail", set_up=True)
    assert ours.value.details() == "it cannot be; next: write another"


def test_the_line_to_the_engine() -> None:
    with engine() as address, started(address) as found:
        assert found.create("engine") is False, "pulumi.log reaches the engine: see engine"
        assert found.create("line") is True
    with started("") as found:
        assert found.create("line") is False


def test_the_end_of_the_engine() -> None:
    with ExitStack() as processes:
        with engine() as address:
            plain, ours = (processes.enter_context(started(address)) for _ in range(2))
            plain.create("line")
            ours.create("line", set_up=True)
            time.sleep(1.5)  # longer than one look of the watchdog
            assert (plain.process.poll(), ours.process.poll()) == (None, None)
        assert ours.process.wait(timeout=8) == 1
        time.sleep(1.5)
        assert plain.process.poll() is None, "a provider ends with its engine: see end_with_engine"


def test_a_cancelled_run() -> None:
    for set_up in (False, True):
        with started("") as found, ThreadPoolExecutor(1) as pool:
            if set_up:
                found.create("line", set_up=True)
            waiting = pool.submit(found.create, "wait")
            time.sleep(0.5)
            found.stub.Cancel(Empty(), timeout=20)
            begun = time.monotonic()
            if set_up:
                with pytest.raises(grpc.RpcError, match="the run was ended while it waited"):
                    waiting.result()
                assert time.monotonic() - begun < 1
            else:
                assert waiting.result() == "waited", "the SDK passes Cancel on: see heed_cancel"


def test_a_resource_cannot_be_imported_by_its_id(plugin: Process) -> None:
    with pytest.raises(grpc.RpcError, match="__provider") as caught:
        plugin.stub.Read(provider_pb2.ReadRequest(id="1", urn=URN), timeout=20)
    assert "KeyError" in caught.value.details(), "an import knows its provider: see serialized"
    assert workarounds.serialized(Plain()) == serialize_provider(Plain())


class _Base:
    def __init__(self) -> None:
        self.frames = len(resource._get_stack_trace().frames)


class _Custom(_Base):
    def __init__(self) -> None:
        super().__init__()


class _Number(_Custom):
    """The SDK counts three constructors down to the file that declares a resource."""

    def __init__(self) -> None:
        super().__init__()


def _deep(calls: int) -> int:
    return _deep(calls - 1) if calls else _Number().frames


def test_stack_traces_of_a_program(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "tracebacklimit", None, raising=False)
    assert _deep(40) > 40, "the SDK keeps short stack traces: see short_stack_traces"
    workarounds.short_stack_traces()
    assert 1 <= _deep(40) <= 6


def test_a_weak_proxy_whose_object_is_gone_is_in_nobodys_way() -> None:
    class Gone:
        pass

    proxy = weakref.proxy(Gone())
    with pytest.raises(ReferenceError):
        isinstance(proxy, type)
    workarounds.widen_pool(8)
    workarounds.one_line_errors(str)
    workarounds.heed_cancel()
