"""`xtel call`: a call to each number, in the sandbox; who answered, how fast, with which sound; or where it ended."""

from __future__ import annotations

import ipaddress
import os
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, cast
from xml.etree import ElementTree

from providers.kernel import values
from providers.kernel.errors import InputError, XtelError
from providers.kernel.secrecy import one_line
from stacks import callpath, document
from stacks.callpath import Decided
from xtel import terminal
from xtel.engine import state
from xtel.engine.state import State
from xtel.project import sandbox
from xtel.project.layout import Project
from xtel.proof.receiver import Receiver
from xtel.proof.standing_in import standing_in

#: Seconds of talk after the answer, and how long a call may take altogether: 30 s of ringing, and the tries before it.
_TALK, _LONGEST = 1.0, 120.0
_REGISTERED, _BUNDLE = "xai:PhoneNumber", "sip:Bundle"


@dataclass(frozen=True)
class Line:
    """One number of the network, with what its calls need."""

    number: str
    key: str
    target: str
    secret: str = field(default="", repr=False)
    webhook: str = ""
    username: str = ""
    password: str = field(default="", repr=False)
    allowed: tuple[str, ...] = ()
    #: Its PBX's settings, where no carrier with an API delivers it.
    bundle: Mapping[str, Any] | None = None
    #: Where a token for the webhook is had by OAuth.
    token_url: str = ""
    #: Whose call it is, as the state has it; empty: of whichever carrier has the number.
    carrier: str = ""

    def leg(self, *, direct: bool) -> dict[str, Any] | None:
        """What this side calls by itself: for a PBX of one's own, and past the carrier. None leaves it to the carrier."""
        if self.bundle is None and not direct:
            return None
        asked: dict[str, Any] = {"uri": self.target, "username": self.username, "password": self.password}
        if self.bundle is not None:
            asked |= {"uri": self.bundle.get("target") or self.target, "codecs": self.bundle.get("codecs")}
            asked["srtp"] = str(self.bundle.get("srtp") or "off")
        if self.allowed:
            # As who may call it: for a PBX that is its own address.
            asked["source"] = str(ipaddress.ip_network(self.allowed[0])[0])
        return {name: value for name, value in asked.items() if value}


@dataclass(frozen=True)
class Result:
    """What became of one call, as the sandbox tells it."""

    line: Line
    call: Mapping[str, Any]
    #: What was expected of it, and is not so.
    unmet: str = ""

    @property
    def outcome(self) -> Mapping[str, Any]:
        return cast(Mapping[str, Any], self.call["outcome"])

    @property
    def answered(self) -> bool:
        return self.call["state"] == "ended"

    @property
    def good(self) -> bool:
        """Whether it is as declared: answered, or refused because who calls is in none of the number's networks."""
        return not self.unmet and (self.answered or bool(self.outcome.get("declared")))

    @property
    def problem(self) -> str:
        """Where it ended, and why; empty for a call that was answered."""
        if self.answered:
            return self.unmet
        code = f" {self.outcome['code']}" if self.outcome["code"] else ""
        hop, reason = self.outcome["hop"] or "unfinished", self.outcome["reason"] or "no end in time"
        unverified = hop == "webhook" and self.line.webhook and not self.line.secret
        more = (
            "; the state has no signing secret of it: `signing_secret: {secret: NAME}` gives it one"
            if unverified
            else ""
        )
        return one_line(f"{hop}{code}: {reason}{more}")

    @property
    def ladder(self) -> list[str]:
        """Its messages, a line each, with the seconds since the first."""
        steps = cast(list[dict[str, Any]], self.call["ladder"])
        start = float(steps[0]["at"]) if steps else 0.0
        return [
            one_line(f"{step['at'] - start:7.3f} {step['source']} -> {step['destination']} {step['line']}")
            for step in steps
        ]

    @property
    def sent(self) -> list[str]:
        """The first line of each of its messages."""
        return [str(step["line"]) for step in cast(list[dict[str, Any]], self.call["ladder"])]

    def as_json(self) -> dict[str, Any]:
        """For ``--json``: the call as the sandbox has it, and the number's key."""
        return {
            "key": self.line.key,
            "number": self.line.number,
            "answered": self.answered,
            "good": self.good,
            **self.call,
        }


def lines(held: State) -> list[Line]:
    """The numbers of a stack that are registered, from its state with secrets."""
    bundles = {item.parent: item.inputs for item in held.resources if item.type == _BUNDLE}
    carriers = _carriers(held)
    found: list[Line] = []
    for item in held.resources:
        if item.type != _REGISTERED:
            continue
        said: Mapping[str, Any] = {**item.inputs, **item.outputs}
        number = str(said.get("e164") or said.get("phone_number") or "")
        auth = cast(Mapping[str, Any], said.get("sip_auth") or {})
        webhook = cast(Mapping[str, Any], said.get("webhook") or {})
        found.append(
            Line(
                number,
                held.labels.get(number, number),
                str(values.Target(number=number, host=str(said.get("sip_host") or values.SIP_HOST))),
                str(said.get("signing_secret") or ""),
                str(webhook.get("url") or ""),
                str(auth.get("auth_username") or ""),
                str(auth.get("auth_password") or ""),
                tuple(cast(list[str], auth.get("allowed_addresses") or ())),
                bundles.get(item.parent),
                str(webhook.get("auth_url") or ""),
                carriers.get(number, "") if item.parent not in bundles else "",
            )
        )
    return found


def _carriers(held: State) -> dict[str, str]:
    """By number the one carrier that was told to take its calls; none where several were, or files alone say it."""
    found: dict[str, set[str]] = {}
    for item in held.resources:
        declared = callpath.declaration(item.type)
        number = Decided.by(item).does.takes
        if number and declared and not declared.state_only:
            found.setdefault(number, set()).add(item.vendor)
    return {number: next(iter(names)) for number, names in found.items() if len(names) == 1}


def documents(held: State) -> dict[str, dict[str, str]]:
    """TwiML by its URL and number."""
    found: dict[str, dict[str, str]] = {}
    for item in held.resources:
        url, text = item.inputs.get("hosted"), item.outputs.get("twiml")
        if url and text:
            found.setdefault(str(url), {})[str(item.inputs["phone_number"])] = str(text)
    return found


def chosen(found: Sequence[Line], asked: Sequence[str], stack: str) -> list[Line]:
    """The lines that were asked for, by number or key; all of them where none was. Raises InputError."""
    known = {name: line for line in found for name in (line.number, line.key)}
    for name in asked:
        if name not in known:
            keys = ", ".join(line.key for line in found) or "none"
            raise InputError(f"{name} is no number of {stack} that is applied", step=f"name one of: {keys}")
    return [known[name] for name in dict.fromkeys(asked)] if asked else list(found)


def call(project: Project, stack: str, asked: Sequence[str], *, caller: str = "", direct: bool = False) -> list[Result]:
    """Places a call to each number of a stack, all at once, with a receiver of our own behind the webhooks."""
    url = sandbox.place(project)
    held = state.revealed(stack, project.root, sandbox.reading(project, stack))
    order = list(document.read(project.stack_file(stack)).numbers)
    found = sorted(lines(held), key=lambda line: order.index(line.key) if line.key in order else len(order))
    wanted = chosen(found, asked, stack)
    if not wanted:
        raise InputError(f"{stack} has no number that is applied", step=f"pulumi up -s {stack}")
    return placed(url, held, wanted, caller=caller, direct=direct)


def placed(
    url: str, held: State, wanted: Sequence[Line], *, caller: str = "", direct: bool = False, seconds: float = _TALK
) -> list[Result]:
    """Places a call to each line in the sandbox at ``url``, all at once; what was applied there receives them.

    ``seconds`` of talk after the answer. Raises XtelError where the sandbox takes no calls.
    """
    environment = cast(dict[str, str], sandbox.ask(url, "GET", "env"))
    if "XTEL_SANDBOX_SIP" not in environment:
        raise XtelError("the sandbox takes no calls", step="pip install 'xai-telephony[calls]', then start it again")
    body: dict[str, Any] = {"seconds": seconds} | ({"from": caller} if caller else {})
    with _receiving(url, lines(held), documents(held), environment):
        begun = [(line, _begin(url, line, body, direct=direct)) for line in wanted]
        return [Result(line, _ended(url, id)) for line, id in begun]


@contextmanager
def _receiving(
    sandbox_url: str,
    found: Sequence[Line],
    spoken: Mapping[str, Mapping[str, str]],
    environment: Mapping[str, str],
) -> Generator[None]:
    """A receiver that stands in for every URL of the network that has none, and no longer than the calls take."""
    secrets = {line.number: line.secret for line in found if line.secret}
    receiver = Receiver(secrets, spoken, environment["XAI_BASE_URL"], environment["XAI_API_KEY"])
    places = {**{line.webhook: receiver.calls for line in found if line.webhook}, **receiver.twiml}
    places |= {line.token_url: receiver.tokens for line in found if line.token_url}
    with closing(receiver), standing_in(sandbox_url, places, yielding=True):
        yield


def _begin(url: str, line: Line, asked: Mapping[str, Any], *, direct: bool) -> str:
    leg = line.leg(direct=direct)
    more = {"to": line.number} | ({"carrier": line.carrier} if line.carrier else {}) | ({"leg": leg} if leg else {})
    return str(sandbox.ask(url, "POST", "calls", {**asked, **more})["id"])


def _ended(url: str, id: str) -> dict[str, Any]:
    deadline = time.monotonic() + _LONGEST
    while True:
        found = cast(dict[str, Any], sandbox.ask(url, "GET", f"calls/{id}"))
        if found["state"] in {"failed", "ended"} or time.monotonic() > deadline:
            return found
        time.sleep(0.1)


def show(results: Sequence[Result], *, ladders: bool) -> None:
    """A table, and the ladder of each call that was not answered."""
    cells = [_cells(result) for result in results]
    least = tuple(max(len(part) for row in cells for part in row[at].split("\n")) for at in (0, 2, 3))
    terminal.table(
        ("NUMBER\nKEY", "ANSWERED BY", "MS", "CODEC\nSRTP"), cells, (least[0], 24, least[1], max(5, least[2]))
    )
    for result in results:
        if result.ladder and (ladders or not result.good):
            terminal.line("")
            terminal.line(f"{result.line.number} ({result.line.key}): {result.problem or 'answered'}")
            for text in result.ladder:
                terminal.line(f"  {text}")


def _cells(result: Result) -> tuple[str, str, str, str]:
    number = f"{values.pretty(result.line.number)}\n{result.line.key}"
    if not result.answered:
        return number, result.problem, "-", "-"
    kind, _, who = str(result.outcome["answered_by"] or "somebody").partition(":")
    codec, ms = result.outcome["codec"], result.outcome["answer_ms"]
    sound = f"{codec}\n{'SRTP' if result.outcome['encrypted'] else 'plain'}" if codec else "-"
    said = "\n".join(filter(None, (f"{kind} {who}".rstrip(), result.unmet)))
    return number, said, str(ms) if ms is not None else "-", sound


def junit(results: Sequence[Result]) -> str:
    """The same for a CI's list of tests: a test case a number."""
    failures = sum(not result.good for result in results)
    suite = ElementTree.Element("testsuite", name="xtel call", tests=str(len(results)), failures=str(failures))
    for result in results:
        seconds = f"{(result.outcome['answer_ms'] or 0) / 1000:.3f}"
        case = ElementTree.SubElement(
            suite, "testcase", name=result.line.number, classname=result.line.key, time=seconds
        )
        if not result.good:
            ElementTree.SubElement(case, "failure", message=result.problem).text = "\n".join(result.ladder)
    return ElementTree.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"


def in_sandbox(stack: str) -> bool:
    """Whether a stack's calls are played in the sandbox."""
    return stack == sandbox.STACK or bool(os.environ.get(sandbox.VARIABLE))


@dataclass(frozen=True)
class Expected:
    """What must be true of each call: who answers (``webhook:URL``, ``agent:ID``, or a part), in how many seconds."""

    answered_by: str = ""
    within: float | None = None

    @staticmethod
    def read(text: str) -> Expected:
        """``answered-by=agent:…,within=5``. Raises ValueError."""
        known: dict[str, str] = {}
        for part in filter(None, text.split(",")):
            name, equals, value = part.partition("=")
            if name not in {"answered-by", "within"} or not equals or not value or name in known:
                raise ValueError("expected answered-by=WHO, within=SECONDS, or both with a comma between them")
            known[name] = value
        try:
            within = float(known["within"]) if "within" in known else None
        except ValueError:
            raise ValueError("within: expected seconds, such as 5") from None
        return Expected(known.get("answered-by", ""), within)

    def judged(self, result: Result) -> Result:
        """The call, with what of it is not as expected."""
        if not result.answered:
            return result
        by, ms = str(result.outcome["answered_by"] or ""), result.outcome["answer_ms"]
        told: list[str] = []
        if self.answered_by and self.answered_by not in by:
            told.append(f"expected {self.answered_by}, {f'{by} answered' if by else 'and who answered is not known'}")
        if self.within is not None and (ms is None or ms > self.within * 1000):
            took = f"it took {ms / 1000:.1f} s" if ms is not None else "and how long it took is not known"
            told.append(f"expected an answer within {self.within:g} s, {took}")
        return replace(result, unmet="; ".join(told))
