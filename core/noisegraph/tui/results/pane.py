"""The results and their keys: one goes through them, goes back to one, compares, stars, trashes and filters them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from textual.binding import Binding, BindingType
from textual.events import Blur, Click, Focus, Key, MouseScrollDown, MouseScrollUp, Resize
from textual.message import Message

from . import tile
from .filter import filtered
from .recall import What
from .result import Result
from .wall import BESIDE_FROM, Beside, ResultsWall

_COMPARED: tuple[Beside, ...] = ("side", "wipe", "params")


class ResultsPane(ResultsWall):
    """All results, the newest first; whatever is done to them is told, and done by whoever keeps them."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("h,left", "move(-1, 0)", "Newer", show=False, id="results.left"),
        Binding("l,right", "move(1, 0)", "Older", show=False, id="results.right"),
        Binding("k,up", "move(0, -1)", "Row up", show=False, id="results.up"),
        Binding("j,down", "move(0, 1)", "Row down", show=False, id="results.down"),
        Binding("home", "end(0)", "Newest", show=False, id="results.first"),
        Binding("end", "end(-1)", "Oldest", show=False, id="results.last"),
        Binding("pagedown", "page(1)", "Page down", show=False, id="results.page_down"),
        Binding("pageup", "page(-1)", "Page up", show=False, id="results.page_up"),
        Binding("a", "recall('all')", "All", id="results.all"),
        Binding("s", "recall('seed')", "Seed", id="results.seed"),
        Binding("p", "recall('prompt')", "Prompt", id="results.prompt"),
        Binding("r", "recall('remix')", "Remix", show=False, id="results.remix"),
        Binding("d", "recall('size')", "Size", show=False, id="results.size"),
        Binding("w", "recall('graph')", "Graph", id="results.graph"),
        Binding("c", "compare", "Compare", id="results.compare"),
        Binding("m", "compare_by", "Side by side, wiped, by parameters", show=False, id="results.compare_by"),
        Binding("i", "metadata", "Details", show=False, id="results.metadata"),
        Binding("full_stop", "star", "Star", key_display=".", id="results.star"),
        Binding("D,delete", "trash", "Trash", id="results.trash"),
        Binding("u", "restore", "Out of the trash", show=False, id="results.restore"),
        Binding("o", "open_file", "Open file", show=False, id="results.open"),
        Binding("enter", "look", "Look", show=False, id="results.look"),
        Binding("slash", "filter", "Filter", key_display="/", id="results.filter"),
        Binding("g", "show_as('grid')", "Grid", show=False, id="results.grid"),
        Binding("L", "show_as('list')", "List", show=False, id="results.list"),
    ]

    @dataclass
    class Filtered(Message):
        """Only results that fit are shown from now on."""

        text: str

    @dataclass
    class Recalled(Message):
        """The open graph is to have this of a result."""

        result: Result
        what: What

    @dataclass
    class Starred(Message):
        """The result is to be starred, or no longer."""

        number: int

    @dataclass
    class Trashed(Message):
        """The result is to go to the trash, or to come back from it."""

        number: int
        trashed: bool

    @dataclass
    class Opened(Message):
        """The file is wanted in the system's viewer."""

        file: str

    def __init__(self, *, id: str | None = "results") -> None:
        super().__init__(id=id)
        self._gone: list[int] = []

    def show(self, results: Sequence[Result]) -> None:
        """Show these, oldest first; the one that is meant stays so."""
        self._all = results
        self._sift()

    # what is meant

    def action_move(self, across: int, down: int) -> None:
        """Go to a neighbour."""
        self._go(self._at + across + down * self._columns)

    def action_page(self, way: int) -> None:
        """Go a page on."""
        self._go(self._at + way * self._columns * max(self._rows, 1))

    def action_end(self, index: int) -> None:
        """Go to the newest or to the oldest."""
        self._go(0 if index == 0 else len(self._seen) - 1)

    def action_recall(self, what: What) -> None:
        """Let the open graph have this of the result."""
        if self.chosen is not None:
            self.post_message(self.Recalled(self.chosen, what))

    def action_star(self) -> None:
        """Star the result, or no longer."""
        if self.chosen is not None:
            self.post_message(self.Starred(self.chosen.number))

    def action_trash(self) -> None:
        """Put the result into the trash."""
        if self.chosen is not None:
            self._gone.append(self.chosen.number)
            self.post_message(self.Trashed(self.chosen.number, True))

    def action_restore(self) -> None:
        """Take what went to the trash last out of it."""
        if self._gone:
            self.post_message(self.Trashed(self._gone.pop(), False))

    def action_open_file(self) -> None:
        """Show the file in the system's viewer."""
        if self.chosen is not None and self.chosen.file:
            self.post_message(self.Opened(self.chosen.file))

    # how it is shown

    def action_show_as(self, way: Literal["grid", "list"]) -> None:
        """As small pictures, or as lines."""
        self.way = way
        self._go(self._at)

    def action_look(self) -> None:
        """The result over the whole pane, and back."""
        self._alone = not self._alone
        self.again()

    def action_metadata(self) -> None:
        """All that the result was made with, and back."""
        self._show("metadata" if self.beside != "metadata" else "picture")

    def action_compare(self) -> None:
        """Take the result as A; then each that is meant is compared with it; on A itself, no longer."""
        chosen = self.chosen
        if chosen is None:
            return
        self._a = None if self._a == chosen.number else chosen.number if self._a is None else self._a
        self._show("picture" if self._a is None else "side")

    def action_compare_by(self) -> None:
        """Side by side, one wiped over the other, or by parameters."""
        if self._a is None:
            self.action_compare()
        elif self.beside in _COMPARED:
            self._show(_COMPARED[(_COMPARED.index(self.beside) + 1) % len(_COMPARED)])
        else:
            self._show("side")

    def action_filter(self) -> None:
        """Type what to look for."""
        self._typed = self.filter
        self.again()

    def check_consume_key(self, key: str, character: str | None) -> bool:
        """Whether the key is a part of what is being typed."""
        return self._typed is not None

    async def _on_key(self, event: Key) -> None:
        if self._typed is None:
            if event.key == "escape" and (
                self._alone or self.filter or self._a is not None or self.beside != "picture"
            ):
                event.stop()
                self._back()
            return
        event.stop()
        event.prevent_default()
        if event.key in ("enter", "escape"):
            self._take_filter("" if event.key == "escape" else self._typed)
            self._typed = None
        elif event.key in ("backspace", "ctrl+h"):
            self._typed = self._typed[:-1]
        elif event.is_printable and event.character:
            self._typed += event.character
        self._sift()

    def _back(self) -> None:
        """One thing less: what fills the pane, the comparison, the details, the filter."""
        if self._alone:
            self._alone = False
        elif self._a is not None or self.beside != "picture":
            self._a, self.beside = None, "picture"
        else:
            self._take_filter("")
        self._sift()

    def _take_filter(self, text: str) -> None:
        self.filter = text
        self.post_message(self.Filtered(text))

    def _show(self, beside: Beside) -> None:
        self.beside = beside
        self._alone = self._alone or (beside != "picture" and self.size.width < BESIDE_FROM)
        self.again()

    def _sift(self) -> None:
        number = self.chosen.number if self.chosen else None
        wanted = self.filter if self._typed is None else self._typed
        newest = self._seen[0].number if self._seen else None
        self._seen = filtered(reversed(self._all), wanted) if wanted else list(reversed(self._all))
        follow = number == newest and self._at == 0
        at = next((index for index, one in enumerate(self._seen) if one.number == number), self._at)
        self._go(0 if follow else at)

    def _go(self, at: int) -> None:
        self._at = max(0, min(at, len(self._seen) - 1))
        row = self._at // self._columns
        self._first = max(min(self._first, row), row - max(self._rows, 1) + 1, 0)
        self.again()

    def _on_resize(self, event: Resize) -> None:
        self._go(self._at)

    def _on_focus(self, event: Focus) -> None:
        self.again()

    def _on_blur(self, event: Blur) -> None:
        self._typed = None
        self.again()

    def _on_mouse_scroll_down(self, event: MouseScrollDown) -> None:
        self.action_move(0, 1)

    def _on_mouse_scroll_up(self, event: MouseScrollUp) -> None:
        self.action_move(0, -1)

    async def _on_click(self, event: Click) -> None:
        at = event.get_content_offset(self)
        if at is None or at.y == 0 or at.x >= self._left:
            return
        row, column = (at.y - 1, 0) if not self._grid else ((at.y - 1) // tile.HEIGHT, at.x // tile.WIDTH)
        index = (self._first + row) * self._columns + column
        if column < self._columns and index < len(self._seen):
            self._go(index)
            if event.chain == 2:
                self.action_look()
