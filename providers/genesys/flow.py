"""The flow that transfers a DID's callers to the number at xAI: a file that a person imports, or published from here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, cast

from pydantic import Field

from providers.genesys import flow_text
from providers.genesys.api import FLOWS, Api, Found, gone, within
from providers.genesys.flow_text import Options
from providers.kernel import operation
from providers.kernel.by_hand import ByHand
from providers.kernel.call_handling import CallHandling
from providers.kernel.files import Files
from providers.kernel.object import Live, Object, Obstacle
from providers.kernel.spec import Spec
from providers.kernel.values import E164, has_unknown

_CALLS = "inboundcall"


class FlowSpec(Spec, Options):
    """Everything a flow depends on."""

    phone_number: E164 = Field(description="The number at xAI that callers are transferred to.")
    content: str = Field("", description="Hash of the flow; computed, whatever is given.")


class Flow(Object[Api, FlowSpec]):
    """An inbound call flow, published by a job; its description is the marker and a hash of its text.

    Calls: flows, flows/jobs, an upload to the address that a job names, flows/{id}. Changes in place: published again, also
    where somebody else published since; one of theirs that has its name is never taken over.
    """

    kind = "Flow"
    spec: ClassVar[type[Spec]] = FlowSpec
    replaces = frozenset({"phone_number"})
    unreadable = frozenset({"greeting", "language"})
    outputs = ("flow_id", "published")
    settle = 15.0

    def resolve(self, new: dict[str, Any], old: Mapping[str, Any]) -> dict[str, Any]:
        """The hash of its text, so that the text of a new release shows as a change."""
        return new if has_unknown(new.get("phone_number")) else {**new, "content": flow_text.content(new)}

    def call_handling(self, inputs: Mapping[str, Any]) -> CallHandling:
        """The DID's calls pass it, before the number is dialled."""
        return CallHandling()

    def find(self, api: Api, spec: FlowSpec, *, fresh: bool) -> Live | None:
        """By its name; ours by its description."""
        found = api.named(FLOWS, flow_text.name(spec.phone_number), type=_CALLS)
        return live(found, spec.phone_number, spec.marker) if found else None

    def obstacle(self, found: Live, spec: FlowSpec) -> Obstacle | None:
        """A flow that is overwritten could not be put back."""
        if found.ours:
            return None
        return Obstacle(
            f"{found.holder} is not ours, and publishing would overwrite it",
            "rename or delete it in Architect; or leave `publish` out, and import the file yourself",
        )

    def read(self, api: Api, id: str, state: Mapping[str, Any], *, fresh: bool) -> Live | None:
        """GET flows/{id}. What somebody else published since shows another hash."""
        seen = live(api.there(within(FLOWS, id)), str(state["phone_number"]), str(state.get("marker") or ""))
        if str(state.get("published") or seen.outputs["published"]) == seen.outputs["published"]:
            return seen
        return Live(id, {**seen.inputs, "content": "published by somebody else"}, {"flow_id": id}, raw=seen.raw)

    def create(self, api: Api, spec: FlowSpec) -> Live:
        """POST flows/jobs, PUT of the text, and the job's end."""
        text = flow_text.text(spec.phone_number, spec.greeting, spec.language, spec.marker)
        return live(api.there(within(FLOWS, api.publish(text))), spec.phone_number, spec.marker)

    def update(self, api: Api, id: str, spec: FlowSpec, state: Mapping[str, Any]) -> Live:
        """Likewise: a flow of the same name gets another version."""
        return self.create(api, spec)

    def adopt(self, api: Api, found: Live, spec: FlowSpec) -> Live:
        """Nothing to do where its text is as declared."""
        return found if found.inputs["content"] == spec.content else self.create(api, spec)

    def delete(self, api: Api, id: str, state: Mapping[str, Any]) -> None:
        """DELETE flows/{id}; refused for as long as a call route uses it."""
        api.delete_unused(within(FLOWS, id))


def live(flow: Found, number: str, marker: str) -> Live:
    """A flow as it stands; one that is there and was never published holds nothing."""
    id, said = str(flow.get("id") or ""), str(flow.get("description") or "")
    mark, content = flow_text.described(said)
    version = cast(Found, flow.get("publishedVersion") or {})
    published = str(version.get("id") or "")
    right = published and flow.get("name") == flow_text.name(number) and not gone(flow)
    inputs = {"phone_number": number, "marker": mark, "content": content if right else "not published"}
    return Live(
        id,
        inputs,
        {"flow_id": id, "published": published},
        ours=mark == marker,
        holder=f"flow {flow.get('name')}",
        raw=flow,
    )


class FlowFileSpec(Spec, Options):
    """Everything the files depend on."""

    phone_number: E164 = Field(description="The number at xAI that callers are transferred to.")
    did: E164 = Field(description="The number of the organisation that they call.")
    content: dict[str, str] = Field(
        default_factory=dict[str, str], description="SHA-256 of each file; computed, whatever is given."
    )


class FlowFile(ByHand[Api, FlowFileSpec]):
    """The flow as a file for a person. Calls: none; it lives in the state, somebody imports it.

    Changes in place: everything but the number. Delete: forgets it, and warns that the flow stays where it was imported.
    """

    kind = "FlowFile"
    spec: ClassVar[type[Spec]] = FlowFileSpec

    def files(self, inputs: Mapping[str, Any]) -> Files:
        """The flow, and a page with the steps."""
        return flow_text.of(inputs)

    def place(self, inputs: Mapping[str, Any]) -> str:
        """Where flows are kept."""
        return "Architect of the organisation"

    def call_handling(self, inputs: Mapping[str, Any]) -> CallHandling:
        """The DID's calls pass it, before the number is dialled."""
        return CallHandling()

    def delete(self, api: Api, id: str, state: Mapping[str, Any]) -> None:
        """Architect does not know."""
        operation.current().warn(
            f"a flow that was imported still transfers callers of {state.get('did')} to {id}: remove it in Architect"
        )
