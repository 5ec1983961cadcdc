"""The Pulumi component that one number is: its registration at xAI and its carrier's objects, under its E.164."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import pulumi
from pydantic import ValidationError

from providers.kernel import carrier, engine, spec
from stacks import model
from stacks.model import SecretRef
from stacks.network import Made, Wiring, wiring

#: Part of every user's state: never changes.
TYPE = "xtel:network:Number"


class Number(pulumi.ComponentResource):
    """A number of a voice agent with all its wiring; takes what an entry of the stack file takes.

    ``key`` is the label under which outputs are exported; the resources are named by the number. Outputs: ``number_id``,
    ``number`` (E.164), ``signing_secret`` (secret), ``target`` (SIP URI), ``blocked`` (why a preview refuses it).
    """

    def __init__(self, key: str, opts: pulumi.ResourceOptions | None = None, **declared: Any) -> None:
        wired = wiring(key, _number(declared))
        aliases = [pulumi.Alias(name=old) for old in wired.number.was]
        own = pulumi.ResourceOptions(aliases=aliases, protect=wired.number.protect or None)
        super().__init__(TYPE, wired.name, None, pulumi.ResourceOptions.merge(own, opts))
        self.key, self.carrier, self.target = key, wired.carrier, str(wired.target)
        inputs = cast(dict[str, Any], self._values(wired.xai, self._password(wired)))
        self.phone_number: Any = engine.resource("xai", "PhoneNumber")(wired.name, self._options(wired), **inputs)
        self.number_id = cast(pulumi.Output[str], self.phone_number.id)
        self.number = (
            cast(pulumi.Output[str], self.phone_number.e164) if not wired.number.number else wired.number.number
        )
        self.signing_secret = pulumi.Output.secret(self.phone_number.signing_secret)
        self.has_secret = wired.number.webhook is not None
        self.blocked = cast(pulumi.Output[str], self.phone_number.blocked)
        self._wire(wired)
        self.register_outputs({})

    def _options(self, wired: Wiring, depends_on: list[pulumi.Resource] | None = None) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self, depends_on=depends_on or None, protect=wired.number.protect or None)

    def _password(self, wired: Wiring) -> pulumi.Output[str] | None:
        if not wired.password_made:
            return None
        made: Any = engine.resource("xai", "Password")(f"{wired.name}/password", self._options(wired))
        return pulumi.Output.secret(made.value)

    def _wire(self, wired: Wiring) -> None:
        """The carrier's objects; what takes calls comes last, when the number can answer them."""
        made: dict[str, Any] = {}
        for piece in wired.pieces:
            waits = [made[name] for name in piece.after] + ([self.phone_number] if piece.last else [])
            inputs = {name: _referred(value, made) for name, value in piece.inputs.items()}
            kind = engine.resource(wired.carrier, piece.kind)
            made[piece.name] = kind(f"{wired.name}/{piece.name}", self._options(wired, waits), **inputs)

    def _values(self, value: Any, password: pulumi.Output[str] | None) -> Any:
        if isinstance(value, Made):
            return password
        if isinstance(value, SecretRef):
            return config_secret(value.secret)
        if isinstance(value, Mapping):
            return {name: self._values(item, password) for name, item in cast(Mapping[str, Any], value).items()}
        return value


def _referred(value: Any, made: Mapping[str, Any]) -> Any:
    return getattr(made[value.part], value.output) if isinstance(value, carrier.Ref) else value


def _number(declared: Mapping[str, Any]) -> model.Number:
    """The model of what was declared, in Python or in the file."""
    try:
        return model.Number.model_validate(dict(declared))
    except ValidationError as error:
        raise pulumi.RunError("; ".join(str(problem) for problem in spec.problems(error))) from None


def config_secret(name: str) -> pulumi.Output[str]:
    """A Pulumi config secret; the error for a missing one prints the line that sets it."""
    space, _, key = name.rpartition(":")
    value = pulumi.Config(space or None).get_secret(key)
    if value is None:
        raise pulumi.RunError(f"the config secret {name} is not set; next: pulumi config set --secret {name}")
    return value
