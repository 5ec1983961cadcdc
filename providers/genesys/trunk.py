"""The trunk towards xAI: an external trunk of BYOC Cloud that logs in, over TLS."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Annotated, Any, ClassVar, Literal, cast

from pydantic import Field, StringConstraints, model_validator

from providers.genesys.api import ROUTES, TRUNKS, Api, Found, within
from providers.kernel import errors, marker
from providers.kernel.call_handling import CallHandling, Destination
from providers.kernel.object import NAMED, Live, Object, Obstacle
from providers.kernel.spec import Secret, Spec
from providers.kernel.values import Host, Whole
from providers.kernel.wording import counted

METABASE = "external_sip_pcv_byoc_carrier.json"
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]
Codec = Literal["PCMU", "PCMA"]
Format = Literal["+e164", "e164"]
#: Names of codecs in SDP (RFC 3551), and Genesys' own.
_CODECS = {"PCMU": "audio/pcmu", "PCMA": "audio/pcma"}
_LOGIN = "trunk_sip_authentication_credentials"
_TERMINATION, _CALLERS = "trunk_sip_termination_uri", "trunk_access_acl_allowList"
_TRANSPORT, _PROXIES, _CODEC = "trunk_transport_protocolVariant", "trunk_transport_serverProxyList", "trunk_media_codec"
_ENABLED, _SRTP = "trunk_enabled", "trunk_media_srtpCipherSuites"
#: Properties that leave the plus away, by the field that says so.
_PLAIN = {
    "ani_number_format": "trunk_outboundIdentity_callingAddress_omitPlusPrefix",
    "dnis_number_format": "trunk_outboundIdentity_calledAddress_omitPlusPrefix",
}


class TrunkSpec(Spec):
    """An external trunk: where calls go, with which login."""

    site: Name = Field(description="Name of the site that it belongs to.")
    host: Host = Field("sip.voice.x.ai", description="SIP host that calls are sent to.")
    port: Whole = Field(5061, ge=1, le=65535, description="Port of the host.")
    transport: Literal["tls", "tcp", "udp"] = Field("tls", description="SIP transport; xAI is reached over TLS.")
    srtp: bool = Field(True, description="Encrypt the media (SRTP); Genesys does with TLS.")
    codecs: tuple[Codec, ...] = Field(("PCMU", "PCMA"), min_length=1, description="In order of preference.")
    ani_number_format: Format = Field("+e164", description="How the caller's number is written.")
    dnis_number_format: Format = Field(
        "+e164", description="How the dialled number is written; xAI's routing key needs the +."
    )
    enabled: bool = Field(True, description="Whether calls are sent.")
    username: str | None = Field(None, description="Digest username towards the host.")
    password: Annotated[str, Secret()] | None = Field(None, description="Digest password; Genesys never returns it.")

    @model_validator(mode="after")
    def _pair(self) -> TrunkSpec:
        if (self.username is None) != (self.password is None):
            raise ValueError("a digest needs username and password")
        return self


class Trunk(Object[Api, TrunkSpec]):
    """A trunk base of kind BYOC carrier, made out of Genesys' own template; its name is the marker.

    Calls: trunkbasesettings and trunkbasesettings/template; sites and outboundroutes are read. Secrets: ``password``. Changes
    in place: everything, with the version that was read. Delete: one that others' outbound routes name stays, and gets its
    earlier name.
    """

    kind = "Trunk"
    spec: ClassVar[type[Spec]] = TrunkSpec
    unreadable = frozenset({"password"})
    outputs = ("trunk_id", NAMED)
    secrets = ("password",)
    settle = 30.0

    def call_handling(self, inputs: Mapping[str, Any]) -> CallHandling:
        """It sends calls to the host, the dialled number before it. Media are encrypted wherever the signaling is."""
        transport = str(inputs.get("transport") or "tls")
        uri = f"sip:{inputs.get('host') or 'sip.voice.x.ai'}:{inputs.get('port') or 5061};transport={transport}"
        return CallHandling(
            destinations=(Destination(uri, 0, str(inputs.get("username") or "")),),
            enabled=inputs.get("enabled", True) is True, sources=(),
            srtp=transport == "tls" and inputs.get("srtp", True) is True,
            dialled=str(inputs.get("dnis_number_format") or "+e164"),
            codecs=tuple(map(str, inputs.get("codecs") or ())),
        )  # fmt: skip

    def find(self, api: Api, spec: TrunkSpec, *, fresh: bool) -> Live | None:
        """By name, which is the marker."""
        found = api.named(TRUNKS, spec.marker, expand="properties")
        return live(api, found) if found else None

    def preflight(self, api: Api, spec: TrunkSpec) -> Obstacle | None:
        """The site must be there."""
        return without_site(api, spec.site)

    def read(self, api: Api, id: str, state: Mapping[str, Any], *, fresh: bool) -> Live | None:
        """GET trunkbasesettings/{id}."""
        return live(api, api.there(within(TRUNKS, id)))

    def create(self, api: Api, spec: TrunkSpec) -> Live:
        """POST trunkbasesettings: the template with what is declared."""
        template = api.ask(f"{TRUNKS}/template", trunkMetabaseId=METABASE)
        kept = {name: template[name] for name in ("trunkMetabase", "properties", "trunkType") if name in template}
        trunk = {"trunkMetabase": {"id": METABASE}, "trunkType": "EXTERNAL", **kept}
        made = api.make(TRUNKS, _changed(api, trunk, spec, {**_made_with(spec), **_declared({}, spec)}))
        return Live(str(made.get("id") or ""), {}, {"trunk_id": str(made.get("id") or "")})

    def update(self, api: Api, id: str, spec: TrunkSpec, state: Mapping[str, Any]) -> Live:
        """PUT trunkbasesettings/{id} with everything that was read."""
        api.change(within(TRUNKS, id), lambda trunk: _changed(api, trunk, spec, _declared(trunk, spec)))
        return Live(id, {}, {"trunk_id": id})

    def carries(self, api: Api, id: str, state: Mapping[str, Any]) -> Iterator[str]:
        """Outbound routes of others: those of this stack's number are gone before it. Of one that somebody else made also who
        calls in.
        """
        for route in api.listed(ROUTES, **{"externalTrunkBases.ids": id}):
            if route.get("name") != state.get("marker"):
                yield f"outbound route {route.get('name')}"
        callers: Any = _instance(api.there(within(TRUNKS, id)), _CALLERS) if state.get(NAMED) else None
        if isinstance(callers, list) and callers:
            yield f"calls in from {counted(len(cast(list[Any], callers)), 'network')}"

    def rename(self, api: Api, id: str, name: str, state: Mapping[str, Any]) -> None:
        """PUT trunkbasesettings/{id} with its name."""
        api.change(within(TRUNKS, id), lambda trunk: {**trunk, "name": name})

    def delete(self, api: Api, id: str, state: Mapping[str, Any]) -> None:
        """DELETE trunkbasesettings/{id}; refused for as long as Genesys still sees the route that named it."""
        api.delete_unused(within(TRUNKS, id))


def without_site(api: Api, name: str) -> Obstacle | None:
    """What stands in the way where a site of this name is not there, or is not of the kind that is needed."""
    try:
        api.site(name)
    except (errors.NotFound, errors.Conflict) as error:
        return Obstacle(error.reason, error.step)
    return None


def _changed(api: Api, trunk: Found, spec: TrunkSpec, values: Found) -> Found:
    """A trunk as it was read, with these properties; all its others as they are."""
    properties: Found = deepcopy(trunk.get("properties") or {})
    for name, value in values.items():
        properties.setdefault(name, {}).setdefault("value", {})["instance"] = value
    site, now = api.site_id(spec.site), cast(Found, trunk.get("inboundSite") or {})
    inbound = now if now.get("id") == site else {"id": site}
    return {**trunk, "name": spec.marker, "inboundSite": inbound, "properties": properties}


def _made_with(spec: TrunkSpec) -> Found:
    """What a trunk of ours has besides; one that somebody else made keeps what it has."""
    return {
        "trunk_type": "external.pcv.byoc.carrier",
        "trunk_label": spec.marker,
        "trunk_protocol": "SIP",
        "trunk_media_dtmf_method": "RTP Events",
        _TERMINATION: f"xtel{marker.digest(spec.marker)}",
    }


def _declared(trunk: Found, spec: TrunkSpec) -> Found:
    """What is declared, in Genesys' words; where those that are there say the same, they stay."""
    hosts, suites = _instance(trunk, _PROXIES), _instance(trunk, _SRTP)
    return {
        _ENABLED: spec.enabled,
        _TRANSPORT: spec.transport,
        _PROXIES: hosts if _reached(hosts) == (spec.host, spec.port) else [f"{spec.host}:{spec.port}"],
        f"{_LOGIN}_username": spec.username or "",
        f"{_LOGIN}_password": spec.password or "",
        _CODEC: [_CODECS[codec] for codec in spec.codecs],
        _SRTP: (suites if suites else ["AES_CM_128_HMAC_SHA1_80"]) if spec.srtp else [],
        _PLAIN["ani_number_format"]: spec.ani_number_format == "e164",
        _PLAIN["dnis_number_format"]: spec.dnis_number_format == "e164",
    }


def _instance(trunk: Found, name: str) -> Any:
    """The value of a property; None where it has none."""
    value: Any = cast(Found, trunk.get("properties") or {}).get(name)
    for key in ("value", "instance"):
        value = cast(Found, value).get(key) if isinstance(value, dict) else None
    return value


def _reached(proxies: Any) -> tuple[str, int | None]:
    """Host and port; of several hosts all are told, which is none that could be declared."""
    hosts = [str(each).lower() for each in cast(list[Any], proxies)] if isinstance(proxies, list) else []
    if len(hosts) != 1:
        return ", ".join(hosts), None
    host, _, port = hosts[0].rpartition(":") if ":" in hosts[0] else (hosts[0], "", "5061")
    return host, int(port) if port.isascii() and port.isdigit() else None


def live(api: Api, trunk: Found) -> Live:
    """A trunk as it stands, whoever made it."""
    host, port = _reached(_instance(trunk, _PROXIES))
    codecs: Any = _instance(trunk, _CODEC)
    ours = {theirs: codec for codec, theirs in _CODECS.items()}
    username = _instance(trunk, f"{_LOGIN}_username") or None
    inputs: Found = {
        "marker": trunk.get("name"),
        "site": api.site_name(str(cast(Found, trunk.get("inboundSite") or {}).get("id") or "")),
        "host": host,
        "port": port,
        "transport": _instance(trunk, _TRANSPORT),
        "srtp": bool(_instance(trunk, _SRTP)),
        "codecs": [ours.get(str(codec), codec) for codec in cast(list[Any], codecs or [])],
        **{field: "e164" if _instance(trunk, name) is True else "+e164" for field, name in _PLAIN.items()},
        "enabled": _instance(trunk, _ENABLED) is not False,
        "username": username,
    }
    if not username:
        inputs["password"] = None
    id = str(trunk.get("id") or "")
    return Live(id, inputs, {"trunk_id": id}, holder=f"trunk {id}", raw=trunk)
