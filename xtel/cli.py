"""``xtel``: the verbs, and the boundary where every error becomes one line and an exit code."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence
from functools import partial
from importlib.metadata import version
from typing import Annotated, Any

import typer

from providers.kernel import errors, log
from xtel import terminal
from xtel.engine import interrupts
from xtel.verbs import (
    INTERRUPTED,
    agent,
    apply,
    call,
    calls,
    comment,
    doctor,
    drift,
    group,
    import_,
    inventory,
    new,
    plan,
    ranges,
    recover,
    rehearse,
    render,
    rotate,
    routes,
    sandbox,
    schema,
    secrets,
    trace,
    validate,
    webhook,
)

USAGE = 64
#: typer brings its own click along since 0.26 and click itself before: this is UsageError in both.
_UsageError: Any = typer.BadParameter.__mro__[1]

app = group(no_args_is_help=True, completion=True)


def _version(wanted: bool) -> None:
    if wanted:
        terminal.line(f"xtel {version('xai-telephony')}")
        raise typer.Exit()


@app.callback()
def xtel(
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Show the log on standard error: each request, each decision.")
    ] = False,
    shown: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Declare, review, apply and prove the phone network of your xAI voice agents.

    \b
    Examples:
      xtel validate             check every stack file
      xtel plan sandbox         what an apply would change, per number
      xtel apply sandbox        apply exactly that
      xtel sandbox up           start a phone network on this machine
      xtel routes sandbox       which number rings where
      xtel trace sandbox        whether calls get through, hop by hop
      xtel call sandbox --all   call each number there, and say who answers
      xtel rehearse sandbox     apply and call a change in a private sandbox
      xtel secrets prod         signing secrets, for the receiver of the webhooks
      xtel webhook test prod support   does your receiver refuse what is forged
      xtel doctor sandbox       what is missing here

    Exit codes: 0 done, 1 error, 64 wrong usage; more in the help of each verb.
    XTEL_LOG=debug is -v; XTEL_DEBUG=1 shows tracebacks, NO_COLOR=1 switches colours off.
    """
    if verbose:
        os.environ[log.VARIABLE] = log.DEBUG
    if log.wanted():
        log.write_to(log.to_stderr)


#: In the order of the help.
_VERBS = (
    *(validate.validate, plan.plan, apply.apply, comment.comment, schema.schema, routes.routes, trace.trace, call.call),
    *(rehearse.rehearse, inventory.inventory, import_.import_, drift.drift, rotate.rotate, secrets.secrets),
    *(recover.recover, doctor.doctor, render.render, new.new),
)
for _verb in _VERBS:
    app.command(_verb.__name__.rstrip("_"))(_verb)
app.add_typer(ranges.app, name="ranges")
app.add_typer(sandbox.app, name="sandbox")
app.add_typer(webhook.app, name="webhook")
app.add_typer(calls.app, name="calls")
app.add_typer(agent.app, name="agent")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one verb; every way out ends here with an exit code."""
    code = 0
    gc.set_threshold(100_000, 50, 50)  # a short life with much to keep: looking for garbage took a sixth of a long plan
    try:
        with interrupts.heeded():
            code = _run(list(sys.argv[1:] if arguments is None else arguments))
        sys.stdout.flush()
    except BrokenPipeError:  # `xtel … | head`: end quietly, with the code that rich and typer give it while they write
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 1
    sys.exit(code)


def _run(arguments: list[str]) -> int:
    tell = partial(_tell, arguments, terminal.Printed.documents)
    try:
        code = app(arguments, prog_name="xtel", standalone_mode=False) or 0
    except _UsageError as error:
        _show_usage(error)
        tell(USAGE, error)
        return USAGE
    except (KeyboardInterrupt, typer.Abort):
        code = INTERRUPTED
    except BrokenPipeError:
        raise
    except Exception as error:
        tell(1, error)
        if os.environ.get("XTEL_DEBUG") == "1":
            raise
        terminal.error(str(errors.worded(error)))
        return 1
    if code == INTERRUPTED:  # typer ends with it where Ctrl-C was pressed
        tell(INTERRUPTED)
    return code


def _tell(arguments: list[str], printed: int, code: int, error: Any = None) -> None:
    """The one JSON document of ``--json`` where a verb fails, or is not even understood, before it printed its own."""
    from xtel import failure  # takes a while to load, and is not needed where all goes well

    if not failure.wanted(arguments) or terminal.Printed.documents != printed:
        return
    if code == USAGE:
        found = failure.usage(_message(error), code, _command(error))
    else:
        found = failure.interrupted(code) if error is None else failure.of(error, code)
    terminal.document(found.as_json())


def _message(error: Any) -> str:
    return "which command?" if type(error).__name__ == "NoArgsIsHelpError" else str(error.format_message())


def _command(error: Any) -> str:
    return str(error.ctx.command_path) if error.ctx else "xtel"


def _show_usage(error: Any) -> None:
    """What was wrong, and where the help is; a command without its verb shows the whole help."""
    if type(error).__name__ == "NoArgsIsHelpError":
        sys.stderr.write(f"{error.ctx.get_help()}\n")
        return
    if error.ctx is not None:
        sys.stderr.write(f"{error.ctx.get_usage()}\n")
        terminal.note(f"`{error.ctx.command_path} --help` shows more")
    terminal.error(error.format_message())


if __name__ == "__main__":
    main()
