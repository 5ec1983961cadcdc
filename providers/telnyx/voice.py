"""What a number does with its calls before its connection gets them: forwards, rewrites or screens them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from pydantic import Field

from providers.kernel import attachment
from providers.kernel.call_handling import Stop
from providers.telnyx.api import Api


class VoiceSpec(attachment.AttachmentSpec):
    """A number whose calls reach its connection as they came."""

    call_forwarding: str = Field("", description="Number that its calls are forwarded to; empty: none.")
    translated_number: str = Field("", description="What the dialled number is replaced by; empty: it stays.")
    tech_prefix: bool = Field(False, description="Whether a prefix is put before the dialled number.")
    screening: Literal["disabled", "reject_calls", "flag_calls"] = Field(
        "disabled", description="What becomes of calls that Telnyx takes for fraud."
    )


#: Each setting where nothing of it stands in a call's way.
NONE: Mapping[str, Any] = {
    name: VoiceSpec.model_fields[name].default
    for name in ("call_forwarding", "translated_number", "tech_prefix", "screening")
}


def settings(voice: Any) -> dict[str, Any]:
    """As the number's voice settings show them. Forwarding is on by default, and does nothing without a number."""
    forwarding = voice.call_forwarding
    on = forwarding and forwarding.call_forwarding_enabled is not False
    return {
        "call_forwarding": (forwarding.forwards_to or "") if on else "",
        "translated_number": voice.translated_number or "",
        "tech_prefix": bool(voice.tech_prefix_enabled),
        "screening": voice.inbound_call_screening or "disabled",
    }


def stops(shown: Mapping[str, Any]) -> Iterator[Stop]:
    """The settings with which no call reaches the connection as it was dialled."""
    if shown.get("screening") == "reject_calls":
        yield Stop("number", "its call screening rejects calls", "set the number's inbound call screening to disabled")
    if to := shown.get("call_forwarding"):
        yield Stop("attachment", f"its calls are forwarded to {to}", "switch off the number's call forwarding")
    if shown.get("tech_prefix"):
        yield Stop("attachment", "a prefix is put before the dialled number", "switch off the number's tech prefix")


def change(api: Api, id: str, wanted: Mapping[str, Any]) -> None:
    """PATCH /v2/phone_numbers/{id}/voice, only what differs; where calls were forwarded to stays there, switched off."""
    voice: Any = api.voice.get(id)
    now = settings(voice)
    differing = {name: value for name, value in wanted.items() if value != now[name]}
    if not differing:
        return
    body: dict[str, Any] = {}
    if "call_forwarding" in differing:
        number = differing["call_forwarding"]
        kept: dict[str, Any] = voice.call_forwarding.model_dump(exclude_none=True) if voice.call_forwarding else {}
        to = {"forwards_to": number} if number else {}
        body["call_forwarding"] = {**kept, **to, "call_forwarding_enabled": bool(number)}
    names = {"translated_number": "translated_number", "tech_prefix": "tech_prefix_enabled"}
    names["screening"] = "inbound_call_screening"
    body |= {wire: differing[name] for name, wire in names.items() if name in differing}
    api.voice.changed(id)
    api.voice.note(api.client.phone_numbers.voice.update(id, **body).data)
