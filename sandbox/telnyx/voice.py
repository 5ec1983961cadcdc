"""Connections, FQDNs and outbound voice profiles over HTTP."""

from __future__ import annotations

from sandbox.exchange import Answer, JsonObject, json_answer
from sandbox.shapes import Model
from sandbox.telnyx import fields, pages, profiles, view
from sandbox.telnyx.asked import Asked, Endpoint, data
from sandbox.telnyx.connections import FQDN, FQDN_REQUIRED, MASK
from sandbox.telnyx.pages import Page

CONNECTIONS: pages.Filters = {
    "connection_name][contains": pages.three,
    "fqdn": str,
    "outbound_voice_profile_id": str,
}
SORTS = ("created_at", "connection_name", "active")


def _page(asked: Asked) -> Page:
    """The OpenAPI file names created_at as the default order and says, beside it, that it is descending."""
    return pages.asked(asked.call, pages.List(CONNECTIONS, SORTS, "-created_at", pages.MAX_SIZE))


def _matching(asked: Asked, found: list[JsonObject], page: Page) -> list[JsonObject]:
    """Names match without case and anywhere, host names whole and with case."""
    name, fqdn, profile = (page.filters.get(each) for each in CONNECTIONS)
    holders = {each["connection_id"] for each in asked.connections.fqdns.all() if each["fqdn"] == fqdn}
    return [
        connection
        for connection in found
        if (name is None or name.lower() in connection["connection_name"].lower())
        and (fqdn is None or connection["id"] in holders)
        and profile in (None, connection["outbound"].get("outbound_voice_profile_id"))
    ]


def list_fqdn_connections(asked: Asked) -> Answer:
    page = _page(asked)
    found = _matching(asked, asked.connections.shelf.all(), page)
    return json_answer(200, pages.cut([view.connection(each) for each in found], page))


def create_fqdn_connection(asked: Asked) -> Answer:
    connection = asked.connections.create(asked.body(fields.CREATE, ("connection_name",)))
    login = asked.connections.passwords.get(connection["id"]) or {}
    return data(201, view.connection(connection, login.get("password", MASK)))


def retrieve_fqdn_connection(asked: Asked, id: str) -> Answer:
    return data(200, view.connection(asked.connections.get(id)))


def update_fqdn_connection(asked: Asked, id: str) -> Answer:
    asked.connections.get(id)
    return data(200, view.connection(asked.connections.update(id, asked.body(fields.UPDATE))))


def delete_fqdn_connection(asked: Asked, id: str) -> Answer:
    return data(200, view.connection(asked.connections.delete(id)))


def list_credential_connections(asked: Asked) -> Answer:
    page = _page(asked)
    found = _matching(asked, asked.kinds.credentials.all(), page)
    return json_answer(200, pages.cut([view.connection(each) for each in found], page))


def retrieve_credential_connection(asked: Asked, id: str) -> Answer:
    return data(200, view.connection(asked.kinds.credential(id)))


def list_connections(asked: Asked) -> Answer:
    """Unverified: whether Call Control applications are among them. They are not: see `retrieve_connection`."""
    page = _page(asked)
    found = _matching(asked, [*asked.connections.shelf.all(), *asked.kinds.credentials.all()], page)
    return json_answer(200, pages.cut([view.summary(each) for each in found], page))


def retrieve_connection(asked: Asked, id: str) -> Answer:
    """Unverified: ids of Call Control applications, which share the space of ids. 404 is the awkward reading: who
    wants to say what a number belongs to must be ready for no answer."""
    connection = asked.connections.shelf.get(id) or asked.kinds.credential(id)
    return data(200, view.summary(connection))


def list_applications(asked: Asked) -> Answer:
    filters: pages.Filters = {"application_name][contains": pages.three, "outbound_voice_profile_id": str}
    page = pages.asked(asked.call, pages.List(filters, SORTS, "created_at"))
    name = page.filters.get("application_name][contains", "").lower()
    found = [each for each in asked.kinds.applications.all() if name in each["application_name"].lower()]
    if "outbound_voice_profile_id" in page.filters:
        found = []  # none here has one
    return json_answer(200, pages.cut(found, page))


def retrieve_application(asked: Asked, id: str) -> Answer:
    return data(200, asked.kinds.application(id))


def list_fqdns(asked: Asked) -> Answer:
    filters: pages.Filters = {
        "connection_id": str,
        "fqdn": str,
        "dns_record_type": str,
        "port": pages.whole(1, 65535),
    }
    page = pages.asked(asked.call, pages.List(filters, size=pages.MAX_SIZE))
    found = [
        fqdn
        for fqdn in asked.connections.fqdns.all()
        if all(fqdn.get(name) == value for name, value in page.filters.items())
    ]
    return json_answer(200, pages.cut(found, page))


def create_fqdn(asked: Asked) -> Answer:
    return data(201, asked.connections.add_fqdn(asked.body(FQDN, FQDN_REQUIRED)))


def retrieve_fqdn(asked: Asked, id: str) -> Answer:
    return data(200, asked.connections.fqdn(id))


def update_fqdn(asked: Asked, id: str) -> Answer:
    asked.connections.fqdn(id)
    return data(200, asked.connections.change_fqdn(id, asked.body(FQDN)))


def delete_fqdn(asked: Asked, id: str) -> Answer:
    return data(200, asked.connections.remove_fqdn(id))


PROFILE_SORTS = ("enabled", "created_at", "name", "service_plan", "traffic_type", "usage_payment_method")
PROFILE: Model = profiles.PROFILE


def list_profiles(asked: Asked) -> Answer:
    page = pages.asked(asked.call, pages.List({"name][contains": str}, PROFILE_SORTS, "-created_at"))
    name = page.filters.get("name][contains", "").lower()
    found = [profile for profile in asked.profiles.all() if name in profile["name"].lower()]
    return json_answer(200, pages.cut(found, page))


def create_profile(asked: Asked) -> Answer:
    return data(200, asked.profiles.create(asked.body(PROFILE, ("name",))))  # 200, says the OpenAPI file


def retrieve_profile(asked: Asked, id: str) -> Answer:
    return data(200, asked.profiles.get(id))


def update_profile(asked: Asked, id: str) -> Answer:
    asked.profiles.get(id)
    return data(200, asked.profiles.update(id, asked.body(PROFILE, ("name",))))


def delete_profile(asked: Asked, id: str) -> Answer:
    return data(200, asked.profiles.delete(id))


ROUTES: list[tuple[str, str, Endpoint]] = [
    ("GET", "/v2/fqdn_connections", list_fqdn_connections),
    ("POST", "/v2/fqdn_connections", create_fqdn_connection),
    ("GET", "/v2/fqdn_connections/{id}", retrieve_fqdn_connection),
    ("PATCH", "/v2/fqdn_connections/{id}", update_fqdn_connection),
    ("DELETE", "/v2/fqdn_connections/{id}", delete_fqdn_connection),
    ("GET", "/v2/credential_connections", list_credential_connections),
    ("GET", "/v2/credential_connections/{id}", retrieve_credential_connection),
    ("GET", "/v2/connections", list_connections),
    ("GET", "/v2/connections/{id}", retrieve_connection),
    ("GET", "/v2/call_control_applications", list_applications),
    ("GET", "/v2/call_control_applications/{id}", retrieve_application),
    ("GET", "/v2/fqdns", list_fqdns),
    ("POST", "/v2/fqdns", create_fqdn),
    ("GET", "/v2/fqdns/{id}", retrieve_fqdn),
    ("PATCH", "/v2/fqdns/{id}", update_fqdn),
    ("DELETE", "/v2/fqdns/{id}", delete_fqdn),
    ("GET", "/v2/outbound_voice_profiles", list_profiles),
    ("POST", "/v2/outbound_voice_profiles", create_profile),
    ("GET", "/v2/outbound_voice_profiles/{id}", retrieve_profile),
    ("PATCH", "/v2/outbound_voice_profiles/{id}", update_profile),
    ("DELETE", "/v2/outbound_voice_profiles/{id}", delete_profile),
]
