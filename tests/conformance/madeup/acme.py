"""Acme, a carrier that does not exist: how little a new carrier has to say."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Literal

from pydantic import Field

from providers.kernel import attachment, http, limits, paging
from providers.kernel.attachment import Held
from providers.kernel.capabilities import Table
from providers.kernel.object import Live, Object
from providers.kernel.route import CarrierRoute, Leg, Ref, RouteObject
from providers.kernel.spec import Spec
from providers.kernel.values import SipUri, Unknown
from providers.kernel.vendor import Carrier, Credential, Settings


class Api:
    def __init__(self, settings: Settings, limit: limits.Limit) -> None:
        self.key = settings["key"]
        headers = {"Authorization": f"Bearer {self.key}"}
        self.http = http.client(
            "acme", limit, base_url=settings.base_url or "https://api.acme.example", headers=headers
        )

    def ask(self, method: str, path: str, **body: Any) -> Any:
        answer = self.http.request(method, path, json=body or None)
        return answer.json() if answer.content else {}

    def lines(self) -> list[Any]:
        return paging.whole(lambda: self.ask("GET", "/lines"), "lines", key=lambda line: line["id"])


class LineSpec(Spec):
    target: SipUri = Field(description="Where the line's calls go.")


class Line(Object[Api, LineSpec]):
    """A line to a SIP URI."""

    kind, spec = "Line", LineSpec

    def find(self, api: Api, spec: LineSpec, *, fresh: bool) -> Live | None:
        return next((_line(line) for line in api.lines() if line["name"] == spec.marker), None)

    def read(self, api: Api, id: str, state: Mapping[str, Any], *, fresh: bool) -> Live | None:
        return _line(api.ask("GET", f"/lines/{id}"))

    def create(self, api: Api, spec: LineSpec) -> Live:
        return _line(api.ask("POST", "/lines", name=spec.marker, target=spec.target))

    def update(self, api: Api, id: str, spec: LineSpec, state: Mapping[str, Any]) -> Live:
        return _line(api.ask("PUT", f"/lines/{id}", name=spec.marker, target=spec.target))

    def delete(self, api: Api, id: str, state: Mapping[str, Any]) -> None:
        api.ask("DELETE", f"/lines/{id}")


def _line(line: Any) -> Live:
    return Live(line["id"], {"marker": line["name"], "target": line["target"]}, holder=f"line {line['id']}")


class LinkSpec(attachment.AttachmentSpec):
    line: str = Field(description="The line that gets its calls.")


class Link(attachment.Attachment[Api, LinkSpec]):
    """A number on a line."""

    kind, spec, references, link = "Link", LinkSpec, frozenset({"line"}), "line"
    outputs = ("attached_to", "previous")

    def held(self, api: Api, number: str, *, fresh: bool) -> Held:
        line = api.ask("GET", f"/numbers/{number}")["line"]
        return Held(
            number, line, {"phone_number": number, "line": line or None}, f"it is on line {line}" if line else ""
        )

    def ours(self, api: Api, held: Held, spec: LinkSpec) -> bool:
        return held.by == spec.line or (isinstance(spec.line, Unknown) and bool(held.by))

    def to(self, spec: LinkSpec) -> str:
        return spec.line

    def attach(self, api: Api, id: str, spec: LinkSpec) -> None:
        api.ask("PUT", f"/numbers/{id}", line=spec.line)

    def there(self, api: Api, previous: Mapping[str, str]) -> bool:
        return any(line["id"] == previous["line"] for line in api.lines())

    def put_back(self, api: Api, held: Held, previous: Mapping[str, str]) -> None:
        api.ask("PUT", f"/numbers/{held.id}", line=previous["line"])

    def detach(self, api: Api, held: Held, state: Mapping[str, Any]) -> None:
        api.ask("PUT", f"/numbers/{held.id}", line="")


class Route(CarrierRoute):
    """A line of its own."""

    carrier: Literal["acme"] = Field("acme", description="Acme.")

    def objects(self, leg: Leg) -> tuple[RouteObject, ...]:
        link = {"phone_number": leg.number, "line": Ref("line", "id"), "take_over": leg.take_over}
        return (RouteObject("line", "Line", {"target": str(leg.target)}), RouteObject("link", "Link", link, last=True))


CARRIER = Carrier[Api](
    name="acme", title="Acme", credentials=(Credential("key", "ACME_KEY", "acme:key"),), base_url_env="ACME_BASE_URL",
    objects=(Line, Link), connect=Api, account=lambda api: str(api.ask("GET", "/account")["id"]), route=Route,
    ranges=(Table("acme", date(2026, 11, 21), "acme.example", ("203.0.113.0/28",)),),
)  # fmt: skip
