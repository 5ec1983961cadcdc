"""TwiML as far as it brings a call to a SIP URI: <Dial> with its nouns, and the verbs around it.

twilio.com/docs/voice/twiml (dial, sip, number, redirect, reject, hangup; read 2026-11-28) and its error pages. Nobody here
listens to what verbs say or play, so they are passed over; who is dialled within one <Dial> rings at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl, urljoin

from sandbox.calling import Ask, Leg, Rang, Ring, Step, Stop, Unreachable
from sandbox.xml import Element, positive, read
from signaling.errors import ParseError
from signaling.uri import parse_sip

#: Verbs after which the document goes on, as far as a call that nobody listens to is concerned.
PASSED: Final = frozenset(
    {"Say", "Play", "Pause", "Gather", "Record", "Sms", "Message", "Start", "Stop", "Siprec", "Prompt"}
)
#: Verbs that end the call, or keep it at Twilio.
LAST: Final = frozenset({"Hangup", "Reject", "Leave", "Enqueue", "Connect", "Refer", "Pay", "Echo", "Queue"})
NOUNS: Final = frozenset({"Number", "Sip", "Client", "Conference", "Queue", "Sim", "Application", "WhatsApp"})
#: "You can use up to ten nouns within a <Dial> verb."
_MOST: Final = 10
#: Seconds: the default of a <Dial>, and what Twilio adds to every timeout.
_TIMEOUT, _BUFFER = 30, 5


@dataclass(frozen=True)
class Document:
    """Where a document came from, and what its questions repeat. ``enhanced``: Enhanced Programmable SIP Features."""

    url: str
    form: Mapping[str, str]
    sources: Sequence[str]
    enhanced: bool = True

    def ask(self, url: str, method: str, more: Mapping[str, str] | None = None) -> Ask:
        """A question to a URL, which may be relative to this document's."""
        whole = urljoin(self.url, url)
        then = Document(whole, {**self.form, **(more or {})}, self.sources, self.enhanced)
        return Ask(whole, method.upper() if method.upper() == "GET" else "POST", then.form, then.steps)

    def steps(self, text: str) -> Sequence[Step]:
        """What a document says, up to where it ends. Raises Unreachable for one that Twilio does not take."""
        try:
            root = read(text)
        except ValueError as error:
            raise Unreachable("attachment", f"the TwiML cannot be parsed (12100): {error}") from None
        if root.tag != "Response":
            raise Unreachable("attachment", f"the TwiML's root element is <{root.tag[:40]}>, not <Response> (12102)")
        steps = [step for verb in root if (step := self._step(verb)) is not None]
        return [*steps, Stop("the TwiML dials no SIP URI")]

    def _step(self, verb: Element) -> Step | None:
        if verb.tag == "Dial":
            return self._dial(verb)
        if verb.tag == "Redirect":
            return self.ask((verb.text or "").strip(), verb.get("method", "POST"))
        if verb.tag in LAST:
            return Stop(f"the TwiML ends with <{verb.tag}>: no SIP URI")
        if verb.tag not in PASSED:
            raise Unreachable("attachment", f"<{verb.tag[:40]}> is no verb of TwiML (12200)")
        return None

    def _dial(self, dial: Element) -> Ring:
        self._careful(dial)
        try:
            legs: list[Leg | str] = [self._sip(dial, noun) for noun in dial if noun.tag == "Sip"]
            seconds = positive(dial.get("timeout", str(_TIMEOUT))) + _BUFFER
        except ParseError as error:
            raise Unreachable("trunk", f"the TwiML dials no valid SIP URI (13224): {error}") from None
        except ValueError:
            raise Unreachable(
                "attachment", "the TwiML dials with a timeout that is no number of seconds (13212)"
            ) from None
        legs += [number for noun in dial if noun.tag == "Number" and (number := (noun.text or "").strip())]
        if not len(dial) and (number := (dial.text or "").strip()):
            legs.append(number)
        return Ring(legs, seconds, lambda rang: self._action(dial, rang))

    def _careful(self, dial: Element) -> None:
        for noun in dial:
            if noun.tag not in NOUNS:
                raise Unreachable("attachment", f"<{noun.tag[:40]}> is no noun of <Dial> (12200)")
        if len(dial) > _MOST:
            raise Unreachable("attachment", f"a <Dial> takes at most {_MOST} nouns")
        if not self.enhanced and len(dial) > 1 and dial.find("Sip") is not None:
            raise Unreachable(
                "attachment",
                "without Enhanced Programmable SIP Features a <Dial> takes one <Sip> and nothing beside it",
            )

    def _action(self, dial: Element, rang: Rang) -> Ask | None:
        if not dial.get("action"):
            return None
        told = {"DialCallStatus": rang.status}
        if rang.code is not None:
            told["DialSipResponseCode"] = str(rang.code)
        return self.ask(dial.get("action", ""), dial.get("method", "POST"), told)

    def _sip(self, dial: Element, sip: Element) -> Leg:
        text, _, query = (sip.text or "").strip().partition("?")
        uri = parse_sip(text)
        secure = (uri.parameter("secure") or "").lower() == "true"
        return Leg(
            str(uri.without("secure")),
            encryption="required" if secure else "off",
            username=sip.get("username", ""),
            password=sip.get("password", ""),
            headers=parse_qsl(query, keep_blank_values=True),
            sources=self.sources,
            transfer=lambda target: 200 if dial.get("referUrl") else 603,
        )
