"""What stands in every user's state never changes: provider strings, type tokens, component type."""

from __future__ import annotations

import base64
import subprocess
import sys

import pytest
from pulumi.dynamic.dynamic import serialize_provider

from providers.kernel import engine
from providers.kernel.engine import Provider
from stacks.resource import NUMBER

FROZEN = {
    "xai:PhoneNumber": "gASVPgAAAAAAAACMF3Byb3ZpZGVycy5rZXJuZWwuZW5naW5llIwIUHJvdmlkZXKUk5SMD3hhaTpQaG9uZU51bWJlcpSFlFKULg==",
    "xai:Password": "gASVOwAAAAAAAACMF3Byb3ZpZGVycy5rZXJuZWwuZW5naW5llIwIUHJvdmlkZXKUk5SMDHhhaTpQYXNzd29yZJSFlFKULg==",
    "xai:Agent": "gASVOAAAAAAAAACMF3Byb3ZpZGVycy5rZXJuZWwuZW5naW5llIwIUHJvdmlkZXKUk5SMCXhhaTpBZ2VudJSFlFKULg==",
    "twilio:Trunk": "gASVOwAAAAAAAACMF3Byb3ZpZGVycy5rZXJuZWwuZW5naW5llIwIUHJvdmlkZXKUk5SMDHR3aWxpbzpUcnVua5SFlFKULg==",
    "twilio:OriginationUrl": "gASVRAAAAAAAAACMF3Byb3ZpZGVycy5rZXJuZWwuZW5naW5llIwIUHJvdmlkZXKUk5SMFXR3aWxpbzpPcmlnaW5hdGlvblVybJSFlFKULg==",
    "twilio:Attachment": "gASVQAAAAAAAAACMF3Byb3ZpZGVycy5rZXJuZWwuZW5naW5llIwIUHJvdmlkZXKUk5SMEXR3aWxpbzpBdHRhY2htZW50lIWUUpQu",
    "telnyx:Profile": "gASVPQAAAAAAAACMF3Byb3ZpZGVycy5rZXJuZWwuZW5naW5llIwIUHJvdmlkZXKUk5SMDnRlbG55eDpQcm9maWxllIWUUpQu",
    "telnyx:Connection": "gASVQAAAAAAAAACMF3Byb3ZpZGVycy5rZXJuZWwuZW5naW5llIwIUHJvdmlkZXKUk5SMEXRlbG55eDpDb25uZWN0aW9ulIWUUpQu",
    "telnyx:Fqdn": "gASVOgAAAAAAAACMF3Byb3ZpZGVycy5rZXJuZWwuZW5naW5llIwIUHJvdmlkZXKUk5SMC3RlbG55eDpGcWRulIWUUpQu",
    "telnyx:Routing": "gASVPQAAAAAAAACMF3Byb3ZpZGVycy5rZXJuZWwuZW5naW5llIwIUHJvdmlkZXKUk5SMDnRlbG55eDpSb3V0aW5nlIWUUpQu",
    "telnyx:Attachment": "gASVQAAAAAAAAACMF3Byb3ZpZGVycy5rZXJuZWwuZW5naW5llIwIUHJvdmlkZXKUk5SMEXRlbG55eDpBdHRhY2htZW50lIWUUpQu",
    "plivo:Uri": "gASVOAAAAAAAAACMF3Byb3ZpZGVycy5rZXJuZWwuZW5naW5llIwIUHJvdmlkZXKUk5SMCXBsaXZvOlVyaZSFlFKULg==",
    "plivo:Trunk": "gASVOgAAAAAAAACMF3Byb3ZpZGVycy5rZXJuZWwuZW5naW5llIwIUHJvdmlkZXKUk5SMC3BsaXZvOlRydW5rlIWUUpQu",
    "plivo:Attachment": "gASVPwAAAAAAAACMF3Byb3ZpZGVycy5rZXJuZWwuZW5naW5llIwIUHJvdmlkZXKUk5SMEHBsaXZvOkF0dGFjaG1lbnSUhZRSlC4=",
    "twilio:Application": "gASVQQAAAAAAAACMF3Byb3ZpZGVycy5rZXJuZWwuZW5naW5llIwIUHJvdmlkZXKUk5SMEnR3aWxpbzpBcHBsaWNhdGlvbpSFlFKULg==",
    "twilio:Twiml": "gASVOwAAAAAAAACMF3Byb3ZpZGVycy5rZXJuZWwuZW5naW5llIwIUHJvdmlkZXKUk5SMDHR3aWxpbzpUd2ltbJSFlFKULg==",
    "twilio:Choice": "gASVPAAAAAAAAACMF3Byb3ZpZGVycy5rZXJuZWwuZW5naW5llIwIUHJvdmlkZXKUk5SMDXR3aWxpbzpDaG9pY2WUhZRSlC4=",
    "twilio:Purchase": "gASVPgAAAAAAAACMF3Byb3ZpZGVycy5rZXJuZWwuZW5naW5llIwIUHJvdmlkZXKUk5SMD3R3aWxpbzpQdXJjaGFzZZSFlFKULg==",
    "telnyx:Choice": "gASVPAAAAAAAAACMF3Byb3ZpZGVycy5rZXJuZWwuZW5naW5llIwIUHJvdmlkZXKUk5SMDXRlbG55eDpDaG9pY2WUhZRSlC4=",
    "telnyx:Purchase": "gASVPgAAAAAAAACMF3Byb3ZpZGVycy5rZXJuZWwuZW5naW5llIwIUHJvdmlkZXKUk5SMD3RlbG55eDpQdXJjaGFzZZSFlFKULg==",
    "plivo:Choice": "gASVOwAAAAAAAACMF3Byb3ZpZGVycy5rZXJuZWwuZW5naW5llIwIUHJvdmlkZXKUk5SMDHBsaXZvOkNob2ljZZSFlFKULg==",
    "plivo:Purchase": "gASVPQAAAAAAAACMF3Byb3ZpZGVycy5rZXJuZWwuZW5naW5llIwIUHJvdmlkZXKUk5SMDnBsaXZvOlB1cmNoYXNllIWUUpQu",
}


@pytest.mark.parametrize("token", FROZEN)
def test_provider_string_is_frozen(token: str) -> None:
    assert serialize_provider(Provider(token)) == FROZEN[token]
    assert len(base64.b64decode(FROZEN[token])) < 90


def test_type_tokens_are_frozen() -> None:
    assert NUMBER == "xtel:network:Number"
    for token in FROZEN:
        made = engine.resource(*token.split(":"))
        assert made._resource_type_name == f"dynamic/{token}"  # type: ignore[attr-defined]


def test_declarations_load_neither_pulumi_nor_a_vendor_sdk() -> None:
    program = (
        "import providers.plivo, providers.sip, providers.telnyx, providers.twilio;"
        "import xai_resources.client, xai_resources.vendor, stacks.model, stacks.document, sys;"
        "print([name for name in ('pulumi', 'grpc', 'twilio', 'telnyx', 'plivo') if name in sys.modules])"
    )
    assert subprocess.check_output([sys.executable, "-c", program], text=True).strip() == "[]"
