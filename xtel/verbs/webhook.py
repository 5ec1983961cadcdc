"""Receive webhooks here, and test a receiver."""

from __future__ import annotations

from typing import Annotated

import typer

from xtel import terminal
from xtel.project import layout
from xtel.verbs import Json, Stack, group

app = group(no_args_is_help=True)


@app.callback()
def webhook() -> None:
    """Receive webhooks on this machine, or test a receiver of yours.

    \b
    Examples:
      xtel webhook listen prod --answer "Hello, this is a test."
      xtel webhook test prod support --url http://127.0.0.1:9000/calls
    """


@app.command("test")
def check(
    stack: Stack,
    number: Annotated[str, typer.Argument(metavar="NUMBER", help="One number: its key, or the number itself.")],
    *,
    url: Annotated[str, typer.Option(metavar="URL", help="Where the receiver is. Default: the number's webhook.")] = "",
    json: Json = False,
) -> None:
    """Send genuine and forged events to your receiver, and say which it should not have taken.

    Three genuine deliveries, as xAI signs them, and twelve forged ones: another secret, too old, of the future, sent again,
    another body, another id, no signature, too large and the like. Genuine ones announce calls that do not exist: your
    receiver will fail to join them. Signed with the secret of the state; nothing is sent to xAI.

    \b
    Examples:
      xtel webhook test prod support
      xtel webhook test sandbox support --url http://127.0.0.1:9000/calls

    Exit codes: 0 all were answered as they should be, 2 some were not, 1 error.
    """
    from providers.kernel.errors import InputError
    from xtel.proof import announced
    from xtel.proof import webhook as proof

    here = layout.here()
    here.stack_file(stack)
    found = announced.one(here, stack, number)
    if not url and announced.in_sandbox(stack):
        raise InputError(
            f"in the sandbox {found.url} is whoever stands in for it",
            step="name your own: --url http://127.0.0.1:9000/calls",
        )
    with terminal.working("delivering"):
        verdicts = proof.deliver(found, url or found.url)
    right = all(verdict.right for verdict in verdicts)
    if json:
        told = {"stack": stack, "key": found.key, "number": found.number, "url": url or found.url, "right": right}
        terminal.document({**told, "deliveries": [verdict.as_json() for verdict in verdicts]})
    else:
        proof.show(found, url or found.url, verdicts)
    raise typer.Exit(0 if right else 2)
