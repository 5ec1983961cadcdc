"""What ``stacks.Number`` and ``stacks.Agent`` take, typed for editors: the words of the stack file as dictionaries.

:mod:`stacks.model` and :mod:`stacks.agent` check the values; a test keeps both sides alike.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NotRequired, TypedDict

from providers.kernel.route import CarrierRoute


class Secret(TypedDict):
    """The Pulumi config secret of that name."""

    secret: str


class Digest(TypedDict):
    """SIP username and password; without a password one is made and kept secret."""

    username: str
    password: NotRequired[Secret | None]


class Auth(TypedDict, total=False):
    """Who may send calls to a number: an allowlist of CIDRs and carriers' names, or a digest."""

    allow: Sequence[str] | None
    digest: Digest | None


class Webhook(TypedDict):
    """Where xAI sends the signed event of each call."""

    url: str
    name: NotRequired[str | None]
    auth_url: NotRequired[str | None]
    auth_token: NotRequired[Secret | None]


class Fallback(TypedDict):
    """Who rings when xAI does not answer."""

    uri: str
    weight: NotRequired[int]


class Number(TypedDict, total=False):
    """A number, as ``numbers`` in the stack file has it, without its ``agent``."""

    number: str | None
    origin: Literal["byo_trunk", "xai_provisioned"]
    area_code: str | int | None
    name: str | None
    webhook: Webhook | None
    auth: Auth | Literal["open"] | None
    sip_host: str
    #: One of :mod:`stacks.routes`, or a mapping with the name of any installed carrier, as in the stack file.
    route: CarrierRoute | Mapping[str, Any] | None
    fallback: Sequence[str | Fallback]
    did: Sequence[str]
    signing_secret: Secret | None
    take_over: bool
    replace: Literal["accept"] | None
    on_delete: Literal["keep", "release"] | None
    protect: bool
    was: Sequence[str]


class Reasoning(TypedDict):
    """How long an agent thinks before it answers."""

    effort: str


class Voice(TypedDict, total=False):
    """How an agent sounds, thinks, and when it takes the caller's turn as ended."""

    voice_id: str | None
    vad_threshold: float | None
    vad_silence_duration_ms: int | None
    model: str | None
    language_hint: str | None
    reasoning: Reasoning | None


class FunctionBody(TypedDict):
    """What a custom function is called and takes; ``parameters`` is a JSON Schema."""

    name: str
    description: NotRequired[str | None]
    parameters: NotRequired[dict[str, Any] | None]


class Function(TypedDict):
    """A function that your application executes."""

    type: Literal["function"]
    function: FunctionBody


class WebSearch(TypedDict):
    """Searches the web."""

    type: Literal["web_search"]


class XSearch(TypedDict):
    """Searches posts on X."""

    type: Literal["x_search"]
    allowed_x_handles: NotRequired[Sequence[str] | None]


class FileSearch(TypedDict):
    """Searches the documents of the agent's collections."""

    type: Literal["file_search"]
    max_num_results: NotRequired[int | None]


class McpServer(TypedDict):
    """A remote MCP server, called by xAI."""

    type: Literal["mcp"]
    server_url: str
    server_label: str
    server_description: NotRequired[str | None]
    allowed_tools: NotRequired[Sequence[str] | None]
    authorization: NotRequired[Secret | None]
    headers: NotRequired[Mapping[str, Secret] | None]


class Agent(TypedDict, total=False):
    """A hosted agent, as ``agents`` in the stack file has it, without the ``numbers`` it answers."""

    name: str | None
    instructions: str | None
    instructions_file: str | None
    voice: Voice | None
    tools: Sequence[Function | WebSearch | XSearch | FileSearch | McpServer]
    collection_ids: Sequence[str]
    take_over: bool
    protect: bool
    was: Sequence[str]
