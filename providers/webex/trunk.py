"""A trunk of the stack's own at Webex Calling, for a local gateway that registers; its password is made here."""

from __future__ import annotations

import re
import secrets
import string
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, cast

from pydantic import Field

from providers.kernel import errors, operation, secrecy
from providers.kernel.call_handling import CallHandling
from providers.kernel.object import NAMED, Live, Object, Obstacle
from providers.kernel.spec import Spec
from providers.webex.api import TRUNKS, Api, Found, own_name, trunk_path
from providers.webex.dial_plan import Name

_LETTERS = string.ascii_letters + string.digits
#: How Webex counts what uses a trunk, and what each of it is called.
_USES = {
    "dialPlanCount": "dial plan",
    "routeGroupCount": "route group",
    "pstnConnectionCount": "location's PSTN connection",
    "callToExtensionCount": "location's calls to extensions",
}


class TrunkSpec(Spec):
    """A trunk that a local gateway registers with."""

    location: Name = Field(min_length=1, description="Name of the location that it belongs to, in Control Hub.")


class Trunk(Object[Api, TrunkSpec]):
    """A registering trunk (CUBE). Ours is one by its name: ``xtel`` and 8 hex digits.

    Calls: /v1/telephony/config/premisePstn/trunks, trunks/{id}/usage, GET /v1/locations. Secrets: ``password``, made here:
    Webex shows it to nobody and wants it with every change, so one that is found without it gets another. Delete: the trunk,
    unless others use it: then it stays, under another name.
    """

    kind = "Trunk"
    spec: ClassVar[type[Spec]] = TrunkSpec
    replaces = frozenset({"location"})
    outputs = (
        "trunk_id", "trunk_name", "password", "sip_username", "line_port", "otg_dtg_id", "outbound_proxy", NAMED,
    )  # fmt: skip
    secrets = ("password",)

    def call_handling(self, inputs: Mapping[str, Any]) -> CallHandling:
        """What leads to it is a dial plan, and what comes of it a gateway's."""
        return CallHandling()

    def find(self, api: Api, spec: TrunkSpec, *, fresh: bool) -> Live | None:
        """By its name, which is the marker; the list shows its location too."""
        found = api.trunks(own_name(spec.marker, spec.location))
        return _live(str(found[0]["id"]), found[0], spec.canonical()) if found else None

    def preflight(self, api: Api, spec: TrunkSpec) -> Obstacle | None:
        """The location must be there."""
        try:
            api.location(spec.location)
        except errors.NotFound as error:
            return Obstacle(error.reason, error.step)
        return None

    def read(self, api: Api, id: str, state: Mapping[str, Any], *, fresh: bool) -> Live | None:
        """GET trunks/{id}."""
        return _live(id, api.ask(trunk_path(id)), state)

    def create(self, api: Api, spec: TrunkSpec) -> Live:
        """POST trunks. What else the gateway needs to know of it is in the look after it."""
        body = _named(spec, password := new_password())
        body |= {"locationId": api.location(spec.location), "trunkType": "REGISTERING"}
        id = str(api.send("POST", TRUNKS, **body).get("id") or "")
        _to_be_connected(spec)
        return Live(id, {}, {"password": password})

    def update(self, api: Api, id: str, spec: TrunkSpec, state: Mapping[str, Any]) -> Live:
        """PUT trunks/{id} with its name and, as always, the password."""
        known = str(state.get("password") or "")
        api.send("PUT", trunk_path(id), **_named(spec, password := known or new_password()))
        if not known:
            _to_be_connected(spec)
        return Live(id, {}, {"password": password})

    def delete(self, api: Api, id: str, state: Mapping[str, Any]) -> None:
        """DELETE trunks/{id}."""
        api.send("DELETE", trunk_path(id))
        operation.current().warn(f"the local gateway still registers with trunk {state.get('trunk_name') or id}")

    def carries(self, api: Api, id: str, state: Mapping[str, Any]) -> Iterable[str]:
        """Whatever uses it: our dial plans are gone before it."""
        usage = api.ask(f"{trunk_path(id)}/usage")
        for name, what in _USES.items():
            count = usage.get(name)
            if not isinstance(count, int):
                raise errors.Unavailable(f"the answer does not say how many use it: {name}")
            if count:
                yield f"the calls of {count} {what}"

    def rename(self, api: Api, id: str, name: str, state: Mapping[str, Any]) -> str:
        """PUT trunks/{id} with a name that Webex takes: 24 letters, digits, underscores and blanks."""
        fitting = re.sub(r"[^A-Za-z0-9_ ]+", " ", name)[:24].strip()
        api.send("PUT", trunk_path(id), name=fitting, password=state["password"])
        return fitting


def new_password() -> str:
    """24 letters and digits with a capital, a small letter, a digit and an underscore: about 130 bits."""
    secret = "".join(secrets.choice(_LETTERS) for _ in range(20))
    password = f"{secret}_{secrets.choice(string.ascii_uppercase)}{secrets.choice(string.ascii_lowercase)}"
    secrecy.register(password := password + secrets.choice(string.digits))
    return password


def _named(spec: TrunkSpec, password: str) -> Found:
    return {"name": own_name(spec.marker, spec.location), "password": password}


def _to_be_connected(spec: TrunkSpec) -> None:
    operation.current().warn(
        f"someone must connect the local gateway to trunk {own_name(spec.marker, spec.location)}, whose password is new: "
        "`pulumi stack export --show-secrets` has the outputs of webex:Trunk"
    )


def _live(id: str, trunk: Found, declared: Mapping[str, Any]) -> Live:
    """Its name is a hash: compared with what is declared it shows the marker, or stands for somebody else's.

    A partial answer (206) lacks the proxy or the status: what is known of it stays.
    """
    mark, name = str(declared.get("marker") or ""), trunk.get("name")
    ours = name == own_name(mark, str(declared.get("location") or ""))
    location, proxy = (cast(Found, trunk.get(part) or Found()) for part in ("location", "outboundProxy"))
    inputs = {"marker": mark if ours else name, "location": location.get("name")}
    values = {
        "trunk_id": id, "trunk_name": name, "sip_username": trunk.get("sipAuthenticationUserName"),
        "line_port": trunk.get("linePort"), "otg_dtg_id": trunk.get("otgDtgId"),
        "outbound_proxy": proxy.get("outboundProxy"),
    }  # fmt: skip
    return Live(id, inputs, {key: value for key, value in values.items() if value}, ours=ours, holder=f"trunk {name}")
