"""Twilio's documents decide: what our code sends, and what the sandbox answers, is what they declare.

With Twilio's OpenAPI documents beside the project every request and answer is held against them; with or without, the
vendor's own SDK must know every field of every answer, and find every field that it looks for.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from twilio.base import page, version
from twilio.base.exceptions import TwilioException

from providers.kernel import errors, http, registry
from providers.kernel.session import Session
from tests import contract
from tests.conformance.subjects.twilio import BIN, SUBJECT
from tests.contract import Contract, Exchange, Recorder
from tests.reconciling import Hand
from tests.sandbox.conftest import Server

DOCUMENTS = contract.documents("twilio_trunking_v1.json", "twilio_api_v2010_cut.json")
#: Not among the documents: the account itself, and what numbers cost. The SDK alone says what they hold.
ACCOUNT = r"/2010-04-01/Accounts/AC[0-9a-f]{32}\.json"
PRICES = r"/v1/PhoneNumbers/Countries/[A-Z]{2}"
#: Assumed (docs/twilio.md): no document says how a number leaves an application for a URL.
CLEARED = frozenset({"VoiceApplicationSid"})
MARK = "xtel/p/s/+14155550100"


class Watched(dict[str, Any]):
    """An answer that knows which of its fields the SDK looked for."""

    def __init__(self, fields: dict[str, Any]) -> None:
        super().__init__(fields)
        self.asked: set[str] = set()

    def get(self, name: str, default: Any = None) -> Any:
        self.asked.add(name)
        return super().get(name, default)


class Said:
    """Everything that was said, and the objects that the SDK made of it."""

    def __init__(self) -> None:
        self.exchanges: list[Exchange] = []
        self.answers: list[Watched] = []

    def loads(self, text: str) -> Any:
        return json.loads(text, object_hook=self._watched)

    def _watched(self, fields: dict[str, Any]) -> Watched:
        self.answers.append(Watched(fields))
        return self.answers[-1]


@pytest.fixture(scope="module")
def listening(server: Server) -> Iterator[tuple[Said, Server, pytest.MonkeyPatch]]:
    """A fresh sandbox, and an ear between it and whoever asks."""
    said = Said()
    reading = SimpleNamespace(loads=said.loads, JSONDecodeError=json.JSONDecodeError)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(http, "network", lambda: Recorder(said.exchanges))
        for module in (version, page):
            patch.setattr(module, "json", reading)
        server.control("POST", "reset")
        yield said, server, patch
    server.control("POST", "reset")


@pytest.fixture(scope="module")
def ours(listening: tuple[Said, Server, pytest.MonkeyPatch]) -> Said:
    """Our own objects through their whole lives: every field, every change; and the account."""
    said, server, patch = listening
    said.exchanges.clear()
    said.answers.clear()
    made: dict[str, Hand] = {}
    for sample in SUBJECT.samples:
        hand = Hand(f"twilio:{sample.kind}", server.env, patch)
        inputs = sample.inputs(made)
        assert hand.up(**inputs) == "create"
        for change in sample.changes:
            assert hand.up(**inputs, **change) == "update" if not set(change) & set(inputs) else True
            assert hand.up(**{**inputs, **change}) in {"update", "same"}
        assert hand.refresh()
        if sample.attaches:  # the next one may want the same number
            hand.destroy()
        else:
            made[sample.kind] = hand
    _moved(server, patch, made)
    for kind in reversed(made):
        made[kind].destroy()
    session = Session(registry.vendor("twilio"), lambda key: None)
    assert session.account() == server.env["TWILIO_ACCOUNT_SID"]
    return said


def _moved(server: Server, patch: pytest.MonkeyPatch, made: dict[str, Hand]) -> None:
    """Numbers with an application and on another trunk: taken over, and given back."""
    ivr = server.twilio("POST", "~/Applications.json", {"FriendlyName": "IVR"}).json()["sid"]
    other = server.twilio("POST", "/v1/Trunks", {"FriendlyName": "other"}).json()["sid"]
    number = server.owned("+14155550101")["sid"]
    for field, sid in (("voice_application_sid", ivr), ("trunk_sid", other)):
        parameter = "".join(word.capitalize() for word in field.split("_"))
        server.twilio("POST", f"~/IncomingPhoneNumbers/{number}.json", {parameter: sid})
        for to in ({"trunk_sid": made["Trunk"].id}, {"voice": BIN}):
            hand = Hand("twilio:Attachment", server.env, patch)
            hand.up(marker=MARK, phone_number="+14155550101", take_over=True, **to)
            hand.destroy()
            assert server.owned("+14155550101")[field] == sid


@pytest.fixture(scope="module")
def surface(listening: tuple[Said, Server, pytest.MonkeyPatch]) -> Said:
    """The SDK on all that the sandbox's Twilio offers: lists and their second pages, objects, refusals."""
    said, server, patch = listening
    server.control("POST", "reset")
    said.exchanges.clear()
    said.answers.clear()
    for name, value in server.env.items():
        patch.setenv(name, value)
    client = Session(registry.vendor("twilio"), lambda key: None).api.client
    _trunks(client)
    _numbers(client)
    _applications(client)
    _refusals(client)
    return said


def _trunks(client: Any) -> None:
    trunks = client.trunking.v1.trunks
    first, second = trunks.create(friendly_name="a"), trunks.create(domain_name="a.pstn.twilio.com")
    assert len(trunks.list(page_size=1)) >= 2
    it = trunks(first.sid)
    urls = [it.origination_urls.create(10, at, True, "a", "sip:sip.voice.x.ai;transport=tls") for at in (1, 2)]
    assert len(it.origination_urls.list(page_size=1)) == 2
    it.origination_urls(urls[0].sid).fetch()
    it.origination_urls(urls[0].sid).update(enabled=False, weight=20)
    for number in client.incoming_phone_numbers.list(limit=2):
        it.phone_numbers.create(number.sid)
    attached = it.phone_numbers.list(page_size=1)
    assert len(attached) == 2
    it.phone_numbers(attached[0].sid).fetch()
    client.incoming_phone_numbers(attached[0].sid).fetch()
    it.recordings().fetch()
    it.recordings().update(mode="record-from-answer", trim="trim-silence")
    it.fetch()
    it.update(secure=True, disaster_recovery_url="https://voice.example.com/", disaster_recovery_method="GET")
    for number in attached:
        it.phone_numbers(number.sid).delete()
    it.origination_urls(urls[0].sid).delete()
    assert it.delete() and trunks(second.sid).delete()


def _numbers(client: Any) -> None:
    owned = client.incoming_phone_numbers
    assert len(owned.list(page_size=1)) > 1
    assert owned.list(phone_number="+14155550100", beta=False, friendly_name="(415) 555-0100", origin="twilio")
    assert owned.list(phone_number="+19995550100") == []
    for country, kind in (("US", "local"), ("US", "toll_free"), ("GB", "mobile")):
        offers = getattr(client.available_phone_numbers(country), kind).list(voice_enabled=True, limit=3, page_size=3)
        assert len(offers) == 3
        bought = owned.create(phone_number=offers[0].phone_number, voice_url="https://voice.example.com/")
        owned(bought.sid).update(friendly_name="a", voice_method="GET", voice_caller_id_lookup=True)
        assert owned(bought.sid).delete()
    assert owned(owned.create(area_code="512").sid).delete()


def _applications(client: Any) -> None:
    made = [client.applications.create(friendly_name=name) for name in "ab"]
    assert len(client.applications.list(page_size=1)) >= 2
    client.applications(made[0].sid).update(voice_url="https://voice.example.com/", voice_method="GET")
    client.applications(made[0].sid).fetch()
    for application in made:
        assert client.applications(application.sid).delete()


def _refusals(client: Any) -> None:
    trunks, gone = client.trunking.v1.trunks, "TK" + "f" * 32
    for refused in (
        trunks(gone).fetch,
        trunks(gone).delete,
        trunks(gone).origination_urls.list,
        lambda: trunks.create(transfer_mode="always"),
        lambda: trunks.create(domain_name="voice.example.com"),
        lambda: trunks.list(page_size=1001),
        client.incoming_phone_numbers("PN" + "f" * 32).fetch,
        lambda: client.incoming_phone_numbers.create(phone_number="+1"),
        lambda: client.incoming_phone_numbers.create(area_code="099"),
        client.applications("AP" + "f" * 32).fetch,
        client.api.accounts("AC" + "f" * 32).fetch,
    ):
        with pytest.raises((errors.CarrierError, TwilioException)):
            refused()


def refusal(exchange: Exchange) -> Iterator[str]:
    """The OpenAPI documents hold no errors. twilio.com/docs/usage/twilios-response: code, message, more_info, status."""
    body = exchange.body
    kinds = {"code": int, "message": str, "more_info": str, "status": int}
    if not isinstance(body, dict) or {name: type(value) for name, value in body.items()} != kinds:
        yield f"an error with {body!r}"
    elif body["status"] != exchange.status or not body["more_info"].endswith(f"/errors/{body['code']}"):
        yield f"an error that disagrees with itself: {body!r}, HTTP {exchange.status}"
    if not re.fullmatch(r"RQ[0-9a-f]{32}", exchange.headers.get("twilio-request-id", "")):
        yield "an error without a request id"


def held_against_the_documents(said: Said) -> set[tuple[str, str]]:
    """Every problem at once; answers which operations were looked at."""
    agreed = Contract(DOCUMENTS, refusal, frozenset({ACCOUNT, PRICES}), CLEARED)
    found = sorted({problem for exchange in said.exchanges for problem in agreed.problems(exchange)})
    assert not found, "\n".join(found)
    return agreed.seen


ERROR = {"code", "message", "more_info", "status", "details"}


def known_to_the_sdk(said: Said) -> int:
    """Every object that the SDK reads has exactly the fields that it looks for; answers how many there were."""
    read = [answer for answer in said.answers if answer.asked - ERROR - {"voice"}]  # and what our own code reads
    for answer in read:
        assert answer.asked == set(answer), f"unknown to one of them: {sorted(answer.asked ^ set(answer))} of {answer}"
    return len(read)


def test_what_our_code_says_and_hears(ours: Said) -> None:
    assert known_to_the_sdk(ours) > 30
    sent = {(exchange.path.split("/")[-1], name) for exchange in ours.exchanges for name, _ in exchange.form}
    assert {name for _, name in sent} == {
        *("FriendlyName", "TransferMode", "TransferCallerId", "Secure", "CnamLookupEnabled"),
        *("DisasterRecoveryUrl", "DisasterRecoveryMethod", "SipUrl", "Priority", "Weight", "Enabled"),
        *("Mode", "Trim", "PhoneNumberSid", "VoiceApplicationSid", "TrunkSid", "VoiceUrl", "VoiceMethod"),
        *("PhoneNumber", "VoiceReceiveMode"),
    }
    assert {exchange.method for exchange in ours.exchanges if re.fullmatch(PRICES, exchange.path)} == {"GET"}
    assert {exchange.method for exchange in ours.exchanges if re.fullmatch(ACCOUNT, exchange.path)} == {"GET"}
    if DOCUMENTS:
        looked = held_against_the_documents(ours)
        account = "/2010-04-01/Accounts/{AccountSid}"
        assert looked == {
            *((method, "/v1/Trunks") for method in ("GET", "POST")),
            *((method, "/v1/Trunks/{Sid}") for method in ("GET", "POST", "DELETE")),
            *((method, "/v1/Trunks/{TrunkSid}/OriginationUrls") for method in ("GET", "POST")),
            *((method, "/v1/Trunks/{TrunkSid}/OriginationUrls/{Sid}") for method in ("GET", "POST", "DELETE")),
            *((method, "/v1/Trunks/{TrunkSid}/Recording") for method in ("GET", "POST")),
            *((method, "/v1/Trunks/{TrunkSid}/PhoneNumbers") for method in ("GET", "POST")),
            ("DELETE", "/v1/Trunks/{TrunkSid}/PhoneNumbers/{Sid}"),
            *((method, f"{account}/IncomingPhoneNumbers.json") for method in ("GET", "POST")),
            ("GET", f"{account}/AvailablePhoneNumbers/{{CountryCode}}/Local.json"),
            *((method, f"{account}/IncomingPhoneNumbers/{{Sid}}.json") for method in ("GET", "POST")),
            *((method, f"{account}/Applications.json") for method in ("GET", "POST")),
            *((method, f"{account}/Applications/{{Sid}}.json") for method in ("GET", "POST", "DELETE")),
        }


def test_all_that_the_sandbox_answers(surface: Said) -> None:
    assert known_to_the_sdk(surface) > 45
    refused = [exchange for exchange in surface.exchanges if exchange.status >= 400]
    assert len(refused) == 11
    assert {problem for exchange in refused for problem in refusal(exchange)} == set()
    seconds = {
        exchange.path.rsplit("/", 1)[-1] for exchange in surface.exchanges if "PageToken" in dict(exchange.query)
    }
    assert seconds == {
        "Trunks", "OriginationUrls", "PhoneNumbers", "IncomingPhoneNumbers.json", "Applications.json",
    }  # fmt: skip
    if DOCUMENTS:
        looked = held_against_the_documents(surface)
        assert len(looked) >= 29, sorted(looked)
        # Twilio's own examples are held to the same: lists of numbers for sale are shown unlike they are declared.
        odd = {path for path in Contract(DOCUMENTS, refusal).contradictions() if "/SIP/" not in path}
        assert {path.split("/")[4] for path in odd} == {"AvailablePhoneNumbers"}


def test_the_check_itself_finds_what_is_wrong() -> None:
    """A document of four lines, and every way to break it."""
    sid = {"type": "string", "pattern": "^TK[0-9]{2}$"}
    fields = {"sid": sid, "secure": {"type": "boolean", "nullable": True}, "mode": {"type": "string", "enum": ["a"]}}
    trunk = {"type": "object", "properties": {**fields, "made": {"type": "string", "format": "date-time"}}}
    form = {"type": "object", "required": ["Mode"], "properties": {"Mode": fields["mode"], "Secure": fields["secure"]}}
    post = {
        "parameters": [{"name": "Sid", "in": "path", "schema": sid}],
        "requestBody": {"content": {"application/x-www-form-urlencoded": {"schema": form}}},
        "responses": {"200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/t"}}}}},
    }
    agreed = Contract([{"paths": {"/T/{Sid}": {"post": post}}, "components": {"schemas": {"t": trunk}}}], refusal)
    good = {"sid": "TK12", "secure": None, "mode": "a", "made": "2026-11-21T00:00:00Z"}

    def said(path: str = "/T/TK12", form: str = "Mode=a&Secure=true", status: int = 200, **body: Any) -> list[str]:
        pairs = tuple((name, value) for name, _, value in (item.partition("=") for item in form.split("&")))
        text = json.dumps({**good, **body})
        return agreed.problems(Exchange("POST", path, (), pairs, status, "application/json", text, httpx.Headers({})))

    assert said() == []
    assert said(path="/U") == ["POST /U: no document declares this method on this path"]
    for broken in (
        said(path="/T/TK1"),
        said(form="Mode=b"),
        said(form="Secure=true"),
        said(form="Mode=a&Secure=True"),
        said(form="Mode=a&Mode=a"),
        said(form="Mode=a&Other=1"),
        said(form="Mode="),
        said(status=201),
        said(status=400),
        said(sid=""),
        said(mode=None),
        said(secure="yes"),
        said(made="21 Nov 2026"),
        said(more=1),
    ):
        assert broken
    del good["mode"]
    assert "'mode' is a required property" in said()[0]
