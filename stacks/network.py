"""From declared numbers to the objects they need, pure: what ``pulumi up`` will make, without Pulumi."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from providers.kernel import carrier
from providers.kernel.values import Target
from stacks.model import Auth, Digest, Number, SecretRef, Webhook


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
    leg: carrier.Leg
    pieces: tuple[carrier.Piece, ...]
    number: Number

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
    target = Target(number=number.number or "", host=number.sip_host)
    xai = _xai(key, number)
    auth: dict[str, Any] = xai.get("sip_auth") or {}
    login = carrier.Login(auth["auth_username"], auth["auth_password"]) if "auth_username" in auth else None
    leg = carrier.Leg(name, target, number.fallback, number.take_over, login)
    pieces = number.route.pieces(leg) if number.route and number.number else ()
    return Wiring(key, name, xai, number.route.delivers if number.route else "", target, leg, pieces, number)


def _xai(key: str, number: Number) -> dict[str, Any]:
    given = {
        "origin": number.origin,
        "name": number.name or key,
        "phone_number": number.number,
        "area_code": number.area_code,
        "agent_id": number.agent,
        "sip_auth": _sip_auth(number),
        "webhook": _webhook(number.webhook),
        "sip_host": number.sip_host,
        "known_secret": number.signing_secret,
        "take_over": number.take_over or None,
        "replace": number.replace,
    }
    return {name: value for name, value in given.items() if value is not None}


def _sip_auth(number: Number) -> dict[str, Any] | None:
    auth = number.auth
    if auth == "open" or number.origin == "xai_provisioned":
        return None
    if auth is None and number.route:
        auth = _best(number.route, str(number.number))
    if auth is None:
        return None
    if auth.digest:
        return {"auth_username": auth.digest.username, "auth_password": auth.digest.password or Made()}
    return {"allow": list(auth.allow or ())}


def _best(route: carrier.Route, number: str) -> Auth:
    """What the carrier does best towards xAI, where the file leaves ``auth`` out."""
    declared = carrier.carriers()[route.delivers]
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
