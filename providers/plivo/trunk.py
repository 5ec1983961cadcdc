"""An inbound trunk and the origination URI it points at."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, model_validator

from providers.kernel import carrier
from providers.kernel.carrier import Live
from providers.kernel.meaning import Meaning, Way
from providers.kernel.spec import Secret, Spec
from providers.kernel.values import SipUri
from providers.plivo.api import Api


class UriSpec(Spec):
    """An origination URI."""

    uri: SipUri = Field(description="SIP URI of the target.")
    role: Literal["", "fallback"] = Field("", description="Told apart from the number's other URI by its name.")
    username: str | None = Field(None, description="Digest username towards the target.")
    password: Annotated[str, Secret()] | None = Field(None, description="Digest password; Plivo never returns it.")

    @model_validator(mode="after")
    def _pair(self) -> UriSpec:
        if (self.username is None) != (self.password is None):
            raise ValueError("a digest needs username and password")
        return self


class Uri(carrier.Object[Api, UriSpec]):
    """Where a trunk's calls go, with the digest for it; its name is the marker.

    Calls: Zentrunk/URI/. Secrets: ``password``. Changes in place: everything. Delete: after the trunk, because Plivo deletes
    the trunks of a deleted URI with it.
    """

    kind = "Uri"
    spec: ClassVar[type[Spec]] = UriSpec
    outputs = ("uri_uuid",)

    def find(self, api: Api, spec: UriSpec, *, fresh: bool) -> Live | None:
        """By name, which is the marker."""
        return next((_uri(found, {}) for found in api.listed("URI") if found.get("name") == _name(spec)), None)

    def read(self, api: Api, id: str, state: Mapping[str, Any], *, fresh: bool) -> Live | None:
        """GET Zentrunk/URI/{id}/."""
        return _uri(api.ask("GET", "Zentrunk", "URI", id), state)

    def means(self, inputs: Mapping[str, Any]) -> Meaning:
        """A fallback's URI is tried second, whatever the order they were made in."""
        return Meaning(ways=(Way(str(inputs.get("uri", "")), 1 if inputs.get("role") == "fallback" else 0),))

    def create(self, api: Api, spec: UriSpec) -> Live:
        """POST Zentrunk/URI/; the answer holds the id alone."""
        id = str(api.ask("POST", "Zentrunk", "URI", **_fields(spec))["uri_uuid"])
        return Live(id, {}, {"uri_uuid": id})

    def update(self, api: Api, id: str, spec: UriSpec, state: Mapping[str, Any]) -> Live:
        """POST Zentrunk/URI/{id}/."""
        api.ask("POST", "Zentrunk", "URI", id, **_fields(spec))
        return Live(id, {}, {"uri_uuid": id})

    def delete(self, api: Api, id: str, state: Mapping[str, Any]) -> None:
        """DELETE Zentrunk/URI/{id}/."""
        api.ask("DELETE", "Zentrunk", "URI", id)


def _name(spec: UriSpec) -> str:
    return f"{spec.marker}/{spec.role}" if spec.role else spec.marker


def _fields(spec: UriSpec) -> dict[str, Any]:
    digest = {"username": spec.username, "password": spec.password} if spec.username else {}
    return {"name": _name(spec), "uri": spec.uri, "authentication_needed": bool(spec.username), **digest}


def _uri(found: Mapping[str, Any], state: Mapping[str, Any]) -> Live:
    id = str(found["uri_uuid"])
    username = found.get("username") if found.get("authentication_needed") else None
    name = str(found.get("name") or "")
    role = "fallback" if name.endswith("/fallback") else ""
    inputs: dict[str, Any] = {
        "marker": name.removesuffix("/fallback"),
        "role": role,
        "uri": found.get("uri"),
        "username": username or None,
    }
    if not username:
        inputs["password"] = None
    return Live(id, inputs, {"uri_uuid": id}, holder=f"URI {id}")


class TrunkSpec(Spec):
    """An inbound trunk."""

    primary: str = Field(description="URI that gets the calls.")
    fallback: str | None = Field(None, description="URI that gets them when the first does not answer.")
    secure: bool = Field(False, description="SRTP for the media (billed per minute).")


class Trunk(carrier.Object[Api, TrunkSpec]):
    """The inbound trunk of one number; its name is the marker, which Plivo keeps unique.

    Calls: Zentrunk/Trunk/. Changes in place: everything (an update must name the direction again).
    """

    kind = "Trunk"
    spec: ClassVar[type[Spec]] = TrunkSpec
    references = frozenset({"primary", "fallback"})
    outputs = ("trunk_id", "trunk_domain")

    def find(self, api: Api, spec: TrunkSpec, *, fresh: bool) -> Live | None:
        """By name, which is the marker."""
        return next((_trunk(found) for found in api.listed("Trunk") if found.get("name") == spec.marker), None)

    def read(self, api: Api, id: str, state: Mapping[str, Any], *, fresh: bool) -> Live | None:
        """GET Zentrunk/Trunk/{id}/."""
        return _trunk(api.ask("GET", "Zentrunk", "Trunk", id))

    def create(self, api: Api, spec: TrunkSpec) -> Live:
        """POST Zentrunk/Trunk/; the answer holds the id alone, so the trunk is read for its domain."""
        id = str(api.ask("POST", "Zentrunk", "Trunk", **_settings(spec))["trunk_id"])
        return _trunk(api.ask("GET", "Zentrunk", "Trunk", id))

    def update(self, api: Api, id: str, spec: TrunkSpec, state: Mapping[str, Any]) -> Live:
        """POST Zentrunk/Trunk/{id}/."""
        api.ask("POST", "Zentrunk", "Trunk", id, **_settings(spec))
        return _trunk(api.ask("GET", "Zentrunk", "Trunk", id))

    def delete(self, api: Api, id: str, state: Mapping[str, Any]) -> None:
        """DELETE Zentrunk/Trunk/{id}/."""
        api.ask("DELETE", "Zentrunk", "Trunk", id)


def _settings(spec: TrunkSpec) -> dict[str, Any]:
    fallback = {"fallback_uri_uuid": spec.fallback} if spec.fallback else {}
    return {
        "name": spec.marker,
        "trunk_direction": "inbound",
        "trunk_status": "enabled",
        "secure": spec.secure,
        "primary_uri_uuid": spec.primary,
        **fallback,
    }


def _trunk(found: Mapping[str, Any]) -> Live:
    id = str(found["trunk_id"])
    inputs = {
        "marker": found.get("name"),
        "primary": found.get("primary_uri_uuid"),
        "fallback": found.get("fallback_uri_uuid") or None,
        "secure": bool(found.get("secure")),
    }
    outputs = {"trunk_id": id, "trunk_domain": found.get("trunk_domain") or ""}
    return Live(id, inputs, outputs, holder=f"trunk {id}")
