"""Trunks and what belongs to them: recording, and the URLs their calls are sent to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field

from providers.kernel import errors
from providers.kernel.call_handling import CallHandling, Destination
from providers.kernel.object import NAMED, Live, Object
from providers.kernel.spec import Spec, StrictModel
from providers.kernel.values import HttpsUrl, SipUri, Unknown, Whole
from providers.twilio.api import Api

TransferMode = Literal["disable-all", "enable-all", "sip-only"]
CallerId = Literal["from-transferee", "from-transferor"]
RecordingMode = Literal[
    "do-not-record", "record-from-ringing", "record-from-answer", "record-from-ringing-dual", "record-from-answer-dual"
]


#: What a trunk's ``auth_type_set`` says of calls out over it.
_TERMINATION = {"CREDENTIAL_LIST": "credential lists", "IP_ACL": "IP access control lists"}


class DisasterRecovery(StrictModel):
    """Who answers when Twilio cannot reach any origination URL: TwiML from a URL of yours."""

    url: HttpsUrl = Field(description="https URL that returns TwiML.")
    method: Literal["GET", "POST"] = Field(default="POST", description="How it is asked.")


class TrunkSpec(Spec):
    """An Elastic SIP trunk."""

    transfer_mode: TransferMode = Field("disable-all", description="Whether the agent may transfer calls (SIP REFER).")
    transfer_caller_id: CallerId = Field("from-transferee", description="Which number a transferred call shows.")
    secure: bool = Field(False, description="TLS and SRTP mandatory; unencrypted calls are refused.")
    cnam_lookup: bool = Field(False, description="Look up the caller's name (US and Canada; billed by Twilio).")
    disaster_recovery: DisasterRecovery | None = Field(None, description="Who answers when no origination URL does.")


class Trunk(Object[Api, TrunkSpec]):
    """The trunk of one number, or of many; its friendly name is the marker.

    Calls: /v1/Trunks. Changes in place: everything. Delete: after its numbers are detached and its URLs are gone; one that
    others use too stays, and gets its earlier name.
    """

    kind = "Trunk"
    spec: ClassVar[type[Spec]] = TrunkSpec
    outputs = ("sid", NAMED)

    def find(self, api: Api, spec: TrunkSpec, *, fresh: bool) -> Live | None:
        """By friendly name, which is the marker: Twilio does not keep it unique, so it is looked for before making one."""
        trunks = api.trunk_listing.all(fresh=fresh)
        return next((_trunk(trunk) for trunk in trunks if trunk.friendly_name == spec.marker), None)

    def read(self, api: Api, id: str, state: Mapping[str, Any], *, fresh: bool) -> Live | None:
        """GET /v1/Trunks/{sid}."""
        trunk = api.trunk_listing.get(id, fresh=fresh)
        return _trunk(trunk) if trunk else None

    def call_handling(self, inputs: Mapping[str, Any]) -> CallHandling:
        """Whether the media are encrypted; a trunk speaks G.711 alone."""
        secure = inputs.get("secure")
        return CallHandling(srtp=secure if isinstance(secure, bool) else None, codecs=("PCMU", "PCMA"))

    def unmanaged(self, api: Api, id: str, state: Mapping[str, Any]) -> Iterator[str]:
        """Origination URLs without our marker: they get a share of the calls, or those that xAI does not answer."""
        for url in api.origination_urls(id):
            if url.friendly_name != state.get("marker"):
                off = "" if url.enabled else ", not enabled"
                yield f"origination URL {url.sip_url} (priority {url.priority}, weight {url.weight}{off})"

    def names(self, api: Api) -> list[str]:
        """Of every trunk of the account."""
        return [str(trunk.friendly_name or "") for trunk in api.trunk_listing.all()]

    def create(self, api: Api, spec: TrunkSpec) -> Live:
        """POST /v1/Trunks. Trunks live in the account of the credentials, whatever account the numbers are asked of."""
        trunk = api.trunk_listing.note(api.trunks.create(friendly_name=spec.marker, **_settings(spec)))
        if trunk.account_sid != api.account_sid:
            api.trunks(str(trunk.sid)).delete()
            raise errors.AccountError(
                f"Twilio made the trunk in {trunk.account_sid}, not in {api.account_sid}; undone",
                step="a subaccount needs its own auth token or API key",
            )
        return _trunk(trunk)

    def update(self, api: Api, id: str, spec: TrunkSpec, state: Mapping[str, Any]) -> Live:
        """POST /v1/Trunks/{sid}."""
        api.trunk_listing.changed(id)
        return _trunk(api.trunk_listing.note(api.trunks(id).update(friendly_name=spec.marker, **_settings(spec))))

    def carries(self, api: Api, id: str, state: Mapping[str, Any]) -> Iterator[str]:
        """Other numbers and URLs, and calls out: a termination domain, credential lists and IP access control lists."""
        trunk = api.trunks(id).fetch()
        if trunk.domain_name:
            yield f"termination domain {trunk.domain_name}"
        yield from (_TERMINATION.get(str(kind), str(kind)) for kind in trunk.auth_type_set or ())
        yield from self.unmanaged(api, id, state)
        yield from (f"number {number.phone_number}" for number in api.trunk_numbers(id))

    def rename(self, api: Api, id: str, name: str, state: Mapping[str, Any]) -> None:
        """POST /v1/Trunks/{sid} with its name alone."""
        api.trunk_listing.changed(id)
        api.trunks(id).update(friendly_name=name)

    def delete(self, api: Api, id: str, state: Mapping[str, Any]) -> None:
        """DELETE /v1/Trunks/{sid}."""
        api.trunk_listing.changed(id)
        api.trunks(id).delete()


def _settings(spec: TrunkSpec) -> dict[str, Any]:
    recovery = spec.disaster_recovery
    return {
        "transfer_mode": spec.transfer_mode,
        "transfer_caller_id": spec.transfer_caller_id,
        "secure": spec.secure,
        "cnam_lookup_enabled": spec.cnam_lookup,
        "disaster_recovery_url": recovery.url if recovery else "",
        "disaster_recovery_method": recovery.method if recovery else "POST",
    }


def _trunk(trunk: Any) -> Live:
    url, method = trunk.disaster_recovery_url, trunk.disaster_recovery_method or "POST"
    inputs = {
        "marker": trunk.friendly_name,
        "transfer_mode": trunk.transfer_mode,
        "transfer_caller_id": trunk.transfer_caller_id,
        "secure": bool(trunk.secure),
        "cnam_lookup": bool(trunk.cnam_lookup_enabled),
        "disaster_recovery": {"url": url, "method": method} if url else None,
    }
    return Live(trunk.sid, inputs, {"sid": trunk.sid}, holder=f"trunk {trunk.sid}")


class RecordingSpec(Spec):
    """Whether a trunk's calls are recorded at Twilio."""

    trunk_sid: str = Field(description="The trunk.")
    mode: RecordingMode = Field(description="From ringing or from answer; dual: caller and agent on separate channels.")
    trim: Literal["trim-silence", "do-not-trim"] = Field("do-not-trim", description="Whether silence is cut out.")


class Recording(Object[Api, RecordingSpec]):
    """A trunk's recording setting. Calls: /v1/Trunks/{sid}/Recording. Delete: back to do-not-record."""

    kind = "Recording"
    spec: ClassVar[type[Spec]] = RecordingSpec
    replaces = frozenset({"trunk_sid"})
    references = frozenset({"trunk_sid"})

    def call_handling(self, inputs: Mapping[str, Any]) -> CallHandling:
        """Nothing: a recording sends no call anywhere."""
        return CallHandling()

    def find(self, api: Api, spec: RecordingSpec, *, fresh: bool) -> Live | None:
        """Every trunk has the setting: there is nothing to find or to double."""
        return None

    def read(self, api: Api, id: str, state: Mapping[str, Any], *, fresh: bool) -> Live | None:
        """GET /v1/Trunks/{sid}/Recording."""
        return _recording(id, api.trunks(id).recordings().fetch())

    def listed(self, api: Api, id: str, state: Mapping[str, Any]) -> bool:
        """As long as its trunk is there."""
        return any(trunk.sid == id for trunk in api.trunk_listing.all(fresh=True))

    def create(self, api: Api, spec: RecordingSpec) -> Live:
        """POST /v1/Trunks/{sid}/Recording."""
        return self.update(api, spec.trunk_sid, spec, {})

    def update(self, api: Api, id: str, spec: RecordingSpec, state: Mapping[str, Any]) -> Live:
        """POST /v1/Trunks/{sid}/Recording."""
        return _recording(id, api.trunks(id).recordings().update(mode=spec.mode, trim=spec.trim))

    def delete(self, api: Api, id: str, state: Mapping[str, Any]) -> None:
        """POST /v1/Trunks/{sid}/Recording with do-not-record."""
        api.trunks(id).recordings().update(mode="do-not-record", trim="do-not-trim")

    def remains(self, api: Api, seen: Live, state: Mapping[str, Any]) -> str:
        """A trunk always has the setting: it is off, or calls are still recorded."""
        mode = seen.inputs["mode"]
        return "" if mode == "do-not-record" else f"mode is still {mode}"


def _recording(trunk_sid: str, recording: Any) -> Live:
    return Live(trunk_sid, {"trunk_sid": trunk_sid, "mode": recording.mode, "trim": recording.trim})


class OriginationUrlSpec(Spec):
    """Where a trunk sends its calls."""

    trunk_sid: str = Field(description="The trunk.")
    sip_url: SipUri = Field(description="SIP URI; scheme sip:, TLS by ;transport=tls.")
    priority: Whole = Field(10, ge=0, le=65535, description="Lowest is tried first.")
    weight: Whole = Field(10, ge=1, le=65535, description="Share among equal priorities.")
    enabled: bool = Field(True, description="Whether calls are sent here.")


class OriginationUrl(Object[Api, OriginationUrlSpec]):
    """A trunk's way to the target: ``sip:+14155550100@sip.voice.x.ai;transport=tls``, or to a fallback.

    Calls: /v1/Trunks/{sid}/OriginationUrls. Changes in place: all but the trunk. Twilio goes on to the next URL when there
    is no answer for 4 seconds, or another code than 2xx, 400, 404, 405, 410, 416, 482, 484, 486 and 6xx.
    """

    kind = "OriginationUrl"
    spec: ClassVar[type[Spec]] = OriginationUrlSpec
    replaces = frozenset({"trunk_sid"})
    references = frozenset({"trunk_sid"})
    outputs = ("sid",)

    def find(self, api: Api, spec: OriginationUrlSpec, *, fresh: bool) -> Live | None:
        """The URL of this trunk that points at the same target with the same priority."""
        if isinstance(spec.trunk_sid, Unknown):
            return None
        urls = [_url(url) for url in api.origination_urls(spec.trunk_sid)]
        same = (spec.sip_url, spec.priority)
        return next((url for url in urls if (url.inputs["sip_url"], url.inputs["priority"]) == same), None)

    def read(self, api: Api, id: str, state: Mapping[str, Any], *, fresh: bool) -> Live | None:
        """GET /v1/Trunks/{sid}/OriginationUrls/{sid}."""
        return _url(api.trunks(str(state["trunk_sid"])).origination_urls(id).fetch())

    def call_handling(self, inputs: Mapping[str, Any]) -> CallHandling:
        """The URL is tried by its priority; one that is switched off gets no calls."""
        trunk = str(inputs.get("trunk_sid") or "")
        uri = inputs.get("sip_url") if inputs.get("enabled", True) is True else None
        tried = (Destination(str(uri), int(inputs.get("priority", 10)), username=""),) if uri else ()
        return CallHandling(destinations=tried, part_of=trunk)

    def create(self, api: Api, spec: OriginationUrlSpec) -> Live:
        """POST /v1/Trunks/{sid}/OriginationUrls."""
        return _url(api.trunks(spec.trunk_sid).origination_urls.create(**_fields(spec)))

    def update(self, api: Api, id: str, spec: OriginationUrlSpec, state: Mapping[str, Any]) -> Live:
        """POST /v1/Trunks/{sid}/OriginationUrls/{sid}."""
        return _url(api.trunks(spec.trunk_sid).origination_urls(id).update(**_fields(spec)))

    def delete(self, api: Api, id: str, state: Mapping[str, Any]) -> None:
        """DELETE /v1/Trunks/{sid}/OriginationUrls/{sid}."""
        api.trunks(str(state["trunk_sid"])).origination_urls(id).delete()


def _fields(spec: OriginationUrlSpec) -> dict[str, Any]:
    given = {"friendly_name": spec.marker, "sip_url": spec.sip_url}
    return {**given, "priority": spec.priority, "weight": spec.weight, "enabled": spec.enabled}


def _url(url: Any) -> Live:
    inputs = {
        "marker": url.friendly_name,
        "trunk_sid": url.trunk_sid,
        "sip_url": url.sip_url,
        "priority": url.priority,
        "weight": url.weight,
        "enabled": url.enabled,
    }
    return Live(url.sid, inputs, {"sid": url.sid})
