"""The xAI client against the sandbox: both letter cases, both wrappings, and every refusal with a step."""

from __future__ import annotations

import pytest

from providers.kernel import errors
from tests.conftest import Sandbox
from xai_resources import models
from xai_resources.client import Client

BODY = {
    "origin": "byo_trunk",
    "name": "Support",
    "phone_number": "+14155550100",
    "webhook": {"url": "https://voice.example.com/calls"},
    "sip_auth": {"allowed_addresses": ["203.0.113.0/28"]},
}


@pytest.fixture
def client(sandbox: Sandbox) -> Client:
    env = sandbox.env()
    return Client(env["XAI_API_KEY"], env["XAI_BASE_URL"])


@pytest.mark.parametrize("casing", ["snake", "camel"])
@pytest.mark.parametrize("wrapping", ["wrapped", "bare"])
def test_the_whole_life_of_a_number(client: Client, sandbox: Sandbox, casing: str, wrapping: str) -> None:
    sandbox.switch(xai__casing=casing, xai__get=wrapping)
    created = client.create(BODY)
    assert created.signing_secret == sandbox.secrets()["signing_secrets"]["+14155550100"]
    assert created.webhook_id == created.number.webhook_id != ""
    read = client.number(created.number.phone_number_id)
    assert read == created.number
    assert read.sip_auth.allowed_addresses == ["203.0.113.0/28"]
    assert read.sip_host == "sip.voice.x.ai"
    assert [number.phone_number for number in client.numbers()] == ["+16505550123", "+14155550100"]
    assert client.update(read.phone_number_id, {"name": "Help"}).name == "Help"
    client.delete(read.phone_number_id)
    with pytest.raises(errors.NotFound):
        client.number(read.phone_number_id)


def test_key_says_whose_it_is(client: Client) -> None:
    assert client.key().team_id


def test_get_not_offered_falls_back_to_the_list(client: Client, sandbox: Sandbox) -> None:
    created = client.create(BODY)
    sandbox.switch(xai__get_by_id=405)
    assert client.number(created.number.phone_number_id) == created.number
    with pytest.raises(errors.NotFound):
        client.number("phone_none")


@pytest.mark.parametrize(
    ("body", "error", "step"),
    [
        (BODY, errors.Conflict, "`take_over: true` on the number"),
        (
            {"origin": "xai_provisioned", "name": "n", "area_code": "415"},
            errors.Denied,
            "buy the number in xAI's console",
        ),
        ({"origin": "byo_trunk", "name": "n", "phone_number": "4155550100"}, errors.Invalid, ""),
    ],
)
def test_refusals_name_the_step(client: Client, body: dict[str, object], error: type[Exception], step: str) -> None:
    client.create(BODY)
    with pytest.raises(error) as caught:
        client.create(body)
    assert step in str(caught.value)


def test_wrong_key_is_named(sandbox: Sandbox) -> None:
    with pytest.raises(errors.Permanent) as caught:
        Client("xai-wrong-key-000000", sandbox.url).key()
    assert "XAI_API_KEY" in str(caught.value) or "credentials" in str(caught.value)
    assert "xai-wrong-key" not in str(caught.value)


def test_secret_is_shown_by_nothing(client: Client) -> None:
    created = client.create(BODY)
    assert created.signing_secret not in str(errors.XtelError(f"it was {created.signing_secret}"))


def test_snake_reads_both() -> None:
    assert models.snake({"phoneNumber": {"sipAuth": {"allowedAddresses": ["a"]}, "agentId": None}}) == {
        "phone_number": {"sip_auth": {"allowed_addresses": ["a"]}}
    }
