"""The face towards the Pulumi engine: one provider class for every object of every vendor, and its resource classes.

The path and name of :class:`Provider`, and the form of its pickle, are part of every user's state: they never change
(``tests/test_engine_face.py`` holds the exact strings).
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from functools import cache, partial
from typing import Any, cast

import pulumi
from pulumi.dynamic import (
    CheckFailure,
    CheckResult,
    ConfigureRequest,
    CreateResult,
    DiffResult,
    ReadResult,
    Resource,
    ResourceProvider,
    UpdateResult,
)
from pulumi.output import Unknown as EngineUnknown

from providers.kernel import gate, operation, preflight, process, reconciler, registry, spec, workarounds
from providers.kernel.session import Session
from providers.kernel.values import UNKNOWN, Unknown

#: Inputs that only steer a run; ``check`` takes them out: that it is a preview, what is made after this for the number.
_DRY_RUN, _AHEAD = "dry_run", "ahead"
#: Output-only: why a preview refuses this resource; empty in every state.
BLOCKED = "blocked"
#: What marks a value as a secret wherever the engine reads or writes JSON; part of Pulumi's public formats.
_SECRET = {"4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270"}
_sessions: dict[str, Session] = {}
#: URN to refusal: for a replacement the engine checks a second time, without the old inputs that show what was refused.
_refused: dict[str, str] = {}
#: What was said of a vendor and of no object (a bad key, no way to it), and the URN of what said it: no other says it again.
_said: dict[str, str] = {}
#: URN to what is asked before this is made for the first time; one that is replaced is past that.
_ahead: dict[str, str] = {}


class Provider(ResourceProvider):
    """What Pulumi keeps in the state as ``__provider``: a reference to this class and a token such as ``acme:Trunk``."""

    serialize_as_secret_always = False

    def __init__(self, token: str) -> None:
        super().__init__()
        self._token = token
        self._reconciler: reconciler.Reconciler | None = None

    def __reduce__(self) -> tuple[type[Provider], tuple[str]]:
        return (Provider, (self._token,))

    def configure(self, req: ConfigureRequest) -> None:
        """Called once per kind and process, with the stack's configuration in the clear."""
        process.set_up()
        registry.register_credentials(os.environ)
        vendor_name, _, kind = self._token.partition(":")
        vendor = registry.vendor(vendor_name)
        self._config = req.config.get
        self._reconciler = reconciler.Reconciler(vendor.object(kind), self._session(vendor_name))

    def _session(self, vendor: str) -> Session:
        """The connection to a vendor, one for the whole process."""
        return _sessions.setdefault(vendor, Session(registry.vendor(vendor), self._config))

    @property
    def reconciler(self) -> reconciler.Reconciler:
        """The life cycle behind this provider."""
        assert self._reconciler is not None, "configure comes first"
        return self._reconciler

    def check(self, _olds: dict[str, Any], news: dict[str, Any]) -> CheckResult:
        """Validate and spell; a preview shows a refusal and goes on, so that every refusal is seen at once."""
        old, new = _ours(_olds), _ours(news)
        dry_run, ahead = bool(new.pop(_DRY_RUN, False)), new.pop(_AHEAD, "")
        _ahead.setdefault(workarounds.urn(), "" if old else ahead)
        new.pop(BLOCKED, None)
        with self._doing(new) as doing:
            checked = self.reconciler.check(old, {name: new[name] for name in new if name not in self._outputs})
            if checked.problems:
                return CheckResult(_theirs(new), [CheckFailure("", str(problem)) for problem in checked.problems])
            if checked.refusal and not dry_run:
                return CheckResult(_theirs(new), [CheckFailure("", checked.refusal)])
            refusal = self._previewed(old, checked, doing) if dry_run else ""
            return CheckResult(_theirs({**checked.inputs, BLOCKED: refusal}), [])

    def _previewed(self, old: Mapping[str, Any], checked: reconciler.Checked, doing: operation.Operation) -> str:
        """Say on the resource what stands in its way, or what will be taken over; answers the refusal."""
        urn = workarounds.urn()
        refusal, notice = checked.refusal or _refused.get(urn, ""), ""
        if not refusal and urn not in _refused and not offline():
            if not old:
                refusal, notice = self.reconciler.look(checked.inputs)
            elif self.reconciler.diff(old, checked.inputs).changed:
                refusal, notice = self.reconciler.reach()
        for message in (refusal, notice):
            of_all = message in self.reconciler.session.of_all
            if message and urn not in _refused and not (of_all and _said.setdefault(message, urn) != urn):
                doing.warn(message)
        _refused[urn] = refusal
        return refusal

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        """``None`` for changes makes the engine compare inputs itself and show what changed (never ``True``)."""
        new = _ours(_news)
        blocked = new.pop(BLOCKED, "")
        with self._doing(new):
            difference = self.reconciler.diff(_ours(_olds), new)
            operation.decided(str(difference))
        if not difference.changed and not blocked:
            return DiffResult(changes=False)
        return DiffResult(changes=None, replaces=list(difference.replaces), delete_before_replace=True)

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Make it, or take it over."""
        inputs = _ours(props)
        with self._doing(inputs):
            preflight.require(_ahead.get(workarounds.urn(), ""), self._session)
            id, state = self.reconciler.create(_declared(inputs))
        return CreateResult(id, _theirs({**state, BLOCKED: ""}))

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        """What it is now, inputs included: without them drift is invisible."""
        state = _ours(props)
        with self._doing(state) as doing:
            seen = self.reconciler.read(id_, state)
            if os.environ.get(operation.LIST_UNMANAGED) == "1":
                self._warn_of_others(doing, id_, state, there=seen is not None)
        if seen is None:
            return ReadResult(None, {})
        # A secret that stood elsewhere in the state is none yet in the engine's eyes: each is marked.
        state, inputs = (spec.sealed(self.reconciler.object.spec, values, _marked) for values in seen)
        return ReadResult(id_, _theirs({**state, BLOCKED: ""}), _theirs({**inputs, BLOCKED: ""}))

    def _warn_of_others(self, doing: operation.Operation, id: str, state: Mapping[str, Any], *, there: bool) -> None:
        object = self.reconciler.object
        for found in self.reconciler.session.listed(object.unmanaged, id, state) if there else ():
            doing.warn(f"{operation.UNMANAGED} {found}")
        if found := self.reconciler.session.ask(object.instead, state):
            doing.warn(f"{operation.INSTEAD} {found}")

    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> UpdateResult:
        """Change it in place."""
        old, inputs = _ours(_olds), _ours(_news)
        with self._doing(inputs):
            state = self.reconciler.update(_id, old, _declared(inputs))
        return UpdateResult(_theirs({**state, BLOCKED: ""}))

    def delete(self, _id: str, _props: dict[str, Any]) -> None:
        """Delete or detach."""
        state = _ours(_props)
        with self._doing(state):
            self.reconciler.delete(_id, state)

    @property
    def _outputs(self) -> tuple[str, ...]:
        fields = self.reconciler.object.spec.model_fields
        return tuple(name for name in self.reconciler.object.outputs if name not in fields)

    def _doing(self, inputs: Mapping[str, Any]) -> Any:
        urn = workarounds.urn()
        vendor, _, kind = self._token.partition(":")
        says = {name: partial(getattr(process, name), urn) for name in ("progress", "warn", "inform")}
        return operation.operating(reconciler.operation_on(vendor, kind, inputs, urn=urn, **says))


def _declared(inputs: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: value for name, value in inputs.items() if name not in {BLOCKED, _DRY_RUN, _AHEAD} and value is not None
    }


def _ours(values: Mapping[str, Any]) -> dict[str, Any]:
    """Engine values without Pulumi's own keys, "not known yet" as ours."""
    return {key: _swap(value, EngineUnknown, UNKNOWN) for key, value in values.items() if not key.startswith("__")}


def _theirs(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: _swap(value, Unknown, EngineUnknown()) for key, value in values.items()}


def _swap(value: Any, kind: type, other: Any) -> Any:
    if isinstance(value, kind):
        return other
    if isinstance(value, Mapping):
        return {key: _swap(item, kind, other) for key, item in cast(Mapping[str, Any], value).items()}
    if isinstance(value, list | tuple):
        return [_swap(item, kind, other) for item in cast(list[Any], value)]
    return value


@cache
def resource(vendor_name: str, kind: str) -> Callable[..., Any]:
    """The Pulumi resource class of an object, such as ``acme:Trunk``, derived from its declaration.

    Its arguments are the fields of the object's spec; outputs are attributes. What is made after it for the same number
    comes as the third argument, by :func:`providers.kernel.preflight.written`.
    """
    declared = registry.vendor(vendor_name).object(kind)
    outputs = dict.fromkeys(name for name in declared.outputs if name not in declared.spec.model_fields)

    def construct(
        self: Any, name: str, opts: pulumi.ResourceOptions | None = None, ahead: str = "", /, **props: Any
    ) -> None:
        if unknown := props.keys() - declared.spec.model_fields.keys():
            known = ", ".join(sorted(declared.spec.model_fields))
            raise TypeError(f"{vendor_name}:{kind} has no argument {', '.join(sorted(unknown))}; it has {known}")
        given = {field: value for field, value in props.items() if value is not None}  # each costs the SDK some futures
        options = pulumi.ResourceOptions(
            additional_secret_outputs=list(declared.secrets),
            hide_diffs=["__provider", BLOCKED],
            delete_before_replace=True,  # also for a replacement that is asked for by name (`xtel rotate`)
        )
        stop_if_plan_is_stale()
        steering = {_DRY_RUN: True} if pulumi.runtime.is_dry_run() else {_AHEAD: ahead} if ahead else {}
        inputs = {**outputs, "account": None, **given, **steering, BLOCKED: ""}
        Resource.__init__(
            self, Provider(f"{vendor_name}:{kind}"), name, inputs, pulumi.ResourceOptions.merge(options, opts)
        )

    body: dict[str, Any] = {"__init__": construct, "__module__": __name__, "__doc__": declared.__doc__}
    make = cast(Callable[..., type[Resource]], type)
    return make(kind, (Resource,), body, module=vendor_name, name=kind)


def stop_if_plan_is_stale() -> None:
    """Before the first resource of an update: end it where `xtel apply` finds that something moved since the plan."""
    if not pulumi.runtime.is_dry_run() and not gate.opened():
        raise pulumi.RunError(gate.SHUT)


def imported(vendor_name: str, kind: str, inputs: Mapping[str, Any], state: Mapping[str, Any]) -> dict[str, Any]:
    """Type, inputs and outputs of an object for ``pulumi import --file``: as a create would have left them.

    Secrets are in the form that the engine encrypts: a plain string would stay readable in the state.
    """
    declared, token = registry.vendor(vendor_name).object(kind), f"{vendor_name}:{kind}"
    own = {"__provider": workarounds.serialized(Provider(token)), BLOCKED: ""}
    kept = spec.sealed(declared.spec, state, _sealed)
    outputs = {name: _sealed(value) if name in declared.secrets else value for name, value in kept.items()}
    return {
        "type": f"pulumi-python:dynamic/{token}",
        "inputs": {**spec.sealed(declared.spec, inputs, _sealed), **own},
        "outputs": {**outputs, **own},
    }


def _sealed(value: Any) -> Any:
    """A secret in the engine's own form, in plain JSON."""
    sealed_already = isinstance(value, dict) and "plaintext" in value
    return cast(Any, value) if sealed_already else {**_SECRET, "plaintext": json.dumps(value)}


def _marked(value: Any) -> Any:
    """A secret among what a read returns."""
    return {**_SECRET, "value": value}


def offline() -> bool:
    """Whether previews must make no look-ups (``XTEL_OFFLINE=1``)."""
    return os.environ.get("XTEL_OFFLINE") == "1"
