"""The phone number at xAI: registered once, its signing secret kept, replaced only with consent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, ClassVar

from providers.kernel import consent, errors, marker, operation, ranges
from providers.kernel.call_handling import CallHandling
from providers.kernel.object import Live, Object, Obstacle
from providers.kernel.spec import Spec
from providers.kernel.values import SIP_HOST, cidrs, has_unknown
from xai_resources.client import Client
from xai_resources.models import Created, NumberSpec, RegisteredNumber, Webhook


class PhoneNumber(Object[Client, NumberSpec]):
    """A phone number at xAI: how it is authenticated, and what answers.

    Calls: POST, GET, PATCH, DELETE /v2/phone-numbers. Secrets: ``signing_secret`` (shown once by xAI, kept encrypted in
    the state), ``previous_signing_secret`` (that of the registration which this one replaced), ``sip_auth.auth_password``,
    ``webhook.auth_token``. Changes in place: ``name``, ``agent_id``. Everything else re-registers the number, with an outage
    and a new signing secret, and needs consent. Delete: a byo_trunk number is unregistered; xAI's own is given back the
    agent and name it had, and kept.
    """

    kind = "PhoneNumber"
    spec: ClassVar[type[Spec]] = NumberSpec
    guarded = True
    unreadable = frozenset(
        {"area_code", "sip_host", "known_secret", "sip_auth.auth_password"}
        | {f"webhook.{part}" for part in Webhook.model_fields}
    )
    replaces = frozenset({"origin", "phone_number", "area_code", "sip_auth", "webhook", "sip_host"})
    outputs = (
        "phone_number_id", "e164", "team_id", "webhook_id", "inbound_trunk_id", "signing_secret", "agent_name",
        "created_at", "previous", "previous_signing_secret",
    )  # fmt: skip
    secrets = ("signing_secret", "previous_signing_secret")
    inherited = {"previous_signing_secret": "signing_secret"}

    def resolve(self, new: dict[str, Any], old: Mapping[str, Any]) -> dict[str, Any]:
        """Named ranges keep the CIDRs they were registered with, as long as the names stay the same."""
        auth: dict[str, Any] = new.get("sip_auth") or {}
        if has_unknown(auth) or not auth.get("allow"):
            return new
        before: Mapping[str, Any] = old.get("sip_auth") or {}
        registered = before.get("allowed_addresses")
        kept = registered if before.get("allow") == auth["allow"] else None
        resolved = kept or list(ranges.resolve(auth["allow"]))
        if resolved == registered and before.get("allow"):  # other names for what is registered: nothing changes
            auth = {**auth, "allow": before["allow"]}
        return {**new, "sip_auth": {**auth, "allowed_addresses": resolved}}

    def loss(self, paths: list[str]) -> str:
        """A replaced number is unreachable for seconds, and its receiver must learn a new signing secret."""
        return "the number is re-registered, calls fail meanwhile and the signing secret changes"

    def call_handling(self, inputs: Mapping[str, Any]) -> CallHandling:
        """Who may send calls to the number, and who answers them."""
        auth: Mapping[str, Any] = inputs.get("sip_auth") or {}
        allow = tuple(str(network) for network in auth.get("allowed_addresses") or ())
        webhook: Mapping[str, Any] = inputs.get("webhook") or {}
        if inputs.get("origin") == "xai_provisioned":
            kind = "provisioned"
        elif auth.get("auth_username"):
            kind = "digest"
        else:
            kind = "allowlist" if allow or auth.get("allow") else "open"
        return CallHandling(
            registers=str(inputs.get("phone_number") or inputs.get("e164") or inputs.get("name") or ""),
            host=str(inputs.get("sip_host") or SIP_HOST),
            auth=kind, username=str(auth.get("auth_username") or ""), allow=allow,
            webhook=str(webhook.get("url") or ""), agent=str(inputs.get("agent_id") or ""),
            rents=kind == "provisioned" and not inputs.get("phone_number"), releases=inputs.get("on_delete") == "release",
        )  # fmt: skip

    def find(self, api: Client, spec: NumberSpec, *, fresh: bool) -> Live | None:
        """By E.164; one that is still to be provisioned: by its marker. A list that is off shows nothing."""
        try:
            numbers = api.numbers(fresh=fresh)
        except (errors.NotFound, errors.Unsupported):
            return None
        digest = marker.digest(spec.marker)
        for number in numbers:
            by_number = spec.phone_number and number.phone_number == spec.phone_number
            if by_number or (not spec.phone_number and marker.unlabel(number.name)[1] == digest):
                return _live(number, spec.marker)
        return None

    def read(self, api: Client, id: str, state: Mapping[str, Any], *, fresh: bool) -> Live:
        """By id. Where neither reading nor listing is offered, drift cannot be seen and the state stands."""
        try:
            number = api.number(id, fresh=fresh)
            if "sip_auth" not in number.model_fields_set and state.get("sip_auth"):
                number = api.number(id)  # a list that shows less than the number itself must not look like drift
        except errors.Unsupported:
            operation.current().warn("xAI offers neither reading nor listing here: changes made outside stay unseen")
            return Live(id, {})
        live = _live(number, str(state.get("marker", "")))
        return replace(live, inputs={**live.inputs, **_seen(number, state)})

    def listed(self, api: Client, id: str, state: Mapping[str, Any]) -> bool:
        """By the list, whoever's name it bears by now: with the number its only signing secret would leave the state."""
        return any(number.phone_number_id == id for number in api.numbers(fresh=True))

    def recorded(self, api: Client, id: str, spec: NumberSpec) -> Live | None:
        """The webhook's URL and the secrets cannot be read: they are taken as declared."""
        state = {**spec.canonical(), "webhook_id": api.number(id, fresh=False).webhook_id}
        live = self.read(api, id, state, fresh=False)
        return replace(live, outputs={**live.outputs, "signing_secret": spec.known_secret or "", "previous": {}})

    def create(self, api: Client, spec: NumberSpec) -> Live:
        """Register it. An answer with another SIP host than the carriers were pointed at is undone."""
        if spec.origin == "xai_provisioned" and spec.phone_number:
            raise errors.NotFound(
                "this team has no such number", step="buy it in xAI's console (Voice Agents), or use `area_code:`"
            )
        created = api.create({**spec.wire(), "name": marker.label(spec.name, spec.marker)})
        if created.number.sip_host and created.number.sip_host.lower() != spec.sip_host:
            api.delete(created.number.phone_number_id)
            raise errors.Invalid(
                f"xAI answers this number at {created.number.sip_host}, the carriers were pointed at {spec.sip_host}; undone",
                step=f"set `sip_host: {created.number.sip_host}` on the number",
            )
        return _made(created, spec)

    def obstacle(self, found: Live, spec: NumberSpec) -> Obstacle | None:
        """Not ours; or ours by its marker, but with a secret that this state does not hold: another state may."""
        if obstacle := super().obstacle(found, spec):
            return obstacle
        if spec.origin == "xai_provisioned" or _registered_alike(found.raw, spec):
            return None
        number = str(spec.phone_number)
        if spec.replace == "accept" or consent.consented(number):
            return None
        return Obstacle(
            "it is registered already, and this state does not hold its signing secret or password",
            f"after a killed run `xtel recover`; else XTEL_ALLOW_REPLACE={number} deletes and re-registers it",
            unless_just_made=bool(found.inputs["marker"]),
        )

    def taking(self, found: Live, spec: NumberSpec) -> str:
        """Its deletion, where only a new registration gives the secrets that were declared."""
        if spec.origin == "xai_provisioned" or _registered_alike(found.raw, spec):
            return super().taking(found, spec)
        return f"will be deleted and re-registered, with an outage and a new signing secret: {found.holder}"

    def adopt(self, api: Client, found: Live, spec: NumberSpec) -> Live:
        """Make a registration that exists ours; re-register it where only that gives the secrets that were declared."""
        if spec.origin == "xai_provisioned":
            live = self.update(api, found.id, spec, found.inputs)
            previous = {} if found.inputs["marker"] else {"name": found.raw.name, "agent_id": found.raw.agent_id}
            return Live(live.id, live.inputs, {**live.outputs, "signing_secret": "", "previous": previous})
        if _registered_alike(found.raw, spec):
            live = self.update(api, found.id, spec, found.inputs)
            return Live(
                live.id, live.inputs, {**live.outputs, "signing_secret": spec.known_secret or "", "previous": {}}
            )
        api.delete(found.id)
        return self.create(api, spec)

    def update(self, api: Client, id: str, spec: NumberSpec, state: Mapping[str, Any]) -> Live:
        """PATCH of name and agent, only where they differ."""
        changes: dict[str, Any] = {}
        if state.get("name") != spec.name or state.get("marker") != spec.marker:
            changes["name"] = marker.label(spec.name, spec.marker)
        left_alone = spec.origin == "xai_provisioned" and not spec.agent_id and "previous" not in state
        if (state.get("agent_id") or None) != spec.agent_id and not left_alone:
            changes["agent_id"] = spec.agent_id
        # The secret of an imported number may become known later; one that the state holds stays.
        told = {} if state.get("signing_secret") else {"signing_secret": spec.known_secret or ""}
        try:
            live = _live(api.update(id, changes) if changes else api.number(id), spec.marker)
            return replace(live, outputs={**live.outputs, **told})
        except errors.Unsupported as error:
            raise errors.Unsupported(
                f"xAI does not offer changing {', '.join(sorted(changes))} in place here",
                status=error.status,
                step="change it in xAI's console, then `pulumi refresh`",
            ) from None

    def delete(self, api: Client, id: str, state: Mapping[str, Any]) -> None:
        """byo_trunk: unregister. xai_provisioned: give back the name and agent it had, keep the number."""
        if state.get("origin") != "xai_provisioned":
            api.delete(id)
            return
        previous: Mapping[str, Any] = state.get("previous") or {}
        now = api.number(id)
        name = previous.get("name") or marker.unlabel(now.name)[0]
        changes: dict[str, Any] = {"name": name} if now.name != name else {}
        if state.get("agent_id") and now.agent_id == state["agent_id"] != previous.get("agent_id"):
            changes["agent_id"] = previous.get("agent_id") or None
        if changes:
            api.update(id, changes)

    def remains(self, api: Client, seen: Live, state: Mapping[str, Any]) -> str:
        """A number of xAI's own stays, but neither by our name nor with our agent."""
        if state.get("origin") != "xai_provisioned":
            return super().remains(api, seen, state)
        if seen.inputs["marker"]:
            return "name still carries our marker"
        previous: Mapping[str, Any] = state.get("previous") or {}
        agent = state.get("agent_id")
        ours = agent and seen.inputs["agent_id"] == agent != previous.get("agent_id")
        return f"agent_id is still {agent}" if ours else ""


def _live(number: RegisteredNumber, mark: str) -> Live:
    name, seen = marker.unlabel(number.name)
    ours = seen == marker.digest(mark)
    console = number.origin == "xai_provisioned" and not seen  # bought by hand: declaring its number is asking for it
    outputs = number.model_dump(include=_SHOWN) | {"e164": number.phone_number}
    inputs = {"name": name, "marker": mark if ours else "", "agent_id": number.agent_id or None}
    holder = f"{number.phone_number} of this team, called {name!r}{marker.whose(seen, mark)}"
    return Live(number.phone_number_id, inputs, outputs, ours=ours or console, holder=holder, raw=number)


_SHOWN = {"phone_number_id", "team_id", "webhook_id", "inbound_trunk_id", "agent_name", "created_at"}


def _made(created: Created, spec: NumberSpec) -> Live:
    live = _live(created.number, spec.marker)
    shown = _seen(created.number, {**spec.canonical(), "webhook_id": created.webhook_id})
    for field in {"sip_auth", "webhook_id"} - created.number.model_fields_set:
        shown.pop(field.removesuffix("_id"))  # an answer that says nothing of it proves nothing
    if spec.webhook and not created.signing_secret:
        operation.current().warn("xAI returned no signing secret for this webhook: its events cannot be verified")
    once: dict[str, Any] = {"webhook_id": created.webhook_id, "signing_secret": created.signing_secret, "previous": {}}
    return Live(live.id, {**live.inputs, **shown}, {**live.outputs, **once})


def _seen(number: RegisteredNumber, state: Mapping[str, Any]) -> dict[str, Any]:
    """What an answer shows of the fields that it shows in part; the rest of them is as the state has it."""
    # A webhook shows itself by its id alone: its URL cannot be read, and another one is not the declared one.
    webhook = state.get("webhook")
    same = number.webhook_id == (state.get("webhook_id") or "") and bool(number.webhook_id) == bool(webhook)
    seen: dict[str, Any] = {
        "sip_auth": _auth_now(state.get("sip_auth") or {}, number),
        "webhook": webhook if same else None,
        "phone_number": number.phone_number if state.get("phone_number") else None,
        "origin": number.origin or state.get("origin"),
    }
    if number.origin == "xai_provisioned" and not state.get("agent_id"):
        seen["agent_id"] = None  # none declared: whoever answers was chosen in the console
    return seen


def _auth_now(declared: Mapping[str, Any], number: RegisteredNumber) -> dict[str, Any] | None:
    """The declared authentication with what the vendor shows of it; the names of ranges fall when the CIDRs differ."""
    seen = number.sip_auth
    now: dict[str, Any] = dict(declared)
    if seen.auth_username != (declared.get("auth_username") or ""):
        now = {"auth_username": seen.auth_username} if seen.auth_username else {}
    if _spelled(seen.allowed_addresses) != _spelled(declared.get("allowed_addresses") or ()):
        now.pop("allow", None)
        now["allowed_addresses"] = sorted(seen.allowed_addresses)
    return now or None


def _spelled(addresses: Iterable[str]) -> set[str]:
    """Networks in one spelling: somebody may have registered 203.0.113.5 for 203.0.113.5/32."""
    try:
        return set(cidrs(addresses))
    except ValueError:  # nothing of ours: the whole internet, or no network at all
        return set(addresses)


def _registered_alike(number: RegisteredNumber, spec: NumberSpec) -> bool:
    """Whether a registration is what is declared, and holds no secret that only its maker saw."""
    if has_unknown(spec.sip_auth):  # a preview: only a password is not known before it is made
        return False
    if (spec.sip_auth and spec.sip_auth.auth_password) or (spec.webhook and not spec.known_secret):
        return False
    declared = set(spec.sip_auth.allowed_addresses) if spec.sip_auth else set[str]()
    same_auth = set(number.sip_auth.allowed_addresses) == declared and not number.sip_auth.auth_username
    return same_auth and bool(number.webhook_id) == bool(spec.webhook)
