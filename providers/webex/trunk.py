"""A trunk of the stack's own at Webex Calling: its gateway registers, or is known by its certificate."""

from __future__ import annotations

import re
import secrets
import string
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any, ClassVar, cast

from pydantic import Field, model_validator

from providers.kernel import errors, operation, secrecy
from providers.kernel.call_handling import CallHandling
from providers.kernel.object import NAMED, Live, Object, Obstacle
from providers.kernel.spec import Spec
from providers.kernel.values import Host, Whole
from providers.webex.api import TRUNKS, Api, Found, given_back, trunk_path
from providers.webex.ways import Label, Name, fqdn, own_trunk

_LETTERS = string.ascii_letters + string.digits
#: How Webex counts what uses a trunk, and what each of it is called.
_USES = {
    "dialPlanCount": "dial plan",
    "routeGroupCount": "route group",
    "pstnConnectionCount": "PSTN connection",
    "callToExtensionCount": "call-to-extension setting",
}
#: How a trunk gives way to one that cannot stand beside it.
_MOVE = "remove its numbers, apply, add them again"
#: Another trunk has the FQDN and port, or the SRV record.
_TAKEN = "27571"
_REGISTERING, _CERTIFICATE_BASED = "REGISTERING", "CERTIFICATE_BASED"
#: Asks whether a certificate-based trunk can be; the second one is older.
_VALIDATE, _VALIDATE_FQDN = (f"{TRUNKS}/actions/{name}/invoke" for name in ("validate", "fqdnValidation"))


class TrunkSpec(Spec):
    """A trunk that a local gateway registers with, or where ``address`` is given one that is known by its certificate."""

    location: Name = Field(min_length=1, description="Name of the location that it belongs to, in Control Hub.")
    address: Label = Field("", description="The gateway's host name before the domain.")
    domain: Host = Field("", description="The domain, claimed and verified in Control Hub.")
    port: Whole | None = Field(None, ge=1, le=65535, description="Its port; left out: by an SRV record.")
    max_calls: Whole | None = Field(None, ge=1, description="How many calls at once.")
    device_type: Name = Field("", description="What the gateway is, as Control Hub lists it.")

    @model_validator(mode="after")
    def _one_kind(self) -> TrunkSpec:
        if len({bool(self.address), bool(self.domain), bool(self.max_calls)}) != 1:
            raise ValueError("address, domain and max_calls go together: they make a certificate-based trunk")
        if self.port and not self.address:
            raise ValueError("port: is of a certificate-based trunk: write address, domain and max_calls too")
        return self


class Trunk(Object[Api, TrunkSpec]):
    """A trunk of a local gateway. Ours is one by its name: ``xtel`` and 8 hex digits.

    Calls: /v1/telephony/config/premisePstn/trunks, trunks/{id}/usage, trunks/actions/validate/invoke, GET /v1/locations.
    Secrets: ``password``, made here: Webex shows it to nobody and wants it with every change, so one that is found without it
    gets another. Delete: the trunk, unless others use it: then it stays, under another name.
    """

    kind = "Trunk"
    spec: ClassVar[type[Spec]] = TrunkSpec
    replaces = frozenset({"location", "address", "domain", "port"})
    #: A trunk beside it could not have its FQDN, and what calls leave by is deleted by nobody.
    final = frozenset({"device_type"})
    outputs = (
        "trunk_id", "trunk_name", "password", "sip_username", "line_port", "otg_dtg_id", "outbound_proxy", NAMED,
    )  # fmt: skip
    secrets = ("password",)

    def call_handling(self, inputs: Mapping[str, Any]) -> CallHandling:
        """What leads to it is a dial plan, and what comes of it a gateway's."""
        return CallHandling()

    def find(self, api: Api, spec: TrunkSpec, *, fresh: bool) -> Live | None:
        """By its name, which is the marker; the list shows its location too."""
        found = api.trunks(_name(spec.canonical()))
        return _live(str(found[0]["id"]), found[0], spec.canonical()) if found else None

    def preflight(self, api: Api, spec: TrunkSpec) -> Obstacle | None:
        """The location must be there, and Webex must take the FQDN, as far as these credentials may ask that."""
        try:
            api.location(spec.location)
        except errors.NotFound as error:
            return Obstacle(error.reason, error.step)
        if spec.address:
            # A preview's credentials may be those of somebody who only reads; and neither call need be there.
            with suppress(errors.Denied, errors.NotFound, errors.Unsupported):
                try:
                    _validated(api, spec)
                except errors.CarrierError as error:
                    raise _taken(api, spec, error) from None
        return None

    def loss(self, paths: list[str]) -> str:
        """Of what kind its gateway is."""
        return f"Webex takes it only with a new trunk, and no two have one FQDN: {_MOVE}"

    def read(self, api: Api, id: str, state: Mapping[str, Any], *, fresh: bool) -> Live | None:
        """GET trunks/{id}."""
        return _live(id, api.ask(trunk_path(id)), state)

    def create(self, api: Api, spec: TrunkSpec) -> Live:
        """POST trunks. What else the gateway needs to know of it is in the look after it."""
        body = _named(spec, password := new_password())
        body |= {"locationId": api.location(spec.location), "trunkType": _kind(spec), **_of_certificate(spec)}
        try:
            id = str(api.send("POST", TRUNKS, **body).get("id") or "")
        except errors.CarrierError as error:
            raise _taken(api, spec, error) from None
        _to_be_connected(spec)
        return Live(id, {}, {"password": password})

    def update(self, api: Api, id: str, spec: TrunkSpec, state: Mapping[str, Any]) -> Live:
        """PUT trunks/{id} with its name, its limit, and as always the password."""
        known = str(state.get("password") or "")
        limit = {"maxConcurrentCalls": spec.max_calls} if spec.max_calls else {}
        api.send("PUT", trunk_path(id), **_named(spec, password := known or new_password()), **limit)
        if not known:
            _to_be_connected(spec)
        return Live(id, {}, {"password": password})

    def delete(self, api: Api, id: str, state: Mapping[str, Any]) -> None:
        """DELETE trunks/{id}."""
        api.send("DELETE", trunk_path(id))
        does = "has the certificate for" if state.get("address") else "registers with"
        operation.current().warn(f"the local gateway still {does} trunk {state.get('trunk_name') or id}")

    def carries(self, api: Api, id: str, state: Mapping[str, Any]) -> Iterable[str]:
        """Whatever uses it: our dial plans are gone before it."""
        return api.uses(trunk_path(id), _USES)

    def rename(self, api: Api, id: str, name: str, state: Mapping[str, Any]) -> str:
        """PUT trunks/{id} with a name that Webex takes: 24 letters, digits, underscores and blanks."""
        fitting = re.sub(r"[^A-Za-z0-9_ ]+", " ", name)[:24].strip()
        return given_back(
            fitting, id, lambda name: api.send("PUT", trunk_path(id), name=name, password=state["password"])
        )


def new_password() -> str:
    """24 letters and digits with a capital, a small letter, a digit and an underscore: about 130 bits."""
    secret = "".join(secrets.choice(_LETTERS) for _ in range(20))
    password = f"{secret}_{secrets.choice(string.ascii_uppercase)}{secrets.choice(string.ascii_lowercase)}"
    secrecy.register(password := password + secrets.choice(string.digits))
    return password


def _named(spec: TrunkSpec, password: str) -> Found:
    return {"name": _name(spec.canonical()), "password": password}


def _name(inputs: Mapping[str, Any]) -> str:
    """As this stack names it: by all that makes it another trunk."""
    return own_trunk(str(inputs.get("marker") or ""), str(inputs.get("location") or ""), fqdn(inputs))


def _kind(spec: TrunkSpec) -> str:
    return _CERTIFICATE_BASED if spec.address else _REGISTERING


def _of_certificate(spec: TrunkSpec) -> Found:
    """What only a certificate-based trunk is made with; without a port its address is an SRV record's."""
    given = {"address": spec.address, "domain": spec.domain, "port": spec.port, "maxConcurrentCalls": spec.max_calls}
    return {name: value for name, value in {**given, "deviceType": spec.device_type}.items() if value}


def _validated(api: Api, spec: TrunkSpec) -> None:
    """POST trunks/actions/validate/invoke, or where there is no such call yet …/fqdnValidation/invoke: changes nothing."""
    asked = {"Address": spec.address, "Domain": spec.domain, "Port": spec.port}
    given = {name: value for name, value in asked.items() if value}
    try:
        api.send("POST", _VALIDATE, **{f"fqdn{name}": value for name, value in given.items()}, trunkType=_kind(spec))
    except (errors.NotFound, errors.Unsupported):
        api.send("POST", _VALIDATE_FQDN, **{name.lower(): value for name, value in given.items()})


def _taken(api: Api, spec: TrunkSpec, error: errors.CarrierError) -> errors.CarrierError:
    """The refusal, told with the trunk that has the FQDN where it is the stack's own: that one has calls on it."""
    if error.code != _TAKEN:
        return error
    if not (location := _of_the_stack(api, spec)):
        return error
    return error.reworded(reason=f"{spec.address}.{spec.domain} is this stack's trunk in {location}", step=_MOVE)


def _of_the_stack(api: Api, spec: TrunkSpec) -> str:
    """The location of the stack's own trunk with this FQDN; empty where somebody else's has it."""
    given = spec.canonical()
    for trunk in api.listed(TRUNKS, "trunks"):
        location = str(cast(Found, trunk.get("location") or Found()).get("name") or "")
        if trunk.get("name") == _name({**given, "location": location}):
            return location
    return ""


def _to_be_connected(spec: TrunkSpec) -> None:
    trunk = _name(spec.canonical())
    if spec.address:
        operation.current().warn(
            f"someone must set the local gateway up for trunk {trunk}: its certificate is for {spec.address}.{spec.domain}"
        )
        return
    operation.current().warn(
        f"someone must connect the local gateway to trunk {trunk}, whose password is new: "
        "`pulumi stack export --show-secrets` has the outputs of webex:Trunk"
    )


def _live(id: str, trunk: Found, declared: Mapping[str, Any]) -> Live:
    """Its name is a hash: compared with what is declared it shows the marker, or stands for somebody else's.

    A partial answer (206) lacks the proxy or the status: what is known of it stays.
    """
    mark, name = str(declared.get("marker") or ""), trunk.get("name")
    ours = name == _name(declared)
    location, proxy = (cast(Found, trunk.get(part) or Found()) for part in ("location", "outboundProxy"))
    inputs = {"marker": mark if ours else name, "location": location.get("name"), **_certificate(trunk, declared)}
    values = {
        "trunk_id": id, "trunk_name": name, "sip_username": trunk.get("sipAuthenticationUserName"),
        "line_port": trunk.get("linePort"), "otg_dtg_id": trunk.get("otgDtgId"),
        "outbound_proxy": proxy.get("outboundProxy"),
    }  # fmt: skip
    return Live(id, inputs, {key: value for key, value in values.items() if value}, ours=ours, holder=f"trunk {name}")


def _certificate(trunk: Found, declared: Mapping[str, Any]) -> Found:
    """What a certificate-based trunk has; that of a list has nothing of it. A device type that nobody chose is Webex' own."""
    names = {"address": "address", "domain": "domain", "port": "port", "max_calls": "maxConcurrentCalls"}
    based = str(trunk.get("trunkType")).upper() == _CERTIFICATE_BASED
    seen = {name: (trunk.get(theirs) or None) if based else None for name, theirs in names.items()}
    return {**seen, "device_type": trunk.get("deviceType") if declared.get("device_type") else None}
