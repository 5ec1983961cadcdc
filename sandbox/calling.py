"""What a vendor has to say about a call: the words in which carriers and xAI's side talk to the edge.

A carrier says, from what its API holds and nothing else, which SIP URIs it calls for a number (``Carrier``); xAI's side
says what is registered there (``Registrar``). Both are found among the vendors of the sandbox by what they can do.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, runtime_checkable

from sandbox.exchange import JsonObject
from signaling.offer import Encryption

Hop = Literal[
    "number",
    "attachment",
    "trunk",
    "dns",
    "tls",
    "sip",
    "registration",
    "authentication",
    "media",
    "webhook",
    "session",
    "agent",
]


@dataclass(frozen=True)
class Failure:
    """Where a call ended without an answer: the hop, the SIP status where one came, and why in a sentence."""

    hop: Hop
    code: int | None
    reason: str


class Unreachable(Exception):
    """A call gets no further than this hop, before any SIP."""

    def __init__(self, hop: Hop, reason: str) -> None:
        super().__init__(reason)
        self.failure = Failure(hop, None, reason)


def on_any_failure(code: int | None) -> bool:
    """Whether to try the next URI after a status (None: no answer came): always."""
    return True


def transferred(target: str) -> int:
    """What a carrier answers a REFER to a target: 200, it calls there."""
    return 200


@dataclass(frozen=True)
class Leg:
    """One SIP URI that a carrier calls, and how. ``sources``: the CIDRs that its calls come from; empty: this machine."""

    uri: str
    codecs: Sequence[str] = ("PCMU", "PCMA")
    encryption: Encryption = "off"
    username: str = ""
    password: str = field(default="", repr=False)
    headers: Sequence[tuple[str, str]] = ()
    sources: Sequence[str] = ()
    fails_over: Callable[[int | None], bool] = on_any_failure
    transfer: Callable[[str], int] = transferred


@dataclass(frozen=True)
class Ask:
    """The carrier asks a URL what to do (TwiML, Plivo XML); ``read`` makes steps of the answer and raises Unreachable."""

    url: str
    method: str
    form: Mapping[str, str]
    read: Callable[[str], Sequence[Step]]
    fallback: Ask | None = None
    product: str = "TwilioProxy/1.1"


@dataclass(frozen=True)
class Rang:
    """How it ended that somebody was rung; ``code`` is a SIP status."""

    status: Literal["completed", "busy", "no-answer", "failed"]
    code: int | None = None


@dataclass(frozen=True)
class Ring:
    """Several are rung at once, SIP URIs and phone numbers: the first to answer has the call, the others are cancelled.

    ``seconds``: until nobody answered. ``action``: whom the carrier then asks how to go on; what follows is not done.
    """

    legs: Sequence[Leg | str]
    seconds: float = 60
    action: Callable[[Rang], Ask | None] = lambda rang: None


@dataclass(frozen=True)
class Stop:
    """The carrier ends the call, or takes it where no SIP goes."""

    reason: str


#: What is done one after the other. A leg that fails hands on to the next step as its carrier says, a ring always;
#: an Ask is a redirection: its answer takes the place of what would follow.
Step = Leg | Ring | Ask | Stop
Route = Sequence[Step] | Ask


@runtime_checkable
class Carrier(Protocol):
    """A vendor that delivers calls to its numbers."""

    name: str

    def route(self, number: str, caller: str) -> Route | None:
        """What it does with a call; None where the number is not one of its own. Raises Unreachable."""
        ...


@dataclass(frozen=True)
class Webhook:
    """Where an incoming call is announced. ``sign`` makes the headers and the body of an event for a call."""

    url: str
    sign: Callable[[str, Sequence[tuple[str, str]]], tuple[Mapping[str, str], str]]
    token: str = field(default="", repr=False)
    auth_url: str = ""


@dataclass(frozen=True)
class Registration:
    """A number as xAI knows it."""

    number: str
    team: str
    allowed: Sequence[str] = ()
    username: str = ""
    password: str = field(default="", repr=False)
    agent: str = ""
    webhook: Webhook | None = None


class Telephone(Protocol):
    """Where a vendor's API places calls of its own."""

    def dial(self, to: str, caller: str, digits: str, seconds: float) -> str:
        """Begins a call, and says its id."""
        ...

    def call(self, id: str) -> JsonObject | None:
        """A call as it stands."""
        ...


@runtime_checkable
class CallsOut(Protocol):
    """A vendor whose API places calls."""

    def connect(self, telephone: Telephone) -> None:
        """Hand it the telephone."""
        ...


class CallControl(Protocol):
    """What an application does with a call that is under way."""

    def hangup(self, team: str, call_id: str) -> bool:
        """End a call; False where the team has no such call."""
        ...

    def refer(self, team: str, call_id: str, target: str) -> Awaitable[Failure | None] | None:
        """Transfer the caller, and wait for the outcome; None where the team has no such call."""
        ...


@runtime_checkable
class Registrar(Protocol):
    """The vendor whose SIP host the edge plays."""

    def registered(self, user: str) -> Registration | None:
        """The number that a Request-URI's user part names, exactly."""
        ...

    def team(self, authorization: str) -> str | None:
        """Whose API key an Authorization header holds; None for a key of nobody's."""
        ...

    def control(self, calls: CallControl) -> None:
        """Hand its call-control API the calls that there are."""
        ...


@dataclass(frozen=True)
class Client:
    """Who opens a realtime session: its team, and what an ephemeral client secret configures beforehand."""

    team: str
    ephemeral: bool = False
    session: JsonObject = field(default_factory=dict[str, object])


@runtime_checkable
class Clients(Protocol):
    """The vendor that knows who may open a realtime session."""

    def client(self, authorization: str, secret: str) -> Client | None:
        """Whom an Authorization header or an ephemeral client secret stands for; None for nobody."""
        ...

    def stored_agent(self, team: str, *, id: str = "", instructions: str = "") -> JsonObject | None:
        """The agent of a team by its id, or the first one with these instructions."""
        ...
