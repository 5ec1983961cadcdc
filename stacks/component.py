"""The Pulumi component that one number is: its registration at xAI and its carrier's objects, under its E.164.

And the hosted agent that numbers are answered by: one resource, under its key.
"""

from __future__ import annotations

import weakref
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar, cast

import pulumi
from pydantic import BaseModel, ValidationError

from providers.kernel import engine, spec
from providers.kernel.route import Ref, RouteObject
from stacks import agent as hosted
from stacks import model
from stacks.agent import ID_PREFIX
from stacks.model import SecretRef
from stacks.network import DIGITS, Made, Wiring, wiring

#: Part of every user's state: never changes.
TYPE = "xtel:network:Number"
ModelT = TypeVar("ModelT", bound=BaseModel)


class Agent:
    """A hosted agent of xAI; takes what an entry of ``agents`` in the stack file takes, but ``numbers``.

    ``Number(…, agent=Agent("sales", …))`` makes it answer a number. Attributes: ``resource`` (the Pulumi resource, named by
    the key), ``agent_id``, ``blocked`` (why a preview refuses it).
    """

    def __init__(self, key: str, opts: pulumi.ResourceOptions | None = None, **declared: Any) -> None:
        agent = _complete(key, _modelled(hosted.Agent, declared))
        aliases = [pulumi.Alias(name=old) for old in agent.was]
        own = pulumi.ResourceOptions(aliases=aliases, protect=agent.protect or None)
        inputs = cast(dict[str, Any], _values(agent.inputs(key), None))
        make: Any = engine.resource("xai", "Agent")
        self.key, self.resource = key, make(key, pulumi.ResourceOptions.merge(own, opts), **inputs)
        #: The id, not the output of that name: a preview of a change knows it, so that its numbers do not seem to change.
        self.agent_id = cast(pulumi.Output[str], self.resource.id)
        self.blocked = cast(pulumi.Output[str], self.resource.blocked)


class Number(pulumi.ComponentResource):
    """A number of a voice agent with all its wiring; takes what an entry of the stack file takes.

    ``key`` is the label under which outputs are exported; the resources are named by the number. ``agent`` may be an
    :class:`Agent`, or the id of one that exists. Outputs: ``number_id``,
    ``number`` (E.164), ``signing_secret`` (secret), ``target`` (SIP URI), ``blocked`` (why a preview refuses its parts).
    """

    def __init__(self, key: str, opts: pulumi.ResourceOptions | None = None, **declared: Any) -> None:
        wired = _wired(key, _modelled(model.Number, {**declared, "agent": _named(key, declared.get("agent"))}))
        aliases = [pulumi.Alias(name=old) for old in wired.number.was]
        own = pulumi.ResourceOptions(aliases=aliases, protect=wired.number.protect or None)
        super().__init__(TYPE, wired.name, None, pulumi.ResourceOptions.merge(own, opts))
        self.key, self.carrier = key, wired.carrier
        password = self._password(wired)
        bought = self._purchase(wired)
        self._e164: Any = bought["choice"].e164 if "choice" in bought else wired.number.number
        self.target = cast(str | pulumi.Output[str], _values(str(wired.target), password, self._e164))
        inputs = cast(dict[str, Any], _values(wired.xai, password, self._e164))
        if isinstance(agent := declared.get("agent"), Agent):
            inputs["agent_id"] = agent.agent_id
        options = self._options(wired, list(bought.values()))
        self.phone_number: Any = engine.resource("xai", "PhoneNumber")(wired.name, options, **inputs)
        self.number_id = cast(pulumi.Output[str], self.phone_number.id)
        self.number = cast(str | pulumi.Output[str], self._e164 or self.phone_number.e164)
        self.signing_secret = pulumi.Output.secret(self.phone_number.signing_secret)
        self.has_secret = wired.number.webhook is not None
        made = [*bought.values(), self.phone_number, *self._wire(wired, password).values()]
        self.blocked = cast(pulumi.Output[list[str]], pulumi.Output.all(*(resource.blocked for resource in made)))
        self.register_outputs({})

    def _options(self, wired: Wiring, depends_on: list[pulumi.Resource] | None = None) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self, depends_on=depends_on or None, protect=wired.number.protect or None)

    def _password(self, wired: Wiring) -> pulumi.Output[str] | None:
        if not wired.password_made:
            return None
        made: Any = engine.resource("xai", "Password")(f"{wired.name}/password", self._options(wired))
        return pulumi.Output.secret(made.value)

    def _purchase(self, wired: Wiring) -> dict[str, Any]:
        """What makes the number ours, first of all."""
        made: dict[str, Any] = {}
        for piece in wired.purchase:
            made[piece.name] = _made(wired.carrier, piece, wired.name, self._options(wired), made)
        return made

    def _wire(self, wired: Wiring, password: pulumi.Output[str] | None) -> dict[str, Any]:
        """The carrier's objects; what takes calls comes last, when the number can answer them."""
        made: dict[str, Any] = {}
        for piece in wired.pieces:
            if piece.shared:
                made[piece.name] = _shared(wired.carrier, piece, made)
                continue
            waits = [made[name] for name in piece.after] + ([self.phone_number] if piece.last else [])
            filled = replace(piece, inputs=_values(piece.inputs, password, self._e164))
            made[piece.name] = _made(wired.carrier, filled, wired.name, self._options(wired, waits), made)
        return made


def _values(value: Any, password: pulumi.Output[str] | None, number: Any = None) -> Any:
    """Inputs with what only the engine has: a made password, config secrets, the digits of a bought number."""
    if isinstance(value, Made):
        return password
    if isinstance(value, SecretRef):
        return config_secret(value.secret)
    if isinstance(value, str) and DIGITS in value:
        return cast(pulumi.Output[str], number).apply(partial(_filled, value))
    if isinstance(value, Mapping):
        return {name: _values(item, password, number) for name, item in cast(Mapping[str, Any], value).items()}
    if isinstance(value, list | tuple):
        return [_values(item, password, number) for item in cast(list[Any], value)]
    return value


def _filled(text: str, e164: str) -> str:
    """A text of the wiring with the digits of the number that was bought."""
    return text.replace(DIGITS, e164.lstrip("+"))


#: What routes of one run share, by the root resource of the run: a process may run several programs.
_runs: weakref.WeakKeyDictionary[pulumi.Resource, dict[str, tuple[Any, Any]]] = weakref.WeakKeyDictionary()


def _shared(carrier_name: str, piece: RouteObject, made: Mapping[str, Any]) -> Any:
    """One resource for the whole stack, named by the carrier; all that use it must want the same of it."""
    root = pulumi.runtime.get_root_resource()
    run = _runs.setdefault(root, {}) if root else {}
    name = f"{carrier_name}/{piece.name}"
    if name not in run:
        waits = [made[other] for other in piece.after]
        run[name] = (
            piece.inputs,
            _made(carrier_name, piece, carrier_name, pulumi.ResourceOptions(depends_on=waits or None), made),
        )
    inputs, resource = run[name]
    if inputs != piece.inputs:
        raise pulumi.RunError(f"numbers that share {name} must say the same in their routes")
    return resource


def _made(
    carrier_name: str, piece: RouteObject, name: str, options: pulumi.ResourceOptions, made: Mapping[str, Any]
) -> Any:
    inputs = {field: _referred(value, made) for field, value in piece.inputs.items()}
    return engine.resource(carrier_name, piece.kind)(f"{name}/{piece.name}", options, **inputs)


def _referred(value: Any, made: Mapping[str, Any]) -> Any:
    return getattr(made[value.part], value.output) if isinstance(value, Ref) else value


def _modelled(kind: type[ModelT], declared: Mapping[str, Any]) -> ModelT:
    """The model of what was declared, in Python or in the file."""
    try:
        return kind.model_validate(dict(declared))
    except ValidationError as error:
        raise pulumi.RunError("; ".join(str(problem) for problem in spec.problems(error))) from None


def _complete(key: str, agent: hosted.Agent) -> hosted.Agent:
    """With the text of its file; which numbers it answers is said by the numbers here, which have their resources."""
    if agent.numbers:
        raise pulumi.RunError(f"{key}: numbers is for the stack file; in Python: Number(…, agent=<this Agent>)")
    try:
        return agent.complete(Path(pulumi.get_root_directory() or "."))
    except ValueError as error:
        raise pulumi.RunError(f"{key}: instructions_file: {error}") from None


def _named(key: str, agent: object) -> object:
    """An agent as the model knows it: its key, or its id at xAI."""
    if isinstance(agent, Agent):
        return agent.key
    if isinstance(agent, str) and not agent.startswith(ID_PREFIX):
        raise pulumi.RunError(f"{key}: agent: must be an Agent, or the id of one that exists ({ID_PREFIX}…)")
    return agent


def _wired(key: str, number: model.Number) -> Wiring:
    try:
        return wiring(key, number)
    except ValueError as error:
        raise pulumi.RunError(f"{key}: {error}") from None


def config_secret(name: str) -> pulumi.Output[str]:
    """A Pulumi config secret; the error for a missing one prints the line that sets it."""
    space, _, key = name.rpartition(":")
    value = pulumi.Config(space or None).get_secret(key)
    if value is None:
        raise pulumi.RunError(f"the config secret {name} is not set; next: pulumi config set --secret {name}")
    return value
