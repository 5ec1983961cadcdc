"""Twilio's Calls API: a call from a number of the account, with TwiML in the request.

twilio.com/docs/voice/api/call-resource, /docs/api/errors (read 2026-11-28). Of TwiML only pauses and the hang-up are played.
"""

from __future__ import annotations

import re

from sandbox.calling import Telephone
from sandbox.exchange import Answer, Call, JsonObject, json_answer
from sandbox.store import Store
from sandbox.twilio import account, forms
from sandbox.twilio.account import API_VERSION, VENDOR, Refusal

NOT_VERIFIED, TO_INVALID, NO_TWIML = 21210, 21211, 21205
PATH = re.compile(rf"/{API_VERSION}/Accounts/(AC[0-9a-f]{{32}})/Calls(?:/(CA[0-9a-f]{{32}}))?\.json")
_NUMBER = re.compile(r"\+[1-9][0-9]{6,14}")
_PAUSE = re.compile(r'<Pause length="([0-9]+)"\s*/>')
CREATE = {
    **forms.fields(to=forms.text(), twiml=forms.text(4000), send_digits=forms.text(32)),
    **forms.fields(timeout=forms.whole(1, 600), time_limit=forms.whole(1, 86400)),
    "From": forms.Field("from", forms.text()),
}
UPDATE = forms.fields(status=forms.choice("canceled", "completed"))
#: Twilio's words for where a call stands.
_STATUS = {"ringing": "ringing", "answered": "in-progress", "ended": "completed"}


class Calls:
    """The calls that were placed since the sandbox is up."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._telephone: Telephone | None = None
        self._placed: dict[str, tuple[str, str]] = {}

    def connect(self, telephone: Telephone) -> None:
        """Calls can be placed from now on."""
        self._telephone = telephone

    def answer(self, call: Call, asker: str) -> Answer:
        """One request to ``/Calls``. Raises Refusal."""
        found = PATH.fullmatch(call.path)
        if found is None:
            raise account.missing(call.path)
        owner, sid = found.groups()
        if owner != asker:
            raise account.unauthenticated()
        if sid is None and call.method == "POST":
            return json_answer(201, self._place(call, asker))
        if sid is None or call.method not in {"GET", "POST"}:
            raise Refusal(405, account.METHOD_NOT_ALLOWED, "Method not allowed")
        if call.method == "POST":
            forms.form(call, UPDATE, ("Status",))
        return json_answer(200, self._shown(sid, asker, call.path))

    def _place(self, call: Call, asker: str) -> JsonObject:
        wanted = forms.form(call, CREATE, ("To", "From"))
        if not _NUMBER.fullmatch(wanted["to"]):
            raise Refusal(400, TO_INVALID, f"The phone number {wanted['to']} is not valid")
        if not self._store.shelf(VENDOR, asker, "numbers").find(wanted["from"]):
            reason = f"The source phone number provided, {wanted['from']}, is not yet verified for your account"
            raise Refusal(400, NOT_VERIFIED, reason)
        if "twiml" not in wanted:
            raise Refusal(400, NO_TWIML, "Url parameter is required")
        if self._telephone is None:
            raise Refusal(503, 20503, "Calls are not played here")
        seconds = min(sum(map(int, _PAUSE.findall(wanted["twiml"]))), wanted.get("time_limit", 600), 600)
        digits = "".join(key for key in wanted.get("send_digits", "") if key not in "wW")
        id = self._telephone.dial(wanted["to"], wanted["from"], digits, float(seconds))
        sid = account.new_sid("CA")
        self._placed[sid] = (asker, id)
        return self._shown(sid, asker, call.path.replace(".json", f"/{sid}.json"))

    def _shown(self, sid: str, asker: str, path: str) -> JsonObject:
        owner, id = self._placed.get(sid, ("", ""))
        found = self._telephone.call(id) if self._telephone and owner == asker else None
        if found is None:
            raise account.missing(path)
        status = _STATUS.get(found["state"]) or ("busy" if found["outcome"]["code"] == 486 else "failed")
        return {
            "sid": sid, "account_sid": asker, "to": found["to"], "from": found["from"], "status": status,
            "duration": "1" if status == "completed" else "0", "direction": "outbound-api", "api_version": API_VERSION,
            "price": None, "price_unit": "USD", "uri": path,
        }  # fmt: skip
