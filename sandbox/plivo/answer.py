"""Plivo XML as far as it brings a call to a SIP URI: <Dial> with <User> and <Number>, <Redirect>, and what is around them.

plivo.com/docs/voice/xml (dial, user, redirect; read 2026-11-28). Nobody here listens to what is said or played. Unverified:
that a <User> may be a SIP URI of anybody's, from which addresses such calls come, and that they are not encrypted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urljoin, urlsplit

from sandbox.calling import Ask, Leg, Rang, Ring, Step, Stop, Unreachable
from sandbox.xml import Element, positive, read
from signaling.errors import ParseError
from signaling.uri import parse_sip

PASSED: Final = frozenset(
    {"Speak", "Play", "Wait", "GetDigits", "GetInput", "Record", "DTMF", "PreAnswer", "Message", "Stream"}
)
LAST: Final = frozenset({"Hangup", "Conference", "MultiPartyCall", "AudioStream"})
NOUNS: Final = frozenset({"User", "Number"})
#: Headers that Plivo keeps for itself are dropped without a word.
_RESERVED: Final = ("ph-", "plivo", "fs-", "sipauth", "zt-", "twilio")
#: Seconds, where a <Dial> does not say: no default is documented.
_TIMEOUT: Final = 60


@dataclass(frozen=True)
class Document:
    """Where a document came from, and what its questions repeat."""

    url: str
    form: Mapping[str, str]
    sources: Sequence[str]

    def ask(self, url: str, method: str, more: Mapping[str, str] | None = None) -> Ask:
        """A question to a URL, "a fully qualified" one; the page's own example is relative."""
        whole = urljoin(self.url, url)
        then = Document(whole, {**self.form, **(more or {})}, self.sources)
        return Ask(whole, "GET" if method.upper() == "GET" else "POST", then.form, then.steps, product="Plivo")

    def steps(self, text: str) -> Sequence[Step]:
        """What a document says, up to where it ends. Raises Unreachable for one that cannot be read."""
        try:
            root = read(text)
        except ValueError as error:
            raise Unreachable("attachment", f"the answer URL gave no XML: {error}") from None
        if root.tag != "Response":
            raise Unreachable("attachment", f"the XML's root element is <{root.tag[:40]}>, not <Response>")
        steps = [step for verb in root if (step := self._step(verb)) is not None]
        return [*steps, Stop("the XML dials no SIP URI")]

    def _step(self, verb: Element) -> Step | None:
        if verb.tag == "Dial":
            return self._dial(verb)
        if verb.tag == "Redirect":
            return self.ask((verb.text or "").strip(), verb.get("method", "POST"))
        if verb.tag in LAST:
            return Stop(f"the XML ends with <{verb.tag}>: no SIP URI")
        if verb.tag not in PASSED:
            raise Unreachable("attachment", f"<{verb.tag[:40]}> is no element of Plivo XML")
        return None

    def _dial(self, dial: Element) -> Ring:
        for noun in dial:
            if noun.tag not in NOUNS:
                raise Unreachable("attachment", f"<{noun.tag[:40]}> cannot stand in <Dial>")
        if not len(dial):
            raise Unreachable("attachment", "a <Dial> needs a <Number> or a <User>")
        try:
            legs: list[Leg | str] = [self._user(noun) for noun in dial if noun.tag == "User"]
            seconds = positive(dial.get("timeout", str(_TIMEOUT)))
        except ParseError as error:
            raise Unreachable("trunk", f"the XML dials no valid SIP URI: {error}") from None
        except ValueError:
            raise Unreachable("attachment", "the XML dials with a timeout that is no number of seconds") from None
        legs += [_plus(noun.text or "") for noun in dial if noun.tag == "Number"]
        return Ring(legs, seconds, lambda rang: self._action(dial, rang))

    def _action(self, dial: Element, rang: Rang) -> Ask | None:
        if not urlsplit(dial.get("action", "")).path or dial.get("redirect", "true").lower() == "false":
            return None
        return self.ask(dial.get("action", ""), dial.get("method", "POST"), {"DialStatus": rang.status})

    def _user(self, user: Element) -> Leg:
        uri = parse_sip((user.text or "").strip())
        pairs = [pair.partition("=") for pair in user.get("sipHeaders", "").split(",") if "=" in pair]
        return Leg(
            str(uri),
            username=user.get("sipAuthUsername", ""),
            password=user.get("sipAuthPassword", ""),
            headers=[
                (f"X-PH-{name.strip()}", value.strip())
                for name, _, value in pairs
                if not name.strip().lower().startswith(_RESERVED)
            ],
            sources=self.sources,
            transfer=lambda target: 403,
        )


def _plus(number: str) -> str:
    """Numbers have no plus at Plivo, and may have one."""
    return f"+{number.strip().removeprefix('+')}"
