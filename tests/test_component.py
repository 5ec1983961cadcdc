"""``stacks.Number`` and ``stacks.Agent``: what they take in Python, and what they refuse before anything is registered."""

from __future__ import annotations

from collections.abc import Callable

import pulumi
import pytest

from providers.kernel import registry
from stacks import Agent, Number
from stacks.resource import Resource
from stacks.routes import Buy, Plivo, Twilio
from tests import registering

E164 = "+14155550100"


def found(program: Callable[[], object], **config: str) -> dict[str, Resource]:
    """What a program registers, by name and kind."""
    return {f"{each.name} {each.kind}": each for each in registering.registered(lambda: program() and None, config)}


def test_a_route_may_be_a_mapping_as_in_the_stack_file() -> None:
    typed = found(lambda: Number("a", number=E164, route=Twilio(transfer=True)))
    assert found(lambda: Number("a", number=E164, route={"carrier": "twilio", "transfer": True})) == typed
    assert typed[f"{E164}/trunk Trunk"].inputs["transfer_mode"] == "enable-all"


def test_an_agent_and_a_number_may_have_one_key() -> None:
    def program() -> None:
        Number("desk", route=Plivo(buy=Buy(country="US")), agent=Agent("desk", instructions="Greet."))

    made = found(program)
    assert made["desk Agent"].inputs["instructions"] == "Greet."
    assert made["desk PhoneNumber"].inputs["agent_id"] == registering.output("desk", "id")
    assert made["desk/attachment Attachment"].depends_on == ("desk",)


def test_a_tool_gets_the_value_of_its_config_secret() -> None:
    server = {"type": "mcp", "server_url": "https://mcp.example.com/mcp", "server_label": "crm"}
    program = lambda: Agent("a", tools=[{**server, "authorization": {"secret": "crmToken"}}])  # type: ignore[list-item]  # noqa: E731
    inputs = found(program, crmToken="Kx8vQ-crm-token")["a Agent"].inputs
    assert inputs["tool_secrets"] == {"crm": {"authorization": "Kx8vQ-crm-token"}}
    assert inputs["tools"][0]["authorization"] == "[secret]"
    with pytest.raises(pulumi.RunError, match="next: pulumi config set --secret crmToken"):
        found(program)


@pytest.mark.parametrize(
    ("program", "message"),
    [
        (
            lambda: Number("a", number=E164, route={"carrier": "nosuch"}),
            f"a: route: no carrier 'nosuch' is installed; installed: {', '.join(sorted(registry.carriers()))}",
        ),
        (lambda: Number("a", number=E164, route={}), "a: route: no carrier None is installed"),
        (lambda: Number("a", number=E164, route={"carrier": "twilio", "x": 1}), "x: is not a known key"),
        (lambda: Number("a", number=E164, agent="sales"), "a: agent: must be an Agent, or the id of one that exists"),
        (lambda: Number("a", numbr=E164), "numbr: is not a known key"),
        (lambda: Agent("agent_sales"), "agent_sales: begins like an id at xAI (agent_…): choose another key"),
        (lambda: Agent("a", numbers=["b"]), "a: numbers is for the stack file"),
        (lambda: Agent("a", instructions_file="../x.md"), "a: instructions_file: is outside of the project"),
    ],
)
def test_what_is_refused(program: Callable[[], object], message: str) -> None:
    with pytest.raises(pulumi.RunError) as refused:
        found(program)
    assert message in str(refused.value)


def test_numbers_that_share_a_trunk_must_say_the_same() -> None:
    def program() -> None:
        Number("a", number=E164, route=Twilio(trunk="shared"))
        Number("b", number="+14155550101", route=Twilio(trunk="shared", secure=True))

    with pytest.raises(pulumi.RunError, match="numbers that share twilio/trunk must say the same in their routes"):
        found(program)
