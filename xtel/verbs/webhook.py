"""Receive webhooks here, and test a receiver."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Annotated

import typer

from xtel import terminal
from xtel.project import layout
from xtel.verbs import Json, Stack, complete_stack, group, stack_name

if TYPE_CHECKING:
    from xtel.proof.listening import Answer

app = group(no_args_is_help=True)


@app.callback()
def webhook() -> None:
    """Receive webhooks on this machine, or test a receiver of yours.

    \b
    Examples:
      xtel webhook listen prod --answer "Hello, this is a test."
      xtel webhook test prod support --url http://127.0.0.1:9000/calls
    """


@app.command()
def listen(
    stack: Annotated[
        str,
        typer.Argument(
            metavar="[STACK]",
            help="Whose signing secrets. Left out: XAI_SIGNING_SECRETS.",
            callback=stack_name,
            autocompletion=complete_stack,
            show_default=False,
        ),
    ] = "",
    *,
    port: Annotated[int, typer.Option(min=1, max=65535, help="On this machine alone.")] = 9000,
    answer: Annotated[str, typer.Option(metavar="TEXT", help="Join each call, and say this. With XAI_API_KEY.")] = "",
    calls: Annotated[int, typer.Option(metavar="N", min=0, help="End after N calls; 0: with Ctrl-C.")] = 0,
    json: Annotated[
        bool, typer.Option("--json", help="Print a JSON document for each event, a line each.", show_default=False)
    ] = False,
) -> None:
    """Receive webhooks on this machine: verify them, and show each.

    Behind a tunnel it stands in for an application that is not there yet. With the sandbox it gets the deliveries for the
    stack's webhooks by itself. Without --answer nobody joins: the call rings on. --json prints a line for each.

    \b
    Examples:
      xtel webhook listen prod
      xtel webhook listen sandbox --answer "Hello, this is a test." --calls 1

    Exit codes: 0 so many calls ended, 1 error, 130 ended by Ctrl-C.
    """
    from contextlib import nullcontext

    from xtel.proof import listening
    from xtel.proof.standing_in import standing_in

    secrets, urls, network = _whose(stack)
    listener = listening.Listener(secrets, port, _answering(answer, stack) if answer else None)
    places = dict.fromkeys(urls, listener.url)
    with closing(listener), standing_in(network, places) if network else nullcontext():
        terminal.note(f"listening at {listener.url}; Ctrl-C ends it")
        for url in urls:
            terminal.note(
                f"{url}: {'the sandbox delivers here' if network else 'point it here, with a tunnel or a proxy'}"
            )
        listening.follow(listener, calls=calls, json=json)


def _whose(stack: str) -> tuple[list[str], list[str], str]:
    """Signing secrets, URLs of webhooks, and the sandbox that delivers to them; empty where it is the real world."""
    import os

    from xtel.project import sandbox
    from xtel.proof import announced

    here = layout.here()
    if not stack:
        return os.environ.get("XAI_SIGNING_SECRETS", "").replace(",", " ").split(), [], ""
    here.stack_file(stack)
    found = announced.numbers(here, stack)
    secrets = list(dict.fromkeys(secret for number in found for secret in number.secrets))
    urls = list(dict.fromkeys(number.url for number in found))
    return secrets, urls, sandbox.place(here) if announced.in_sandbox(stack) else ""


def _answering(text: str, stack: str) -> Answer:
    from xtel.engine import access
    from xtel.proof.listening import Answer

    found = access.of(layout.here(), stack)
    return Answer(text, found.key, found.origin)


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
