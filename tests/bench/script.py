"""The straight script: the vendors' SDKs, no engine, no state, the same requests at once as our limits allow.

It registers each number at xAI and attaches it to one shared trunk, and prints the seconds that took.
"""

from __future__ import annotations

import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
from twilio.rest import Client

from providers.twilio import RANGES


def main() -> None:
    """Numbers in E.164 are the arguments."""
    numbers = sys.argv[1:]
    started = time.perf_counter()
    twilio = Client(os.environ["TWILIO_ACCOUNT_SID"], os.environ["TWILIO_AUTH_TOKEN"])
    twilio.trunking.base_url = twilio.api.base_url = os.environ["TWILIO_BASE_URL"]
    xai = httpx.Client(
        base_url=os.environ["XAI_BASE_URL"],
        headers={"Authorization": f"Bearer {os.environ['XAI_API_KEY']}"},
        timeout=30,
    )
    trunk = twilio.trunking.v1.trunks.create(friendly_name="bench")
    trunk_sid = str(trunk.sid)
    url = "sip:sip.voice.x.ai;transport=tls"
    twilio.trunking.v1.trunks(trunk_sid).origination_urls.create(10, 10, True, "bench", url)

    def register(number: str) -> None:
        body = {
            "origin": "byo_trunk",
            "name": number,
            "phone_number": number,
            "sip_auth": {"allowed_addresses": list(RANGES.cidrs)},
            "webhook": {"url": "https://voice.example.com/calls"},
        }
        xai.post("/v2/phone-numbers", json=body).raise_for_status()

    def attach(number: str) -> None:
        owned = twilio.incoming_phone_numbers.list(phone_number=number)
        twilio.trunking.v1.trunks(trunk_sid).phone_numbers.create(str(owned[0].sid))

    with ThreadPoolExecutor(4) as four, ThreadPoolExecutor(8) as eight:
        for done in [four.submit(register, n) for n in numbers] + [eight.submit(attach, n) for n in numbers]:
            done.result()
    sys.stdout.write(f"{time.perf_counter() - started}\n")


if __name__ == "__main__":
    main()
