"""Deliveries of webhooks: verified as the Standard Webhooks library verifies them, and taken once."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import hmac
import json
import subprocess
import sys
import sysconfig
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook as Oracle

from tests.conftest import ROOT
from xai_resources import webhook
from xai_resources.webhook import Endpoint, Event, Forged, Malformed, Repeated, Replayed, SeenHere, Webhook

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER = "whsec_" + base64.b64encode(b"another secret of 24 byte").decode()
TIME = 1614265330
#: The specification's own example.
VECTOR = {
    "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "webhook-timestamp": str(TIME),
    "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
}
VECTOR_BODY = b'{"test": 2432232314}'


def incoming(call_id: str = "call_1", **more: Any) -> bytes:
    headers = [{"name": "From", "value": '"A <b>" <sip:+12025550143@pbx.example.com>;tag=7'}]
    headers.append({"name": "to", "value": "+14155550100"})
    data = {"call_id": call_id, "sip_headers": headers, "metadata": {}}
    told = {"object": "event", "id": "evt_1", "type": webhook.INCOMING, "created_at": TIME, "data": data}
    return json.dumps(told | more).encode()


def signed(body: bytes, secret: str = SECRET, id: str = "evt_1", at: int = TIME) -> dict[str, str]:
    """Signed by the oracle where it can be: it takes text alone."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signature = base64.b64encode(hmac.new(key, f"{id}.{at}.".encode() + body, hashlib.sha256).digest()).decode()
    with contextlib.suppress(UnicodeDecodeError):
        assert Oracle(secret).sign(id, datetime.fromtimestamp(at, UTC), body.decode()) == f"v1,{signature}"
    return {"webhook-id": id, "webhook-timestamp": str(at), "webhook-signature": f"v1,{signature}"}


def at(time: float, *secrets: str) -> Webhook:
    return Webhook(secrets or SECRET, now=lambda: time)


def without(name: str) -> dict[str, str]:
    return {key: value for key, value in signed(incoming()).items() if key != name}


GENUINE = signed(incoming())
SIGNATURE = GENUINE["webhook-signature"]
FORGED: dict[str, tuple[dict[str, str], bytes, float]] = {
    "old": (GENUINE, incoming(), TIME + 301),
    "ahead": (GENUINE, incoming(), TIME - 301),
    "other body": (GENUINE, incoming("call_2"), TIME),
    "a blank more": (GENUINE, incoming() + b" ", TIME),
    "other id": ({**GENUINE, "webhook-id": "evt_2"}, incoming(), TIME),
    "other time": ({**GENUINE, "webhook-timestamp": str(TIME + 1)}, incoming(), TIME),
    "no time": ({**GENUINE, "webhook-timestamp": "now"}, incoming(), TIME),
    "time in other digits": ({**GENUINE, "webhook-timestamp": "١٦١٤٢٦٥٣٣٠"}, incoming(), TIME),
    "other secret": (signed(incoming(), OTHER), incoming(), TIME),
    "other version": ({**GENUINE, "webhook-signature": SIGNATURE.replace("v1,", "v1a,")}, incoming(), TIME),
    "no version": ({**GENUINE, "webhook-signature": SIGNATURE.removeprefix("v1,")}, incoming(), TIME),
    "no comma": ({**GENUINE, "webhook-signature": "v1"}, incoming(), TIME),
    "no base64": ({**GENUINE, "webhook-signature": "v1,é"}, incoming(), TIME),
    "empty": ({**GENUINE, "webhook-signature": ""}, incoming(), TIME),
    "not UTF-8": ({**GENUINE}, b"\xff\xfe", TIME),
    **{f"without {name}": (without(name), incoming(), TIME) for name in GENUINE},
}


@pytest.mark.parametrize("name", FORGED)
def test_what_is_forged_is_refused(name: str) -> None:
    headers, body, now = FORGED[name]
    with pytest.raises(Forged) as caught:
        at(now).verify(body, headers)
    assert caught.value.status == 401
    for secret in (SECRET, SIGNATURE):
        assert secret not in str(caught.value)


ACCEPTED: dict[str, tuple[Mapping[str, str] | list[tuple[bytes, bytes]], float]] = {
    "as sent": (GENUINE, TIME),
    "late": (GENUINE, TIME + 300),
    "early": (GENUINE, TIME - 300),
    "other case": ({name.title(): value for name, value in GENUINE.items()}, TIME),
    "as ASGI has it": ([(name.encode(), value.encode()) for name, value in GENUINE.items()], TIME),
    "two signatures": ({**GENUINE, "webhook-signature": f"v1,AAAA {SIGNATURE}"}, TIME),
    "newer version first": ({**GENUINE, "webhook-signature": f"v2,x= {SIGNATURE}"}, TIME),
}


@pytest.mark.parametrize("name", ACCEPTED)
def test_what_is_genuine_is_taken(name: str) -> None:
    headers, now = ACCEPTED[name]
    event = at(now).verify(incoming(), headers)
    assert (event.id, event.type, event.call_id, event.created_at) == ("evt_1", webhook.INCOMING, "call_1", TIME)
    assert (event.caller, event.called) == ("+12025550143", "+14155550100")
    assert event.sip_header("TO") == "+14155550100"
    assert event.sip_header("X-None") == ""


def test_the_specifications_example() -> None:
    with pytest.raises(Malformed):  # it is genuine, but no event of xAI's
        at(TIME).verify(VECTOR_BODY, VECTOR)
    with pytest.raises(Forged):
        at(TIME).verify(VECTOR_BODY + b" ", VECTOR)


def test_a_header_that_is_there_twice_decides_nothing() -> None:
    pairs = [*GENUINE.items(), ("Webhook-Id", "evt_2")]
    with pytest.raises(Forged, match="webhook-id is there twice"):
        at(TIME).verify(incoming(), pairs)


@pytest.mark.parametrize("signer", [SECRET, OTHER])
def test_any_of_several_secrets_may_have_signed(signer: str) -> None:
    headers = signed(incoming(), signer)
    assert at(TIME, SECRET, OTHER).verify(incoming(), headers).call_id == "call_1"
    assert Webhook(f"{SECRET} {OTHER}", now=lambda: TIME).verify(incoming(), headers).call_id == "call_1"


@given(body=st.binary(max_size=64), signature=st.text(max_size=80), id=st.text(max_size=20), cut=st.integers(0, 70))
def test_no_bytes_break_it(body: bytes, signature: str, id: str, cut: int) -> None:
    """Whatever comes is refused by an error of its own; the oracle raises others for some."""
    headers = {"webhook-id": id, "webhook-timestamp": str(TIME), "webhook-signature": SIGNATURE[:cut] + signature}
    with pytest.raises(Forged):
        at(TIME).verify(body, headers)


@given(text=st.text(max_size=64), id=st.text("abc_0", min_size=1), offset=st.integers(-600, 600), known=st.booleans())
def test_it_agrees_with_the_standard_library_of_webhooks(text: str, id: str, offset: int, known: bool) -> None:
    body, now = text.encode(), int(datetime.now(UTC).timestamp())
    headers = signed(body, SECRET if known else OTHER, id, now + offset)
    if abs(abs(offset) - 300) < 5:
        return  # its clock goes on while this is compared
    try:
        Oracle(SECRET).verify(body, headers, json_parse=False)
        genuine = True
    except Exception:
        genuine = False
    try:
        Webhook(SECRET).verify(body, headers)
        mine = True
    except webhook.WebhookError as error:
        mine = not isinstance(error, Forged)
    assert mine == genuine


# -- once --------------------------------------------------------------------------------------------------------------


def test_a_copy_is_refused_and_what_is_sent_again_is_acknowledged() -> None:
    """xAI signs each attempt anew: a copy, header for header, is somebody else's."""
    one = at(TIME)
    one.verify(incoming(), GENUINE)
    with pytest.raises(Replayed) as copy:
        one.verify(incoming(), GENUINE)
    with pytest.raises(Repeated) as again:
        one.verify(incoming(), signed(incoming(), at=TIME + 1))
    with pytest.raises(Repeated):  # of the same call, as another event
        one.verify(incoming(), signed(incoming(), id="evt_2", at=TIME + 2))
    assert (copy.value.status, again.value.status) == (409, 200)
    assert one.verify(incoming("call_2"), signed(incoming("call_2"), id="evt_3")).call_id == "call_2"


def test_a_forgery_is_not_remembered() -> None:
    one = at(TIME)
    with pytest.raises(Forged):
        one.verify(incoming(), {**GENUINE, "webhook-signature": "v1,AAAA"})
    assert one.verify(incoming(), GENUINE).call_id == "call_1"


def test_what_was_seen_is_forgotten_after_its_time() -> None:
    clock = [0.0]
    seen = SeenHere(lambda: clock[0])
    assert [seen.add("a", 600), seen.add("a", 600)] == [True, False]
    clock[0] = 601
    assert seen.add("a", 600)
    clock[0] = 3000
    assert seen.add("b", 600)
    assert list(seen._until) == ["b"]


# -- secrets -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("secrets", "says"),
    [
        ("", "no signing secret"),
        ([], "no signing secret"),
        (f"v1,{SECRET}", "take away the v1,"),
        (SECRET.removeprefix("whsec_"), "is whsec_ and base64"),
        ("whsec_short", "is whsec_ and base64"),
        ("whsec_", "is whsec_ and base64"),
        (SECRET + "!", "is whsec_ and base64"),
        ([SECRET, "whsec_é"], "is whsec_ and base64"),
    ],
)
def test_secrets_that_cannot_be(secrets: Any, says: str) -> None:
    with pytest.raises(ValueError, match=says) as caught:
        Webhook(secrets)
    assert SECRET.removeprefix("whsec_") not in str(caught.value)


def test_secrets_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XAI_SIGNING_SECRETS", f"{OTHER} {SECRET}")
    assert Webhook(now=lambda: TIME).verify(incoming(), GENUINE).call_id == "call_1"


# -- the endpoint ------------------------------------------------------------------------------------------------------


class Application:
    """An endpoint, asked over ASGI; keeps the calls that were handed on."""

    def __init__(self, now: float = TIME, **settings: Any) -> None:
        self.calls: list[Event] = []
        self.hold = asyncio.Event()
        self.endpoint = Endpoint(self.take, Webhook(SECRET, now=lambda: now), **settings)
        self.http = httpx.AsyncClient(transport=httpx.ASGITransport(self.endpoint), base_url="http://here")

    async def take(self, event: Event) -> None:
        self.calls.append(event)
        await self.hold.wait()
        raise RuntimeError("the application broke")

    async def post(self, body: bytes, headers: dict[str, str]) -> int:
        return (await self.http.post("/calls", content=body, headers=headers)).status_code


def test_it_acknowledges_before_the_call_is_done_and_hands_it_on_once(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> tuple[list[int], list[str]]:
        app = Application()
        statuses = [await app.post(incoming(), GENUINE), await app.post(incoming(), GENUINE)]
        statuses.append(await app.post(incoming(), signed(incoming(), at=TIME + 1)))
        statuses.append(await app.post(incoming(), {**GENUINE, "webhook-id": "evt_9"}))
        app.hold.set()
        await asyncio.sleep(0.01)
        return statuses, [event.call_id for event in app.calls]

    assert asyncio.run(main()) == ([200, 409, 200, 401], ["call_1"])
    assert "call call_1" in caplog.text  # what the application raises is logged


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/calls", b"", 405),
        ("POST", "/other", b"", 404),
        ("POST", "/calls", b"x" * (webhook.LARGEST + 1), 413),
        ("POST", "/calls", b"\xff", 401),
        ("POST", "/calls", b"[]", 400),
        ("POST", "/calls", b"{", 400),
        ("POST", "/calls", incoming(type=webhook.INCOMING, data={}), 400),
        ("POST", "/calls", incoming(type="batch.completed"), 200),
    ],
)
def test_what_it_answers(method: str, path: str, body: bytes, status: int) -> None:
    async def main() -> int:
        app = Application(path="/calls")
        headers = GENUINE if body == b"\xff" else signed(body)
        answer = await app.http.request(method, path, content=body, headers=headers)
        assert app.calls == []
        return answer.status_code

    assert asyncio.run(main()) == status


def test_calls_get_time_to_end_when_the_server_stops() -> None:
    async def main() -> list[str]:
        app, told, messages = Application(drain=0.01), [], asyncio.Queue[dict[str, str]]()

        async def send(message: Any) -> None:
            told.append(message["type"])

        live = asyncio.create_task(app.endpoint({"type": "lifespan"}, messages.get, send))
        await messages.put({"type": "lifespan.startup"})
        assert await app.post(incoming(), GENUINE) == 200
        await messages.put({"type": "lifespan.shutdown"})
        await asyncio.wait_for(live, 5)
        assert len(app.calls) == 1
        return told

    assert asyncio.run(main()) == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


# -- a small installation ----------------------------------------------------------------------------------------------

#: What `pip install httpx websockets` brings.
_SMALL = ("anyio", "certifi", "h11", "httpcore", "httpx", "idna", "sniffio", "typing_extensions.py", "websockets")


def test_it_needs_httpx_and_websockets_alone(tmp_path: Path) -> None:
    """The package without its dependencies, beside these two and what they need; nothing else can be imported."""
    (tmp_path / "xai_resources").symlink_to(ROOT / "xai_resources")
    for name in _SMALL:
        if (lying := Path(sysconfig.get_path("purelib")) / name).exists():
            (tmp_path / name).symlink_to(lying)
    modules = "xai_resources.webhook, xai_resources.calls, xai_resources.realtime"
    script = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import {modules}; print(sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-I", "-S", "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for other in ("pulumi", "providers", "pydantic", "starlette", "twilio"):
        assert f"'{other}" not in done.stdout
