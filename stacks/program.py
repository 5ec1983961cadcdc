"""The Pulumi program: reads the stack file, declares every agent and number, exports who rings where."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pulumi
from pydantic import BaseModel

from providers.kernel import engine, errors, escaping, log, workarounds
from providers.kernel.wording import counted
from stacks import document, graph
from stacks.component import Agent, Number, unusable_secrets


def main() -> None:
    """Declare the network of the stack that is selected."""
    workarounds.short_stack_traces()
    log.write_to(pulumi.log.info if log.wanted() else pulumi.log.debug)
    found = _document()
    _secrets_are_set(found)
    engine.stop_if_plan_is_stale()  # also for a file that declares nothing any more: its deletions were reviewed too
    agents = {key: Agent(key, **_said(declared, numbers=())) for key, declared in found.agents.items()}
    numbers = [
        Number(key, **_said(declared, agent=agents.get(declared.agent or "", declared.agent)))
        for key, declared in found.numbers.items()
    ]
    pulumi.export("numbers", {number.key: _shown(number) for number in numbers})
    secrets = {number.key: number.signing_secret for number in numbers if number.has_secret}
    pulumi.export("signing_secrets", pulumi.Output.secret(secrets))
    kept: dict[str, Any] = {number.key: number.previous_signing_secret for number in numbers}
    previous: pulumi.Output[dict[str, Any]] = pulumi.Output.from_input(kept)
    pulumi.export("previous_signing_secrets", pulumi.Output.secret(previous.apply(_known)))
    if agents:
        pulumi.export("agents", {key: agent.agent_id for key, agent in agents.items()})
    if pulumi.runtime.is_dry_run():
        own = pulumi.Output.all(*(agent.blocked for agent in agents.values()))
        pulumi.Output.all(own, *(number.blocked for number in numbers)).apply(_refuse)


def _said(declared: BaseModel, **instead: Any) -> dict[str, Any]:
    """An entry of the file as arguments, with other values for some of them."""
    return {**dict(declared), **instead}


def file_of(stack: str, configured: str | None, root: Path) -> Path:
    """The stack file: config ``xtel:file``, else ``stacks/<stack>.yaml``, from the project's root."""
    return root / (configured or f"stacks/{stack}.yaml")


def _document() -> document.Document:
    path = file_of(pulumi.get_stack(), pulumi.Config("xtel").get("file"), Path(pulumi.get_root_directory() or "."))
    shown = path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
    try:
        found = document.read(shown)
    except document.Refused as refused:
        for finding in refused.findings:
            (pulumi.log.error if finding.severity == "error" else pulumi.log.warn)(escaping.line(str(finding)))
        raise pulumi.RunError(str(refused)) from None
    except errors.XtelError as error:
        raise pulumi.RunError(str(error)) from None
    for warning in found.warnings:
        pulumi.log.warn(escaping.line(str(warning)))
    return found


def _secrets_are_set(found: document.Document) -> None:
    """All config secrets that are missing or cannot be used, at once, before anything is declared."""
    if lines := unusable_secrets(graph.of_document(found)):
        raise pulumi.RunError("\n".join(lines))


def _shown(number: Number) -> dict[str, object]:
    return {
        "number": number.number,
        "id": number.number_id,
        "carrier": number.carrier or "none",
        "target": number.target,
    }


def _known(secrets: dict[str, Any]) -> dict[str, Any]:
    return {key: secret for key, secret in secrets.items() if secret}


def _refuse(blocked: list[list[str]]) -> None:
    """Stop a preview that refuses something, after all of it was shown."""
    refused = [reason for parts in blocked for reason in parts if reason]
    if refused:
        reasons = len(set(refused))
        why = f", for {counted(reasons, 'reason')}" if reasons < len(refused) else ""
        raise pulumi.RunError(
            f"{counted(len(refused), 'change')} refused{why} (see the warnings above); nothing was applied"
        )
