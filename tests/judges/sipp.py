"""sipp, a generator of calls that nobody here wrote (Debian: sip-tester; built without TLS: it calls through a proxy).

What it does in a call stands in a scenario: log in, talk, refresh the session, hang up; or be transferred.
"""

from __future__ import annotations

import csv
import socket
import subprocess
from pathlib import Path
from typing import Final

from tests.judges.programs import program

_SDP: Final = """v=0
o=sipp 1 1 IN IP4 [local_ip]
s=-
c=IN IP4 [media_ip]
t=0 0
m=audio [media_port] RTP/AVP 0
a=rtpmap:0 PCMU/8000
a=sendrecv"""


def _request(start: str, *headers: str, body: str = "", media: str = "", branch: str = "[branch]") -> str:
    lines = [
        start,
        "Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=" + branch,
        "Max-Forwards: 70",
        "From: <sip:+12025550143@pbx.example.com>;tag=[call_number]",
        "Call-ID: [call_id]",
        "Contact: <sip:sipp@[local_ip]:[local_port]>",
        *headers,
        *([f"Content-Type: {media}"] if body else []),
        "Content-Length: [len]",
    ]
    return "\n".join(lines) + "\n\n" + body


def _invite(cseq: int, *headers: str) -> str:
    start, to = "INVITE sip:[service]@sip.voice.x.ai;transport=tls SIP/2.0", "To: <sip:[service]@sip.voice.x.ai>"
    more = ("Supported: timer", "Session-Expires: 90;refresher=uac", *headers)
    return _request(start, to, f"CSeq: {cseq} INVITE", *more, body=_SDP, media="application/sdp")


def _within(method: str, cseq: int, *headers: str, body: str = "", media: str = "application/sdp") -> str:
    """A request of the dialog: to the peer's Contact, by the recorded routes, with the tag of the 200."""
    start, to = f"{method} [next_url] SIP/2.0", "To: [$remote]"
    return _request(start, "[routes]", to, f"CSeq: {cseq} {method}", *headers, body=body, media=media)


def _answer(status: str, *headers: str) -> str:
    """To the last request that came."""
    copied = [f"[last_{name}:]" for name in ("Via", "From", "To", "Call-ID", "CSeq", "Record-Route")]
    return "\n".join([f"SIP/2.0 {status}", *copied, *headers, "Content-Length: 0", "", ""])


def _send(text: str, wait: int = 0) -> str:
    retransmits = ' retrans="500"' if not text.startswith(("ACK", "SIP/")) else ""
    pause = f'<pause milliseconds="{wait}"/>\n' if wait else ""
    return f"{pause}<send{retransmits}><![CDATA[\n{text}\n]]></send>"


def _receive(*kinds: str) -> str:
    return "\n".join(f"<recv {kind}/>" for kind in kinds)


def _scenario(*steps: str) -> str:
    return '<?xml version="1.0" encoding="UTF-8"?>\n<scenario name="call">\n' + "\n".join(steps) + "\n</scenario>\n"


_PROVISIONAL: Final = ('response="100" optional="true"', 'response="180" optional="true"')
#: sipp's own word for the peer's tag is that of the 401.
_ANSWERED: Final = """<recv response="200" rrs="true"><action>
<ereg regexp=".*" search_in="hdr" header="To:" assign_to="remote"/>
</action></recv>"""
_LOG_IN: Final = (
    _send(_invite(1)),
    _receive('response="100" optional="true"', 'response="401" auth="true"'),
    _send(
        _request(
            "ACK sip:[service]@sip.voice.x.ai;transport=tls SIP/2.0",
            "To: <sip:[service]@sip.voice.x.ai>[peer_tag_param]",
            "CSeq: 1 ACK",
            branch="[branch-3]",  # of the INVITE that was refused, three steps before
        )
    ),
    _send(_invite(2, "[authentication username=hq password=rightPassword1!]")),
    _receive(*_PROVISIONAL),
    _ANSWERED,
    _send(_within("ACK", 2)),
)
#: Is answered, refreshes the session as its timer has it, and hangs up.
TALKS: Final = _scenario(
    *_LOG_IN,
    _send(_within("INVITE", 3, "Supported: timer", "Session-Expires: 90;refresher=uac", body=_SDP), wait=1000),
    _receive('response="100" optional="true"', 'response="200"'),
    _send(_within("ACK", 3)),
    _send(_within("BYE", 4), wait=700),
    _receive('response="200"'),
)
#: The same of a carrier that knows no password: who is in between logs in.
DELIVERS: Final = _scenario(
    _send(_invite(1)),
    _receive(*_PROVISIONAL),
    _ANSWERED,
    _send(_within("ACK", 1)),
    _send(_within("INVITE", 2, "Supported: timer", "Session-Expires: 90;refresher=uac", body=_SDP), wait=500),
    _receive('response="100" optional="true"', 'response="200"'),
    _send(_within("ACK", 2)),
    _send(_within("BYE", 3), wait=500),
    _receive('response="200"'),
)
#: Is told to call somebody else, reports that they answered, and is hung up.
TRANSFERRED: Final = _scenario(
    *_LOG_IN,
    _receive('request="REFER"'),
    _send(_answer("202 Accepted", "Contact: <sip:sipp@[local_ip]:[local_port]>")),
    _send(
        _within(
            *("NOTIFY", 3),
            *("Event: refer", "Subscription-State: terminated;reason=noresource"),
            body="SIP/2.0 200 OK",
            media="message/sipfrag;version=2.0",
        )
    ),
    _receive('response="200"', 'request="BYE"'),
    _send(_answer("200 OK")),
)


def calls(folder: Path, scenario: str, number: str, proxy: int, count: int = 1, rate: int = 20) -> dict[str, int]:
    """Places calls to a number through a proxy's UDP port, echoes what it hears, and counts.

    Answers its own counters: OutgoingCall, SuccessfulCall, FailedCall, Retransmissions and the like.
    """
    sipp = program("sipp")
    (folder / "scenario.xml").write_text(scenario)
    statistics = folder / "statistics.csv"
    statistics.unlink(missing_ok=True)
    signalling, media, control = _free_ports()
    command = [
        *(sipp, f"127.0.0.1:{proxy}", "-sf", "scenario.xml", "-s", number, "-nostdin"),
        *("-auth_uri", f"{number}@sip.voice.x.ai;transport=tls"),
        *("-i", "127.0.0.1", "-p", str(signalling), "-ci", "127.0.0.1", "-cp", str(control)),
        *("-mi", "127.0.0.1", "-mp", str(media), "-rtp_echo"),
        *("-m", str(count), "-r", str(rate), "-l", str(count)),
        *("-trace_stat", "-stf", str(statistics), "-trace_err", "-error_file", "errors"),
    ]
    with (folder / "output").open("wb") as output:
        subprocess.run(command, cwd=folder, stdout=output, stderr=output, timeout=90, check=False)
    assert statistics.exists(), (folder / "output").read_text()[-1000:]
    *_, last = csv.DictReader(statistics.read_text().splitlines(), delimiter=";")
    errors = folder / "errors"
    counted = {name.removesuffix("(C)"): int(value) for name, value in last.items() if _counts(name, value)}
    assert counted["FailedCall"] == 0, errors.read_text()[:1000] if errors.exists() else counted
    return counted


def _counts(name: str | None, value: str | None) -> bool:
    return bool(name and name.endswith("(C)") and value and value.isdecimal())


def _free_ports() -> tuple[int, int, int]:
    """For signalling, for media (and the second one above, which it takes for pictures), and for its remote control."""
    while True:
        with socket.socket(type=socket.SOCK_DGRAM) as first, socket.socket(type=socket.SOCK_DGRAM) as second:
            first.bind(("127.0.0.1", 0))
            media = int(first.getsockname()[1])
            try:
                second.bind(("127.0.0.1", media + 2))
            except (OSError, OverflowError):
                continue
            with socket.socket(type=socket.SOCK_DGRAM) as third, socket.socket(type=socket.SOCK_DGRAM) as fourth:
                third.bind(("127.0.0.1", 0))
                fourth.bind(("127.0.0.1", 0))
                return int(third.getsockname()[1]), media, int(fourth.getsockname()[1])
