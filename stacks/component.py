"""The Pulumi component that one number is: its registration at xAI and its carrier's objects, under its E.164.

And the hosted agent that numbers are answered by: one resource, under its key.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, TypeVar, Unpack, cast

import pulumi
from pulumi.output import Unknown
from pydantic import BaseModel, ValidationError

from providers.kernel import engine, preflight, registry, secrecy, spec
from providers.kernel.route import CarrierRoute
from providers.kernel.values import NUMBER_TO_COME
from stacks import agent as hosted
from stacks import arguments, graph, instructions, model, secret_values, wording
from stacks.agent import ID_PREFIX
from stacks.model import SecretRef
from stacks.resource import NUMBER, Resource

ModelT = TypeVar("ModelT", bound=BaseModel)
#: What was registered, by type and name.
_Resources = dict[tuple[str, str], Any]


class Agent:
    """A hosted agent of xAI; takes what an entry of ``agents`` in the stack file takes, but ``numbers``.

    ``Number(…, agent=Agent("sales", …))`` makes it answer a number. Attributes: ``resource`` (the Pulumi resource, named by
    the key), ``agent_id``, ``blocked`` (why a preview refuses it).
    """

    def __init__(
        self, key: str, opts: pulumi.ResourceOptions | None = None, **declared: Unpack[arguments.Agent]
    ) -> None:
        if key.startswith(ID_PREFIX):
            raise pulumi.RunError(f"{key}: begins like an id at xAI ({ID_PREFIX}…): choose another key")
        agent = _complete(key, _modelled(hosted.Agent, declared))
        needed = graph.of_agent(key, agent, pulumi.get_project(), pulumi.get_stack())
        self.key, self.resource = key, _made(needed, {}, opts)
        #: The id, not the output of that name: a preview of a change knows it, so that its numbers do not seem to change.
        self.agent_id = cast(pulumi.Output[str], self.resource.id)
        self.blocked = cast(pulumi.Output[str], self.resource.blocked)


class NumberArguments(arguments.Number, total=False):
    """What :class:`Number` takes."""

    agent: Agent | str | None


class Number(pulumi.ComponentResource):
    """A number of a voice agent with all its objects; takes what an entry of the stack file takes.

    ``key`` is the label under which outputs are exported; the resources are named by the number. ``route`` is one of
    :mod:`stacks.routes`, or a mapping with the name of any carrier that is installed; ``agent`` is an :class:`Agent`, or
    the id of one that exists. Outputs: ``number_id``,
    ``number`` (E.164), ``signing_secret`` and ``previous_signing_secret`` (secrets; the second is empty until the number is
    re-registered), ``target`` (SIP URI), ``blocked`` (why a preview refuses its parts).
    """

    def __init__(
        self, key: str, opts: pulumi.ResourceOptions | None = None, **declared: Unpack[NumberArguments]
    ) -> None:
        agent = declared.get("agent")
        read = {"agent": _named(key, agent), "route": _route(key, declared.get("route"))}
        number = _modelled(model.Number, {**declared, **read})
        component, *needed = _needed(key, number)
        super().__init__(NUMBER, component.name, None, pulumi.ResourceOptions.merge(_options(component, {}), opts))
        self.key, self.carrier = key, number.route.delivers if number.route else ""
        made: _Resources = {(graph.AGENT, agent.key): agent.resource} if isinstance(agent, Agent) else {}
        own = [self._realised(each, made) for each in needed]
        self.phone_number: Any = made[graph.REGISTRATION, component.name]
        self.number_id = cast(pulumi.Output[str], self.phone_number.id)
        self.target = cast(str | pulumi.Output[str], _value(graph.target_text(key, number), made))
        self.number = cast(
            str | pulumi.Output[str], _value(graph.number_text(key, number), made) or self.phone_number.e164
        )
        self.signing_secret = pulumi.Output.secret(self.phone_number.signing_secret)
        self.previous_signing_secret = pulumi.Output.secret(_or("", self.phone_number.previous_signing_secret))
        self.has_secret = number.webhook is not None
        self.blocked = cast(pulumi.Output[list[str]], pulumi.Output.all(*(resource.blocked for resource in own)))
        self.register_outputs({})

    def _realised(self, needed: Resource, made: _Resources) -> Any:
        """Register one of its resources, and keep it for those that refer to it."""
        resource = _shared(needed, made) if needed.shared else _made(needed, made, pulumi.ResourceOptions(parent=self))
        made[needed.type, needed.name] = resource
        return resource


def _made(needed: Resource, made: _Resources, opts: pulumi.ResourceOptions | None = None) -> Any:
    """Register a resource of the graph."""
    if unusable := unusable_secrets([needed]):
        raise pulumi.RunError("\n".join(unusable))
    inputs = {field: _value(value, made) for field, value in needed.inputs.items()}
    options = pulumi.ResourceOptions.merge(_options(needed, made), opts)
    return engine.resource(needed.vendor, needed.kind)(needed.name, options, preflight.written(needed.ahead), **inputs)


def _options(needed: Resource, made: _Resources) -> pulumi.ResourceOptions:
    waits = [resource for (type, name), resource in made.items() if type != graph.AGENT and name in needed.depends_on]
    return pulumi.ResourceOptions(
        aliases=[pulumi.Alias(name=old) for old in needed.aliases] or None,
        depends_on=waits or None,
        protect=needed.protect or None,
    )


def _value(value: Any, made: _Resources) -> Any:
    """An input with what only the engine has, at any depth."""
    if isinstance(value, Mapping):
        return {name: _value(item, made) for name, item in cast(Mapping[str, Any], value).items()}
    if isinstance(value, list | tuple):
        return [_value(item, made) for item in cast(list[Any], value)]
    return _known_to_the_engine(value, made)


def _known_to_the_engine(value: Any, made: _Resources) -> Any:
    if isinstance(value, graph.OutputOf):
        return _or(_NOT_MADE, getattr(made[value.type, value.resource], value.output))
    if isinstance(value, graph.MadePassword):
        return pulumi.Output.secret(_or(_NOT_MADE, made[graph.PASSWORD, value.resource].value))
    if isinstance(value, graph.NumberText):
        choice = made[value.choice.type, value.choice.resource]
        return _or(NUMBER_TO_COME, getattr(choice, value.choice.output)).apply(value.filled)
    return config_secret(value.secret) if isinstance(value, SecretRef) else value


#: Stands for an output of what was not made, in a run that goes on after an error. The engine leaves out whatever needs
#: it, but checks that first: a value that the check refuses would end the run for all other numbers too.
_NOT_MADE = "not_made!"


def _or(instead: str, output: pulumi.Output[Any]) -> pulumi.Output[Any]:
    """In an update every output is known, but those of what was not made."""
    if pulumi.runtime.is_dry_run():
        return output
    return output.apply(lambda value: instead if isinstance(value, Unknown) else value, run_with_unknowns=True)


#: What routes of one run share, by the root resource of the run: a process may run several programs.
_runs: weakref.WeakKeyDictionary[pulumi.Resource, dict[str, tuple[Any, Any]]] = weakref.WeakKeyDictionary()


def _shared(needed: Resource, made: _Resources) -> Any:
    """One resource for the whole stack, named by the carrier; all that use it must want the same of it."""
    root = pulumi.runtime.get_root_resource()
    run = _runs.setdefault(root, {}) if root else {}
    if needed.name not in run:
        run[needed.name] = needed.inputs, _made(needed, made)
    inputs, resource = run[needed.name]
    if inputs != needed.inputs:
        raise pulumi.RunError(f"numbers that share {needed.name} must say the same in their routes")
    return resource


def _modelled(kind: type[ModelT], declared: Mapping[str, Any]) -> ModelT:
    """The model of what was declared, in Python or in the file."""
    try:
        return kind.model_validate(dict(declared))
    except ValidationError as error:
        found = (wording.worded(kind, detail) for detail in spec.details(error))
        raise pulumi.RunError("; ".join(str(spec.Problem(spec.path(place), why)) for place, why in found)) from None


def _complete(key: str, agent: hosted.Agent) -> hosted.Agent:
    """With the text of its file; which numbers it answers is said by the numbers here, which have their resources."""
    if agent.numbers:
        raise pulumi.RunError(f"{key}: numbers is for the stack file; in Python: Number(…, agent=<this Agent>)")
    try:
        return agent.complete(partial(instructions.text, Path(pulumi.get_root_directory() or ".")))
    except ValueError as error:
        raise pulumi.RunError(f"{key}: instructions_file: {error}") from None


def _named(key: str, agent: object) -> object:
    """An agent as the model knows it: its key, or its id at xAI."""
    if isinstance(agent, Agent):
        return agent.key
    if isinstance(agent, str) and not agent.startswith(ID_PREFIX):
        raise pulumi.RunError(f"{key}: agent: must be an Agent, or the id of one that exists ({ID_PREFIX}…)")
    return agent


def _route(key: str, given: CarrierRoute | Mapping[str, Any] | None) -> CarrierRoute | None:
    """A route as the model knows it; a mapping names its carrier, which any distribution may bring."""
    if given is None or isinstance(given, CarrierRoute):
        return given
    name, known = given.get("carrier"), registry.carriers()
    if name not in known:
        raise pulumi.RunError(f"{key}: route: {registry.no_carrier(name)}")
    return _modelled(known[name].route, given)


def _needed(key: str, number: model.Number) -> tuple[Resource, ...]:
    try:
        return graph.of_number(key, number, pulumi.get_project(), pulumi.get_stack())
    except ValueError as error:
        raise pulumi.RunError(f"{key}: {spec.sentence(error)}") from None


def config_secret(name: str) -> pulumi.Output[str]:
    """A Pulumi config secret; the error for a missing one prints the line that sets it."""
    return pulumi.Output.secret(_config_value(name))


def _config_value(name: str) -> str:
    space, _, key = name.rpartition(":")
    value: Any = pulumi.runtime.get_config(pulumi.Config(space or None).full_key(key))
    if value is None:
        raise pulumi.RunError(f"the config secret {name} is not set; next: {secret_values.set_by(name)}")
    secrecy.register(value)
    return str(value)


def unusable_secrets(needed: Iterable[Resource]) -> list[str]:
    """Config secrets that are not set, or not what they are used for: a line each."""
    resources, lines = list(needed), list[str]()
    values: dict[str, str] = {}
    for name in sorted(graph.secrets(resources)):
        try:
            values[name] = _config_value(name)
        except pulumi.RunError as error:
            lines.append(str(error))
    return lines + secret_values.unusable(resources, values)
