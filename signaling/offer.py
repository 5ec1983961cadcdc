"""Offer and answer of one audio stream (RFC 3264), with SDES (RFC 4568) and telephone-event (RFC 4733).

An offer that only DTLS could take, one without a common codec, and one whose encryption is not what this side wants
are answered by 488 (``NotAcceptable``).
"""

from __future__ import annotations

import ipaddress
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from signaling import sdes
from signaling.errors import NotAcceptable
from signaling.sdes import Crypto
from signaling.sdp import Media, SessionDescription, parse

#: ``required``: RTP/SAVP alone; ``optional``: as the peer likes, offered as plain RTP with a key; ``off``: plain RTP.
Encryption = Literal["required", "optional", "off"]
_MIRRORED: Final = {"sendrecv": "sendrecv", "sendonly": "recvonly", "recvonly": "sendonly", "inactive": "inactive"}


@dataclass(frozen=True)
class Codec:
    """An audio format of RFC 3551: its name there, static payload type, and RTP clock (8000 for G.722 too)."""

    name: str
    payload_type: int
    clock: int = 8000


PCMU: Final = Codec("PCMU", 0)
PCMA: Final = Codec("PCMA", 8)
G722: Final = Codec("G722", 9)
CODECS: Final = (PCMU, PCMA, G722)
_EVENT_TYPE: Final = 101


def codec(name: str) -> Codec:
    """A codec by its name in SDP: PCMU, PCMA or G722. Raises NotAcceptable."""
    for known in CODECS:
        if known.name == name.upper():
            return known
    raise NotAcceptable(f"{name[:20]} is not a codec that is spoken here")


@dataclass(frozen=True)
class Local:
    """What this side brings into a session: where it hears RTP, and what it can do. Codecs in order of preference."""

    address: str
    port: int
    codecs: Sequence[Codec] = CODECS
    encryption: Encryption = "optional"
    dtmf: bool = True
    direction: str = "sendrecv"
    #: Keys of the session as it was, used again: an offer within a dialog is no reason for new ones.
    keys: tuple[Crypto, ...] = ()
    session_id: int = field(default_factory=lambda: secrets.randbits(31))
    version: int = 1


@dataclass(frozen=True)
class Session:
    """What offer and answer agreed on. ``payload_type`` is both ways the same, as an answer must mirror it.

    ``send`` and ``receive`` are this side's; ``encrypt`` and ``decrypt`` hold its own and the peer's key, or None.
    """

    codec: Codec
    payload_type: int
    event_type: int | None
    address: str
    port: int
    send: bool = True
    receive: bool = True
    encrypt: Crypto | None = None
    decrypt: Crypto | None = None

    @property
    def encrypted(self) -> bool:
        """Whether the stream is SRTP."""
        return self.encrypt is not None


@dataclass(frozen=True)
class Offer:
    """A description of ours, with the keys that its answer chooses from."""

    text: str
    local: Local
    keys: tuple[Crypto, ...] = ()


def make_offer(local: Local) -> Offer:
    """An offer of everything that ``local`` can do. Raises NotAcceptable when that is nothing."""
    if not local.codecs:
        raise NotAcceptable("there is no codec to offer")
    keys: tuple[Crypto, ...] = ()
    if local.encryption != "off":
        suites = [key.suite for key in local.keys] or sdes.OFFERED
        keys = tuple(_key(local, tag, suite) for tag, suite in enumerate(suites, start=1))
    events = _EVENT_TYPE if local.dtmf else None
    media = _media(local, [(each, each.payload_type) for each in local.codecs], events)
    media.protocol = "RTP/SAVP" if local.encryption == "required" else "RTP/AVP"
    media.attributes[:0] = [("crypto", key.line) for key in keys]
    return Offer(str(_description(local, [media])), local, keys)


def answer(text: str, local: Local) -> tuple[str, Session]:
    """The answer to an offer, and what it agrees on. Raises NotAcceptable (488) and ParseError (400)."""
    offered = parse(text)
    refusals: list[str] = []
    for index, media in enumerate(offered.media):
        try:
            chosen, session = _answer_media(offered, media, local)
        except NotAcceptable as error:
            refusals.append(error.reason)
            continue
        sections = [chosen if place == index else _refused(other) for place, other in enumerate(offered.media)]
        return str(_description(local, sections)), session
    raise NotAcceptable(refusals[0] if refusals else "the offer has no media")


def accept(offer: Offer, text: str) -> Session:
    """What the peer's answer to an offer of ours agrees on. Raises NotAcceptable and ParseError."""
    answered = parse(text)
    if len(answered.media) != 1 or answered.media[0].kind != "audio" or not answered.media[0].port:
        raise NotAcceptable("the answer takes no audio")
    media = answered.media[0]
    pairs = _formats(media)
    common = [(each, number) for each, number in pairs if each in offer.local.codecs]
    if not common:
        raise NotAcceptable("the answer names no codec that was offered")
    own = decrypt = None
    keys = sdes.usable(media.values("crypto"))
    if keys:
        decrypt = keys[0]
        own = next((key for key in offer.keys if (key.tag, key.suite) == (decrypt.tag, decrypt.suite)), None)
        if own is None:
            raise NotAcceptable("the answer's crypto line is none of those offered")
    if own is None and (media.encrypted or offer.local.encryption == "required"):
        raise NotAcceptable("the answer has no key for SRTP")
    direction = _MIRRORED[_direction(answered, media)]
    return _session(common[0], _events(media), media, direction, (own, decrypt))


def _answer_media(offered: SessionDescription, media: Media, local: Local) -> tuple[Media, Session]:
    if media.kind != "audio" or not media.port:
        raise NotAcceptable(f"{media.kind[:20]} is not taken here")
    own, decrypt = _answer_keys(offered, media, local)
    common = [(each, number) for each, number in _formats(media) if each in local.codecs]
    if not common:
        raise NotAcceptable("the offer names no codec that is spoken here")
    # The offerer's order counts, as RFC 3264 §6.1 recommends.
    chosen, events = common[0], _events(media) if local.dtmf else None
    direction = _MIRRORED[_direction(offered, media)]
    if local.direction == "inactive" or (
        local.direction != "sendrecv" and direction not in {"sendrecv", local.direction}
    ):
        direction = "inactive"
    elif direction == "sendrecv":
        direction = local.direction
    section = _media(replace(local, direction=direction), [chosen], events)
    section.protocol = media.protocol
    if own is not None:
        section.attributes.insert(0, ("crypto", own.line))
    return section, _session(chosen, events, media, direction, (own, decrypt))


def _answer_keys(offered: SessionDescription, media: Media, local: Local) -> tuple[Crypto, Crypto] | tuple[None, None]:
    profile, encryption = media.protocol.upper(), local.encryption
    keys = sdes.usable(media.values("crypto"))
    if profile not in {"RTP/AVP", "RTP/SAVP", "RTP/AVPF", "RTP/SAVPF"}:
        fingerprint = media.values("fingerprint") or offered.values("fingerprint")
        raise NotAcceptable("SRTP by DTLS is not spoken here" if fingerprint else f"{profile[:30]} is not spoken here")
    if media.encrypted and not keys:
        raise NotAcceptable("the offer has no key for SRTP that can be used here")
    if (media.encrypted and encryption == "off") or (encryption == "required" and not keys):
        raise NotAcceptable("SRTP is not spoken here" if media.encrypted else "SRTP is required here")
    if not keys or encryption == "off":
        return None, None
    return _key(local, keys[0].tag, keys[0].suite), keys[0]


def _key(local: Local, tag: int, suite: str) -> Crypto:
    """This side's key for a suite: the one in use, else a new one."""
    used = next((key for key in local.keys if key.suite == suite), None)
    return replace(used, tag=tag) if used else sdes.generate(tag, suite)


def _formats(media: Media) -> list[tuple[Codec, int]]:
    """Codecs known here with their payload types, in the order of the media line."""
    names, found = media.mapped("rtpmap"), list[tuple[Codec, int]]()
    for number in _numbers(media):
        static = next((f"{each.name}/{each.clock}" for each in CODECS if each.payload_type == number), "")
        named = names.get(str(number), static).upper().removesuffix("/1")
        found += [(each, number) for each in CODECS if f"{each.name}/{each.clock}" == named]
    return found


def _events(media: Media) -> int | None:
    names = media.mapped("rtpmap")
    return next(
        (number for number in _numbers(media) if names.get(str(number), "").lower() == "telephone-event/8000"), None
    )


def _numbers(media: Media) -> list[int]:
    """The formats that are payload types (7 bits)."""
    return [int(number) for number in media.formats if re.fullmatch(r"[0-9]{1,3}", number) and int(number) < 128]


def _direction(description: SessionDescription, media: Media) -> str:
    # 0.0.0.0 is how RFC 2543 put a call on hold.
    return "inactive" if media.connection == "0.0.0.0" else description.direction(media)  # noqa: S104


def _session(
    chosen: tuple[Codec, int],
    events: int | None,
    media: Media,
    direction: str,
    keys: tuple[Crypto | None, Crypto | None],
) -> Session:
    try:
        address = ipaddress.IPv4Address(media.connection)
    except ValueError:
        raise NotAcceptable("the peer's media address is not IPv4") from None
    if media.address_type != "IP4":
        raise NotAcceptable("the peer's media address is not IPv4")
    return Session(
        codec=chosen[0],
        payload_type=chosen[1],
        event_type=events,
        address=str(address),
        port=media.port,
        send=direction in {"sendrecv", "sendonly"},
        receive=direction in {"sendrecv", "recvonly"},
        encrypt=keys[0],
        decrypt=keys[1],
    )


def _media(local: Local, codecs: Sequence[tuple[Codec, int]], events: int | None) -> Media:
    formats = [str(number) for _, number in codecs]
    attributes = [("rtpmap", f"{number} {each.name}/{each.clock}") for each, number in codecs]
    if events is not None:
        formats.append(str(events))
        attributes += [("rtpmap", f"{events} telephone-event/8000"), ("fmtp", f"{events} 0-15")]
    attributes += [("ptime", "20"), (local.direction, "")]
    return Media("audio", local.port, "RTP/AVP", formats, attributes, local.address)


def _refused(media: Media) -> Media:
    return Media(media.kind, 0, media.protocol, media.formats[:1])


def _description(local: Local, media: list[Media]) -> SessionDescription:
    return SessionDescription(local.session_id, local.version, local.address, connection=local.address, media=media)
