"""What a program registers with the engine, recorded by a resource monitor in this process: no CLI, no vendor."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from pulumi.runtime import config, mocks, rpc, settings
from pulumi.runtime.stack import run_pulumi_func
from pulumi.runtime.sync_await import _sync_await
from pydantic import ValidationError

from providers.kernel import registry
from stacks import graph
from stacks.reference import SecretRef
from stacks.resource import NUMBER, Resource

PROJECT, STACK = "phones", "test"
#: What every choice of a number to buy finds.
BOUGHT = "+14155559999"
_DYNAMIC = "pulumi-python:dynamic/"


def output(resource: str, name: str) -> str:
    """What the recording engine answers for an output, so that whoever refers to it can be recognised."""
    if name == "value":  # a password, as every carrier takes it
        return f"Made_{resource[-8:-4]}{resource[1:12]}".replace("/", "_")[:20]
    return BOUGHT if name == "e164" else f"<{resource}.{name}>"


def secret(name: str) -> str:
    """The value of a config secret, in the shape of what it is called after."""
    if name.endswith("SigningSecret") or name == "NAME":
        return "whsec_" + base64.b64encode(hashlib.sha256(name.encode()).digest()).decode()
    return f"Secret_{name}"[:20]


@dataclass
class Recorder(mocks.MockMonitor):
    """Takes registrations as the engine does, and keeps them as they came."""

    requests: list[Any] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(_Answers())

    def RegisterResource(self, request: Any) -> Any:
        if request.type != "pulumi:pulumi:Stack":
            self.requests.append(request)
        return super().RegisterResource(request)


class _Answers(mocks.Mocks):
    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        token = args.typ.removeprefix(_DYNAMIC)
        if ":" not in token or not args.typ.startswith(_DYNAMIC):
            return "", {}
        vendor, kind = token.split(":")
        outputs = {name: output(args.name, name) for name in registry.vendor(vendor).object(kind).outputs}
        return output(args.name, "id"), {**args.inputs, **outputs, "blocked": ""}

    def call(self, args: mocks.MockCallArgs) -> Any:
        return {}


def registered(program: Callable[[], None], configuration: Mapping[str, str] | None = None) -> list[Resource]:
    """Run a program and give what it registered, inputs as ``check`` leaves them."""
    asyncio.set_event_loop(loop := asyncio.new_event_loop())  # whatever ran one in this process before took it along
    recorder = Recorder()
    settings.ROOT.set(None)  # each program has a root of its own, as a process has
    mocks.set_mocks(_Answers(), PROJECT, STACK, preview=False, monitor=recorder)
    settings.SETTINGS.rpc_manager.clear()
    settings.SETTINGS.outputs.clear()
    config.set_all_config({}, [])
    for name, value in (configuration or {}).items():
        config.set_config(name if ":" in name else f"{PROJECT}:{name}", value)
    limit = getattr(sys, "tracebacklimit", None)
    try:
        _sync_await(run_pulumi_func(program))
    finally:
        loop.close()
        asyncio.set_event_loop(None)
        if limit is None:
            vars(sys).pop("tracebacklimit", None)
        else:
            sys.tracebacklimit = limit
    return [_resource(request, recorder) for request in recorder.requests]


def _resource(request: Any, recorder: Recorder) -> Resource:
    inputs = cast(dict[str, Any], rpc.deserialize_properties(request.object, keep_unknowns=True))
    names = {urn: urn.rpartition("::")[2] for urn in recorder.resources}
    parent = names.get(request.parent, "")
    referred = {name for held in request.propertyDependencies.values() for name in held.urns}
    waits = {urn for urn in request.dependencies if urn not in referred}
    type = request.type.removeprefix(_DYNAMIC)
    return Resource(
        request.name, type, canonical(type, {name: _plain(value) for name, value in inputs.items()}), parent,
        tuple(sorted(names[urn] for urn in waits)), protect=bool(request.protect),
        aliases=tuple(alias.spec.name for alias in request.aliases),
    )  # fmt: skip


def expected(resource: Resource) -> Resource:
    """A resource of the graph in the same form: stand-ins as the recording engine fills them."""
    inputs = canonical(resource.type, {name: _filled(value) for name, value in resource.inputs.items()})
    waits = tuple(sorted({*resource.depends_on} - _referred(resource.inputs)))
    parent = resource.parent
    return Resource(
        resource.name, resource.type, inputs, parent, waits, protect=resource.protect, aliases=resource.aliases
    )


def _referred(value: Any) -> set[str]:
    """Names of the resources that inputs refer to: the engine counts them among the dependencies anyway."""
    if isinstance(value, graph.OutputOf | graph.MadePassword):
        return {value.resource}
    if isinstance(value, graph.NumberText):
        return {value.choice.resource}
    items = cast(
        Any, value.values() if isinstance(value, Mapping) else value if isinstance(value, list | tuple) else ()
    )
    return {name for item in items for name in _referred(item)}


def _filled(value: Any) -> Any:
    if isinstance(value, graph.OutputOf):
        return output(value.resource, value.output)
    if isinstance(value, graph.MadePassword):
        return output(value.resource, "value")
    if isinstance(value, graph.NumberText):
        return value.filled(BOUGHT)
    if isinstance(value, SecretRef):
        return secret(value.secret)
    if isinstance(value, Mapping):
        return {name: _filled(item) for name, item in cast(Mapping[str, Any], value).items()}
    return [_filled(item) for item in cast(list[Any], value)] if isinstance(value, list | tuple) else value


def _plain(value: Any) -> Any:
    """A secret of the wire as its value."""
    if isinstance(value, Mapping):
        found = cast(Mapping[str, Any], value)
        if rpc._special_sig_key in found:
            return _plain(found["value"])
        return {name: _plain(item) for name, item in found.items()}
    return [_plain(item) for item in cast(list[Any], value)] if isinstance(value, list) else value


def canonical(type: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Inputs as ``check`` leaves them, without what only the engine's face adds."""
    if type == NUMBER:
        return dict(inputs)
    vendor, kind = type.split(":")
    declared = registry.vendor(vendor).object(kind)
    given = {name: value for name, value in inputs.items() if name in declared.spec.model_fields and value is not None}
    try:
        return declared.resolve(declared.spec.model_validate(given).canonical(), {})
    except ValidationError as error:
        raise AssertionError(f"{type}: {error}") from None


__all__ = ["BOUGHT", "PROJECT", "STACK", "Recorder", "canonical", "expected", "output", "registered", "secret"]
