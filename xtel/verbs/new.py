"""Make a user's own project."""

from __future__ import annotations

import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from xtel import terminal
from xtel.verbs import Json


class System(StrEnum):
    """Who runs the pipelines."""

    github, gitlab = "github", "gitlab"


def _url(given: str) -> str:
    from xtel.authoring.backend import checked_url

    try:
        return checked_url(given)
    except ValueError as error:
        raise typer.BadParameter(f"it {error}") from None


def _asked() -> str:
    """Where the state is to be kept, of whoever is there and did not say so otherwise."""
    if "PULUMI_BACKEND_URL" in os.environ or not (sys.stdin.isatty() and sys.stdout.isatty()):
        return ""
    question = "where Pulumi keeps the state: a URL (s3://…, file://…), or nothing for what `pulumi login` said"
    return str(typer.prompt(question, default="", show_default=False, value_proc=_url)).strip()


def new(
    folder: Annotated[str, typer.Argument(metavar="DIR", help="The folder to make: a new one, or an empty one.")],
    *,
    stack: Annotated[str, typer.Option(metavar="NAME", help="The name of its stack.")] = "dev",
    carrier: Annotated[str, typer.Option(metavar="NAME", help="Who delivers the calls.")] = "twilio",
    ci: Annotated[System | None, typer.Option(help="Also pipelines, a pre-commit hook and a devcontainer.")] = None,
    backend: Annotated[
        str,
        typer.Option(
            metavar="URL", callback=_url, help="Where the state is kept: s3://…, gs://…, azblob://…, file://…"
        ),
    ] = "",
    secrets_provider: Annotated[
        str,
        typer.Option(metavar="URL", help="What encrypts the state's secrets, such as awskms://…; else a passphrase."),
    ] = "",
    json: Json = False,
) -> None:
    """Make a project of your own, ready for `pulumi up`.

    A stack file to begin with, and all that Pulumi needs around it; where Pulumi and its backend are there, its stack is
    created and selected. Nothing that exists is overwritten. With --backend Pulumi.yaml says where the state is kept, and a
    passphrase is made where one is needed and none is set (docs/state.md); without it, Pulumi's login decides, and on a
    terminal you are asked. With --ci, DIR may be a project that exists: then only its pipelines are added, for all its
    stacks (docs/pipelines.md).

    \b
    Examples:
      xtel new demo && cd demo && pulumi preview
      xtel new phones --stack prod --backend s3://acme-phones
      xtel new phones --carrier twilio --json
      xtel new . --ci github

    Exit codes: 0 made, 1 error (then nothing was written).
    """
    from providers.kernel.registry import carriers
    from xtel.authoring import backend as keeping
    from xtel.authoring import new as start
    from xtel.authoring import pipelines

    if not folder:
        raise typer.BadParameter("expected the name of a folder", param_hint="DIR")
    if not start.STACK.fullmatch(stack):
        raise typer.BadParameter("expected letters, digits, dots, dashes and underscores", param_hint="--stack")
    if carrier not in carriers():
        raise typer.BadParameter(f"expected one of {', '.join(carriers())}", param_hint="--carrier")
    if ci and pipelines.is_project(Path(folder)):
        added = pipelines.add(Path(folder), ci.value)
        return terminal.document(added.as_json()) if json else pipelines.show(added)
    backend = backend or ("" if json or secrets_provider else _asked())
    made = start.make(Path(folder), stack, carrier, ci.value if ci else "", keeping.Keeping(backend, secrets_provider))
    return terminal.document(made.as_json()) if json else start.show(made)
