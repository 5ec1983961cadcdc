"""With which key, and where, the xAI API is asked by verbs that are about a call or an agent."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

from providers.kernel import registry
from providers.kernel.vendor import Settings
from xtel.engine import cli
from xtel.project import sandbox
from xtel.project.layout import Project


@dataclass(frozen=True)
class Access:
    """A key, and the origin of the API; empty: xAI's own."""

    key: str = field(repr=False)
    origin: str = ""


def of(project: Project, stack: str = "") -> Access:
    """As `pulumi up` of the stack would ask: its config, which wins, and the environment; without a stack that alone.

    The sandbox's stack also works in a shell that was told nothing. Raises CredentialError where there is no key.
    """
    told: Mapping[str, str] = os.environ
    if stack == sandbox.STACK and not os.environ.get(sandbox.VARIABLE):
        told = {**os.environ, **sandbox.ask(sandbox.place(project), "GET", "env")}
    config = cli.config(project.root, stack, sandbox.reading(project, stack), reveal=True) if stack else {}
    settings = Settings(registry.vendor("xai"), config.get, told)
    return Access(settings["api_key"], settings.base_url)
