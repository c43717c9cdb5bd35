"""Files and the program itself: opening, saving, undoing, help, palette, themes, quitting."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .command import Command

if TYPE_CHECKING:
    from ..app import NoisegraphApp


def _nothing_to_undo(app: NoisegraphApp) -> str:
    return "" if app.store.document.done else "nothing was changed"


def _nothing_to_redo(app: NoisegraphApp) -> str:
    return "" if app.store.document.undone else "nothing was undone"


COMMANDS = (
    Command("graph.save", "ctrl+s", "Save", "Write the graph to its file.", lambda app: app.save(), priority=True),
    Command("edit.undo", "u,ctrl+z", "Undo", "Take back the last edit.", lambda app: app.undo(), _nothing_to_undo),
    Command("edit.redo", "ctrl+r,ctrl+y", "Redo", "Make again the edit that was taken back.", lambda app: app.redo(),
            _nothing_to_redo),
    Command("app.palette", "ctrl+p", "Palette", "Find every command, node, graph, result and theme by its name.",
            lambda app: app.action_command_palette(), priority=True, boxed=True, shown=True),
    Command("app.help", "question_mark,f1", "Help", "Tell what can be done here.", lambda app: app.help(), shown=True),
    Command("app.theme", "ctrl+t", "Theme", "Take the next theme: dark, light, the terminal's own colours.",
            lambda app: app.next_theme()),
    Command("app.quit", "ctrl+q", "Quit", "Leave; what is not saved comes back the next time.", lambda app: app.leave(),
            priority=True),
)  # fmt: skip
