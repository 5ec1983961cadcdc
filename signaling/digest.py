"""Digest authentication (RFC 3261 §22, RFC 7616, RFC 8760), of the caller and of the called.

MD5 and SHA-256, with ``qop=auth`` or without (RFC 2069), by 401 and 407.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from signaling import uri as uris
from signaling.errors import ParseError
from signaling.headers import quoted, split, unquote
from signaling.message import Request, Response

_HASHES: Final[Mapping[str, Callable[[bytes], str]]] = {
    "MD5": lambda data: hashlib.md5(data, usedforsecurity=False).hexdigest(),
    "SHA-256": lambda data: hashlib.sha256(data).hexdigest(),
}
#: Status of a challenge, its header field, and the one of the answer.
FIELDS: Final = {401: ("WWW-Authenticate", "Authorization"), 407: ("Proxy-Authenticate", "Proxy-Authorization")}


def parse_digest(text: str) -> dict[str, str]:
    """Parameters of a ``Digest …`` header field, names in lower case, values without quotes. Raises ParseError."""
    scheme, _, rest = text.strip().partition(" ")
    if scheme.lower() != "digest":
        raise ParseError(f"{scheme[:20]!r} is not the Digest scheme")
    found: dict[str, str] = {}
    for part in split(rest, ","):
        name, equals, value = part.partition("=")
        key = name.strip().lower()
        if not equals or key in found:
            raise ParseError("a digest parameter has no value, or stands there twice")
        found[key] = unquote(value.strip())
    return found


def response(  # noqa: PLR0917 -- the names of RFC 7616 §3.4.1, in its order
    algorithm: str, username: str, realm: str, password: str, method: str, uri: str, nonce: str, **qop: str
) -> str:
    """The ``response`` value (RFC 7616 §3.4.1). ``qop``: qop, nc and cnonce, or nothing (RFC 2069)."""
    digest = _HASHES[algorithm]
    secret = digest(f"{username}:{realm}:{password}".encode())
    request = digest(f"{method}:{uri}".encode())
    middle = f"{nonce}:{qop['nc']}:{qop['cnonce']}:{qop['qop']}" if qop else nonce
    return digest(f"{secret}:{middle}:{request}".encode())


@dataclass(frozen=True)
class Credentials:
    """What a caller logs in with; ``password`` is in no text of this object."""

    username: str
    password: str = field(repr=False)


@dataclass(frozen=True)
class Challenge:
    """A challenge that can be answered here."""

    realm: str
    nonce: str
    algorithm: str
    qop: bool
    opaque: str | None
    stale: bool


def challenges(answer: Response) -> list[Challenge]:
    """The challenges of a 401 or 407 that can be answered here, in the order of preference of who sent them."""
    found: list[Challenge] = []
    for value in answer.headers.all(FIELDS[answer.status][0]):
        try:
            named = parse_digest(value)
        except ParseError:
            continue
        algorithm = named.get("algorithm", "MD5").upper()
        offered = {word.strip().lower() for word in named["qop"].split(",")} if "qop" in named else None
        if algorithm not in _HASHES or not {"realm", "nonce"} <= named.keys() or (offered and "auth" not in offered):
            continue
        stale = named.get("stale", "").lower() == "true"
        found.append(Challenge(named["realm"], named["nonce"], algorithm, bool(offered), named.get("opaque"), stale))
    return found


class DigestClient:
    """Answers the challenges that one caller meets, and counts the uses of each nonce."""

    def __init__(self, credentials: Credentials, random: Callable[[], str] = lambda: secrets.token_hex(8)) -> None:
        self._credentials = credentials
        self._random = random
        self._counts: dict[str, int] = {}

    def answer(self, answer: Response, request: Request) -> tuple[str, str] | None:
        """The header field that answers the 401 or 407 to a request; None: nothing to answer, or refused already.

        Refused is what the request held for that realm, unless its nonce was only too old (``stale``). Of several
        challenges the first one that is known here counts (RFC 8760 §2.4).
        """
        found = challenges(answer) if answer.status in FIELDS else []
        if not found:
            return None
        challenge, name = found[0], FIELDS[answer.status][1]
        tried = any(parse_digest(value).get("realm") == challenge.realm for value in request.headers.all(name))
        if tried and not challenge.stale:
            return None
        return name, self.authorization(challenge, request.method, str(request.uri))

    def authorization(self, challenge: Challenge, method: str, uri: str) -> str:
        """The value of Authorization or Proxy-Authorization for one challenge."""
        username, password = self._credentials.username, self._credentials.password
        parts = [
            ("username", quoted(username)),
            ("realm", quoted(challenge.realm)),
            ("nonce", quoted(challenge.nonce)),
            ("uri", quoted(uri)),
        ]
        qop: dict[str, str] = {}
        if challenge.qop:
            count = self._counts[challenge.nonce] = self._counts.get(challenge.nonce, 0) + 1
            qop = {"qop": "auth", "nc": f"{count:08x}", "cnonce": self._random()}
            parts += [("qop", "auth"), ("nc", qop["nc"]), ("cnonce", quoted(qop["cnonce"]))]
        value = response(challenge.algorithm, username, challenge.realm, password, method, uri, challenge.nonce, **qop)
        parts += [("response", quoted(value)), ("algorithm", challenge.algorithm)]
        if challenge.opaque is not None:
            parts.append(("opaque", quoted(challenge.opaque)))
        return "Digest " + ", ".join(f"{name}={value}" for name, value in parts)


class Verdict(Enum):
    """What a server makes of a request's credentials."""

    ACCEPTED = "accepted"
    ABSENT = "no credentials for this realm"
    STALE = "the nonce is not in use any more"
    REPLAYED = "the nonce count was used before"
    MALFORMED = "the credentials cannot be read"
    WRONG_URI = "the credentials are for another request URI"
    UNKNOWN_USER = "no such username"
    WRONG_RESPONSE = "the response is wrong: another password"


class DigestServer:
    """Challenges callers and checks what they answer.

    ``passwords``: by username. ``algorithms``: in the order in which they are offered; some clients fail when one
    that they do not know comes first. A nonce is good for ``lifetime`` seconds; clock and random are injected.
    """

    def __init__(
        self,
        realm: str,
        passwords: Mapping[str, str],
        *,
        algorithms: Sequence[str] = ("SHA-256", "MD5"),
        lifetime: float = 300,
        clock: Callable[[], float] = time.monotonic,
        random: Callable[[], str] = lambda: secrets.token_hex(16),
    ) -> None:
        self.realm = realm
        self._passwords = passwords
        self._algorithms = tuple(algorithms)
        self._lifetime = lifetime
        self._clock = clock
        self._random = random
        self._nonces: dict[str, tuple[float, int]] = {}

    def challenge(self, *, stale: bool = False, proxy: bool = False) -> list[tuple[str, str]]:
        """Header fields of a 401, or of a 407 with ``proxy``: a challenge per algorithm, with one new nonce."""
        now = self._clock()
        self._nonces = {nonce: entry for nonce, entry in self._nonces.items() if entry[0] > now}
        nonce = self._random()
        self._nonces[nonce] = (now + self._lifetime, 0)
        name = FIELDS[407 if proxy else 401][0]
        old = ", stale=true" if stale else ""
        text = f'Digest realm={quoted(self.realm)}, nonce="{nonce}", qop="auth", algorithm='
        return [(name, f"{text}{algorithm}{old}") for algorithm in self._algorithms]

    def verify(self, request: Request, *, proxy: bool = False) -> tuple[Verdict, str | None]:
        """What to make of a request, and the username it names."""
        try:
            named = self._credentials(request.headers.all(FIELDS[407 if proxy else 401][1]))
            if named is None:
                return Verdict.ABSENT, None
            return self._verdict(named, request), named["username"]
        except (ParseError, KeyError, ValueError):
            return Verdict.MALFORMED, None

    def _credentials(self, values: Iterable[str]) -> dict[str, str] | None:
        parsed = [parse_digest(value) for value in values if value.lower().startswith("digest ")]
        return next((named for named in parsed if named.get("realm") == self.realm), None)

    def _verdict(self, named: Mapping[str, str], request: Request) -> Verdict:
        algorithm, nonce = named.get("algorithm", "MD5").upper(), named["nonce"]
        if algorithm not in self._algorithms:
            return Verdict.MALFORMED
        if not uris.parse(named["uri"]).same_as(request.uri):
            return Verdict.WRONG_URI
        password = self._passwords.get(named["username"])
        if password is None:
            return Verdict.UNKNOWN_USER
        qop = {name: named[name] for name in ("qop", "nc", "cnonce")} if "qop" in named else {}
        if qop and qop["qop"] != "auth":
            return Verdict.MALFORMED
        username, uri = named["username"], named["uri"]
        right = response(algorithm, username, self.realm, password, request.method, uri, nonce, **qop)
        if not hmac.compare_digest(right.encode(), named["response"].encode()):
            return Verdict.WRONG_RESPONSE
        return self._use(nonce, int(qop["nc"], 16) if qop else None)

    def _use(self, nonce: str, count: int | None) -> Verdict:
        expires, used = self._nonces.get(nonce, (0.0, 0))
        if expires <= self._clock():
            return Verdict.STALE
        if count is not None:
            if count <= used:
                return Verdict.REPLAYED
            self._nonces[nonce] = (expires, count)
        return Verdict.ACCEPTED
