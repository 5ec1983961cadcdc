"""Objects that are simply there: nobody bought or made them through the API. Fields have the API's own names."""

from __future__ import annotations

from typing import Any

from sandbox.exchange import JsonObject, Seed, objects, only
from sandbox.twilio import forms, numbers, trunks
from sandbox.twilio.numbers import Applications, Numbers
from sandbox.twilio.trunks import Trunks

COLLECTIONS = ("trunks", "applications", "numbers")
TRUNK = {**trunks.TRUNK, **forms.fields(sid=forms.sid("TK"))}
# What a number can do is of its kind: no parameter of the API.
NUMBER = {**numbers.BUY, **forms.fields(voice=forms.flag)}
APPLICATION = {**numbers.APPLICATION, **forms.fields(sid=forms.sid("AP"))}


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)


def _values(raw: JsonObject, known: forms.Fields, required: tuple[str, ...] = ()) -> JsonObject:
    """Read by the same rules as a request, so that no state exists here which the API could not hold."""
    return forms.read(tuple((forms.pascal(name), _plain(value)) for name, value in raw.items()), known, required)


def fill(own_trunks: Trunks, own_numbers: Numbers, own_applications: Applications, document: Seed) -> None:
    only(document, COLLECTIONS, "collection")
    for raw in document.get("trunks", []):
        fields = {name: value for name, value in raw.items() if name != "origination_urls"}
        trunk = own_trunks.create(_values(fields, TRUNK))
        for url in objects(raw.get("origination_urls", []), "twilio.trunks.origination_urls"):
            own_trunks.add_url(trunk["sid"], _values(url, trunks.URL, trunks.URL_REQUIRED))
    for raw in document.get("applications", []):
        own_applications.create(_values(raw, APPLICATION))
    for raw in document.get("numbers", []):
        _number(own_numbers, own_applications, _values(raw, NUMBER))


def _number(own: Numbers, applications: Applications, wanted: JsonObject) -> None:
    e164 = wanted.get("phone_number", "")
    if not numbers.E164.fullmatch(e164):
        raise ValueError(f"twilio.numbers: phone_number {e164!r} is not E.164")
    if own.shelf.find(e164):
        raise ValueError(f"twilio.numbers: {e164} is owned already")
    application = wanted.get("voice_application_sid")
    if application and not applications.shelf.get(application):
        applications.create({"sid": application, "friendly_name": "seeded"})
    voice = wanted.pop("voice", True)
    own.seed(wanted, voice=voice)
