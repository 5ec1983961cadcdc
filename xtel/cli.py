"""``xtel``: the verbs, and the boundary where every error becomes one line and an exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import typer

from providers.kernel.errors import XtelError
from providers.kernel.secrecy import one_line
from xtel import output, project

USAGE, INTERRUPTED = 64, 130
#: typer brings its own click along since 0.26 and click itself before: this is UsageError in both.
_UsageError: Any = typer.BadParameter.__mro__[1]
_SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 100}

app = typer.Typer(
    rich_markup_mode=None,  # plain help: readable in a pipe, a pager, a log
    pretty_exceptions_enable=False,
    add_completion=False,
    no_args_is_help=True,
    context_settings=_SETTINGS,
)
sandbox_app = typer.Typer(rich_markup_mode=None, no_args_is_help=True, context_settings=_SETTINGS)
app.add_typer(sandbox_app, name="sandbox")
ranges_app = typer.Typer(rich_markup_mode=None, invoke_without_command=True, context_settings=_SETTINGS)
app.add_typer(ranges_app, name="ranges")

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document instead.")]


def _version(wanted: bool) -> None:
    if wanted:
        output.line(f"xtel {version('xai-telephony')}")
        raise typer.Exit()


@app.callback()
def xtel(
    shown: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Declare, review, apply and prove the phone network of your xAI voice agents.

    \b
    Examples:
      xtel validate             check every stack file
      xtel sandbox up           start a phone network on this machine
      xtel routes sandbox       which number rings where
      xtel doctor sandbox       what is missing here

    Exit codes: 0 done, 1 error, 64 wrong usage; more in the help of each verb.
    XTEL_DEBUG=1 shows tracebacks, NO_COLOR=1 switches colours off.
    """


@app.command()
def validate(
    stack: Annotated[str, typer.Argument(metavar="STACK|FILE", help="A stack's name, or a stack file.")] = "",
    json: Json = False,
) -> None:
    """Check stack files, without any request.

    Schema and rules; findings are printed as `file:line: path: message`. Without an argument every file in stacks/ is
    checked, and that no two of them declare the same number.

    \b
    Examples:
      xtel validate
      xtel validate sandbox
      xtel validate stacks/sandbox.yaml --json

    Exit codes: 0 valid (warnings included), 1 errors.
    """
    from xtel import validate as check

    found = project.here()
    result = check.validate([found.file(stack)] if stack else map(project.relative, found.stack_files()))
    if json:
        output.document(result.as_json())
    else:
        check.show(result)
    raise typer.Exit(0 if result.valid else 1)


@app.command()
def schema() -> None:
    """Print the JSON Schema of stack files.

    With the keys of every carrier that is installed. An editor with a YAML language server checks and completes a stack
    file by it, when the file's first line says `# yaml-language-server: $schema=schema/stack.json`.

    \b
    Example:
      xtel schema > stacks/schema/stack.json

    Exit codes: 0 printed.
    """
    from xtel import schema as printed

    printed.show()


@app.command()
def routes(
    stack: Annotated[str, typer.Argument(metavar="STACK", help="The name of a stack.")], json: Json = False
) -> None:
    """Show which number rings where.

    For each number the SIP URI that its carrier calls, who answers, and whether what is declared is applied. Without
    a Pulumi, or without its backend, only what is declared is shown.

    \b
    Examples:
      xtel routes sandbox
      xtel routes sandbox --json | jq '.numbers[].target'

    Exit codes: 0 shown, 1 error.
    """
    from xtel import engine, local
    from xtel import routes as view

    found = project.here()
    rows = view.declared(found.stack_file(stack))
    asked = True
    try:
        rows = list(view.joined(rows, view.applied(stack, found.root, local.reading(found, stack))))
    except engine.Unavailable as error:
        asked = False
        output.note(f"only the declared routes are shown: {error}")
    if json:
        output.document(view.as_json(stack, rows, asked=asked))
    else:
        view.show(rows)


@app.command()
def doctor(
    stack: Annotated[str, typer.Argument(metavar="STACK", help="The name of a stack.")] = "",
    json: Json = False,
    offline: Annotated[bool, typer.Option("--offline", help="Ask no vendor.")] = False,
    matrix: Annotated[str, typer.Option(hidden=True, help="Write the matrix of capabilities into this file.")] = "",
) -> None:
    """Check what is needed here, and what can be reached.

    Tools, credentials (where they are set, never what they are), accounts (asked, nothing is changed), the age of
    published ranges, files that hide a package, what each carrier can. With a stack: what that stack needs.

    \b
    Examples:
      xtel doctor
      xtel doctor sandbox
      xtel doctor prod --offline --json

    Exit codes: 0 good (warnings included), 1 something is missing or wrong.
    """
    from xtel import doctor as examination

    if matrix:
        from xtel import matrix as capabilities

        changed = capabilities.write(Path(matrix))
        output.line(f"{matrix}: {'written' if changed else 'nothing to write'}")
        raise typer.Exit()
    report = examination.examine(project.here(), stack, offline=offline)
    if json:
        output.document(report.as_json())
    else:
        examination.show(report)
    raise typer.Exit(0 if report.ok else 1)


@ranges_app.callback()
def ranges(context: typer.Context, json: Json = False) -> None:
    """Show the networks that carriers publish.

    Their calls come from these networks, so these are what an allowlist names; with the day they were read.

    \b
    Examples:
      xtel ranges
      xtel ranges --json | jq '.[].networks'
      xtel ranges update prod

    Exit codes: 0 shown.
    """
    from xtel import ranges as published

    if context.invoked_subcommand:
        return
    if json:
        output.document(published.as_json())
    else:
        published.show()


@ranges_app.command()
def update(
    stack: Annotated[str, typer.Argument(metavar="STACK", help="The name of a stack.")],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Write without asking.")] = False,
    json: Json = False,
) -> None:
    """Move a stack file's allowlists to the newest ranges.

    `twilio` and an older dated name become the newest dated name. Shows what changes for each number, asks, and writes
    nothing but these names. A number whose networks differ is registered anew by the next `pulumi up`, with consent.

    \b
    Examples:
      xtel ranges update prod
      xtel ranges update prod --yes

    Exit codes: 0 nothing to do or written, 2 changes that are not written, 1 error.
    """
    from xtel import engine
    from xtel import ranges as published

    found = project.here()
    file = found.stack_file(stack)
    try:
        with output.working("asking Pulumi what is registered"):
            known = published.registered(found, stack)
    except engine.Unavailable as error:
        known = None
        output.note(f"compared with what the names mean today, because what is registered is not known: {error}")
    wanted = published.compare(file, known)
    if not json:
        published.show_update(wanted)
    agreed = yes or (not json and bool(wanted.moves) and _agreed(f"write {file}?"))
    if wanted.moves and agreed:
        published.write(wanted)
    if json:
        output.document(wanted.as_json(written=bool(wanted.moves) and agreed))
    elif wanted.moves:
        text = f"{file}: written; next: xtel validate {stack}, pulumi preview"
        output.line(text if agreed else f"nothing was written; next: xtel ranges update {stack} --yes")
    raise typer.Exit(2 if wanted.moves and not agreed else 0)


def _agreed(question: str) -> bool:
    """Whether somebody is there to ask, and says yes."""
    return sys.stdin.isatty() and sys.stdout.isatty() and typer.confirm(question)


@app.command()
def render(
    stack: Annotated[str, typer.Argument(metavar="TARGET", help="The name of a stack.")],
    *,
    number: Annotated[str, typer.Option(metavar="KEY", help="One number: its key, or the number itself.")] = "",
    out: Annotated[str, typer.Option(metavar="DIR", help="Default: bundles/<stack>; a folder per number in it.")] = "",
    check: Annotated[bool, typer.Option("--check", help="Write nothing; 1 when the files differ.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Also overwrite files changed by hand.")] = False,
    with_secrets: Annotated[
        bool, typer.Option("--with-secrets", help="Also the file with the password: XTEL_DIGEST_PASSWORD, or asked.")
    ] = False,
    json: Json = False,
) -> None:
    """Write the files that people apply: a PBX's configuration, the TwiML of a number without a trunk.

    A folder for every number with `route: {carrier: sip, …}` or `{carrier: twilio, mode: twiml, …}`. Nothing is sent
    anywhere: somebody applies them. A file that was changed by hand is not overwritten.

    \b
    Examples:
      xtel render prod
      xtel render prod --number hq --with-secrets
      xtel render prod --check

    Exit codes: 0 written (or the same), 1 error (or different).
    """
    from xtel import render as bundles

    if check and (force or with_secrets):
        raise typer.BadParameter("goes with neither --force nor --with-secrets", param_hint="--check")
    found = project.here()
    file = found.stack_file(stack)
    folder = Path(out) if out else found.root / "bundles" / stack.rpartition("/")[2]
    wanted = bundles.bundles(stack, file, number, folder)
    done = bundles.check(wanted) if check else bundles.write(wanted, force=force, with_secrets=with_secrets)
    agree = not check or bundles.agrees(done)
    if json:
        output.document({"stack": stack, "agree": agree, "bundles": [item.as_json() for item in done]})
    else:
        bundles.show(done, checked=check)
    raise typer.Exit(0 if agree else 1)


@app.command()
def new(
    folder: Annotated[str, typer.Argument(metavar="DIR", help="The folder to make: a new one, or an empty one.")],
    stack: Annotated[str, typer.Option(metavar="NAME", help="The name of its stack.")] = "dev",
    carrier: Annotated[str, typer.Option(metavar="NAME", help="Who delivers the calls.")] = "twilio",
    json: Json = False,
) -> None:
    """Make a project of your own, ready for `pulumi up`.

    A stack file to begin with, and all that Pulumi needs around it; where Pulumi and its backend are there, its stack is
    created and selected. Nothing that exists is overwritten.

    \b
    Examples:
      xtel new demo && cd demo && pulumi preview
      xtel new phones --stack prod
      xtel new phones --carrier twilio --json

    Exit codes: 0 made, 1 error (then nothing was written).
    """
    from providers.kernel.carrier import carriers
    from xtel import new as start

    if not folder:
        raise typer.BadParameter("expected the name of a folder", param_hint="DIR")
    if not start.STACK.fullmatch(stack):
        raise typer.BadParameter("expected letters, digits, dots, dashes and underscores", param_hint="--stack")
    if carrier not in carriers():
        raise typer.BadParameter(f"expected one of {', '.join(carriers())}", param_hint="--carrier")
    made = start.make(Path(folder), stack, carrier)
    if json:
        output.document(made.as_json())
    else:
        start.show(made)


@sandbox_app.callback()
def sandbox() -> None:
    """Run a phone network on this machine.

    The vendors' APIs, with made-up accounts, credentials and numbers; nothing leaves this machine.

    \b
    Examples:
      xtel sandbox up
      eval "$(xtel sandbox env)" && pulumi up -s sandbox
      xtel sandbox down
    """


@sandbox_app.command()
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
    from xtel import local

    it = local.Local(project.here())
    with output.working("starting the sandbox"):
        found, started = it.up(port)
    output.line(f"sandbox: {'up' if started else 'already up'} at {found.url} (process {found.pid})", "green")
    if not started and port not in {None, found.port}:
        output.note(f"it keeps its port; for port {port}: xtel sandbox down, then xtel sandbox up --port {port}")
    _select(it)
    if started:
        output.line('next: eval "$(xtel sandbox env)" && pulumi up -s sandbox')


def _select(it: Any) -> None:
    """The stack in the sandbox's backend; without a Pulumi the sandbox alone is still worth having."""
    from xtel import engine

    if not it.project.is_pulumi:
        output.note("no Pulumi.yaml here or above: no stack was made")
    elif not engine.found():
        output.note("no pulumi on PATH: no stack was made; next: make setup, then xtel sandbox up")
    else:
        with output.working("pulumi stack select --create sandbox"):
            it.select_stack()


@sandbox_app.command()
def down() -> None:
    """Stop the sandbox; its state is kept for the next up.

    \b
    Example:
      xtel sandbox down

    Exit codes: 0 it is down, 1 error.
    """
    from xtel import local

    with output.working("stopping the sandbox"):
        found = local.Local(project.here()).down()
    output.line(f"sandbox: down (process {found.pid} ended)" if found else "sandbox: not up, nothing to stop")


@sandbox_app.command()
def status(json: Json = False) -> None:
    """Say whether the sandbox is up, and where.

    \b
    Examples:
      xtel sandbox status
      xtel sandbox status --json

    Exit codes: 0 up, 1 down.
    """
    from xtel import local

    it = local.Local(project.here())
    found = it.running()
    if json:
        output.document(it.as_json(found))
    elif found is None:
        output.line("sandbox: down; next: xtel sandbox up")
    elif found.healthy:
        output.line(f"sandbox: up at {found.url} (process {found.pid})", "green")
    else:
        output.line(f"sandbox: process {found.pid} does not answer at {found.url}; next: xtel sandbox down", "red")
    raise typer.Exit(0 if found and found.healthy else 1)


@sandbox_app.command()
def reset() -> None:
    """Forget everything and start anew.

    The sandbox goes back to the default seed, and what Pulumi knows of the stack `sandbox` is removed, so that the
    next `pulumi up` makes everything again. It works on a sandbox that is up and on one that is down.

    \b
    Example:
      xtel sandbox reset

    Exit codes: 0 done, 1 error.
    """
    from xtel import local

    it = local.Local(project.here())
    found = it.reset()
    output.line("sandbox: accounts and numbers are back to the default seed")
    output.line(f"pulumi: the state of the stack sandbox is removed ({project.shown(it.backend)})")
    if found:
        _select(it)


@sandbox_app.command()
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
    from xtel import local

    if account not in local.ACCOUNTS:
        raise typer.BadParameter(f"expected one of {', '.join(local.ACCOUNTS)}", param_hint="--account")
    try:
        variables = local.Local(project.here()).shell_environment(account)
    except XtelError:
        if not json:
            output.line("false")
        raise
    if json:
        output.document(variables)
    else:
        for name, value in variables.items():
            output.line(f"export {name}={local.quoted(value)}")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one verb; every way out ends here with an exit code."""
    code = 0
    try:
        code = _run(list(sys.argv[1:] if arguments is None else arguments))
        sys.stdout.flush()
    except BrokenPipeError:  # `xtel … | head`: end quietly, with the code that rich and typer give it while they write
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 1
    sys.exit(code)


def _run(arguments: list[str]) -> int:
    try:
        return app(arguments, prog_name="xtel", standalone_mode=False) or 0
    except _UsageError as error:
        _show_usage(error)
        return USAGE
    except (KeyboardInterrupt, typer.Abort):
        return INTERRUPTED
    except BrokenPipeError:
        raise
    except Exception as error:
        if os.environ.get("XTEL_DEBUG") == "1":
            raise
        known = isinstance(error, XtelError)
        unknown = f"{type(error).__name__}: {one_line(str(error))}; next: run it again with XTEL_DEBUG=1 and report it"
        output.error(str(error) if known else unknown)
        return 1


def _show_usage(error: Any) -> None:
    """What was wrong, and where the help is; a command without its verb shows the whole help."""
    if type(error).__name__ == "NoArgsIsHelpError":
        sys.stderr.write(f"{error.ctx.get_help()}\n")
        return
    if error.ctx is not None:
        sys.stderr.write(f"{error.ctx.get_usage()}\n")
        output.note(f"`{error.ctx.command_path} --help` shows more")
    output.error(error.format_message())


if __name__ == "__main__":
    main()
