"""A small network, as its file declares it, and what somebody made of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from stacks import callpath, document, graph
from stacks.callpath import Decided
from stacks.resource import Resource
from xtel.proof.trace import sources, tracing
from xtel.proof.trace.model import TracedHop, TracedNumber
from xtel.proof.trace.subject import Subject

FILE = """version: 1
defaults:
  webhook: {url: https://voice.example.com/calls}
agents:
  sales: {name: Sales, instructions: Greet.}
numbers:
  support:
    number: "+14155550100"
    route: {carrier: twilio}
    fallback: ["sip:+14155550999@pbx.example.com;transport=tls"]
  shared:
    number: "+14155550102"
    route: {carrier: twilio, trunk: shared}
  spoken:
    number: "+14155550101"
    route: {carrier: twilio, mode: twiml, voice_url: "https://voice.example.com/twiml"}
  pasted:
    number: "+14155550103"
    route: {carrier: twilio, mode: twiml}
  chicago:
    number: "+13125550142"
    route: {carrier: telnyx, sip_region: Europe}
    agent: sales
  console-agent:
    number: "+13125550143"
    route: {carrier: telnyx}
    agent: agent_console1
  nyc:
    number: "+12125550177"
    route: {carrier: plivo}
  hq:
    number: "+498912345670"
    route: {carrier: sip, platform: asterisk}
    auth: {digest: {username: hq}}
  open:
    number: "+12125550178"
    route: {carrier: plivo}
    auth: open
  bare:
    number: "+442079460011"
    auth: {allow: [203.0.113.0/28]}
  frontdesk:
    origin: xai_provisioned
    number: "+16505550123"
"""


def read(folder: Path, text: str = FILE) -> document.Document:
    file = folder / "network.yaml"
    file.write_text(text)
    return document.read(file)


def resources(found: document.Document) -> list[Resource]:
    return [graph.plain(each) for each in graph.of_document(found)]


def subject(folder: Path, key: str) -> Subject:
    """A number as the file declares it."""
    return next(each for each in sources.declared(read(folder)) if each.key == key)


def altered(folder: Path, key: str, part: str | None, **inputs: Any) -> Subject:
    """The same with one of its objects changed; ``part`` empty: the registration. No inputs: without that object."""
    found = subject(folder, key)
    name = f"{found.number}/{part}" if part else found.number
    assert any(each.resource.name == name for each in found.own)
    own = [_changed(each, inputs) if each.resource.name == name else each for each in found.own]
    kept = [each for each in own if each is not None]
    path = callpath.path(found.number, kept, others=found.own, agents=dict(found.agents or {}))
    return replace(found, own=kept, path=path)


def _changed(each: Decided, inputs: dict[str, Any]) -> Decided | None:
    return Decided.by(replace(each.resource, inputs={**each.resource.inputs, **inputs})) if inputs else None


def hop(found: TracedNumber, name: str) -> TracedHop:
    return next(each for each in found.hops if each.hop == name)


def traced(found: Subject) -> TracedNumber:
    return tracing.traced(found)
