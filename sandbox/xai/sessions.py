"""Who may open a realtime session: teams by their key, and holders of an ephemeral client secret.

POST /v1/realtime/client_secrets as on docs.x.ai, "Ephemeral Tokens": ``{expires_after: {seconds}, session?}`` gives
``{value, expires_at}``. The form of the value is not documented.
"""

from __future__ import annotations

import secrets as entropy
import time
from typing import Any, Final

from sandbox.calling import Client
from sandbox.exchange import JsonObject
from sandbox.realtime.reading import Complaint
from sandbox.realtime.settings import Settings
from sandbox.store import Store
from sandbox.xai import rules
from sandbox.xai.rules import Message, Refusal
from sandbox.xai.state import ACCOUNTS, VENDOR, Team

LONGEST, USUAL = 3600, 600
_SHELF: Final = "client_secrets"
_SECRET: Message = {"expires_after": rules.whole, "session": rules.whole}
_EXPIRY: Message = {"seconds": lambda value: isinstance(value, int) and not isinstance(value, bool)}


def issue(store: Store, team: str, raw: Any, *, strict: bool) -> JsonObject:
    """A new client secret. Raises Refusal."""
    body = rules.read(raw, _SECRET)
    seconds = rules.read(body.get("expires_after", {}), _EXPIRY, "expires_after").get("seconds", USUAL)
    rules.need(1 <= seconds <= LONGEST, f"expires_after.seconds: 1 to {LONGEST}")
    session = body.get("session", {})
    try:
        Settings(strict).update(session)
    except Complaint as complaint:
        raise Refusal(422, complaint.message) from complaint
    made = {
        "value": f"xai-realtime-client-secret-{entropy.token_urlsafe(32)}",
        "expires_at": int(time.time()) + seconds,
    }
    store.shelf(VENDOR, team, _SHELF).put(made["value"], {**made, "session": session})
    return made


def client(store: Store, team: str | None, secret: str) -> Client | None:
    """A team's key wins; a secret that expired is nobody's."""
    if team is not None:
        return Client(team)
    for account in ACCOUNTS:
        held = store.shelf(VENDOR, account.team_id, _SHELF).get(secret)
        if held is not None and held["expires_at"] > time.time():
            return Client(account.team_id, True, held["session"])
    return None


def agent(team: Team, id: str, instructions: str) -> JsonObject | None:
    """A stored agent by its id, or else the first with these instructions."""
    if id:
        return team.agents.get(id)
    found = (held for held in team.agents.all() if instructions and held.get("instructions") == instructions)
    return next(found, None)
