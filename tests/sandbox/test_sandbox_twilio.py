"""Twilio's two APIs on the wire: authentication, strictness, shapes, rules."""

from __future__ import annotations

import re
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import pytest

NUMBERS = "~/IncomingPhoneNumbers.json"
URL = {"Weight": "10", "Priority": "5", "Enabled": "true", "FriendlyName": "u", "SipUrl": "sip:sip.voice.x.ai"}


def trunk(sandbox, **form: str) -> str:
    answer = sandbox.twilio("POST", "/v1/Trunks", form)
    assert answer.status_code == 201, answer.text
    return f"/v1/Trunks/{answer.json()['sid']}"


def assert_refused(answer, status: int, code: int) -> None:
    """Twilio's one error body."""
    assert answer.status_code == status, answer.text
    body = answer.json()
    assert set(body) == {"code", "message", "more_info", "status"}
    assert (body["code"], body["status"]) == (code, status)
    assert body["more_info"].endswith(str(code))
    assert re.fullmatch(r"RQ[0-9a-f]{32}", answer.headers["twilio-request-id"])


# --- authentication -------------------------------------------------------------------------------------------------


def test_credentials(sandbox) -> None:
    sid, token = sandbox.env["TWILIO_ACCOUNT_SID"], sandbox.env["TWILIO_AUTH_TOKEN"]
    keyed = sandbox.control("GET", "env?auth=apikey")
    key, secret = keyed["TWILIO_API_KEY"], keyed["TWILIO_API_SECRET"]
    for path in ("/v1/Trunks", "~.json", NUMBERS):
        assert sandbox.twilio("GET", path, auth=(sid, token)).status_code == 200
        assert sandbox.twilio("GET", path, auth=(key, secret)).status_code == 200
        for wrong in ((sid, "x"), (sid, secret), (key, token), ("", ""), (sandbox.other["TWILIO_ACCOUNT_SID"], token)):
            assert_refused(sandbox.twilio("GET", path, auth=wrong), 401, 20003)
    for header in ({}, {"Authorization": "Basic !"}, {"Authorization": "Bearer x"}, {"Authorization": "Basic /w=="}):
        answer = sandbox.http.get("/v1/Trunks", headers=header)
        assert_refused(answer, 401, 20003)
        assert "Basic" in answer.headers["www-authenticate"]


def test_another_account_is_an_error_and_its_objects_do_not_exist(sandbox) -> None:
    path = trunk(sandbox)
    assert_refused(sandbox.twilio("GET", path, env=sandbox.other), 404, 20404)
    assert sandbox.twilio("GET", "/v1/Trunks", env=sandbox.other).json()["trunks"] == []
    assert sandbox.twilio("GET", NUMBERS, env=sandbox.other).json()["incoming_phone_numbers"] == []
    foreign = f"/2010-04-01/Accounts/{sandbox.other['TWILIO_ACCOUNT_SID']}"
    assert_refused(sandbox.twilio("GET", f"{foreign}.json"), 401, 20003)
    assert_refused(sandbox.twilio("GET", f"{foreign}/IncomingPhoneNumbers.json"), 401, 20003)


def test_account(sandbox) -> None:
    account = sandbox.twilio("GET", "~.json").json()
    assert account["sid"] == sandbox.env["TWILIO_ACCOUNT_SID"]
    assert (account["status"], account["type"]) == ("active", "Full")
    keyed = sandbox.control("GET", "env?auth=apikey")
    auth = (keyed["TWILIO_API_KEY"], keyed["TWILIO_API_SECRET"])
    sandbox.switch(twilio_key="standard")
    assert_refused(sandbox.twilio("GET", "~.json", auth=auth), 401, 20003)
    assert sandbox.twilio("GET", NUMBERS, auth=auth).status_code == 200


# --- strictness -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({"FriendlyNam": "x"}, 20001),
        ({"friendly_name": "x"}, 20001),
        ({"FriendlyName": "x" * 65}, 20001),
        ({"DomainName": "a.sip.twilio.com"}, 21244),
        ({"DomainName": "a_b.pstn.twilio.com"}, 21244),
        ({"DomainName": ".pstn.twilio.com"}, 21244),
        ({"DomainName": "sub.none.pstn.twilio.com"}, 21247),
        ({"DisasterRecoveryUrl": "ftp://x"}, 20001),
        ({"DisasterRecoveryMethod": "PUT"}, 20001),
        ({"TransferMode": "on"}, 20001),
        ({"TransferMode": ""}, 20001),
        ({"Secure": "yes"}, 20001),
        ({"Secure": ""}, 20001),
        ({"CnamLookupEnabled": "1"}, 20001),
        ({"TransferCallerId": "from-me"}, 20001),
        ({"SymmetricRtpEnabled": "true"}, 20001),
    ],
)
def test_trunk_parameters_are_checked(sandbox, form: dict[str, str], code: int) -> None:
    assert_refused(sandbox.twilio("POST", "/v1/Trunks", form), 400, code)
    path = trunk(sandbox)
    assert_refused(sandbox.twilio("POST", path, form), 400, code)
    assert len(sandbox.state()["twilio"]["trunks"]) == 1


def test_requests_are_form_encoded(sandbox) -> None:
    assert_refused(sandbox.twilio("POST", "/v1/Trunks", json={"FriendlyName": "x"}), 415, 20001)
    assert_refused(sandbox.twilio("POST", "/v1/Trunks", params={"FriendlyName": "x"}), 400, 20001)
    assert_refused(sandbox.twilio("POST", "/v1/Trunks", {"FriendlyName": ["a", "b"]}), 400, 20001)
    assert_refused(sandbox.twilio("GET", "/v1/Trunks", params={"Limit": "5"}), 400, 20001)
    assert_refused(sandbox.twilio("DELETE", trunk(sandbox), params={"Force": "1"}), 400, 20001)
    assert len(sandbox.state()["twilio"]["trunks"]) == 1


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("PUT", "/v1/Trunks", 405, 20004),
        ("PATCH", "~/IncomingPhoneNumbers.json", 405, 20004),
        ("GET", "/v1/Trunks/TK1", 404, 20404),
        ("GET", "/v1/Trunks/TK1/OriginationUrls", 404, 20404),
        ("POST", "/v1/Trunks/TK1/OriginationUrls", 404, 20404),
        ("GET", "/v1/Trunks/TK1/PhoneNumbers", 404, 20404),
        ("GET", "/v1/Trunks/TK1/Recording", 404, 20404),
        ("GET", "/v1/Trunks/TK1/Nothing", 404, 20404),
        ("GET", "~/IncomingPhoneNumbers/PN1.json", 404, 20404),
        ("DELETE", "~/IncomingPhoneNumbers/PN1.json", 404, 20404),
        ("GET", "~/IncomingPhoneNumbers", 404, 20404),
        ("GET", "~/Applications/AP1.json", 404, 20404),
        ("GET", "~/AvailablePhoneNumbers/FR/Local.json", 404, 20404),
    ],
)
def test_what_is_not_there(sandbox, method: str, path: str, status: int, code: int) -> None:
    before = sandbox.state()
    assert_refused(sandbox.twilio(method, path), status, code)
    assert sandbox.state() == before


# --- trunks ---------------------------------------------------------------------------------------------------------


def test_trunk_has_every_field_of_the_vendor(sandbox) -> None:
    answer = sandbox.twilio("POST", "/v1/Trunks", {"FriendlyName": "a", "DomainName": "Xai-A.pstn.twilio.com"})
    made = answer.json()
    assert set(made) == {
        *("sid", "account_sid", "domain_name", "disaster_recovery_method", "disaster_recovery_url", "friendly_name"),
        *("secure", "cnam_lookup_enabled", "symmetric_rtp_enabled", "recording", "transfer_mode"),
        *("transfer_caller_id", "auth_type", "auth_type_set", "date_created", "date_updated", "url", "links"),
    }
    assert re.fullmatch(r"TK[0-9a-f]{32}", made["sid"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", made["date_created"])
    assert (made["transfer_mode"], made["transfer_caller_id"]) == ("disable-all", "from-transferee")
    assert made["domain_name"] == "xai-a.pstn.twilio.com"
    for address in (made["url"], *made["links"].values()):
        assert address.startswith(sandbox.url)
    assert sandbox.http.get(made["url"], auth=auth(sandbox)).json() == made


def auth(sandbox) -> tuple[str, str]:
    return sandbox.env["TWILIO_ACCOUNT_SID"], sandbox.env["TWILIO_AUTH_TOKEN"]


def test_trunk_update_keeps_what_it_does_not_name(sandbox) -> None:
    path = trunk(sandbox, FriendlyName="a", Secure="true", DomainName="one.pstn.twilio.com")
    changed = sandbox.twilio("POST", path, {"TransferMode": "enable-all"}).json()
    assert (changed["friendly_name"], changed["secure"], changed["transfer_mode"]) == ("a", True, "enable-all")
    cleared = sandbox.twilio("POST", path, {"DomainName": "", "FriendlyName": ""}).json()
    assert (cleared["domain_name"], cleared["friendly_name"]) == (None, "")
    assert sandbox.twilio("POST", path).status_code == 200


def test_domain_names_are_unique_in_the_world(sandbox) -> None:
    path = trunk(sandbox, DomainName="one.pstn.twilio.com")
    for env in (sandbox.env, sandbox.other):
        form = {"DomainName": "ONE.pstn.twilio.com"}
        assert_refused(sandbox.twilio("POST", "/v1/Trunks", form, env=env), 400, 21245)
    assert sandbox.twilio("POST", path, {"DomainName": "one.pstn.twilio.com"}).status_code == 200
    child = trunk(sandbox, DomainName="sub.one.pstn.twilio.com")
    assert_refused(sandbox.twilio("DELETE", path), 400, 21247)
    assert_refused(sandbox.twilio("POST", path, {"DomainName": "two.pstn.twilio.com"}), 400, 21247)
    assert sandbox.twilio("DELETE", child).status_code == 204
    assert sandbox.twilio("DELETE", path).status_code == 204
    assert trunk(sandbox, DomainName="one.pstn.twilio.com")


def test_an_account_has_a_hundred_trunks(sandbox) -> None:
    seed = [{"friendly_name": f"t{n}"} for n in range(100)]
    sandbox.control("POST", "seed", {"twilio": {"trunks": seed}})
    assert_refused(sandbox.twilio("POST", "/v1/Trunks"), 400, 21248)
    assert sandbox.twilio("POST", "/v1/Trunks", env=sandbox.other).status_code == 201


def test_recording(sandbox) -> None:
    path = trunk(sandbox)
    assert sandbox.twilio("GET", f"{path}/Recording").json() == {"mode": "do-not-record", "trim": "do-not-trim"}
    changed = sandbox.twilio("POST", f"{path}/Recording", {"Mode": "record-from-answer-dual"})
    assert (changed.status_code, changed.json()["mode"]) == (200, "record-from-answer-dual")
    assert sandbox.twilio("GET", path).json()["recording"] == changed.json()
    assert_refused(sandbox.twilio("POST", f"{path}/Recording", {"Mode": "always"}), 400, 20001)


def test_delete_trunk(sandbox) -> None:
    path = trunk(sandbox)
    sandbox.twilio("POST", f"{path}/OriginationUrls", URL)
    number = sandbox.owned("+14155550100")["sid"]
    sandbox.twilio("POST", f"{path}/PhoneNumbers", {"PhoneNumberSid": number})
    assert_refused(sandbox.twilio("DELETE", path), 409, 21247)
    assert sandbox.twilio("DELETE", f"{path}/PhoneNumbers/{number}").status_code == 204
    gone = sandbox.twilio("DELETE", path)
    assert (gone.status_code, gone.content) == (204, b"")
    assert_refused(sandbox.twilio("DELETE", path), 404, 20404)
    assert sandbox.state()["twilio"]["origination_urls"] == []


# --- origination URLs -----------------------------------------------------------------------------------------------


def test_origination_url(sandbox) -> None:
    path = trunk(sandbox)
    answer = sandbox.twilio("POST", f"{path}/OriginationUrls", URL)
    made = answer.json()
    assert answer.status_code == 201
    assert set(made) == {
        *("sid", "account_sid", "trunk_sid", "weight", "priority", "enabled", "friendly_name", "sip_url"),
        *("date_created", "date_updated", "url"),
    }
    assert (made["weight"], made["priority"], made["enabled"]) == (10, 5, True)
    one = urlsplit(made["url"]).path
    assert sandbox.twilio("GET", one).json() == made
    changed = sandbox.twilio("POST", one, {"Enabled": "false", "Priority": "0"}).json()
    assert (changed["enabled"], changed["priority"], changed["weight"]) == (False, 0, 10)
    assert_refused(sandbox.twilio("GET", f"{trunk(sandbox)}/OriginationUrls/{made['sid']}"), 404, 20404)
    assert sandbox.twilio("DELETE", one).status_code == 204
    assert_refused(sandbox.twilio("DELETE", one), 404, 20404)


@pytest.mark.parametrize("missing", URL)
def test_origination_url_needs_all_five(sandbox, missing: str) -> None:
    form = {name: value for name, value in URL.items() if name != missing}
    answer = sandbox.twilio("POST", f"{trunk(sandbox)}/OriginationUrls", form)
    assert_refused(answer, 400, 20001)
    assert missing in answer.json()["message"]


@pytest.mark.parametrize(
    ("sip_url", "fine"),
    [
        ("sip:sip.voice.x.ai", True),
        ("sip:+14155550100@sip.voice.x.ai;transport=tls", True),
        ("sip:sip.voice.x.ai:5061;transport=TLS;edge=ashburn;region=us1", True),
        ("sip:+14155550999@192.0.2.1:5060", True),
        ("sip:[2001:db8::1]:5061", True),
        ("sips:sip.voice.x.ai", False),
        ("sip.voice.x.ai", False),
        ("https://sip.voice.x.ai", False),
        ("sip://sip.voice.x.ai", False),
        ("sip:", False),
        ("sip:sip.voice.x.ai?X-A=b", False),
        ("sip:sip.voice.x.ai;transport=quic", False),
        ("sip:sip.voice.x.ai:0", False),
        ("sip:sip.voice.x.ai:70000", False),
        ("sip:sip voice.x.ai", False),
        ("sip:-a.example", False),
        ("sip:1.2.3", False),
        ("sip:a@b@c", False),
        ("", False),
    ],
)
def test_sip_urls(sandbox, sip_url: str, fine: bool) -> None:
    answer = sandbox.twilio("POST", f"{trunk(sandbox)}/OriginationUrls", {**URL, "SipUrl": sip_url})
    assert (answer.status_code == 201) is fine
    if fine:
        assert answer.json()["sip_url"] == sip_url


@pytest.mark.parametrize(
    "wrong",
    [
        {"Weight": "0"},
        {"Weight": "65536"},
        {"Weight": "1.0"},
        {"Priority": "-1"},
        {"Priority": "65536"},
        {"Enabled": "on"},
        {"FriendlyName": ""},
        {"FriendlyName": "n" * 65},
    ],
)
def test_origination_url_ranges(sandbox, wrong: dict[str, str]) -> None:
    assert_refused(sandbox.twilio("POST", f"{trunk(sandbox)}/OriginationUrls", {**URL, **wrong}), 400, 20001)


def test_a_trunk_has_ten_origination_urls(sandbox) -> None:
    path = trunk(sandbox)
    seen = [sandbox.twilio("POST", f"{path}/OriginationUrls", URL).status_code for _ in range(11)]
    assert seen == [201] * 10 + [400]


# --- numbers --------------------------------------------------------------------------------------------------------


def test_number_has_the_shape_of_each_api(sandbox) -> None:
    number = sandbox.owned("+14155550100")
    assert re.fullmatch(r"PN[0-9a-f]{32}", number["sid"])
    assert number["friendly_name"] == "(415) 555-0100"
    assert (number["trunk_sid"], number["voice_application_sid"], number["status"]) == (None, "", "in-use")
    assert parsedate_to_datetime(number["date_created"]).tzinfo
    assert number["uri"].startswith("/2010-04-01/Accounts/AC")
    path = trunk(sandbox)
    shown = sandbox.twilio("POST", f"{path}/PhoneNumbers", {"PhoneNumberSid": number["sid"]}).json()
    assert (shown["sid"], shown["phone_number"]) == (number["sid"], "+14155550100")
    assert shown["date_created"].endswith("Z")
    assert "uri" not in shown
    assert shown["links"]["phone_number"].startswith(sandbox.url)
    assert sandbox.owned("+442079460022")["friendly_name"] == "+442079460022"


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("+14155550100", ["+14155550100"]),
        ("+1415555010*", ["+14155550101", "+14155550100"]),
        ("5550100", ["+14155550100"]),
        ("0101", ["+14155550101"]),
        ("+1***555", ["+12125550110", "+14155550101", "+14155550100"]),
        ("+999", []),
    ],
)
def test_numbers_are_found_by_any_part(sandbox, pattern: str, found: list[str]) -> None:
    numbers = sandbox.twilio("GET", NUMBERS, params={"PhoneNumber": pattern}).json()["incoming_phone_numbers"]
    assert [number["phone_number"] for number in numbers] == found


def test_other_filters(sandbox) -> None:
    def count(**filters: str) -> int:
        return len(sandbox.twilio("GET", NUMBERS, params=filters).json()["incoming_phone_numbers"])

    assert count(FriendlyName="(415) 555-0100") == 1
    assert count(FriendlyName="(415)") == 0
    assert count(Origin="hosted") == 0
    assert count(Beta="false") == 4
    assert_refused(sandbox.twilio("GET", NUMBERS + "?PhoneNumber=+1415"), 400, 21421)  # the + was not encoded


def test_trunk_and_application_drive_each_other_out(sandbox) -> None:
    tk = trunk(sandbox).rpartition("/")[2]
    ap = sandbox.twilio("POST", "~/Applications.json", {"FriendlyName": "a"}).json()["sid"]
    path = f"~/IncomingPhoneNumbers/{sandbox.owned('+14155550100')['sid']}.json"

    def update(**form: str) -> tuple[object, object]:
        number = sandbox.twilio("POST", path, form).json()
        return number["trunk_sid"], number["voice_application_sid"]

    assert update(VoiceApplicationSid=ap) == (None, ap)
    assert update(TrunkSid=tk) == (tk, "")
    assert update(VoiceApplicationSid=ap) == (None, ap)
    assert update(TrunkSid=tk) == (tk, "")
    assert update() == (tk, "")
    assert update(VoiceUrl="https://x.example") == (tk, "")
    assert update(TrunkSid="") == (None, "")
    assert sandbox.owned("+14155550100")["voice_url"] == "https://x.example"


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({"TrunkSid": "TK1"}, 20001),
        ({"TrunkSid": "TK" + "0" * 32}, 20001),
        ({"VoiceApplicationSid": "AP" + "0" * 32}, 21218),
        ({"AccountSid": "AC" + "f" * 32}, 20001),
        ({"PhoneNumber": "+14155550101"}, 20001),
        ({"VoiceUrl": "nowhere"}, 20001),
        ({"VoiceMethod": "get"}, 20001),
        ({"FriendlyName": "n" * 65}, 20001),
        ({"VoiceReceiveMode": "both"}, 20001),
    ],
)
def test_number_updates_are_checked(sandbox, form: dict[str, str], code: int) -> None:
    before = sandbox.owned("+14155550100")
    assert_refused(sandbox.twilio("POST", f"~/IncomingPhoneNumbers/{before['sid']}.json", form), 400, code)
    assert sandbox.owned("+14155550100") == before


def test_attach_moves_and_detach_keeps_the_number(sandbox) -> None:
    one, two = trunk(sandbox), trunk(sandbox)
    number = sandbox.owned("+14155550100")
    form = {"PhoneNumberSid": number["sid"]}
    assert sandbox.twilio("POST", f"{one}/PhoneNumbers", form).status_code == 201
    assert sandbox.twilio("POST", f"{one}/PhoneNumbers", form).status_code == 201
    assert sandbox.twilio("POST", f"{two}/PhoneNumbers", form).status_code == 201
    assert sandbox.twilio("GET", f"{one}/PhoneNumbers").json()["phone_numbers"] == []
    assert_refused(sandbox.twilio("GET", f"{one}/PhoneNumbers/{number['sid']}"), 404, 20404)
    assert_refused(sandbox.twilio("DELETE", f"{one}/PhoneNumbers/{number['sid']}"), 404, 20404)
    assert sandbox.twilio("GET", f"{two}/PhoneNumbers/{number['sid']}").status_code == 200
    assert sandbox.twilio("DELETE", f"{two}/PhoneNumbers/{number['sid']}").status_code == 204
    after = sandbox.owned("+14155550100")
    assert (after["trunk_sid"], after["voice_url"]) == (None, number["voice_url"])
    assert sandbox.state()["counters"]["releases"] == 0
    assert_refused(sandbox.twilio("POST", f"{one}/PhoneNumbers", {"PhoneNumberSid": "PN" + "0" * 32}), 404, 20404)
    assert_refused(sandbox.twilio("POST", f"{one}/PhoneNumbers", {"PhoneNumberSid": "+14155550100"}), 400, 20001)
    assert_refused(sandbox.twilio("POST", f"{one}/PhoneNumbers"), 400, 20001)


def test_buying(sandbox) -> None:
    search = sandbox.twilio(
        "GET", "~/AvailablePhoneNumbers/US/Local.json", params={"AreaCode": "617", "PageSize": "2"}
    ).json()
    offered = [offer["phone_number"] for offer in search["available_phone_numbers"]]
    assert [number[:5] for number in offered] == ["+1617", "+1617"]
    bought = sandbox.twilio("POST", NUMBERS, {"PhoneNumber": offered[0], "FriendlyName": "n"})
    assert (bought.status_code, bought.json()["friendly_name"]) == (201, "n")
    by_area = sandbox.twilio("POST", NUMBERS, {"AreaCode": "617"}).json()
    assert by_area["phone_number"] == offered[1]
    assert sandbox.state()["counters"]["purchases"] == 2
    again = sandbox.twilio("POST", NUMBERS, {"PhoneNumber": offered[0], "FriendlyName": "m"})
    assert (again.status_code, again.json()["sid"]) == (201, bought.json()["sid"])
    assert again.json()["friendly_name"] == "m"
    assert sandbox.state()["counters"]["purchases"] == 2


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({}, 20001),
        ({"PhoneNumber": "+16175550100", "AreaCode": "617"}, 20001),
        ({"PhoneNumber": "6175550100"}, 21421),
        ({"PhoneNumber": "+16172345678"}, 21422),
        ({"AreaCode": "17"}, 21451),
        ({"PhoneNumber": "+16175550100", "TrunkSid": "TK" + "0" * 32}, 20001),
        ({"PhoneNumber": "+16175550100", "AccountSid": "AC" + "0" * 32}, 20001),
    ],
)
def test_buying_is_checked(sandbox, form: dict[str, str], code: int) -> None:
    assert_refused(sandbox.twilio("POST", NUMBERS, form), 400, code)
    assert sandbox.state()["counters"]["purchases"] == 0


def test_a_released_number_may_be_gone_for_good(sandbox) -> None:
    number = sandbox.owned("+14155550100")
    path = f"~/IncomingPhoneNumbers/{number['sid']}.json"
    assert sandbox.twilio("DELETE", path).status_code == 204
    assert_refused(sandbox.twilio("DELETE", path), 404, 20404)
    assert_refused(sandbox.twilio("POST", NUMBERS, {"PhoneNumber": "+14155550100"}), 400, 21422)
    assert sandbox.state()["counters"] == {"purchases": 0, "releases": 1}


@pytest.mark.parametrize(
    ("path", "params", "starts"),
    [
        ("US/Local", {}, "+1415"),
        ("US/TollFree", {}, "+1800"),
        ("CA/Local", {}, "+1416"),
        ("GB/Local", {}, "+4420"),
        ("GB/Mobile", {}, "+447"),
        ("US/Local", {"Contains": "+1212"}, "+1212"),
    ],
)
def test_search(sandbox, path: str, params: dict[str, str], starts: str) -> None:
    found = sandbox.twilio("GET", f"~/AvailablePhoneNumbers/{path}.json", params=params).json()
    numbers = [offer["phone_number"] for offer in found["available_phone_numbers"]]
    assert 0 < len(numbers) <= 50
    assert all(number.startswith(starts) for number in numbers)
    assert not {"+14155550100", "+442079460022"} & set(numbers)


@pytest.mark.parametrize(("pattern", "ends"), [("0177$", "0177"), ("555***7", ""), ("555%77$", "77")])
def test_search_patterns(sandbox, pattern: str, ends: str) -> None:
    found = sandbox.twilio("GET", "~/AvailablePhoneNumbers/US/Local.json", params={"Contains": pattern}).json()
    assert found["available_phone_numbers"]
    assert all(offer["phone_number"].endswith(ends) for offer in found["available_phone_numbers"])


def test_search_is_checked(sandbox) -> None:
    path = "~/AvailablePhoneNumbers/US/Local.json"
    assert_refused(sandbox.twilio("GET", path, params={"Contains": "?"}), 400, 20001)
    assert_refused(sandbox.twilio("GET", path, params={"AreaCode": "x"}), 400, 20001)
    assert_refused(sandbox.twilio("GET", path, params={"Colour": "red"}), 400, 20001)
    fax = sandbox.twilio("GET", path, params={"FaxEnabled": "true"}).json()
    assert fax["available_phone_numbers"] == []


def test_applications(sandbox) -> None:
    form = {"FriendlyName": "a", "VoiceUrl": "https://x.example", "VoiceMethod": "GET"}
    made = sandbox.twilio("POST", "~/Applications.json", form)
    assert (made.status_code, made.json()["voice_url"], made.json()["sms_url"]) == (201, "https://x.example", None)
    sid = made.json()["sid"]
    assert re.fullmatch(r"AP[0-9a-f]{32}", sid)
    path = f"~/Applications/{sid}.json"
    assert sandbox.twilio("POST", path, {"VoiceMethod": "POST"}).json()["friendly_name"] == "a"
    listed = sandbox.twilio("GET", "~/Applications.json", params={"FriendlyName": "a"}).json()["applications"]
    assert [application["sid"] for application in listed] == [sid]
    assert_refused(sandbox.twilio("POST", path, {"VoiceMethod": "PUT"}), 400, 20001)
    number = f"~/IncomingPhoneNumbers/{sandbox.owned('+14155550100')['sid']}.json"
    sandbox.twilio("POST", number, {"VoiceApplicationSid": sid})
    assert sandbox.twilio("DELETE", path).status_code == 204
    assert sandbox.twilio("GET", number).json()["voice_application_sid"] == ""


# --- paging ---------------------------------------------------------------------------------------------------------


def test_v1_pages_are_linked_absolutely(sandbox) -> None:
    made = [trunk(sandbox).rpartition("/")[2] for _ in range(5)]
    page = sandbox.twilio("GET", "/v1/Trunks", params={"PageSize": "2"}).json()
    assert page["meta"]["first_page_url"] == page["meta"]["url"] == f"{sandbox.url}/v1/Trunks?PageSize=2&Page=0"
    assert (page["meta"]["page_size"], page["meta"]["key"], page["meta"]["page"]) == (2, "trunks", 0)
    assert page["meta"]["previous_page_url"] is None
    seen = [each["sid"] for each in page["trunks"]]
    while page["meta"]["next_page_url"]:
        last = page
        page = sandbox.http.get(page["meta"]["next_page_url"], auth=auth(sandbox)).json()
        back = sandbox.http.get(page["meta"]["previous_page_url"], auth=auth(sandbox)).json()
        assert back["trunks"] == last["trunks"]
        seen += [each["sid"] for each in page["trunks"]]
    assert seen == made[::-1]
    assert page["meta"]["page"] == 2


def test_pages_stand_deletions_in_between(sandbox) -> None:
    made = [trunk(sandbox) for _ in range(4)]
    page = sandbox.twilio("GET", "/v1/Trunks", params={"PageSize": "2"}).json()
    sandbox.twilio("DELETE", made[3])
    sandbox.twilio("DELETE", made[2])
    trunk(sandbox)
    rest = sandbox.http.get(page["meta"]["next_page_url"], auth=auth(sandbox)).json()["trunks"]
    assert [f"/v1/Trunks/{each['sid']}" for each in rest] == [made[1], made[0]]


def test_2010_pages_are_linked_relatively(sandbox) -> None:
    page = sandbox.twilio("GET", NUMBERS, params={"PageSize": "2", "PhoneNumber": "+1"}).json()
    assert (page["page"], page["page_size"], page["start"], page["end"]) == (0, 2, 0, 1)
    assert page["next_page_uri"].startswith("/2010-04-01/Accounts/AC")
    assert "PhoneNumber=%2B1" in page["next_page_uri"]
    rest = sandbox.http.get(page["next_page_uri"], auth=auth(sandbox)).json()
    assert [number["phone_number"] for number in rest["incoming_phone_numbers"]] == ["+14155550100"]
    assert (rest["next_page_uri"], rest["start"]) == (None, 2)


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"PageSize": "1001"}, 20007),
        ({"PageSize": "0"}, 20007),
        ({"PageSize": "x"}, 20007),
        ({"Page": "1"}, 20001),
        ({"PageToken": "nonsense"}, 20001),
    ],
)
def test_paging_is_checked(sandbox, params: dict[str, str], code: int) -> None:
    assert_refused(sandbox.twilio("GET", "/v1/Trunks", params=params), 400, code)
    assert_refused(sandbox.twilio("GET", NUMBERS, params=params), 400, code)


def test_empty_lists(sandbox) -> None:
    path = trunk(sandbox)
    for part, key in (("OriginationUrls", "origination_urls"), ("PhoneNumbers", "phone_numbers")):
        page = sandbox.twilio("GET", f"{path}/{part}").json()
        assert (page[key], page["meta"]["key"], page["meta"]["next_page_url"]) == ([], key, None)
