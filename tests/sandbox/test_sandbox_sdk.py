"""The vendor's own SDK against the sandbox: what it sends is taken, what it gets it can read."""

from __future__ import annotations

from datetime import datetime

import pytest
from twilio.base.exceptions import TwilioException, TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client


def connect(sandbox, user: str, password: str, account: str | None = None) -> Client:
    client = Client(user, password, account, http_client=TwilioHttpClient(timeout=5))
    client.trunking.base_url = sandbox.url
    client.api.base_url = sandbox.url
    return client


@pytest.fixture
def twilio(sandbox) -> Client:
    return connect(sandbox, sandbox.env["TWILIO_ACCOUNT_SID"], sandbox.env["TWILIO_AUTH_TOKEN"])


def test_a_route_from_beginning_to_end(sandbox, twilio: Client) -> None:
    (number,) = twilio.incoming_phone_numbers.list(phone_number="+14155550100")
    trunk = twilio.trunking.v1.trunks.create(
        friendly_name="xtel/demo/dev/+14155550100",
        transfer_mode="enable-all",
        secure=True,
        cnam_lookup_enabled=False,
        domain_name="xtel-demo.pstn.twilio.com",
        disaster_recovery_url="https://x.example/fallback",
        disaster_recovery_method="POST",
        transfer_caller_id="from-transferor",
    )
    assert isinstance(trunk.date_created, datetime)
    it = twilio.trunking.v1.trunks(trunk.sid)
    url = it.origination_urls.create(10, 10, True, "xai", "sip:+14155550100@sip.voice.x.ai;transport=tls")
    assert (url.weight, url.enabled) == (10, True)
    assert it.origination_urls(url.sid).update(enabled=False).enabled is False
    attached = it.phone_numbers.create(number.sid)
    assert (attached.phone_number, attached.trunk_sid) == ("+14155550100", trunk.sid)
    assert [each.sid for each in it.phone_numbers.list()] == [number.sid]
    assert twilio.incoming_phone_numbers(number.sid).fetch().trunk_sid == trunk.sid
    assert it.recordings().update(mode="record-from-ringing", trim="trim-silence").mode == "record-from-ringing"
    assert it.recordings().fetch().trim == "trim-silence"
    assert it.update(friendly_name="other").transfer_mode == "enable-all"

    assert it.phone_numbers(number.sid).delete()
    assert it.origination_urls(url.sid).delete()
    assert it.delete()
    with pytest.raises(TwilioRestException) as gone:
        it.fetch()
    assert (gone.value.status, gone.value.code) == (404, 20404)


def test_detaching_through_the_number(sandbox, twilio: Client) -> None:
    (number,) = twilio.incoming_phone_numbers.list(phone_number="+14155550100")
    trunk = twilio.trunking.v1.trunks.create(friendly_name="a")
    assert twilio.incoming_phone_numbers(number.sid).update(trunk_sid=trunk.sid).trunk_sid == trunk.sid
    # None is dropped by the SDK, an empty string is sent: only the second detaches.
    assert twilio.incoming_phone_numbers(number.sid).update(trunk_sid=None).trunk_sid == trunk.sid
    assert twilio.incoming_phone_numbers(number.sid).update(trunk_sid="").trunk_sid is None


def test_lists_are_followed_to_their_end(sandbox, twilio: Client) -> None:
    sandbox.control("POST", "seed", {"twilio": {"trunks": [{"friendly_name": f"t{n}"} for n in range(7)]}})
    names = [trunk.friendly_name for trunk in twilio.trunking.v1.trunks.list(page_size=3)]
    assert sorted(names) == [f"t{n}" for n in range(7)]
    assert len(twilio.incoming_phone_numbers.list(page_size=1)) == 4
    assert len(twilio.incoming_phone_numbers.list(page_size=1, phone_number="+1415")) == 2


def test_search_buy_release(sandbox, twilio: Client) -> None:
    offers = twilio.available_phone_numbers("US").local.list(area_code=512, voice_enabled=True, limit=3)
    bought = twilio.incoming_phone_numbers.create(phone_number=offers[0].phone_number, voice_url="https://x.example")
    assert bought.status == "in-use"
    assert twilio.available_phone_numbers("US").toll_free.list(limit=1)
    assert twilio.available_phone_numbers("GB").mobile.list(limit=1)
    assert twilio.incoming_phone_numbers(bought.sid).delete()
    assert sandbox.state()["counters"] == {"purchases": 1, "releases": 1}


def test_applications(twilio: Client) -> None:
    made = twilio.applications.create(friendly_name="a", voice_url="https://x.example")
    assert twilio.applications(made.sid).update(voice_method="GET").voice_method == "GET"
    assert twilio.applications(made.sid).delete()


def test_account_and_api_key(sandbox, twilio: Client) -> None:
    sid = sandbox.env["TWILIO_ACCOUNT_SID"]
    assert twilio.api.accounts(sid).fetch().status == "active"
    keyed = sandbox.control("GET", "env?auth=apikey")
    by_key = connect(sandbox, keyed["TWILIO_API_KEY"], keyed["TWILIO_API_SECRET"], sid)
    assert len(by_key.incoming_phone_numbers.list()) == 4


def test_errors_as_the_sdk_shows_them(sandbox, twilio: Client) -> None:
    wrong = connect(sandbox, sandbox.env["TWILIO_ACCOUNT_SID"], "wrong")
    with pytest.raises(TwilioRestException) as error:
        wrong.trunking.v1.trunks.create()
    assert (error.value.status, error.value.code) == (401, 20003)
    with pytest.raises(TwilioException, match="Unable to fetch page"):
        wrong.trunking.v1.trunks.list()
    sandbox.fault("POST /v1/Trunks", "status", status=429)
    with pytest.raises(TwilioRestException) as error:
        twilio.trunking.v1.trunks.create()
    assert (error.value.status, error.value.code) == (429, 20429)
