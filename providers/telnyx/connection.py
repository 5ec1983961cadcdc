"""An FQDN connection, and the choice among its FQDNs that closes the circle between the two."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field, model_validator

from providers.kernel import call_handling, errors
from providers.kernel.call_handling import CallHandling, Stop
from providers.kernel.object import NAMED, Live, Object
from providers.kernel.spec import Spec
from providers.kernel.values import Whole
from providers.telnyx.api import Api, listed

Codec = Literal["G711U", "G711A", "G722"]
Region = Literal["US", "Europe", "Australia"]
RoutingMethod = Literal["sequential", "round-robin"]
_TRANSPORTS: dict[str, Literal["tls", "tcp", "udp"]] = {"TLS": "tls", "TCP": "tcp", "UDP": "udp"}
#: Telnyx' names of codecs, and those of SDP.
_RTP = {"G711U": "PCMU", "G711A": "PCMA"}
_PROFILE = "outbound_voice_profile_id"
_CHOSEN = ("primary", "secondary", "tertiary")
#: The parts of ``inbound`` that the routing decides; a change of the connection leaves them as they are.
_ROUTED = ("default_primary_fqdn_id", "default_secondary_fqdn_id", "default_tertiary_fqdn_id", "default_routing_method")


class ConnectionSpec(Spec):
    """An FQDN connection: how Telnyx sends a number's calls."""

    active: bool = Field(True, description="Whether it takes calls.")
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
    channel_limit: Whole | None = Field(None, description="Most calls at a time; none: as many as come.")
    timeout_1xx: Whole = Field(3, description="Seconds before a host that says nothing is given up.")
    timeout_2xx: Whole = Field(90, description="Seconds before a call that nobody answers is given up.")
    profile_id: str | None = Field(None, description="Outbound voice profile; transfers are calls and need one.")

    @model_validator(mode="after")
    def _media(self) -> ConnectionSpec:
        if self.srtp is True and self.transport != "TLS":
            raise ValueError("srtp needs transport TLS: Telnyx encrypts media only on a TLS connection")
        return self


class Connection(Object[Api, ConnectionSpec]):
    """The connection of one number; its name is the marker.

    Calls: /v2/fqdn_connections. Changes in place: everything; the whole ``inbound`` object is sent each time, because how
    deep a PATCH merges is not documented. Delete: after its number is unassigned; one that others use too stays, and gets
    its earlier name.
    """

    kind = "Connection"
    spec: ClassVar[type[Spec]] = ConnectionSpec
    references = frozenset({"profile_id"})
    outputs = ("connection_id", NAMED)

    def find(self, api: Api, spec: ConnectionSpec, *, fresh: bool) -> Live | None:
        """By name, which is the marker."""
        found = api.connections.all(fresh=fresh)
        return next((_connection(item) for item in found if item.connection_name == spec.marker), None)

    def read(self, api: Api, id: str, state: Mapping[str, Any], *, fresh: bool) -> Live | None:
        """GET /v2/fqdn_connections/{id}."""
        found = api.connections.get(id, fresh=fresh)
        return _connection(found) if found else None

    def call_handling(self, inputs: Mapping[str, Any]) -> CallHandling:
        """The connection decides how the signaling and the media travel; one that is not active takes no call."""
        transport, on = _TRANSPORTS.get(str(inputs.get("transport", "TLS"))), inputs.get("active", True) is True
        full = Stop("trunk", "its channel limit is 0", "give the connection channels")
        return CallHandling(
            transport=transport, srtp=inputs.get("srtp") is True, enabled=on,
            codecs=tuple(_RTP.get(str(codec), str(codec)) for codec in inputs.get("codecs") or ()),
            sources=(f"telnyx:{str(inputs.get('sip_region') or 'US').lower()}",),
            dialled=str(inputs.get("dnis_number_format") or "+e164"),
            stops=(full,) if inputs.get("channel_limit") == 0 else (),
        )  # fmt: skip

    def create(self, api: Api, spec: ConnectionSpec) -> Live:
        """POST /v2/fqdn_connections."""
        made = api.client.fqdn_connections.create(connection_name=spec.marker, **_body(spec, {}, {}))
        return _connection(api.connections.note(made.data))

    def update(self, api: Api, id: str, spec: ConnectionSpec, state: Mapping[str, Any]) -> Live:
        """PATCH /v2/fqdn_connections/{id} with all of ``inbound``: its routing, and what nothing here declares, as it is."""
        now = api.connections.get(id, fresh=True)
        body = _body(spec, _part(now, "inbound"), _part(now, "outbound"))
        api.connections.changed(id)
        made = api.client.fqdn_connections.update(id, connection_name=spec.marker, **body)
        return _connection(api.connections.note(made.data))

    def carries(self, api: Api, id: str, state: Mapping[str, Any]) -> Iterator[str]:
        """Other numbers and FQDNs, and calls out by a profile that is not of this stack."""
        numbers, fqdns = api.client.phone_numbers, api.client.fqdns
        for number in listed(lambda: numbers.list(filter={"connection_id": id})):
            yield f"number {number.phone_number}"
        for fqdn in listed(lambda: fqdns.list(filter={"connection_id": id})):
            yield f"FQDN {fqdn.fqdn}"
        profile = _part(api.connections.get(id, fresh=True), "outbound").get(_PROFILE)
        if profile and profile != state.get("profile_id"):
            yield f"outbound voice profile {profile}"

    def rename(self, api: Api, id: str, name: str, state: Mapping[str, Any]) -> None:
        """PATCH /v2/fqdn_connections/{id} with its name, and without a profile of ours."""
        outbound = _part(api.connections.get(id, fresh=True), "outbound")
        others = {field: value for field, value in outbound.items() if value is not None and field != _PROFILE}
        ours = bool(state.get("profile_id")) and outbound.get(_PROFILE) == state.get("profile_id")
        body: dict[str, Any] = {"outbound": others} if ours else {}
        api.connections.changed(id)
        api.client.fqdn_connections.update(id, connection_name=name, **body)

    def delete(self, api: Api, id: str, state: Mapping[str, Any]) -> None:
        """DELETE /v2/fqdn_connections/{id}."""
        api.connections.changed(id)
        api.client.fqdn_connections.delete(id)


def _body(spec: ConnectionSpec, inbound: Mapping[str, Any], outbound: Mapping[str, Any]) -> dict[str, Any]:
    """Both inner objects whole: a profile is taken off by leaving it out, because null is not a documented id."""
    others = {name: value for name, value in outbound.items() if value is not None and name != _PROFILE}
    declared = {
        "ani_number_format": spec.ani_number_format,
        "dnis_number_format": spec.dnis_number_format,
        "codecs": list(spec.codecs),
        "sip_region": spec.sip_region,
        "channel_limit": spec.channel_limit,
        "timeout_1xx_secs": spec.timeout_1xx,
        "timeout_2xx_secs": spec.timeout_2xx,
    }
    return {
        "active": spec.active,
        "transport_protocol": spec.transport,
        "encrypted_media": "SRTP" if spec.srtp else None,
        "inbound": {**inbound, **declared},
        "outbound": {**others, _PROFILE: spec.profile_id} if spec.profile_id else others,
    }


def _part(found: Any, name: str) -> dict[str, Any]:
    """An inner object of a connection, ``inbound`` or ``outbound``, as far as Telnyx shows it."""
    part = getattr(found, name, None)
    return dict(part.model_dump(exclude_unset=True)) if part else {}


def _connection(found: Any) -> Live:
    inbound = _part(found, "inbound")
    inputs: dict[str, Any] = {
        "marker": found.connection_name,
        "active": found.active is not False,
        "transport": found.transport_protocol,
        "srtp": found.encrypted_media == "SRTP",
        "ani_number_format": inbound.get("ani_number_format"),
        "dnis_number_format": inbound.get("dnis_number_format"),
        "codecs": inbound.get("codecs"),
        "sip_region": inbound.get("sip_region") or "US",
        "channel_limit": inbound.get("channel_limit"),
        "timeout_1xx": inbound.get("timeout_1xx_secs"),
        "timeout_2xx": inbound.get("timeout_2xx_secs"),
        "profile_id": _part(found, "outbound").get(_PROFILE) or None,
    }
    return Live(str(found.id), inputs, {"connection_id": str(found.id)}, holder=f"connection {found.id}")


_SET_BACK = "`pulumi up --refresh`, which sets the connection right"


class RoutingSpec(Spec):
    """Which FQDNs of a connection get its calls, in which order."""

    connection_id: str = Field(description="The connection.")
    primary: str = Field(description="FQDN that is tried first.")
    secondary: str | None = Field(None, description="FQDN that is tried second.")
    tertiary: str | None = Field(None, description="FQDN that is tried third.")
    method: RoutingMethod = Field("sequential", description="One after the other, or in turn.")


class Routing(Object[Api, RoutingSpec]):
    """The choice of a connection's FQDNs, made once both exist.

    Calls: PATCH /v2/fqdn_connections/{id}. Delete: takes the choice back, without which an FQDN may not be deletable; one
    that somebody else has chosen stays.
    """

    kind = "Routing"
    spec: ClassVar[type[Spec]] = RoutingSpec
    replaces = frozenset({"connection_id"})
    references = frozenset({"connection_id", "primary", "secondary", "tertiary"})

    def call_handling(self, inputs: Mapping[str, Any]) -> CallHandling:
        """The FQDNs that get the calls, in order."""
        chosen = call_handling.ids(inputs, "primary", "secondary", "tertiary")
        return CallHandling(tries=chosen, part_of=str(inputs.get("connection_id") or ""))

    def find(self, api: Api, spec: RoutingSpec, *, fresh: bool) -> Live | None:
        """Every connection has one: there is nothing to find or to double."""
        return None

    def read(self, api: Api, id: str, state: Mapping[str, Any], *, fresh: bool) -> Live | None:
        """GET /v2/fqdn_connections/{id}."""
        found = api.connections.get(id, fresh=fresh)
        return routed(found) if found else None

    def listed(self, api: Api, id: str, state: Mapping[str, Any]) -> bool:
        """As long as its connection is there."""
        return any(found.id == id for found in api.connections.all(fresh=True))

    def create(self, api: Api, spec: RoutingSpec) -> Live:
        """PATCH /v2/fqdn_connections/{id}."""
        return self.update(api, spec.connection_id, spec, {})

    def update(self, api: Api, id: str, spec: RoutingSpec, state: Mapping[str, Any]) -> Live:
        """PATCH /v2/fqdn_connections/{id} with all of ``inbound``."""
        return routed(_route(api, id, (spec.primary, spec.secondary, spec.tertiary), spec.method))

    def delete(self, api: Api, id: str, state: Mapping[str, Any]) -> None:
        """PATCH with none of our FQDNs chosen."""
        seen = self.read(api, id, state, fresh=True)
        ours = {state.get(name) for name in _CHOSEN}
        others = [seen.inputs[name] for name in _CHOSEN if seen and seen.inputs[name] not in {None, *ours}]
        first, second, third = [*others, None, None, None][:3]
        method = seen.inputs["method"] if seen and others else "sequential"
        _route(api, id, (first, second, third), str(method or "sequential"))

    def remains(self, api: Api, seen: Live, state: Mapping[str, Any]) -> str:
        """A connection always has a routing: it chooses nothing of ours, or our FQDNs cannot be deleted."""
        ours = {state.get(name) for name in _CHOSEN} - {None}
        return next((f"{name} is still {seen.inputs[name]}" for name in _CHOSEN if seen.inputs[name] in ours), "")


def _route(api: Api, id: str, fqdns: tuple[str | None, str | None, str | None], method: str) -> Any:
    """The choice, and the rest of ``inbound`` as it was: Telnyx takes it as a whole, and a field that it drops is set back
    to a default with which a number may ring nowhere. So the rest is looked at too.
    """
    inbound = _part(api.connections.get(id, fresh=True), "inbound") | dict(zip(_ROUTED, (*fqdns, method), strict=True))
    api.connections.changed(id)
    made = api.client.fqdn_connections.update(id, inbound=inbound).data  # pyright: ignore[reportArgumentType]
    seen = _part(api.connections.get(id, fresh=True), "inbound")
    if lost := sorted(name for name, value in inbound.items() if name not in _ROUTED and seen.get(name) != value):
        raise errors.NotApplied(
            f"it was accepted, but also changed: {', '.join(lost)} of the connection", step=_SET_BACK
        )
    return api.connections.note(made)


def routed(found: Any) -> Live:
    """Which FQDNs a connection has chosen, as Telnyx shows it."""
    inbound = _part(found, "inbound")
    primary, secondary, tertiary, method = (inbound.get(name) or None for name in _ROUTED)
    inputs = {
        "connection_id": str(found.id),
        "primary": primary,
        "secondary": secondary,
        "tertiary": tertiary,
        "method": method,
    }
    return Live(str(found.id), inputs)
