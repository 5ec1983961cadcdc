"""The hosts that a connection sends calls to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field, model_validator

from providers.kernel.call_handling import CallHandling, Destination
from providers.kernel.object import Live, Object
from providers.kernel.spec import Spec
from providers.kernel.values import Host, Unknown, Whole
from providers.telnyx.api import Api, listed

#: SIP over TLS.
PORT = 5061


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
        return fields if fields.get("record") == "srv" or fields.get("port") else {**fields, "port": PORT}

    @model_validator(mode="after")
    def _port(self) -> FqdnSpec:
        if self.record == "srv" and self.port is not None:
            raise ValueError("record srv finds the port itself: leave port out")
        return self


class Fqdn(Object[Api, FqdnSpec]):
    """A connection's way to a host. Calls: /v2/fqdns. Changes in place: all but the connection."""

    kind = "Fqdn"
    spec: ClassVar[type[Spec]] = FqdnSpec
    replaces = frozenset({"connection_id"})
    references = frozenset({"connection_id"})
    outputs = ("fqdn_id",)

    def call_handling(self, inputs: Mapping[str, Any]) -> CallHandling:
        """Telnyx puts the dialled number before the host; the connection knows the transport."""
        port = inputs.get("port") or (None if inputs.get("record") == "srv" else PORT)
        uri = f"sip:{inputs.get('fqdn', '')}" + (f":{int(port)}" if port else "")
        return CallHandling(destinations=(Destination(uri, username=""),))

    def find(self, api: Api, spec: FqdnSpec, *, fresh: bool) -> Live | None:
        """The FQDN of this connection with this host and port."""
        if isinstance(spec.connection_id, Unknown):
            return None
        found = listed(lambda: api.client.fqdns.list(filter={"connection_id": spec.connection_id}))
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
