"""Objects that are simply there: nobody bought or made them through the API. Fields have the API's own names, but
numbers are E.164 with their plus, as in every vendor's seed."""

from __future__ import annotations

from sandbox import stock
from sandbox.exchange import Seed, only
from sandbox.plivo import numbers, zentrunk
from sandbox.plivo.numbers import Numbers
from sandbox.plivo.zentrunk import UUID, Shelves
from sandbox.shapes import Model, read, text

COLLECTIONS = ("applications", "uris", "credentials", "ipacls", "trunks", "numbers")
ID = text(1, 20, r"\d+", "expected digits")
APPLICATION: Model = {**numbers.APPLICATION, "app_id": ID}


def fill(own: Shelves, own_numbers: Numbers, document: Seed) -> None:
    """Read by the same rules as a request, so that no state exists here which the API could not hold."""
    only(document, COLLECTIONS, "collection")
    for raw in document.get("applications", []):
        own_numbers.applications.create(read(raw, APPLICATION, ("app_name",)))
    for raw in document.get("uris", []):
        own.put_uri(read(raw, {**zentrunk.URI, "uri_uuid": UUID}, ("uri",)))
    for raw in document.get("credentials", []):
        own.put(
            "credential_uuid", read(raw, {**zentrunk.CREDENTIAL, "credential_uuid": UUID}, ("username", "password"))
        )
    for raw in document.get("ipacls", []):
        own.put("ipacl_uuid", read(raw, {**zentrunk.IPACL, "ipacl_uuid": UUID}, ("ip_addresses",)))
    for raw in document.get("trunks", []):
        own.add_trunk(read(raw, {**zentrunk.TRUNK, "trunk_id": ID}, ("name", "trunk_direction")))
    for raw in document.get("numbers", []):
        number = read(raw, numbers.SEED, ("phone_number",))
        e164 = number.pop("phone_number")
        if not stock.E164.fullmatch(e164):
            raise ValueError(f"numbers: phone_number {e164!r} is not E.164")
        if own_numbers.shelf.get(e164[1:]):
            raise ValueError(f"numbers: {e164} is owned already")
        own_numbers.add(e164[1:], number)
