"""The first page of a bundle: one form for every platform, for people and, the same, for ``xtel render --json``.

Its parts are written in two templates, ``page.md.j2`` for what is so on every platform and one in the platform's folder;
each is a list of ``- `` paragraphs under the headings of :data:`_PARTS`. What stands in the files is read from the inputs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, cast

from providers.kernel.by_hand import ByHandSpec
from providers.kernel.files import Filled, FrontPage, Within
from providers.sip.platforms import PLATFORMS, PlatformFiles, of

_PARTS = ("What", "Only you know", "Steps", "Delivered", "Dialled", "Must be true", "Test", "Take back", "Unverified")
#: Of any platform: values that nobody has tried against xAI.
_UNTRIED = {
    "port": "xAI names no port; another than that of TLS was never tried",
    "srtp": "whether xAI takes plain RTP was never tried",
    "transfer": "a REFER of xAI's was never seen on this platform",
}
#: What needs no remark: it is what xAI documents, or what this field means on any platform.
_TRIED: Mapping[str, Any] = {"port": 5061, "srtp": "required", "transfer": "refuse"}


def page(shared: str, own: str, inputs: Mapping[str, Any]) -> FrontPage:
    """The page out of the two texts; the shared paragraphs of a part come before the platform's own."""
    common, special = _parts(shared), _parts(own)
    calls = inputs.get("calls", "both")
    part = {name: (*common.get(name, ()), *special.get(name, ())) for name in _PARTS}
    return FrontPage(
        what=" ".join(part["What"]),
        filled=tuple(_filled(inputs, of(str(inputs["platform"]), str(inputs.get("sbc", ""))))),
        only_you_know=part["Only you know"],
        steps=part["Steps"],
        delivered=" ".join(part["Delivered"]) if calls != "dialled" else "No call comes this way: `calls: dialled`.",
        dialled=" ".join(part["Dialled"]) if calls != "delivered" else "No call comes this way: `calls: delivered`.",
        must_be_true=part["Must be true"],
        test=part["Test"],
        take_back=part["Take back"],
        unverified=part["Unverified"],
    )


def _parts(text: str) -> dict[str, tuple[str, ...]]:
    """The paragraphs under each heading, each in one line."""
    found: dict[str, tuple[str, ...]] = {}
    for section in re.split(r"^## ", text, flags=re.MULTILINE)[1:]:
        name, _, body = section.partition("\n")
        if name not in _PARTS:
            raise LookupError(f"a page has no part {name}")
        items = re.split(r"^- ", body, flags=re.MULTILINE)[1:]
        found[name] = (*found.get(name, ()), *(" ".join(item.split()) for item in items))
    return found


def _shown(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {each}" for key, each in cast(Mapping[str, Any], value).items() if each)
    return ", ".join(map(str, cast(list[Any], value))) if isinstance(value, list | tuple) else str(value or "")


def _has(inputs: Mapping[str, Any], name: str) -> bool:
    """Whether a number with this route can have the key, or has the value anyway."""
    within: Within | None = inputs.get("within")
    return not within or name in within.keys or name in ByHandSpec.model_fields


def _filled(inputs: Mapping[str, Any], platform: PlatformFiles) -> Iterator[Filled]:
    names = ("phone_number", "did", "target", "username", "fallback", "port", "srtp", "transfer", "address")
    for name in (*names, *sorted({key for each in PLATFORMS.values() for key in each.keys})):
        value = inputs.get(name)
        shown = _shown(value)
        if not shown or not _has(inputs, name) or (name not in names and name not in platform.keys):
            continue
        untried = _UNTRIED.get(name, "") if value != _TRIED.get(name, value) else ""
        yield Filled(name, shown, platform.unverified.get(name, "") or untried)
