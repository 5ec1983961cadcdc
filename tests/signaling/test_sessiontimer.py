"""Who refreshes a session, and how often (RFC 4028), as tables."""

from __future__ import annotations

import pytest

from signaling import sessiontimer, uri
from signaling.errors import ParseError
from signaling.headers import Headers
from signaling.message import Request, Response
from signaling.sessiontimer import IntervalTooSmall, SessionTimer


def asking(*fields: tuple[str, str]) -> Request:
    return Request("INVITE", uri.parse("sip:h"), headers=Headers(fields))


TIMER = ("Supported", "replaces, timer")


@pytest.mark.parametrize(
    ("request_", "interval", "ours", "answer"),
    [
        (asking(TIMER, ("Session-Expires", "1800")), 1800, False, "1800;refresher=uac"),
        (asking(TIMER, ("x", "1800;refresher=uas")), 1800, True, "1800;refresher=uas"),
        (asking(TIMER, ("Session-Expires", "90 ; refresher=UAC")), 90, False, "90;refresher=uac"),
        # A caller that knows no timers: a proxy asked, and this side does it.
        (asking(("Session-Expires", "1800")), 1800, True, "1800;refresher=uas"),
        (asking(("Session-Expires", "30")), 90, True, "90;refresher=uas"),
    ],
)
def test_what_is_answered(request_: Request, interval: int, ours: bool, answer: str) -> None:
    timer, headers = sessiontimer.asked(request_)
    assert timer == SessionTimer(interval, ours)
    assert dict(headers)["Session-Expires"] == answer
    assert ("Require", "timer") in headers or "Supported" not in request_.headers


def test_nothing_asked_nothing_answered() -> None:
    assert sessiontimer.asked(asking(TIMER)) == (None, [])


def test_too_small_is_422() -> None:
    with pytest.raises(IntervalTooSmall):
        sessiontimer.asked(asking(TIMER, ("Session-Expires", "60")))


def test_malformed() -> None:
    with pytest.raises(ParseError):
        sessiontimer.asked(asking(TIMER, ("Session-Expires", "soon")))
    assert sessiontimer.granted(Response(200, headers=Headers([("Session-Expires", "soon")]))) is None


@pytest.mark.parametrize(
    ("value", "timer"),
    [
        ("1800;refresher=uac", SessionTimer(1800, True)),
        ("1800;refresher=uas", SessionTimer(1800, False)),
        ("1800", SessionTimer(1800, True)),
    ],
)
def test_what_is_granted(value: str, timer: SessionTimer) -> None:
    assert sessiontimer.granted(Response(200, headers=Headers([("Session-Expires", value)]))) == timer
    assert sessiontimer.granted(Response(200)) is None


@pytest.mark.parametrize(
    ("timer", "delay"),
    [(SessionTimer(1800, True), 900), (SessionTimer(1800, False), 1768), (SessionTimer(90, False), 60)],
)
def test_when(timer: SessionTimer, delay: float) -> None:
    assert timer.delay == delay


def test_roles_stay_whoever_refreshes() -> None:
    assert SessionTimer(90, True).header(requesting=True)[1] == "90;refresher=uac"
    assert SessionTimer(90, False).header(requesting=True)[1] == "90;refresher=uas"
    assert SessionTimer(90, True).header(requesting=False)[1] == "90;refresher=uas"


def test_the_least_that_a_peer_takes() -> None:
    assert sessiontimer.smallest(Response(422, headers=Headers([("Min-SE", "120;x=y")]))) == 120
