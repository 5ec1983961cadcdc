"""An FQDN connection with its FQDNs, and the choice among them that closes the circle between the two."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, field_validator, model_validator

from providers.kernel import carrier
from providers.kernel.carrier import Live
from providers.kernel.meaning import Meaning, Way
from providers.kernel.spec import Spec
from providers.kernel.values import Host, Unknown, Whole
from providers.telnyx.api import Api

Codec = Literal["G711U", "G711A", "G722"]
Region = Literal["US", "Europe", "Australia"]
RoutingMethod = Literal["sequential", "round-robin"]
_TRANSPORTS: dict[str, Literal["tls", "tcp", "udp"]] = {"TLS": "tls", "TCP": "tcp", "UDP": "udp"}
#: The parts of ``inbound`` that the routing decides; a change of the connection leaves them as they are.
_ROUTED = ("default_primary_fqdn_id", "default_secondary_fqdn_id", "default_tertiary_fqdn_id", "default_routing_method")


class ConnectionSpec(Spec):
    """An FQDN connection: how Telnyx sends a number's calls."""

    transport: Literal["TLS", "TCP", "UDP"] = Field("TLS", description="SIP transport; xAI is reached over TLS.")
    srtp: bool = Field(False, description="Encrypt the media (SRTP); needs TLS.")
    ani_number_format: Literal["+E.164", "E.164", "+E.164-national", "E.164-national"] = Field(
        "+E.164", description="How the caller's number is written."
    )
    dnis_number_format: Literal["+e164", "e164", "national", "sip_username"] = Field(
        "+e164", description="How the dialled number is written; xAI's routing key needs the +."
    )
    codecs: tuple[Codec, ...] = Field(("G711U", "G711A", "G722"), min_length=1, description="In order of preference.")
    sip_region: Region = Field("US", description="Where calls leave Telnyx.")
    profile_id: str | None = Field(None, description="Outbound voice profile; transfers are calls and need one.")

    @model_validator(mode="after")
    def _media(self) -> ConnectionSpec:
        if self.srtp is True and self.transport != "TLS":
            raise ValueError("srtp needs transport TLS: Telnyx encrypts media only on a TLS connection")
        return self


class Connection(carrier.Object[Api, ConnectionSpec]):
    """The connection of one number; its name is the marker.

    Calls: /v2/fqdn_connections. Changes in place: everything; the whole ``inbound`` object is sent each time, because how
    deep a PATCH merges is not documented. Delete: after its number is unassigned.
    """

    kind = "Connection"
    spec: ClassVar[type[Spec]] = ConnectionSpec
    references = frozenset({"profile_id"})
    outputs = ("connection_id",)

    def find(self, api: Api, spec: ConnectionSpec, *, fresh: bool) -> Live | None:
        """By name, which is the marker."""
        found = api.connections.all(fresh=fresh)
        return next((_connection(item) for item in found if item.connection_name == spec.marker), None)

    def read(self, api: Api, id: str, state: Mapping[str, Any], *, fresh: bool) -> Live | None:
        """GET /v2/fqdn_connections/{id}."""
        found = api.connections.get(id, fresh=fresh)
        return _connection(found) if found else None

    def means(self, inputs: Mapping[str, Any]) -> Meaning:
        """The connection decides how the signaling and the media travel."""
        transport = _TRANSPORTS.get(str(inputs.get("transport", "TLS")))
        return Meaning(transport=transport, srtp=inputs.get("srtp") is True)

    def create(self, api: Api, spec: ConnectionSpec) -> Live:
        """POST /v2/fqdn_connections."""
        made = api.client.fqdn_connections.create(connection_name=spec.marker, active=True, **_body(spec, {}))
        return _connection(api.connections.note(made.data))

    def update(self, api: Api, id: str, spec: ConnectionSpec, state: Mapping[str, Any]) -> Live:
        """PATCH /v2/fqdn_connections/{id} with all of ``inbound``, its routing as it stands."""
        now = _inbound(api.connections.get(id, fresh=True))
        routed = {name: now[name] for name in _ROUTED if now.get(name) is not None}
        api.connections.changed(id)
        made = api.client.fqdn_connections.update(id, connection_name=spec.marker, active=True, **_body(spec, routed))
        return _connection(api.connections.note(made.data))

    def delete(self, api: Api, id: str, state: Mapping[str, Any]) -> None:
        """DELETE /v2/fqdn_connections/{id}."""
        api.connections.changed(id)
        api.client.fqdn_connections.delete(id)


def _body(spec: ConnectionSpec, routed: Mapping[str, Any]) -> dict[str, Any]:
    inbound = {
        "ani_number_format": spec.ani_number_format,
        "dnis_number_format": spec.dnis_number_format,
        "codecs": list(spec.codecs),
        "sip_region": spec.sip_region,
        **routed,
    }
    return {
        "transport_protocol": spec.transport,
        "encrypted_media": "SRTP" if spec.srtp else None,
        "inbound": inbound,
        "outbound": {"outbound_voice_profile_id": spec.profile_id},
    }


def _inbound(found: Any) -> dict[str, Any]:
    return dict(found.inbound.model_dump(exclude_unset=True)) if found and found.inbound else {}


def _connection(found: Any) -> Live:
    inbound = _inbound(found)
    outbound: dict[str, Any] = found.outbound.model_dump(exclude_unset=True) if found.outbound else {}
    inputs: dict[str, Any] = {
        "marker": found.connection_name,
        "transport": found.transport_protocol,
        "srtp": found.encrypted_media == "SRTP",
        "ani_number_format": inbound.get("ani_number_format"),
        "dnis_number_format": inbound.get("dnis_number_format"),
        "codecs": inbound.get("codecs"),
        "sip_region": inbound.get("sip_region") or "US",
        "profile_id": outbound.get("outbound_voice_profile_id") or None,
    }
    return Live(str(found.id), inputs, {"connection_id": str(found.id)}, holder=f"connection {found.id}")


class FqdnSpec(Spec):
    """A host that a connection sends calls to."""

    connection_id: str = Field(description="The connection.")
    fqdn: Host = Field(description="Host name; TLS needs a name, not an address.")
    record: Literal["a", "srv"] = Field("a", description="DNS record; srv finds the port itself.")
    port: Whole | None = Field(
        None, ge=1, le=65535, description="With record a; left out: 5061, which is SIP over TLS."
    )

    @model_validator(mode="before")
    @classmethod
    def _default_port(cls, given: Any) -> Any:
        fields: dict[str, Any] = dict(given)
        return fields if fields.get("record") == "srv" or fields.get("port") else {**fields, "port": 5061}

    @model_validator(mode="after")
    def _port(self) -> FqdnSpec:
        if self.record == "srv" and self.port is not None:
            raise ValueError("record srv finds the port itself: leave port out")
        return self


class Fqdn(carrier.Object[Api, FqdnSpec]):
    """A connection's way to a host. Calls: /v2/fqdns. Changes in place: all but the connection."""

    kind = "Fqdn"
    spec: ClassVar[type[Spec]] = FqdnSpec
    replaces = frozenset({"connection_id"})
    references = frozenset({"connection_id"})
    outputs = ("fqdn_id",)

    def means(self, inputs: Mapping[str, Any]) -> Meaning:
        """Telnyx puts the dialled number before the host; the connection knows the transport."""
        port = inputs.get("port")
        return Meaning(ways=(Way(f"sip:{inputs.get('fqdn', '')}" + (f":{int(port)}" if port else "")),))

    def find(self, api: Api, spec: FqdnSpec, *, fresh: bool) -> Live | None:
        """The FQDN of this connection with this host and port."""
        if isinstance(spec.connection_id, Unknown):
            return None
        found = api.client.fqdns.list(filter={"connection_id": spec.connection_id})
        same = (spec.connection_id, spec.fqdn, spec.port)
        return next((_fqdn(item) for item in found if (str(item.connection_id), item.fqdn, item.port) == same), None)

    def read(self, api: Api, id: str, state: Mapping[str, Any], *, fresh: bool) -> Live | None:
        """GET /v2/fqdns/{id}."""
        found = api.client.fqdns.retrieve(id).data
        return _fqdn(found, state) if found else None

    def create(self, api: Api, spec: FqdnSpec) -> Live:
        """POST /v2/fqdns."""
        more: dict[str, Any] = {} if spec.port is None else {"port": spec.port}
        made = api.client.fqdns.create(
            connection_id=spec.connection_id, fqdn=spec.fqdn, dns_record_type=spec.record, **more
        )
        return _fqdn(made.data)

    def update(self, api: Api, id: str, spec: FqdnSpec, state: Mapping[str, Any]) -> Live:
        """PATCH /v2/fqdns/{id}."""
        return _fqdn(api.client.fqdns.update(id, fqdn=spec.fqdn, dns_record_type=spec.record, port=spec.port).data)

    def delete(self, api: Api, id: str, state: Mapping[str, Any]) -> None:
        """DELETE /v2/fqdns/{id}."""
        api.client.fqdns.delete(id)


def _fqdn(found: Any, state: Mapping[str, Any] | None = None) -> Live:
    inputs = {
        "connection_id": str(found.connection_id),
        "fqdn": found.fqdn,
        "record": found.dns_record_type,
        "port": found.port,
    }
    return Live(str(found.id), inputs, {"fqdn_id": str(found.id)})


class RoutingSpec(Spec):
    """Which FQDNs of a connection get its calls, in which order."""

    connection_id: str = Field(description="The connection.")
    primary: str = Field(description="FQDN that is tried first.")
    secondary: str | None = Field(None, description="FQDN that is tried second.")
    tertiary: str | None = Field(None, description="FQDN that is tried third.")
    method: RoutingMethod = Field("sequential", description="One after the other, or in turn.")


class Routing(carrier.Object[Api, RoutingSpec]):
    """The choice of a connection's FQDNs, made once both exist.

    Calls: PATCH /v2/fqdn_connections/{id}. Delete: takes the choice back, without which an FQDN may not be deletable.
    """

    kind = "Routing"
    spec: ClassVar[type[Spec]] = RoutingSpec
    replaces = frozenset({"connection_id"})
    references = frozenset({"connection_id", "primary", "secondary", "tertiary"})

    def find(self, api: Api, spec: RoutingSpec, *, fresh: bool) -> Live | None:
        """Every connection has one: there is nothing to find or to double."""
        return None

    def read(self, api: Api, id: str, state: Mapping[str, Any], *, fresh: bool) -> Live | None:
        """GET /v2/fqdn_connections/{id}."""
        found = api.connections.get(id, fresh=fresh)
        return _routing(found) if found else None

    def create(self, api: Api, spec: RoutingSpec) -> Live:
        """PATCH /v2/fqdn_connections/{id}."""
        return self.update(api, spec.connection_id, spec, {})

    def update(self, api: Api, id: str, spec: RoutingSpec, state: Mapping[str, Any]) -> Live:
        """PATCH /v2/fqdn_connections/{id} with all of ``inbound``."""
        return _routing(_route(api, id, (spec.primary, spec.secondary, spec.tertiary), spec.method))

    def delete(self, api: Api, id: str, state: Mapping[str, Any]) -> None:
        """PATCH with no FQDN chosen."""
        _route(api, id, (None, None, None), "sequential")


def _route(api: Api, id: str, fqdns: tuple[str | None, str | None, str | None], method: str) -> Any:
    inbound = _inbound(api.connections.get(id, fresh=True)) | dict(zip(_ROUTED, (*fqdns, method), strict=True))
    api.connections.changed(id)
    return api.connections.note(api.client.fqdn_connections.update(id, inbound=inbound).data)  # pyright: ignore[reportArgumentType]


def _routing(found: Any) -> Live:
    inbound = _inbound(found)
    primary, secondary, tertiary, method = (inbound.get(name) or None for name in _ROUTED)
    inputs = {
        "connection_id": str(found.id),
        "primary": primary,
        "secondary": secondary,
        "tertiary": tertiary,
        "method": method,
    }
    return Live(str(found.id), inputs)


class ProfileSpec(Spec):
    """Which calls may leave over Telnyx."""

    countries: tuple[Annotated[str, Field(pattern=r"^[A-Z]{2}$")], ...] = Field(
        ("US", "CA"),
        min_length=1,
        description="Countries that may be called (ISO 3166-1 alpha-2): where transfers may go.",
    )

    @field_validator("countries", mode="after")
    @classmethod
    def _sorted(cls, value: Any) -> Any:
        return tuple(sorted(set(value)))


class Profile(carrier.Object[Api, ProfileSpec]):
    """The outbound voice profile of one number: a transferred call is a call out. Calls: /v2/outbound_voice_profiles."""

    kind = "Profile"
    spec: ClassVar[type[Spec]] = ProfileSpec
    outputs = ("profile_id",)

    def find(self, api: Api, spec: ProfileSpec, *, fresh: bool) -> Live | None:
        """By name, which is the marker."""
        found = api.client.outbound_voice_profiles.list(page_size=250)
        return next((_profile(item) for item in found if item.name == spec.marker), None)

    def read(self, api: Api, id: str, state: Mapping[str, Any], *, fresh: bool) -> Live | None:
        """GET /v2/outbound_voice_profiles/{id}."""
        return _profile(api.client.outbound_voice_profiles.retrieve(id).data)

    def create(self, api: Api, spec: ProfileSpec) -> Live:
        """POST /v2/outbound_voice_profiles."""
        made = api.client.outbound_voice_profiles.create(
            name=spec.marker, whitelisted_destinations=list(spec.countries)
        )
        return _profile(made.data)

    def update(self, api: Api, id: str, spec: ProfileSpec, state: Mapping[str, Any]) -> Live:
        """PATCH /v2/outbound_voice_profiles/{id}; the name is required again."""
        profiles = api.client.outbound_voice_profiles
        return _profile(profiles.update(id, name=spec.marker, whitelisted_destinations=list(spec.countries)).data)

    def delete(self, api: Api, id: str, state: Mapping[str, Any]) -> None:
        """DELETE /v2/outbound_voice_profiles/{id}."""
        api.client.outbound_voice_profiles.delete(id)


def _profile(found: Any) -> Live:
    inputs = {"marker": found.name, "countries": sorted(found.whitelisted_destinations or ())}
    return Live(str(found.id), inputs, {"profile_id": str(found.id)}, holder=f"outbound voice profile {found.id}")
