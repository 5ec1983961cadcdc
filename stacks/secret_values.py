"""Whether config secrets are what they are used for, by the specs of the objects that use them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, cast

from pydantic import ValidationError

from providers.kernel import spec
from providers.kernel.values import UNKNOWN
from stacks import callpath, graph
from stacks.reference import SecretRef
from stacks.resource import Resource


def set_by(name: str) -> str:
    """The line that sets a config secret."""
    return f"pulumi config set --secret {name}"


def unusable(resources: Iterable[Resource], values: Mapping[str, str]) -> list[str]:
    """What is wrong with config secrets, a line each: which one, why it cannot be used, and how it is set. Never a value."""
    found = {name: why for resource in resources for name, why in _problems(resource, values)}
    return [f"the config secret {name}: {why}; next: {set_by(name)}" for name, why in sorted(found.items())]


def _problems(resource: Resource, values: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    declared = callpath.declaration(resource.type)
    if declared is None or not graph.secrets([resource]) & values.keys():
        return
    try:
        declared.spec.model_validate(_filled(resource.inputs, values))
    except ValidationError as error:
        for detail in spec.details(error):
            if reference := _at(resource.inputs, detail["loc"]):
                yield reference.secret, spec.reason(detail)


def _filled(value: Any, values: Mapping[str, str]) -> Any:
    """Inputs with the values of their secrets; what else only the engine has is not known."""
    if isinstance(value, Mapping):
        return {name: _filled(item, values) for name, item in cast(Mapping[str, Any], value).items()}
    if isinstance(value, list | tuple):
        return [_filled(item, values) for item in cast(list[Any], value)]
    if isinstance(value, SecretRef):
        return values.get(value.secret, UNKNOWN)
    return UNKNOWN if isinstance(value, graph.OutputOf | graph.MadePassword | graph.NumberText) else value


def _at(value: Any, loc: tuple[int | str, ...]) -> SecretRef | None:
    """The secret that stands where pydantic found something; parts of a location may be its own."""
    for part in loc:
        if isinstance(value, Mapping) and part in value:
            value = cast(Mapping[str, Any], value)[str(part)]
        elif isinstance(value, list | tuple) and isinstance(part, int) and part < len(cast(list[Any], value)):
            value = cast(list[Any], value)[part]
    return value if isinstance(value, SecretRef) else None
