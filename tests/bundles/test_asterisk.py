"""Asterisk with a bundle, and nothing else, calls the sandbox's SIP host by its name."""

from __future__ import annotations

import contextlib
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from providers.sip import bundle
from providers.sip.bundle import BundleSpec
from tests.bundles.asterisk import ROOT, Asterisk, running
from tests.calling import wiring
from tests.calling.wiring import NUMBERS, Receiver
from tests.judges.names import names
from tests.sandbox.conftest import Server

NUMBER, NATIONAL = NUMBERS["sip"], "08912345670"
RIGHT, OTHER = "sip.voice.x.ai", "sip.example.com"


@contextmanager
def pbx(
    sandbox: Server,
    *,
    host: str = RIGHT,
    password: str = wiring.PASSWORD,
    known: Sequence[str] = (),
    more: Mapping[str, str] | None = None,
    **given: Any,
) -> Iterator[Asterisk]:
    """Asterisk with the bundle of the number, whose way to the SIP host leads to the sandbox."""
    place = sandbox.env["XTEL_SANDBOX_SIP"]
    ca = ROOT / "tmp" / "xtel-ca.pem"
    ca.write_text(Path(sandbox.env["XTEL_SANDBOX_CA"]).read_text())
    inputs = BundleSpec.model_validate(
        {
            "phone_number": NUMBER, "platform": "asterisk", "target": f"sip:{NUMBER}@{host};transport=tls",
            "username": "hq", "port": int(place.rpartition(":")[2]), "ca_file": "/tmp/xtel-ca.pem",
            "did": [NATIONAL], "bind": "127.0.0.1:5971", "ring_seconds": 5, **given,
        }
    ).canonical()  # fmt: skip
    made = bundle.files(inputs)
    assert made.sealed is not None
    files = {
        **{name: text for name, text in made.texts.items() if name.endswith(".conf")},
        made.secret: made.sealed(password),
    }
    with names(dict.fromkeys([host, *known], place)) as resolver, running(files, resolver, more) as asterisk:
        try:
            yield asterisk
        finally:
            ca.unlink()


def sip(call: dict[str, Any], method: str) -> list[str]:
    """The requests of a method in a call's ladder."""
    return [step["text"] for step in call["ladder"] if step["kind"] == "sip" and step["line"].startswith(f"{method} ")]


def _until(reached: Callable[[], bool], seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not reached() and time.monotonic() < end:
        time.sleep(0.1)


def the_call(sandbox: Server) -> dict[str, Any]:
    end = time.monotonic() + 20
    while not (found := sandbox.control("GET", f"calls?to={NUMBER}")):
        assert time.monotonic() < end, "no call arrived"
        time.sleep(0.05)
    return wiring.until(sandbox, found[-1]["id"], {"failed", "ended"})


def test_a_nationally_delivered_call_reaches_its_agent(sandbox: Server) -> None:
    wiring.xai(sandbox, NUMBER, digest="hq", agent=True)
    with pbx(sandbox) as asterisk:
        assert "transport-tls-xai" in asterisk.command("pjsip show transports")
        asterisk.call(NATIONAL)
        found = the_call(sandbox)
        log = asterisk.log()
    assert found["state"] == "ended", (found["outcome"], log)
    assert found["outcome"]["encrypted"] is True
    first, second = sip(found, "INVITE")[:2]
    assert first.startswith(f"INVITE sip:{NUMBER}@{RIGHT}")
    assert "Authorization:" not in first
    assert 'username="hq"' in second
    [contact] = re.findall(r"(?m)^Contact: (.*)$", second)
    assert contact.lower().count("transport=") == 1


@pytest.mark.parametrize("wrong", ["name", "authority"])
def test_whoever_cannot_prove_its_name_gets_no_call_and_no_login(sandbox: Server, wrong: str) -> None:
    wiring.xai(sandbox, NUMBER, digest="hq", agent=True)
    given = {"host": OTHER} if wrong == "name" else {"ca_file": "/etc/ssl/certs/ca-certificates.crt"}
    with pbx(sandbox, **given) as asterisk:
        asterisk.call(NATIONAL)
        time.sleep(2)
        log = asterisk.log()
    assert sandbox.control("GET", f"calls?to={NUMBER}") == []
    assert re.search(r"certificate|identity|TLS", log), log


def test_a_wrong_password_is_refused(sandbox: Server) -> None:
    wiring.xai(sandbox, NUMBER, digest="hq", agent=True)
    with pbx(sandbox, password="wrong") as asterisk:
        asterisk.call(NATIONAL)
        found = the_call(sandbox)
    assert (found["state"], found["outcome"]["hop"]) == ("failed", "authentication")


@contextmanager
def opened_later(place: str) -> Iterator[tuple[int, Any]]:
    """A port at which nobody answers until it is opened: then whoever is at the place."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))

        def pipe(source: socket.socket, sink: socket.socket) -> None:
            with contextlib.suppress(OSError):
                while data := source.recv(65536):
                    sink.sendall(data)

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    near, _ = listening.accept()
                    host, _, port = place.partition(":")
                    far = socket.create_connection((host, int(port)))
                    for pair in ((near, far), (far, near)):
                        threading.Thread(target=pipe, args=pair, daemon=True).start()

        def opened() -> None:
            listening.listen()
            threading.Thread(target=serve, daemon=True).start()

        yield int(listening.getsockname()[1]), opened


def test_a_call_is_tried_while_options_are_not_answered(sandbox: Server) -> None:
    wiring.xai(sandbox, NUMBER, digest="hq", agent=True)
    with opened_later(sandbox.env["XTEL_SANDBOX_SIP"]) as (port, opened), pbx(sandbox, port=port) as asterisk:
        asterisk.command("pjsip qualify xai-498912345670")
        end = time.monotonic() + 20
        while "Unavail" not in (contacts := asterisk.command("pjsip show contacts")):
            assert time.monotonic() < end, contacts
            time.sleep(0.2)
        opened()
        asterisk.call(NATIONAL)
        found = the_call(sandbox)
        assert found["state"] == "ended", (found["outcome"], [step["line"] for step in found["ladder"]])
        assert "Unavail" in asterisk.command("pjsip show contacts")


DESK = {
    "extensions.conf": """[desk]
exten => _+X.,1,NoOp(transferred to ${EXTEN})
 same => n,Playtones(440)
 same => n,Wait(2)
"""
}


@pytest.mark.parametrize(
    ("given", "target", "status", "dials"),
    [
        ({}, "tel:+14155550188", 502, False),
        ({"transfer": True, "transfer_context": "desk"}, "sip:+14155550188@pbx.example.com", 200, True),
        # Asterisk takes a SIP URI alone (res_pjsip_refer.c): 400 to any other.
        ({"transfer": True, "transfer_context": "desk"}, "tel:+14155550188", 502, False),
    ],
)
def test_a_transfer_is_refused_or_dials_in_its_context(
    sandbox: Server, receiver: Receiver, given: dict[str, Any], target: str, status: int, dials: bool
) -> None:
    wiring.xai(sandbox, NUMBER, digest="hq")
    answers: list[int] = []
    said: list[str] = []

    def refer(_: Any, call_id: str) -> None:
        time.sleep(1)  # both legs are joined by then
        answer = sandbox.xai("POST", f"/v1/realtime/calls/{call_id}/refer", {"target_uri": target})
        answers.append(answer.status_code)
        said.append(answer.text)

    receiver.script = refer
    with pbx(sandbox, more=DESK, **given) as asterisk:
        asterisk.call(NATIONAL, seconds=4)
        _until(lambda: bool(answers))
        log = asterisk.log()
    assert answers == [status], (said, log)
    assert ("transferred to +14155550188" in log) == dials, log


#: A bundle adds no transport for fallbacks that are not called over TLS: a PBX has one.
UDP = {"pjsip.conf": "[udp]\ntype=transport\nprotocol=udp\nbind=127.0.0.1:5973\n"}


def test_a_fallback_rings_and_gets_no_login_of_ours(sandbox: Server) -> None:
    """xAI does not know the number: the next one rings, and a challenge of its does not bring out the password."""
    with socket.socket(type=socket.SOCK_DGRAM) as desk:
        desk.bind(("127.0.0.1", 0))
        desk.settimeout(15)
        way = f"sip:+498912345699@pbx.example.com:{desk.getsockname()[1]};transport=udp"
        with pbx(sandbox, known=["pbx.example.com"], more=UDP, fallback=[way]) as asterisk:
            asterisk.call(NATIONAL)
            first, peer = desk.recvfrom(65535)
            assert first.startswith(b"INVITE sip:+498912345699@pbx.example.com")
            desk.sendto(_challenged(first.decode()), peer)
            again = b""
            desk.settimeout(3)
            with contextlib.suppress(TimeoutError):
                while b"ACK" not in again:
                    again = desk.recv(65535)
            assert b"uthorization:" not in again
            with contextlib.suppress(TimeoutError):
                assert not desk.recv(65535).startswith(b"INVITE")


def _challenged(request: str) -> bytes:
    """A 401 in xAI's name."""
    kept = [line for line in request.split("\r\n") if re.match(r"(Via|From|Call-ID|CSeq):", line)]
    to = re.search(r"(?m)^To: (.*)\r$", request)
    assert to is not None
    digest = f'WWW-Authenticate: Digest realm="{RIGHT}", nonce="abc", algorithm=MD5'
    return "\r\n".join(
        ["SIP/2.0 401 Unauthorized", *kept, f"To: {to[1]};tag=desk", digest, "Content-Length: 0", "", ""]
    ).encode()


def test_a_transport_that_is_there_is_used(sandbox: Server) -> None:
    there = """[mine]
type=transport
protocol=tls
bind=127.0.0.1:5972
method=tlsv1_2
ca_list_file=/tmp/xtel-ca.pem
verify_server=yes
"""
    wiring.xai(sandbox, NUMBER, digest="hq", agent=True)
    with pbx(sandbox, more={"pjsip.conf": there}, transport="mine", bind="") as asterisk:
        assert "transport-tls-xai" not in asterisk.command("pjsip show transports")
        asterisk.call(NATIONAL)
        assert the_call(sandbox)["state"] == "ended"


@pytest.mark.parametrize(
    "password", ["p'w{x}%s`a`!b", '"q"', "a;b;--c", ">a=>b", "${EXTEN}$[1]", "back\\slash", "[x](y)#c"]
)
def test_a_hostile_password_is_read_as_it_is(sandbox: Server, password: str) -> None:
    with pbx(sandbox, password=password) as asterisk:
        shown = asterisk.command("pjsip show auth xai-498912345670-auth")
    assert re.search(rf"(?m)^ password +: {re.escape(password)}$", shown), shown
