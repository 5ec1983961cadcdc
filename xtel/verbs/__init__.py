"""What a person types: one module a verb, its options and its help; what it does is a module of :mod:`xtel` itself."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer

SETTINGS: dict[str, Any] = {"help_option_names": ["-h", "--help"], "max_content_width": 100}

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document instead.")]


All = Annotated[bool, typer.Option("--all", help="Every stack that has a file in stacks/.")]
Parallel = Annotated[int, typer.Option(metavar="N", min=1, help="With --all: so many stacks at once.")]


def one_or_all(stack: str, all: bool) -> None:
    """Refuse a command line that names no stack, or one beside --all."""
    if bool(stack) == all:
        told = "--all is every stack: name none" if all else "name a stack, or say --all"
        raise typer.BadParameter(told)


def group(**options: Any) -> typer.Typer:
    """A command that has verbs of its own."""
    return typer.Typer(
        rich_markup_mode=None,  # plain help: readable in a pipe, a pager, a log
        pretty_exceptions_enable=False,
        add_completion=False,
        context_settings=SETTINGS,
        **options,
    )


def agreed(question: str) -> bool:
    """Whether somebody is there to ask, and says yes."""
    return sys.stdin.isatty() and sys.stdout.isatty() and typer.confirm(question)
