"""Values of the telephone trade in one spelling each: E.164 numbers, CIDRs, SIP targets, https URLs, and "not known yet"."""

from __future__ import annotations

import base64
import ipaddress
import re
import socket
from collections.abc import Iterable
from typing import Annotated, Any, Final, Literal, cast
from urllib.parse import urlsplit, urlunsplit

import phonenumbers
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict

#: Where registered numbers are answered, unless a stack file says another host (``sip_host``): the documented one.
SIP_HOST = "sip.voice.x.ai"
#: Stands, in what a route says, for a number that is still to be bought: no digits, so that no number is like it.
NUMBER_TO_COME = "+\ue000"
E164_PATTERN = r"^\+[1-9][0-9]{6,14}$"


class Unknown:
    """A value that a preview does not know yet (the id of an object that is about to be made)."""

    def __repr__(self) -> str:
        return "UNKNOWN"

    def __copy__(self) -> Unknown:
        return self

    def __deepcopy__(self, memo: Any) -> Unknown:
        return self


UNKNOWN: Final = Unknown()


def has_unknown(value: object) -> bool:
    """Whether a value is, or holds somewhere inside, something not known yet."""
    if isinstance(value, dict):
        return any(has_unknown(item) for item in cast(dict[str, object], value).values())
    if isinstance(value, list | tuple):
        return any(has_unknown(item) for item in cast(list[object], value))
    return isinstance(value, Unknown)


#: Numbers of plans that are not in force any more, as vendors still list them: Mexico's mobiles with a 1 (until 2019).
_OUTDATED = r"^\+521[0-9]{10}$"


def e164(text: str) -> str:
    """A phone number in E.164: ``+``, country code, subscriber number, 7 to 15 digits, nothing else.

    Spelling is forgiven (spaces, dashes, brackets, dots); a missing ``+`` is not, because the country would be a guess.
    Valid means *possible* by the numbering plan (phonenumbers); whether it is *assigned* nobody can know offline.
    """
    if not isinstance(text, str):  # pyright: ignore[reportUnnecessaryIsInstance] -- foreign input reaches this
        raise ValueError('must be text: quote the number, for example "+14155550100"')
    if text == NUMBER_TO_COME:
        return text
    compact = re.sub(r"[\s().\-/  ]", "", text)
    if not compact.startswith("+"):
        raise ValueError("must start with + and the country code, for example +14155550100 (E.164)")
    if not compact.isascii():
        raise ValueError("must be written with the digits 0 to 9, for example +14155550100")
    if not re.match(E164_PATTERN, compact):
        raise ValueError("is not an E.164 number: + and 7 to 15 digits, for example +14155550100")
    try:
        parsed = phonenumbers.parse(compact, None)
    except phonenumbers.NumberParseException:
        raise ValueError("has a country code that does not exist; E.164 starts with + and the country code") from None
    dialled = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    if dialled != compact:  # a national prefix that is not dialled from abroad: +49 (0)30, +54 11 15
        raise ValueError(f"has digits that are dialled inside its country only: write {dialled}")
    if not (phonenumbers.is_possible_number(parsed) or re.match(_OUTDATED, compact)):
        raise ValueError("cannot be a phone number: too long or too short for its country")
    return compact


def improbable(number: str) -> bool:
    """Whether no such number is assigned by the numbering plan we know (possible, but probably a typing error)."""
    return not phonenumbers.is_valid_number(phonenumbers.parse(number, None))


def pretty(number: str) -> str:
    """A number as people write it, for tables: ``+1 415-555-0100``."""
    try:
        parsed = phonenumbers.parse(number, None)
    except phonenumbers.NumberParseException:
        return number
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


def national(number: str) -> str:
    """A number without its country code, as it is written in its country: ``4155550100``."""
    try:
        return phonenumbers.national_significant_number(phonenumbers.parse(number, None))
    except phonenumbers.NumberParseException:
        return number


#: Bits before the IPv4 address in ::ffff:203.0.113.7 (RFC 4291 §2.5.5.2).
_MAPPED = 96


def cidr(text: str) -> str:
    """An IPv4 or IPv6 network in CIDR form; a bare address becomes a /32 or /128; host bits are an error.

    An IPv4 network that is mapped into IPv6 is the IPv4 network. ``0.0.0.0/0`` is refused:
    the whole internet is spelled ``auth: open``, so that nobody opens a number by accident.
    """
    if "%" in text:
        raise ValueError(f"{text!r} has the scope of one machine's interface: write it without % and what follows")
    try:
        network = ipaddress.ip_network(text.strip(), strict=True)
    except ValueError:
        raise ValueError(f"{text!r} is not a CIDR ({_cidr_reason(text)})") from None
    if (mapped := getattr(network.network_address, "ipv4_mapped", None)) and network.prefixlen >= _MAPPED:
        network = ipaddress.ip_network((mapped, network.prefixlen - _MAPPED))
    if network.prefixlen == 0:
        raise ValueError(f"{text} is the whole internet; write `auth: open` if any caller may reach the number")
    return str(network)


def _cidr_reason(text: str) -> str:
    try:
        network = ipaddress.ip_network(text.strip(), strict=False)
    except ValueError:
        return "example: 203.0.113.0/28"
    return f"host bits are set; the network is {network}"


def did(text: str) -> str:
    """A spelling in which a carrier delivers a DID, as the request's user part: digits, maybe after a ``+``."""
    spelled = text.strip()
    if not re.fullmatch(r"\+?[0-9]{2,20}", spelled):
        raise ValueError('must be 2 to 20 digits, with or without a + before them, quoted: "089123456"')
    return spelled


def cidrs(texts: Iterable[str]) -> tuple[str, ...]:
    """A set of networks in one spelling: duplicates and contained ones gone, neighbours joined, sorted."""
    networks = [ipaddress.ip_network(cidr(text)) for text in texts]
    four = [network for network in networks if isinstance(network, ipaddress.IPv4Network)]
    six = [network for network in networks if isinstance(network, ipaddress.IPv6Network)]
    joined = [*ipaddress.collapse_addresses(four), *ipaddress.collapse_addresses(six)]
    if any(network.prefixlen == 0 for network in joined):
        raise ValueError("together are the whole internet; write `auth: open` if any caller may reach the number")
    return tuple(map(str, joined))


#: Names of one machine or one network (RFC 6761, 6762, 8375; ICANN's internal): a vendor never finds them.
_LOCAL_NAMES = ("localhost", "localdomain", "local", "internal", "home.arpa")
#: Kept free for documents (RFC 5737, 3849): examples are written with them.
_DOCUMENTS = tuple(map(ipaddress.ip_network, ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32")))
_LABEL = r"[a-z0-9_](?:[a-z0-9-]{0,61}[a-z0-9])?"


#: Why a name is asked for, by the transport of what is sent there.
_NAMED_FOR = {
    "tls": "TLS needs a name",
    "tcp": "a name outlives the address behind it",
    "udp": "a name outlives the address behind it",
}


def host(text: str, *, transport: str = "tls") -> str:
    """A public DNS host name in lower case without a trailing dot. Not an address: a certificate is made out to a name."""
    name = _bare(text)
    if _numeric(name) or is_address(name):
        _reached(name)
        raise ValueError(f"must be a host name, not an address ({_NAMED_FOR[transport]})")
    if len(name) > 253 or not re.fullmatch(rf"({_LABEL}\.)*{_LABEL}", name):
        raise ValueError("is not a host name: write the name alone, without scheme, port or path")
    if name.endswith(tuple(f".{local}" for local in _LOCAL_NAMES)) or name in _LOCAL_NAMES:
        raise ValueError(
            "is a name of one machine or network, which nobody reaches from the internet: write the public one"
        )
    if "." not in name:
        raise ValueError("is a single word, not a public host name: write it whole, such as voice.example.com")
    return name


def unreached(network: str) -> str:
    """Why no packet from a network arrives over the internet: ``private``, ``loopback``, …; empty where one can."""
    first, last = (_kind(str(ipaddress.ip_network(network)[index])) for index in (0, -1))
    return first if first == last else ""


def _its_host(name: str, transport: str = "tls") -> str:
    try:
        return host(name, transport=transport)
    except ValueError as error:
        raise ValueError(f"its host {error}") from None


def public_address(text: str) -> str:
    """A public host name, or an address that is reached from the internet: of a PBX that says where it is, or nothing."""
    name = _bare(text)
    if not name:
        return ""
    if (address := _address(name)) is None or not is_address(name):
        return host(text)
    _reached(name)
    return str(address)


def _bare(text: str) -> str:
    name = text.strip().removesuffix(".").lower()
    return name[1:-1] if name.startswith("[") and name.endswith("]") else name


def _numeric(name: str) -> bool:
    """Whether a WHATWG URL takes it for an IPv4 address: 127.1, 0x7f000001."""
    return bool(re.fullmatch(r"[0-9]+|0x[0-9a-f]*", name.rpartition(".")[2]))


def is_address(name: str) -> bool:
    """Whether a host is a plain IPv4 or IPv6 address, and no name."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _address(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address that a name is, also in disguise: 0x7f000001, ::ffff:127.0.0.1; None for a name."""
    if _numeric(name) and not is_address(name):
        try:
            return ipaddress.IPv4Address(socket.inet_aton(name))
        except OSError:
            return None
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _kind(name: str) -> str:
    """What kind of address that the internet does not reach a host is; empty for a public one, and for a name."""
    address = _address(name)
    if address is None or any(address in network for network in _DOCUMENTS):
        return ""
    kinds = ("loopback", "link_local", "multicast", "unspecified", "reserved", "private")
    found = next((kind for kind in kinds if getattr(address, f"is_{kind}")), "" if address.is_global else "shared")
    return found.replace("_", "-")


def _reached(name: str) -> None:
    """Raises ValueError for an address that the internet does not reach."""
    if kind := _kind(name):
        text = f"is {'an' if kind == 'unspecified' else 'a'} {kind} address"
        raise ValueError(f"{text}, which nobody reaches from the internet: write the public host name")


def _shown_as_written(text: str) -> None:
    if not text.strip().isprintable():
        raise ValueError("holds a control or invisible character: write it again by hand")


def https_url(text: str) -> str:
    """An absolute https URL; scheme and host in lower case, everything else kept.

    Control, NUL and direction characters are refused: they would be dropped, or show another URL than the one that is called.
    """
    _shown_as_written(text)
    try:
        parts = urlsplit(text.strip())
        port = parts.port
    except ValueError:
        raise ValueError("must be an https:// URL, for example https://voice.example.com/calls") from None
    if parts.scheme.lower() != "https" or not parts.hostname:
        raise ValueError("must be an https:// URL, for example https://voice.example.com/calls")
    if "@" in parts.netloc:
        raise ValueError("must not hold credentials; use auth_token")
    if port == 0:
        raise ValueError("has a port that does not exist: 1 to 65535, or none")
    if any(char.isspace() for char in text.strip()):
        raise ValueError("holds a blank: write %20 where it is meant")
    netloc = _its_host(parts.hostname) + (f":{port}" if port and port != 443 else "")
    return urlunsplit(("https", netloc, parts.path or "/", parts.query, ""))


def credential(text: str) -> str:
    """A secret as it is sent: in one piece, as no file and no shell has left it. The errors never hold it."""
    if not text:
        raise ValueError("is empty")
    if text.rstrip("\r\n") != text:
        raise ValueError("ends in a line break: set it without")
    if text.strip() != text:
        raise ValueError("begins or ends with a blank: set it without")
    if not text.isprintable():
        raise ValueError("holds a line break or another control character: set it without")
    return text


def header_value(text: str) -> str:
    """A secret that is sent as the value of an HTTP header (RFC 9110 §5.5): ASCII without control characters."""
    if not credential(text).isascii():
        raise ValueError("holds characters that no HTTP header can: ASCII only")
    return text


def digest_password(text: str) -> str:
    """A SIP digest password that every carrier and PBX takes: 1 to 128 ASCII characters without blanks."""
    if len(credential(text)) > 128 or not text.isascii() or " " in text:
        raise ValueError("must be 1 to 128 ASCII characters without blanks")
    return text


def signing_secret(text: str) -> str:
    """A signing secret of Standard Webhooks: ``whsec_`` and base64, as its vendor shows it once."""
    key = credential(text).removeprefix("whsec_")
    try:
        known = key != text and bool(base64.b64decode(key + "=" * (-len(key) % 4), validate=True))
    except ValueError:
        known = False
    if not known:
        raise ValueError("must be a signing secret as it was shown once: whsec_ and base64, nothing else")
    return text


def _whole(value: object) -> object:
    """Pulumi carries every number as a float: 1.0 is 1."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


E164 = Annotated[str, AfterValidator(e164)]
Host = Annotated[str, AfterValidator(host)]
Did = Annotated[str, AfterValidator(did)]
PublicAddress = Annotated[str, AfterValidator(public_address)]
HttpsUrl = Annotated[str, AfterValidator(https_url)]
HeaderValue = Annotated[str, AfterValidator(header_value)]
DigestPassword = Annotated[str, AfterValidator(digest_password)]
SigningSecret = Annotated[str, AfterValidator(signing_secret)]
Whole = Annotated[int, BeforeValidator(_whole)]


class Target(BaseModel):
    """Where a carrier sends a number's calls: ``sip:+14155550100@sip.voice.x.ai;transport=tls`` (RFC 3261 §19.1).

    The user part is the routing key at the far end and must be ``+E.164``. Without a port TLS means 5061 (RFC 3263).
    ``number`` may be empty: then the carrier puts the dialled number there (one trunk for many numbers).
    """

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    number: str = ""
    host: Host = SIP_HOST
    transport: Literal["tls", "tcp", "udp"] = "tls"
    port: int | None = None
    parameters: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        user = f"{self.number}@" if self.number else ""
        port = f":{self.port}" if self.port else ""
        extra = "".join(f";{name}={value}" if value else f";{name}" for name, value in self.parameters)
        return f"sip:{user}{self.host}{port};transport={self.transport}{extra}"


def target(text: str) -> Target:
    """Read a SIP URI; letter case of scheme, host and parameter names does not matter. Raises ValueError."""
    _shown_as_written(text)
    match = re.match(
        r"^sip:(?:([^@;\s]+)@)?(\[[^\]\s]*\]|[^:;@\s]+)(?::(\d{1,5}))?((?:;[^;\s]+)*)$", text.strip(), re.IGNORECASE
    )
    if not match:
        raise ValueError("is not a SIP URI, for example sip:+14155550100@pbx.example.com;transport=tls")
    user, name, port, rest = match.groups()
    pairs = [part.partition("=") for part in rest.split(";") if part]
    parameters = {key.lower(): value for key, _, value in pairs}
    transport = parameters.pop("transport", "udp").lower()
    if transport not in {"tls", "tcp", "udp"}:
        raise ValueError(f"transport={transport} is not one of tls, tcp, udp")
    if port and not 0 < int(port) < 65536:
        raise ValueError("has a port that does not exist: 1 to 65535, or none")
    return Target(
        number=user or "",
        host=_its_host(name, transport),  # here its words are ours; inside of the model they would be pydantic's
        transport=cast(Any, transport),
        port=int(port) if port else None,
        parameters=tuple(sorted(parameters.items())),
    )


def sip_uri(text: str) -> str:
    """A SIP URI in one spelling."""
    return str(target(text))


SipUri = Annotated[str, AfterValidator(sip_uri)]


def not_blank(text: Any) -> Any:
    """Text that says something, or was left out. Raises ValueError for blanks alone, which would pass for left out."""
    if isinstance(text, str) and text and not text.strip():
        raise ValueError("is blank: write a name, or leave it out")
    return text
