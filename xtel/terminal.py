"""What a person or a script reads: plain lines that are never wrapped or cropped, a table, one JSON document.

Colours only on a terminal, and never with NO_COLOR. Results go to stdout; notes, progress and errors to stderr, so that
a pipe holds results alone. Everything goes through :mod:`providers.kernel.escaping` here: what a file, a state or a vendor
says cannot drive the terminal, forge a line or command the job that prints it.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Generator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any, TextIO

from providers.kernel import escaping, log

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text


def _console(*, stderr: bool = False) -> Console:
    """Made for each line: whoever redirected the streams in between is respected."""
    from rich.console import Console

    stream = sys.stderr if stderr else sys.stdout
    terminal = stream.isatty()
    plain = not terminal or bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"
    return Console(
        file=stream,
        force_terminal=terminal,
        force_jupyter=False,
        color_system=None if plain else "auto",
        highlight=False,
        markup=False,
        emoji=False,
    )


def line(text: str, style: str = "") -> None:
    """One line of the result."""
    _line(sys.stdout, text, style)


def note(text: str) -> None:
    """Something worth knowing that is not the result."""
    _line(sys.stderr, text, "dim")


def error(text: str) -> None:
    """The one line that says what went wrong."""
    _line(sys.stderr, f"error: {text}", "red")


def _line(stream: TextIO, text: str, style: str) -> None:
    """Colours where there is a terminal; rich, which takes a while to load, is not needed elsewhere."""
    text = escaping.line(text)
    if not stream.isatty():
        stream.write(f"{text}\n")
        stream.flush()
        return
    from rich.text import Text

    _console(stderr=stream is sys.stderr).print(Text(text, style), soft_wrap=True)


class Printed:
    """How many whole documents stdout got: who asked for JSON gets one, also where something fails after it."""

    documents = 0


def document(value: object) -> None:
    """The one JSON document of ``--json``."""
    Printed.documents += 1
    sys.stdout.write(escaping.json(value))


def entry(value: object) -> None:
    """One JSON document of several, a line each, while something goes on."""
    Printed.documents += 1
    sys.stdout.write(escaping.json_line(value))
    sys.stdout.flush()


def raw(text: str) -> None:
    """A whole report, in a format that escaped its values."""
    Printed.documents += 1
    sys.stdout.write(text)


def table(heads: Sequence[str], rows: Sequence[Sequence[str]], least: Sequence[int]) -> None:
    """Cells may hold several lines. What does not fit the width is folded, but no column gets narrower than ``least``:
    a terminal too narrow for that wraps the lines itself, and nothing is ever cut.
    """
    from rich.table import Table
    from rich.text import Text

    console = _console()
    rows = [[escaping.visible(cell, "\n") for cell in row] for row in rows]
    widths = _widths([heads, *rows], least, console.width)
    console.width = max(console.width, _total(widths))
    shown = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for head, width in zip(heads, widths, strict=True):
        shown.add_column(head, overflow="fold", width=width)
    for row in rows:
        shown.add_row(*(Text(cell) for cell in row))
        shown.add_row()  # an entry of several lines needs air around it
    with console.capture() as captured:
        console.print(shown)
    # Columns are filled up with blanks to their width: nobody wants them in a file.
    told = "".join(f"{text.rstrip()}\n" for text in captured.get().rstrip().split("\n"))
    # Folding may put what a job would obey at the beginning of a line; on a terminal nobody obeys, and colours are ours.
    sys.stdout.write(told if sys.stdout.isatty() else escaping.lines(told))


def _widths(rows: Sequence[Sequence[str]], least: Sequence[int], room: int) -> list[int]:
    """Every column has its least; what room is left goes first to the column that lacks least."""
    from rich.cells import cell_len

    wanted = [max(cell_len(part) for cell in column for part in cell.split("\n")) for column in zip(*rows, strict=True)]
    widths, spare = list(least), room - _total(least)
    for index in sorted(range(len(widths)), key=lambda index: wanted[index] - least[index]):
        extra = max(0, min(wanted[index] - least[index], spare))
        widths[index], spare = least[index] + extra, spare - extra
    return widths


def _total(widths: Sequence[int]) -> int:
    """The width of a line: two blanks between columns."""
    return sum(widths) + 2 * (len(widths) - 1)


def in_place() -> bool:
    """Whether a line of progress can change where it stands: not where the log runs through it."""
    return sys.stderr.isatty() and not log.wanted()


@contextmanager
def live(text: str) -> Generator[Callable[[str], None]]:
    """A line that says what is going on: on a terminal it changes in place, elsewhere it is one note at the beginning."""
    if not in_place():
        note(text)
        yield lambda more: None
        return
    with _console(stderr=True).status(_text(text)) as status:
        yield lambda more: status.update(_text(f"{text}: {more}"))


@contextmanager
def silent(text: str) -> Generator[Callable[[str], None]]:
    """The same without a line, for work that is part of what another line says."""
    yield lambda more: None


#: Makes a line that says what is going on, out of its beginning; what it yields adds to the line.
Live = Callable[[str], AbstractContextManager[Callable[[str], None]]]


@contextmanager
def board(names: Sequence[str]) -> Generator[Callable[[str, str], None]]:
    """A line for each of several things that go on at once: on a terminal in place, elsewhere a note at each change.

    What it yields sets the line of one name; from any thread.
    """
    width = max(map(len, names), default=0)
    if not in_place():
        yield lambda name, text: note(f"{name:<{width}}  {text}")
        return
    from rich.console import Group
    from rich.live import Live as Screen
    from rich.text import Text

    lines = dict.fromkeys(names, "waiting")

    def drawn() -> Group:
        return Group(
            *(
                Text(escaping.line(f"{name:<{width}}  {text}"), overflow="ellipsis", no_wrap=True)
                for name, text in lines.items()
            )
        )

    with Screen(get_renderable=drawn, console=_console(stderr=True), refresh_per_second=8, transient=True):
        yield lines.__setitem__


def working(text: str) -> AbstractContextManager[Any]:
    """A spinner while something takes its time, on a terminal only."""
    return _console(stderr=True).status(_text(text)) if in_place() else nullcontext()


def _text(text: str) -> Text:
    """For what rich draws in place: its own markup means nothing in it."""
    from rich.text import Text

    return Text(escaping.line(text))


@contextmanager
def patience(text: str, seconds: float = 2.0) -> Generator[Callable[[str], None]]:
    """A line for work that is mostly short: only where it takes longer than ``seconds``, and then what was told since too.

    What it yields tells how far it is; from any thread.
    """
    over = threading.Event()
    heard: list[str] = []

    slow = threading.Event()

    def late() -> None:
        if not over.wait(seconds):
            slow.set()
            note(f"{text}: {', '.join(heard) or 'nobody has answered yet'}")

    def tell(more: str) -> None:
        heard.append(more)
        if slow.is_set():
            note(f"{text}: {more}")

    threading.Thread(target=late, daemon=True).start()
    try:
        yield tell
    finally:
        over.set()
