"""Run a phone network on this machine."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from providers.kernel.errors import XtelError
from xtel import terminal
from xtel.project import layout
from xtel.verbs import Json, group

app = group(no_args_is_help=True)


@app.callback()
def sandbox() -> None:
    """Run a phone network on this machine.

    The vendors' APIs, with made-up accounts, credentials and numbers; nothing leaves this machine.

    \b
    Examples:
      xtel sandbox up
      eval "$(xtel sandbox env)" && pulumi up -s sandbox
      xtel sandbox down
    """


@app.command()
def up(
    port: Annotated[
        int | None,
        typer.Option(min=1, max=65535, show_default=False, help="Default: 8470, or any free one when that is busy."),
    ] = None,
) -> None:
    """Start the sandbox in the background.

    With a Pulumi backend, in which the stack `sandbox` is selected. Its state is below .sandbox/ and outlives down and
    up. When it is up already nothing changes.

    \b
    Examples:
      xtel sandbox up
      xtel sandbox up --port 9000

    Exit codes: 0 it is up, 1 error.
    """
    from xtel.project import sandbox

    it = sandbox.LocalSandbox(layout.here())
    with terminal.working("starting the sandbox"):
        found, started = it.up(port)
    terminal.line(f"sandbox: {'up' if started else 'already up'} at {found.url} (process {found.pid})", "green")
    if not started and port not in {None, found.port}:
        terminal.note(f"it keeps its port; for port {port}: xtel sandbox down, then xtel sandbox up --port {port}")
    _select(it)
    if started:
        terminal.line('next: eval "$(xtel sandbox env)" && pulumi up -s sandbox')


def _select(it: Any) -> None:
    """The stack in the sandbox's backend; without a Pulumi the sandbox alone is still worth having."""
    from xtel.engine import backends, cli

    if not it.project.is_pulumi:
        terminal.note("no Pulumi.yaml here or above: no stack was made")
    elif not cli.found():
        terminal.note("no pulumi on PATH: no stack was made; next: make setup, then xtel sandbox up")
    else:
        with terminal.working("pulumi stack select --create sandbox"):
            backends.select_sandbox_stack(it)


@app.command()
def down() -> None:
    """Stop the sandbox; its state is kept for the next up.

    \b
    Example:
      xtel sandbox down

    Exit codes: 0 it is down, 1 error.
    """
    from xtel.project import sandbox

    with terminal.working("stopping the sandbox"):
        found = sandbox.LocalSandbox(layout.here()).down()
    terminal.line(f"sandbox: down (process {found.pid} ended)" if found else "sandbox: not up, nothing to stop")


@app.command()
def status(json: Json = False) -> None:
    """Say whether the sandbox is up, and where.

    \b
    Examples:
      xtel sandbox status
      xtel sandbox status --json

    Exit codes: 0 up, 1 down.
    """
    from xtel.project import sandbox

    it = sandbox.LocalSandbox(layout.here())
    found = it.running()
    if json:
        terminal.document(it.as_json(found))
    elif found is None:
        terminal.line("sandbox: down; next: xtel sandbox up")
    elif found.healthy:
        terminal.line(f"sandbox: up at {found.url} (process {found.pid})", "green")
    else:
        terminal.line(f"sandbox: process {found.pid} does not answer at {found.url}; next: xtel sandbox down", "red")
    raise typer.Exit(0 if found and found.healthy else 1)


@app.command()
def reset() -> None:
    """Forget everything and start over.

    The sandbox goes back to the default seed, and what Pulumi knows of the stack `sandbox` is removed, so that the
    next `pulumi up` makes everything again. It works on a sandbox that is up and on one that is down.

    \b
    Example:
      xtel sandbox reset

    Exit codes: 0 done, 1 error.
    """
    from xtel.project import sandbox

    it = sandbox.LocalSandbox(layout.here())
    found = it.reset()
    terminal.line("sandbox: accounts and numbers are back to the default seed")
    terminal.line(f"pulumi: the state of the stack sandbox is removed ({layout.shown(it.backend)})")
    if found:
        _select(it)


@app.command()
def env(
    account: Annotated[str, typer.Option(help="Whose credentials: main, or other (a second account).")] = "main",
    json: Json = False,
) -> None:
    """Print `export` lines that point this shell at the sandbox.

    PATH, Pulumi's backend and passphrase, and the vendors' credentials and base URLs, all of them made up. When the
    sandbox is down it prints `false`, so that an eval of it fails.

    \b
    Examples:
      eval "$(xtel sandbox env)"
      eval "$(xtel sandbox env --account other)"

    Exit codes: 0 printed, 1 the sandbox is down.
    """
    from xtel.project import sandbox

    if account not in sandbox.ACCOUNTS:
        raise typer.BadParameter(f"expected one of {', '.join(sandbox.ACCOUNTS)}", param_hint="--account")
    try:
        variables = sandbox.LocalSandbox(layout.here()).shell_environment(account)
    except XtelError:
        if not json:
            terminal.line("false")
        raise
    if json:
        terminal.document(variables)
    else:
        for name, value in variables.items():
            terminal.line(f"export {name}={sandbox.quoted(value)}")
