"""Secrets are checked for their shape when they are used, wherever they come from, and never shown."""

from __future__ import annotations

from typing import Any

import pytest

from providers.kernel import errors, registry
from providers.kernel.vendor import Settings
from stacks import graph, secret_values
from stacks.agent import Agent
from stacks.model import Number

HOOK = {"url": "https://voice.example.com/calls"}
SERVER = {"type": "mcp", "server_url": "https://mcp.example.com/mcp", "server_label": "crm"}
NUMBER = {"number": "+14155550100", "auth": "open", "webhook": HOOK}
X: dict[str, Any] = {"secret": "x"}
USES: dict[str, dict[str, Any]] = {
    "signing": {**NUMBER, "signing_secret": X},
    "digest": {"number": "+14155550100", "auth": {"digest": {"username": "hq", "password": X}}},
    "token": {**NUMBER, "webhook": {**HOOK, "auth_token": X}},
    "client": {**NUMBER, "webhook": {**HOOK, "auth_url": "https://auth.example.com/token", "auth_token": X}},
    "authorization": {"tools": [{**SERVER, "authorization": X}]},
    "header": {"tools": [{**SERVER, "headers": {"X-Key": X}}]},
}
GOOD = {"signing": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}


def found(use: str, value: str) -> list[str]:
    declared = USES[use]
    if "tools" in declared:
        resources = (graph.of_agent("a", Agent.model_validate(declared)),)
    else:
        resources = graph.of_number("a", Number.model_validate(declared))
    return secret_values.unusable(resources, {"x": value})


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize(
    ("spoilt", "why"),
    [
        ("", "is empty"),
        ("{}\n", "ends in a line break"),
        ("{}\r\n", "ends in a line break"),
        (" {}", "begins or ends with a blank"),
        ("{}\x00{}", "holds a line break or another control character"),
        ("{}\n{}", "holds a line break or another control character"),
    ],
)
def test_what_a_file_or_a_shell_left_is_said_with_its_key(use: str, spoilt: str, why: str) -> None:
    good = GOOD.get(use, "canary-1234")
    [line] = found(use, spoilt.replace("{}", good))
    assert line.startswith(f"the config secret x: {why}")
    assert line.endswith("next: pulumi config set --secret x")
    assert good not in line
    assert found(use, good) == []


@pytest.mark.parametrize(
    ("use", "value", "why"),
    [
        ("signing", "v1,whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "must be a signing secret as it was shown once"),
        ("signing", "whsec_", "must be a signing secret as it was shown once"),
        ("signing", "whsec_not base64", "must be a signing secret as it was shown once"),
        ("digest", "canary 1234", "must be 1 to 128 ASCII characters without blanks"),
        ("digest", "c" * 129, "must be 1 to 128 ASCII characters without blanks"),
        ("token", "canäry", "holds characters that no HTTP header can"),
    ],
)
def test_every_shape_is_known(use: str, value: str, why: str) -> None:
    assert why in found(use, value)[0]


@pytest.mark.parametrize("vendor", sorted(registry.vendors()))
@pytest.mark.parametrize("configured", [True, False])
def test_a_credential_with_a_line_break_is_refused_by_its_name(vendor: str, configured: bool) -> None:
    declared = registry.vendors()[vendor]
    for credential in declared.credentials:
        config = {credential.config: "canary-1234\n"} if configured else {}
        environment = {} if configured else {credential.env: "canary-1234\n"}
        with pytest.raises(errors.CredentialError) as refused:
            Settings(declared, config.get, environment)
        name = credential.config if configured else credential.env
        assert f"{name} ends in a line break" in str(refused.value)
        assert "canary" not in str(refused.value)
