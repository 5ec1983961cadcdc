"""`xtel ranges update`: moves the names of ranges in a stack file to the newest tables."""

from __future__ import annotations

from providers.kernel import values
from providers.kernel.errors import InputError
from xtel import terminal
from xtel.project import layout
from xtel.review.ranges import Update, unnamed


def rewritten(update: Update) -> str:
    """The text with the new names: spliced in where they stand, so that not one other character changes."""
    text = update.text
    for move in sorted(update.moves, key=lambda move: -move.start):
        old = text[move.start : move.end]
        if move.old not in old:
            raise InputError(
                f"{update.file}:{move.line}: {move.old!r} is written in a way that cannot be replaced",
                step=f"write {move.new} by hand",
            )
        text = text[: move.start] + old.replace(move.old, move.new) + text[move.end :]
    return text


def write(update: Update) -> None:
    """Replace the file, once the new text is known to be a good stack file."""
    layout.rewrite(update.file, update.text, rewritten(update))


def show_update(update: Update) -> None:
    """Which names move, and what that means for each number."""
    if not update.moves:
        terminal.line(f"ok: {update.file} names the newest tables already", "green")
    for move in update.moves:
        terminal.line(f"{update.file}:{move.line}: {move.path}: {move.old} -> {move.new}")
    for effect in update.moved:
        terminal.line(f"{values.pretty(effect.number)} ({effect.key})", "bold")
        for text in effect.networks:
            terminal.line(f"  {text}", "yellow" if effect.differs else "")
        for text in effect.meaning:
            terminal.line(f"  {text}", "yellow" if effect.replaced else "")
    for effect in update.effects:
        if not effect.declared:
            terminal.note(unnamed(effect))
