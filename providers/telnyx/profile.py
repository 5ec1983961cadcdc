"""The outbound voice profile that transfers need."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar

from pydantic import Field, field_validator

from providers.kernel.object import NAMED, Live, Object
from providers.kernel.spec import Spec
from providers.telnyx.api import Api, listed


class ProfileSpec(Spec):
    """Which calls may leave over Telnyx."""

    countries: tuple[Annotated[str, Field(pattern=r"^[A-Z]{2}$")], ...] = Field(
        ("CA", "US"),
        min_length=1,
        description="Countries that may be called (ISO 3166-1 alpha-2): where transfers may go.",
    )

    enabled: bool = Field(True, description="Whether calls may leave at all.")

    @field_validator("countries", mode="after")
    @classmethod
    def _sorted(cls, value: Any) -> Any:
        return tuple(sorted(set(value)))


class Profile(Object[Api, ProfileSpec]):
    """The outbound voice profile of one number: a transferred call is a call out. Calls: /v2/outbound_voice_profiles."""

    kind = "Profile"
    spec: ClassVar[type[Spec]] = ProfileSpec
    outputs = ("profile_id", NAMED)

    def find(self, api: Api, spec: ProfileSpec, *, fresh: bool) -> Live | None:
        """By name, which is the marker."""
        found = listed(lambda: api.client.outbound_voice_profiles.list(page_size=250))
        return next((_profile(item) for item in found if item.name == spec.marker), None)

    def read(self, api: Api, id: str, state: Mapping[str, Any], *, fresh: bool) -> Live | None:
        """GET /v2/outbound_voice_profiles/{id}."""
        return _profile(api.client.outbound_voice_profiles.retrieve(id).data)

    def create(self, api: Api, spec: ProfileSpec) -> Live:
        """POST /v2/outbound_voice_profiles."""
        made = api.client.outbound_voice_profiles.create(
            name=spec.marker, whitelisted_destinations=list(spec.countries), enabled=spec.enabled
        )
        return _profile(made.data)

    def update(self, api: Api, id: str, spec: ProfileSpec, state: Mapping[str, Any]) -> Live:
        """PATCH /v2/outbound_voice_profiles/{id}; the name is required again."""
        profiles = api.client.outbound_voice_profiles
        countries = list(spec.countries)
        made = profiles.update(id, name=spec.marker, whitelisted_destinations=countries, enabled=spec.enabled)
        return _profile(made.data)

    def carries(self, api: Api, id: str, state: Mapping[str, Any]) -> Iterator[str]:
        """Calls out over connections: ours has let go of it by now."""
        connections = listed(lambda: api.client.connections.list(filter={"outbound_voice_profile_id": id}))
        yield from (f"calls out over connection {found.connection_name}" for found in connections)

    def rename(self, api: Api, id: str, name: str, state: Mapping[str, Any]) -> None:
        """PATCH /v2/outbound_voice_profiles/{id} with its name alone."""
        api.client.outbound_voice_profiles.update(id, name=name)

    def delete(self, api: Api, id: str, state: Mapping[str, Any]) -> None:
        """DELETE /v2/outbound_voice_profiles/{id}."""
        api.client.outbound_voice_profiles.delete(id)


def _profile(found: Any) -> Live:
    inputs: dict[str, Any] = {"marker": found.name, "countries": sorted(found.whitelisted_destinations or ())}
    inputs["enabled"] = found.enabled is not False
    return Live(str(found.id), inputs, {"profile_id": str(found.id)}, holder=f"outbound voice profile {found.id}")
