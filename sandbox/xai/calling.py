"""xAI's numbers as the SIP host sees them, and calls to the ones that xAI itself carries."""

from __future__ import annotations

from collections.abc import Sequence

from sandbox.calling import Leg, Registration, Webhook
from sandbox.exchange import JsonObject
from sandbox.store import Store
from sandbox.xai import signing
from sandbox.xai.state import ACCOUNTS, VENDOR


def registered(store: Store, user: str) -> Registration | None:
    """The user part must be the number, with its plus: the only thing that tells one number's calls from another's."""
    held = dict(store.holders(VENDOR, "numbers", user))
    team = next((account.team_id for account in ACCOUNTS if account.team_id in held), None)
    if team is None:
        return None
    number = held[team]
    digest = store.shelf(VENDOR, team, "digests").get(number["phone_number_id"]) or {}
    agent = number.get("agent_id", "")
    return Registration(
        number=user,
        team=team,
        allowed=number.get("sip_auth", {}).get("allowed_addresses", []),
        username=digest.get("username", ""),
        password=digest.get("password", ""),
        agent=agent if agent and store.shelf(VENDOR, team, "agents").get(agent) else "",
        webhook=_webhook(user, store.shelf(VENDOR, team, "webhooks").get(number.get("webhook_id", ""))),
    )


def _webhook(number: str, webhook: JsonObject | None) -> Webhook | None:
    if webhook is None:
        return None

    def sign(call_id: str, headers: Sequence[tuple[str, str]]) -> tuple[dict[str, str], str]:
        event = signing.signed(number, webhook["secret"], call_id, headers)
        return event["headers"], event["body"]

    return Webhook(webhook["url"], sign, webhook.get("auth_token", ""), webhook.get("auth_url", ""))


def route(store: Store, number: str) -> Sequence[Leg] | None:
    """A number that xAI provisioned needs no carrier: its calls are at the SIP host already."""
    held = [owned for _, owned in store.holders(VENDOR, "numbers", number) if owned["origin"] == "xai_provisioned"]
    return [Leg(f"sip:{number}@{owned['sip_host']};transport=tls") for owned in held[:1]] or None
