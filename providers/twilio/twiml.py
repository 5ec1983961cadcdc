"""TwiML: what Twilio is answered when it asks what to do with a call. Pure: the same inputs give the same bytes.

Documents: twilio.com/docs/voice/twiml/dial, /sip (of 2026-08-19), /changelog (2020-12-09: sequential dialing);
errors 13252, 21227, 32112, 32113 (read 2026-11-21). docs.x.ai shows the document for a number without headers or digest.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache, partial
from importlib.resources import files
from typing import Annotated, Any
from urllib.parse import quote

from pydantic import AfterValidator, Field, model_validator

from providers.kernel.files import Files, sha256, signed
from providers.kernel.spec import StrictModel
from providers.kernel.values import E164, HttpsUrl, SipUri, has_unknown

#: A URI in <Sip> has less than 256 characters, its headers less than 1024 (error 21227).
_MAX_URI, _MAX_HEADERS = 255, 1023
#: A <Dial> tries at most ten nouns.
MAX_WAYS = 10
_HEADER = re.compile(r"[Xx]-[A-Za-z0-9-]{1,60}")
_COMMENT = ("<!-- ", " -->")


def _headers(given: dict[str, str]) -> dict[str, str]:
    seen: set[str] = set()
    for name, value in given.items():
        if not _HEADER.fullmatch(name) or name.lower().startswith("x-twilio"):
            raise ValueError("a header's name is X- and letters, digits and dashes, but not X-Twilio…: correct it")
        if name.lower() in seen:
            raise ValueError(f"{name} stands here twice (letter case does not tell headers apart): remove one")
        if not (value.isascii() and value.isprintable() and value.strip()):
            raise ValueError(f"{name} must be one line of ASCII: Twilio leaves out a header that SIP cannot carry")
        seen.add(name.lower())
    if len(_query(given)) > _MAX_HEADERS:
        raise ValueError(
            f"headers have more than {_MAX_HEADERS} characters together, as they are escaped: shorten them"
        )
    return given


Headers = Annotated[dict[str, str], AfterValidator(_headers)]


class Dial(StrictModel):
    """Everything a document depends on but the password."""

    phone_number: E164 = Field(description="The number whose calls it is for.")
    target: SipUri = Field(description="Where its calls go.")
    fallback: tuple[SipUri, ...] = Field((), description="Who rings when the target does not answer, in order.")
    headers: Headers = Field(default_factory=dict[str, str], description="SIP headers the target gets: X-… to text.")
    username: str = Field("", pattern=r"^[\w.+-]{0,64}$", description="Digest username; none: an allowlist.")
    action_url: HttpsUrl | None = Field(None, description="Who decides what follows the call.")
    refer_url: HttpsUrl | None = Field(None, description="Who carries out a transfer by the agent.")

    @model_validator(mode="after")
    def _fits(self) -> Dial:
        if has_unknown(dict(self)):
            return self
        if len(self.fallback) >= MAX_WAYS:
            raise ValueError(f"Twilio tries at most {MAX_WAYS} URIs: {MAX_WAYS - 1} fallbacks")
        if any(len(uri) > _MAX_URI for uri in (self.target, *self.fallback)):
            raise ValueError(f"a SIP URI has at most {_MAX_URI} characters at Twilio")
        return self


def document(dial: Dial, password: str = "") -> str:
    """The TwiML. Raises ValueError for a password that it cannot hold."""
    if dial.username and not (re.fullmatch(r"[!-~]{1,128}", password) and "{{" not in password):
        raise ValueError(
            "password: must be 1 to 128 ASCII characters without blanks and {{, which a TwiML Bin replaces"
        )
    query = _query(dial.headers)
    first = {"uri": f"{dial.target}?{query}" if query else dial.target, "username": dial.username, "password": password}
    seen = {
        "ways": [first, *({"uri": uri, "username": ""} for uri in dial.fallback)],
        "action_url": dial.action_url,
        "refer_url": dial.refer_url,
    }
    return _template("dial.xml").render(seen)


def content(dial: Dial) -> str:
    """The SHA-256 of the document as it is without its password, so that a new release's change of it shows."""
    return sha256(document(dial, "-"))


def file(number: str) -> str:
    """The name of the file with a number's document."""
    return f"xai-{number.lstrip('+')}.xml"


def bundle(dial: Dial, stack: str) -> Files:
    """The document as a file to paste, with the steps. With a digest it is the secret file itself."""
    name = file(dial.phone_number)
    seen = {
        "number": dial.phone_number,
        "stack": stack,
        "file": name,
        "secret": bool(dial.username),
        "several": bool(dial.fallback),
    }
    texts = {"README.md": signed(_template("README.md").render(seen), _COMMENT, dial.phone_number)}
    if not dial.username:
        return Files("twiml", {**texts, name: _file(dial, "")})
    texts[".gitignore"] = signed(f"{name}\n", ("# ", ""), dial.phone_number)
    return Files("twiml", texts, name, dial.username, partial(_file, dial))


def _file(dial: Dial, password: str) -> str:
    return signed(document(dial, password), _COMMENT, dial.phone_number)


def _query(headers: Mapping[str, str]) -> str:
    """Headers as the query of a SIP URI, all but letters, digits and ``-._~`` escaped."""
    return "&".join(f"{name}={quote(value, safe='')}" for name, value in sorted(headers.items()))


@cache
def _template(name: str) -> Any:
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    made = Environment(
        loader=FunctionLoader(lambda name: (files("templates") / "twiml" / name).read_text(encoding="utf-8")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return made.get_template(f"{name}.j2")
