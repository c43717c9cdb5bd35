"""Help: what can be done where the focus is, made from the bindings; each line can be done from here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import Screen
from textual.widget import Widget

from ..commands.table import CHORDS, COMMANDS
from ..dialogs.dialog import Dialog
from ..rows import Part, Rows


@dataclass(frozen=True)
class Topic:
    """A line of help: keys, what they do, whether it can be done now and if not why; without a name, plain words."""

    keys: str
    told: str
    name: str = ""
    refusal: str = ""
    heading: bool = False


class HelpRows(Rows[Topic]):
    """The lines."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "choose", "Do it", id="help.choose")]

    def parts(self, thing: Topic) -> Sequence[Part]:
        """Keys, help, refusal; headings in bold."""
        if not thing.name:
            return [Part(f" {thing.told}", "strong" if thing.heading else "muted")]
        shown: list[Part] = [Part(f"   {thing.keys:<22} ", "live"), Part(thing.told)]
        return [*shown, Part(f"   now: {thing.refusal}", "warn")] if thing.refusal else shown

    def action_choose(self) -> None:
        """Do what the line tells."""
        if self.chosen is not None and self.chosen.name:
            self.screen.dismiss(self.chosen.name)


class HelpScreen(Dialog[str | None]):
    """Gives the action that was chosen, or None."""

    DEFAULT_CSS = """
    HelpScreen {
        align: center middle;
        & > #help { width: 90%; max-width: 110; height: 80%; border: round $accent; background: $surface; }
    }
    """
    BINDINGS = [Binding("escape,q,question_mark,f1", "leave", "Leave", id="help.leave")]

    def __init__(self, topics: Sequence[Topic]) -> None:
        super().__init__()
        self._topics = topics

    def compose(self) -> ComposeResult:
        """A box of lines."""
        with Vertical(id="help") as box:
            box.border_title = "Help"
            box.border_subtitle = "enter: do it · esc: leave"
            yield HelpRows("help-rows")

    def on_mount(self) -> None:
        """Fill in the lines."""
        rows = self.query_one(HelpRows)
        rows.fill(self._topics)
        rows.focus()

    def action_leave(self) -> None:
        """Leave."""
        self.dismiss(None)


def topics(screen: Screen[object], refusal: dict[str, str]) -> Iterator[Topic]:
    """What can be done on a screen: first what its focused pane brings, then everything else."""
    of_pane: list[Topic] = []
    of_app: list[Topic] = []
    for active in {one.binding.id or one.binding.action: one for one in screen.active_bindings.values()}.values():
        binding = active.binding
        name = binding.id or ""
        if not name:  # Textual's own, as scrolling by pages
            continue
        keys = [screen.app.get_key_display(one) for one in _all(screen, binding)] + list(CHORDS.get(name, ()))
        told = Topic(" ".join(dict.fromkeys(keys)), _told(binding), name or binding.action, refusal.get(name, ""))
        (of_app if name in COMMANDS else of_pane).append(told)
    if of_pane:
        yield Topic("", f"Here: {screen.focused.id if screen.focused is not None else ''}", heading=True)
        yield from (Topic("", line) for line in _prose(screen.focused))
        yield from of_pane
    yield Topic("", "Everywhere", heading=True)
    yield from of_app
    for name, chords in CHORDS.items():
        if not COMMANDS[name].single_keys:
            yield Topic(" ".join(chords), COMMANDS[name].help, name, refusal.get(name, ""))


def _prose(pane: Widget | None) -> list[str]:
    """What a pane says of itself."""
    told = (pane.__doc__ or "").partition("\n\n")[0] if pane is not None else ""
    return [" ".join(told.split())] if told else []


def _all(screen: Screen[object], binding: Binding) -> list[Binding]:
    same = (one.binding for one in screen.active_bindings.values())
    return [one for one in same if (one.id, one.action) == (binding.id, binding.action)]


def _told(binding: Binding) -> str:
    command = COMMANDS.get(binding.id or "")
    return command.help if command is not None else f"{binding.description}."
