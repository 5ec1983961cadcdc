"""A number's SIP rule: the SIP media application that takes its calls."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

from pydantic import Field

from providers.aws.asking import Found, settled
from providers.aws.connector import Region, legal
from providers.chime.api import Api, associated
from providers.kernel import errors, marker, operation
from providers.kernel.call_handling import CallHandling
from providers.kernel.object import Live, Object, Obstacle
from providers.kernel.spec import Spec
from providers.kernel.values import E164

#: The product type of numbers that a SIP rule can have: every one outside the US.
DIAL_IN = "SipMediaApplicationDialIn"
_TRIGGER = "ToPhoneNumber"
_ELSEWHERE = {"VoiceConnectorId": "Voice Connector", "VoiceConnectorGroupId": "connector group"}


class SipRuleSpec(Spec):
    """A number, and the application that takes its calls."""

    phone_number: E164 = Field(description="A number this account owns.")
    region: Region = Field(description="The AWS region of the application.")
    application_id: str = Field(description="The SIP media application that gets its calls.")
    enabled: bool = Field(True, description="Whether calls are sent on.")


class SipRule(Object[Api, SipRuleSpec]):
    """The SIP rule of a number: one trigger, one application. It has no tags, so its name shows whose it is, by a digest.

    Calls: GetPhoneNumber, CreateSipRule and its siblings. Somebody else's is never taken unasked and never deleted: with
    consent its targets are changed, and put back on delete. Ours is switched off, then deleted; the number stays.
    """

    kind = "SipRule"
    spec: ClassVar[type[Spec]] = SipRuleSpec
    replaces = frozenset({"phone_number"})
    references = frozenset({"application_id"})
    outputs = ("rule_region", "attached_to", "previous")

    def call_handling(self, inputs: Mapping[str, Any]) -> CallHandling:
        """It takes the number's calls."""
        return CallHandling(
            takes=str(inputs.get("phone_number") or ""),
            tries=tuple(filter(None, str(inputs.get("application_id") or "").split(","))),
            enabled=inputs.get("enabled", True) is True,
        )

    def find(self, api: Api, spec: SipRuleSpec, *, fresh: bool) -> Live | None:
        """The rule whose trigger is the number, by the number's record or the region's list."""
        number = api.number(spec.phone_number, fresh=fresh)
        held = _holding(api, number, spec.region, fresh=fresh)
        return shown(*held, spec.marker) if held else None

    def preflight(self, api: Api, spec: SipRuleSpec) -> Obstacle | None:
        """A number that no rule has may still not be usable."""
        usable(api.number(spec.phone_number, fresh=False))
        return None

    def obstacle(self, found: Live, spec: SipRuleSpec) -> Obstacle | None:
        """Somebody else's, unless it may be taken over."""
        if found.ours or spec.take_over:
            return None
        return Obstacle(
            f"{found.holder} gets its calls",
            "`take_over: true` on the number changes that rule, and puts it back on destroy; else remove the number here",
        )

    def taking(self, found: Live, spec: SipRuleSpec) -> str:
        """Its calls come to another Lambda at once, which may not know the connector yet."""
        taken = super().taking(found, spec)
        return taken and f"{taken}; calls end at the Lambda until its CONNECTOR_ARN is the connector's (docs/chime.md)"

    def read(self, api: Api, id: str, state: Mapping[str, Any], *, fresh: bool) -> Live | None:
        """GetSipRule, where it was made or found."""
        region = str(state.get("rule_region") or state.get("region") or "")
        found = api.rules(region).get(id, fresh=fresh)
        if found is None:
            return None
        try:
            usable(api.number(str(found["TriggerValue"]), fresh=fresh))
        except errors.CarrierError as error:  # nothing that can be set right from here
            if isinstance(error, errors.Temporary):
                raise
            operation.current().warn(f"no call arrives: {error.reason}")
        return shown(found, region, str(state.get("marker") or ""))

    def create(self, api: Api, spec: SipRuleSpec) -> Live:
        """CreateSipRule; then it is waited for."""
        usable(api.number(spec.phone_number, fresh=False))
        client = api.voice(spec.region)
        made: Found = client.create_sip_rule(TriggerType=_TRIGGER, TriggerValue=spec.phone_number, **_wanted(spec))[
            "SipRule"
        ]
        id = str(made["SipRuleId"])
        self._changed(api, spec.region, id, spec.phone_number)
        settled(lambda: client.get_sip_rule(SipRuleId=id), "application_id")
        return Live(id, {}, {"rule_region": spec.region, "attached_to": spec.application_id, "previous": ""})

    def update(self, api: Api, id: str, spec: SipRuleSpec, state: Mapping[str, Any]) -> Live:
        """UpdateSipRule with all that it takes; its trigger stays."""
        region = str(state.get("rule_region") or spec.region)
        self._changed(api, region, id, spec.phone_number)
        api.voice(region).update_sip_rule(SipRuleId=id, **_wanted(spec))
        kept = {"rule_region": region, "attached_to": spec.application_id}
        return Live(id, {}, {**kept, "previous": str(state.get("previous") or "")})

    def adopt(self, api: Api, found: Live, spec: SipRuleSpec) -> Live:
        """Nothing to do for ours as declared; somebody else's is kept as it was, for the way back."""
        outputs = {**found.outputs, "attached_to": spec.application_id}
        if found.ours and _as_declared(found.raw, spec):
            return replace(found, outputs={**outputs, "previous": ""})
        held = {name: found.raw[name] for name in ("Name", "Disabled", "TargetApplications")}
        previous = "" if found.ours else json.dumps(held)  # text: the engine's numbers are not Amazon's
        return self.update(api, found.id, spec, {**outputs, "previous": previous})

    def delete(self, api: Api, id: str, state: Mapping[str, Any]) -> None:
        """Off ours, and off nothing else: back as it was, or switched off and deleted."""
        region = str(state.get("rule_region") or state["region"])
        client = api.voice(region)
        rule: Found = client.get_sip_rule(SipRuleId=id)["SipRule"]
        if _to(rule) != state.get("attached_to"):
            return  # somebody else's by now
        self._changed(api, region, id, str(rule["TriggerValue"]))
        if previous := state.get("previous"):
            self._put_back(api, region, id, json.loads(previous))
            return
        if not rule.get("Disabled"):
            client.update_sip_rule(SipRuleId=id, Name=rule["Name"], Disabled=True)
        client.delete_sip_rule(SipRuleId=id)

    def _put_back(self, api: Api, region: str, id: str, previous: Mapping[str, Any]) -> None:
        """With its own name, switch and targets. Where all of these are gone it is switched off: a rule needs one."""
        client = api.voice(region)
        try:
            client.update_sip_rule(SipRuleId=id, **previous)
        except errors.Permanent as error:
            there = [each for each in previous["TargetApplications"] if self._there(api, each)]
            if len(there) == len(previous["TargetApplications"]):
                raise
            operation.current().warn(f"applications that rule {id} had before are gone: {error.reason}")
            targets = {"TargetApplications": there, "Disabled": previous["Disabled"]} if there else {"Disabled": True}
            client.update_sip_rule(SipRuleId=id, Name=previous["Name"], **targets)

    def _there(self, api: Api, target: Found) -> bool:
        return (
            api.applications(str(target["AwsRegion"])).get(str(target["SipMediaApplicationId"]), fresh=True) is not None
        )

    def remains(self, api: Api, seen: Live, state: Mapping[str, Any]) -> str:
        """A rule of ours, or one that still sends calls to our application; what was put back stays."""
        if seen.inputs["application_id"] != state.get("attached_to"):
            return ""
        given_back = bool(state.get("previous")) and not seen.inputs["enabled"] and not seen.ours
        return "" if given_back else f"SIP rule {seen.id} is still there"

    def instead(self, api: Api, state: Mapping[str, Any]) -> str:
        """What has the number now."""
        try:
            number = api.number(str(state["phone_number"]), fresh=False)
        except errors.NotFound:
            return "the account does not own the number any more"
        held = _holding(api, number, str(state["region"]), fresh=False)
        return f"{shown(*held).holder} gets its calls" if held else ""

    def listed(self, api: Api, id: str, state: Mapping[str, Any]) -> bool:
        """By the region's whole list."""
        region = str(state.get("rule_region") or state["region"])
        return any(each["SipRuleId"] == id for each in api.rules(region).all(fresh=True))

    def _changed(self, api: Api, region: str, id: str, number: str) -> None:
        api.rules(region).changed(id)
        api.numbers.changed(number)


def usable(number: Found) -> None:
    """Raises Conflict where no SIP rule can have the number."""
    if number.get("ProductType") != DIAL_IN:
        raise errors.Conflict(
            f"its product type is {number.get('ProductType')}: no SIP rule gets its calls",
            step="leave `lambda_arn` out of its route: a number of this type is put on a connector",
        )
    if number.get("Status") not in {"Assigned", "Unassigned"}:
        raise errors.Conflict(
            f"its status is {number.get('Status')}", step="see what the Chime SDK console asks for, then run it again"
        )
    for name, what in _ELSEWHERE.items():
        if id := associated(number).get(name):
            raise errors.Conflict(
                f"{what} {id} gets its calls", step=f"take the number out of that {what} at Amazon, then run it again"
            )


def own_name(mark: str) -> str:
    """The marker as a rule's name may be, and its digest, for two markers may be alike without their / and +."""
    return f"{legal(mark)[:200]} xtel-{marker.digest(mark)}"


def _wanted(spec: SipRuleSpec) -> Found:
    target = {"SipMediaApplicationId": spec.application_id, "Priority": 1, "AwsRegion": spec.region}
    return {"Name": own_name(spec.marker), "Disabled": not spec.enabled, "TargetApplications": [target]}


def _as_declared(rule: Found, spec: SipRuleSpec) -> bool:
    wanted = _wanted(spec)
    return all(rule.get(name) == value for name, value in wanted.items())


def targets(rule: Found) -> list[Found]:
    """Its applications, the first to be asked first."""
    found: list[Found] = rule.get("TargetApplications") or []
    return sorted(found, key=lambda each: int(each["Priority"]))


def _to(rule: Found) -> str:
    """Its applications, in one word."""
    return ",".join(str(each["SipMediaApplicationId"]) for each in targets(rule))


def _holding(api: Api, number: Found, region: str, *, fresh: bool) -> tuple[Found, str] | None:
    """The rule that has a number, and its region: the number names it, or a rule of the region has it as its trigger."""
    if id := associated(number).get("SipRuleId"):
        return api.rule(id, region, fresh=fresh)
    e164 = str(number["E164PhoneNumber"])
    for rule in api.rules(region).all(fresh=fresh):
        if (rule.get("TriggerType"), rule.get("TriggerValue")) == (_TRIGGER, e164):
            return rule, region
    return None


def shown(rule: Found, region: str, mark: str = "") -> Live:
    """As it stands. Its name is a digest: compared with what is declared it shows the marker, or is somebody else's."""
    id, name = str(rule["SipRuleId"]), str(rule.get("Name") or "")
    ours = bool(mark) and name == own_name(mark)
    inputs = {
        "marker": mark if ours else name,
        "phone_number": str(rule["TriggerValue"]),
        "region": next((str(each["AwsRegion"]) for each in targets(rule)), region),
        "application_id": _to(rule),
        "enabled": not rule.get("Disabled"),
    }
    return Live(id, inputs, {"rule_region": region}, ours=ours, holder=f"SIP rule {name}", raw=rule)
