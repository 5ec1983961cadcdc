"""Which secret goes to which host: of a stack file's graph, a preview's steps, or the state. Pure; never a value."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, cast
from urllib.parse import urlsplit

from providers.kernel import registry, spec
from providers.kernel.secrecy import MASK
from providers.kernel.spec import Place
from stacks import callpath
from stacks.graph import MadePassword
from stacks.reference import SecretRef
from stacks.resource import UNKNOWN, Resource

#: The field of an object that logs in with its number's digest, and is not told the password here.
LOGIN = "digest"
#: The field of a registration that holds the password.
DIGEST = "sip_auth.auth_password"


@dataclass(frozen=True)
class SecretName:
    """What people call a secret: the config secret of that name, or a made password by its resource; both may be empty."""

    name: str = ""
    made: str = ""


@dataclass(frozen=True)
class SecretDestination:
    """One secret on its way: from a field of one object to one host."""

    secret: SecretName
    #: A host name; for what a vendor keeps the vendor's title.
    host: str
    type: str
    name: str
    #: The number (the component) whose object it is; empty for an agent's.
    number: str
    field: str

    @property
    def place(self) -> tuple[str, str, str]:
        """Object and field."""
        return self.type, self.name, self.field


Names = Mapping[tuple[str, str, str], SecretName]


def of(resources: Iterable[Resource], names: Names | None = None) -> tuple[SecretDestination, ...]:
    """Where the secrets of these resources go. ``names``, by object and field, are for secrets that are masked."""
    listed = list(resources)
    found = [each for resource in listed for each in _held(resource, names or {})]
    digests = {each.number: each for each in found if each.field == DIGEST}
    known = {(each.type, each.name, each.host) for each in found}
    logins = [each for each in _logins(listed, digests) if (each.type, each.name, each.host) not in known]
    return (*found, *logins)


def names(destinations: Iterable[SecretDestination]) -> dict[tuple[str, str, str], SecretName]:
    """What the secret is called that stands in each field."""
    return {each.place: each.secret for each in destinations}


def _held(resource: Resource, names: Names) -> Iterator[SecretDestination]:
    """Every secret in an object's inputs, with each host that gets it."""
    declared = callpath.declaration(resource.type)
    fields = (
        {place: (value, mark) for place, value, mark in spec.secret_fields(declared.spec, resource.inputs)}
        if declared
        else {}
    )
    for place, value in _stand_ins(resource.inputs):
        # A bare mask in a field that holds no secret keeps the place of one that stands elsewhere.
        if place not in fields and not (declared and value == MASK):
            fields[place] = value, spec.Secret()
    for place, (value, mark) in fields.items():
        at = resource.type, resource.name, spec.path(place)
        name = _name(value) or names.get(at) or SecretName()
        hosts = [_title(resource.vendor)] if mark.goes_to is None else map(host, mark.goes_to(resource.inputs, place))
        for each in hosts:
            yield SecretDestination(name, each, *at[:2], resource.parent, at[2])


def _logins(resources: Iterable[Resource], digests: Mapping[str, SecretDestination]) -> Iterator[SecretDestination]:
    """Who dials with a number's digest gets its password, whichever way: by an API, in a document, or in a file."""
    for resource in resources:
        digest = digests.get(resource.parent)
        if digest and resource.type != digest.type:
            declared, does = callpath.declaration(resource.type), callpath.Decided.by(resource).does
            if any(each.username for each in does.destinations):
                where = f"{_title(resource.vendor)}{' (by hand)' if declared and declared.state_only else ''}"
                yield replace(digest, host=where, type=resource.type, name=resource.name, field=LOGIN)


def _stand_ins(value: Any, place: Place = ()) -> Iterator[tuple[Place, Any]]:
    """What stands in inputs for a value that is secret."""
    if isinstance(value, SecretRef | MadePassword) or (isinstance(value, str) and value.startswith(MASK)):
        yield place, value
    elif isinstance(value, Mapping):
        for key, item in cast(Mapping[str, Any], value).items():
            yield from _stand_ins(item, (*place, key))
    elif isinstance(value, list | tuple):
        for index, item in enumerate(cast(list[Any], value)):
            yield from _stand_ins(item, (*place, index))


def _name(value: Any) -> SecretName | None:
    if isinstance(value, SecretRef):
        return SecretName(value.secret)
    if isinstance(value, MadePassword):
        return SecretName(made=value.resource)
    named = value.removeprefix(MASK).strip() if isinstance(value, str) and value.startswith(f"{MASK} ") else ""
    return SecretName(named) if named else None


def _title(vendor: str) -> str:
    found = registry.carriers().get(vendor)
    return found.title if found else vendor


def host(text: str) -> str:
    """The host of a URL or a SIP URI in one spelling: letter case, port, final dot, and whether an international name is
    written in its own letters make no other host.
    """
    if text == UNKNOWN or text.startswith(MASK):
        return text
    named = text if "://" in text else f"//{re.sub('^sips?:', '', text, flags=re.IGNORECASE).partition(';')[0]}"
    try:
        name = (urlsplit(named.strip()).hostname or text).rstrip(".")
        return name.encode("idna").decode()
    except ValueError:  # also of a name that cannot be encoded
        return text.lower()
