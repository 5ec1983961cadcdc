"""Write bundles."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from xtel import terminal
from xtel.project import layout
from xtel.verbs import Json, Stack


def render(
    stack: Stack,
    *,
    number: Annotated[str, typer.Option(metavar="KEY", help="One number: its key, or the number itself.")] = "",
    out: Annotated[str, typer.Option(metavar="DIR", help="Default: bundles/<stack>; a folder per number in it.")] = "",
    check: Annotated[bool, typer.Option("--check", help="Write nothing; 1 when the files differ.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Also overwrite files changed by hand.")] = False,
    with_secrets: Annotated[
        bool,
        typer.Option(
            "--with-secrets",
            help="Also the file with the password: XTEL_DIGEST_PASSWORD, the made one, or asked.",
        ),
    ] = False,
    json: Json = False,
) -> None:
    """Write the files that people apply: a PBX's configuration, the TwiML of a number without a trunk.

    A folder for every number with `route: {carrier: sip, …}` or `{carrier: twilio, mode: twiml, …}`. Nothing is sent
    anywhere: somebody applies them. A file that was changed by hand is not overwritten. What is left of a number that is
    gone from the stack is named.

    \b
    Examples:
      xtel render prod
      xtel render prod --number hq --with-secrets
      xtel render prod --check

    Exit codes: 0 written (or the same), 1 error (or different).
    """
    from xtel.authoring import render as bundles
    from xtel.authoring.render_report import RenderReport
    from xtel.engine import state
    from xtel.project import sandbox

    if check and (force or with_secrets):
        raise typer.BadParameter("goes with neither --force nor --with-secrets", param_hint="--check")
    found = layout.here()
    file = found.stack_file(stack)
    folder = Path(out) if out else found.root / "bundles" / stack.rpartition("/")[2]
    wanted = bundles.bundles(stack, file, number, folder)
    made = partial(state.made_password, stack, found.root, sandbox.reading(found, stack))
    done = bundles.check(wanted) if check else bundles.write(wanted, made, force=force, with_secrets=with_secrets)
    gone = [] if number else bundles.left(wanted, folder)
    agree = not check or bundles.agrees(done, gone)
    if json:
        report = RenderReport(
            stack=stack,
            agree=agree,
            bundles=tuple(item.report() for item in done),
            left=tuple(each.report() for each in gone),
        )
        terminal.document(report.model_dump(mode="json"))
    else:
        bundles.show(done, checked=check)
        bundles.show_left(gone)
    raise typer.Exit(0 if agree else 1)
