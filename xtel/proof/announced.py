"""The numbers of a stack whose calls xAI announces by webhook, with what a delivery to their receiver needs."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from providers.kernel.errors import InputError
from stacks import graph
from xtel.engine import state
from xtel.project import sandbox
from xtel.project.layout import Project


@dataclass(frozen=True)
class Announced:
    """One number. ``token`` is the bearer token that deliveries carry; by OAuth where there is a ``token_url``."""

    key: str
    number: str
    url: str
    secrets: tuple[str, ...] = field(default=(), repr=False)
    token: str = field(default="", repr=False)
    token_url: str = ""


def numbers(project: Project, stack: str) -> list[Announced]:
    """Those that are applied, from the state with its secrets. Raises InputError where there is none."""
    held = state.revealed(stack, project.root, sandbox.reading(project, stack))
    found: list[Announced] = []
    for item in held.resources:
        said: Mapping[str, Any] = {**item.inputs, **item.outputs}
        webhook: Mapping[str, Any] = said.get("webhook") or {}
        if item.type != graph.REGISTRATION or not webhook.get("url"):
            continue
        number = str(said.get("e164") or said.get("phone_number") or item.name)
        secrets = (str(said.get(name) or "") for name in ("signing_secret", "previous_signing_secret"))
        found.append(
            Announced(
                held.labels.get(number, number),
                number,
                str(webhook["url"]),
                tuple(filter(None, secrets)),
                str(webhook.get("auth_token") or ""),
                str(webhook.get("auth_url") or ""),
            )
        )
    if not found:
        raise InputError(f"{stack} has no number with a webhook that is applied", step=f"xtel routes {stack}")
    return found


def one(project: Project, stack: str, named: str) -> Announced:
    """The number of a key, or the number itself. Raises InputError."""
    found = numbers(project, stack)
    chosen = next((each for each in found if named in (each.key, each.number)), None)
    if chosen is None:
        keys = ", ".join(each.key for each in found)
        raise InputError(f"{named} is no number of {stack} with a webhook that is applied", step=f"name one of: {keys}")
    return chosen


def in_sandbox(stack: str) -> bool:
    """Whether the calls of a stack are those of the phone network on this machine, where URLs are stood in for."""
    return stack == sandbox.STACK or bool(os.environ.get(sandbox.VARIABLE))
