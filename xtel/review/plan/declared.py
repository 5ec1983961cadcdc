"""Two versions of a stack file as a preview: what would change, without engine, network and credentials. Pure.

Ids that only a vendor knows are not known here, and nobody is asked who holds a number now.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, cast

from pydantic import ValidationError

from providers.kernel import registry, spec
from providers.kernel.route import Ref
from providers.kernel.secrecy import MASK
from stacks.document import Document
from stacks.model import SecretRef
from stacks.network import Made, Wiring, wiring
from xtel.engine.previews import Preview
from xtel.engine.step import UNKNOWN, Step, type_of
from xtel.review.plan import calls
from xtel.review.plan.build import DeclaredNumber


def preview(stack: str, before: Document | None, after: Document) -> Preview:
    """What an apply would change if ``before`` were applied; None: nothing is."""
    old, new = _resources(stack, before), _resources(stack, after)
    kept = [_compared(urn, old.get(urn), new.get(urn)) for urn in new]
    gone = [_compared(urn, old[urn], None) for urn in reversed(old) if urn not in new]
    return Preview((*kept, *gone), whole=True)


def entries(document: Document) -> dict[str, DeclaredNumber]:
    """What the stack file says of each number, by the name its resources have."""
    found: dict[str, DeclaredNumber] = {}
    for key, number in document.numbers.items():
        digest = number.auth.digest if number.auth and number.auth != "open" else None
        password = digest.password.secret if digest and digest.password else ""
        found[number.number or key] = DeclaredNumber(key, document.lines[key], password, number.agent or "")
    return found


def secrets(document: Document) -> set[str]:
    """The config secrets that a stack file names."""
    found: set[str] = set()
    for number in document.numbers.values():
        digest = number.auth.digest if number.auth and number.auth != "open" else None
        token = number.webhook.auth_token if number.webhook else None
        named = (digest.password if digest else None, token, number.signing_secret)
        found |= {reference.secret for reference in named if reference}
    return found


def _resources(stack: str, document: Document | None) -> dict[str, dict[str, Any]]:
    """Inputs by URN, as the program would declare them."""
    found: dict[str, dict[str, Any]] = {}
    for key, number in document.numbers.items() if document else ():
        for name, type, inputs in _parts(wiring(key, number)):
            number_of = "" if name.split("/")[0] in registry.carriers() else f"{calls.COMPONENT}$"
            urn = f"urn:pulumi:{stack}::xtel::{number_of}pulumi-python:dynamic/{type}::{name}"
            found.setdefault(urn, _canonical(type, inputs))
    return found


def _parts(wired: Wiring) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    if wired.password_made:
        yield f"{wired.name}/password", "xai:Password", {}
    yield wired.name, "xai:PhoneNumber", wired.xai
    for piece in wired.pieces:
        holder = wired.carrier if piece.shared else wired.name
        yield f"{holder}/{piece.name}", f"{wired.carrier}:{piece.kind}", piece.inputs


def _canonical(type: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Inputs as ``check`` would leave them, secrets masked by their names: another secret shows as another name."""
    given = cast(dict[str, Any], _plain(inputs))
    found = calls.declared(type)
    if found is None:
        return given
    try:
        return found.resolve(found.spec.model_validate(given).canonical(), {})
    except ValidationError:
        return given


def _plain(value: Any) -> Any:
    if isinstance(value, SecretRef):
        return f"{MASK} {value.secret}"
    if isinstance(value, Made):
        return MASK
    if isinstance(value, Ref):
        return UNKNOWN
    if isinstance(value, Mapping):
        items = cast(Mapping[str, Any], value).items()
        return {name: _plain(item) for name, item in items if item is not None}
    return value


def _compared(urn: str, old: dict[str, Any] | None, new: dict[str, Any] | None) -> Step:
    if old is None or new is None:
        return Step("create" if old is None else "delete", urn, old or {}, new or {})
    paths = [path for path in spec.changed(old, new) if path not in spec.CONTROL]
    found = calls.declared(type_of(urn))
    fixed = [path for path in paths if found and path.split(".")[0] in found.replaces]
    if found and found.guarded and fixed and new.get("replace") != "accept":
        refusal = f"{', '.join(fixed)} cannot change in place: {found.loss(fixed)}. To allow it: `replace: accept`"
        new = {**new, "blocked": f"{refusal} on the number"}
    return Step("replace" if fixed else "update" if paths else "same", urn, old, new)
