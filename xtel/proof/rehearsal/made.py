"""What a rehearsal makes up: what the stack files name as existing at vendors, and values for their config secrets. Pure."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Collection, Iterable, Mapping
from typing import Any, cast

from providers.kernel import registry
from stacks import graph, secret_values
from stacks.agent import ID_PREFIX
from stacks.document import Document
from stacks.model import Number
from stacks.resource import Resource
from xai_resources import password

#: Who answers a number that was bought in xAI's console, where its file does not say.
CONSOLE = f"{ID_PREFIX}console"
#: What stands for an encrypted value that no stack file names: the program's own.
_OTHER = "rehearsal"


def carrier(number: Number) -> str:
    """Who delivers a number's calls; empty for xAI itself."""
    return number.route.delivers if number.route else ""


def seed(documents: Iterable[Document], vendors: Collection[str]) -> dict[str, Any]:
    """Who owns what, as the sandbox is told: what the files name and do not make themselves."""
    owned: dict[str, dict[str, Any]] = {}
    adopted: dict[str, dict[str, dict[str, Any]]] = {}
    agents: dict[str, Any] = {CONSOLE: {"agent_id": CONSOLE, "name": "Console"}}
    provisioned: dict[str, Any] = {}
    for found in documents:
        for number in found.numbers.values():
            if number.agent and number.agent not in found.agents:
                agents[number.agent] = {"agent_id": number.agent, "name": number.agent}
            if number.number and number.origin == "xai_provisioned":
                bought = {"phone_number": number.number, "origin": number.origin, "agent_id": CONSOLE}
                provisioned[number.number] = bought
            elif number.number and (vendor := carrier(number)) in vendors:
                where: Mapping[str, str] = number.route.whereabouts() if number.route else {}
                owned.setdefault(vendor, {})[number.number] = {"phone_number": number.number, **where}
                for kind, names in number.route.adopts().items() if number.route else ():
                    adopted.setdefault(vendor, {}).setdefault(kind, {}).update({name: {"name": name} for name in names})
    found_there = {
        vendor: {"numbers": list(numbers.values())}
        | {kind: list(named.values()) for kind, named in adopted.get(vendor, {}).items()}
        for vendor, numbers in owned.items()
    }
    return {"xai": {"agents": list(agents.values()), "numbers": list(provisioned.values())}, **found_there}


def secret_value(name: str, resources: Iterable[Resource]) -> str:
    """A value for a config secret, of the shape that whatever uses it takes."""
    shapes = (password.new(), f"whsec_{base64.b64encode(secrets.token_bytes(32)).decode()}")
    needed = list(resources)
    return next((value for value in shapes if not secret_values.unusable(needed, {name: value})), shapes[0])


def configuration(
    project: str, declared: Document | None, written: Mapping[str, Any], known: dict[str, str]
) -> dict[str, Any]:
    """The ``config`` of a stack's own Pulumi file: what is written there in the clear, and made values for every secret.

    Vendors' credentials are left out: the sandbox's stand in the environment. ``known`` keeps the values that were made.
    """
    vendors = registry.vendors()
    kept = {key: _opened(value) for key, value in written.items() if key.partition(":")[0] not in vendors}
    resources = graph.of_document(declared) if declared else ()
    for name in sorted(graph.secrets(resources)):
        known.setdefault(name, secret_value(name, resources))
        kept[name if ":" in name else f"{project}:{name}"] = known[name]
    return kept


def _opened(value: Any) -> Any:
    """A config value without ciphertext that nobody here can read."""
    if isinstance(value, Mapping):
        found = cast(Mapping[str, Any], value)
        return _OTHER if "secure" in found else {name: _opened(item) for name, item in found.items()}
    return [_opened(item) for item in cast(list[Any], value)] if isinstance(value, list) else value


def answerer(number: Number, agents: Mapping[str, str]) -> str:
    """Who answers a number by its file, as calls tell it; empty: whoever was chosen in xAI's console.

    ``agents``: ids by the keys of the file.
    """
    if number.agent:
        return f"agent:{agents.get(number.agent, number.agent)}"
    return f"webhook:{number.webhook.url}" if number.webhook else ""
