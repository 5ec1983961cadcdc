"""The platforms that a bundle can be for: which files each gets, which keys it has a place for, and what it can.

A platform is an entry here, a folder under ``templates/sip`` and its name in :data:`providers.sip.bundle.Platform`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from providers.kernel.capabilities import Ability, Can, Cannot, Capability
from providers.kernel.files import Comment
from providers.sip import escape

#: What becomes of a REFER by the agent: refused, carried out by the platform itself, or passed on to the carrier.
Transfer = Literal["refuse", "consume", "pass"]


@dataclass(frozen=True)
class Language:
    """How a kind of file spells values, and how it comments a line out."""

    escape: Callable[[str], str]
    comment: Comment


ASTERISK = Language(escape.asterisk, ("; ", ""))
PJSIP = Language(escape.asterisk_value, ("; ", ""))
XML = Language(escape.xml, ("<!-- ", " -->"))
PROXY = Language(escape.quoted, ("# ", ""))
LIST = Language(escape.listed, ("# ", ""))
IOS = Language(escape.ios, ("! ", ""))
MARKDOWN = Language(escape.markdown, ("<!-- ", " -->"))


@dataclass(frozen=True)
class PlatformFiles:
    """One platform. Names of files hold ``{id}`` (xai-14155550100), ``{under}`` (xai_14155550100) or a key."""

    title: str
    read: date
    #: Template and language of each file.
    files: Mapping[str, tuple[str, Language]]
    #: The one file that holds the password, and its language; None: a person types it in.
    secret: tuple[str, Language] | None
    #: The keys, of those that not every platform has a place for.
    keys: frozenset[str]
    #: What it can do with a REFER, apart from refusing it; the first is what ``transfer: true`` means.
    transfers: tuple[Transfer, ...]
    #: Where it differs from :data:`COMMON`.
    can: Mapping[Capability, Ability] = field(default_factory=dict[Capability, Ability])
    #: By file, the key that leaves it out: it names what is on that machine already.
    unless: Mapping[str, str] = field(default_factory=dict[str, str])
    #: How it spells codecs.
    codecs: Mapping[str, str] = field(default_factory=dict[str, str])
    #: By key, what of its values nobody has tried on it.
    unverified: Mapping[str, str] = field(default_factory=dict[str, str])


_READ = date(2026, 11, 28)
_FALLBACK = Can("9 further URIs", _READ)
_PROXY_CODECS = Can("the carrier's, passed on", _READ)

COMMON: Mapping[Capability, Ability] = {
    Capability.API: Cannot("files: xtel render", _READ),
    Capability.TLS: Can("transport=tls", _READ),
    Capability.SRTP: Can("SDES; srtp: off", _READ),
    Capability.DIGEST: Can("on the INVITE", _READ),
    Capability.ALLOWLIST: Can("its own public address", _READ),
    Capability.TRANSFER: Can("transfer: true", _READ),
    Capability.FALLBACK: _FALLBACK,
    Capability.CODECS: Can("G.711 µ-law, A-law, G.722", _READ),
    Capability.SHARED: Can("one bundle each", _READ),
    Capability.BUYING: Cannot("no API", _READ),
}
"""What a platform can unless it says otherwise."""

PLATFORMS: Mapping[str, PlatformFiles] = {
    "asterisk": PlatformFiles(
        title="Asterisk",
        read=_READ,
        files={
            "pjsip_xai_transport.conf": ("transport.conf", ASTERISK),
            "pjsip_{under}.conf": ("pjsip.conf", ASTERISK),
            "extensions_{under}.conf": ("extensions.conf", ASTERISK),
        },
        secret=("pjsip_{under}_secret.conf", PJSIP),
        keys=frozenset(
            {
                *("transport", "bind", "from_domain", "media_address", "transfer_context"),
                *("ca_file", "codecs", "ring_seconds"),
            }
        ),
        unless={"pjsip_xai_transport.conf": "transport"},
        transfers=("consume",),
        can={Capability.TRANSFER: Can("transfer: true; dials in transfer_context", _READ)},
        codecs={"PCMU": "ulaw", "PCMA": "alaw", "G722": "g722"},
    ),
    "freeswitch": PlatformFiles(
        title="FreeSWITCH",
        read=_READ,
        files={
            "sip_profiles/xai.xml": ("profile.xml", XML),
            "sip_profiles/{profile}/{id}.xml": ("gateway.xml", XML),
            "dialplan/{context}/{id}.xml": ("dialplan.xml", XML),
        },
        secret=("sip_profiles/{profile}/{id}.secret", XML),
        keys=frozenset(
            {
                *("profile", "bind", "from_domain", "context", "extension", "transfer_context"),
                *("codecs", "ring_seconds"),
            }
        ),
        unless={"sip_profiles/xai.xml": "profile"},
        unverified=dict.fromkeys(
            ("profile", "bind", "from_domain", "address", "context", "extension", "transfer", "transfer_context"),
            "no FreeSWITCH has read it yet",
        ),
        transfers=("consume", "pass"),
    ),
    "kamailio": PlatformFiles(
        title="Kamailio",
        read=_READ,
        files={
            "kamailio.cfg": ("kamailio.cfg", PROXY),
            "{under}.cfg": ("routes.cfg", PROXY),
            "tls.cfg": ("tls.cfg", LIST),
        },
        secret=("{under}_secret.cfg", PROXY),
        keys=frozenset({"ca_file", "ring_seconds"}),
        transfers=("pass",),
        can={
            Capability.DIGEST: Can("on the INVITE, MD5", _READ),
            Capability.TRANSFER: Can("transfer: true; passed on to the carrier", _READ),
            Capability.CODECS: _PROXY_CODECS,
        },
    ),
    "opensips": PlatformFiles(
        title="OpenSIPS",
        read=_READ,
        files={"opensips.cfg": ("opensips.cfg", PROXY), "{under}.cfg": ("routes.cfg", PROXY)},
        secret=("{under}_secret.cfg", PROXY),
        keys=frozenset({"ca_file", "ring_seconds"}),
        transfers=("pass",),
        can={
            Capability.TRANSFER: Can("transfer: true; passed on to the carrier", _READ),
            Capability.CODECS: _PROXY_CODECS,
        },
    ),
    "cube": PlatformFiles(
        title="Cisco CUBE",
        read=_READ,
        files={"{id}.ios": ("cube.ios", IOS)},
        secret=("{id}-secret.ios", IOS),
        keys=frozenset({"interface", "tag", "codecs"}),
        transfers=("consume", "pass"),
        can={Capability.FALLBACK: Can("9 further phone numbers at a host", _READ)},
        codecs={"PCMU": "g711ulaw", "PCMA": "g711alaw", "G722": "g722-64"},
    ),
    "other": PlatformFiles(
        title="any other platform",
        read=_READ,
        files={},
        secret=None,
        keys=frozenset({"codecs", "ring_seconds"}),
        transfers=("consume", "pass"),
        can={Capability.TRANSFER: Can("as the platform can", _READ)},
    ),
}


def only(key: str) -> frozenset[str]:
    """The platforms that have a place for a key; none for a key that all of them have."""
    return frozenset(name for name, each in PLATFORMS.items() if key in each.keys)
