"""xAI's side of the network without HTTP: teams, their numbers, webhooks, digest credentials and agents."""

from __future__ import annotations

import base64
import secrets as entropy
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain

from sandbox.exchange import JsonObject
from sandbox.store import Store
from sandbox.switches import Switches
from sandbox.xai.rules import Refusal

VENDOR = "xai"


@dataclass(frozen=True, slots=True)
class Account:
    """A team and its one API key. In the vendor's format, and plainly no real one."""

    name: str
    team_id: str
    key: str


ACCOUNTS = tuple(
    Account(name, f"00000000-0000-4000-8000-{number:012d}", f"xai-{f'sandbox{name}key'.ljust(80, '0')}")
    for number, name in enumerate(("main", "other"), 1)
)
# The sentence with which the live service refuses to provision (reported in 2026; the newer documents agree).
NO_PROVISIONING = "Provisioning xAI phone numbers via the API is not supported. Use the console (Voice Agents) instead."


def now() -> str:
    """The form of the documented example: 2026-06-19T00:00:00Z."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def new_id(kind: str) -> str:
    return f"{kind}_{entropy.token_hex(12)}"


class Team:
    """One team's objects. A number is stored as the API returns it; what it never returns lies beside it."""

    def __init__(self, store: Store, switches: Switches, team_id: str) -> None:
        self._store, self._switches, self.team_id = store, switches, team_id
        self.numbers = store.shelf(VENDOR, team_id, "numbers")
        self._webhooks = store.shelf(VENDOR, team_id, "webhooks")
        self._digests = store.shelf(VENDOR, team_id, "digests")
        self.agents = store.shelf(VENDOR, team_id, "agents")

    def number(self, id: str) -> JsonObject:
        number = self.numbers.get(id)
        if number is None:
            raise Refusal(404, f"Phone number {id} not found")
        return number

    def create(self, wanted: JsonObject) -> tuple[JsonObject, JsonObject | None]:
        """The number and, when one was made, the webhook with the signing secret that is shown this once."""
        if "agent_id" in wanted:
            self._agent_name(wanted["agent_id"])
        if wanted["origin"] == "xai_provisioned":
            if not self._switches["xai.provisioning"]:
                raise Refusal(403, NO_PROVISIONING)
            wanted["phone_number"] = self._free(wanted.get("area_code", "415"))
            self._store.count("purchases")
        elif self.numbers.find(wanted["phone_number"]):
            raise Refusal(409, f"Phone number {wanted['phone_number']} is already connected through Direct SIP.")
        return self.add(wanted)

    def add(self, wanted: JsonObject) -> tuple[JsonObject, JsonObject | None]:
        created = wanted.get("created_at", now())
        number: JsonObject = {
            "phone_number_id": wanted.get("phone_number_id") or new_id("phone"),
            "team_id": self.team_id,
            "phone_number": wanted["phone_number"],
            "name": wanted["name"],
            "origin": wanted["origin"],
            "sip_host": self._switches["xai.sip_host"],
            "created_at": created,
            "updated_at": created,
        }
        if wanted["origin"] == "byo_trunk":
            number["inbound_trunk_id"] = new_id("trunk")
        auth = wanted.get("sip_auth")
        if auth:
            number["sip_auth"] = {"allowed_addresses": auth.get("allowed_addresses", [])}
        if auth and "auth_username" in auth:
            number["sip_auth"]["auth_username"] = auth["auth_username"]
            secret = {"username": auth["auth_username"], "password": auth["auth_password"]}
            self._digests.put(number["phone_number_id"], secret)
        webhook = self._add_webhook(wanted) if "webhook" in wanted else None
        self._route(number, "agent_id", wanted.get("agent_id"))
        self._route(number, "webhook_id", webhook["webhook_id"] if webhook else None)
        self.numbers.put(number["phone_number_id"], number, number["phone_number"])
        return number, webhook

    def _add_webhook(self, wanted: JsonObject) -> JsonObject:
        # Standard Webhooks: the secret is base64 of 24 to 64 random bytes behind "whsec_".
        secret = "whsec_" + base64.b64encode(entropy.token_bytes(32)).decode()
        webhook = {"name": wanted["name"], **wanted["webhook"], "webhook_id": new_id("webhook"), "secret": secret}
        self._webhooks.put(webhook["webhook_id"], webhook)
        return {"webhook_id": webhook["webhook_id"], "dispatch_signing_secret": secret}

    def _free(self, area: str) -> str:
        """The first unregistered number of the area: 555-0100 to 555-0199 are set aside for fiction."""
        for line in chain(range(100, 200), range(1000, 10000)):
            number = f"+1{area}555{line:04d}"
            if not self._store.holders(VENDOR, "numbers", number):
                return number
        raise Refusal(404, f"No phone number available in area code {area}")

    def _agent_name(self, agent_id: str) -> str:
        """The documents do not say what an unknown agent gives. A number that rings nowhere is never wanted."""
        agent = self.agents.get(agent_id)
        if agent is None:
            raise Refusal(422, f"Agent {agent_id} not found in this team")
        return agent["name"]

    def _route(self, number: JsonObject, field: str, value: str | None) -> None:
        """Bind the number to an agent or a webhook, or unbind it. Absent fields are left out of answers."""
        for name in (field, "agent_name") if field == "agent_id" else (field,):
            number.pop(name, None)
        if value:
            number[field] = value
        if value and field == "agent_id":
            number["agent_name"] = self._agent_name(value)

    def change(self, id: str, changes: JsonObject) -> JsonObject:
        number = self.number(id)
        for field, value in changes.items():
            if field == "name" and not (value or "").strip():
                raise Refusal(422, "name must not be empty")
            if field == "webhook_id" and value and self._webhooks.get(value) is None:
                raise Refusal(422, f"Webhook {value} not found in this team")
            if field in ("agent_id", "webhook_id"):
                self._route(number, field, value)
            elif value is None:
                number.pop(field, None)
            else:
                number[field] = value
        # "Mutually exclusive" is said of creation only, and the documents are silent about PATCH. The strict
        # reading serves: a client that names both paths (agent_id set, webhook_id cleared) is right whether the
        # live service switches by itself or refuses; one that names agent_id alone is right only if it switches.
        if "agent_id" in number and "webhook_id" in number:
            raise Refusal(422, "agent_id and webhook_id are mutually exclusive: clear one in the same request")
        number["updated_at"] = now()
        self.numbers.put(id, number, number["phone_number"])
        return number

    def answered_by(self, agent_id: str) -> list[JsonObject]:
        return [number for number in self.numbers.all() if number.get("agent_id") == agent_id]

    def rename_agent(self, agent_id: str, name: str) -> None:
        for number in self.answered_by(agent_id):
            number["agent_name"] = name
            self.numbers.put(number["phone_number_id"], number, number["phone_number"])

    def delete(self, id: str) -> None:
        """A number of the customer is only disconnected; one of xAI's is given back."""
        number = self.number(id)
        self.numbers.remove(id)
        self._digests.remove(id)
        if "webhook_id" in number:
            self._webhooks.remove(number["webhook_id"])
        if number["origin"] == "xai_provisioned":
            self._store.count("releases")

    def secrets(self) -> Iterator[tuple[str, str | None, JsonObject | None]]:
        """Per number: E.164, signing secret, digest credentials."""
        for number in self.numbers.all():
            webhook = self._webhooks.get(number.get("webhook_id", ""))
            secret = webhook["secret"] if webhook else None
            yield number["phone_number"], secret, self._digests.get(number["phone_number_id"])


def secrets(store: Store) -> dict[str, JsonObject]:
    """The live truth of all teams; the main one wins where two registered the same number."""
    signing: JsonObject = {}
    digests: JsonObject = {}
    switches = Switches(store)
    for account in reversed(ACCOUNTS):
        for number, secret, digest in Team(store, switches, account.team_id).secrets():
            if secret:
                signing[number] = secret
            if digest:
                digests[number] = digest
    return {"signing_secrets": signing, "digest": digests}
