"""`xtel rotate`: a new digest password or a new signing secret for one number, through the engine, so that the state is true.
It passes the gate of every live change (:mod:`xtel.operations.gate`).

Both re-register the number at xAI, which has no call to change either. Pulumi replaces the one resource that holds the
secret (the made password, or the registration) and updates what depends on it; nothing else of the stack is touched.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from providers.kernel.errors import InputError
from stacks import document, graph
from stacks.model import Number
from stacks.resource import Resource
from xtel import terminal
from xtel.engine import cli, events, state
from xtel.engine.step import group_of, object_of
from xtel.operations import consent, gate
from xtel.operations.gate import ApplyResult, Order, Planned
from xtel.project import sandbox
from xtel.project.layout import Project

What = Literal["password", "secret"]


@dataclass(frozen=True)
class Applied:
    """One number as it was applied: URNs of its resources by ``vendor:kind``, and which secrets are made for it."""

    stack: str
    key: str
    number: str
    carrier: str
    urns: Mapping[str, str]
    digest: bool
    webhook: bool
    #: The config secret that holds its password, where it is not a made one.
    named: str = ""

    @property
    def has(self) -> tuple[What, ...]:
        """What can be rotated."""
        made: tuple[What, ...] = ("password",) if graph.PASSWORD in self.urns else ()
        return (*made, "secret") if self.webhook else made


@dataclass(frozen=True)
class Rotation:
    """What is going to be renewed, what breaks meanwhile, and what people have to do."""

    applied: Applied
    what: What

    @property
    def warnings(self) -> list[str]:
        """What breaks, and for how long: to be read before it is agreed to."""
        lines = [
            "xAI can only delete and register: new calls to the number fail from the one to the other, which takes "
            "seconds; calls that are up are not known to survive it"
        ]
        if self.what == "password":
            lines.append(_PBX if self.applied.carrier == "sip" else _CARRIER)
        if self.applied.webhook:
            lines.append(_RECEIVER)
        return lines

    @property
    def steps(self) -> list[str]:
        """What people do, in order; xtel's own step among it."""
        stack, number = self.applied.stack, self.applied.number
        lines = [f"xtel rotate {stack} {number} --what {self.what} --yes"]
        if self.applied.webhook:
            lines.insert(0, "let the receiver accept two signing secrets: any that matches is right")
            lines.append(f"give the receiver both at once, the new one and the previous: xtel secrets {stack}")
        if self.what == "password" and self.applied.carrier == "sip":
            lines.append(f"install the new password on the PBX: xtel render {stack} --number {number} --with-secrets")
        if self.applied.webhook:
            lines.append(f"check one call, then forget the previous one: xtel rotate {stack} {number} --forget")
            lines.append(f"take it away from the receiver: xtel secrets {stack}")
        return lines

    def as_json(self, *, done: bool) -> dict[str, Any]:
        """For ``--json``; never a secret."""
        said = {"warnings": self.warnings, "steps": self.steps}
        return {"stack": self.applied.stack, "number": self.applied.number, "what": self.what, "rotated": done, **said}


_CARRIER = "the carrier gets the new password in the same run; a call that it sends between the two changes is refused"
_PBX = "the PBX has the old password until somebody installs the new one: all its calls fail until then"
_RECEIVER = (
    "the signing secret changes too, and xAI shows the new one only afterwards: the receiver cannot verify events, "
    "so it answers no call, until it has the new one"
)


def applied(project: Project, stack: str, named: str) -> Applied:
    """The number, by key or E.164, as the state has it. Raises InputError where there is none."""
    environment = sandbox.reading(project, stack)
    declared = document.read(project.stack_file(stack)).numbers
    key = named if named in declared else next((key for key, item in declared.items() if item.number == named), "")
    name = (declared[key].number or key) if key else named
    held = state.of(stack, project.root, environment).resources
    mine = {item.type: item for item in held if group_of(item.urn) == name}
    if graph.REGISTRATION not in mine:
        keys = ", ".join(declared) or "none"
        raise InputError(f"{stack} has no applied number {named}", step=f"name one by key or number: {keys}")
    return _applied(stack, key, declared.get(key), mine)


def _applied(stack: str, key: str, declared: Number | None, mine: Mapping[str, Resource]) -> Applied:
    registered = mine[graph.REGISTRATION]
    inputs, urns = registered.inputs, {type: item.urn for type, item in mine.items()}
    auth: Mapping[str, Any] = inputs.get("sip_auth") or {}
    carrier = declared.route.delivers if declared and declared.route else ""
    named = graph.password_secret(graph.registration(graph.of_number(key, declared))) if declared else ""
    number = str(registered.outputs.get("e164") or inputs.get("phone_number") or registered.name)
    webhook = bool(inputs.get("webhook")) and inputs.get("origin") != "xai_provisioned"
    return Applied(stack, key, number, carrier, urns, bool(auth.get("auth_username")), webhook, named)


def choose(found: Applied, what: What | None) -> What | None:
    """What to rotate: what was asked for, or the only thing there is; None where both are there and nobody said which.

    Raises InputError for what the number has not, with the way to renew a password of the user's own.
    """
    if what == "password" and "password" not in found.has and found.digest:
        secret = found.named or "NAME"
        raise InputError(
            f"the password of {found.number} is your config secret {secret}, not a made one",
            step=f"pulumi config set --secret {secret}, then {consent.REPLACE}={found.number} pulumi up",
        )
    if (what and what not in found.has) or not found.has:
        missing = {"password": "digest password", "secret": "signing secret of ours"}.get(
            what or "", "secret of either kind"
        )
        raise InputError(f"{found.number} has no {missing}", step=f"xtel routes {found.stack}")
    return what or (found.has[0] if len(found.has) == 1 else None)


def ready(project: Project, found: Applied) -> None:
    """Raise unless nothing else is to be applied to this number: a rotation must be a rotation alone."""
    environment = sandbox.reading(project, found.stack)
    targets = [part for urn in found.urns.values() for part in ("--target", urn)]
    run = events.shown(
        "comparing with the stack file", ["preview", "--stack", found.stack, *targets], project.root, environment
    )
    if run.error:
        raise cli.PulumiUnavailable(f"pulumi preview: {run.error}")
    changed = sorted({object_of(step.urn) for step in run.ended if step.op not in {"same", "read", "refresh"}})
    if changed:
        raise InputError(
            f"{found.number} has changes that are not applied: {', '.join(changed)}; nothing was rotated",
            step="pulumi up, then rotate",
        )


def order(rotation: Rotation) -> Order:
    """The one replacement that renews it, with what depends on it, and consent for this number alone."""
    found = rotation.applied
    urn = found.urns[graph.PASSWORD if rotation.what == "password" else graph.REGISTRATION]
    narrowed = ("--target-replace", urn, "--target-dependents")
    return Order(replace=(found.number,), command="xtel rotate", narrowed=narrowed)


def rotate(project: Project, rotation: Rotation, planned: Planned) -> ApplyResult:
    """Replace what holds the secret, as planned; what went wrong is the result's."""
    found = rotation.applied
    result = gate.carry_out(project, planned, order(rotation))
    again = f"xtel rotate {found.stack} {found.number} --what {rotation.what}"
    step = again if result.outcome == "stale" else f"xtel recover {found.stack} --allow-replace {found.number}"
    return replace(result, step=step) if result.exit else result


def _named(what: What) -> str:
    return "digest password" if what == "password" else "signing secret"


def explain(rotation: Rotation) -> None:
    """What is going to happen, before anybody is asked."""
    terminal.line(f"{rotation.applied.number}: a new {_named(rotation.what)}")
    for warning in rotation.warnings:
        terminal.line(f"  breaks: {warning}")
    for count, step in enumerate(rotation.steps, start=1):
        terminal.line(f"  {count}. {step}")


def show(rotation: Rotation, file: Path) -> None:
    """What was done, and what is left to people."""
    own = next(count for count, step in enumerate(rotation.steps) if step.startswith("xtel rotate"))
    terminal.line(f"ok: {rotation.applied.number} has a new {_named(rotation.what)}, and is else as {file} declares it")
    for step in rotation.steps[own + 1 :]:
        terminal.line(f"next: {step}")
