"""The provider as the engine sees it, in this process: the SDK's own server, asked with real protobuf requests.

For tests of what providers do to a whole network, where the engine itself adds nothing but its processes: order, failures
of a single resource, what is deleted. What the engine decides (previews, counts, secrets in the state) is tested with it.
"""

from __future__ import annotations

import asyncio
import importlib.util
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from pulumi.dynamic.dynamic import serialize_provider
from pulumi.output import Unknown
from pulumi.runtime import rpc
from pulumi.runtime.proto import provider_pb2 as wire

from providers.kernel import engine, errors, preflight, process, workarounds
from providers.kernel.engine import Provider
from stacks import document, graph
from stacks.reference import SecretRef
from stacks.resource import NUMBER, Resource
from tests.conftest import Sandbox
from tests.wording import assert_ours

PROJECT, STACK = "xai-telephony", "test"


def _server() -> ModuleType:
    """The module that serves in a provider process. It does so as soon as it is imported: here without its last line."""
    spec = importlib.util.find_spec("pulumi.dynamic.__main__")
    assert spec and spec.origin
    source, last, rest = Path(spec.origin).read_text().rpartition("\nmain()\n")
    assert last and not rest
    module = ModuleType("served")
    exec(compile(source, spec.origin, "exec"), vars(module))
    return module


SERVER = _server()


class Failed(Exception):
    """What the engine would show as a resource's error."""


class _Context:
    def abort(self, code: Any, details: str) -> None:
        raise Failed(details)


@dataclass
class Kept:
    """A resource as the state keeps it."""

    token: str
    id: str
    inputs: dict[str, Any]
    outputs: dict[str, Any]


class Face:
    """A stack: its file, its state, and the provider behind them, a new one for every run."""

    def __init__(self, folder: Path, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
        for name, value in sandbox.env().items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(process, "set_up", lambda: None)  # it is meant for a process of its own
        monkeypatch.setattr(process, "_log", lambda severity, urn, message, ephemeral: self.said.append(message))
        workarounds.one_line_errors(errors.worded)
        self._file = folder / f"{STACK}.yaml"
        self.state: dict[str, Kept] = {}
        self.said: list[str] = []
        self.errors: dict[str, str] = {}

    def declare(self, text: str) -> None:
        self._file.write_text(text)

    def up(self, *, fails: bool | None = False, **secrets: str) -> Counter[str]:
        """What `pulumi up` does to every resource, and how often; what needs one that failed is left out.

        ``fails`` says whether something must fail; None: it may.
        """
        wanted = [each for each in graph.of_document(document.read(self._file), PROJECT, STACK) if each.type != NUMBER]
        self._begin()
        done, left = Counter[str](), set[str]()
        for resource in wanted:
            if left & _needed(resource):
                left.add(resource.name)
                continue
            with _Errors(self.errors, resource.name):
                done[self._step(resource, secrets)] += 1
            left |= self.errors.keys()
        gone = [] if self.errors else [name for name in self.state if name not in {each.name for each in wanted}]
        for name in reversed(gone):
            with _Errors(self.errors, name):
                self._delete(name)
                done["delete"] += 1
        assert fails is None or bool(self.errors) == fails, self.errors
        return done

    def preview(self, **secrets: str) -> dict[str, str]:
        """What a preview refuses of what is not there yet, by resource."""
        self._begin()
        blocked = dict[str, str]()
        for resource in graph.of_document(document.read(self._file), PROJECT, STACK):
            if resource.type == NUMBER or resource.name in self.state:
                continue
            own = {"__provider": serialize_provider(Provider(resource.type)), "dry_run": True}
            given = _filled(dict(resource.inputs), _Unmade(self.state), secrets)
            blocked[resource.name] = self._check(resource.name, resource.type, {}, given | own)[engine.BLOCKED]
        return {name: why for name, why in blocked.items() if why}

    def destroy(self) -> None:
        self._begin()
        for name in reversed(list(self.state)):
            self._delete(name)

    def _begin(self) -> None:
        """A new provider process: nothing is remembered but the state."""
        self.errors = {}
        SERVER._PROVIDER_CACHE.clear()
        engine._sessions.clear()
        engine._refused.clear()
        engine._ahead.clear()
        self._provider = SERVER.DynamicResourceProviderServicer()
        self._provider.Configure(wire.ConfigureRequest(), _Context())

    def _step(self, resource: Resource, secrets: Mapping[str, str]) -> str:
        old = self.state.get(resource.name)
        own = {"__provider": serialize_provider(Provider(resource.type)), engine.BLOCKED: ""}
        ahead = {"ahead": preflight.written(resource.ahead)} if resource.ahead else {}
        given = {**_filled(dict(resource.inputs), self.state, secrets), **own, **ahead}
        inputs = self._check(resource.name, resource.type, old.inputs if old else {}, given)
        if old is None:
            self._create(resource, inputs)
            return "create"
        request = wire.DiffRequest(
            id=old.id, urn=_urn(resource.name, resource.type), olds=_struct(old.outputs), news=_struct(inputs)
        )
        found = self._provider.Diff(request, _Context())
        if found.replaces:
            self._delete(resource.name)
            self._create(resource, self._check(resource.name, resource.type, {}, given))
            return "replace"
        if found.changes == wire.DiffResponse.DIFF_NONE or inputs == old.inputs:
            old.inputs = inputs
            return "same"
        request = wire.UpdateRequest(
            id=old.id, urn=_urn(resource.name, resource.type), olds=_struct(old.outputs), news=_struct(inputs)
        )
        old.outputs = _plain(self._provider.Update(request, _Context()).properties)
        old.inputs = inputs
        return "update"

    def _check(self, name: str, token: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
        request = wire.CheckRequest(urn=_urn(name, token), olds=_struct(old), news=_struct(new))
        answer = self._provider.Check(request, _Context())
        if answer.failures:
            raise Failed("; ".join(each.reason for each in answer.failures))
        return _plain(answer.inputs)

    def _create(self, resource: Resource, inputs: dict[str, Any]) -> None:
        request = wire.CreateRequest(urn=_urn(resource.name, resource.type), properties=_struct(inputs))
        made = self._provider.Create(request, _Context())
        self.state[resource.name] = Kept(resource.type, made.id, inputs, _plain(made.properties))

    def _delete(self, name: str) -> None:
        kept = self.state[name]
        request = wire.DeleteRequest(id=kept.id, urn=_urn(name, kept.token), properties=_struct(kept.outputs))
        self._provider.Delete(request, _Context())
        del self.state[name]


class _Unmade(dict[str, Kept]):
    """The state as a preview knows it: of what is not made yet every output is unknown."""

    def __missing__(self, name: str) -> Any:
        unknown = Unknown()
        return Kept("", unknown, {}, defaultdict(lambda: unknown))  # pyright: ignore[reportArgumentType]


class _Errors:
    """Keeps what failed, and goes on, as the engine does."""

    def __init__(self, errors: dict[str, str], name: str) -> None:
        self._errors, self._name = errors, name

    def __enter__(self) -> None: ...

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: Any) -> bool:
        if isinstance(error, Failed):
            assert_ours(str(error))
            self._errors[self._name] = str(error)
        return isinstance(error, Failed)


def _urn(name: str, token: str) -> str:
    return f"urn:pulumi:{STACK}::{PROJECT}::pulumi-python:dynamic/{token}::{name}"


def _struct(values: Mapping[str, Any]) -> Any:
    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(rpc.serialize_properties(dict(values), {}))
    finally:
        loop.close()


def _plain(struct: Any) -> dict[str, Any]:
    return rpc.deserialize_properties(struct)


def _needed(resource: Resource) -> set[str]:
    return {*resource.depends_on, *_referred(resource.inputs)}


def _referred(value: Any) -> Iterator[str]:
    if isinstance(value, graph.OutputOf | graph.MadePassword):
        yield value.resource
    elif isinstance(value, graph.NumberText):
        yield value.choice.resource
    items = value.values() if isinstance(value, Mapping) else value if isinstance(value, list | tuple) else ()
    for item in items:
        yield from _referred(item)


def _filled(value: Any, state: Mapping[str, Kept], secrets: Mapping[str, str]) -> Any:
    """Inputs with what only the engine has."""
    if isinstance(value, graph.OutputOf):
        found = state[value.resource]
        return found.id if value.output == "id" else found.outputs[value.output]
    if isinstance(value, graph.MadePassword):
        return state[value.resource].outputs["value"]
    if isinstance(value, graph.NumberText):
        number = _filled(value.choice, state, secrets)
        return value.filled(number) if isinstance(number, str) else number
    if isinstance(value, SecretRef):
        return secrets[value.secret]
    if isinstance(value, Mapping):
        return {name: _filled(item, state, secrets) for name, item in value.items()}
    return [_filled(item, state, secrets) for item in value] if isinstance(value, list | tuple) else value
