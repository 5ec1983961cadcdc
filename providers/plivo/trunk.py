"""An inbound trunk and the URIs its calls go to."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, Field, model_validator

from providers.kernel import call_handling, errors
from providers.kernel.call_handling import CallHandling, Destination
from providers.kernel.object import NAMED, Live, Object
from providers.kernel.spec import Secret, Spec
from providers.kernel.values import SipUri, target
from providers.plivo.api import Api, linked, named

#: Plivo's rule for the passwords of credentials. Its pages state none for those of URIs: unverified.
_PASSWORD = re.compile(r"(?=.*[~!@#$%^&*()_+])[A-Za-z0-9~!@#$%^&*()_+]{5,20}")


def plain(uri: str) -> str:
    """A SIP URI that Plivo takes: host, port and transport, and a user. Raises ValueError for other parameters."""
    if extra := [name for name, _ in target(uri).parameters]:
        raise ValueError(f"a URI at Plivo has no parameter but transport: remove {', '.join(extra)}")
    return uri


def schemed(uri: str) -> str:
    """As a SIP URI: Plivo takes and shows ``sip.voice.x.ai;transport=tls`` too."""
    return uri if not uri or uri.lower().startswith("sip:") else f"sip:{uri}"


def _acceptable(password: str) -> str:
    if not _PASSWORD.fullmatch(password):
        raise ValueError("Plivo takes 5 to 20 letters, digits and ~!@#$%^&*()_+, at least one of the latter")
    return password


class UriSpec(Spec):
    """An origination URI."""

    uri: Annotated[SipUri, AfterValidator(plain)] = Field(description="SIP URI of the target.")
    role: Literal["", "fallback"] = Field("", description="Told apart from the number's other URI by its name.")
    username: str | None = Field(None, description="Digest username towards the target.")
    password: Annotated[str, Secret(), AfterValidator(_acceptable)] | None = Field(
        None, description="Digest password: 5 to 20 letters, digits and ~!@#$%^&*()_+; Plivo never returns it."
    )

    @model_validator(mode="after")
    def _pair(self) -> UriSpec:
        if (self.username is None) != (self.password is None):
            raise ValueError("a digest needs username and password")
        return self


class Uri(Object[Api, UriSpec]):
    """Where a trunk's calls go, with the digest for it; its name is the marker.

    Calls: Zentrunk/URI/. Secrets: ``password``. Changes in place: everything. Delete: only when no trunk points at it any
    more, because Plivo deletes the trunks of a deleted URI with it; under somebody else's trunk it stays.
    """

    kind = "Uri"
    spec: ClassVar[type[Spec]] = UriSpec
    unreadable = frozenset({"password"})
    outputs = ("uri_uuid", NAMED)
    secrets = ("password",)

    def find(self, api: Api, spec: UriSpec, *, fresh: bool) -> Live | None:
        """By name, which is the marker."""
        found = named(api.uris, _name(spec), fresh=fresh)
        return _uri(found) if found else None

    def read(self, api: Api, id: str, state: Mapping[str, Any], *, fresh: bool) -> Live | None:
        """GET Zentrunk/URI/{id}/."""
        found = api.uris.get(id, fresh=fresh)
        return _uri(found) if found else None

    def call_handling(self, inputs: Mapping[str, Any]) -> CallHandling:
        """A fallback's URI is tried second, whatever the order they were made in."""
        rank, login = 1 if inputs.get("role") == "fallback" else 0, str(inputs.get("username") or "")
        return CallHandling(destinations=(Destination(str(inputs.get("uri", "")), rank, login),))

    def recorded(self, api: Api, id: str, spec: UriSpec) -> Live | None:
        """Its role shows in our names alone: somebody else's URI has the one that its trunk gives it."""
        live = self.read(api, id, spec.canonical(), fresh=False)
        return replace(live, inputs={**live.inputs, "role": spec.role}) if live else None

    def create(self, api: Api, spec: UriSpec) -> Live:
        """POST Zentrunk/URI/; the answer holds the id alone."""
        id = str(api.ask("POST", "Zentrunk", "URI", **_fields(spec))["uri_uuid"])
        api.uris.changed(id)
        return Live(id, {}, {"uri_uuid": id})

    def update(self, api: Api, id: str, spec: UriSpec, state: Mapping[str, Any]) -> Live:
        """POST Zentrunk/URI/{id}/."""
        api.uris.changed(id)
        api.ask("POST", "Zentrunk", "URI", id, **_fields(spec))
        return Live(id, {}, {"uri_uuid": id})

    def carries(self, api: Api, id: str, state: Mapping[str, Any]) -> Iterator[str]:
        """Somebody else's trunk that points at it: Plivo would delete that trunk too."""
        if (trunk := api.pointing(id)) and trunk.get("name") != state.get("marker"):
            yield f"the calls of trunk {trunk['trunk_id']}"

    def rename(self, api: Api, id: str, name: str, state: Mapping[str, Any]) -> None:
        """POST Zentrunk/URI/{id}/ with its name alone."""
        api.uris.changed(id)
        api.ask("POST", "Zentrunk", "URI", id, name=name)

    def delete(self, api: Api, id: str, state: Mapping[str, Any]) -> None:
        """DELETE Zentrunk/URI/{id}/, unless that would take our own trunk along."""
        if trunk := api.pointing(id):
            raise errors.Conflict(
                f"trunk {trunk['trunk_id']} points at it, and Plivo would delete that trunk too",
                step="point the trunk at another URI or delete it, then run it again",
            )
        api.uris.changed(id)
        api.ask("DELETE", "Zentrunk", "URI", id)


def _name(spec: UriSpec) -> str:
    return f"{spec.marker}/{spec.role}" if spec.role else spec.marker


def _fields(spec: UriSpec) -> dict[str, Any]:
    digest = {"username": spec.username, "password": spec.password} if spec.username else {}
    return {"name": _name(spec), "uri": spec.uri, "authentication_needed": bool(spec.username), **digest}


def _uri(found: Mapping[str, Any]) -> Live:
    id, name = str(found["uri_uuid"]), str(found.get("name") or "")
    username = (found.get("username") or None) if found.get("authentication_needed") else None
    inputs: dict[str, Any] = {
        "marker": name.removesuffix("/fallback"),
        "role": "fallback" if name.endswith("/fallback") else "",
        "uri": schemed(str(found.get("uri") or "")),
        "username": username,
    }
    if not username:  # a password that stands there is never shown; that none does is
        inputs["password"] = None
    return Live(id, inputs, {"uri_uuid": id}, holder=f"URI {id}")


class TrunkSpec(Spec):
    """An inbound trunk."""

    primary: str = Field(description="URI that gets the calls.")
    fallback: str | None = Field(None, description="URI that gets them when the first does not answer.")
    secure: bool = Field(False, description="SRTP for the media (billed per minute).")
    enabled: bool = Field(True, description="Whether calls are sent on.")


class Trunk(Object[Api, TrunkSpec]):
    """The inbound trunk of one number, or of many; its name is the marker, which Plivo keeps unique.

    Calls: Zentrunk/Trunk/. Changes in place: everything (an update must name the direction again). Delete: one that others'
    numbers are on stays, and gets its earlier name.
    """

    kind = "Trunk"
    spec: ClassVar[type[Spec]] = TrunkSpec
    references = frozenset({"primary", "fallback"})
    outputs = ("trunk_id", "trunk_domain", NAMED)

    def call_handling(self, inputs: Mapping[str, Any]) -> CallHandling:
        """It sends calls to the first URI, then to the second, unless it is disabled."""
        tries = call_handling.ids(inputs, "primary", "fallback")
        return CallHandling(tries=tries, srtp=inputs.get("secure"), enabled=inputs.get("enabled", True) is True)

    def find(self, api: Api, spec: TrunkSpec, *, fresh: bool) -> Live | None:
        """By name, which is the marker."""
        found = named(api.trunks, spec.marker, fresh=fresh)
        return _trunk(found) if found else None

    def read(self, api: Api, id: str, state: Mapping[str, Any], *, fresh: bool) -> Live | None:
        """GET Zentrunk/Trunk/{id}/."""
        found = api.trunks.get(id, fresh=fresh)
        return _trunk(found) if found else None

    def create(self, api: Api, spec: TrunkSpec) -> Live:
        """POST Zentrunk/Trunk/; the answer holds the id alone."""
        id = str(api.ask("POST", "Zentrunk", "Trunk", **_settings(spec))["trunk_id"])
        api.trunks.changed(id)
        return Live(id, {}, {"trunk_id": id})

    def update(self, api: Api, id: str, spec: TrunkSpec, state: Mapping[str, Any]) -> Live:
        """POST Zentrunk/Trunk/{id}/."""
        api.trunks.changed(id)
        api.ask("POST", "Zentrunk", "Trunk", id, **{"fallback_uri_uuid": None, **_settings(spec)})
        return Live(id, {}, {"trunk_id": id})

    def carries(self, api: Api, id: str, state: Mapping[str, Any]) -> Iterator[str]:
        """Other numbers: Plivo would leave them without a route. Ours that nothing unlinks goes with the trunk."""
        ours = {str(state.get("marker", "")).rpartition("/")[2], *api.left}
        for number in api.numbers.all():
            if linked(number) == ("trunk", id) and f"+{number['number']}" not in ours:
                yield f"number +{number['number']}"

    def rename(self, api: Api, id: str, name: str, state: Mapping[str, Any]) -> None:
        """POST Zentrunk/Trunk/{id}/ with its name, and its direction, which an update must say."""
        api.trunks.changed(id)
        api.ask("POST", "Zentrunk", "Trunk", id, name=name, trunk_direction="inbound")

    def delete(self, api: Api, id: str, state: Mapping[str, Any]) -> None:
        """DELETE Zentrunk/Trunk/{id}/."""
        api.trunks.changed(id)
        api.ask("DELETE", "Zentrunk", "Trunk", id)


def _settings(spec: TrunkSpec) -> dict[str, Any]:
    fallback = {"fallback_uri_uuid": spec.fallback} if spec.fallback else {}
    return {
        "name": spec.marker,
        "trunk_direction": "inbound",
        "trunk_status": "enabled" if spec.enabled else "disabled",
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
        "enabled": found.get("trunk_status") != "disabled",
    }
    outputs = {"trunk_id": id, "trunk_domain": found.get("trunk_domain") or ""}
    return Live(id, inputs, outputs, holder=f"trunk {id}")
