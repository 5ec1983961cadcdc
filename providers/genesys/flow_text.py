"""The flow that transfers a DID's callers to the number at xAI, as YAML: for Architect's import, Archy, or a flow job.

Its words are those of flows that others published and generated (read 2026-11-28); Genesys documents the format by examples
alone. Never published to an organisation: docs/genesys.md.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from pydantic import Field

from providers.kernel.files import Files, sha256, signed
from providers.kernel.spec import StrictModel


class Options(StrictModel):
    """What callers hear before they are transferred."""

    greeting: str = Field(
        default="One moment, please.", min_length=1, max_length=500, description="What callers of the DID hear first."
    )
    language: str = Field(
        default="en-us", pattern=r"^[a-z]{2}-[a-z]{2}$", description="Language in which the flow speaks."
    )


def name(number: str) -> str:
    """What the flow is called in Architect."""
    return f"xAI {number}"


def text(number: str, greeting: str, language: str, marker: str = "") -> str:
    """The flow. With a marker its description is that and the hash of all else, by which it is known again."""
    described = f"{marker} {sha256(_yaml(number, greeting, language, ''))[:16]}" if marker else "Transfers to xAI"
    return _yaml(number, greeting, language, described)


def described(description: str) -> tuple[str, str]:
    """Marker and hash in a description; no hash where it is not one of ours."""
    match = re.fullmatch(r"(xtel/\S+) ([0-9a-f]{16})", description)
    return (match[1], match[2]) if match else (description, "")


def content(inputs: Mapping[str, Any]) -> str:
    """The hash that stands in the description of a flow with these inputs."""
    number, greeting, language = (str(inputs[each]) for each in ("phone_number", "greeting", "language"))
    return sha256(_yaml(number, greeting, language, ""))[:16]


def of(inputs: Mapping[str, Any]) -> Files:
    """The flow as a file, and what to do with it."""
    number, did, greeting, language = (str(inputs[each]) for each in ("phone_number", "did", "greeting", "language"))
    flow = f"xai-{number.lstrip('+')}.flow.yaml"
    body = text(number, greeting, language)
    page = _PAGE.format(number=number, did=did, flow=flow, name=name(number))
    return Files(
        "genesys",
        {flow: signed(body, ("# ", ""), number), "README.md": signed(page, ("<!-- ", " -->"), number)},
    )


def _yaml(number: str, greeting: str, language: str, description: str) -> str:
    """JSON strings are YAML's too."""
    return f"""inboundCall:
  name: {json.dumps(name(number))}
  description: {json.dumps(description)}
  defaultLanguage: {language}
  startUpRef: "/inboundCall/tasks/task[xai]"
  initialGreeting:
    tts: {json.dumps(greeting)}
  tasks:
    - task:
        name: xAI
        refId: xai
        actions:
          - transferToNumber:
              name: Transfer to xAI
              targetNumber:
                lit: {json.dumps(number)}
              connectTimeout:
                noValue: true
"""


_PAGE = """
# The flow that brings callers of {did} to {number}

1. Architect, Inbound Call Flows: import `{flow}` (or `archy publish --file {flow}`), read it, and publish it. It is called
   `{name}`.
2. Admin, Routing, Call Routing: a route with {did} as its inbound number, and this flow for its open hours.
3. Call {did}: the flow transfers to {number}, which the site's number plan, outbound route and trunk bring to xAI.

To take it back: the DID off the call route, then delete the flow.

Unverified: the action `transferToNumber` in a task was read in samples of others, and never published from here.
"""
