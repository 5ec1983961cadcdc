"""The policy pack as the engine runs it: a process that is told of every resource, and answers what the rules say.

The engine tells it what a run declares (``Analyze``) and, once all of it is known, asks for the verdict (``AnalyzeStack``).
The state before is exported when the engine says which stack it is: before anything changes.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

import grpc
from google.protobuf.empty_pb2 import Empty
from google.protobuf.json_format import MessageToDict
from pulumi.runtime.proto import analyzer_pb2 as proto
from pulumi.runtime.proto import analyzer_pb2_grpc, plugin_pb2

from providers.kernel import registry, workarounds
from providers.kernel.errors import InputError
from providers.kernel.secrecy import one_line
from stacks import document
from xtel.engine import cli
from xtel.project import layout, sources
from xtel.review import plan, planning, rules
from xtel.review.plan import Context, RuleFinding
from xtel.review.plan import declared as declaring
from xtel.review.policy.compared import DeclaredResource, preview
from xtel.review.report import view

_SECONDS = 600
#: A stack of thousands of resources comes in one message.
_UNLIMITED = (("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1))


class Pack(analyzer_pb2_grpc.AnalyzerServicer):
    """The rules of one run; the engine starts a process for each."""

    def __init__(self) -> None:
        self.project, self.stack = layout.here(), ""
        self.state: dict[str, Any] = {}
        self.declared: dict[str, DeclaredResource] = {}

    def Handshake(self, request: Any, context: Any) -> Any:
        """The first call."""
        return proto.AnalyzerHandshakeResponse()

    def GetPluginInfo(self, request: Any, context: Any) -> Any:
        """This package's release."""
        return plugin_pb2.PluginInfo(version=version("xai-telephony"))

    def GetAnalyzerInfo(self, request: Any, context: Any) -> Any:
        """The rules by name."""
        stack, mandatory = proto.PolicyType.POLICY_TYPE_STACK, proto.EnforcementLevel.MANDATORY
        listed = [proto.PolicyInfo(name=name, policy_type=stack, enforcementLevel=mandatory) for name in rules.RULES]
        return proto.AnalyzerInfo(name=rules.PACK, version=version("xai-telephony"), policies=listed)

    def ConfigureStack(self, request: Any, context: Any) -> Any:
        """Which stack it is: its state as it stands before anything is done."""
        shared = request.organization not in {"", "organization"}
        self.stack = f"{request.organization}/{request.project}/{request.stack}" if shared else request.stack
        try:
            told = cli.run(["stack", "export", "--stack", self.stack], self.project.root, {}, seconds=_SECONDS)
            self.state = json.loads(told)
        except (cli.PulumiUnavailable, ValueError) as error:
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, f"the state cannot be read: {one_line(str(error))}")
        return proto.AnalyzerStackConfigureResponse()

    def Analyze(self, request: Any, context: Any) -> Any:
        """One resource as it is declared; what it means for calls shows only with the others."""
        options = request.options
        self.declared[request.urn] = DeclaredResource(
            MessageToDict(request.properties), options.protect, tuple(options.aliases)
        )
        return proto.AnalyzeResponse()

    def Remediate(self, request: Any, context: Any) -> Any:
        """Nothing is ever changed here."""
        return proto.RemediateResponse()

    def AnalyzeStack(self, request: Any, context: Any) -> Any:
        """What the rules say of the whole run."""
        stays = {item.urn for item in request.resources}
        return proto.AnalyzeResponse(diagnostics=[_diagnostic(item, stays) for item in self.findings(stays)])

    def Cancel(self, request: Any, context: Any) -> Any:
        """Nothing takes long enough to be stopped."""
        return Empty()

    def findings(self, stays: set[str]) -> Iterator[RuleFinding]:
        """What a rule found, as `xtel plan` shows it. Projects without a stack file accept nothing."""
        try:
            file = self.project.stack_file(self.stack)
            found = document.read(file)
            context = Context(self.stack, str(file), declaring.entries(found), secrets=declaring.secrets(found))
            policy = planning.policy(self.project, self.stack, found)
        except InputError:
            context = Context(self.stack)
            plain = sources.plain_secrets(self.project, self.stack, ())
            policy = rules.RuleSettings(datetime.now(UTC).date(), plain=plain)
        built = plan.build(preview(self.state, self.declared, stays), context)
        return (item for item in rules.judge(built, policy).findings if item.rule in rules.RULES)


def _diagnostic(finding: RuleFinding, stays: set[str]) -> Any:
    number, what, why, _ = view.shown(finding)
    accepted = f"; accepted {finding.accepted}" if finding.accepted else ""
    step = f"; next: {finding.step}" if finding.step else ""
    level = proto.EnforcementLevel
    name = f"pulumi-python:dynamic/xai:PhoneNumber::{finding.number}"
    return proto.AnalyzeDiagnostic(
        policyName=finding.rule,
        policyPackName=rules.PACK,
        policyPackVersion=version("xai-telephony"),
        message=f"{finding.number or number}: {what}: {why}{accepted}{step}",
        enforcementLevel=level.MANDATORY if finding.stops else level.ADVISORY,
        urn=next((urn for urn in stays if urn.endswith(name)), ""),  # the engine takes none that it deletes
    )


def main() -> None:
    """Serve until the engine ends; it reads the port from the first line."""
    registry.register_credentials(os.environ)
    server = grpc.server(ThreadPoolExecutor(max_workers=4), options=_UNLIMITED)
    analyzer_pb2_grpc.add_AnalyzerServicer_to_server(Pack(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    workarounds.end_with_engine()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    with suppress(KeyboardInterrupt):  # how the engine ends it, and a person at a terminal
        server.wait_for_termination()
