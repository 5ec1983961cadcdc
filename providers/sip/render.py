"""From a bundle's inputs to its files, pure: the same inputs give the same bytes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from functools import cache, partial
from importlib.resources import files
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, cast

from providers.kernel.files import Files, FrontPage, Within, signed
from providers.kernel.values import target as sip_target
from providers.sip import escape
from providers.sip import page as pages
from providers.sip.platforms import LIST, MARKDOWN, Language, PlatformFiles, of
from providers.sip.sbc import ROWS, SbcOptions

if TYPE_CHECKING:
    from jinja2 import Environment

_USER = re.compile(r"[A-Za-z0-9+._~*-]{1,64}")
_PARAMETER = re.compile(r"[A-Za-z0-9._~+-]{1,64}")
#: Text that no language minds. URIs are taken apart, and their parts held to the two patterns above.
_PLAIN = re.compile(r"[A-Za-z0-9 .,:/()+@_-]*")
_URIS = frozenset({"target", "fallback"})
#: Further keys, as they stand.
_TEXTS = (
    *("description", "address", "from_domain", "bind", "media_address", "transport"),
    *("profile", "context", "extension", "transfer_context", "interface"),
)


def bundle(inputs: Mapping[str, Any]) -> Files:
    """Every file but the secret one. Raises ValueError, naming the field, for what a file cannot hold."""
    seen = _seen(inputs)
    platform, whole = str(inputs["platform"]), _platform(inputs)
    wanted = {
        _name(name, seen): (template, language)
        for name, (template, language) in whole.files.items()
        if not inputs.get(whole.unless.get(name, ""))
        and not (template.startswith("teams/") and seen["calls"] == "delivered")
    }
    if seen["secret_file"]:
        wanted[".gitignore"] = ("gitignore", LIST)
    page = _page(platform, seen, inputs)
    wanted["README.md"] = ("README.md", MARKDOWN)
    seen["page"] = _printed(page)
    texts = {name: _text(template, language, seen) for name, (template, language) in sorted(wanted.items())}
    name = str(seen["secret_file"])
    return Files(platform, texts, name, str(seen["username"]), partial(secret, inputs) if name else None, page)


def _page(platform: str, seen: Mapping[str, Any], inputs: Mapping[str, Any]) -> FrontPage:
    environment = _environment(MARKDOWN)
    shared, own = (environment.get_template(f"{folder}page.md.j2").render(seen) for folder in ("", f"{platform}/"))
    return pages.page(shared, own, inputs)


def _printed(page: FrontPage) -> dict[str, Any]:
    """The page as it was written, but for the values that stand in it: they know their field."""
    filled = [{**escape.verbatim(asdict(each)), "value": escape.Named(each.value, each.name)} for each in page.filled]
    return {**escape.verbatim(asdict(page)), "filled": filled}


def check(inputs: Mapping[str, Any]) -> None:
    """Raises what :func:`bundle` raises, and renders only where a value might be refused: jinja takes long to load."""
    _seen(inputs)
    if not all(_PLAIN.fullmatch(text) for name, value in inputs.items() if name not in _URIS for text in _texts(value)):
        bundle(inputs)


def _texts(value: Any) -> Iterator[str]:
    """A text, or those of a list."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | tuple):
        yield from (text for text in cast(list[Any], value) if isinstance(text, str))


def secret(inputs: Mapping[str, Any], password: str) -> str:
    """The text of the file that holds the password. Raises ValueError for one that the platform cannot take."""
    seen = _seen(inputs)
    platform = _platform(inputs)
    place = platform.secret
    if not seen["secret_file"] or place is None:
        raise ValueError("this bundle has no secret file")
    if not password or len(password) > 128 or not password.isascii() or " " in password:
        raise ValueError("password: must be 1 to 128 ASCII characters without blanks")
    return _text(f"{platform.folder}/secret", place[1], {**seen, "password": escape.Named(password, "password")})


def _platform(inputs: Mapping[str, Any]) -> PlatformFiles:
    return of(str(inputs["platform"]), str(inputs.get("sbc", "")))


def _text(template: str, language: Language, seen: Mapping[str, Any]) -> str:
    environment = _environment(language)
    body = environment.get_template(f"{template}.j2").render(seen)
    described = seen["description"] and language is not LIST
    notes = [escape.finalize(language.escape)(seen["description"])] if described else []
    return signed(body, language.comment, str(seen["number"]), *notes)


@cache
def _environment(language: Language) -> Environment:
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    made = Environment(  # noqa: S701 -- every value goes through the escaper of its language instead
        loader=FunctionLoader(_template),
        undefined=StrictUndefined,
        finalize=escape.finalize(language.escape),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    cast(dict[str, Any], made.filters)["code"] = escape.code
    return made


def _template(name: str) -> str:
    return (files("templates") / "sip" / name).read_text(encoding="utf-8")


def _seen(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """What templates see: every text knows its field, so that a refusal can name it."""
    number = str(inputs["phone_number"])
    digits = number.lstrip("+")
    whole = _platform(inputs)
    to = _way(str(inputs["target"]), "target", number, whole.folder)
    if not to["port"]:
        to["port"] = inputs["port"]
    ways = [
        _way(uri, f"fallback[{count}]", number, whole.folder) for count, uri in enumerate(inputs.get("fallback") or ())
    ]
    address = str(inputs.get("address", ""))
    spelled = whole.codecs
    plain = {
        "number": number,
        "digits": digits,
        "id": f"xai-{digits}",
        "under": f"xai_{digits}",
        "upper": f"XAI_{digits}",
        "stack": str(inputs.get("stack") or "STACK"),
        "target": str(inputs["target"]),
        "to": to,
        "fallback": ways,
        "hosts": [
            {"name": name, "certified": "|".join(map(_in_certificate, (name, _wildcard(name))))}
            for name in dict.fromkeys(way["host"] for way in (to, *ways) if way["transport"] == "tls")
        ],
        # SDP takes an address; a name is the relay's own to resolve
        "media_address": address if _is_address(address) else "",
        "username": inputs.get("username", ""),
        "did": [_spelling(text) for text in inputs.get("did") or () if text not in {number, digits}],
        "codecs": [spelled.get(codec, codec) for codec in inputs["codecs"]],
        "srtp": inputs["srtp"] == "required",
        "tag": inputs["tag"],
        "title": whole.title,
        "hosted": whole.hosted,
        "folder": whole.folder,
        **_of_sbcs(inputs, number),
        **_within(inputs),
        **{name: inputs[name] for name in ("platform", "ring_seconds", "ca_file", "transfer")},
        **{name: inputs.get(name, "") for name in _TEXTS},
    }
    _fits(whole.folder, plain)
    plain |= {"profile": plain["profile"] or "xai", "own": not plain["profile"], **_bound(plain)}
    place = whole.secret
    plain["secret_file"] = _name(place[0], plain) if plain["username"] and place else ""
    return escape.named(plain)


def _fits(folder: str, plain: Mapping[str, Any]) -> None:
    """Raises ValueError where the routing rows of a number run into those of the next (AudioCodes)."""
    groups, spellings = len(plain["from_group"]), len(plain["did"]) + 2
    if folder == "audiocodes" and groups * spellings >= ROWS:
        raise ValueError(
            f"from_group: {spellings} spellings of the number from {groups} IP groups, and transfers, need more than "
            f"the {ROWS} rows of a number: name fewer"
        )


def _bound(plain: Mapping[str, Any]) -> dict[str, Any]:
    """Where TLS listens, in parts; ``external`` is how FreeSWITCH takes a public address: a name after ``host:``."""
    host, _, port = str(plain["bind"]).rpartition(":")
    address = str(plain["address"])
    return {
        "bind_host": "" if host in {"", "0.0.0.0"} else host,  # noqa: S104 -- read, not bound
        "bind_port": port or "5071",
        "external": f"host:{address}" if re.search("[g-z]", address) else address,
    }


def _within(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Which keys the number's own route has, and the file that it loads beside these."""
    within: Within | None = inputs.get("within")
    keys = ("did", *SbcOptions.model_fields, "address")
    return {
        "can_say": {key: not within or key in within.keys for key in keys},
        "beside": within.name if within else "",
        "undo": list(within.undo) if within else [],
        "within": bool(within),
    }


def _of_sbcs(inputs: Mapping[str, Any], number: str) -> dict[str, Any]:
    """The keys of :class:`providers.sip.sbc.SbcOptions`, and what is made of them."""
    given = {name: inputs.get(name, "") for name in SbcOptions.model_fields}
    # A regular expression that is not anchored would take any number that holds this one.
    return {**given, "pattern": rf"^\+{number.lstrip('+')}$", "mark": "xai-telephony"}


def _spelling(text: str) -> dict[str, Any]:
    """A spelling of the DID: whole, and in the parts of a pattern."""
    return {"text": text, "plus": text.startswith("+"), "digits": text.lstrip("+")}


def _way(uri: str, field: str, number: str, folder: str) -> dict[str, Any]:
    """A SIP URI in parts that mean nothing in any of the languages."""
    read = sip_target(uri)
    user = read.number or number
    if not _USER.fullmatch(user):
        raise ValueError(f"{field}: its user part may hold letters, digits and + . _ ~ * - only")
    for name, value in read.parameters:
        if not (_PARAMETER.fullmatch(name) and (not value or _PARAMETER.fullmatch(value))):
            raise ValueError(f"{field}: its parameters may hold letters, digits and + . _ ~ - only")
    if folder == "cube" and field != "target" and not (re.fullmatch(r"\+?\d{1,32}", user) and not read.parameters):
        raise ValueError(f"{field}: CUBE dials a number at a host, without parameters")
    return {
        "uri": str(read),
        "user": user,
        "host": read.host,
        "wildcard": _wildcard(read.host),
        "port": read.port or 0,
        "transport": read.transport,
        "parameters": [{"name": name, "value": value} for name, value in read.parameters],
    }


def _wildcard(name: str) -> str:
    """The other name of a certificate that stands for a host (RFC 6125 §6.4.3)."""
    return f"*.{name.partition('.')[2]}"


def _in_certificate(name: str) -> str:
    """A DNS name as it stands in a certificate's subjectAltName (DER: context tag 2, length, letters), in hexadecimal."""
    return (bytes((0x82, len(name))) + name.encode("ascii")).hex()


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _name(pattern: str, seen: Mapping[str, Any]) -> str:
    return pattern.format_map(seen)
