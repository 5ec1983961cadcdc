"""`xtel secrets`: the signing secrets of a stack's numbers, on their way to the receiver of the webhooks.

They stand encrypted in the state and nowhere else. A number that was re-registered still has the one before, so that a
receiver can accept both until everybody has the new one; then it is forgotten.
"""

from __future__ import annotations

import base64
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from providers.kernel.errors import InputError
from stacks import graph
from xtel import terminal
from xtel.engine import state
from xtel.project import sandbox
from xtel.project.layout import Project, shown, unwritten

#: Where :mod:`xai_resources.webhook` looks for them.
VARIABLE = "XAI_SIGNING_SECRETS"
_PREVIOUS, _PREVIOUS_OF_STACK = "previous_signing_secret", "previous_signing_secrets"


@dataclass(frozen=True)
class Held:
    """A number whose calls are announced, with its secrets as the state has them: the newest first."""

    key: str
    number: str
    urn: str
    webhook: str = ""
    current: str = field(default="", repr=False)
    previous: str = field(default="", repr=False)

    @property
    def secrets(self) -> list[str]:
        """All that may have signed a delivery."""
        return [each for each in (self.current, self.previous) if each]

    def as_json(self) -> dict[str, Any]:
        """For ``--json``, with the secrets."""
        return {"number": self.number, "signing_secret": self.current, "previous_signing_secret": self.previous or None}


def held(project: Project, stack: str, named: Sequence[str] = ()) -> list[Held]:
    """The numbers with a webhook, by key; those that are named, by key or number. Raises InputError where there are none."""
    found = state.revealed(stack, project.root, sandbox.reading(project, stack))
    listed = list[Held]()
    for item in found.resources:
        said: Mapping[str, Any] = {**item.inputs, **item.outputs}
        if item.type != graph.REGISTRATION or not (said.get("webhook") or said.get(_PREVIOUS)):
            continue
        number = str(said.get("e164") or said.get("phone_number") or item.name)
        secrets = str(said.get("signing_secret") or ""), str(said.get(_PREVIOUS) or "")
        webhook: Mapping[str, Any] = said.get("webhook") or {}
        url = str(webhook.get("url") or "")
        listed.append(Held(found.labels.get(number, number), number, item.urn, url, *secrets))
    known = {name: each for each in listed for name in (each.number, each.key)}
    for name in named:
        if name not in known:
            keys = ", ".join(each.key for each in listed) or "none"
            raise InputError(f"{name} is no number of {stack} with a signing secret", step=f"name one of: {keys}")
    chosen = [known[name] for name in dict.fromkeys(named)] if named else listed
    if not any(each.secrets for each in chosen):
        raise InputError(
            f"{stack} has no signing secret: none of its numbers that are applied has a webhook with one of ours",
            step=f"xtel routes {stack}",
        )
    return sorted(chosen, key=lambda each: each.key)


def lacking(numbers: Sequence[Held]) -> list[str]:
    """A line for each number whose secret nobody here knows."""
    return [
        f"{each.key} ({each.number}): its signing secret is not known here; the one that the receiver has stays valid"
        for each in numbers
        if each.webhook and not each.current
    ]


def as_variable(numbers: Sequence[Held]) -> str:
    """One line of an environment file (a shell, Docker and systemd read it): every secret, separated by commas."""
    return f"{VARIABLE}={','.join(_distinct(numbers))}\n"


def as_manifest(numbers: Sequence[Held], name: str) -> str:
    """A Kubernetes Secret, to be applied or sealed; a pod takes it with ``envFrom``."""
    text = base64.b64encode(",".join(_distinct(numbers)).encode()).decode()
    return f"apiVersion: v1\nkind: Secret\nmetadata:\n  name: {name}\ntype: Opaque\ndata:\n  {VARIABLE}: {text}\n"


def _distinct(numbers: Sequence[Held]) -> list[str]:
    return list(dict.fromkeys(secret for each in numbers for secret in each.secrets))


def write(numbers: Sequence[Held], folder: Path, *, force: bool) -> dict[str, str]:
    """A file per number, named by its key: a line per secret, mode 600. Answers what was done with each.

    Raises InputError, before anything is written, where a file holds something else and ``force`` does not say so.
    """
    texts = {folder / each.key: "".join(f"{secret}\n" for secret in each.secrets) for each in numbers if each.secrets}
    before = {file: _text(file) for file in texts}
    for file, text in texts.items():
        if before[file] not in (None, text) and not force:
            raise InputError(
                f"{shown(file)} holds something else, and was not overwritten", step="--force overwrites it"
            )
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for file, text in texts.items():
            _replace(file, text)
    except OSError as error:
        raise InputError(f"{shown(folder)} cannot be written: {unwritten(error)}", step="name another") from None
    words = {file: "written" if before[file] is None else "overwritten" for file in texts}
    return {shown(file): "unchanged" if before[file] == text else words[file] for file, text in texts.items()}


def _text(file: Path) -> str | None:
    """What a file holds; None where there is none."""
    try:
        return file.read_text()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, UnicodeDecodeError):
        return ""  # something else than secrets of ours


def _replace(file: Path, text: str) -> None:
    """Whole or not at all, and never readable by others: a link that stands there is not followed."""
    handle, made = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    try:
        with os.fdopen(handle, "w") as stream:
            stream.write(text)
        Path(made).replace(file)
    except BaseException:
        Path(made).unlink(missing_ok=True)
        raise


def forget(project: Project, stack: str, named: Sequence[str] = ()) -> list[Held]:
    """Takes previous signing secrets out of the state; answers whose. Asks no vendor, and changes nothing there."""
    found = [each for each in held(project, stack, named) if each.previous]
    if found:
        keys = frozenset(each.key for each in found)
        gone = state.Forgotten(_PREVIOUS, _PREVIOUS_OF_STACK, keys)
        environment = sandbox.reading(project, stack)
        state.without(stack, project.root, environment, {each.urn for each in found}, gone)
    return found


def show_forgotten(stack: str, found: Sequence[Held]) -> None:
    """Whose secrets went."""
    for each in found:
        terminal.line(f"ok: {each.key} ({each.number}): the previous signing secret is forgotten")
    if not found:
        terminal.line(f"ok: {stack} holds no previous signing secret")
