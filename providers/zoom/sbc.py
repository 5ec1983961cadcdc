"""A number's part of the SBC: Zoom sends the call to the customer's SBC, and the SBC calls xAI.

The leg towards xAI is a bundle of files, written by whichever installed carrier writes bundles; people apply it. The leg from
Zoom is the SIP group's, and there already.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar, cast

from pydantic import ConfigDict, Field, ValidationError, model_validator

from providers.kernel import by_hand, registry
from providers.kernel.by_hand import ByHand, ByHandSpec
from providers.kernel.call_handling import CallHandling
from providers.kernel.errors import InputError
from providers.kernel.files import Files, Within
from providers.kernel.route import CarrierRoute, Leg
from providers.kernel.spec import Spec, StrictModel, problems
from providers.kernel.values import has_unknown
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


class SbcSpec(ByHandSpec):
    """Everything the files depend on."""

    sbc: dict[str, Any] = Field(default_factory=dict[str, Any], description="Keys of the route that writes the files.")

    @model_validator(mode="after")
    def _can_be_written(self) -> SbcSpec:
        if not has_unknown(dict(self)):
            given = Options.model_validate(self.sbc)
            plain = bundle(given).model_dump(mode="json", exclude={"carrier"}, exclude_defaults=True)
            object.__setattr__(self, "sbc", {_PLATFORM: given.platform, **plain})
            files(dict(self))
        return self


class Sbc(ByHand[Api, SbcSpec]):
    """The files for the SBC of a number. Calls: none; it lives in the state, somebody applies the files.

    Changes in place: everything but the number. Delete: forgets it, and warns that the SBC goes on as it was configured.
    """

    kind = "Sbc"
    spec: ClassVar[type[Spec]] = SbcSpec

    def files(self, inputs: Mapping[str, Any]) -> Files:
        """The bundle of the SBC's platform."""
        return files(inputs)

    def place(self, inputs: Mapping[str, Any]) -> str:
        """What Zoom calls it."""
        return "SBC"

    def call_handling(self, inputs: Mapping[str, Any]) -> CallHandling:
        """What the SBC does with a call of the number's routing rule once the files are applied."""
        options = cast(dict[str, Any], inputs.get("sbc") or {})
        return CallHandling(
            known_as=str(inputs.get("phone_number") or ""), srtp=options.get("srtp") != "off", sources=(),
            destinations=by_hand.destinations(inputs), by_hand=dict(inputs.get("content") or {}),
            codecs=tuple(map(str, options.get("codecs") or ("PCMU", "PCMA", "G722"))),
        )  # fmt: skip


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


def written_for(options: Options, leg: Leg) -> Files | None:
    """The files for a leg that users of Zoom dial: their spelling of the number is Zoom's."""
    writes = bundle(options)
    return writes.files(replace(leg, within=Within(frozenset(type(writes).model_fields))))


def files(inputs: Mapping[str, Any]) -> Files:
    """The files of one number. Raises ValueError."""
    if written := written_for(Options.model_validate(inputs.get("sbc") or {}), by_hand.leg(inputs)):
        return written
    raise InputError("nothing that is installed here writes the files of an SBC", step="install all of xai-telephony")
