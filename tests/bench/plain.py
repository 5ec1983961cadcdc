"""A Pulumi program with plain dynamic providers, as tutorials show them: no kernel, no look-ups, a client per operation."""

from __future__ import annotations

import os
from typing import Any

import httpx
import pulumi
from pulumi.dynamic import CreateResult, ReadResult, Resource, ResourceProvider
from twilio.rest import Client

from providers.twilio import RANGES


def _twilio() -> Client:
    client = Client(os.environ["TWILIO_ACCOUNT_SID"], os.environ["TWILIO_AUTH_TOKEN"])
    client.trunking.base_url = client.api.base_url = os.environ["TWILIO_BASE_URL"]
    return client


def _xai(method: str, path: str, **more: Any) -> Any:
    headers = {"Authorization": f"Bearer {os.environ['XAI_API_KEY']}"}
    return httpx.request(
        method, os.environ["XAI_BASE_URL"] + path, headers=headers, timeout=30, **more
    ).raise_for_status()


class NumberProvider(ResourceProvider):
    def create(self, props: dict[str, Any]) -> CreateResult:
        body = {
            "origin": "byo_trunk",
            "name": props["number"],
            "phone_number": props["number"],
            "sip_auth": {"allowed_addresses": list(RANGES.cidrs)},
            "webhook": {"url": "https://voice.example.com/calls"},
        }
        made = _xai("POST", "/v2/phone-numbers", json=body).json()
        return CreateResult(
            made["phone_number"]["phone_number_id"], {**props, "secret": made["webhook"]["dispatch_signing_secret"]}
        )

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        _xai("GET", f"/v2/phone-numbers/{id_}")
        return ReadResult(id_, props)


class TrunkProvider(ResourceProvider):
    def create(self, props: dict[str, Any]) -> CreateResult:
        client = _twilio()
        sid = str(client.trunking.v1.trunks.create(friendly_name="plain").sid)
        url = "sip:sip.voice.x.ai;transport=tls"
        client.trunking.v1.trunks(sid).origination_urls.create(10, 10, True, "plain", url)
        return CreateResult(sid, props)

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        _twilio().trunking.v1.trunks(id_).fetch()
        return ReadResult(id_, props)


class AttachmentProvider(ResourceProvider):
    def create(self, props: dict[str, Any]) -> CreateResult:
        client = _twilio()
        owned = client.incoming_phone_numbers.list(phone_number=props["number"])[0]
        client.trunking.v1.trunks(props["trunk"]).phone_numbers.create(str(owned.sid))
        return CreateResult(str(owned.sid), props)

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        _twilio().incoming_phone_numbers(id_).fetch()
        return ReadResult(id_, props)


class NothingProvider(ResourceProvider):
    """Answers at once what the kernel would keep: what is left is the engine's own cost."""

    def create(self, props: dict[str, Any]) -> CreateResult:
        return CreateResult(props["number"], {**props, "echo": props["inputs"], "ids": "0" * 300})

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        return ReadResult(id_, props)


class Plain(Resource):
    """Any of them."""


def declare(numbers: list[str]) -> None:
    """A number and its attachment each, one trunk for all."""
    trunk = Plain(TrunkProvider(), "trunk", {})
    for number in numbers:
        made = Plain(NumberProvider(), number, {"number": number, "secret": None})
        options = pulumi.ResourceOptions(depends_on=[made])
        Plain(AttachmentProvider(), f"{number}-attachment", {"number": number, "trunk": trunk.id}, options)


def declare_nothing(numbers: list[str]) -> None:
    """The floor: as many components and resources of the same size, and not one request to a vendor."""
    for number in numbers:
        parent = pulumi.ComponentResource("bench:index:Number", number)
        inputs = {"allowed": list(RANGES.cidrs), "url": "https://voice.example.com/calls"}
        made = Plain(
            NothingProvider(), number, {"number": number, "inputs": inputs}, pulumi.ResourceOptions(parent=parent)
        )
        options = pulumi.ResourceOptions(parent=parent, depends_on=[made])
        Plain(NothingProvider(), f"{number}/attachment", {"number": number, "inputs": {}}, options)
