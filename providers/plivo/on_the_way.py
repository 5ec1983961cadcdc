"""What decides the calls of a number at Plivo, as it stands. Reads only."""

from __future__ import annotations

from collections.abc import Iterator

from providers.kernel import errors
from providers.kernel.inventory import LiveObject
from providers.kernel.object import Live
from providers.plivo.api import Api, linked
from providers.plivo.attachment import Attachment
from providers.plivo.trunk import Trunk, Uri


def on_the_way(api: Api, e164: str) -> Iterator[LiveObject]:
    """The number, its trunk, and the trunk's URIs; of an application only that the number is on one. Raises NotFound."""
    held, number = Attachment().on_the_way(api, e164)
    yield number
    if linked(held.raw)[0] != "trunk":
        return
    try:
        trunk = Trunk().read(api, held.by, {}, fresh=False)
    except errors.NotFound:
        return
    if trunk is None:
        return
    yield LiveObject("Trunk", trunk)
    for place in ("primary", "fallback"):
        if chosen := str(trunk.inputs[place] or ""):
            yield from _uri(api, chosen, "fallback" if place == "fallback" else "")


def _uri(api: Api, id: str, role: str) -> Iterator[LiveObject]:
    """Its place at the trunk counts, whatever its name says."""
    try:
        uri = Uri().read(api, id, {}, fresh=False)
    except errors.NotFound:
        return
    if uri:
        yield LiveObject("Uri", Live(uri.id, {**uri.inputs, "role": role}, uri.outputs))
