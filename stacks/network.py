"""From declared numbers to the objects they need, pure: what ``pulumi up`` will make, without Pulumi."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from providers.kernel import purchase, registry
from providers.kernel.route import CarrierRoute, Leg, Login, Ref, RouteObject
from providers.kernel.values import Target
from stacks.model import Auth, Digest, Number, SecretRef, Webhook

#: Stands, wherever the digits of a number are needed, for those of one that is still to be bought. Of its kind (international
#: premium rate) no number begins with 0.
DIGITS = "979000000000"


@dataclass(frozen=True)
class Made:
    """Stands for the value of a password that is made as a resource of its own."""


@dataclass(frozen=True)
class Wiring:
    """Everything one number needs: its registration at xAI, and its carrier's objects.

    ``xai`` are the inputs of the PhoneNumber; in it :class:`~stacks.model.SecretRef` and :class:`Made` stand for values
    that only the engine has.
    """

    key: str
    name: str
    xai: dict[str, Any]
    carrier: str
    target: Target
    leg: Leg
    pieces: tuple[RouteObject, ...]
    number: Number
    #: What makes the number ours, before everything else; only for one that is bought, or may be given back.
    purchase: tuple[RouteObject, ...] = ()

    @property
    def password_made(self) -> bool:
        """Whether a password is made for this number."""
        auth: dict[str, Any] = self.xai.get("sip_auth") or {}
        return isinstance(auth.get("auth_password"), Made)

    @property
    def answers(self) -> str:
        """Who answers, in words for a table."""
        if self.number.agent:
            return f"agent {self.number.agent}"
        return self.number.webhook.url if self.number.webhook else "nobody declared"


def wiring(key: str, number: Number) -> Wiring:
    """What a number needs. A number is named by its E.164: renaming its key changes nothing but a defaulted name.

    Raises ValueError for what the carrier cannot do.
    """
    name = number.number or key
    e164 = number.number or (f"+{DIGITS}" if number.buy else "")
    target = Target(number=e164, host=number.sip_host)
    xai = _xai(key, number, e164)
    auth: dict[str, Any] = xai.get("sip_auth") or {}
    login = Login(auth["auth_username"], auth["auth_password"]) if "auth_username" in auth else None
    leg = Leg(e164, target, number.fallback, number.take_over or _rings_nobodys(number), login)
    pieces = number.route.objects(leg) if number.route and e164 else ()
    delivers = number.route.delivers if number.route else ""
    return Wiring(key, name, xai, delivers, target, leg, pieces, number, _purchase(number))


def _rings_nobodys(number: Number) -> bool:
    """What gets the calls of a number that was bought just now is the account's default: nobody's wish."""
    return number.buy is not None


def _purchase(number: Number) -> tuple[RouteObject, ...]:
    on_delete = {"on_delete": number.on_delete} if number.on_delete else {}
    if number.buy:
        choice = RouteObject("choice", "Choice", {"buy": number.buy.model_dump(exclude_none=True)})
        e164 = Ref("choice", "e164")
        return choice, RouteObject("purchase", "Purchase", {"phone_number": e164, **on_delete})
    if on_delete and number.number and isinstance(number.route, purchase.Route):
        return (RouteObject("purchase", "Purchase", {"phone_number": number.number, "owned": True, **on_delete}),)
    return ()


def _xai(key: str, number: Number, e164: str) -> dict[str, Any]:
    given = {
        "origin": number.origin,
        "name": number.name or key,
        "phone_number": e164 or None,
        "area_code": number.area_code,
        "agent_id": number.agent,
        "sip_auth": _sip_auth(number, e164),
        "webhook": _webhook(number.webhook),
        "sip_host": number.sip_host,
        "known_secret": number.signing_secret,
        "take_over": number.take_over or None,
        "replace": number.replace,
    }
    return {name: value for name, value in given.items() if value is not None}


def _sip_auth(number: Number, e164: str) -> dict[str, Any] | None:
    auth = number.auth
    if auth == "open" or number.origin == "xai_provisioned":
        return None
    if auth is None and number.route:
        auth = _best(number.route, e164)
    if auth is None:
        return None
    if auth.digest:
        return {"auth_username": auth.digest.username, "auth_password": auth.digest.password or Made()}
    return {"allow": list(auth.allow or ())}


def _best(route: CarrierRoute, number: str) -> Auth:
    """What the carrier does best towards xAI, where the file leaves ``auth`` out."""
    declared = registry.carriers()[route.delivers]
    if declared.auth == "digest":
        return Auth(allow=None, digest=Digest(username=f"xtel{number.lstrip('+')}", password=None))
    return Auth(allow=route.sources(), digest=None)


def _webhook(webhook: Webhook | None) -> dict[str, Any] | None:
    if webhook is None:
        return None
    given: dict[str, str | SecretRef | None] = {
        "url": webhook.url,
        "name": webhook.name,
        "auth_url": webhook.auth_url,
        "auth_token": webhook.auth_token,
    }
    return {name: value for name, value in given.items() if value is not None}
