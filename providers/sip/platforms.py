"""The platforms that a bundle can be for: which files each gets, which keys it has a place for, and what it can.

A platform is an entry here, a folder under ``templates/sip`` and its name in :data:`providers.sip.bundle.Platform`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
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
POWERSHELL = Language(escape.powershell, ("# ", ""))
INI = Language(escape.ini, ("; ", ""))
TEXT = Language(escape.text, ("# ", ""))
MARKDOWN = Language(escape.markdown, ("<!-- ", " -->"))

#: Of a platform that reads no file: a person types the password in.
_TYPED_IN = ("{id}-secret.txt", TEXT)


@dataclass(frozen=True)
class PlatformFiles:
    """One platform. Names of files hold ``{id}`` (xai-14155550100), ``{under}`` (xai_14155550100) or a key."""

    title: str
    read: date
    #: Template and language of each file.
    files: Mapping[str, tuple[str, Language]]
    #: The one file that holds the password, and its language; None: that of the SBC in front.
    secret: tuple[str, Language] | None
    #: The keys, of those that not every platform has a place for.
    keys: frozenset[str]
    #: What it can do with a REFER, apart from refusing it; the first is what ``transfer: true`` means.
    transfers: tuple[Transfer, ...]
    #: Where it differs from :data:`COMMON`.
    can: Mapping[Capability, Ability] = field(default_factory=dict[Capability, Ability])
    #: By file, the key that leaves it out: it names what is on that machine already.
    unless: Mapping[str, str] = field(default_factory=dict[str, str])
    #: By key, how many objects with a number of their own each telephone number has there, from the key's value on.
    numbered: Mapping[str, int] = field(default_factory=dict[str, int])
    #: The keys that stand in the files which all numbers of a machine have in common: the last one loaded counts for all.
    common: frozenset[str] = frozenset()
    #: How it spells codecs.
    codecs: Mapping[str, str] = field(default_factory=dict[str, str])
    #: By key, what of its values nobody has tried on it.
    unverified: Mapping[str, str] = field(default_factory=dict[str, str])
    #: Whether an SBC stands between it and xAI: then the files and abilities are the SBC's, with its own beside them.
    behind_sbc: bool = False
    #: Whether it is a vendor's, and no machine of the customer's.
    hosted: bool = False
    #: The folder of its templates; empty: its name.
    folder: str = ""


_READ = date(2026, 11, 28)
_FALLBACK = Can("9 further URIs", _READ)
_PROXY_CODECS = Can("the carrier's, passed on", _READ)

#: What an SBC calls its objects, and the files of AudioCodes name.
_AUDIOCODES_NAMES = frozenset({"sip_interface", "media_realm", "srd", "routing_policy", "from_group"})
#: Of a platform whose calls an SBC sends on.
_BY_SBC: Mapping[Capability, Ability] = {
    Capability.API: Cannot("by an SBC, and files: xtel render", _READ),
    Capability.DIGEST: Can("as the SBC can", _READ),
    Capability.ALLOWLIST: Can("the SBC's public address", _READ),
    Capability.TRANSFER: Can("as the SBC can", _READ),
    Capability.FALLBACK: Can("as the SBC can", _READ),
    Capability.CODECS: Can("as the SBC can", _READ),
}
#: Of a platform whose vendor makes the trunk.
_BY_VENDOR: Mapping[Capability, Ability] = {
    Capability.API: Cannot("the vendor makes the trunk; values and a request: xtel render", _READ),
    Capability.TLS: Can("to be asked for", _READ),
    Capability.SRTP: Can("to be asked for", _READ),
    Capability.DIGEST: Can("to be asked for", _READ),
    Capability.ALLOWLIST: Can("addresses to be asked for", _READ),
    Capability.TRANSFER: Can("to be asked for", _READ),
    Capability.FALLBACK: Can("to be asked for", _READ),
}

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
        common=frozenset({"address", "bind", "ca_file"}),
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
        common=frozenset({"address", "bind", "transfer"}),
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
        common=frozenset({"address", "ca_file"}),
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
        common=frozenset({"address", "ca_file"}),
        transfers=("pass",),
        can={
            Capability.TRANSFER: Can("transfer: true; passed on to the carrier", _READ),
            Capability.CODECS: _PROXY_CODECS,
        },
    ),
    "cube": PlatformFiles(
        title="Cisco CUBE",
        read=_READ,
        files={"{id}.ios": ("cube.ios", IOS), "{id}-undo.ios": ("undo.ios", IOS)},
        secret=("{id}-secret.ios", IOS),
        keys=frozenset({"interface", "tag", "codecs", "keepalive", "inbound"}),
        numbered={"tag": 10},
        transfers=("consume", "pass"),
        can={
            Capability.TRANSFER: Can("transfer: true; dials what a dial peer matches", _READ),
            Capability.FALLBACK: Can("9 further phone numbers at a host", _READ),
        },
        codecs={"PCMU": "g711ulaw", "PCMA": "g711alaw", "G722": "g722-64"},
        unverified={
            "keepalive": "whether xAI answers OPTIONS was never seen; silence takes the dial peer out of service"
        },
    ),
    "audiocodes": PlatformFiles(
        title="AudioCodes Mediant",
        read=_READ,
        files={"xai.ini": ("shared.ini", INI), "{id}.ini": ("number.ini", INI)},
        secret=("{id}-secret.ini", INI),
        keys=frozenset({"keepalive", "row", "shared_row", "ring_seconds", *_AUDIOCODES_NAMES}),
        numbered={"row": 20},
        common=frozenset({"keepalive", "shared_row", "sip_interface", "srd", "port", "sip_host"}),
        transfers=("consume", "pass"),
        can={
            Capability.TRANSFER: Can("transfer: true; to the group that the calls come from", _READ),
            Capability.FALLBACK: Can("9 further URIs, typed in", _READ),
            Capability.CODECS: Can("G.711 µ-law, A-law", _READ),
        },
        unverified={"keepalive": "whether xAI answers OPTIONS was never seen; silence takes the proxy set offline"},
    ),
    "ribbon": PlatformFiles(
        title="Ribbon SBC Edge",
        read=_READ,
        files={},
        secret=_TYPED_IN,
        keys=frozenset({"codecs", "keepalive"}),
        transfers=("consume", "pass"),
        can={
            Capability.API: Cannot("a list of values to type in: xtel render", _READ),
            Capability.DIGEST: Can("on the INVITE, in one realm", _READ),
            Capability.FALLBACK: Can("9 further URIs, typed in", _READ),
        },
        unverified={"keepalive": "whether xAI answers OPTIONS was never seen; silence takes the server out of service"},
    ),
    "teams": PlatformFiles(
        title="Microsoft Teams",
        read=_READ,
        files={"{id}-teams.ps1": ("connect.ps1", POWERSHELL), "{id}-teams-undo.ps1": ("undo.ps1", POWERSHELL)},
        secret=None,
        keys=frozenset({"sbc", "calls", "gateway", "gateway_port", "tenant_id", "voice_routing_policy", "users"}),
        transfers=("consume", "pass"),
        can=_BY_SBC,
        behind_sbc=True,
    ),
    "zoom": PlatformFiles(
        title="Zoom Phone",
        read=_READ,
        files={},
        secret=None,
        keys=frozenset({"sbc", "calls"}),
        transfers=("consume", "pass"),
        can=_BY_SBC,
        behind_sbc=True,
    ),
    "ringcentral": PlatformFiles(
        title="RingCentral",
        read=_READ,
        files={},
        secret=_TYPED_IN,
        keys=frozenset({"calls", "codecs", "ring_seconds"}),
        transfers=("consume", "pass"),
        can=_BY_VENDOR,
        hosted=True,
    ),
    "cxone": PlatformFiles(
        title="NICE CXone",
        read=_READ,
        files={},
        secret=_TYPED_IN,
        keys=frozenset({"calls", "codecs", "ring_seconds"}),
        transfers=("consume", "pass"),
        can=_BY_VENDOR,
        hosted=True,
    ),
    "other": PlatformFiles(
        title="any other platform",
        read=_READ,
        files={},
        secret=_TYPED_IN,
        keys=frozenset({"codecs", "ring_seconds"}),
        transfers=("consume", "pass"),
        can={Capability.TRANSFER: Can("as the platform can", _READ)},
    ),
}


def of(platform: str, sbc: str = "") -> PlatformFiles:
    """A platform, its templates with their folders; one behind an SBC has the SBC's files and secret, and its own files."""
    own = _placed(platform)
    if not own.behind_sbc:
        return own
    front = _placed(sbc)
    return replace(
        front,
        title=f"{own.title} through {'an SBC' if sbc == 'other' else front.title}",
        files={**front.files, **own.files},
        keys=front.keys | own.keys,
    )


def _placed(name: str) -> PlatformFiles:
    own = PLATFORMS[name]
    files = {file: (f"{name}/{template}", language) for file, (template, language) in own.files.items()}
    return replace(own, files=files, folder=name)


def only(key: str) -> frozenset[str]:
    """The platforms that have a place for a key; none for a key that all of them have."""
    return frozenset(name for name, each in PLATFORMS.items() if key in each.keys)
