"""A number's part of the SBC: Zoom sends the call to the customer's SBC, and the SBC calls xAI.

The leg towards xAI is a bundle of files, written by whichever installed carrier writes bundles; people apply it. The leg from
Zoom is the SIP group's, and there already.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, cast

from pydantic import ConfigDict, Field, ValidationError, model_validator

from providers.kernel import operation, registry
from providers.kernel.call_handling import CallHandling, Destination
from providers.kernel.errors import InputError
from providers.kernel.files import Files
from providers.kernel.object import Live, Object
from providers.kernel.route import CarrierRoute, Fallback, Leg, Login
from providers.kernel.spec import Spec, StrictModel, problems
from providers.kernel.values import E164, SipUri, has_unknown, target
from providers.zoom.api import Api

_PLATFORM = "platform"


class Options(StrictModel):
    """The keys of a route that writes bundles: what they are is its to say."""

    model_config = ConfigDict(extra="allow")

    platform: str = Field(default="other", description="What the SBC is, such as cube; other: a checklist.")

    @model_validator(mode="after")
    def _are_its_keys(self) -> Options:
        bundle(self)
        return self


class SbcSpec(Spec):
    """Everything the files depend on. The password is not among it."""

    phone_number: E164 = Field(description="The number whose calls Zoom sends to the SBC.")
    target: SipUri = Field(description="Where the SBC sends them.")
    fallback: tuple[SipUri, ...] = Field((), max_length=9, description="Who rings when xAI does not answer, in order.")
    username: str = Field(
        "", pattern=r"^[\w.+-]{0,64}$", description="Digest username; none: the SBC is on an allowlist."
    )
    sbc: dict[str, Any] = Field(default_factory=dict[str, Any], description="Keys of the route that writes the files.")
    content: dict[str, str] = Field(
        default_factory=dict[str, str], description="SHA-256 of each file; computed, whatever is given."
    )

    @model_validator(mode="after")
    def _can_be_written(self) -> SbcSpec:
        if not has_unknown(dict(self)):
            given = Options.model_validate(self.sbc)
            plain = bundle(given).model_dump(mode="json", exclude={"carrier"}, exclude_defaults=True)
            object.__setattr__(self, "sbc", {_PLATFORM: given.platform, **plain})
            files(dict(self))
        return self


class Sbc(Object[Api, SbcSpec]):
    """The files for the SBC of a number. Calls: none; it lives in the state, somebody applies the files.

    Changes in place: everything but the number. Delete: forgets it, and warns that the SBC goes on as it was configured.
    """

    kind = "Sbc"
    spec: ClassVar[type[Spec]] = SbcSpec
    state_only = True
    replaces = frozenset({"phone_number"})
    outputs = ("sha256",)

    def resolve(self, new: dict[str, Any], old: Mapping[str, Any]) -> dict[str, Any]:
        """The hash of every file, so that a template of a new release shows as a change."""
        if has_unknown(new):
            return {name: value for name, value in new.items() if name != "content"}
        return {**new, "content": files(new).content}

    def call_handling(self, inputs: Mapping[str, Any]) -> CallHandling:
        """What the SBC does with a call of the number's routing rule once the files are applied."""
        uris = [str(uri) for uri in (inputs.get("target"), *(inputs.get("fallback") or ())) if uri]
        login = str(inputs.get("username") or "")
        options = cast(dict[str, Any], inputs.get("sbc") or {})
        return CallHandling(
            known_as=str(inputs.get("phone_number") or ""), srtp=options.get("srtp") != "off", sources=(),
            destinations=tuple(Destination(uri, rank, "" if rank else login) for rank, uri in enumerate(uris)),
            by_hand=dict(inputs.get("content") or {}),
            codecs=tuple(map(str, options.get("codecs") or ("PCMU", "PCMA", "G722"))),
        )  # fmt: skip

    def find(self, api: Api, spec: SbcSpec, *, fresh: bool) -> Live | None:
        """Nobody can be asked."""
        return None

    def read(self, api: Api, id: str, state: Mapping[str, Any], *, fresh: bool) -> Live | None:
        """As the state has it."""
        return Live(id, {})

    def create(self, api: Api, spec: SbcSpec) -> Live:
        """Nothing is sent anywhere: a person applies the files."""
        return _rendered(spec, {})

    def update(self, api: Api, id: str, spec: SbcSpec, state: Mapping[str, Any]) -> Live:
        """Rendering again; the warning names the files that changed."""
        return _rendered(spec, state.get("content") or {})

    def delete(self, api: Api, id: str, state: Mapping[str, Any]) -> None:
        """The SBC does not know."""
        operation.current().warn(
            f"the SBC still sends the calls of {id} to {state.get('target', 'xAI')}: remove its files there"
        )


def bundle(options: Options) -> CarrierRoute:
    """The route that writes the SBC's files, whoever's it is here. Raises ValueError for keys that it does not have."""
    for carrier in registry.carriers().values():
        if _PLATFORM in carrier.route.model_fields:
            try:
                return carrier.route.model_validate({"carrier": carrier.name, **options.model_dump()})
            except ValidationError as error:
                found = problems(error)[0]
                raise ValueError(f"{found.path}: {found.reason}" if found.path else found.reason) from None
    raise InputError("nothing that is installed here writes the files of an SBC", step="install all of xai-telephony")


def files(inputs: Mapping[str, Any]) -> Files:
    """The files of one number. Raises ValueError."""
    leg = Leg(
        str(inputs["phone_number"]),
        target(str(inputs["target"])),
        tuple(Fallback(uri=uri, weight=10) for uri in inputs.get("fallback") or ()),
        login=Login(str(inputs["username"]), None) if inputs.get("username") else None,
    )
    if written := bundle(Options.model_validate(inputs.get("sbc") or {})).files(leg):
        return written
    raise InputError("nothing that is installed here writes the files of an SBC", step="install all of xai-telephony")


def _rendered(spec: SbcSpec, before: Mapping[str, str]) -> Live:
    made = files(spec.canonical())
    names = sorted(name for name in made.content.keys() | before.keys() if made.content.get(name) != before.get(name))
    if names:
        parts = spec.marker.split("/")
        stack = parts[2] if len(parts) == 4 and parts[0] == "xtel" else "STACK"
        command = f"xtel render {stack} --number {spec.phone_number}"
        operation.current().warn(f"someone must apply these files to the SBC ({', '.join(names)}): {command}")
    return Live(spec.phone_number, {}, {"sha256": made.sha256})
