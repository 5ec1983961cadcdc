"""Signing secrets, for the receiver."""

from __future__ import annotations

import re
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from xtel import terminal
from xtel.project import layout
from xtel.verbs import Json, Stack

if TYPE_CHECKING:
    from xtel.operations.secrets import Held

_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")


class Format(StrEnum):
    """How they are handed over."""

    env, files, kubernetes = "env", "files", "kubernetes"


def secrets(
    stack: Stack,
    *,
    format: Annotated[
        Format, typer.Option(help="A line for an environment, a file per number, or a manifest.")
    ] = Format.env,
    number: Annotated[
        list[str] | None, typer.Option(metavar="KEY", help="Only this number, by key or number; may be repeated.")
    ] = None,
    out: Annotated[str, typer.Option(metavar="DIR", help="With --format files: the folder, made with mode 700.")] = "",
    force: Annotated[bool, typer.Option("--force", help="With --format files: overwrite what differs.")] = False,
    name: Annotated[
        str, typer.Option(metavar="NAME", help="With --format kubernetes: the Secret's name.")
    ] = "xai-signing-secrets",
    forget: Annotated[
        bool, typer.Option("--forget", help="Print nothing; take previous secrets out of the state.")
    ] = False,
    json: Json = False,
) -> None:
    """Print the signing secrets of a stack's webhooks, for their receiver.

    They are secrets: pipe them to where they belong. A number that was re-registered (xtel rotate, or a replacement you
    agreed to) has its previous secret too, so that the receiver accepts both; --forget ends that.

    \b
    Examples:
      xtel secrets prod > receiver.env
      xtel secrets prod --format files --out /run/secrets/xai
      xtel secrets prod --format kubernetes | kubectl apply -f -
      xtel secrets prod --number support --forget

    Exit codes: 0 printed (written, forgotten), 1 error.
    """
    from xtel.operations import secrets as signing

    _fits(format, out, force=force, name=name)
    here = layout.here()
    here.stack_file(stack)
    if forget:
        found = signing.forget(here, stack, number or ())
        keys = [each.key for each in found]
        return terminal.document({"stack": stack, "forgotten": keys}) if json else signing.show_forgotten(stack, found)
    numbers = signing.held(here, stack, number or ())
    for text in signing.lacking(numbers):
        terminal.note(text)
    if format is Format.files:
        done = signing.write(numbers, Path(out), force=force)
        if json:
            return terminal.document({"stack": stack, "files": done})
        for file, word in done.items():
            terminal.line(f"{file}  {word}")
        return None
    return _show(stack, numbers, format, name, json=json)


def _fits(format: Format, out: str, *, force: bool, name: str) -> None:
    if (format is Format.files) != bool(out):
        told = "--format files needs it" if not out else "goes with --format files alone"
        raise typer.BadParameter(told, param_hint="--out")
    if force and format is not Format.files:
        raise typer.BadParameter("goes with --format files alone", param_hint="--force")
    if not _NAME.fullmatch(name):
        raise typer.BadParameter("a Secret's name has small letters, digits, dots and dashes", param_hint="--name")


def _show(stack: str, numbers: list[Held], format: Format, name: str, *, json: bool) -> None:
    from xtel.operations import secrets as signing

    if sys.stdout.isatty():
        terminal.note("these are secrets, and stay in the terminal's scrollback: redirect them to where they belong")
    if json:
        terminal.document({"stack": stack, "numbers": {each.key: each.as_json() for each in numbers}})
    elif format is Format.kubernetes:
        terminal.raw(signing.as_manifest(numbers, name))
    else:
        terminal.raw(signing.as_variable(numbers))
