"""Calls that are answered: announcement, session, keys, sound, call control, transfer, fallback, ladder."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import re
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest
import trustme

from signaling import Credentials, IncomingCall, Settings, UserAgent, audible
from signaling.errors import CallRefused
from tests.calling import wiring
from tests.calling.wiring import EVERYBODY, NUMBERS, PASSWORD, TARGET, WEBHOOK, Receiver
from tests.sandbox.conftest import Server

TWILIO = NUMBERS["twilio"]


@pytest.fixture
def line(sandbox: Server, receiver: Receiver) -> Receiver:
    """A number of Twilio's that the application answers."""
    wiring.twilio(sandbox, TransferMode="enable-all", Secure="true")
    wiring.xai(sandbox, TWILIO, allow=EVERYBODY)
    return receiver


def test_the_announcement_is_signed_and_says_who_calls_whom(sandbox: Server, line: Receiver) -> None:
    wiring.call(sandbox, TWILIO, seconds=0.1, **{"from": "+12025550143"})
    ((headers, body),) = line.deliveries
    secret = sandbox.control("GET", "secrets")["signing_secrets"][TWILIO]
    key = base64.b64decode(secret.removeprefix("whsec_"))
    told = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.{body}".encode()
    signature = base64.b64encode(hmac.new(key, told, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{signature}"
    event = json.loads(body)
    assert event["type"] == "realtime.call.incoming"
    named = {each["name"]: each["value"] for each in event["data"]["sip_headers"]}
    assert "+12025550143" in named["From"]
    assert TWILIO in named["To"]
    assert named["X-Twilio-Callsid"].startswith("CA")


def test_outcome_and_ladder(sandbox: Server, line: Receiver) -> None:
    found = wiring.call(sandbox, TWILIO, digits="15#", seconds=0.3)
    outcome = found["outcome"]
    assert outcome["answered_by"] == f"webhook:{WEBHOOK}"
    assert (outcome["codec"], outcome["encrypted"], outcome["digits"]) == ("PCMU", True, "15#")
    assert 0 < outcome["answer_ms"] < 5000
    ladder = found["ladder"]
    assert [step["at"] for step in ladder] == sorted(step["at"] for step in ladder)
    assert {step["kind"] for step in ladder} == {"sip", "http", "websocket", "rtp"}
    lines = [step["line"] for step in ladder]
    order = [
        f"INVITE sip:{TWILIO}@sip.voice.x.ai;transport=tls SIP/2.0",
        f"POST {WEBHOOK}",
        "SIP/2.0 200 OK",
        "SRTP PCMU",
    ]
    places = [lines.index(each) for each in order]
    assert places == sorted(places)
    assert found == sandbox.control("GET", f"calls?to=%2B{TWILIO[1:]}")[-1]


def test_no_secret_is_in_a_ladder(sandbox: Server, receiver: Receiver) -> None:
    wiring.plivo(sandbox, username="xai-nyc")
    wiring.xai(sandbox, NUMBERS["plivo"], digest="xai-nyc")
    tool = {"type": "mcp", "server_url": "https://x", "server_label": "x", "authorization": "Bearer hidden-token"}

    def with_tool(socket: Any, call_id: str) -> None:
        socket.send(json.dumps({"type": "session.update", "session": {"tools": [tool]}}))

    receiver.script = with_tool
    found = wiring.call(sandbox, NUMBERS["plivo"], seconds=0.3)
    text = json.dumps(found)
    assert found["state"] == "ended"
    (headers, _), *_ = receiver.deliveries
    for secret in (PASSWORD, headers["webhook-signature"], "hidden-token", sandbox.env["XAI_API_KEY"]):
        assert secret not in text
    assert "session.updated" in receiver.kinds()
    assert "response=***" in text.replace('\\"', "")


def test_a_delivery_is_tried_again(sandbox: Server, line: Receiver) -> None:
    original = line.take

    def second_time(request: Any, body: str) -> None:
        line.status = 200 if line.deliveries else 503
        original(request, body)

    line.take = second_time
    assert wiring.call(sandbox, TWILIO, seconds=0.1)["state"] == "ended"
    assert len(line.deliveries) == 2
    ids = [json.loads(body)["data"]["call_id"] for _, body in line.deliveries]
    assert ids[0] == ids[1]


def test_events_of_a_session(sandbox: Server, line: Receiver) -> None:
    wiring.call(sandbox, TWILIO, digits="15#", seconds=0.3)
    assert line.closed.wait(2)
    kinds = line.kinds()
    assert kinds[:4] == ["session.created", "conversation.created", "session.updated", "response.created"]
    keys = [event for event in line.events if event["type"] == "input_audio_buffer.dtmf_event_received"]
    assert [key["event"] for key in keys] == ["1", "5", "#"]
    assert all(set(key) == {"type", "event", "received_at"} and isinstance(key["received_at"], int) for key in keys)
    (item,) = [event["item"] for event in line.events if event["type"] == "conversation.item.added"]
    assert item["content"] == [{"type": "input_text", "text": "15"}]
    assert kinds.count("response.done") == 2


def test_keys_are_submitted_when_nothing_follows(sandbox: Server, line: Receiver) -> None:
    id = wiring.begin(sandbox, TWILIO, digits="7", seconds=6)
    wiring.until(sandbox, id, {"answered"})
    began = time.monotonic()
    while "conversation.item.added" not in line.kinds():
        assert time.monotonic() - began < 5
        time.sleep(0.05)
    assert 2 < time.monotonic() - began < 4


@pytest.mark.parametrize(
    ("sent", "kind"),
    [
        ("{", "error"),
        ('{"type": "nonsense"}', "error"),
        ('{"type": "session.update"}', "error"),
        ('{"type": "input_audio_buffer.clear"}', "input_audio_buffer.cleared"),
        ('{"type": "conversation.item.create", "item": {"type": "message"}}', "error"),
    ],
)
def test_client_events(sandbox: Server, line: Receiver, sent: str, kind: str) -> None:
    line.script = lambda socket, call_id: socket.send(sent)
    assert wiring.call(sandbox, TWILIO, seconds=0.3)["state"] == "ended"
    assert line.closed.wait(2)
    assert line.kinds() == ["session.created", "conversation.created", kind]


def test_the_session_ends_with_the_call(sandbox: Server, line: Receiver) -> None:
    wiring.call(sandbox, TWILIO, seconds=0.1)
    assert line.closed.wait(2)


def test_the_call_ends_with_the_session(sandbox: Server, line: Receiver) -> None:
    line.script = lambda socket, call_id: socket.close()
    began = time.monotonic()
    assert wiring.call(sandbox, TWILIO, seconds=20)["state"] == "ended"
    assert time.monotonic() - began < 5


def control(sandbox: Server, call_id: str, verb: str, body: Any = None) -> httpx.Response:
    return sandbox.xai("POST", f"/v1/realtime/calls/{call_id}/{verb}", body)


def test_hangup(sandbox: Server, line: Receiver) -> None:
    answers: list[httpx.Response] = []
    line.script = lambda socket, call_id: answers.append(control(sandbox, call_id, "hangup"))
    found = wiring.call(sandbox, TWILIO, seconds=20)
    assert (answers[0].status_code, answers[0].json()) == (200, {})
    assert found["state"] == "ended"
    assert control(sandbox, found["id"], "hangup").status_code == 404


REFERS: list[tuple[str, dict[str, Any], int]] = [
    ("enable-all", {"target_uri": "tel:+14155550188"}, 200),
    ("disable-all", {"target_uri": "tel:+14155550188"}, 502),
    ("sip-only", {"target_uri": "tel:+14155550188"}, 502),
    ("sip-only", {"target_uri": "sip:+14155550188@x.pstn.twilio.com"}, 200),
    ("enable-all", {"target_uri": "+14155550188"}, 400),
    ("enable-all", {}, 400),
]


@pytest.mark.parametrize(("mode", "body", "status"), REFERS)
def test_refer(sandbox: Server, receiver: Receiver, mode: str, body: dict[str, Any], status: int) -> None:
    wiring.twilio(sandbox, TransferMode=mode)
    wiring.xai(sandbox, TWILIO)
    answers: list[httpx.Response] = []
    receiver.script = lambda socket, call_id: answers.append(control(sandbox, call_id, "refer", body))
    assert wiring.call(sandbox, TWILIO, seconds=2)["state"] == "ended"
    assert answers[0].status_code == status, answers[0].text
    if status == 502:
        assert answers[0].json() == {"error": "transfer rejected by downstream: SIP 603 Decline"}


def test_refer_of_nobodys_call(sandbox: Server) -> None:
    answer = control(sandbox, "00000000-0000-0000-0000-000000000000", "refer", {"target_uri": "tel:+14155550188"})
    assert answer.status_code == 404


def test_a_second_one_cannot_join(sandbox: Server, line: Receiver) -> None:
    line.script = lambda socket, call_id: line.join(call_id)
    wiring.call(sandbox, TWILIO, seconds=0.2)
    assert line.refused == [404]


def test_orders_of_twilios_urls(sandbox: Server, receiver: Receiver) -> None:
    nobody = "sip:nobody.example.com;transport=tls"
    wiring.twilio(sandbox, urls=[nobody, {"SipUrl": TARGET, "Enabled": "false"}, TARGET])
    wiring.xai(sandbox, TWILIO)
    assert wiring.call(sandbox, TWILIO, seconds=0.1)["state"] == "ended"


@pytest.mark.parametrize(("status", "tried"), [(503, 2), (480, 2), (404, 1), (486, 1), (603, 1)])
def test_after_which_answers_twilio_tries_the_next_url(
    sandbox: Server, receiver: Receiver, status: int, tried: int
) -> None:
    wiring.twilio(sandbox, urls=["sip:+1@first.example.com;transport=tls", "sip:+1@second.example.com;transport=tls"])

    async def main() -> tuple[dict[str, Any], int]:
        calls: list[str] = []

        async def refuse(call: IncomingCall) -> None:
            calls.append(call.request.first_line)
            call.reject(status)

        return await standing_in(sandbox, ("first.example.com", "second.example.com"), refuse), len(calls)

    found, count = asyncio.run(main())
    assert (found["outcome"]["hop"], found["outcome"]["code"], count) == ("sip", status, tried)


def test_a_fallback_answers(sandbox: Server, receiver: Receiver) -> None:
    wiring.twilio(sandbox, urls=[TARGET, "sip:+14155550999@pbx.example.com;transport=tls"])
    wiring.xai(sandbox, TWILIO)
    receiver.status = 500

    async def answer(call: IncomingCall) -> None:
        await call.answer()
        await call.ended()

    found = asyncio.run(standing_in(sandbox, ("pbx.example.com",), answer))
    assert (found["state"], found["outcome"]["answered_by"]) == ("ended", "host:pbx.example.com")


async def standing_in(
    sandbox: Server, hosts: tuple[str, ...], take: Callable[[IncomingCall], Any], number: str = TWILIO
) -> dict[str, Any]:
    """A call to a number, of Twilio's, while a telephone of ours stands in for these hosts."""
    import ssl

    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("somebody.example.com").configure_cert(tls)
    async with UserAgent(Settings(media_address="127.0.0.1"), on_call=take) as agent:
        place = await agent.listen("127.0.0.1", tls=tls)
        for host in hosts:
            told = {"host": host, "deliver_to": f"sip:{place};transport=tls"}
            await asyncio.to_thread(sandbox.control, "POST", "receivers", told)
        return await asyncio.to_thread(wiring.call, sandbox, number, seconds=0.2)


# --- a telephone of somebody else's, over the public port ---


def test_a_second_of_sound_after_a_login(sandbox: Server, receiver: Receiver) -> None:
    number = NUMBERS["sip"]
    wiring.xai(sandbox, number, digest="hq")

    async def main() -> float:
        async with wiring.phone(sandbox) as agent:
            call = await agent.call(
                f"sip:{number}@sip.voice.x.ai;transport=tls", credentials=Credentials("hq", PASSWORD)
            )
            session = await call.answered(10)
            assert session.encrypted
            heard = 0.0
            async with asyncio.timeout(5):
                async for frame in call.media.frames():
                    heard += 0.02 if audible(frame.pcm) else 0
                    if heard >= 1:
                        break
            await call.hangup()
            return heard

    assert asyncio.run(main()) >= 1
    assert receiver.closed.wait(2)
    found = wiring.the_call(sandbox, number)
    assert (found["state"], found["from"]) == ("ended", "+12025550143")
    assert found["outcome"]["answered_by"] == f"webhook:{WEBHOOK}"
    assert [step["line"].partition(" ")[0] for step in found["ladder"] if step["kind"] == "sip"][:1] == ["INVITE"]


def test_an_agent_answers_at_once(sandbox: Server) -> None:
    async def main() -> float:
        async with wiring.phone(sandbox) as agent:
            call = await agent.call("sip:+16505550123@sip.voice.x.ai;transport=tls")
            await call.answered(5)
            heard = 0.0
            async with asyncio.timeout(5):
                async for frame in call.media.frames():
                    heard += 0.02 if audible(frame.pcm) else 0
                    if heard >= 1:
                        return heard
            return heard

    assert asyncio.run(main()) >= 1


def test_speech_submits_the_keys(sandbox: Server, receiver: Receiver) -> None:
    from signaling.audio import tone

    number = NUMBERS["sip"]
    wiring.xai(sandbox, number)
    receiver.script = lambda socket, call_id: None

    async def main() -> None:
        async with wiring.phone(sandbox) as agent:
            call = await agent.call(f"sip:{number}@sip.voice.x.ai;transport=tls")
            await call.answered(10)
            call.media.write_digits("42")
            call.media.write(tone(300, seconds=0.5))
            await call.media.drain()
            await asyncio.sleep(0.3)
            await call.hangup()

    asyncio.run(main())
    assert receiver.closed.wait(2)
    kinds = receiver.kinds()
    assert kinds.index("conversation.item.added") < kinds.index("input_audio_buffer.speech_started")


@pytest.mark.parametrize(("sha256", "challenges"), [(False, ["MD5"]), (True, ["MD5", "SHA-256"])])
def test_challenges(sandbox: Server, sha256: bool, challenges: list[str]) -> None:
    number = NUMBERS["sip"]
    wiring.xai(sandbox, number, digest="hq")
    sandbox.control("POST", "switches", {"xai.sip_sha256": sha256})

    async def main() -> list[str]:
        async with wiring.phone(sandbox) as agent:
            call = await agent.call(f"sip:{number}@sip.voice.x.ai;transport=tls")
            with pytest.raises(CallRefused, match="401"):
                await call.answered(5)
            return call.received[-1].headers.all("WWW-Authenticate")

    found = asyncio.run(main())
    assert [value.rpartition("algorithm=")[2] for value in found] == challenges
    call = wiring.the_call(sandbox, number)
    assert (call["state"], call["outcome"]["hop"], call["outcome"]["code"]) == ("failed", "authentication", 401)


LEGS: list[tuple[dict[str, Any], str | None, int | None]] = [
    ({"username": "hq", "password": PASSWORD}, None, 200),
    ({"username": "hq", "password": PASSWORD, "srtp": True, "codecs": ["G722"]}, None, 200),
    ({"username": "hq", "password": "wrong"}, "authentication", 401),
    ({"uri": f"sip:{NUMBERS['sip']}@sip.voice.x.ai"}, "tls", None),
    ({"uri": f"sip:{NUMBERS['sip']}@pbx.example.com;transport=tls"}, "dns", None),
    ({"uri": "tel:+4989"}, "trunk", None),
    ({"username": "hq", "password": PASSWORD, "codecs": ["G729"]}, "media", 488),
    ({"username": "hq", "password": PASSWORD, "codecs": ["speex", "opus"]}, "media", 488),
    ({"username": "hq", "password": PASSWORD, "codecs": []}, "media", 488),
    ({"username": "hq", "password": PASSWORD, "srtp": None, "codecs": None}, None, 200),
]


@pytest.mark.parametrize(("leg", "hop", "code"), LEGS)
def test_a_leg_of_ones_own(
    sandbox: Server, receiver: Receiver, leg: dict[str, Any], hop: str | None, code: int | None
) -> None:
    wiring.xai(sandbox, NUMBERS["sip"], digest="hq")
    outcome = wiring.call(sandbox, NUMBERS["sip"], seconds=0.1, leg=leg)["outcome"]
    assert (outcome["hop"], outcome["code"]) == (hop, code)


def test_a_source_of_ones_own(sandbox: Server, receiver: Receiver) -> None:
    wiring.twilio(sandbox)
    wiring.xai(sandbox, TWILIO, allow=["203.0.113.0/28"])
    assert wiring.call(sandbox, TWILIO, seconds=0.1, leg={"source": "203.0.113.7"})["state"] == "ended"
    found = wiring.call(sandbox, TWILIO, seconds=0.1, leg={"source": "203.0.113.16"})
    assert found["outcome"]["hop"] == "authentication"
    assert found["ladder"][0]["source"].startswith("203.0.113.16:")


def test_whose_call_it_is_where_two_carriers_have_the_number(sandbox: Server, receiver: Receiver) -> None:
    """As while it is ported: the one that gives it away is asked no more."""
    wiring.twilio(sandbox)
    wiring.xai(sandbox, TWILIO)
    sandbox.control("POST", "seed", {"plivo": {"numbers": [{"phone_number": TWILIO}]}})
    found = wiring.call(sandbox, TWILIO, seconds=0.1)
    assert (found["state"], found["outcome"]["hop"]) == ("failed", "attachment")
    assert wiring.call(sandbox, TWILIO, seconds=0.1, carrier="twilio")["state"] == "ended"


BAD: list[dict[str, Any]] = [
    {},
    {"to": 5},
    {"to": "support"},
    {"to": TWILIO, "digits": "x"},
    {"to": TWILIO, "seconds": -1},
    {"to": TWILIO, "seconds": True},
    {"to": TWILIO, "nonsense": 1},
    {"to": TWILIO, "leg": []},
    {"to": TWILIO, "leg": {"codecs": "PCMU"}},
    {"to": TWILIO, "leg": {"codecs": ["a b"]}},
    {"to": TWILIO, "leg": {"srtp": "maybe"}},
    {"to": TWILIO, "leg": {"source": "example.com"}},
    {"to": TWILIO, "carrier": "nobody"},
    {"to": TWILIO, "carrier": 5},
]


@pytest.mark.parametrize("body", BAD)
def test_a_call_that_makes_no_sense(sandbox: Server, body: dict[str, Any]) -> None:
    answer = sandbox.http.post("/_sandbox/calls", json=body)
    assert answer.status_code == 400
    assert answer.json()["error"]


@pytest.mark.parametrize(
    "body",
    [
        {"url": WEBHOOK},
        {"deliver_to": "http://127.0.0.1:9/"},
        {"url": WEBHOOK, "host": "x.example.com", "deliver_to": "http://127.0.0.1:9/"},
        {"url": WEBHOOK, "deliver_to": "https://elsewhere.example.com/"},
        {"host": "pbx.example.com", "deliver_to": "http://127.0.0.1:9/"},
        {"host": "pbx.example.com", "deliver_to": "sip:pbx.example.com;transport=tls"},
    ],
)
def test_a_receiver_that_makes_no_sense(sandbox: Server, body: dict[str, Any]) -> None:
    assert sandbox.http.post("/_sandbox/receivers", json=body).status_code == 400


def test_a_receiver_ends(sandbox: Server, line: Receiver) -> None:
    assert sandbox.http.delete("/_sandbox/receivers", params={"url": WEBHOOK}).status_code == 204
    found = wiring.call(sandbox, TWILIO)
    assert (found["outcome"]["hop"], found["outcome"]["reason"]) == ("webhook", f"nobody stands in for {WEBHOOK}")


def test_who_was_replaced_stands_in_again(sandbox: Server) -> None:
    def ask(method: str, **query: Any) -> Any:
        return sandbox.http.request(method, "/_sandbox/receivers", **query)

    places = [{"url": WEBHOOK, "deliver_to": f"http://127.0.0.1:{port}/"} for port in (9, 10)]
    places += [{"host": "PBX.example.com", "deliver_to": "sip:127.0.0.1:9;transport=tls"}]
    first, second, host = (ask("POST", json=place).json()["id"] for place in places)
    standing = ask("GET").json()
    assert [one["id"] for one in standing] == [second, host]
    assert standing[1] == {"id": host, "url": "", "host": "pbx.example.com", "deliver_to": places[2]["deliver_to"]}
    assert ask("DELETE", params={"id": second}).status_code == 204
    assert [one["id"] for one in ask("GET").json()] == [first, host]
    ask("POST", json=places[1])
    ask("DELETE", params={"url": WEBHOOK})
    ask("DELETE", params={"host": "pbx.EXAMPLE.com"})
    assert ask("GET").json() == []
    assert ask("DELETE").status_code == 400


def test_a_call_nobody_knows(sandbox: Server) -> None:
    assert sandbox.http.get("/_sandbox/calls/none").status_code == 404


def test_the_name_that_the_api_says(sandbox: Server, receiver: Receiver) -> None:
    sandbox.control("POST", "switches", {"xai.sip_host": "eu.sip.voice.x.ai"})
    wiring.twilio(sandbox, urls=["sip:eu.sip.voice.x.ai;transport=tls"])
    wiring.xai(sandbox, TWILIO)
    assert wiring.call(sandbox, TWILIO, seconds=0.1)["state"] == "ended"


@pytest.mark.parametrize("exchange", [False, True])
def test_a_delivery_with_a_credential(sandbox: Server, receiver: Receiver, exchange: bool) -> None:
    wiring.twilio(sandbox)
    webhook = {"url": WEBHOOK, "auth_token": "hook-token", **({"auth_url": wiring.TWIML} if exchange else {})}
    receiver.twiml = '{"access_token": "exchanged"}'
    body = {"origin": "byo_trunk", "name": "Line", "phone_number": TWILIO, "webhook": webhook}
    wiring.ok(sandbox.xai("POST", "/v2/phone-numbers", body))
    found = wiring.call(sandbox, TWILIO, seconds=0.1)
    assert found["state"] == "ended"
    assert receiver.deliveries[-1][0]["authorization"] == f"Bearer {'exchanged' if exchange else 'hook-token'}"
    assert "hook-token" not in json.dumps(found)
    assert "exchanged" not in json.dumps(found)


def test_a_judge_calls(sandbox: Server, receiver: Receiver) -> None:
    """A telephone that nobody here wrote, over the public port: TLS, SRTP, digest, keys."""
    baresip = pytest.importorskip("baresip")
    number = NUMBERS["sip"]
    wiring.xai(sandbox, number, digest="hq")
    place = sandbox.env["XTEL_SANDBOX_SIP"]

    async def main() -> None:
        runtime = baresip.Runtime()
        extra = f"sip_cafile {sandbox.env['XTEL_SANDBOX_CA']}\nsip_verify_server no\n"
        await runtime.start(baresip.Config(net_interface="127.0.0.1", extra_config_text=extra))
        try:
            account = baresip.Account(
                user="hq",
                domain=place,
                password=PASSWORD,
                transport="tls",
                reg_interval=0,
                audio_codecs=("pcmu", "pcma"),
                extra_params=("mediaenc=srtp-mand",),
            )
            agent = await baresip.UserAgent.create(runtime, account)
            call = await agent.dial(f"sip:{number}@{place};transport=tls")
            await asyncio.wait_for(call.wait_established(), 10)
            await asyncio.sleep(0.5)
            await call.hangup()
            await asyncio.sleep(0.3)
        finally:
            await runtime.close()

    asyncio.run(main())
    found = wiring.the_call(sandbox, number)
    assert (found["state"], found["outcome"]["encrypted"], found["outcome"]["codec"]) == ("ended", True, "PCMU")


DTLS = (
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 40000 UDP/TLS/RTP/SAVP 0\r\n"
    "a=fingerprint:sha-256 AA:BB\r\na=setup:actpass\r\na=sendrecv\r\n"
)


def test_dtls_is_not_spoken(sandbox: Server, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    from signaling import offer

    number = NUMBERS["sip"]
    wiring.xai(sandbox, number)
    made = offer.make_offer
    monkeypatch.setattr(offer, "make_offer", lambda local: offer.Offer(DTLS, local, made(local).keys))

    async def main() -> None:
        async with wiring.phone(sandbox) as agent:
            call = await agent.call(f"sip:{number}@sip.voice.x.ai;transport=tls")
            with pytest.raises(CallRefused, match="488"):
                await call.answered(5)

    asyncio.run(main())
    found = wiring.the_call(sandbox, number)
    assert (found["outcome"]["hop"], found["outcome"]["reason"]) == ("media", "SRTP by DTLS is not spoken here")
    assert receiver.deliveries == []


def test_calls_that_share_a_connection(sandbox: Server, receiver: Receiver) -> None:
    """A trunk keeps one connection for all of its calls: each ladder holds its own call, and each message once."""
    number = NUMBERS["sip"]
    wiring.xai(sandbox, number, digest="hq")
    login = Credentials("hq", PASSWORD)

    async def main() -> None:
        async with wiring.phone(sandbox) as agent:
            first = await agent.call(f"sip:{number}@sip.voice.x.ai;transport=tls", credentials=login)
            await first.answered(10)
            second = await agent.call(f"sip:{number}@sip.voice.x.ai;transport=tls", credentials=login)
            await second.answered(10)
            assert first.connection is second.connection
            await first.hangup()
            await second.hangup()

    asyncio.run(main())
    calls = [wiring.until(sandbox, each["id"], {"ended"}) for each in sandbox.control("GET", f"calls?to={number}")]
    assert len(calls) == 2
    for each in calls:
        sip = [step for step in each["ladder"] if step["kind"] == "sip"]
        assert len({re.search(r"(?im)^call-id: *(\S+)", step["text"])[1] for step in sip}) == 1  # type: ignore[index]
        kinds = [step["line"].partition(" sip:")[0] for step in sip]
        kinds = [kind for kind in kinds if kind not in {"SIP/2.0 100 Trying", "SIP/2.0 180 Ringing"}]
        refused = ["INVITE", "SIP/2.0 401 Unauthorized", "ACK"]
        assert kinds == [*refused, "INVITE", "SIP/2.0 200 OK", "ACK", "BYE", "SIP/2.0 200 OK"]
