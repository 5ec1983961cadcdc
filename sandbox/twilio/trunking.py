"""trunking.twilio.com/v1 over HTTP. POST creates and updates; a DELETE is answered with 204 and no body."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sandbox.exchange import Answer, JsonObject, json_answer
from sandbox.twilio import forms, pages, trunks, view
from sandbox.twilio.asked import Asked, Endpoint

TRUNK = "/v1/Trunks/{trunk}"


def _page(asked: Asked, key: str, found: Sequence[tuple[int, JsonObject]], show: Callable[..., JsonObject]) -> Answer:
    page = pages.asked(asked.call)
    part = pages.cut(found, page)
    shown = [show(item, asked.call.origin) for item in part.items]
    return json_answer(200, pages.v1(asked.call, key, page, part, shown))


def list_trunks(asked: Asked) -> Answer:
    return _page(asked, "trunks", asked.trunks.shelf.placed(), view.trunk)


def create_trunk(asked: Asked) -> Answer:
    trunk = asked.trunks.create(forms.form(asked.call, trunks.TRUNK))
    return json_answer(201, view.trunk(trunk, asked.call.origin))


def fetch_trunk(asked: Asked, sid: str) -> Answer:
    return json_answer(200, view.trunk(asked.trunks.get(sid), asked.call.origin))


def update_trunk(asked: Asked, sid: str) -> Answer:
    asked.trunks.get(sid)
    trunk = asked.trunks.update(sid, forms.form(asked.call, trunks.TRUNK))
    return json_answer(200, view.trunk(trunk, asked.call.origin))


def delete_trunk(asked: Asked, sid: str) -> Answer:
    asked.trunks.delete(sid)
    return Answer(204)


def fetch_recording(asked: Asked, sid: str) -> Answer:
    return json_answer(200, asked.trunks.get(sid)["recording"])


def update_recording(asked: Asked, sid: str) -> Answer:
    asked.trunks.get(sid)
    return json_answer(200, asked.trunks.record(sid, forms.form(asked.call, trunks.RECORDING)))


def list_urls(asked: Asked, trunk: str) -> Answer:
    asked.trunks.get(trunk)
    found = [(position, url) for position, url in asked.trunks.urls.placed() if url["trunk_sid"] == trunk]
    return _page(asked, "origination_urls", found, view.origination)


def create_url(asked: Asked, trunk: str) -> Answer:
    asked.trunks.get(trunk)
    url = asked.trunks.add_url(trunk, forms.form(asked.call, trunks.URL, trunks.URL_REQUIRED))
    return json_answer(201, view.origination(url, asked.call.origin))


def fetch_url(asked: Asked, trunk: str, sid: str) -> Answer:
    return json_answer(200, view.origination(asked.trunks.url(trunk, sid), asked.call.origin))


def update_url(asked: Asked, trunk: str, sid: str) -> Answer:
    asked.trunks.url(trunk, sid)
    url = asked.trunks.change_url(trunk, sid, forms.form(asked.call, trunks.URL))
    return json_answer(200, view.origination(url, asked.call.origin))


def delete_url(asked: Asked, trunk: str, sid: str) -> Answer:
    asked.trunks.remove_url(trunk, sid)
    return Answer(204)


def list_attached(asked: Asked, trunk: str) -> Answer:
    asked.trunks.get(trunk)
    return _page(asked, "phone_numbers", asked.numbers.attached(trunk), view.trunk_number)


def attach(asked: Asked, trunk: str) -> Answer:
    asked.trunks.get(trunk)
    wanted = forms.form(asked.call, forms.fields(phone_number_sid=forms.sid("PN")), ("PhoneNumberSid",))
    number = asked.numbers.attach(trunk, wanted["phone_number_sid"])
    return json_answer(201, view.trunk_number(number, asked.call.origin))


def fetch_attached(asked: Asked, trunk: str, sid: str) -> Answer:
    asked.trunks.get(trunk)
    return json_answer(200, view.trunk_number(asked.numbers.on_trunk(trunk, sid), asked.call.origin))


def detach(asked: Asked, trunk: str, sid: str) -> Answer:
    asked.trunks.get(trunk)
    asked.numbers.detach(trunk, sid)
    return Answer(204)


def list_credential_lists(asked: Asked, trunk: str) -> Answer:
    return _page(asked, "credential_lists", asked.trunks.termination(trunk, "CREDENTIAL_LIST"), view.termination)


def add_credential_list(asked: Asked, trunk: str) -> Answer:
    wanted = forms.form(asked.call, forms.fields(credential_list_sid=forms.sid("CL")), ("CredentialListSid",))
    made = asked.trunks.terminate(trunk, "CREDENTIAL_LIST", wanted["credential_list_sid"])
    return json_answer(201, view.termination(made, asked.call.origin))


def list_access_lists(asked: Asked, trunk: str) -> Answer:
    return _page(asked, "ip_access_control_lists", asked.trunks.termination(trunk, "IP_ACL"), view.termination)


def add_access_list(asked: Asked, trunk: str) -> Answer:
    wanted = forms.form(
        asked.call, forms.fields(ip_access_control_list_sid=forms.sid("AL")), ("IpAccessControlListSid",)
    )
    made = asked.trunks.terminate(trunk, "IP_ACL", wanted["ip_access_control_list_sid"])
    return json_answer(201, view.termination(made, asked.call.origin))


ROUTES: list[tuple[str, str, Endpoint]] = [
    ("GET", "/v1/Trunks", list_trunks),
    ("POST", "/v1/Trunks", create_trunk),
    ("GET", TRUNK, fetch_trunk),
    ("POST", TRUNK, update_trunk),
    ("DELETE", TRUNK, delete_trunk),
    ("GET", f"{TRUNK}/Recording", fetch_recording),
    ("POST", f"{TRUNK}/Recording", update_recording),
    ("GET", f"{TRUNK}/OriginationUrls", list_urls),
    ("POST", f"{TRUNK}/OriginationUrls", create_url),
    ("GET", f"{TRUNK}/OriginationUrls/{{sid}}", fetch_url),
    ("POST", f"{TRUNK}/OriginationUrls/{{sid}}", update_url),
    ("DELETE", f"{TRUNK}/OriginationUrls/{{sid}}", delete_url),
    ("GET", f"{TRUNK}/CredentialLists", list_credential_lists),
    ("POST", f"{TRUNK}/CredentialLists", add_credential_list),
    ("GET", f"{TRUNK}/IpAccessControlLists", list_access_lists),
    ("POST", f"{TRUNK}/IpAccessControlLists", add_access_list),
    ("GET", f"{TRUNK}/PhoneNumbers", list_attached),
    ("POST", f"{TRUNK}/PhoneNumbers", attach),
    ("GET", f"{TRUNK}/PhoneNumbers/{{sid}}", fetch_attached),
    ("DELETE", f"{TRUNK}/PhoneNumbers/{{sid}}", detach),
]
