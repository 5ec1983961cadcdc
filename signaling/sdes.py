"""Keys of SRTP in the session description (RFC 4568, RFC 7714): the ``a=crypto`` line."""

from __future__ import annotations

import base64
import binascii
import re
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from signaling.errors import ParseError

#: Suites in the order in which they are offered, with the bytes of master key and salt together.
SUITES: Final = {
    "AES_CM_128_HMAC_SHA1_80": 30,
    "AES_CM_128_HMAC_SHA1_32": 30,
    "AEAD_AES_128_GCM": 28,
    "AEAD_AES_256_GCM": 44,
}
#: What an offer of ours holds: what every trunk provider documents.
OFFERED: Final = ("AES_CM_128_HMAC_SHA1_80", "AES_CM_128_HMAC_SHA1_32")


@dataclass(frozen=True)
class Crypto:
    """One ``a=crypto`` line: its tag, the suite, master key and salt. The key is in no text but ``line``."""

    tag: int
    suite: str
    key: bytes = field(repr=False)

    @property
    def line(self) -> str:
        """The attribute's value as it goes into a description."""
        return f"{self.tag} {self.suite} inline:{base64.b64encode(self.key).decode()}"


def generate(tag: int, suite: str, random: Callable[[int], bytes] = secrets.token_bytes) -> Crypto:
    """A new key for a suite."""
    return Crypto(tag, suite, random(SUITES[suite]))


def parse(value: str) -> Crypto:
    """Read a line. Raises ParseError on one that cannot be used here: another suite, an MKI, weakened sessions."""
    match = re.fullmatch(r"(\d{1,9})\s+(\S+)\s+inline:([A-Za-z0-9+/=]+)((?:\|[^\s|;]+)*)((?:\s+\S+)*)", value.strip())
    if not match:
        raise ParseError("a crypto line is malformed, or has several keys")
    suite = match[2].upper()
    try:
        key = base64.b64decode(match[3] + "=" * (-len(match[3]) % 4), validate=True)
    except binascii.Error:
        raise ParseError("the key of a crypto line is not base64") from None
    if len(key) != SUITES.get(suite):
        raise ParseError("the suite of a crypto line is not known here, or its key has the wrong length")
    if ":" in match[4]:
        raise ParseError("keys with an identifier (MKI) are not used here")
    if any(not part.startswith("-") for part in match[5].split() if not part.upper().startswith(("KDR=", "WSH="))):
        raise ParseError("a crypto line asks for less protection than SRTP gives")
    return Crypto(int(match[1]), suite, key)


def usable(values: Sequence[str]) -> list[Crypto]:
    """The lines of an offer that can be used here, in its order."""
    found: list[Crypto] = []
    for value in values:
        try:
            found.append(parse(value))
        except ParseError:
            continue
    return found
