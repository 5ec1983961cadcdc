"""The four machines as tables: what comes, at which time, and what they do (RFC 3261 §17, RFC 6026)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from signaling import transaction, uri
from signaling.headers import Headers
from signaling.message import Request, response_to
from signaling.transaction import (
    Action,
    Deliver,
    InviteClient,
    InviteServer,
    NonInviteClient,
    NonInviteServer,
    Retransmission,
    Send,
    State,
    TimedOut,
    Timers,
)

T1 = 0.5
Machine = InviteClient | NonInviteClient | InviteServer | NonInviteServer


def request(method: str, branch: str = "z9hG4bK1") -> Request:
    return Request(
        method,
        uri.parse("sip:b@example.com"),
        headers=Headers(
            [
                ("Via", f"SIP/2.0/TLS a.example.com;branch={branch}"),
                ("Route", "<sip:proxy.example.com;lr>"),
                ("Max-Forwards", "70"),
                ("From", "<sip:a@example.com>;tag=1"),
                ("To", "<sip:b@example.com>"),
                ("Call-ID", "id"),
                ("CSeq", f"1 {method}"),
            ]
        ),
    )


def told(actions: list[Action]) -> str:
    """Actions in one word each: ``!200`` is sent, ``200`` is delivered."""
    words: list[str] = []
    for action in actions:
        if isinstance(action, (Send, Deliver)):
            message = action.message
            word = message.method if isinstance(message, Request) else str(message.status)
            words.append(("!" if isinstance(action, Send) else "") + word)
        else:
            words.append("timeout" if isinstance(action, TimedOut) else "broken")
    return " ".join(words)


def run(machine: Machine, events: str) -> list[tuple[str, str]]:
    """Plays events: ``<200`` comes from the peer, ``>200`` from the user, ``+`` is the deadline, ``x`` the connection."""
    now, seen = 100.0, list[tuple[str, str]]()
    for event in events.split():
        if event == "start":
            actions = machine.start(now)
        elif event == "+":
            assert machine.deadline is not None
            now = machine.deadline
            actions = machine.timeout(now)
        elif event == "x":
            actions = machine.transport_failed()
        elif event.startswith("<"):
            name = event[1:]
            if isinstance(machine, (InviteClient, NonInviteClient)):
                actions = machine.receive(response_to(machine.request, int(name), to_tag="2"), now)
            else:
                actions = machine.receive(request(name), now)
        else:
            assert isinstance(machine, (InviteServer, NonInviteServer))
            actions = machine.respond(response_to(machine.request, int(event[1:]), to_tag="2"), now)
        seen.append((told(actions), machine.state.value))
    return seen


def rows(text: str) -> list[tuple[str, str]]:
    """Each line: an event, what is done, the state after it."""
    return [(line.split("|")[0].strip(), " ".join(line.split("|")[1].split())) for line in text.strip().splitlines()]


INVITE_CLIENT = {
    "answered": """
        start | !INVITE calling
        <100  | 100 proceeding
        <180  | 180 proceeding
        <200  | 200 accepted
        <200  | 200 accepted
        <404  | accepted
        +     | terminated
    """,
    "refused": "start | !INVITE calling \n <404 | !ACK 404 terminated \n <404 | terminated",
    "refused after ringing": "start | !INVITE calling \n <180 | 180 proceeding \n <486 | !ACK 486 terminated",
    "silence": "start | !INVITE calling \n + | timeout terminated",
    "cut": "start | !INVITE calling \n x | broken terminated \n x | terminated",
    "cut after the answer": "start | !INVITE calling \n <200 | 200 accepted \n x | terminated",
}
NON_INVITE_CLIENT = {
    "answered": "start | !BYE trying \n <100 | 100 proceeding \n <200 | 200 terminated \n <200 | terminated",
    "refused": "start | !BYE trying \n <481 | 481 terminated",
    "silence": "start | !BYE trying \n + | timeout terminated",
    "silence after 100": "start | !BYE trying \n <100 | 100 proceeding \n + | timeout terminated",
    "cut": "start | !BYE trying \n x | broken terminated",
}
INVITE_SERVER = {
    "answers": """
        start   | INVITE proceeding
        +       | !100 proceeding
        >180    | !180 proceeding
        >200    | !200 accepted
        <INVITE | accepted
        <ACK    | ACK accepted
        >200    | !200 accepted
        >180    | accepted
        >486    | accepted
        +       | terminated
    """,
    "refuses": """
        start   | INVITE proceeding
        >180    | !180 proceeding
        <INVITE | !180 proceeding
        >486    | !486 completed
        <INVITE | !486 completed
        >200    | completed
        <ACK    | terminated
        <ACK    | terminated
    """,
    "never acknowledged": "start | INVITE proceeding \n >404 | !404 completed \n + | timeout terminated",
    "slow": "start | INVITE proceeding \n <INVITE | proceeding \n + | !100 proceeding \n <INVITE | !100 proceeding",
    "cut": "start | INVITE proceeding \n x | broken terminated \n >200 | terminated",
}
NON_INVITE_SERVER = {
    "answers": "start | OPTIONS trying \n <OPTIONS | trying \n >200 | !200 terminated \n <OPTIONS | terminated",
    "slow": "start | OPTIONS trying \n >100 | !100 proceeding \n <OPTIONS | !100 proceeding \n >200 | !200 terminated",
    "cut": "start | OPTIONS trying \n x | broken terminated",
}
CASES = [
    *(
        (f"INVITE client {name}", lambda: InviteClient(request("INVITE"), Timers(T1)), text)
        for name, text in INVITE_CLIENT.items()
    ),
    *(
        (f"client {name}", lambda: NonInviteClient(request("BYE"), Timers(T1)), text)
        for name, text in NON_INVITE_CLIENT.items()
    ),
    *(
        (f"INVITE server {name}", lambda: InviteServer(request("INVITE"), Timers(T1)), text)
        for name, text in INVITE_SERVER.items()
    ),
    *(
        (f"server {name}", lambda: NonInviteServer(request("OPTIONS"), Timers(T1)), text)
        for name, text in NON_INVITE_SERVER.items()
    ),
]


@pytest.mark.parametrize(("make", "text"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_machine(make: Callable[[], Machine], text: str) -> None:
    expected = rows(text)
    seen = run(make(), " ".join(event for event, _ in expected))
    assert [f"{actions} {state}".strip() for actions, state in seen] == [done for _, done in expected]


def test_nothing_but_calling_and_waiting_for_an_ack_is_impatient() -> None:
    invite = InviteClient(request("INVITE"), Timers(T1))
    invite.start(0)
    assert invite.deadline == 64 * T1
    invite.receive(response_to(invite.request, 180), 1)
    assert invite.deadline is None
    server = InviteServer(request("INVITE"), Timers(T1))
    server.start(0)
    assert server.deadline == pytest.approx(0.2)


def test_the_ack_of_a_failure_is_its_invites() -> None:
    invite = request("INVITE")
    ack = transaction.acknowledgement(invite, response_to(invite, 404, to_tag="2"))
    assert ack.headers.all("Via") == invite.headers.all("Via")
    assert ack.headers.all("Route") == invite.headers.all("Route")
    assert (ack.to.tag, str(ack.cseq), ack.uri) == ("2", "1 ACK", invite.uri)


def test_cancel_is_its_invites_too() -> None:
    invite = request("INVITE")
    cancel = transaction.cancellation(invite)
    assert transaction.server_key(cancel, "INVITE") == transaction.server_key(invite)
    assert (cancel.to.tag, str(cancel.cseq)) == (None, "1 CANCEL")


def test_without_a_branch_of_rfc_3261_more_is_compared() -> None:
    plain = [request("INVITE", branch="1"), request("INVITE", branch="1"), request("INVITE", branch="z9hG4bK")]
    assert transaction.server_key(plain[0]) == transaction.server_key(plain[1])
    assert transaction.server_key(plain[0]) != transaction.server_key(plain[2])
    ack = transaction.acknowledgement(plain[0], response_to(plain[0], 404))
    assert transaction.server_key(ack) == transaction.server_key(plain[0])


def test_an_answer_is_sent_again_at_longer_and_longer_intervals() -> None:
    retransmission, now, sent = Retransmission(0.0, Timers(0.5, 4)), 0.0, list[float]()
    while True:
        now = retransmission.deadline
        if not retransmission.timeout(now):
            break
        sent.append(now)
    assert sent == [0.5, 1.5, 3.5, 7.5, 11.5, 15.5, 19.5, 23.5, 27.5, 31.5]
    assert now == 32


def test_states_have_the_names_of_the_rfc() -> None:
    assert {state.value for state in State} == {
        "calling",
        "trying",
        "proceeding",
        "accepted",
        "completed",
        "terminated",
    }
