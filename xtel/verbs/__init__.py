"""What a person types: one module a verb, its options and its help; what it does is a module of :mod:`xtel` itself."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, TypeVar, cast

import typer
from typer.core import TyperCommand

from providers.kernel import escaping
from xtel import terminal
from xtel.project import layout

CommandT = TypeVar("CommandT", bound=Callable[..., Any])
INTERRUPTED = 130
SETTINGS: dict[str, Any] = {"help_option_names": ["-h", "--help"], "max_content_width": 100}

#: What Pulumi takes as a stack: its name, after an organisation and a project where one says them.
_PART = r"(?!\.{1,2}(?:/|$))[A-Za-z0-9_.-]{1,100}"
_STACK = re.compile(rf"(?:{_PART}/){{0,2}}{_PART}")


def stack_name(given: str) -> str:
    """Refuse what can be no stack's name, before it is looked for."""
    if given and not _STACK.fullmatch(given):
        raise typer.BadParameter("a stack's name has letters, digits, dots, dashes and underscores")
    return given


def _stack_or_file(given: str) -> str:
    return given if given.endswith((".yaml", ".yml")) or Path(given).is_file() else stack_name(given)


def complete_stack(incomplete: str) -> list[str]:
    """Names of stacks for a shell, from the names of files alone: it waits for each key."""
    return [name for name in layout.here().names() if name.startswith(incomplete) and _STACK.fullmatch(name)]


_named: dict[str, Any] = {"metavar": "STACK", "help": "The name of a stack.", "autocompletion": complete_stack}
Stack = Annotated[str, typer.Argument(callback=stack_name, **_named)]
StackOrFile = Annotated[
    str,
    typer.Argument(
        metavar="STACK|FILE", help="A stack's name, or a stack file.", callback=_stack_or_file,
        autocompletion=complete_stack,
    ),
]  # fmt: skip

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document instead.")]


All = Annotated[bool, typer.Option("--all", help="Every stack that has a file in stacks/.")]
Parallel = Annotated[int, typer.Option(metavar="N", min=1, help="With --all: so many stacks at once.")]


def _numbers(given: list[str] | None) -> list[str] | None:
    """Consent is for one number as it is declared: E.164, or the key of one that has none yet."""
    from providers.kernel import values

    try:
        return [values.e164(item) if item.startswith("+") else item for item in given] if given else given
    except ValueError as error:
        raise typer.BadParameter(f"it {error}") from None


Replace = Annotated[
    list[str] | None,
    typer.Option(metavar="NUMBER", callback=_numbers, help="This number may be re-registered: an outage."),
]
Release = Annotated[
    list[str] | None,
    typer.Option(metavar="NUMBER", callback=_numbers, help="This number may be given back (on_delete: release)."),
]


def one_or_all(stack: str, all: bool) -> None:
    """Refuse a command line that names no stack, or one beside --all."""
    if bool(stack) == all:
        told = "--all is every stack: name none" if all else "name a stack, or say --all"
        raise typer.BadParameter(told)


class Command(TyperCommand):
    """A verb. An option that is given with nothing in it is a slip of the shell (an unset variable, a `$(…)` that failed):
    it must not mean what leaving the option out means.
    """

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """As typer does it, and no empty text among the options."""
        rest = super().parse_args(ctx, args)
        for option in self.get_params(ctx):
            source = ctx.get_parameter_source(option.name)
            value: Any = ctx.params.get(option.name)
            given = [*cast(list[Any], value)] if isinstance(value, list | tuple) else [value]
            if source is not None and source.name == "COMMANDLINE" and "" in given:
                raise typer.BadParameter("it is empty", ctx=ctx, param=cast(Any, option))
        return rest

    def invoke(self, ctx: Any) -> Any:
        """A verb that Ctrl-C ends before it could say what was done ends with a word all the same."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            terminal.error("interrupted")
            raise typer.Exit(INTERRUPTED) from None


class _Typer(typer.Typer):
    """Its verbs are :class:`Command`."""

    def command(self, name: str | None = None, **options: Any) -> Callable[[CommandT], CommandT]:
        return super().command(name, cls=Command, **options)


def group(*, completion: bool = False, **options: Any) -> typer.Typer:
    """A command that has verbs of its own; ``completion``: with the options that set up a shell's."""
    return _Typer(
        rich_markup_mode=None,  # plain help: readable in a pipe, a pager, a log
        pretty_exceptions_enable=False,
        add_completion=completion,
        context_settings=SETTINGS,
        **options,
    )


def agreed(question: str) -> bool:
    """Whether somebody is there to ask, and says yes."""
    return sys.stdin.isatty() and sys.stdout.isatty() and typer.confirm(escaping.line(question))
