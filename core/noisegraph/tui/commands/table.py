"""Every command of the interface, by id; and what they need to become bindings."""

from __future__ import annotations

from textual.binding import Binding, BindingType

from . import authoring, failing, files, places, running
from .command import Command

COMMANDS: dict[str, Command] = {
    command.id: command for module in (running, failing, authoring, places, files) for command in module.COMMANDS
}
CHORDS: dict[str, tuple[str, ...]] = {name: command.chords for name, command in COMMANDS.items() if command.chords}
FIRSTS = sorted({chord[0] for chords in CHORDS.values() for chord in chords})


def bindings() -> list[BindingType]:
    """A binding for each command; the letters that chords begin with have one of their own."""
    return [
        Binding(
            command.single_keys, f"do({command.id!r})", command.word, show=command.shown, priority=command.priority,
            tooltip=command.help, id=command.id,
        )
        for command in COMMANDS.values()
        if command.single_keys
    ]  # fmt: skip
