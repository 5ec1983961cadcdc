"""SRTP (RFC 3711) of one stream by libsrtp; installed by ``xai-telephony[calls]`` and imported when a call needs it."""

from __future__ import annotations

import importlib
from typing import Any

from signaling.errors import LibraryMissing, ParseError
from signaling.sdes import Crypto

_PROFILES = {
    "AES_CM_128_HMAC_SHA1_80": "SRTP_PROFILE_AES128_CM_SHA1_80",
    "AES_CM_128_HMAC_SHA1_32": "SRTP_PROFILE_AES128_CM_SHA1_32",
    "AEAD_AES_128_GCM": "SRTP_PROFILE_AEAD_AES_128_GCM",
    "AEAD_AES_256_GCM": "SRTP_PROFILE_AEAD_AES_256_GCM",
}


def library() -> Any:
    """libsrtp's binding. Raises LibraryMissing."""
    try:
        return importlib.import_module("pylibsrtp")
    except ImportError:
        raise LibraryMissing("pylibsrtp", "an encrypted call (SRTP)") from None


class _Stream:
    """The state of one direction: key, rollover counter, replay window."""

    def __init__(self, crypto: Crypto, direction: str) -> None:
        self.crypto = crypto
        self._library = library()
        kind = self._library.Policy
        policy = kind(
            key=crypto.key,
            ssrc_type=getattr(kind, f"SSRC_ANY_{direction}"),
            srtp_profile=getattr(kind, _PROFILES[crypto.suite]),
        )
        self._session: Any = self._library.Session(policy=policy)


class Protector(_Stream):
    """Encrypts what this side sends."""

    def __init__(self, crypto: Crypto) -> None:
        super().__init__(crypto, "OUTBOUND")

    def protect(self, packet: bytes) -> bytes:
        """An SRTP packet from an RTP packet."""
        return self._session.protect(packet)


class Unprotector(_Stream):
    """Decrypts what this side receives."""

    def __init__(self, crypto: Crypto) -> None:
        super().__init__(crypto, "INBOUND")

    def unprotect(self, packet: bytes) -> bytes:
        """An RTP packet from an SRTP packet. Raises ParseError on a forged or repeated one."""
        try:
            return self._session.unprotect(packet)
        except (self._library.Error, ValueError) as error:
            raise ParseError(f"not an SRTP packet of this session: {error}") from None
