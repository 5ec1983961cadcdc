"""Events as xAI delivers them, signed per Standard Webhooks (standardwebhooks.com, spec of 2024): for receivers' tests."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
import uuid
from collections.abc import Sequence

from sandbox.exchange import JsonObject


def signed(number: str, secret: str, call_id: str = "", sip_headers: Sequence[tuple[str, str]] = ()) -> JsonObject:
    """A `realtime.call.incoming` for a number: the headers and the exact text they sign. Without a call it is made up.

    The key is the base64 behind "whsec_"; what is signed is `id.timestamp.body`.
    """
    event, now = f"evt_{uuid.uuid4().hex}", int(time.time())
    given = sip_headers or [("From", "<sip:+14155550142@sip.example.com>"), ("To", f"<sip:{number}>")]
    headers = [{"name": name, "value": value} for name, value in given]
    data: JsonObject = {"call_id": call_id or str(uuid.uuid4()), "sip_headers": headers, "metadata": {}}
    body = json.dumps(
        {"object": "event", "id": event, "type": "realtime.call.incoming", "created_at": now, "data": data}
    )
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signature = base64.b64encode(hmac.new(key, f"{event}.{now}.{body}".encode(), hashlib.sha256).digest()).decode()
    names: JsonObject = {"webhook-id": event, "webhook-timestamp": str(now), "webhook-signature": f"v1,{signature}"}
    return {"headers": names, "body": body}
